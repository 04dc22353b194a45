"""Every row of observations as the model predicts it, for many parameter vectors at once, and with derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from ...engine.batch import Piece, simulate_piece
from ...engine.code.library import outline_of
from ...engine.compile import bound_of, functions, own_vector
from ...engine.functions import Vector
from ...engine.native import NativeFunctions
from ...engine.sensitivity import Patient, forward
from ...engine.tolerances import DEFAULT, Stopped, Tolerances
from ...errors import ParameterError, SimulationError
from ...model.outline import Outline
from ...parameters import Parameters
from ...studies.observation import Observations
from ...units import coherent_factor, factor
from .sampling import Sampled, Sampling, reduce, samplings

if TYPE_CHECKING:
    from ...model.declaration import Model


# Share of a value to each side in central differences, and what stands for a value of 0.
SHARE, TINY = 1e-4, 1e-6


class Unsolved(Exception):
    """The model has no prediction at these values; says why."""


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """A sampling with its patient: parameters in the model's order and coherent units, and which of them follow the
    values tried (a value that the study states of its own patients does not).
    """

    sampling: Sampling
    numbers: tuple[int, ...]
    own: Vector
    moved: tuple[tuple[int, int], ...]
    size: tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Predictor:
    """Predicts `count` rows from values of the parameters `names`, each in its unit in the set."""

    model: Model | str
    names: tuple[str, ...]
    units: Vector
    count: int
    courses: tuple[_Course, ...]
    tolerances: Tolerances

    def many(self, values: Vector) -> tuple[Vector, tuple[tuple[int, str], ...]]:
        """Links of the predictions for each row of `values`, shape (vectors, rows); NaN for a vector that the model
        cannot simulate, with its number and the reason.
        """
        links = np.full((len(values), self.count), np.nan)
        failed: dict[int, str] = {}
        for course in self.courses:
            own = np.tile(course.own, (len(values), 1))
            for column, place in course.moved:
                own[:, place] = values[:, column] * self.units[column]
            sizes = np.tile(np.array([np.nan if s is None else s for s in course.size], dtype=float), (len(values), 1))
            s = course.sampling
            piece = Piece(self.model, s.course.schedule, own, sizes, s.rows, s.outputs, self.tolerances, s.course.study)
            found = simulate_piece(piece)
            failed.update({f.patient: f.reason for f in found.failures})
            for sampled, number in zip(s.sampled, course.numbers, strict=True):
                links[:, number] = link(sampled, found.values[:, s.outputs.index(sampled.output)])[0]
        known = [number for course in self.courses for number in course.numbers]
        for k in np.flatnonzero(~np.isfinite(links[:, known]).all(axis=1)).tolist():
            failed.setdefault(k, "a prediction is not a finite number, or has no logarithm (0 or less)")
        links[list(failed)] = np.nan
        return links, tuple(sorted(failed.items()))

    def one(self, values: Vector) -> Vector:
        """Links of the predictions at one vector of values, shape (rows,); Unsolved where there are none."""
        links, failed = self.many(values[None, :])
        if failed:
            raise Unsolved(failed[0][1])
        return np.asarray(links[0])

    def slopes(self, values: Vector) -> tuple[Vector, Vector]:
        """Links at one vector of values and their derivatives per unit of each, shapes (rows,) and (rows, names)."""
        links, slopes = np.zeros(self.count), np.zeros((self.count, len(self.names)))
        for course in self.courses:
            own = course.own.copy()
            for column, place in course.moved:
                own[place] = values[column] * self.units[column]
            try:
                if any(dose.steady_state for dose in course.sampling.course.schedule.doses):
                    _course_differences(self, course, values, links, slopes)
                else:
                    _course_slopes(self, course, own, links, slopes)
            except (ParameterError, SimulationError) as error:
                raise Unsolved(str(error)) from None
            except Stopped as stop:
                raise Unsolved(stop.reason) from None
        if not np.isfinite(links).all():
            raise Unsolved("a prediction is not a finite number, or has no logarithm (0 or less)")
        if not np.isfinite(slopes).all():
            raise Unsolved("a derivative is not a finite number")
        return links, slopes


def predictor(
    observations: Observations,
    model: Model | str,
    parameters: Parameters,
    names: Sequence[str],
    tolerances: Tolerances = DEFAULT,
) -> Predictor:
    """What predicts the rows of `observations` (each with a course) from `parameters` with `names` varied."""
    shape = outline_of(model)
    base = parameters.over(shape.defaults)
    declared = {d.name: d.unit for d in shape.parameters}
    units = [factor(base[n].unit, declared[n]) * coherent_factor(declared[n], shape.time) for n in names]
    courses = tuple(
        _course(found, numbers, shape, base, names)
        for found, numbers in samplings(observations.rows, observations.courses, shape)
    )
    return Predictor(model, tuple(names), np.array(units), len(observations.rows), courses, tolerances)


def _course(found: Sampling, numbers: Sequence[int], model: Outline, base: Parameters, names: Sequence[str]) -> _Course:
    """The patient of a course: what the study says of its own over the set, and the body size given."""
    course, declared = found.course, [d.name for d in model.parameters]
    said = Parameters(tuple(t for t in course.parameters.tables if t.name in declared), course.parameters.origin)
    full = said.over(base)
    own, size = np.array(own_vector(model, full)), list[float | None]()
    for name, unit, given in (("bsa", "m2", course.bsa), ("weight", "kg", course.weight)):
        size.append(given if given is not None else full[name].in_unit(unit) if name in full else None)
        if given is not None and name in declared:
            own[declared.index(name)] = given * coherent_factor(unit, model.time)
    moved = tuple((k, declared.index(n)) for k, n in enumerate(names) if n not in said)
    return _Course(found, tuple(numbers), own, moved, (size[0], size[1]))


def link(sampled: Sampled, series: Vector) -> tuple[Vector, Vector, Vector]:
    """The prediction on the scale where its error is normal, and its derivatives.

    `series` holds the output at all samples of the course, shape (..., samples), the first at rest. Returns the link
    (log of a count, a level, a fold or a ratio; logit of a percentage), its derivative by each of the row's own samples
    and by the value at rest.
    """
    form = sampled.observation.form
    own, rest = series[..., sampled.rows], series[..., 0]
    with np.errstate(all="ignore"):
        if form == "ratio":
            inner = 100.0 / (100.0 - own) ** 2  # derivative of p / (100 - p)
            number, weights = reduce(sampled, own / (100.0 - own))
            return np.log(number), weights * inner / number[..., None], np.zeros_like(number)
        number, weights = reduce(sampled, own)
        if form == "percent":
            slope = 100.0 / (number * (100.0 - number))
            return np.log(number / (100.0 - number)), weights * slope[..., None], np.zeros_like(number)
        if form in ("fold", "percent_change"):
            return np.log(number / rest), weights / number[..., None], -1.0 / rest
        return np.log(number * sampled.scale), weights / number[..., None], np.zeros_like(number)


def _course_slopes(self: Predictor, course: _Course, own: Vector, links: Vector, slopes: Vector) -> None:
    """Fill in the links and derivatives of the rows of one course."""
    code = cast(NativeFunctions, functions(self.model))
    s = course.sampling
    bound = bound_of(code, code.fixed(own.tolist()), Parameters((), s.course.study))
    patient = Patient(bound, own.tolist(), s.course.schedule, course.size)
    places = [place for _, place in course.moved] or [0]  # the values alone come along one parameter
    columns = [column for column, _ in course.moved]
    found = forward(self.model, patient, places, s.rows, s.outputs, self.tolerances)
    for sampled, number in zip(s.sampled, course.numbers, strict=True):
        j = s.outputs.index(sampled.output)
        value, by_sample, by_rest = link(sampled, found.values[:, j])
        links[number] = value
        with np.errstate(all="ignore"):
            slope = by_sample @ found.slopes[sampled.rows, j] + by_rest * found.slopes[0, j]
        slopes[number, columns] = slope[: len(columns)] * self.units[columns]


def _course_differences(self: Predictor, course: _Course, values: Vector, links: Vector, slopes: Vector) -> None:
    """The same by central differences in one batch, for steady-state records, which have no forward derivatives."""
    alone = replace(self, courses=(course,))
    columns, rows = [column for column, _ in course.moved], list(course.numbers)
    steps = np.maximum(np.abs(values[columns]), TINY) * SHARE
    moves = np.zeros((len(columns), len(values)))
    moves[np.arange(len(columns)), columns] = steps
    found, failed = alone.many(np.vstack([values[None, :], values + moves, values - moves]))
    if failed:
        raise Unsolved(failed[0][1])
    up, down = np.split(found[1:], 2)
    links[rows] = found[0, rows]
    slopes[np.ix_(rows, columns)] = ((up - down) / (2 * steps[:, None])).T[rows]
