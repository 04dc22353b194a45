"""IL-2 concentration, linear and semi-log: the whole course, and the first doses close enough to see single peaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ...dosing.blocks import blocks, usual_gap
from ..trajectory import Trajectory
from .bands import band_handle, banded, draw_band
from .labels import draw_legend, meaning, unit_label
from .style import INK, QUIET, Vector, curve, drawing, looks, new_figure, span
from .timeline import dose_times, draw_time

if TYPE_CHECKING:
    from ...inference.uncertainty.bands import Band

ASSAY_LIMIT = 0.2  # pM; assumed: no source was found for the limit below which assays bound endogenous IL-2
LONGEST_CLOSE_UP = 14.0  # days
FEW = 40  # up to so many samples are drawn as points too, since the line between them is not simulated
_LIMIT: dict[str, Any] = {"color": INK, "linewidth": 0.7, "linestyle": (0, (9, 5))}


def draw_level(
    axes: Axes,
    trajectories: Sequence[Trajectory],
    output: str = "il2",
    *,
    log: bool = False,
    window: tuple[float, float] | None = None,
    assay_limit: float = ASSAY_LIMIT,
    marks: bool = True,
    bands: Sequence[Band] = (),
) -> Axes:
    """An output over time on a linear or log10 axis, all arms; `window` (days) shows a part of it.

    `assay_limit` (pM, 0 for none) is a dashed line, for `il2` only. `bands`, one an arm, are shaded.
    """
    first, last = window or span(trajectories)
    seen: list[Vector] = []
    for t, look, band in banded(trajectories, bands, output):
        days, values = curve(t, output)
        ends = draw_band(axes, t, look, band, output, log=log)
        line = axes.plot(days, values, color=look.colour, linestyle=look.dash, linewidth=1.1, label=look.label)[0]
        line.set(marker="o" if len(days) <= FEW else "", markersize=2.5)
        shown = (days >= first) & (days <= last)
        seen += [values[shown], *(end[shown] for end in ends if end.size)]
    draw_time(axes, trajectories, window, marks=marks)
    limit = assay_limit if output == "il2" else 0.0
    values = np.concatenate(seen)
    (_log_axis if log else _linear_axis)(axes, values, limit)
    low, high = axes.get_ylim()
    # On a linear axis the line would mostly lie on the axis itself.
    if limit and (log or limit > low + 0.03 * (high - low)):
        axes.axhline(limit, label="assay limit", **_LIMIT)
    axes.set_ylabel(unit_label(trajectories, output))
    return axes


def _linear_axis(axes: Axes, values: Vector, limit: float) -> None:
    high, low = float(values.max(initial=0.0)), float(values.min(initial=0.0))
    # What is slightly below zero is rounding of the solver; what is far below is meant.
    bottom = 1.06 * low if low < -1e-3 * high else 0.0
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.set_ylim(bottom, 1.06 * high if high > 0 else 0.0 if bottom else 1.0)


def _log_axis(axes: Axes, values: Vector, limit: float) -> None:
    positive = values[values > 0]
    high = max(float(positive.max(initial=0.0)), limit) or 1.0
    low = max(float(positive.min(initial=high)), high * 1e-5)
    low, high = min(low, limit or low) / 1.6, high * 1.6
    if np.floor(np.log10(high)) <= np.ceil(np.log10(low)):
        low = 10.0 ** np.floor(np.log10(low))  # so that two ticks can be read
    axes.set_ylim(low, high)
    axes.set_yscale("log", nonpositive="mask")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda value, _: "")
    if not positive.size:
        axes.text(0.5, 0.5, "no value above 0", transform=axes.transAxes, ha="center", color=QUIET)


def close_up(trajectories: Sequence[Trajectory]) -> tuple[float, float] | None:
    """The first block of doses (days), at most two weeks of it; None where that is most of what was simulated.

    Two days after the first dose where doses are further apart than three, since peaks last hours.
    """
    start, end = span(trajectories)
    first = next((found[0] for t in trajectories if (found := blocks(t.doses))), None)
    if first is None:
        return None
    begin = max(start, float(first[0].time))
    last = first[0] if usual_gap(first) > 3 else first[-1]
    length = float(last.time) - begin + min(usual_gap(first), 2.0)
    until = begin + min(length, LONGEST_CLOSE_UP)
    return (begin, until) if 0 < until - begin < 0.7 * (end - start) else None


def close_up_name(trajectories: Sequence[Trajectory], window: tuple[float, float]) -> str:
    """`first dose`, or `first doses` where some arm has several in the window."""
    several = any(sum(window[0] <= day < window[1] for day in dose_times(t)) > 1 for t in trajectories)
    return "first doses" if several else "first dose"


@drawing()
def level_figure(
    trajectories: Sequence[Trajectory],
    output: str = "",
    assay_limit: float = ASSAY_LIMIT,
    bands: Sequence[Band] = (),
) -> Figure:
    """`output` (default `il2`, else the model's first) linear and semi-log, with a close-up of the first doses."""
    output = output or first_output(trajectories)
    window = close_up(trajectories)
    figure = new_figure(8.0, 5.0)
    ratios = [1.7, 1] if window else [1]
    grid = figure.subplots(2, len(ratios), squeeze=False, sharex="col", width_ratios=ratios)
    for row, log in enumerate((False, True)):
        for axes, part in zip(grid[row], (None, window), strict=False):
            draw_level(axes, trajectories, output, log=log, window=part, assay_limit=assay_limit, bands=bands)
            if part:
                axes.set_ylabel("")
            if row == 0:
                axes.set_xlabel("")
                axes.tick_params(axis="x", labelbottom=False)
                axes.set_title(close_up_name(trajectories, part) if part else "whole course")
    figure.align_ylabels()
    handles = [*limit_handle(output, assay_limit), *band_handle(bands)]
    draw_legend(figure, meaning(trajectories, output), trajectories, handles)
    return figure


def limit_handle(output: str, assay_limit: float = ASSAY_LIMIT) -> list[Line2D]:
    """The legend entry of the assay limit, for IL-2 only."""
    label = f"assay limit {assay_limit:g} pM (assumed)"
    return [Line2D([], [], label=label, **_LIMIT)] if output == "il2" and assay_limit else []


def first_output(trajectories: Sequence[Trajectory]) -> str:
    """`il2` where a model has it, else the first output the first model declares."""
    looks(trajectories)
    return "il2" if any("il2" in t.outputs for t in trajectories) else trajectories[0].outputs[0]
