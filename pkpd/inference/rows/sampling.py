"""What a row of observations samples: at which times of its course, and how those samples become one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...engine.functions import Vector
from ...engine.plan import Whole
from ...engine.run import Rows
from ...errors import InferenceError, UnitError, nearest
from ...model.outline import Named, Outline
from ...studies.observation import Course, Observation
from ...units import factor, same_dimension
from .extremes import expected_extreme

# IL-2 rises and falls within hours of each dose, cells within days: so often is a window without visits sampled.
PER_DAY_IL2, PER_DAY = 48, 1
MOST_SAMPLES = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """One row with its samples: `rows` number them among those of the course, `output` among the model's outputs.

    The prediction in the row's unit is `scale` times the reduced samples; `drug` tells whether any was given before
    the end of the window, so that there can be a response, and `counted` whether the output is a count of cells or its
    fold, which a whole parent population moves; `stated` whether the study says what the level is without drug.
    """

    observation: Observation
    output: int
    rows: Whole
    times: Vector
    scale: float
    drug: bool
    counted: bool = False
    stated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Sampling:
    """All rows of one course: `rows` is what is simulated, its first row the rest before any dose."""

    course: Course
    rows: Rows
    outputs: tuple[int, ...]
    sampled: tuple[Sampled, ...]


def sampling(course: Course, observations: Sequence[Observation], model: Outline) -> Sampling:
    """Times and outputs that the rows of one course need; InferenceError for a row that the model cannot answer."""
    doses = [float(d.time) for d in course.schedule.doses if d.status != "missed"]
    rest = min([0.0, *doses])
    points: dict[tuple[float, int], int] = {(rest, 0): 0}
    sampled = []
    for row in observations:
        output = _output(row, model)
        times = _times(row, output)
        numbers = [points.setdefault((t, int(row.side == "post")), len(points)) for t in times.tolist()]
        given = any(d < row.day_to or (d == row.day_to and row.side == "post") for d in doses)
        k = [o.name for o in model.outputs].index(output.name)
        counted = _is_count(output, model)
        stated = f"{family(output.name)}_baseline" in course.parameters
        sampled.append(Sampled(row, k, np.array(numbers), times, _scale(row, output), given, counted, stated))
    asked = np.array(list(points), dtype=float).reshape(-1, 2)
    rows = Rows(asked[:, 0], asked[:, 1].astype(np.int64))
    return Sampling(course, rows, tuple(sorted({s.output for s in sampled})), tuple(sampled))


# Outputs that show one response in other words share their shift.
_FAMILIES = {"treg_percent_cd4": "treg", "nk_percent_lymphocytes": "nk", "il2_iu_per_ml": "il2"}


def family(output: str) -> str:
    """The response that an output shows: `treg` for the count, its fold and the percentage."""
    return _FAMILIES.get(output, output.removesuffix("_fold"))


def _is_count(output: Named, model: Outline) -> bool:
    units = {o.name: o.unit for o in model.outputs}
    return same_dimension(units.get(output.name.removesuffix("_fold"), output.unit), "cells/uL")


def _output(row: Observation, model: Outline) -> Named:
    for output in model.outputs:
        if output.name == row.output:
            break
    else:
        names = [o.name for o in model.outputs]
        raise InferenceError(
            f"{row.origin}: model {model.name} has no output '{row.output}'{nearest(row.output, names)}"
        )
    if row.form in ("percent", "ratio") and output.unit != "%":
        raise InferenceError(
            f"{row.origin}: form {row.form} needs an output that is a percentage, and {output.name} is in {output.unit}"
        )
    return output


def _times(row: Observation, output: Named) -> Vector:
    """Days at which the row samples; a window without visits is sampled every day, IL-2 every half hour."""
    if row.visits:
        return np.array(row.visits)
    if row.day_to <= row.day_from:
        return np.array([row.day_from])
    fast = same_dimension(output.unit, "pM") or same_dimension(output.unit, "IU/mL")
    count = max(1, round((row.day_to - row.day_from) * (PER_DAY_IL2 if fast else PER_DAY)))
    if count > MOST_SAMPLES:
        raise InferenceError(f"{row.origin}: the window from day {row.day_from:g} to {row.day_to:g} is too long")
    return np.linspace(row.day_from, row.day_to, count + 1)


def _scale(row: Observation, output: Named) -> float:
    """From the output's unit (times days for an area) to the row's; a fold or a percentage has no unit to convert."""
    if row.form not in ("count", "level") or not row.unit:
        return 1.0
    own = f"{output.unit}*d" if row.timing == "area" else output.unit
    try:
        return factor(own, row.unit)
    except UnitError:
        raise InferenceError(
            f"{row.origin}: {row.output} is in {own}, and '{row.unit}' does not convert to it"
        ) from None


def reduce(sampled: Sampled, series: Vector) -> tuple[Vector, Vector]:
    """The number a row makes of its samples, and the weight of each in it.

    `series` has shape (..., samples); the weights have the same shape and are the derivative of the number, which is
    their sum over the samples. An extreme over named visits of a cell count, a percentage or a fold holds what the
    noise of the visits adds to it.
    """
    timing, weights = sampled.observation.timing, np.zeros_like(series)
    if timing in ("maximum", "trough") and len(sampled.observation.visits) > 1 and sampled.observation.form != "level":
        return expected_extreme(series, 1 if timing == "maximum" else -1)
    if timing in ("maximum", "trough"):
        at = series.argmax(axis=-1) if timing == "maximum" else series.argmin(axis=-1)
        np.put_along_axis(weights, at[..., None], 1.0, axis=-1)
    elif timing == "area":
        width = np.diff(sampled.times)
        weights[..., :-1] += width / 2
        weights[..., 1:] += width / 2
    else:
        weights[:] = 1.0 / series.shape[-1]
    return np.asarray((weights * series).sum(axis=-1)), weights


def samplings(
    observations: Sequence[Observation], courses: Sequence[Course], model: Outline
) -> list[tuple[Sampling, list[int]]]:
    """One sampling a course that has rows, with the numbers of those rows; InferenceError for a row without one."""
    groups: dict[int, list[int]] = {}
    for number, row in enumerate(observations):
        if not 0 <= row.course < len(courses):
            raise InferenceError(f"{row.origin}: the row cannot be predicted: {row.reason or 'it has no course'}")
        groups.setdefault(row.course, []).append(number)
    return [(sampling(courses[k], [observations[i] for i in own], model), own) for k, own in groups.items()]
