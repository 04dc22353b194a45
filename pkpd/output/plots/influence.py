"""Figures of an analysis of influence: tornado, heat map of indices, and indices over time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..report.predictions import number
from .labels import NO_DATA, draw_footnote, pretty
from .style import COLOURS, DASHES, INK, QUIET, SHADE, Vector, drawing, new_figure, plain

if TYPE_CHECKING:
    from ...trials.influence.result import Influence, Outcome, Timed

LOW, HIGH = "#0072B2", "#D55E00"  # bars of the low and of the high end
MOST_BARS = 20
MOST_LINES = 5
MAP = "Blues"  # one hue, from light to dark, tells alike with every kind of colour vision and in grey
WORDS = {"first": "first-order index", "total": "total index", "mu_star": "mu*", "mu": "mu"}
OVER = {"prior": "the prior", "bounds": "the bounds", "spread": "the spread between patients"}


def influence_figures(found: Influence) -> dict[str, Figure]:
    """All figures by the name they are saved under: tornado_QUANTITY where it moves, indices, over_time_OUTPUT."""
    drawn = {f"tornado_{_slug(o.name)}": tornado_figure(found, o) for o in found.outcomes if o.moves}
    drawn["indices"] = heat_figure(found)
    return drawn | {f"over_time_{_slug(t.output)}": time_figure(found, t) for t in found.timed}


@drawing()
def tornado_figure(found: Influence, outcome: Outcome) -> Figure:
    """One bar a parameter, widest first: the quantity with the parameter at the 5 and the 95 % point of its range and
    all others at their reference; values at the ends, which the table tornado.csv holds too.
    """
    order = np.argsort(-outcome.widths, kind="stable")[:MOST_BARS].tolist()
    figure = new_figure(7.6, 1.35 + 0.27 * len(order))
    axes = figure.subplots()
    numbers = outcome.ends[order][np.isfinite(outcome.ends[order])]
    span = float(np.ptp([*numbers, outcome.reference])) or 1.0
    for place, k in enumerate(order):
        _bars(axes, place, outcome.reference, outcome.ends[k], span)
    axes.axvline(outcome.reference, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(order)), [found.names[k] for k in order])
    axes.set_ylim(len(order) - 0.4, -0.6)
    low, high = min([*numbers, outcome.reference]), max([*numbers, outcome.reference])
    axes.set_xlim(low - 0.12 * span, high + 0.12 * span)  # room for the values
    axes.set_xlabel(f"{_short(outcome.label)} ({pretty(outcome.unit)})")
    axes.tick_params(axis="y", length=0)
    handles = [Patch(color=c, label=text) for c, text in ((LOW, "parameter at 5 %"), (HIGH, "parameter at 95 %"))]
    _head(figure, f"{outcome.name}: one parameter at a time, {found.name}, arm {found.arm}", handles)
    hidden = len(found.names) - len(order)
    more = f"The table has {hidden} more parameter{'s' * (hidden != 1)}, with narrower bars." if hidden else ""
    draw_footnote(
        figure,
        f"Points of {OVER[found.over]}; the line is the reference, {outcome.reference:.4g}; values as in tornado.csv.",
        more,
        _assumed(found, [outcome.name]),
    )
    return figure


@drawing()
def heat_figure(found: Influence) -> Figure:
    """Parameters by quantities: total indices, or mu* as a share of the largest; the values stand in the cells."""
    columns = [_scaled(o.indices.main, found.design.method) for o in found.outcomes]
    shares = np.stack(columns, axis=1)
    order = np.argsort(-np.nan_to_num(shares).max(axis=1), kind="stable").tolist()
    width = 2.6 + max(0.95 * shares.shape[1], 3.4)
    figure = new_figure(width, 1.7 + 0.23 * len(order))
    axes = figure.subplots()
    labels = [plain(o.name.replace("_", " "), 14) for o in found.outcomes]
    drawn = _heat(axes, shares[order], [found.names[k] for k in order], labels)
    for (row, column), share in np.ndenumerate(shares[order]):
        _cell(axes, row, column, share)
    figure.colorbar(drawn, ax=axes, label=_meaning(found), shrink=0.7, pad=0.03, extend=_beyond(shares))
    what = "Total indices" if found.design.method == "sobol" else "Morris's mu*"
    _head(figure, f"{what}: {found.name}, arm {found.arm}", [])
    doubtful = _doubtful([o.name for o in found.outcomes if o.trust.doubts])
    draw_footnote(figure, doubtful, _BLANK * _any_blank(shares), _assumed(found, [o.name for o in found.outcomes]))
    return figure


@drawing()
def time_figure(found: Influence, timed: Timed) -> Figure:
    """Parameters by days: a heat map of total indices (or mu* as a share of the largest of the day) above, and
    first-order indices (or mu*) of the leading parameters with their 95 % intervals below.
    """
    main = np.stack([_scaled(one.main, found.design.method) for one in timed.indices], axis=1)
    order = np.argsort(-np.nan_to_num(main).max(axis=1), kind="stable").tolist()
    figure = new_figure(max(7.6, 2.6 + 0.4 * len(timed.days)), 4.4 + 0.21 * len(order))
    above, below = figure.subplots(2, 1, gridspec_kw={"height_ratios": [0.9 + 0.21 * len(order), 2.2]})
    drawn = _heat(above, main[order], [found.names[k] for k in order], [f"{day:g}" for day in timed.days])
    if len(timed.days) <= 16:
        for (row, column), share in np.ndenumerate(main[order]):
            _cell(above, row, column, share, size=6)
    above.set_xlabel("day")
    figure.colorbar(drawn, ax=above, label=_meaning(found, "\n"), pad=0.02, extend=_beyond(main))
    lines = _lines(below, found, timed, order[:MOST_LINES])
    _head(figure, f"{timed.output} over time: {found.name}, arm {found.arm}", [])
    below.legend(handles=lines, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, handlelength=2.6, borderpad=0.2)
    doubts = sum(bool(t.doubts) for t, one in zip(timed.trusts, timed.indices, strict=True) if not one.still)
    said = f"{doubts} of {len(timed.days)} days leave doubts, which over_time_days.csv names." if doubts else ""
    draw_footnote(figure, said, _BLANK * _any_blank(main), _assumed(found, [timed.output]))
    return figure


_BLANK = "Grey: it does not move there, so it has no index."


def _assumed(found: Influence, names: Sequence[str]) -> str:
    """Small print on those of the names that no data stand behind."""
    own = [name for name in names if name in dict(found.assumed)]
    return f"{', '.join(own)}: {NO_DATA}." if own else ""


def _bars(axes: Axes, place: int, reference: float, ends: Vector, span: float) -> None:
    """Both bars of a parameter, drawn from the reference, with values beyond their outer ends; bars to the same side
    share a row, half each, and their values stand together.
    """
    rest: dict[str, Any] = {"va": "center", "fontsize": 6.5, "color": INK}
    good = [(float(end), colour) for end, colour in zip(ends, (LOW, HIGH), strict=True) if np.isfinite(end)]
    same = len(good) == 2 and (good[0][0] - reference) * (good[1][0] - reference) > 0
    for k, (end, colour) in enumerate(good):
        height, middle = (0.36, place + (k - 0.5) * 0.36) if same else (0.72, place)
        axes.barh(middle, end - reference, left=reference, height=height, color=colour, linewidth=0, zorder=2)
    gap = 0.008 * span
    if same:
        outer = max((end for end, _ in good), key=lambda end: abs(end - reference))
        sign = np.sign(outer - reference)
        axes.text(outer + sign * gap, place, " / ".join(number(e) for e, _ in good), ha=_side(sign), **rest)
        return
    for k, (end, _) in enumerate(good):
        sign = np.sign(end - reference) or (-1.0 if k == 0 else 1.0)
        axes.text(end + sign * gap, place, number(end), ha=_side(sign), **rest)
    if len(good) < 2:
        missing = "either end" if not good else "the low end" if np.isnan(ends[0]) else "the high end"
        sign = 1.0 if not good or good[0][0] <= reference else -1.0
        axes.text(reference + sign * gap, place, f"no run at {missing}", ha=_side(sign), **rest | {"color": QUIET})


def _side(sign: float) -> str:
    return "left" if sign > 0 else "right"


def _heat(axes: Axes, shares: Vector, rows: Sequence[str], columns: Sequence[str]) -> Any:
    colours = matplotlib.colormaps[MAP].with_extremes(bad=SHADE)
    drawn = axes.imshow(np.ma.masked_invalid(shares), aspect="auto", cmap=colours, vmin=0, vmax=1)
    axes.set_yticks(range(len(rows)), list(rows))
    every = max(1, -(-len(columns) // 30))
    axes.set_xticks(range(0, len(columns), every), list(columns)[::every])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return drawn


def _cell(axes: Axes, row: int, column: int, share: float, size: float = 7) -> None:
    if np.isnan(share):
        return
    colour = "white" if share > 0.55 else INK
    axes.text(column, row, f"{share:.2f}", ha="center", va="center", fontsize=size, color=colour)


def _lines(axes: Axes, found: Influence, timed: Timed, order: Sequence[int]) -> list[Any]:
    """First-order indices (mu* of Morris) of some parameters with their intervals; the handles."""
    kind = "first" if found.design.method == "sobol" else "mu_star"
    values, days, handles = timed.of(kind), np.array(timed.days), []
    errors = np.stack([one.errors[one.kinds.index(kind)] for one in timed.indices], axis=1)
    for place, k in enumerate(order):
        look: Mapping[str, Any] = {"color": COLOURS[place % len(COLOURS)], "linestyle": DASHES[place % len(DASHES)]}
        line = axes.plot(days, values[k], marker="o", markersize=2.5, linewidth=1.2, label=found.names[k], **look)
        ends = values[k] - errors[k], values[k] + errors[k]
        axes.fill_between(days, *ends, color=look["color"], alpha=0.13, linewidth=0)
        handles += line
    axes.axhline(0, color=QUIET, linewidth=0.6)
    unit = "" if found.design.method == "sobol" else f" ({pretty(timed.unit)})"
    axes.set(xlabel="day", ylabel=f"{WORDS[kind]}{unit}")
    return handles


def _scaled(main: Vector, method: str) -> Vector:
    """Total indices as they are; mu* as a share of the largest, since those have units."""
    return main if method == "sobol" else main / np.nanmax(main) if np.isfinite(main).any() else main


def _meaning(found: Influence, gap: str = " ") -> str:
    return "total index" if found.design.method == "sobol" else f"mu* as a share{gap}of the largest"


def _beyond(shares: Vector) -> str:
    """Whether a scale from 0 to 1 ends in an arrow: estimates can exceed 1."""
    return "max" if np.nan_to_num(shares).max() > 1 else "neither"


def _doubtful(names: Sequence[str]) -> str:
    return f"To be read with the doubts in quantities.csv: {', '.join(names)}." if names else ""


def _any_blank(shares: Vector) -> bool:
    return bool(np.isnan(shares).any())


def _head(figure: Figure, title: str, handles: Sequence[Any]) -> None:
    figure.legend(
        handles=list(handles),
        title=plain(title, int(figure.get_figwidth() * 10.5)),
        title_fontproperties={"size": 10, "weight": "bold"},
        alignment="left",
        loc="outside upper left",
        ncols=2,
        borderpad=0.2,
    )


def _short(label: str) -> str:
    return plain(label, 90)


def _slug(name: str) -> str:
    """A name as part of a file name; other names stay other ones."""
    return re.sub(r"[^\w.-]", lambda match: f"_{ord(match[0]):x}_" if match[0] not in "@[]" else "_", name)
