"""The time axis of every figure: weeks, days or hours, breaks shaded, doses marked below it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator, NullLocator
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

from ...dosing.blocks import blocks, infusion_days, usual_gap
from ...dosing.given import GivenDose
from ..trajectory import Trajectory
from .style import INK, SAME, SHADE, Vector, looks, span

LONG_BREAK = 3.0  # days; a shorter one (a weekend) is not shaded, because stripes every week tell nothing
_ROW = 5.5  # points from one row of dose marks to the next
_STEPS = {
    "weeks": (7.0, (1, 2, 4, 8, 13, 26, 52, 104, 520)),
    "days": (1.0, (1, 2, 4)),
    "hours": (1 / 24, (0.25, 0.5, 1, 2, 3, 6, 12)),
}


def draw_time(
    axes: Axes,
    trajectories: Sequence[Trajectory],
    window: tuple[float, float] | None = None,
    *,
    marks: bool = True,
    shade: bool = True,
) -> Axes:
    """The time axis over the whole course or a `window` (days): weeks from three weeks on, hours up to three days.

    Data stay in days; ticks and label say weeks, days or hours. `marks` puts the dose marks below the axis, `shade`
    greys the breaks that all arms share.
    """
    start, end = window or span(trajectories)
    axes.set_xlim(start, end)
    for left, right in shared_breaks(trajectories) if shade else ():
        if left < end and right > start:
            axes.axvspan(max(left, start), min(right, end), color=SHADE, linewidth=0, zorder=0)
    unit = "weeks" if end - start >= 21 else "days" if end - start > 3 else "hours"
    length, steps = _STEPS[unit]
    count = (end - start) / length
    step = next((s for s in steps if count / s <= 9), steps[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step * length))
    axes.xaxis.set_minor_locator(MultipleLocator(length) if step > 1 and count <= 30 else NullLocator())
    axes.xaxis.set_major_formatter(lambda day, _: f"{day / length:g}")
    axes.set_xlabel(f"time ({unit})")
    rows = _mark_doses(axes, trajectories, (start, end)) if marks else 0
    axes.tick_params(axis="x", which="both", pad=2.5 + (1.5 + _ROW * rows if rows else 0))
    return axes


def dose_times(trajectory: Trajectory, missed: bool = False) -> Vector:
    """Days of the doses given (or missed) within the simulated time."""
    start, end = span([trajectory])
    doses = (d for d in trajectory.doses if (d.status == "missed" if missed else d.amount > 0))
    days = np.array([float(d.time) for d in doses], dtype=float)
    return days[(days >= start - SAME) & (days <= end + SAME)]


def breaks(doses: Sequence[GivenDose]) -> list[tuple[float, float]]:
    """First and last day of each break: from the end of a block's last interval to the first dose of the next block."""
    found = blocks(doses)
    gaps = []
    for course, following in pairwise(found):
        start = max(float(d.time) + max(usual_gap(course), infusion_days(d)) for d in course)
        until = min(float(d.time) for d in following)
        if until - start > LONG_BREAK:
            gaps.append((start, until))
    return gaps


def shared_breaks(trajectories: Sequence[Trajectory]) -> list[tuple[float, float]]:
    """The breaks, where every arm with doses has the same ones; else none."""
    found = [breaks(t.doses) for t in trajectories if dose_times(t).size]
    return found[0] if found and all(one == found[0] for one in found) else []


def triangles(x: Sequence[float], y: Sequence[float], colour: str, *, missed: bool = False) -> Line2D:
    """Dose marks: filled where a dose was given, hollow where it was missed."""
    face, label = ("white", "missed dose") if missed else (colour, "dose")
    marks = Line2D(x, y, linestyle="", marker="^", markersize=3.8, color=colour, label=label)
    marks.set(markerfacecolor=face, markeredgewidth=0.7)
    return marks


def _mark_doses(axes: Axes, trajectories: Sequence[Trajectory], window: tuple[float, float]) -> int:
    """A row of triangles below the axis for each set of dose times; the number of rows."""
    rows: dict[tuple[tuple[float, ...], tuple[float, ...]], list[str]] = {}
    for t, look in zip(trajectories, looks(trajectories), strict=True):
        days = tuple(dose_times(t)), tuple(dose_times(t, missed=True))
        if any(days):
            rows.setdefault(days, []).append(look.colour)
    for row, (days, colours) in enumerate(rows.items()):
        below = ScaledTranslation(0, -(6.5 + _ROW * row) / 72, axes.figure.dpi_scale_trans)
        for missed in (False, True):
            shown = [day for day in days[missed] if window[0] - SAME <= day <= window[1] + SAME]
            if not shown:  # the layout takes a mark without a place for one in the corner of the page
                continue
            marks = triangles(shown, [0.0] * len(shown), colours[0] if len(colours) == 1 else INK, missed=missed)
            marks.set_transform(blended_transform_factory(axes.transData, axes.transAxes) + below)
            marks.set_clip_on(False)
            marks.set_markersize(_size(axes, days[0] + days[1]))
            axes.add_artist(marks)
    return len(rows)


def _size(axes: Axes, days: Sequence[float]) -> float:
    """Points a mark may take so that neighbours can be told apart, between 2 and 4."""
    gaps = np.diff(np.unique(days))
    left, right = axes.get_xlim()
    width = axes.get_window_extent().width / axes.figure.dpi * 72
    return float(np.clip(0.85 * gaps.min(initial=1e9) / (right - left) * width, 2.0, 4.0))
