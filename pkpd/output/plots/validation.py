"""Predicted against observed: every row with a number, by the kind of number it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...errors import SimulationError
from .style import INK, QUIET, drawing, new_figure

if TYPE_CHECKING:
    from ...inference.prediction import Prediction

HIT, MISS, UNTOLD = "#0072B2", "#D55E00", "#666666"
# bounds point where the number lies
MARKS = {"=": "o", ">": "^", "<": "v"}
PANELS = {
    "folds and changes in percent, as fold of the baseline": ("fold", "percent_change"),
    "counts and levels, each in its own unit": ("count", "level"),
    "percentages and ratios": ("percent", "ratio"),
}


@drawing()
def validation_figure(predictions: Sequence[Prediction]) -> Figure:
    """A panel for each kind of number there is, on log axes, with the 90 % interval and the line of equality;
    SimulationError where no row has both a positive number and a prediction.
    """
    panels = {
        title: [p for p in predictions if drawable(p) and p.observation.form in forms]
        for title, forms in PANELS.items()
    }
    used = {title: rows for title, rows in panels.items() if rows}
    if not used:
        raise SimulationError("a figure of predictions was asked for, but no row has a number and a prediction")
    figure = new_figure(0.6 + 3.4 * len(used), 4.1)
    for axes, (title, rows) in zip(figure.subplots(1, len(used), squeeze=False).flat, used.items(), strict=True):
        _draw(axes, rows)
        axes.set_title(title, fontsize=7.5)
    figure.legend(handles=_handles(predictions), loc="outside upper left", ncols=3)
    return figure


def _draw(axes: Axes, rows: Sequence[Prediction]) -> None:
    ends: list[float] = []
    for p in rows:
        x, y = _fold(p, p.observation.value), _fold(p, p.predicted)
        low, high = (_fold(p, end) if end is not None else y for end in (p.low90, p.high90))
        colour = {"yes": HIT, "no": MISS}.get(p.inside, UNTOLD)
        axes.plot([x, x], [max(low, 1e-3 * y), high], color=colour, linewidth=0.8, zorder=2)
        axes.plot([x], [y], color=colour, marker=MARKS[p.observation.bound], markersize=4, linestyle="", zorder=3)
        ends += [x, y, max(low, 1e-3 * y), high]
    first, last = min(ends) / 1.3, max(ends) * 1.3
    axes.plot([first, last], [first, last], color=INK, linewidth=0.7, zorder=1)
    axes.set(xscale="log", yscale="log", xlim=(first, last), ylim=(first, last), xlabel="observed", ylabel="predicted")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.set_minor_formatter(lambda value, _: "")
    axes.set_aspect("equal")


def drawable(p: Prediction) -> bool:
    """Whether a row can be drawn on log axes: it has a number, a prediction, and both are above 0."""
    row = p.observation
    if row.bound not in MARKS or row.value is None or p.predicted is None:
        return False
    return _fold(p, row.value) > 0 and _fold(p, p.predicted) > 0


def _fold(p: Prediction, value: float | None) -> float:
    number = 0.0 if value is None else value
    return 1 + number / 100 if p.observation.form == "percent_change" else number


def _handles(predictions: Sequence[Prediction]) -> list[Line2D]:
    told = {"yes": ("inside the 90 % interval", HIT), "no": ("outside", MISS), "": ("without interval", UNTOLD)}
    drawn = [p for p in predictions if drawable(p)]
    dot: dict[str, Any] = {"marker": "o", "markersize": 4, "linestyle": ""}
    handles = [
        Line2D([], [], color=colour, label=label, **dot)
        for inside, (label, colour) in told.items()
        if any(p.inside == inside for p in drawn)
    ]
    for bound, label in ((">", "observed: at least"), ("<", "observed: at most")):
        if any(p.observation.bound == bound for p in drawn):
            handles.append(Line2D([], [], color=QUIET, label=label, **dot | {"marker": MARKS[bound]}))
    return [*handles, Line2D([], [], color=INK, linewidth=0.7, label="equal")]
