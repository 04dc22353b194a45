"""Cell counts and folds: values before doses and at visits, with the dips between doses in a paler line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from ..trajectory import Trajectory
from .bands import band_handle, banded, draw_range
from .labels import draw_footnote, draw_legend, head, unit_label
from .style import INK, SAME, Look, Vector, curve, drawing, new_figure
from .timeline import dose_times, draw_time

if TYPE_CHECKING:
    from ...inference.uncertainty.bands import Band

CELLS = ("treg", "nk", "cd56bright", "cd56dim")
DIPS = "Pale line: dips after each dose while cells leave the blood; their depth is assumed."
AWAY = 2.0  # days after a dose, at most, for which cells may be away from the blood


def draw_cells(
    axes: Axes,
    trajectories: Sequence[Trajectory],
    output: str,
    visits: Sequence[float] = (),
    *,
    marks: bool = True,
    scale: tuple[float, float] | None = None,
    bands: Sequence[Band] = (),
) -> Axes:
    """One output, all arms, a dot at each of `visits` (days).

    A name that ends in `_fold` gets a log2 axis with the baseline at 1; others start at 0, in the output's own unit.
    `scale` gives the values the axis has to hold, where panels share one. `bands`, one an arm, are shaded between dips.
    """
    for t, look, band in banded(trajectories, bands, output):
        if band is not None:
            order = np.argsort(t.times, kind="stable")[between_dips(t, visits)]
            draw_range(axes, t.times[order], band[output][::2, order], look, log=output.endswith("_fold"))
        _draw_arm(axes, t, look, *curve(t, output), visits)
    draw_time(axes, trajectories, marks=marks)
    low, high = scale or extent(trajectories, [output], bands)
    if output.endswith("_fold"):
        fold_axis(axes, low, high)
    else:
        axes.set_ylim(0, 1.06 * high if high > 0 else 1.0)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.set_ylabel(unit_label(trajectories, output))
    return axes


def _draw_arm(axes: Axes, t: Trajectory, look: Look, days: Vector, values: Vector, visits: Sequence[float]) -> None:
    rows = between_dips(t, visits)
    if len(rows) < len(days):
        axes.plot(days, values, color=pale(look.colour), linewidth=0.6, zorder=2, label=f"{look.label}, dips")
    main: dict[str, Any] = {"linewidth": 1.4, "marker": "o" if len(rows) == 1 else "", "markersize": 3, "zorder": 3}
    axes.plot(days[rows], values[rows], color=look.colour, linestyle=look.dash, label=look.label, **main)
    seen = rows[among(days[rows], visits)]
    if len(seen):
        dots: dict[str, Any] = {"marker": "o", "markersize": 3, "linestyle": "", "zorder": 4, "clip_on": False}
        axes.plot(days[seen], values[seen], color=look.colour, label=f"{look.label}, visits", **dots)


def between_dips(trajectory: Trajectory, visits: Sequence[float] = ()) -> npt.NDArray[np.intp]:
    """Rows, counted in order of time, outside the dips: before doses, at visits, and once cells are back.

    Cells count as back after the interval to the nearest other dose, and after two days at most.
    """
    order = np.argsort(trajectory.times, kind="stable")
    days, doses = trajectory.times[order], np.unique(dose_times(trajectory))
    before = np.array([trajectory.sides[row] != "post" for row in order], dtype=bool)
    if not before.any():
        before[:] = True
    if not doses.size:
        return np.flatnonzero(before)
    gaps = np.concatenate([[AWAY], np.diff(doses), [AWAY]])
    back = doses + np.minimum(np.minimum(gaps[:-1], gaps[1:]), AWAY)
    last = np.searchsorted(doses, days - SAME) - 1
    away = (last >= 0) & (days < back[np.maximum(last, 0)] - SAME)
    return np.flatnonzero(before & (~away | among(days, doses) | among(days, visits)))


def among(days: Vector, wanted: Sequence[float] | Vector) -> npt.NDArray[np.bool_]:
    """Which days are among the wanted ones, up to rounding."""
    known = np.sort(np.asarray(wanted, dtype=float))
    if not known.size:
        return np.zeros(len(days), dtype=bool)
    place = np.minimum(np.searchsorted(known, days - SAME), len(known) - 1)
    return np.abs(known[place] - days) <= SAME


def pale(colour: str) -> str:
    """The colour mixed with white, which prints the same everywhere, as transparency does not."""
    red, green, blue = (0.45 * part + 0.55 for part in to_rgb(colour))
    return to_hex((red, green, blue))


def extent(
    trajectories: Sequence[Trajectory], outputs: Sequence[str], bands: Sequence[Band] = ()
) -> tuple[float, float]:
    """Lowest and highest value of some outputs over all arms that have them, and of their bands."""
    found = [t[o] for o in outputs for t in trajectories if o in t.outputs]
    found += [band[o] for o in outputs for band in bands if o in band.outputs]
    return min(float(v.min()) for v in found), max(float(v.max()) for v in found)


def fold_axis(axes: Axes, low: float, high: float) -> None:
    """A log2 axis from `low` to `high`, and at least 0.5 to 2: ticks at powers of two, a line at the baseline, 1."""
    first = min(-1, int(np.floor(np.log2(max(low, 2.0**-10)))))
    last = max(1, int(np.ceil(np.log2(max(high, 1.0)))))
    axes.set_ylim(2.0**first, 2.0**last)
    axes.set_yscale("log", base=2, nonpositive="mask")
    step = 1 + (last - first) // 9
    axes.yaxis.set_major_locator(FixedLocator([2.0**k for k in range(first, last + 1) if k % step == 0]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.axhline(1.0, color=INK, linewidth=0.6, zorder=1, label="baseline")


def cells_in(trajectories: Sequence[Trajectory], fold: bool) -> tuple[str, ...]:
    """The cell outputs that some arm has, as counts or as folds."""
    names = (f"{cell}_fold" if fold else cell for cell in CELLS)
    return tuple(name for name in names if any(name in t.outputs for t in trajectories))


def footnote(trajectories: Sequence[Trajectory]) -> str:
    """The sentence about the pale line, where one is drawn."""
    return DIPS if any(len(between_dips(t)) < len(t.times) for t in trajectories) else ""


def visit_handle(trajectories: Sequence[Trajectory], visits: Sequence[float]) -> list[Line2D]:
    """The legend entry of the dots, where there are any."""
    dot = Line2D([], [], linestyle="", marker="o", markersize=3, color=INK, label="visit")
    return [dot] if any(among(t.times, visits).any() for t in trajectories) else []


@drawing()
def cells_figure(
    trajectories: Sequence[Trajectory],
    visits: Sequence[float] = (),
    *,
    fold: bool = False,
    bands: Sequence[Band] = (),
) -> Figure:
    """A panel for each of Treg, NK, CD56bright and CD56dim that the models have; folds share one scale."""
    names = cells_in(trajectories, fold)
    columns = min(2, len(names))
    rows = -(-len(names) // columns)
    figure = new_figure(8.0, 1.1 + 2.1 * rows)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    scale = extent(trajectories, names, bands) if fold else None
    for number, (axes, name) in enumerate(zip(grid, names, strict=False)):
        draw_cells(axes, trajectories, name, visits, scale=scale, bands=bands)
        head(axes)
        if number + columns < len(names):
            axes.set_xlabel("")
            axes.tick_params(axis="x", labelbottom=False)
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    figure.align_ylabels()
    title = "Cells in blood, fold of the patient's own baseline" if fold else "Cells in blood, counts"
    draw_legend(figure, title, trajectories, [*visit_handle(trajectories, visits), *band_handle(bands)])
    draw_footnote(figure, footnote(trajectories))
    return figure
