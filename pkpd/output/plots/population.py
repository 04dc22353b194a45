"""Figures of a population: bands over time, endpoints, and what of the drawn parameters goes with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter

from ...trials.evidence import data_behind
from .bands import SEE_THROUGH
from .cells import fold_axis
from .labels import NO_DATA, draw_footnote, name_of, pretty, title_legend
from .style import COLOURS, DASHES, INK, NO_DOSES, QUIET, Dash, Look, Vector, drawing, new_figure, plain
from .timeline import draw_time

if TYPE_CHECKING:
    from ...trials.population.result import ArmPopulation, Population

DARKER = 0.45  # the interval of the median inside the band of patients
BINS = 24
AFTER_DOSE = 1.0  # days after a dose that IL-2 is shown for
DOTS: Dash = (0, (1, 1.6))
LOG_FROM = 20.0  # ratio of the ends of a range from which an axis is logarithmic
SAME = 1e-9
MOST_ROWS = 16  # endpoints of one figure


def population_figures(found: Population) -> dict[str, Figure]:
    """All figures by the name they are saved under: bands, and, where something varies, endpoints and correlations."""
    figures = {"bands": bands_figure(found)}
    if varying(found):
        figures["endpoints"] = endpoints_figure(found)
    if any(np.isfinite(arm.correlations).any() for arm in found.arms):
        figures["correlations"] = correlations_figure(found)
    return figures


def varying(found: Population) -> list[str]:
    """Endpoints that differ between the patients of some arm."""
    names = dict.fromkeys(name for arm in found.arms for name in arm.names)
    return [name for name in names if any(_varies(column(arm, name)) for arm in found.arms)]


def column(arm: ArmPopulation, name: str) -> Vector:
    """The finite values of an endpoint; none where the arm has no such endpoint."""
    if name not in arm.names:
        return np.zeros(0)
    values = arm.endpoints[:, arm.names.index(name)]
    return values[np.isfinite(values)]


@drawing()
def bands_figure(found: Population) -> Figure:
    """One panel an output: 5 to 95 % of the patients of each arm, their median with its own interval over the draws,
    and dotted the intervals of the 5 and 95 % lines. IL-2 is shown after the first dose and after the last.
    """
    outputs = list(dict.fromkeys(name for arm in found.arms for name in arm.outputs))
    shown: list[tuple[str, str]] = [(name, when) for name in outputs for when in _moments(found, name)]
    rows = -(-len(shown) // 2)
    figure = new_figure(9.8, 0.9 + 1.85 * rows)
    panels = np.atleast_1d(figure.subplots(rows, min(2, len(shown)), squeeze=False)).ravel()
    for axes, (output, when) in zip(panels, shown, strict=False):
        _draw_output(axes, found, output, when)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    _legend(figure, found, f"{found.run.name}: {found.count} virtual patients an arm", _line_handles(found))
    said = "Patients around typical values as they are: pale, 5 to 95 % of them; line, their median."
    over = f"Over {found.draws} draws of the typical values, 90 % intervals: dark, of the median; "
    draw_footnote(figure, said, over + "dotted, of the 5 and 95 % lines." if found.draws else "")
    return figure


def _moments(found: Population, output: str) -> tuple[str, ...]:
    """The parts of a course that an output is shown in: "" is the whole of it."""
    dosed = any(arm.followed for arm in found.arms)
    return ("first", "last") if output == "il2" and dosed else ("",)


def _draw_output(axes: Axes, found: Population, output: str, when: str) -> None:
    reach, ends = [], (float(found.run.times[0]), float(max(found.run.times)))
    for arm, look in zip(found.arms, arm_looks(found), strict=True):
        if output not in arm.outputs:
            continue
        start = (arm.followed or (0.0,))[0 if when == "first" else -1] if when else 0.0
        rows = arm.days(output) - start <= AFTER_DOSE if when else np.ones(len(arm.days(output)), dtype=bool)
        rows &= arm.days(output) >= start - SAME
        band, (low, high) = arm.band(output)[:, rows], (e[:, rows] for e in arm.interval(output))
        _draw_arm(axes, look, arm.days(output)[rows] - start, band, low, high)
        reach += [band, low, high]
    drawn = np.concatenate([own.ravel() for own in reach])
    drawn = drawn[np.isfinite(drawn)]
    _scale(axes, output, float(drawn.min()), float(drawn.max()))
    unit = next(arm.units[arm.outputs.index(output)] for arm in found.arms if output in arm.outputs)
    fold = output.endswith("_fold")
    axes.set_ylabel("fold of baseline" if fold else pretty(unit))
    name = name_of(output).removesuffix("_fold") + ", fold" * fold + (f", after the {when} dose" if when else "")
    axes.set_title(f"{name}: {NO_DATA}" if output in _assumed(found, [output]) else name)
    draw_time(axes, (), (0.0, AFTER_DOSE) if when else ends, marks=False, shade=False)


def _draw_arm(axes: Axes, look: Look, days: Vector, band: Vector, low: Vector, high: Vector) -> None:
    """Patients, their median, and the intervals of the three lines where there are draws."""
    axes.fill_between(days, band[0], band[2], color=look.colour, alpha=SEE_THROUGH, linewidth=0)
    axes.plot(days, band[1], color=look.colour, linestyle=look.dash, linewidth=1.4, zorder=3)
    if np.isfinite(low).any():
        axes.fill_between(days, low[1], high[1], color=look.colour, alpha=DARKER, linewidth=0, zorder=2)
        for line in (low[0], high[0], low[2], high[2]):
            axes.plot(days, line, color=look.colour, linestyle=DOTS, linewidth=0.7, zorder=2.5)


def _scale(axes: Axes, output: str, low: float, high: float) -> None:
    if output.endswith("_fold"):
        fold_axis(axes, low, high)
    elif low > 0 and high / low > LOG_FROM and output == "il2":
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(_number)
        axes.yaxis.set_minor_formatter(NullFormatter())
    elif low >= 0:
        axes.set_ylim(0, 1.06 * high if high > 0 else 1.0)


def _number(value: float, _: object) -> str:
    """The label of a tick on a log axis."""
    return f"{value:g}"


@drawing()
def endpoints_figure(found: Population) -> Figure:
    """One row an endpoint that varies: how it is distributed in each arm, and beside it 5, 50 and 95 % with their
    intervals over the draws.
    """
    names = varying(found)[:MOST_ROWS]
    arms = len(found.arms)
    tall = max(0.82, 0.3 + 0.17 * arms)
    figure = new_figure(9.8, 1.0 + tall * len(names))
    panels = figure.subplots(len(names), 2, squeeze=False, width_ratios=[1.0, 1.15])
    for (axes, beside), name in zip(panels, names, strict=True):
        _draw_endpoint(axes, found, name)
        _draw_numbers(beside, found, name, head=name == names[0])
    _legend(figure, found, f"{found.run.name}: endpoints of {found.count} patients an arm", [])
    said = "Histograms of patients around typical values as they are, the outermost 0.2 % in the last bins; bar below: "
    said += "5 to 95 % of them, dot: median."
    over = f"In brackets: 90 % interval of each over {found.draws} draws of the typical values." if found.draws else ""
    more = len(varying(found)) - len(names)
    draw_footnote(figure, said, over, f"{more} more endpoints are in summary.csv." if more else "")
    return figure


def _draw_endpoint(axes: Axes, found: Population, name: str) -> None:
    columns = [column(arm, name) for arm in found.arms]
    whole = np.concatenate([own for own in columns if _varies(own)])
    low, high = np.quantile(whole, (0.002, 0.998)).tolist()
    log = low > 0 and high / low > LOG_FROM
    edges = np.geomspace(low, high, BINS + 1) if log else np.linspace(low, high, BINS + 1)
    edges[[0, -1]] = low, high  # to the last bit, so that nobody falls outside
    tallest = 1
    for own, look in zip(columns, arm_looks(found), strict=True):
        if not _varies(own):
            continue
        counts, _ = np.histogram(np.clip(own, low, high), edges)
        tallest = max(tallest, int(counts.max()))
        axes.stairs(counts, edges, fill=True, color=look.colour, alpha=SEE_THROUGH)
        axes.stairs(counts, edges, color=look.colour, linestyle=look.dash, linewidth=1)
    for k, (arm, look) in enumerate(zip(found.arms, arm_looks(found), strict=True)):
        if _varies(columns[k]):
            ends = arm.lines.quantiles[:, arm.names.index(name)]
            below = -0.12 * tallest * (k + 1)
            axes.plot(ends[[0, 2]], [below, below], color=look.colour, linewidth=1.6, solid_capstyle="butt")
            axes.plot(ends[1], below, marker="o", markersize=3, color=look.colour)
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(_number)
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    told = min(len(own) for own in columns if _varies(own))
    few = f" ({told} of {found.count} patients have one)" if told < found.count else ""
    outputs = dict.fromkeys(o for arm in found.arms for q in arm.quantities if q.name == name for o in q.outputs)
    axes.set_title(plain(name, 60) + f": {NO_DATA}" * bool(_assumed(found, outputs)) + few, fontsize=7.5)
    axes.tick_params(labelsize=7)


def _draw_numbers(axes: Axes, found: Population, name: str, *, head: bool) -> None:
    """The table beside a histogram: a line an arm."""
    axes.set_axis_off()
    places = (0.0, 0.17, 0.44, 0.72)
    step = 1 / (len(found.arms) + 1)
    unit = next(arm.quantity_units[arm.names.index(name)] for arm in found.arms if name in arm.names)
    titles = ("" if unit == "1" else pretty(unit), "5 %", "50 %", "95 %")
    for x, text in zip(places, titles, strict=True):
        shown = text if head or text == titles[0] else ""
        axes.text(x, 1.0, shown, transform=axes.transAxes, va="center", fontsize=7, color=QUIET)
    for row, (arm, look) in enumerate(zip(found.arms, arm_looks(found), strict=True), 1):
        place: dict[str, Any] = {"transform": axes.transAxes, "va": "center", "fontsize": 7}
        axes.text(0, 1 - row * step, plain(arm.arm.label, 14).split("\n")[0], color=look.colour, **place)
        if name not in arm.names:
            axes.text(places[1], 1 - row * step, "none", color=QUIET, **place)
            continue
        k = arm.names.index(name)
        for j, x in enumerate(places[1:]):
            text = ranged(arm.lines.quantiles[j, k], arm.low[j, k], arm.high[j, k])
            axes.text(x, 1 - row * step, text, **place)


@drawing()
def correlations_figure(found: Population) -> Figure:
    """A map an arm: Spearman's rank correlation of each drawn parameter with each endpoint, the number in it."""
    arms = [arm for arm in found.arms if np.isfinite(arm.correlations).any()]
    kept = [np.asarray(np.isfinite(arm.correlations).any(axis=0)) for arm in arms]
    sizes = [0.6 + 0.24 * len(arm.drawn) for arm in arms]
    figure = new_figure(9.8, 2.1 + sum(sizes))
    panels = figure.subplots(len(arms), 1, squeeze=False, height_ratios=sizes, sharex=False)[:, 0]
    for axes, arm, own in zip(panels, arms, kept, strict=True):
        _draw_map(axes, arm, own)
        axes.set_title(f"{plain(arm.arm.label, 60)}: rank correlation (Spearman) of drawn parameters with endpoints")
    colours = panels[0].images[0]
    figure.colorbar(colours, ax=list(panels), shrink=0.6, label="rank correlation")
    said = "Patients around typical values as they are; a blank is an endpoint that does not vary."
    draw_footnote(figure, said)
    return figure


def _draw_map(axes: Axes, arm: ArmPopulation, kept: npt.NDArray[np.bool_]) -> None:
    whole = arm.correlations[:, kept]
    names = [name for name, own in zip(arm.names, kept, strict=True) if own]
    axes.imshow(whole, vmin=-1, vmax=1, cmap="RdBu_r", aspect="auto")
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor", fontsize=7)
    axes.set_yticks(range(len(arm.drawn)), arm.drawn, fontsize=7)
    for j, k in np.ndindex(whole.shape):
        if np.isfinite(whole[j, k]):
            ink = "white" if abs(whole[j, k]) > 0.6 else INK
            axes.text(k, j, f"{whole[j, k] + 0.0:.2f}", ha="center", va="center", fontsize=6.5, color=ink)


def arm_looks(found: Population) -> list[Look]:
    """A colour and a dash for each arm with doses, dashed grey for those without."""
    looks, taken = list[Look](), 0
    for arm in found.arms:
        label = plain(arm.arm.label)
        if arm.arm.schedule.doses or len(found.arms) == 1:
            dash = DASHES[(taken + taken // len(COLOURS)) % len(DASHES)]
            looks.append(Look(COLOURS[taken % len(COLOURS)], dash, label))
            taken += 1
        else:
            looks.append(Look(*NO_DOSES, label))
    return looks


def ranged(value: float, low: float, high: float) -> str:
    """A number with its interval in brackets where there is one; three significant digits."""
    shown = [f"{float(f'{v:.3g}') + 0.0:g}" if abs(v) > 1e-12 else "0" for v in (value, low, high)]
    if not np.isfinite(value):
        return "-"
    return shown[0] if not np.isfinite(low) or len(set(shown)) == 1 else f"{shown[0]} [{shown[1]}-{shown[2]}]"


def _assumed(found: Population, outputs: Iterable[str]) -> list[str]:
    """Those of the outputs that no data stand behind in some arm."""
    sets = [arm.arm.parameters for arm in found.arms]
    return [name for name in outputs if not all(data_behind(name, own, found.run.model) for own in sets)]


def _varies(values: Vector) -> bool:
    return len(values) > 1 and float(np.ptp(values)) > SAME * float(np.abs(values).max())


def _line_handles(found: Population) -> list[Artist]:
    handles: list[Artist] = [Patch(color=INK, alpha=SEE_THROUGH, linewidth=0, label="5 to 95 % of patients")]
    if found.draws:
        handles.append(Patch(color=INK, alpha=DARKER, linewidth=0, label="median, 90 % of draws"))
        dotted = Line2D([], [], color=INK, linestyle=DOTS, linewidth=0.7, label="5 and 95 %, 90 % of draws")
        handles.append(dotted)
    return handles


def _legend(figure: Figure, found: Population, title: str, extra: list[Artist]) -> None:
    arms = [Line2D([], [], color=a.colour, linestyle=a.dash, label=a.label) for a in arm_looks(found)]
    handles = [*arms, *extra]
    title_legend(figure, handles, title, min(len(handles), 5), 100)
