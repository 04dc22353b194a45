"""The rows of a fit over time: what the fitted model says between them, course by course, as plain numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..engine.batch import Piece, simulate_piece
from ..engine.code.library import outline_of
from ..engine.functions import Vector
from ..engine.run import Rows
from ..model.outline import Outline
from ..studies.observation import Observation
from .fitted import Fitted
from .rows.noise import from_link, observed_link, standard_error
from .rows.sampling import Sampled, Sampling

MOST = 12  # courses shown
WITHIN = 1.959963984540054  # SDs of a normal number that hold 95 % of it
# points of a line: every hour where IL-2 is shown, else eight times a day, but no more than fit into a figure
PER_DAY, FEWEST, MOST_POINTS = 24, 200, 2000
# a change in percent is shown as the fold that it is
_KINDS = {"percent_change": "fold", "level": "count"}


@dataclass(frozen=True, slots=True)
class Mark:
    """One row: its window in days, its number, what the fit predicts for it (the highest of several visits holds their
    scatter, so it may lie above the line), where 1.96 of its own standard errors to each side end, all in the unit of
    its panel; its bound (=, < or >), and what it takes of its window (point, maximum, mean or trough).
    """

    day_from: float
    day_to: float
    value: float
    predicted: float
    low: float
    high: float
    bound: str
    timing: str


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One output of one course: `days` and `predicted` (in `unit`, at the fitted values) have shape (points,). `kind`
    is fold, count (also of a level), percent or ratio.
    """

    study: str
    arm: str
    regimen: str
    output: str
    kind: str
    unit: str
    days: Vector
    predicted: Vector
    marks: tuple[Mark, ...]


def courses(fitted: Fitted, most: int = MOST) -> tuple[tuple[Panel, ...], int]:
    """Panels of at most `most` courses, those with most rows first, and how many courses there are in all. Areas are
    left out, which have no day; so is a course that cannot be simulated.
    """
    found = [(c.sampling, c.numbers, c.moved, c.own, c.size) for c in fitted.objective.predictor.courses]
    shown = sorted(found, key=lambda one: -len(one[0].sampled))[:most]
    panels: list[Panel] = []
    for sampling, numbers, moved, own, size in shown:
        values = own.copy()
        for column, place in moved:
            values[place] = fitted.values[column] * fitted.objective.predictor.units[column]
        sizes = np.array([[np.nan if s is None else s for s in size]], dtype=float)
        panels += _panels(fitted, sampling, numbers, values, sizes)
    return tuple(panels), len(found)


def _panels(
    fitted: Fitted, sampling: Sampling, numbers: tuple[int, ...], own: Vector, sizes: Vector
) -> Iterator[Panel]:
    course, shape = sampling.course, outline_of(fitted.model)
    links = dict(zip(map(id, sampling.sampled), fitted.links[list(numbers)].tolist(), strict=True))
    rows = [s for s in sampling.sampled if s.observation.timing != "area"]
    if not rows:
        return
    rest = float(sampling.rows.times[0])
    days = _days(rest, [s.observation for s in rows])
    at = Rows(np.concatenate([[rest], days]), np.zeros(len(days) + 1, dtype=np.int64))
    tolerances = fitted.objective.predictor.tolerances
    piece = Piece(fitted.model, course.schedule, own[None, :], sizes, at, sampling.outputs, tolerances, course.study)
    found = simulate_piece(piece)
    if found.failures:
        return
    groups: dict[tuple[int, str], list[Sampled]] = {}
    for s in rows:
        groups.setdefault((s.output, _kind(s.observation)), []).append(s)
    for (output, kind), some in groups.items():
        series = found.values[0, sampling.outputs.index(output)]
        line, unit = _line(kind, series), _unit(kind, output, shape)
        marks = tuple(_mark(s, links[id(s)], fitted) for s in some)
        who = course.study, course.arm, course.regimen
        yield Panel(*who, shape.outputs[output].name, kind, unit, days, line, marks)


def _days(rest: float, rows: list[Observation]) -> Vector:
    first = min([0.0, rest, *(r.day_from for r in rows)])
    last = max(r.day_to for r in rows)
    last = last if last > first else first + 1
    count = int(np.clip((last - first) * PER_DAY, FEWEST, MOST_POINTS))
    return np.linspace(first, last, count + 1)


def _kind(row: Observation) -> str:
    return _KINDS.get(row.form, row.form)


def _unit(kind: str, output: int, shape: Outline) -> str:
    return {"fold": "fold of baseline", "ratio": "ratio", "percent": "%"}.get(kind, shape.outputs[output].unit)


def _line(kind: str, series: Vector) -> Vector:
    """The output after its first sample, which is at rest, as rows of this kind show it."""
    with np.errstate(all="ignore"):
        if kind == "fold":
            return np.asarray(series[1:] / series[0])
        return np.asarray(series[1:] / (100 - series[1:]) if kind == "ratio" else series[1:])


def _mark(sampled: Sampled, predicted: float, fitted: Fitted) -> Mark:
    row, form = sampled.observation, sampled.observation.form
    link, se = observed_link(form, row.value), standard_error(row, fitted.noise)[0]
    numbers = [from_link(form, at) for at in (link, predicted, link - WITHIN * se, link + WITHIN * se)]
    if form == "percent_change":
        numbers = [1 + number / 100 for number in numbers]
    elif form in ("count", "level"):
        numbers = [number / sampled.scale for number in numbers]
    return Mark(row.day_from, row.day_to, numbers[0], numbers[1], numbers[2], numbers[3], row.bound, row.timing)
