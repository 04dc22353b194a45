"""Figures of rules at work: an output of single patients with holds and doses, and where a cohort stands over time."""

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
from .labels import draw_footnote, name_of, pretty
from .style import COLOURS, DASHES, INK, QUIET, SHADE, drawing, new_figure, plain

if TYPE_CHECKING:
    from ...trials.adaptive.shown import Shown, ShownPatient

MOST_PATIENTS = 6
STOPPED = "#CFCFCF"
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
    draw_footnote(
        figure, *(f"Rule {k}: {text}.".replace(" %", "\N{NO-BREAK SPACE}%") for k, text in enumerate(rules, 1))
    )
    return figure


@drawing()
def standing_figure(standing: Table, ranges: Table | None = None, title: str = "") -> Figure:
    """The share of patients on full doses, reduced, raised, held and stopped, in steps; above it the median and 5-95 %
    range of an output, where `ranges` gives one (tables of `standing_table` and `output_table`).
    """
    figure = new_figure(6.8, 3.0 if ranges is None else 5.0)
    panels = figure.subplots(1 if ranges is None else 2, 1, squeeze=False, sharex=True)[:, 0]
    end = float(max(standing["time"]))
    if ranges is not None:
        _draw_ranges(panels[0], ranges)
    handles = _draw_standing(panels[-1], standing)
    _time(panels[-1], end)
    _legend(figure, title or "Patients whose doses rules decide", handles)
    failed = max(standing["failed"])
    draw_footnote(figure, f"Patients who failed and are not counted: {failed}." if failed else "")
    return figure


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


def _draw_ranges(axes: Axes, ranges: Table) -> None:
    days = np.array(ranges["time"])
    low, middle, high = (np.array(ranges[name]) for name in ("p5", "p50", "p95"))
    axes.fill_between(days, low, high, color=COLOURS[0], alpha=0.18, linewidth=0)
    axes.plot(days, middle, color=COLOURS[0], linewidth=1.3)
    axes.set_ylabel(_label(ranges["output"][0], ranges["unit"][0]))
    axes.set_title(f"Median and 5-95 % range of {ranges['patients'][0]} patients")


def _draw_standing(axes: Axes, standing: Table) -> list[Artist]:
    """The shares one upon the other, for every standing that anybody has, and their handles from the top down."""
    handles, below = list[Artist](), np.zeros(len(set(standing["time"])))
    for name, colour in _STANDINGS.items():
        rows = [row for row, found in enumerate(standing["standing"]) if found == name]
        shares = np.array([standing["share"][row] or 0.0 for row in rows])
        if shares.any():
            days = np.array([standing["time"][row] for row in rows])
            style: dict[str, Any] = {"step": "post", "facecolor": colour, "edgecolor": "white", "linewidth": 0.6}
            axes.fill_between(days, below, below + shares, **style)
            handles.insert(0, Patch(facecolor=colour, label=name))
            below = below + shares
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("share of patients")
    axes.set_title("Where patients stand from each day on")
    return handles


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
    columns = max(1, int(figure.get_figwidth() * 72 // 165))
    figure.legend(
        handles=list(handles),
        title=plain(title, int(figure.get_figwidth() * 10)),
        title_fontproperties={"size": 10.5, "weight": "bold"},
        alignment="left",
        loc="outside upper left",
        ncols=columns,
        columnspacing=1.6,
        handlelength=2.6,
        borderpad=0.2,
    )


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
