"""Figures of a search for regimens: what was tried, the map over dose and interval, and how sure the order is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ...trials.clinical.caution import small_print
from ...trials.optimisation.task import kept_name
from .labels import draw_footnote, pretty
from .style import COLOURS, INK, QUIET, Vector, drawing, new_figure, plain

if TYPE_CHECKING:
    from ...trials.optimisation.goals import Goal
    from ...trials.optimisation.optimise import Optimised
    from ...trials.optimisation.ranking import Ranking
    from ...trials.optimisation.task import Tried
    from ...trials.optimisation.window import Window

LINES = ("#D55E00", "#000000", "#CC79A7", "#FFFFFF")  # seen on every colour of the map
STYLES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")
CLOSE = 0.025  # share of the axes within which a number would cover something
BESIDE = np.array([(0.0, 0.045), (-0.035, 0.0), (0.035, 0.0), (0.0, -0.045)])  # of a number from its point
LINE = 0.042  # height of a number, as a share of the axes
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
    """Every candidate: the first goal against the second, or against what the first limit looks at (IL-2 given where
    there is none); the regimens listed are numbered.
    """
    task = found.task
    name, limit = _other(found)
    values, best, listed = (_places(found, some, name, limit) for some in (found.tried, found.front, found.listed))
    good = np.array([task.meets(one) for one in found.tried])
    figure = new_figure(6.2, 4.4)
    axes = figure.subplots()
    fails = "" if good.all() else "a constraint fails"
    axes.plot(*values[~good].T, "x", color="#BBBBBB", markersize=3, label=fails)
    axes.plot(*values[good].T, "o", color=COLOURS[4], markersize=3, alpha=0.6, label="meets every constraint")
    label = "front" if len(task.goals) > 1 else "best regimens, numbered"
    axes.plot(*best.T, "o", color=COLOURS[1], markersize=4.5, label=label)
    _close_up(axes, values[good])
    shown = [c for c in task.constraints if c.quantity.name == name]
    shown = shown if task.holding is None or limit is None else [task.constraints[limit]]
    for c in shown:
        axes.axvline(c.limit, color=QUIET, linewidth=0.8, linestyle="--", label=f"limit {c.text}")
    _number(axes, listed, best, values, [c.limit for c in shown])
    called = name if limit is None else kept_name(task, task.constraints[limit])
    axes.set(xlabel=_label(name, units, called), ylabel=_label(task.goals[0].quantity.name, units))
    axes.set_title("Candidates tried")
    figure.legend(loc="outside upper left", ncols=2)
    far = "" if good.all() else "Candidates that fail may lie beyond the axes."
    draw_footnote(figure, far, _holding(found), _foot(found))
    return figure


def _other(found: Optimised) -> tuple[str, int | None]:
    """What the first goal is drawn against: a quantity, and the number of the limit that looks at it, if any."""
    task = found.task
    if len(task.goals) > 1:
        return task.goals[1].quantity.name, None
    goal, names = task.goals[0].quantity.name, {q.name for q in task.quantities}
    limits = [(c.quantity.name, k) for k, c in enumerate(task.constraints) if c.quantity.name != goal]
    return limits[0] if limits else (next(n for n in ("il2_given", "injections") if n != goal and n in names), None)


def _places(found: Optimised, some: Sequence[Tried], name: str, limit: int | None) -> Vector:
    """Where candidates stand in the figure, shape (candidates, 2); NaN where there is no number."""
    names = [q.name for q in found.task.quantities]
    x, y = names.index(name), names.index(found.task.goals[0].quantity.name)
    own = np.array([[one.values[x] if limit is None else one.limited[limit], one.values[y]] for one in some])
    return np.where(np.isfinite(own), own, np.nan)


def _holding(found: Optimised) -> str:
    holding = found.task.holding
    return "" if holding is None else f"Constraints are to hold {holding.text}; goals are those of a typical patient."


def _foot(found: Optimised) -> str:
    """What every figure says of its numbers."""
    return " ".join(said for said in (FOOT, small_print(found.task.quantities)) if said)


def _close_up(axes: Axes, values: Vector) -> None:
    """Axes around the points that matter, with some room for the others."""
    ends = []
    for low, high in zip(values.min(axis=0).tolist(), values.max(axis=0).tolist(), strict=True):
        room = 0.3 * (high - low) or 0.1 * abs(high) or 1.0
        ends.append((low - 0.3 * room, high + room))
    axes.set(xlim=ends[0], ylim=ends[1])


def _number(axes: Axes, places: Vector, drawn: Vector, tried_at: Vector, lines: Sequence[float]) -> None:
    """Number points from 1: each beside its point where it covers neither another number, nor one of the points
    `drawn`, nor a vertical line, and if may be no candidate tried; else all in a column beside the axes, with leaders.
    """
    ends = np.array([axes.get_xlim(), axes.get_ylim()])
    share, taken, others = ((some - ends[:, 0]) / np.ptp(ends, axis=1) for some in (places, drawn, tried_at))
    others = others[np.isfinite(others).all(axis=1)]
    upright = (np.array(lines) - ends[0, 0]) / np.ptp(ends[0])
    spots = list[Vector]()
    for point in share:
        tried = point + BESIDE
        room = np.abs(tried[:, None] - np.concatenate([taken, *(spot[None] for spot in spots)])).max(axis=2).min(axis=1)
        room = np.minimum(room, np.abs(tried[:, :1] - upright).min(axis=1, initial=np.inf))
        clear = np.abs(tried[:, None] - others).max(axis=2).min(axis=1)
        spots.append(tried[int(np.where(room < CLOSE, room - 1.0, np.minimum(room, clear)).argmax())])
        if room.max() < CLOSE:
            return _column(axes, places, share)
    for k, spot in enumerate(spots, 1):
        axes.text(spot[0], spot[1], str(k), transform=axes.transAxes, ha="center", va="center", fontsize=7, color=INK)
    return None


def _column(axes: Axes, places: Vector, share: Vector) -> None:
    """Numbers from 1 beside the axes, in the order of the heights of the points, with leaders to them."""
    line = {"arrowstyle": "-", "color": QUIET, "linewidth": 0.4, "shrinkA": 1, "shrinkB": 2}
    for k, (place, height) in enumerate(zip(places.tolist(), _apart(share[:, 1]), strict=True), 1):
        own: dict[str, Any] = {"xycoords": "data", "textcoords": "axes fraction", "arrowprops": line}
        axes.annotate(str(k), place, (1.02, height), va="center", fontsize=7, color=INK, **own)


def _apart(heights: Vector) -> list[float]:
    """Heights as near as can be to these, in the same order, and no two closer than a line of text."""
    order = np.argsort(-heights, kind="stable")
    steps = LINE * np.arange(len(order))
    # moving averages of neighbours until they fall in order: the nearest heights in the sense of least squares
    groups = list[tuple[float, int]]()
    for wanted in (heights[order] + steps).tolist():
        mean, count = wanted, 1
        while groups and groups[-1][0] < mean:
            before, many = groups.pop()
            mean, count = (before * many + mean * count) / (many + count), many + count
        groups.append((mean, count))
    level = np.repeat([mean for mean, _ in groups], [count for _, count in groups]) - steps
    level += max(0.0, -float(level.min()))
    found = np.empty(len(order))
    found[order] = level
    return [float(v) for v in found]


@drawing()
def window_figure(found: Optimised, window: Window, units: Mapping[str, str]) -> Figure:
    """Each goal over dose and interval as a map; lines where a constraint is just met, grey where one fails."""
    goals = found.task.goals
    figure = new_figure(0.8 + 4.6 * len(goals), 4.3)
    for axes, goal in zip(figure.subplots(1, len(goals), squeeze=False)[0], goals, strict=True):
        _draw_map(figure, axes, found, window, goal, units)
    handles: list[Any] = [Patch(facecolor="white", edgecolor=QUIET, hatch="////", label="a constraint fails")]
    for k, (c, colour, style) in enumerate(zip(found.task.constraints, cycle(LINES), cycle(STYLES), strict=False)):
        if _crossed(_limited(window, k), c.limit):
            shade = INK if colour == "#FFFFFF" else colour
            handles.append(Line2D([], [], color=shade, linestyle=style, linewidth=1.5, label=f"limit {c.text}"))
    handles.append(Line2D([], [], linestyle="", marker="*", color="white", markeredgecolor=INK, markersize=10))
    handles[-1].set_label("best regimen")
    figure.legend(handles=handles, loc="outside upper left", ncols=2)
    rest = f"on {float(window.on):g} d, off {float(window.off):g} d" if window.off else "without a rest"
    draw_footnote(figure, f"Times on and off as in the best regimen: {rest}.", _holding(found), _foot(found))
    return figure


def _draw_map(
    figure: Figure, axes: Axes, found: Optimised, window: Window, goal: Goal, units: Mapping[str, str]
) -> None:
    days, doses = np.array([float(v) for v in window.intervals]), np.array(window.doses)
    values = _grid(found, window, goal.quantity.name)
    colours = axes.pcolormesh(days, doses, np.ma.masked_invalid(values), shading="nearest", cmap="viridis")
    fails = np.array([[float(not found.task.meets(one)) for one in row] for row in window.cells])
    if fails.any():
        own: dict[str, Any] = {"facecolor": "none", "edgecolor": "#FFFFFF90", "hatch": "////", "linewidth": 0}
        axes.pcolor(days, doses, np.ma.masked_less(fails, 0.5), shading="nearest", **own)
    for k, (c, colour, style) in enumerate(zip(found.task.constraints, cycle(LINES), cycle(STYLES), strict=False)):
        limited = _limited(window, k)
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
    draw_footnote(figure, _foot(found))
    return figure


def _crossed(values: Vector, limit: float) -> bool:
    """Whether a map has cells on both sides of a limit."""
    known = values[np.isfinite(values)]
    return bool((known < limit).any() and (known > limit).any())


def _grid(found: Optimised, window: Window, name: str) -> Vector:
    """A quantity over the map, shape (doses, intervals)."""
    at = [q.name for q in found.task.quantities].index(name)
    return np.array([[one.values[at] for one in row] for row in window.cells])


def _limited(window: Window, k: int) -> Vector:
    """What a constraint looks at over the map, shape (doses, intervals)."""
    own = np.array([[one.limited[k] for one in row] for row in window.cells])
    return np.where(np.isfinite(own), own, np.nan)


def _label(name: str, units: Mapping[str, str], called: str = "") -> str:
    unit, called = units[name], called or name
    return called if unit == "1" else f"{called} ({pretty(unit)})"
