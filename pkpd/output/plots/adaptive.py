"""Figures of rules at work: an output of a cohort, and of single patients with holds and doses; where patients stand
over time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator, PercentFormatter
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

from ...errors import SimulationError
from ..tables import Table
from .labels import draw_footnote, name_of, pretty, title_legend
from .style import COLOURS, DASHES, INK, QUIET, SHADE, drawing, new_figure, plain

if TYPE_CHECKING:
    from ...trials.adaptive.shown import Shown, ShownPatient
    from ...trials.population.ruling import Ruling

MOST_PATIENTS = 6
STOPPED = "#CFCFCF"
FEW = (COLOURS[1], COLOURS[2], COLOURS[4], COLOURS[5])  # lines of single patients
# status of a dose: marker, edge, face
_MARKS = {
    "given": ("^", INK, INK),
    "reduced": ("v", COLOURS[0], COLOURS[0]),
    "raised": ("^", COLOURS[1], COLOURS[1]),
    "held": ("o", COLOURS[1], "white"),
    "stopped": ("x", INK, INK),
    "missed": ("^", INK, "white"),
}
_SAID = {"stopped": "dose not given after stop", "missed": "missed dose"}
# from the bottom up
_STANDINGS = {
    "full dose": COLOURS[2],
    "raised": COLOURS[5],
    "reduced": COLOURS[4],
    "held": "#BBBBBB",
    "stopped": "#555555",
}


def ruling_figures(rulings: Sequence[Ruling]) -> dict[str, Figure]:
    """Figures of every arm that has rules, by the name they are saved under: the cohort, and a few patients."""
    figures = dict[str, Figure]()
    for own in rulings:
        end = f"_{own.log.arm}" if len(rulings) > 1 else ""
        texts, arm = [rule.text for rule in own.ruled.rules], f"Arm {own.log.arm}"
        levels = [(own.range(output), own.shown(output)) for output in own.watched]
        said = (*_numbered(texts), f"The last dose planned is on day {own.last:g}.")
        figures[f"rules{end}"] = rules_figure(own.standing(), levels, f"{arm}: doses decided by rules", said)
        figures[f"rules_patients{end}"] = patients_figure(levels[0][1], f"{arm}: a few patients", texts)
    return figures


@drawing()
def patients_figure(shown: Shown, title: str = "", rules: Sequence[str] = ()) -> Figure:
    """One panel a patient, six at most: the output with the levels of the rules, holds shaded, doses marked below."""
    if len(shown.patients) > MOST_PATIENTS:
        raise SimulationError(
            f"a figure of {len(shown.patients)} patients was asked for; at most {MOST_PATIENTS} fit on a page"
        )
    columns = 1 if len(shown.patients) == 1 else 2
    rows = -(-len(shown.patients) // columns)
    figure = new_figure(9.8 if columns == 2 else 6.4, 1.2 + 2.1 * rows)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axes, patient in zip(panels, shown.patients, strict=False):
        _draw_patient(axes, shown, patient)
        axes.set_title(f"patient {patient.number}")
    for axes in panels[len(shown.patients) :]:
        axes.remove()
    for axes in panels[: max(0, len(shown.patients) - columns)]:
        axes.set_xlabel("")
    for axes in panels[: len(shown.patients) : columns]:
        axes.set_ylabel(_label(shown.output, shown.unit))
    _legend(figure, title or "Doses decided by rules", _handles(shown))
    draw_footnote(figure, *_numbered(rules))
    return figure


@drawing()
def rules_figure(
    standing: Table, levels: Sequence[tuple[Table, Shown]] = (), title: str = "", notes: Sequence[str] = ()
) -> Figure:
    """One panel an output that rules look at: median and 5-95 % of the patients, the levels of the rules, a few
    patients. Below, the share of patients on full doses, reduced, raised, held and stopped, in steps (tables of
    `output_table` and `standing_table`).
    """
    figure = new_figure(7.6, 3.4 + 2.4 * len(levels))
    panels = figure.subplots(1 + len(levels), 1, squeeze=False, sharex=True)[:, 0]
    end = float(max(standing["time"]))
    for axes, (ranges, shown) in zip(panels, levels, strict=False):
        _draw_levels(axes, ranges, shown)
    _draw_standing(panels[-1], standing)
    _time(panels[-1], end)
    for axes in panels:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=7, handlelength=2.2)
    figure.suptitle(plain(title or "Doses decided by rules", 90), x=0.01, ha="left", fontsize=10.5, weight="bold")
    failed = max(standing["failed"])
    draw_footnote(figure, *notes, f"Patients who failed and are not counted: {failed}." if failed else "")
    return figure


def _numbered(rules: Sequence[str]) -> list[str]:
    return [f"Rule {k}: {text}.".replace(" %", "\N{NO-BREAK SPACE}%") for k, text in enumerate(rules, 1)]


def _draw_patient(axes: Axes, shown: Shown, patient: ShownPatient) -> None:
    for start, until, status in patient.spans:
        axes.axvspan(start, until, color=SHADE if status == "held" else STOPPED, linewidth=0, zorder=0)
    for k, (_, _, level) in enumerate(shown.thresholds):
        axes.axhline(level, color=COLOURS[1], linestyle=DASHES[1 + k % (len(DASHES) - 1)], linewidth=0.9, zorder=1)
    axes.plot(shown.times, patient.values, color=COLOURS[0], linewidth=1.3, zorder=2)
    _time(axes, float(shown.times.max()), marks=True)
    below = ScaledTranslation(0, -6.5 / 72, axes.figure.dpi_scale_trans)
    for status in dict.fromkeys(patient.statuses):
        days = patient.doses[[s == status for s in patient.statuses]].tolist()
        mark = _mark(status, days)
        mark.set_transform(blended_transform_factory(axes.transData, axes.transAxes) + below)
        mark.set_clip_on(False)
        axes.add_artist(mark)


def _mark(status: str, days: Sequence[float]) -> Line2D:
    marker, edge, face = _MARKS[status]
    mark = Line2D(days, [0.0] * len(days), linestyle="", marker=marker, markersize=3.2, color=edge)
    mark.set(markerfacecolor=face, markeredgewidth=0.7, label=_SAID.get(status, f"dose {status}"))
    return mark


def _draw_levels(axes: Axes, ranges: Table, shown: Shown) -> None:
    days = np.array(ranges["time"])
    low, middle, high = (np.array(ranges[name]) for name in ("p5", "p50", "p95"))
    axes.fill_between(days, low, high, color=COLOURS[0], alpha=0.18, linewidth=0, label="5 to 95 % of patients")
    axes.plot(days, middle, color=COLOURS[0], linewidth=1.5, label="median", zorder=3)
    for patient, colour in zip(shown.patients, FEW, strict=False):
        label = f"patient {patient.number}"
        axes.plot(shown.times, patient.values, color=colour, linewidth=0.8, label=label, zorder=2)
    for k, (number, text, level) in enumerate(shown.thresholds):
        dash = DASHES[1 + k % (len(DASHES) - 1)]
        axes.axhline(level, color=INK, linestyle=dash, linewidth=0.9, label=f"rule {number}: {text}", zorder=1)
    axes.set_ylabel(_label(shown.output, shown.unit))
    axes.set_title(f"{_name(shown.output)} of {ranges['patients'][0]} patients")


def _draw_standing(axes: Axes, standing: Table) -> None:
    """The shares one upon the other, for every standing that anybody has."""
    below = np.zeros(len(set(standing["time"])))
    for name, colour in _STANDINGS.items():
        rows = [row for row, found in enumerate(standing["standing"]) if found == name]
        shares = np.array([standing["share"][row] or 0.0 for row in rows])
        if shares.any():
            days = np.array([standing["time"][row] for row in rows])
            style: dict[str, Any] = {"step": "post", "facecolor": colour, "edgecolor": "white", "linewidth": 0.6}
            axes.fill_between(days, below, below + shares, label=name, **style)
            below = below + shares
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("share of patients")
    axes.set_title("Where patients stand from each day on")


def _handles(shown: Shown) -> list[Artist]:
    handles: list[Artist] = [Line2D([], [], color=COLOURS[0], label=_name(shown.output))]
    for k, (number, text, _) in enumerate(shown.thresholds):
        dash = DASHES[1 + k % (len(DASHES) - 1)]
        handles.append(Line2D([], [], color=COLOURS[1], linestyle=dash, linewidth=0.9, label=f"rule {number}: {text}"))
    spans = {status for p in shown.patients for _, _, status in p.spans}
    shades = (("held", SHADE), ("stopped", STOPPED))
    handles += [Patch(color=colour, linewidth=0, label=status) for status, colour in shades if status in spans]
    statuses = {status for p in shown.patients for status in p.statuses}
    return handles + [_mark(status, []) for status in _MARKS if status in statuses]


def _legend(figure: Figure, title: str, handles: Sequence[Artist]) -> None:
    width = figure.get_figwidth()
    title_legend(figure, handles, title, max(1, int(width * 72 // 165)), int(width * 10))


def _name(output: str) -> str:
    return name_of(output.removesuffix("_fold"))


def _label(output: str, unit: str) -> str:
    return f"{_name(output)} ({'fold of baseline' if output.endswith('_fold') else pretty(unit)})"


def _time(axes: Axes, end: float, *, marks: bool = False) -> None:
    """Weeks from three weeks on, else days; `marks` leave room for doses below the axis."""
    length, name = (7.0, "weeks") if end >= 21 else (1.0, "days")
    step = next((s for s in (1, 2, 4, 8, 13, 26, 52, 104) if end / length / s <= 9), 520)
    axes.set_xlim(0, end)
    axes.xaxis.set_major_locator(MultipleLocator(step * length))
    axes.xaxis.set_major_formatter(lambda day, _: f"{day / length:g}")
    axes.set_xlabel(f"time ({name})")
    axes.tick_params(axis="x", colors=INK, labelcolor=QUIET, pad=10 if marks else 2.5)
