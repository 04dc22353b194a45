"""Regimens overlaid over time, and a chart of every quantity with its interval, one row a regimen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ...trials.clinical.caution import LINKED, small_print
from ...trials.comparison.courses import shown_outputs
from ..trajectory import Trajectory
from .bands import band_handle
from .cells import draw_cells, extent, footnote
from .il2 import draw_level
from .labels import NO_DATA, draw_footnote, draw_legend, head, pretty
from .outputs import draw_output, is_cell
from .style import INK, QUIET, Look, drawing, looks, new_figure, plain

if TYPE_CHECKING:
    from ...inference.uncertainty.bands import Band
    from ...trials.comparison.compare import Comparison

COLUMNS = 3


@drawing()
def courses_figure(
    trajectories: Sequence[Trajectory], title: str, bands: Sequence[Band] = (), unsupported: Sequence[str] = ()
) -> Figure:
    """Every regimen in one panel an output, IL-2 on a log axis; `unsupported` names outputs with no data behind them;
    `bands`, one a regimen, are shaded.
    """
    names = shown_outputs(trajectories[0].outputs)
    rows = -(-len(names) // 2)
    figure = new_figure(9.8, 1.0 + 0.2 * len(trajectories) + 2.0 * rows)
    grid = figure.add_gridspec(rows, 2)
    cells = [name for name in names if is_cell(name) and name.endswith("_fold")]
    for k, name in enumerate(names):
        axes = figure.add_subplot(grid[k // 2, k % 2])
        marks = k >= len(names) - 2
        if name == "il2":
            draw_level(axes, trajectories, name, log=True, marks=marks, assay_limit=0.0, bands=bands)
        elif name in cells:
            scale = extent(trajectories, cells, bands)
            draw_cells(axes, trajectories, name, marks=marks, scale=scale, bands=bands)
        else:
            draw_output(axes, trajectories, name, marks=marks, bands=bands)
        head(axes)
        if name in unsupported:
            axes.set_title(f"{axes.get_title(loc='left')}: {NO_DATA}")
    draw_legend(figure, title, trajectories, band_handle(bands))
    draw_footnote(figure, footnote(trajectories) if cells else "")
    return figure


@drawing()
def quantities_figure(c: Comparison, trajectories: Sequence[Trajectory], title: str) -> Figure:
    """A panel a quantity: a dot for each regimen with its 90 % interval; hollow where no data stand behind it."""
    count, regimens = len(c.quantities), len(c.found)
    rows = -(-count // COLUMNS)
    own = looks(trajectories)
    figure = new_figure(9.8, 1.0 + 0.2 * regimens + rows * (0.75 + 0.19 * regimens))
    grid = figure.add_gridspec(rows, COLUMNS)
    for q in range(count):
        _draw_quantity(figure.add_subplot(grid[q // COLUMNS, q % COLUMNS]), c, q, own)
    handles = [
        Line2D([], [], color=look.colour, marker="o", markersize=4.5, linewidth=1.4, label=look.label)
        for k, look in enumerate(own)
    ]
    if c.unsupported:
        hollow = Line2D([], [], color=INK, marker="o", markersize=4.5, linewidth=0, markerfacecolor="white")
        hollow.set_label(NO_DATA)
        handles.append(hollow)
    draw_legend(figure, title, (), handles, lines=False)
    interval = f"Line: 90 % of {c.draws} draws of the parameters, the same for every regimen." if c.draws else ""
    dot = f"Over {c.horizon:g} days. Dot: the parameters as they are."
    draw_footnote(figure, dot, interval, small_print(c.quantities))
    return figure


def _draw_quantity(axes: Axes, c: Comparison, q: int, own: Sequence[Look]) -> None:
    quantity, unit = c.quantities[q], c.found[0].units[q]
    hollow = quantity.name in c.unsupported
    for k, look in enumerate(own):
        told = c.told(k, q)
        if told.low is not None and told.high is not None:
            axes.plot([told.low, told.high], [k, k], color=look.colour, linewidth=1.4, solid_capstyle="butt")
        if told.value is not None:
            face = "white" if hollow else look.colour
            axes.plot([told.value], [k], "o", color=look.colour, markersize=4.5, markerfacecolor=face, zorder=3)
        else:
            axes.text(0.02, k, "cannot be told", transform=axes.get_yaxis_transform(), color=QUIET, va="center")
    axes.set_ylim(len(own) - 0.4, -0.6)
    axes.set_yticks(range(len(own)), [_letter(k) for k in range(len(own))])
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.08)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.grid(axis="x", color="#E4E4E4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_title(plain(quantity.name, 40) + ": assumed" * (getattr(quantity, "sort", "") == LINKED))
    axes.set_xlabel("" if unit == "1" else pretty(unit))


def _letter(k: int) -> str:
    return chr(ord("A") + k)
