"""Figures of a virtual trial: one trial at its visits, and how often its tests find something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, NullLocator

from ...trials.conduct.result import VirtualTrial
from ...trials.evidence import data_behind
from ..report.trial_visits import Visit
from .labels import NO_DATA, draw_footnote, draw_legend, name_of, pretty
from .style import COLOURS, DASHES, INK, NO_DOSES, QUIET, Look, Vector, drawing, new_figure, plain
from .timeline import draw_time

Visits = Mapping[tuple[str, str], Sequence[Visit]]
# outputs that are shown, each as the fold of its own baseline or as it is
SHOWN = (("treg", True), ("nk", True), ("cd56bright", True), ("treg_percent_cd4", False), ("eosinophils", False))
MOST = 6
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def arm_looks(trial: VirtualTrial) -> tuple[Look, ...]:
    """A colour and a dash for each arm with doses, dashed grey for those without."""
    found: list[Look] = []
    for arm in trial.arms:
        taken = sum(look.colour != NO_DOSES[0] for look in found)
        if any(dose.gives for dose in arm.schedule.doses):
            dash = DASHES[(taken + taken // len(COLOURS)) % len(DASHES)]
            found.append(Look(COLOURS[taken % len(COLOURS)], dash, plain(arm.label)))
        else:
            found.append(Look(*NO_DOSES, plain(arm.label)))
    return tuple(found)


def panels_of(trial: VirtualTrial) -> tuple[tuple[str, bool], ...]:
    """Outputs of the figures, and whether each is shown as a fold; the first few of a model that has none of them."""
    own = tuple((name, fold) for name, fold in SHOWN if name in trial.outputs)
    return own or tuple((name, False) for name in trial.outputs[:MOST])


@drawing()
def visits_figure(trial: VirtualTrial, visits: Visits) -> Figure:
    """The first replicate at its visits: patients as dots, mean and SD of each arm, and behind them where 5-95 % of the
    replicates have their mean. Folds are on a log axis, with geometric means.
    """
    panels = panels_of(trial)
    rows = -(-len(panels) // 2)
    figure = new_figure(9.8, 1.3 + 2.35 * rows)
    grid = figure.add_gridspec(rows, 2)
    own = arm_looks(trial)
    for k, (output, fold) in enumerate(panels):
        axes = figure.add_subplot(grid[k // 2, k % 2])
        for a, look in enumerate(own):
            _draw_arm(axes, trial, visits[trial.arms[a].name, output], a, look, fold)
        _head(axes, trial, output, fold)
    draw_legend(figure, f"{trial.study}: one virtual trial, model {trial.model}", (), _visit_handles(own), lines=False)
    draw_footnote(
        figure,
        f"Dots, means and bars: replicate 1 of {trial.replicates}, as example.csv and replicates.csv hold it.",
        "Bars: SD; for folds geometric mean and SD, of each patient's own measured baseline. Bands: visits.csv.",
    )
    return figure


@drawing()
def significance_figure(trial: VirtualTrial, visits: Visits, alpha: float = 0.05) -> Figure:
    """The share of replicates with p below alpha at each visit, against baseline and against the control arm."""
    outputs = trial.outputs[:MOST]
    rows = -(-len(outputs) // 2)
    figure = new_figure(9.8, 1.3 + 1.9 * rows)
    grid = figure.add_gridspec(rows, 2)
    own = arm_looks(trial)
    for k, output in enumerate(outputs):
        axes = figure.add_subplot(grid[k // 2, k % 2])
        for arm, look in zip(trial.arms, own, strict=True):
            _draw_shares(axes, visits[arm.name, output], look)
        axes.axhline(100 * alpha, color=QUIET, linewidth=0.6, linestyle=":", zorder=1)
        axes.set_ylim(-3, 103)
        axes.set_ylabel("% of replicates")
        axes.set_title(_title(trial, output))
        draw_time(axes, (), (0.0, _last(trial)), marks=False, shade=False)
    title = f"{trial.study}: replicates with two-sided p < {alpha:g}"
    draw_legend(figure, title, (), _share_handles(trial, own, alpha), lines=False)
    draw_footnote(figure, f"{trial.replicates} replicates, of those with a p at the visit; numbers as in visits.csv.")
    return figure


def _draw_arm(axes: Axes, trial: VirtualTrial, rows: Sequence[Visit], arm: int, look: Look, fold: bool) -> None:
    output = trial.outputs.index(rows[0].output)
    days = np.array([row.day for row in rows])
    spreads = [row.fold if fold else row.mean for row in rows]
    band = np.array([[s.low, s.high] for s in spreads]).T
    axes.fill_between(days, *band, color=look.colour, alpha=0.18, linewidth=0, zorder=1.5)
    patients = trial.example.arm == arm
    seen, values = trial.example.days[patients], _values(trial, output, fold)[patients]
    dots: dict[str, Any] = {"color": look.colour, "alpha": 0.35, "markersize": 1.8, "markeredgewidth": 0, "zorder": 2}
    axes.plot(seen.ravel(), values.ravel(), "o", **dots)
    s = trial.statistics
    mean, sd = (getattr(s, name)[0, arm, :, output] for name in (("log_mean", "log_sd") if fold else ("mean", "sd")))
    ends = np.array([mean - sd, mean + sd])
    middle, ends = (np.exp(mean), np.exp(ends)) if fold else (mean, ends)
    aside = (arm - (len(trial.arms) - 1) / 2) * _last(trial) / 130  # so that bars of two arms stand side by side
    axes.vlines(days + aside, *ends, color=look.colour, linewidth=1.0, zorder=3)
    axes.plot(days + aside, middle, color=look.colour, linestyle=look.dash, linewidth=1.0, zorder=3.2)
    axes.plot(days + aside, middle, "o", color=look.colour, markersize=4, markeredgecolor="white", zorder=3.5)


def _values(trial: VirtualTrial, output: int, fold: bool) -> Vector:
    """What was measured in the first replicate, shape (patients, visits); as folds of the baseline visit."""
    values = trial.example.measured[:, :, output]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(values / values[:, :1] if fold else values)


def _head(axes: Axes, trial: VirtualTrial, output: str, fold: bool) -> None:
    unit = trial.units[trial.outputs.index(output)]
    draw_time(axes, (), (-0.02 * _last(trial), 1.03 * _last(trial)), marks=False, shade=False)
    axes.set_title(_title(trial, output))
    if not fold:
        axes.set_ylim(bottom=0)
        axes.set_ylabel(pretty(unit))
        return
    axes.set_yscale("log")
    axes.axhline(1.0, color=QUIET, linewidth=0.6, linestyle=":", zorder=1)
    axes.yaxis.set_major_locator(FixedLocator(_TICKS))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_ylabel("fold of baseline")


def _draw_shares(axes: Axes, rows: Sequence[Visit], look: Look) -> None:
    days = [row.day for row in rows]
    for shares, mark, face in (
        ([row.baseline for row in rows], "o", look.colour),
        ([row.control for row in rows], "s", "white"),
    ):
        told = [(day, 100 * s.value) for day, s in zip(days, shares, strict=True) if s.told]
        if told:
            style: dict[str, Any] = {"linestyle": look.dash if mark == "o" else ":", "linewidth": 1.1}
            axes.plot(*zip(*told, strict=True), marker=mark, color=look.colour, markersize=4.2, **style)
            axes.lines[-1].set(markerfacecolor=face, clip_on=False, zorder=3)


def _title(trial: VirtualTrial, output: str) -> str:
    named = name_of(output)
    name = named[0].upper() + named[1:]
    return name if data_behind(output, trial.parameters, trial.model) else f"{name}: {NO_DATA}"


def _last(trial: VirtualTrial) -> float:
    return trial.visits[-1] or 1.0


def _visit_handles(own: Sequence[Look]) -> list[Any]:
    found: list[Any] = [
        Line2D([], [], color=a.colour, linestyle=a.dash, marker="o", markersize=4, label=f"{a.label}: mean and SD")
        for a in own
    ]
    found.append(Line2D([], [], color=INK, linestyle="", marker="o", markersize=2, alpha=0.5, label="one patient"))
    return [*found, Patch(color=INK, alpha=0.18, linewidth=0, label="5-95 % of replicates have their mean here")]


def _share_handles(trial: VirtualTrial, own: Sequence[Look], alpha: float) -> list[Any]:
    found = [
        Line2D(
            [], [], color=a.colour, linestyle=a.dash, marker="o", markersize=4.2, label=f"{a.label} against baseline"
        )
        for a in own
    ]
    control = {arm.name: look.label for arm, look in zip(trial.arms, own, strict=True)}.get(trial.control)
    for arm, a in zip(trial.arms, own, strict=True):
        if control and arm.name != trial.control:
            handle = Line2D([], [], color=a.colour, linestyle=":", marker="s", markersize=4.2, markerfacecolor="white")
            handle.set_label(f"{a.label} against {control}")
            found.append(handle)
    found.append(Line2D([], [], color=QUIET, linewidth=0.6, linestyle=":", label=f"{100 * alpha:g} %"))
    return found
