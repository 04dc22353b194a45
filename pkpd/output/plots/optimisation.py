"""Figures of a search for regimens: what was tried, the map over dose and interval, and how sure the order is."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from .labels import draw_footnote, pretty
from .style import COLOURS, INK, QUIET, Vector, drawing, new_figure, plain

if TYPE_CHECKING:
    from ...trials.optimisation.goals import Goal
    from ...trials.optimisation.optimise import Optimised
    from ...trials.optimisation.ranking import Ranking
    from ...trials.optimisation.window import Window

LINES = ("#D55E00", "#000000", "#CC79A7", "#FFFFFF")  # seen on every colour of the map
STYLES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")
CLOSE = 0.06  # share of the axes within which two numbers would cover each other
FOOT = "Outcomes of the model in a typical patient; no clinical claim."


def optimisation_figures(found: Optimised, units: Mapping[str, str]) -> dict[str, Figure]:
    """The figures by name: `front`, `window` where both dose and interval vary, `ranking` where there are draws;
    `units` are by quantity.
    """
    drawn = {"front": front_figure(found, units)}
    window = found.window
    if window is not None and len(window.doses) > 1 and len(window.intervals) > 1:
        drawn["window"] = window_figure(found, window, units)
    if found.ranking is not None:
        drawn["ranking"] = ranking_figure(found, found.ranking, units)
    return drawn


@drawing()
def front_figure(found: Optimised, units: Mapping[str, str]) -> Figure:
    """Every candidate: the first goal against the second, or against the first limit's quantity (IL-2 given where there
    is none); the regimens listed are numbered.
    """
    task = found.task
    goal = task.goals[0].quantity.name
    names = [q.name for q in task.quantities]
    other = task.goals[1].quantity.name if len(task.goals) > 1 else ""
    other = other or next((c.quantity.name for c in task.constraints if c.quantity.name != goal), "")
    other = other or next(n for n in ("il2_given", "injections") if n != goal)
    at = names.index(other), names.index(goal)
    values = np.array([[one.values[k] for k in at] for one in found.tried])
    good = np.array([task.meets(one.values) for one in found.tried])
    figure = new_figure(6.2, 4.4)
    axes = figure.subplots()
    axes.plot(*values[~good].T, "x", color="#BBBBBB", markersize=3, label="a constraint fails")
    axes.plot(*values[good].T, "o", color=COLOURS[4], markersize=3, alpha=0.6, label="meets every constraint")
    best = np.array([[one.values[k] for k in at] for one in found.front])
    label = "front" if len(task.goals) > 1 else "best regimens, numbered"
    axes.plot(*best.T, "o", color=COLOURS[1], markersize=4.5, label=label)
    _close_up(axes, values[good])
    for text, place in _numbered(np.array([[one.values[k] for k in at] for one in found.listed])):
        axes.annotate(text, place, (0, 5), textcoords="offset points", ha="center", fontsize=7, color=INK)
    for c in task.constraints:
        if c.quantity.name == other:
            axes.axvline(c.limit, color=QUIET, linewidth=0.8, linestyle="--", label=f"limit {c.text}")
    axes.set(xlabel=_label(other, units), ylabel=_label(goal, units))
    axes.set_title("Candidates tried")
    figure.legend(loc="outside upper left", ncols=2)
    far = "" if good.all() else "Candidates that fail may lie beyond the axes."
    draw_footnote(figure, far, FOOT)
    return figure


def _close_up(axes: Axes, values: Vector) -> None:
    """Axes around the points that matter, with some room for the others."""
    ends = []
    for low, high in zip(values.min(axis=0).tolist(), values.max(axis=0).tolist(), strict=True):
        room = 0.3 * (high - low) or 0.1 * abs(high) or 1.0
        ends.append((low - 0.3 * room, high + room))
    axes.set(xlim=ends[0], ylim=ends[1])


def _numbered(places: Vector) -> list[tuple[str, tuple[float, float]]]:
    """Numbers of points from 1 and where they stand; those of neighbours that would cover each other share a text."""
    width = np.ptp(places, axis=0)
    near = places / np.where(width > 0, width, 1.0)
    groups = list[list[int]]()
    for k in range(len(places)):
        own = next((g for g in groups if np.hypot(*(near[g[0]] - near[k])) < CLOSE), None)
        if own is None:
            groups.append([k])
        else:
            own.append(k)
    return [(", ".join(str(k + 1) for k in g), (float(places[g[0], 0]), float(places[g[0], 1]))) for g in groups]


@drawing()
def window_figure(found: Optimised, window: Window, units: Mapping[str, str]) -> Figure:
    """Each goal over dose and interval as a map; lines where a constraint is just met, grey where one fails."""
    goals = found.task.goals
    figure = new_figure(0.8 + 4.6 * len(goals), 4.3)
    for axes, goal in zip(figure.subplots(1, len(goals), squeeze=False)[0], goals, strict=True):
        _draw_map(figure, axes, found, window, goal, units)
    handles: list[Any] = [Patch(facecolor="white", edgecolor=QUIET, hatch="////", label="a constraint fails")]
    for c, colour, style in zip(found.task.constraints, cycle(LINES), cycle(STYLES), strict=False):
        if _crossed(_grid(found, window, c.quantity.name), c.limit):
            shade = INK if colour == "#FFFFFF" else colour
            handles.append(Line2D([], [], color=shade, linestyle=style, linewidth=1.5, label=f"limit {c.text}"))
    handles.append(Line2D([], [], linestyle="", marker="*", color="white", markeredgecolor=INK, markersize=10))
    handles[-1].set_label("best regimen")
    figure.legend(handles=handles, loc="outside upper left", ncols=2)
    rest = f"on {float(window.on):g} d, off {float(window.off):g} d" if window.off else "without a rest"
    draw_footnote(figure, f"Times on and off as in the best regimen: {rest}.", FOOT)
    return figure


def _draw_map(
    figure: Figure, axes: Axes, found: Optimised, window: Window, goal: Goal, units: Mapping[str, str]
) -> None:
    days, doses = np.array([float(v) for v in window.intervals]), np.array(window.doses)
    values = _grid(found, window, goal.quantity.name)
    colours = axes.pcolormesh(days, doses, np.ma.masked_invalid(values), shading="nearest", cmap="viridis")
    fails = np.array([[float(not found.task.meets(one.values)) for one in row] for row in window.cells])
    if fails.any():
        own: dict[str, Any] = {"facecolor": "none", "edgecolor": "#FFFFFF90", "hatch": "////", "linewidth": 0}
        axes.pcolor(days, doses, np.ma.masked_less(fails, 0.5), shading="nearest", **own)
    for c, colour, style in zip(found.task.constraints, cycle(LINES), cycle(STYLES), strict=False):
        limited = _grid(found, window, c.quantity.name)
        if _crossed(limited, c.limit):
            axes.contour(days, doses, limited, [c.limit], colors=[colour], linestyles=[style], linewidths=1.5)
    best = found.front[0].candidate
    if (best.on, best.off) == (window.on, window.off):
        axes.plot(float(best.interval), best.amount, "*", color="white", markeredgecolor=INK, markersize=10)
    axes.set(xlabel="interval (days)", ylabel=f"dose ({pretty(window.unit)})")
    axes.set_title(goal.text)
    if all(v == int(v) for v in days):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.colorbar(colours, ax=axes, label=_label(goal.quantity.name, units))


@drawing()
def ranking_figure(found: Optimised, ranking: Ranking, units: Mapping[str, str]) -> Figure:
    """For each regimen listed: 90 % range of the first goal under the draws, and the shares of draws in which it meets
    every constraint and is best.
    """
    goal = found.task.goals[0].quantity.name
    column = [q.name for q in found.task.quantities].index(goal)
    rows = np.arange(len(found.listed))[::-1]
    names = [plain(f"{k}  {one.candidate.text}", 34) for k, one in enumerate(found.listed, 1)]
    lines = sum(name.count("\n") + 1 for name in names)
    figure = new_figure(7.6, 1.5 + 0.14 * lines + 0.16 * len(rows))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    ends = np.array([ranking.ranges(k)[:, column] for k in range(len(rows))])
    left.hlines(rows, ends[:, 0], ends[:, 2], color=COLOURS[0], linewidth=2, label="90 % of draws")
    left.plot(ends[:, 1], rows, "o", color=COLOURS[0], markersize=4, label="median")
    typical = [one.values[column] for one in found.listed]
    left.plot(typical, rows, "|", color=COLOURS[1], markersize=9, label="parameters as they are")
    left.set_yticks(rows, names)
    left.xaxis.set_major_locator(MaxNLocator(5))
    left.set(xlabel=_label(goal, units), ylim=(-0.6, len(rows) - 0.4))
    name = "best" if len(found.task.goals) == 1 else "unbeaten"
    right.barh(rows + 0.2, 100 * ranking.meets, height=0.36, color=COLOURS[4], label="meets every constraint")
    right.barh(rows - 0.2, 100 * ranking.best, height=0.36, color=COLOURS[1], label=name)
    right.set(xlabel="share of draws (%)", xlim=(0, 100))
    right.tick_params(axis="y", labelleft=False, length=0)
    figure.legend(loc="outside upper left", ncols=5, columnspacing=1.2, handlelength=1.6)
    draw_footnote(figure, FOOT)
    return figure


def _crossed(values: Vector, limit: float) -> bool:
    """Whether a map has cells on both sides of a limit."""
    known = values[np.isfinite(values)]
    return bool((known < limit).any() and (known > limit).any())


def _grid(found: Optimised, window: Window, name: str) -> Vector:
    """A quantity over the map, shape (doses, intervals)."""
    at = [q.name for q in found.task.quantities].index(name)
    return np.array([[one.values[at] for one in row] for row in window.cells])


def _label(name: str, units: Mapping[str, str]) -> str:
    unit = units[name]
    return name if unit == "1" else f"{name} ({pretty(unit)})"
