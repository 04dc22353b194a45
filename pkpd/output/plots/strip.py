"""The schedule strip: doses over time, one row an arm, their amounts as height and in words."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from itertools import groupby

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ...dosing.blocks import infusion_days
from ...dosing.given import GivenDose, total_given
from ...errors import UnitError
from ...units import factor
from ..trajectory import Trajectory
from .labels import LETTER, draw_legend, pretty
from .style import INK, QUIET, SHADE, drawing, looks, new_figure, span
from .timeline import breaks, draw_time, triangles

_TALLEST = 0.55  # share of a row's height that the largest dose takes
_LEAST = 0.12  # share of the tallest, so that a small dose can still be seen
_SMALL = 7.0  # points, the size of the words in the strip


def draw_strip(axes: Axes, trajectories: Sequence[Trajectory]) -> Axes:
    """Doses over time, one row an arm: injections as lines, infusions as bars as long as they run, breaks shaded.

    Height goes with the amount (where units convert into each other); words give it as prescribed. A missed dose is
    a hollow triangle under a dotted line; a moved one keeps a mark on the day it was planned.
    """
    rows = list(zip(trajectories, looks(trajectories), strict=True))[::-1]
    line = span(trajectories)
    given = [d for t in trajectories for d in t.doses]
    tallest = max((_size(d, given) for d in given), default=0.0) or 1.0
    draw_time(axes, trajectories, marks=False, shade=False)
    for row, (t, look) in enumerate(rows):
        for left, right in breaks(t.doses):
            axes.add_patch(Rectangle((left, row), right - left, 0.9, facecolor=SHADE, linewidth=0, zorder=0))
        axes.plot(line, [row, row], color=INK, linewidth=0.6)
        for dose in t.doses:
            if t.times.min() <= float(dose.time) <= t.times.max():
                _draw_dose(axes, dose, row, _TALLEST * max(_size(dose, given) / tallest, _LEAST), look.colour)
        beside = axes.get_yaxis_transform()
        axes.text(1.012, row + 0.25, _totals(t), transform=beside, fontsize=_SMALL, color=QUIET, va="center")
    axes.set_ylim(-0.25, len(rows))
    names = [textwrap.shorten(look.label, 28, placeholder=" …") for _, look in rows]
    axes.set_yticks([row + 0.25 for row in range(len(rows))], names)
    for row, (t, _) in enumerate(rows):
        _draw_words(axes, t, row + _TALLEST + 0.07)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return axes


def _size(dose: GivenDose, others: Sequence[GivenDose]) -> float:
    """The amount in the unit of the first dose; of a missed dose, what it would have been."""
    amount = dose.amount
    if dose.status == "missed":
        alike = (d.amount / d.prescribed for d in others if d.amount and d.prescribed_unit == dose.prescribed_unit)
        amount = dose.prescribed * next(alike, 1.0)
    try:
        return amount * factor(dose.unit, others[0].unit)
    except UnitError:
        return amount


def _draw_dose(axes: Axes, dose: GivenDose, row: float, height: float, colour: str) -> None:
    day, top = float(dose.time), row + height
    if dose.status == "missed":
        axes.plot([day, day], [row, top], color=colour, linewidth=0.9, linestyle=(0, (1, 1.5)), label="missed")
        axes.add_line(triangles([day], [row], colour, missed=True))
    elif dose.amount > 0:
        lasts = infusion_days(dose)
        bar = Rectangle((day, row), lasts, height, color=colour, linewidth=0.8 if lasts else 1.5, label="given")
        axes.add_patch(bar)
        bar.set_clip_on(lasts > 0)  # an injection on the first day stands on the edge
    if dose.status == "moved":
        planned = float(dose.planned)
        axes.plot([planned, day], [row + height / 2] * 2, color=INK, linewidth=0.8)
        axes.plot([planned], [row + height / 2], color=INK, marker="|", markersize=7, label="planned")


def _draw_words(axes: Axes, t: Trajectory, height: float) -> None:
    """Number, amount and route above each run of like doses, in the longest wording that ends before the next run."""
    runs = _runs(t)
    left, right = axes.get_xlim()
    letter = LETTER * _SMALL / 8 * (right - left) / _width(axes)
    starts = [start for start, _ in runs]
    for (start, wordings), following in zip(runs, [*starts[1:], math.inf], strict=False):
        for words in wordings:
            long = len(words) * letter
            begin = max(left, min(start, right - long))
            if begin + long + 0.3 * letter <= following:
                axes.text(begin, height, words, fontsize=_SMALL, color=INK)
                break


def _width(axes: Axes) -> float:
    """Points from end to end of the time axis, at most: names and totals take their part when the page is laid out."""
    figure = axes.figure
    longest = max(len(line) for label in axes.get_yticklabels() for line in label.get_text().splitlines())
    beside = (longest + 18) * LETTER
    return max(
        72.0, min(axes.get_window_extent().width / figure.dpi, figure.bbox.width / figure.dpi - beside / 72) * 72
    )


def _runs(t: Trajectory) -> list[tuple[float, tuple[str, ...]]]:
    """First day and three ever shorter wordings of each run of like doses without a break."""
    given = _shown(t)
    ends = [until for _, until in breaks(t.doses)]
    runs: list[tuple[float, tuple[str, ...]]] = []
    for (_, amount, unit, route, hours), group in groupby(given, key=lambda d: _kind(d, ends)):
        doses = list(group)
        number = f"{len(doses)} × " if len(doses) > 1 else ""
        way = t.bound.route(route).name
        way = way.upper() if len(way) == 2 else way
        over = f" over {hours:g} h" if hours < 48 else f" over {hours / 24:g} d"
        shorter = f"{number}{amount:g} {pretty(unit)}"
        runs.append((float(doses[0].time), (f"{shorter} {way}{over if hours else ''}", shorter, f"{amount:g}")))
    return runs


def _kind(dose: GivenDose, ends: Sequence[float]) -> tuple[int, float, str, str, float]:
    """What doses of one run share: breaks before them, amount as prescribed, route, hours of infusion."""
    past = sum(float(dose.time) >= end for end in ends)
    return past, dose.prescribed, dose.prescribed_unit, dose.route, round(infusion_days(dose) * 24, 3)


def _shown(t: Trajectory) -> list[GivenDose]:
    """The doses given within the simulated time."""
    return [d for d in t.doses if d.amount > 0 and t.times.min() <= float(d.time) <= t.times.max()]


def _totals(t: Trajectory) -> str:
    given = _shown(t)
    if not given:
        return "no doses"
    totals = " + ".join(f"{total:.4g} {pretty(unit)}" for total, unit in total_given(given))
    return f"{len(given)} dose{'s' if len(given) > 1 else ''}\n{totals}"


def moved_handle(trajectories: Sequence[Trajectory]) -> list[Artist]:
    """The legend entry of moved doses, where there are any."""
    mark = Line2D([], [], linestyle="", marker="|", markersize=7, color=INK, label="planned day of a moved dose")
    return [mark] if any(d.status == "moved" for t in trajectories for d in t.doses) else []


@drawing()
def schedule_figure(trajectories: Sequence[Trajectory]) -> Figure:
    """The schedule strip on its own."""
    figure = new_figure(8.0, 1.2 + 0.45 * len(trajectories))
    draw_strip(figure.subplots(), trajectories)
    draw_legend(figure, "Schedule", trajectories, moved_handle(trajectories), lines=False)
    return figure
