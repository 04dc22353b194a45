"""Figures of the clinical illustration of a virtual trial: response rates of the replicates, and power; each says in
itself what it is no evidence of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ...studies.outcomes import Outcome
from ...trials.clinical.caution import CAUTION
from ...trials.clinical.observed import PER, interval
from ...trials.clinical.power import Power
from ...trials.clinical.proportions import LABELS
from ...trials.clinical.replicated import Illustration
from ...trials.conduct.tables import quantiles
from .labels import draw_footnote, draw_legend
from .style import COLOURS, INK, QUIET, Look, Vector, drawing, new_figure, plain

WARNING = "#9B1C1C"
STEP = 10.0  # percent; bars of rates, wide enough that each holds as many possible rates of a small arm as the next
ROUNDING = 1e-9
ANCHORED = "as anchored"


@drawing()
def responses_figure(shown: Illustration, looks: Mapping[str, Look], study: str) -> Figure:
    """Response rates of both arms over the replicates, per analysed and as anchored, with the observed rate and its
    interval; one panel an outcome. `looks` are those of the arms by name.
    """
    count = len(shown.outcomes)
    figure = new_figure(9.8, 1.5 + 2.3 * -(-count // 2))
    grid = figure.add_gridspec(-(-count // 2), min(count, 2))
    for k, outcome in enumerate(shown.outcomes):
        axes = figure.add_subplot(grid[k // 2, k % 2])
        rates = 100 * shown.rates(outcome.name, ANCHORED, "analysed")
        _draw_rates(axes, outcome, rates, [looks[arm.arm] for arm in outcome.arms])
        _warn(axes)
    title = f"{study}: clinical illustration, virtual response rates"
    handles: list[Any] = [
        Patch(color=look.colour, alpha=0.35, label=f"{look.label}, virtual") for look in looks.values()
    ]
    median = Line2D([], [], color=INK, marker="|", markersize=7, linewidth=1.2, label="median and 5-95 % of replicates")
    seen = Line2D([], [], color=INK, marker="D", markersize=4.5, linewidth=2.2, label="observed, with Jeffreys's 95 %")
    draw_legend(figure, title, (), [*handles, median, seen], lines=False)
    draw_footnote(
        figure,
        f"Per analysed, as anchored. Bars: replicates in responses.csv, in steps of {STEP:g} %; the rest: rates.csv.",
        f"Link {shown.link.name}: {shown.link.label}.",
        shown.assumed.sentence,
    )
    return figure


@drawing()
def power_figure(shown: Illustration, study: str) -> Figure:
    """The share of replicates in which each test finds a difference, by effect and denominator; a panel an outcome."""
    count = len(shown.outcomes)
    figure = new_figure(9.8, 1.7 + 2.6 * -(-count // 2))
    grid = figure.add_gridspec(-(-count // 2), min(count, 2))
    effects = list(dict.fromkeys(row.effect for row in shown.rows))
    for k, outcome in enumerate(shown.outcomes):
        axes = figure.add_subplot(grid[k // 2, k % 2])
        _draw_power(axes, [row for row in shown.rows if row.outcome == outcome.name], effects, shown.alpha)
        axes.set_title(plain(outcome.label))
        _warn(axes)
    handles = [
        Line2D([], [], color=COLOURS[k], linestyle="", marker="o", markersize=5, label=f"effect {effect}")
        for k, effect in enumerate(effects)
    ]
    for per, face in zip(PER, (INK, "white"), strict=True):
        mark = Line2D(
            [], [], color=INK, linestyle="", marker="o", markersize=5, markerfacecolor=face, label=f"per {per}"
        )
        handles.append(mark)
    handles.append(Line2D([], [], color=QUIET, linewidth=0.7, linestyle=":", label=f"{100 * shown.alpha:g} %"))
    title = f"{study}: clinical illustration, power and size at two-sided p < {shown.alpha:g}"
    draw_legend(figure, title, (), handles, lines=False)
    replicates = shown.rows[0].replicates if shown.rows else 0
    draw_footnote(
        figure,
        f"{replicates} replicates. Bars: one Monte-Carlo standard error. Numbers as in power.csv.",
        f"Link {shown.link.name}: {shown.link.label}.",
        shown.assumed.sentence,
    )
    return figure


def _draw_rates(axes: Axes, outcome: Outcome, rates: Vector, own: Sequence[Look]) -> None:
    """Bars of the replicates of each arm above its own line, and the observed rate below it."""
    edges = np.arange(0, 100 + STEP, STEP)
    counted = [np.histogram(column[np.isfinite(column)] + ROUNDING, edges + ROUNDING / 2)[0] for column in rates.T]
    highest = max(1, *(int(c.max()) for c in counted))
    for side, (arm, look) in enumerate(zip(outcome.arms, own, strict=True)):
        base = 1.45 * (1 - side)
        axes.bar(edges[:-1], counted[side] / highest, STEP, base, align="edge", color=look.colour, alpha=0.35)
        low, middle, high = quantiles(rates[:, side])
        axes.plot([low, middle, high], [base - 0.1] * 3, "|-", color=look.colour, linewidth=1.2, markersize=7)
        ends = [100 * end for end in interval(arm.responders, arm.analysed)]
        axes.plot(ends, [base - 0.25] * 2, color=look.colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot([100 * arm.responders / arm.analysed], [base - 0.25], "D", color=look.colour, markersize=4.5)
        said, left = f"{look.label}\nobserved {arm.responders}/{arm.analysed}", middle > 50
        axes.text(1 if left else 99, base + 0.6, said, ha="left" if left else "right", fontsize=7)
    axes.set_ylim(-0.4, 3.2)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0, 100)
    axes.set_xlabel("responders (% of analysed)")
    axes.set_title(plain(outcome.label))


def _draw_power(axes: Axes, rows: Sequence[Power], effects: Sequence[str], alpha: float) -> None:
    for row in rows:
        effect, per, test = effects.index(row.effect), PER.index(row.per), list(LABELS).index(row.test)
        place = test + (effect - (len(effects) - 1) / 2) * 0.24 + (per - 0.5) * 0.1
        colour, share = COLOURS[effect % len(COLOURS)], 100 * row.share
        error = 100 * row.standard_error
        axes.vlines(place, max(share - error, 0), min(share + error, 100), color=colour, linewidth=1.0, zorder=2)
        face = colour if per == 0 else "white"
        axes.plot([place], [share], "o", color=colour, markersize=4.5, markerfacecolor=face, zorder=3, clip_on=False)
    axes.axhline(100 * alpha, color=QUIET, linewidth=0.7, linestyle=":", zorder=1)
    axes.set_xticks(
        range(len(LABELS)),
        [label.replace(", ", ",\n").replace("likelihood ", "likelihood\n") for label in LABELS.values()],
    )
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, 100)
    axes.set_ylabel("% of replicates")


def _warn(axes: Axes) -> None:
    """What the picture is not, inside it, so that no crop of it goes without."""
    place: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "top", "fontsize": 7, "color": WARNING}
    axes.text(0.5, 0.985, CAUTION.replace("; ", ";\n"), fontweight="bold", **place)
