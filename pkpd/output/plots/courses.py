"""Rows of a fit over time, beside what the fitted model says: one panel for each output of each course."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from ...inference.courses import Panel
from .labels import draw_footnote, name_of, pretty
from .style import COLOURS, QUIET, drawing, new_figure, plain

COLUMNS = 3
EXTREME = "The highest (lowest) of several visits holds their scatter, so it may lie above (below) the line."
_WORDS = {"maximum": "max", "trough": "min"}
# Where the line or the rows span more than this, a log axis shows what a linear one would press flat.
WIDE = 30.0
DEEPEST = 1e4  # times below its top, a line on a log axis leaves the panel
_OPEN: dict[str, Any] = {
    "marker": "o",
    "color": COLOURS[0],
    "markerfacecolor": "white",
    "markersize": 5,
    "linestyle": "",
    "zorder": 3.5,
}
_ARROWS = {">": "^", "<": "v"}


@drawing()
def courses_figure(panels: Sequence[Panel], courses: int) -> Figure:
    """The panels in three columns; `courses` counts those of the fit, of which not all may be shown."""
    columns = min(COLUMNS, len(panels))
    lines = -(-len(panels) // columns)
    figure = new_figure(max(4.2, 0.4 + 3.2 * columns), 0.8 + 2.15 * lines)
    grid = list(figure.subplots(lines, columns, squeeze=False).flat)
    for axes, panel in zip(grid, panels, strict=False):
        _draw(axes, panel)
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    figure.legend(handles=_handles(panels), loc="outside upper left", ncols=2 if columns == 1 else 4)
    shown = len({(p.study, p.arm, p.regimen) for p in panels})
    fewer = f"{shown} of {courses} courses, those with most rows." if shown < courses else ""
    draw_footnote(figure, fewer, EXTREME if any(m.timing in _WORDS for p in panels for m in p.marks) else "")
    return figure


def _draw(axes: Axes, panel: Panel) -> None:
    axes.plot(panel.days, panel.predicted, color=COLOURS[0], linewidth=1.1, zorder=2)
    for mark in panel.marks:
        middle = (mark.day_from + mark.day_to) / 2
        if mark.day_to > mark.day_from:
            axes.hlines(mark.value, mark.day_from, mark.day_to, color=COLOURS[1], linewidth=1.6, zorder=3)
            axes.plot(middle, mark.predicted, **_OPEN)
            word = _WORDS.get(mark.timing, mark.timing)
            place: dict[str, Any] = {"textcoords": "offset points", "xytext": (0, 2), "ha": "right"}
            axes.annotate(word, (mark.day_to, mark.value), fontsize=6.5, color=COLOURS[1], **place)
        axes.vlines(middle, mark.low, mark.high, color=COLOURS[1], linewidth=0.9, zorder=3)
        axes.plot(
            middle, mark.value, _ARROWS.get(mark.bound, "o"), color=COLOURS[1], markersize=5, zorder=4, clip_on=False
        )
    _value_axis(axes, panel)
    where = "/".join(part for part in (panel.study, panel.arm) if part)
    title = f"{where}: {panel.regimen}" if panel.regimen else where
    axes.set_title(plain(title, 38), fontsize=7.5)
    name = plain(name_of(panel.output), 30)
    axes.set(xlabel="days", ylabel=f"{name}\n({pretty(panel.unit)})")


def _value_axis(axes: Axes, panel: Panel) -> None:
    """Linear from 0, or a log axis where numbers are far apart."""
    ends = [v for m in panel.marks for v in (m.low, m.high, m.predicted)]
    numbers = np.array([v for v in (*panel.predicted.tolist(), *ends) if np.isfinite(v) and v > 0])
    if not numbers.size:
        return
    low, high = float(max(numbers.min(), numbers.max() / DEEPEST)), float(numbers.max())
    if high < WIDE * low:
        axes.set_ylim(0, 1.08 * high)
    else:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.5, high * 1.5)
        axes.yaxis.set_major_locator(LogLocator(10))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if panel.kind == "fold":
        axes.axhline(1.0, color=QUIET, linewidth=0.6, linestyle=":", zorder=1)


def _handles(panels: Sequence[Panel]) -> list[Line2D]:
    """The line, and each kind of row there is."""
    bounds = {m.bound for p in panels for m in p.marks}
    found = [Line2D([], [], color=COLOURS[0], linewidth=1.1, label="fitted model")]
    if "=" in bounds:
        found.append(_handle("o", "observed, with 95 % of its own error"))
    for bound, said in ((">", "at least, observed"), ("<", "at most, observed")):
        if bound in bounds:
            found.append(_handle(_ARROWS[bound], said))
    if any(m.day_to > m.day_from for p in panels for m in p.marks):
        found.append(Line2D([], [], color=COLOURS[1], linewidth=1.6, label="window of a row"))
        found.append(Line2D([], [], **_OPEN, label="fitted model over that window"))
    return found


def _handle(mark: str, label: str) -> Line2D:
    return Line2D([], [], linestyle="", marker=mark, markersize=5, color=COLOURS[1], label=label)
