"""Figures of a predictive check: observed points and percentiles over the intervals of simulated percentiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from ...inference.rows.noise import from_link
from ...trials.predictive.check import OUTSIDE, Percentiles
from ...trials.predictive.panels import Panel
from ...trials.predictive.vpc import Vpc
from ..report.vpc import unit_of
from .bands import SEE_THROUGH
from .labels import draw_footnote, name_of, pretty, title_legend
from .style import COLOURS, INK, QUIET, Vector, drawing, new_figure, plain

ACROSS = 3  # panels beside each other
MOST = 12  # panels of one figure
MIDDLE, OUTER = COLOURS[1], COLOURS[0]
_LOOKS = ((OUTER, (0, (4, 1.5))), (MIDDLE, "-"), (OUTER, (0, (4, 1.5))))


def vpc_figures(found: Vpc) -> dict[str, Figure]:
    """Every figure by name: `vpc_OUTPUT_FORM` (panels of the strata), and `vpc_check`."""
    groups: dict[str, list[int]] = {}
    for k, panel in enumerate(found.panels):
        timing = "" if panel.timing == "point" else f"_{panel.timing}"
        groups.setdefault(f"vpc_{panel.output}_{panel.form}{timing}", []).append(k)
    figures = {}
    for name, own in groups.items():
        for page, first in enumerate(range(0, len(own), MOST)):
            figures[name if not page else f"{name}_{page + 1}"] = panels_figure(found, own[first : first + MOST])
    return figures | {"vpc_check": check_figure(found)}


@drawing()
def panels_figure(found: Vpc, numbers: Sequence[int]) -> Figure:
    """Panels of one output and form, by their numbers, on one scale."""
    across = min(ACROSS, len(numbers))
    down = -(-len(numbers) // across)
    figure = new_figure(max(5.6, 3.2 * across + 0.6), 2.5 * down + 1.2)
    axes = np.atleast_1d(figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)).ravel()
    own = [found.percentiles[k] for k in numbers]
    for one, place in zip(own, axes, strict=False):
        _draw_panel(place, found, one)
    for place in axes[len(own) :]:
        place.set_visible(False)
    _scale(axes[0], found, own)
    first = own[0].panel
    what = {"fold": "fold of baseline", "percent_change": "percent change", "ratio": "ratio"}.get(
        first.form, pretty(unit_of(found, first))
    )
    days = sorted({b.middle for one in own for b in one.panel.bins})
    if len(days) == 1:
        axes[0].set_xticks(days)
        axes[0].set_xlim(days[0] - 1, days[0] + 1)
    for k, place in enumerate(axes[: len(own)]):
        if k % across == 0:
            place.set_ylabel(what)
        place.tick_params(labelbottom=k + across >= len(own))
        if k + across >= len(own):
            place.set_xlabel("time (days)")
    title = name_of(first.output) + ("" if first.timing == "point" else f", {first.timing}")
    _legend(figure, found, title + (", corrected for predictions" if found.settings.corrected else ""), own)
    return figure


def _draw_panel(axes: Axes, found: Vpc, own: Percentiles) -> None:
    """Areas of simulated percentiles, lines of observed ones, points of the rows."""
    panel = own.panel
    days = np.array([b.middle for b in panel.bins])
    for s, (colour, dash) in enumerate(_LOOKS):
        low, _, high = _numbers(panel.form, own.simulated[:, :, s])
        if len(days) == 1:
            axes.vlines(days, low, high, color=colour, alpha=SEE_THROUGH, linewidth=9)
        else:
            axes.fill_between(days, low, high, color=colour, alpha=SEE_THROUGH, linewidth=0)
        shown = _numbers(panel.form, own.observed[:, s])
        axes.plot(days, shown, color=colour, linestyle=dash, linewidth=1.3, marker="o", markersize=2.6)
        out = own.inside[:, s] == 0
        axes.plot(days[out], shown[out], linestyle="", marker="o", markersize=6.5, markerfacecolor="none", color=INK)
    _draw_points(axes, found, own)
    hits, known = int(np.nansum(own.inside)), int(np.isfinite(own.inside).sum())
    axes.set_title(plain(panel.stratum or "all rows", 28))
    axes.set_title(f"{hits} of {known} inside", loc="right", fontsize=7, fontweight="normal", color=QUIET)


def _draw_points(axes: Axes, found: Vpc, own: Percentiles) -> None:
    """The rows themselves; a triangle points to where a bound says that the number lies."""
    look = {"color": QUIET, "linestyle": "", "markersize": 3, "markeredgewidth": 0.6, "alpha": 0.7, "zorder": 1.8}
    for bound, mark, face in (("=", ".", QUIET), ("<", "v", "none"), (">", "^", "none")):
        rows = [n for n in own.panel.rows.tolist() if found.data.rows[n].observation.bound == bound]
        links = np.array([found.data.rows[n].link + found.corrections[n] for n in rows])
        days = [found.data.rows[n].day for n in rows]
        axes.plot(days, _numbers(own.panel.form, links), marker=mark, markerfacecolor=face, **look)  # type: ignore[arg-type]


def _numbers(form: str, links: Vector) -> Vector:
    """Numbers behind links, same shape; NaN for what lies beyond every number."""
    flat = [from_link(form, x) if np.isfinite(x) and abs(x) < 1e3 else np.nan for x in np.ravel(links).tolist()]
    return np.array(flat, dtype=float).reshape(np.shape(links))


def _scale(axes: Axes, found: Vpc, own: Sequence[Percentiles]) -> None:
    """A log axis for what is positive, with plain numbers; percentages and changes keep a linear one."""
    if own[0].panel.form in ("percent", "percent_change"):
        return
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    steps = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0) if high / low < 10 else (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(10, subs=steps, numticks=12))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _legend(figure: Figure, found: Vpc, title: str, own: Sequence[Percentiles]) -> None:
    bounds = {found.data.rows[n].observation.bound for p in own for n in p.panel.rows.tolist()}
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=MIDDLE, marker="o", markersize=2.6, linewidth=1.3, label="observed median"),
        Patch(color=MIDDLE, alpha=SEE_THROUGH, linewidth=0, label="95 % interval of the simulated median"),
        Line2D([], [], color=OUTER, linestyle=(0, (4, 1.5)), marker="o", markersize=2.6, label="observed 5 and 95 %"),
        Patch(color=OUTER, alpha=SEE_THROUGH, linewidth=0, label="95 % interval of simulated 5 and 95 %"),
        Line2D([], [], color=QUIET, linestyle="", marker=".", markersize=4, label="observation"),
    ]
    if any((p.inside == 0).any() for p in own):
        handles.append(_hollow("o", INK, 6, "observed percentile outside"))
    handles += [
        _hollow(m, QUIET, 4, f"known to lie {w}")
        for b, m, w in (("<", "v", "below"), (">", "^", "above"))
        if b in bounds
    ]
    title_legend(figure, handles, title, 2 if figure.get_figwidth() < 9 else 3, 60, handlelength=3.4)
    count = f"{found.settings.replicates} replicates"
    draw_footnote(figure, f"{count} of the same patients at the same times. Numbers: vpc.csv and points.csv.")


def _hollow(mark: str, colour: str, size: float, label: str) -> Line2D:
    return Line2D([], [], color=colour, linestyle="", marker=mark, markersize=size, markerfacecolor="none", label=label)


@drawing()
def check_figure(found: Vpc) -> Figure:
    """Share of observations outside their own 90 % interval, panel by panel, beside what the model's own data show."""
    own = [one for one in found.numeric if one.count]
    figure = new_figure(6.6, 1.5 + 0.34 * len(own))
    axes = figure.subplots()
    places = np.arange(len(own))[::-1]
    for y, one in zip(places, own, strict=True):
        low, high = (100 * v for v in one.simulated)
        axes.barh(y, high - low, 0.62, left=low, color=OUTER, alpha=SEE_THROUGH, linewidth=0)
        ends = np.array([100 * v for v in one.interval])
        share = 100 * one.share
        colour = INK if one.fits else MIDDLE
        axes.errorbar(
            share, y, xerr=[[share - ends[0]], [ends[1] - share]], fmt="o", color=colour, markersize=4, linewidth=1
        )
    axes.axvline(100 * OUTSIDE, color=QUIET, linewidth=0.8, linestyle=(0, (3, 2)))
    axes.set_yticks(places, [_label(one.panel) for one in own])
    axes.set(
        xlabel="observations outside the 90 % interval of their own simulated values (%)", ylim=(-0.6, len(own) - 0.4)
    )
    axes.set_xlim(0, min(axes.get_xlim()[1], 102.0))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(
        handles=[
            Line2D([], [], color=INK, marker="o", markersize=4, linewidth=1, label="observed, binomial 95 %"),
            Patch(color=OUTER, alpha=SEE_THROUGH, linewidth=0, label="the model's own data, 95 %"),
            Line2D([], [], color=QUIET, linewidth=0.8, linestyle=(0, (3, 2)), label="10 %"),
        ],
        title="Numeric predictive check",
        title_fontproperties={"size": 10.5, "weight": "bold"},
        alignment="left",
        loc="outside upper left",
        ncols=3,
        borderpad=0.2,
    )
    orange = "" if all(one.fits for one in own) else "Orange: outside what the model's own data show."
    draw_footnote(figure, orange, "Numbers: check.csv.")
    return figure


def _label(panel: Panel | None) -> str:
    if panel is None:
        return "all"
    timing = "" if panel.timing == "point" else f", {panel.timing}"
    return plain(f"{name_of(panel.output)}, {panel.form}{timing}" + f": {panel.stratum}" * bool(panel.stratum), 40)
