"""Figures of a fit: predictions against observations, starts, intervals beside priors, correlations, profiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from ...inference.courses import courses
from ...inference.fitted import SAME, Fitted
from ...inference.uncertainty.profiles import Profile
from ..report.fit_rows import WITHIN, Judged, fixed, judged
from .courses import courses_figure
from .labels import pretty
from .style import COLOURS, INK, QUIET, SHADE, Vector, drawing, new_figure, plain

MARKS = "osD^vPX"
# -2 log likelihood rises by this much at the ends of a 95 % interval of one parameter.
RISE = 3.841458820694124
_FORMS = {
    "fold": "fold of baseline",
    "count": "count",
    "level": "level",
    "percent": "percent",
    "ratio": "ratio",
}


def fit_figures(fitted: Fitted, profiles: Sequence[Profile] = ()) -> dict[str, Figure]:
    """Every figure of a fit by name; courses only where one can be drawn, correlations only where two parameters have
    an interval.
    """
    found = {
        "predicted_observed": predicted_figure(fitted),
        "parameters": intervals_figure(fitted),
        "starts": waterfall_figure(fitted),
    }
    panels, count = courses(fitted)
    if panels:
        found["courses"] = courses_figure(panels, count)
    if np.isfinite(fitted.information.se).sum() > 1:
        found["correlations"] = correlation_figure(fitted)
    if profiles:
        found["profiles"] = profiles_figure(profiles)
    return found


@drawing()
def predicted_figure(fitted: Fitted) -> Figure:
    """Predicted against observed numbers on log axes, one panel a form, with identity and twofold lines; triangles
    point to where a bound says that the number lies.
    """
    rows = judged(fitted)
    shown = [form for form in _FORMS if any(_form(j) == form for j in rows)]
    figure = new_figure(1.5 + 3.0 * len(shown), 3.9)
    studies = list(dict.fromkeys(j.row.study for j in rows))
    for axes, form in zip(np.atleast_1d(figure.subplots(1, len(shown))), shown, strict=True):
        _draw_form(axes, [j for j in rows if _form(j) == form], studies, _FORMS[form])
    handles = {label: h for axes in figure.axes for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(list(handles.values()), [plain(label, 28) for label in handles], loc="outside right upper")
    return figure


def _form(one: Judged) -> str:
    """A percent change is drawn as the fold that it is."""
    return "fold" if one.row.form == "percent_change" else one.row.form


def _on_axis(one: Judged, value: float | None) -> float:
    known = np.nan if value is None else value
    return 1 + known / 100 if one.row.form == "percent_change" else known


def _draw_form(axes: Axes, rows: Sequence[Judged], studies: Sequence[str], name: str) -> None:
    ends = [v for j in rows for v in (_on_axis(j, j.row.value), _on_axis(j, j.predicted)) if v > 0]
    line = np.array([min(ends) / 2.2, max(ends) * 2.2])
    axes.fill_between(line, line / 2, line * 2, color=SHADE, linewidth=0, label="within 2-fold")
    axes.plot(line, line, color=QUIET, linewidth=0.8, label="identity")
    for number, study in enumerate(studies):
        own = [j for j in rows if j.row.study == study]
        for bound, mark in (("=", MARKS[number // len(COLOURS) % len(MARKS)]), (">", ">"), ("<", "<")):
            some = [j for j in own if j.row.bound == bound]
            if some:
                x, y = [_on_axis(j, j.row.value) for j in some], [_on_axis(j, j.predicted) for j in some]
                label = study if bound == "=" else f"{study} ({bound} bound)"
                colour = COLOURS[number % len(COLOURS)]
                axes.plot(x, y, linestyle="", marker=mark, markersize=5, color=colour, alpha=0.85, label=label)
    axes.set(xscale="log", yscale="log", xlim=line, ylim=line, xlabel="observed", ylabel="predicted", title=name)
    axes.set_aspect("equal")
    for way in ("x", "y"):
        _log_ticks(axes, way, line[1] / line[0])


def _log_ticks(axes: Axes, way: str, ratio: float) -> None:
    """Ticks in plain numbers, since mathematical text is switched off; few where the axis is long."""
    axis = axes.xaxis if way == "x" else axes.yaxis
    steps = (1.0, 2.0, 5.0) if ratio < 300 else (1.0,)
    axis.set_major_locator(LogLocator(10, subs=steps, numticks=12))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


@drawing()
def waterfall_figure(fitted: Fitted) -> Figure:
    """Costs of the starts above the best, from the best to the worst."""
    costs = np.array([one.cost for one in fitted.search.found])
    figure = new_figure(5.0, 2.8)
    axes = figure.subplots()
    axes.plot(np.arange(1, len(costs) + 1), costs, marker="o", markersize=4, color=COLOURS[0], linewidth=0.8)
    axes.set(xlabel="start, from the best", ylabel="sum of squares", title="Starts")
    axes.set_xlim(0.5, len(costs) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.ticklabel_format(axis="y", useOffset=False)
    if np.isfinite(costs).all() and costs.min() > 0 and costs.max() > 100 * costs.min():
        axes.set_yscale("log")
        _log_ticks(axes, "y", float(costs.max() / costs.min()))
    elif np.isfinite(costs).all() and np.ptp(costs) < SAME:
        # Starts that found the same minimum differ by rounding, which an axis of its own would show as a slope.
        middle = float(costs.mean())
        axes.set_ylim(middle - SAME / 2, middle + SAME / 2)
    return figure


@drawing()
def intervals_figure(fitted: Fitted) -> Figure:
    """Each parameter's value, start and 95 % interval between its bounds, above the prior's interval in grey."""
    c = fitted.coordinates
    figure = new_figure(6.5, 1.3 + 0.34 * len(c.tables))
    axes = figure.subplots()
    low, high = (_share(fitted, c.centre + way * c.sd) for way in (-WITHIN, WITHIN))
    rows = np.arange(len(c.tables))[::-1]
    se = np.minimum(fitted.information.se, c.high - c.low)
    ends = [np.clip(_share(fitted, fitted.x + way * se), 0, 1) for way in (-WITHIN, WITHIN)]
    axes.hlines(rows - 0.16, np.clip(low, 0, 1), np.clip(high, 0, 1), color="#AAAAAA", linewidth=4, label="prior, 95 %")
    axes.hlines(rows + 0.1, ends[0], ends[1], color=COLOURS[0], linewidth=2, label="fit, 95 %")
    axes.plot(_share(fitted, fitted.x), rows + 0.1, "o", markersize=5, color=COLOURS[0], label="fitted")
    axes.plot(_share(fitted, c.start), rows + 0.1, "|", markersize=9, color=COLOURS[1], label="start")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.7, len(rows) - 0.3), title="Parameters between their bounds")
    axes.set_yticks(rows, [_with_bounds(t.name, t.bounds, t.unit) for t in c.tables])
    axes.set_xticks([0, 1], ["lower bound", "upper bound"])
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def _share(fitted: Fitted, x: Vector) -> Vector:
    """Where coordinates lie between the bounds: 0 at the lower, 1 at the upper."""
    c = fitted.coordinates
    return (x - c.low) / (c.high - c.low)


def _with_bounds(name: str, bounds: tuple[float, float], unit: str) -> str:
    shown = "" if unit == "1" else f" {pretty(unit)}"
    return f"{plain(name, 40)}\n{bounds[0]:.3g} to {bounds[1]:.3g}{shown}"


@drawing()
def correlation_figure(fitted: Fitted) -> Figure:
    """Correlations of the parameters that have an interval, as a map with the numbers in it."""
    kept = np.flatnonzero(np.isfinite(fitted.information.se))
    whole = fitted.information.correlation[np.ix_(kept, kept)]
    names = [plain(fitted.names[k], 40) for k in kept]
    size = 2.4 + 0.42 * len(names)
    figure = new_figure(size + 0.6, size)
    axes = figure.subplots()
    colours = axes.imshow(whole, vmin=-1, vmax=1, cmap="RdBu_r")
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    for j, k in np.ndindex(whole.shape) if len(names) <= 16 else ():
        ink = "white" if abs(whole[j, k]) > 0.6 else INK
        axes.text(k, j, fixed(float(whole[j, k]), 2), ha="center", va="center", fontsize=6.5, color=ink)
    axes.set_title("Correlations of the estimates")
    figure.colorbar(colours, ax=axes, shrink=0.7, label="correlation")
    return figure


@drawing()
def profiles_figure(profiles: Sequence[Profile]) -> Figure:
    """One panel a parameter: the sum of squares with all others fitted again, above its least; the line is where the
    95 % interval ends.
    """
    columns = min(3, len(profiles))
    lines = -(-len(profiles) // columns)
    figure = new_figure(1.0 + 2.3 * columns, 0.6 + 2.0 * lines)
    panels = np.atleast_1d(figure.subplots(lines, columns)).ravel()
    for axes, profile in zip(panels, profiles, strict=False):
        _draw_profile(axes, profile)
    for axes in panels[len(profiles) :]:
        axes.set_axis_off()
    return figure


def _draw_profile(axes: Axes, profile: Profile) -> None:
    values = profile.values
    axes.axhline(RISE, color=QUIET, linewidth=0.8, linestyle="--")
    axes.plot(values, profile.costs, marker=".", markersize=4, color=COLOURS[0], linewidth=1)
    for end in (profile.low, profile.high):
        if end is not None:
            axes.axvline(end, color=COLOURS[1], linewidth=0.8)
    unit = "" if profile.unit == "1" else f" ({pretty(profile.unit)})"
    axes.set(title=plain(profile.name, 30), xlabel=f"value{unit}", ylabel="rise of cost", ylim=(-0.2, 3 * RISE))
    if values.min() > 0 and values.max() > 3 * values.min():
        axes.set_xscale("log")
        _log_ticks(axes, "x", float(values.max() / values.min()))
