"""Rows as the model predicts them, without fitting: each with a 90 % interval, and whether the number lies in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..engine.code.library import outline_of
from ..engine.functions import Vector
from ..engine.tolerances import DEFAULT, Tolerances
from ..errors import InferenceError, PkpdError, nearest
from ..model.outline import Outline
from ..parameters import Parameters, load_parameters
from ..studies.library import load_observations
from ..studies.observation import Course, Observation, Observations
from .rows.noise import Noise, from_link, observed_link
from .rows.predictor import Predictor, predictor
from .rows.sampling import Sampled, family, sampling

if TYPE_CHECKING:
    from ..model.declaration import Model
    from .uncertainty.draws import Draws

Z90 = 1.6448536269514722  # 5 % of a normal number lies beyond it
# On the link scale; below it nothing varies but rounding.
NARROWEST = 1e-6
BLOCK = 128  # vectors simulated at once
_HALVINGS = 40  # of a bracket of a few units, down to 1e-11


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row and what the model says of it, in the row's own unit.

    `predicted` is at the parameter set itself; `low90` and `high90` hold the draws and the spread between studies, None
    where nothing varies. `inside` is "yes" or "no": the number lies in the interval, a bound does not contradict it, or
    a range overlaps it; empty where that cannot be told. `log_error` is the natural log of observed over predicted, for
    a change in percent that of the two folds; None for anything but a value. `reason` says why something is missing.
    """

    observation: Observation
    predicted: float | None = None
    low90: float | None = None
    high90: float | None = None
    inside: str = ""
    log_error: float | None = None
    reason: str = ""


def predict(
    observations: Observations | str | Path | Sequence[str | Path],
    model: Model | str = "il2",
    parameters: Parameters | str | Path | None = None,
    draws: Draws | None = None,
    *,
    noise: Noise = Noise(),  # noqa: B008  a frozen value
    tolerances: Tolerances = DEFAULT,
) -> tuple[Prediction, ...]:
    """Every row of `observations`, in order, with its prediction; none is dropped, and a row that the model cannot
    answer carries the reason. Names and files of observations, one or several, and of `parameters` are read here.

    The interval is that of what was sampled (the mean of a study, or a patient), without the error of its measurement:
    draws of parameters, each with the spread of responses between studies (`noise`); rows of a single patient also have
    that between patients, counts that of their study's scale. A count without a stated baseline carries the spread of
    baselines between studies, and a row before any drug no spread of responses. Raises PkpdError for parameters or
    draws that are not the model's.
    """
    observations = _gathered(observations)
    shape = outline_of(model)
    base = _base(parameters, shape)
    names, values = _vectors(draws, base, shape)
    found: dict[int, Prediction] = {}
    groups: dict[int, list[int]] = {}
    for number, row in enumerate(observations.rows):
        if reason := _obstacle(row, observations.courses, shape):
            found[number] = Prediction(row, reason=reason)
        else:
            groups.setdefault(row.course, []).append(number)
    scales = dict(observations.count_scale)
    for own in groups.values():
        part = replace(observations, rows=tuple(observations.rows[n] for n in own))
        for number, answer in zip(own, _answers(part, model, base, names, values, tolerances), strict=True):
            row = observations.rows[number]
            if isinstance(answer, str):
                found[number] = Prediction(row, reason=answer)
            else:
                course = observations.courses[row.course]
                found[number] = _prediction(*answer, _spread(answer[0], course, noise, scales, shape))
    return tuple(found[k] for k in range(len(observations.rows)))


def _gathered(asked: Observations | str | Path | Sequence[str | Path]) -> Observations:
    """The observations themselves, or those of the studies and files named."""
    if isinstance(asked, Observations):
        return asked
    listed: object = [asked] if isinstance(asked, str | Path) else asked
    if not isinstance(listed, Sequence) or not all(isinstance(one, str | Path) for one in listed):
        raise InferenceError(f"rows to predict come from studies, files, or load_observations, not from {asked!r:.60}")
    return load_observations(*listed)


def _base(asked: Parameters | str | Path | None, shape: Outline) -> Parameters:
    """The whole set: what was given, itself or by name, completed from the model's own."""
    if asked is None:
        return shape.defaults
    return (load_parameters(asked) if isinstance(asked, str | Path) else asked).over(shape.defaults)


def _vectors(draws: Draws | None, base: Parameters, shape: Outline) -> tuple[tuple[str, ...], Vector]:
    """Names that vary, and their values: first those of the set, then the draws, each in its unit in the set."""
    if draws is None:
        return (), np.zeros((1, 0))
    declared = [d.name for d in shape.parameters]
    for name in draws.names:
        if name not in declared:
            raise InferenceError(
                f"{draws.origin}: model {shape.name} has no parameter '{name}'{nearest(name, declared)}"
            )
    values = draws.in_units_of(base)
    return tuple(draws.names), np.vstack([[base[name].value for name in draws.names], values])


def _obstacle(row: Observation, courses: Sequence[Course], shape: Outline) -> str:
    """Why a row cannot be predicted, before anything is simulated; empty where it can."""
    if row.reason or not 0 <= row.course < len(courses):
        return row.reason or "no regimen is given"
    try:
        sampling(courses[row.course], [row], shape)
    except PkpdError as error:
        return str(error).removeprefix(f"{row.origin}: ")
    return ""


def _answers(
    part: Observations,
    model: Model | str,
    base: Parameters,
    names: Sequence[str],
    values: Vector,
    tolerances: Tolerances,
) -> Iterator[tuple[Sampled, Vector, str] | str]:
    """For each row of one course its samples, the links of its prediction at each vector (NaN where there is none), and
    why some are missing; or the reason alone.
    """
    try:
        predicts = predictor(part, model, base, names, tolerances)
        links, failed = _links(predicts, values)
    except PkpdError as error:
        failed, reason = ((0, str(error)),), str(error)
    else:
        reason = dict(failed).get(0, "")
    if failed and len(part.rows) > 1:
        # one row without a number, such as the log of a zero, takes none of the others with it
        for row in part.rows:
            yield from _answers(replace(part, rows=(row,)), model, base, names, values, tolerances)
    elif reason:
        yield reason
    else:
        note = f"{len(failed)} of {len(values) - 1} draws could not be simulated: {failed[0][1]}" if failed else ""
        for sampled, column in zip(predicts.courses[0].sampling.sampled, links.T, strict=True):
            yield sampled, column, note


def _links(predicts: Predictor, values: Vector) -> tuple[Vector, tuple[tuple[int, str], ...]]:
    """`Predictor.many` in blocks, since the states of every vector at every sample are kept while it runs."""
    blocks = [(first, predicts.many(values[first : first + BLOCK])) for first in range(0, len(values), BLOCK)]
    failed = tuple((first + k, reason) for first, (_, some) in blocks for k, reason in some)
    return np.concatenate([links for _, (links, _) in blocks]), failed


def _spread(sampled: Sampled, course: Course, noise: Noise, count_scale: dict[str, float], shape: Outline) -> float:
    """SD on the link scale of what rows of this kind share, between studies and patients."""
    row, squares = sampled.observation, 0.0
    response = family(row.output)
    if sampled.drug:
        squares += noise.response(row.output) ** 2
        squares += noise.between_patients**2 if row.id else 0.0
        if sampled.counted:
            squares += count_scale.get(row.study, 0.0) ** 2
    baseline = f"{response}_baseline"
    stated = baseline in course.parameters and baseline in [d.name for d in shape.parameters]
    if row.form in ("count", "percent", "ratio") and not stated:
        squares += noise.baseline**2
    return math.sqrt(squares)


def _prediction(sampled: Sampled, links: Vector, note: str, spread: float) -> Prediction:
    """The row with its numbers; the first link is that of the set itself, the others those of the draws."""
    row, usable = sampled.observation, links[1:][np.isfinite(links[1:])]
    low, high = (quantile(usable if len(usable) else links[:1], spread, share) for share in (0.05, 0.95))
    center = float(links[0])
    predicted = Prediction(row, from_link(row.form, center), log_error=_log_error(row, center), reason=note)
    if high - low < NARROWEST:
        return replace(predicted, reason=note or "nothing varies here, so there is no interval")
    ends = from_link(row.form, low), from_link(row.form, high)
    return replace(predicted, low90=ends[0], high90=ends[1], inside=_inside(row, *ends))


def quantile(means: Vector, sd: float, share: float) -> float:
    """The quantile of an equal mixture of normal distributions with these means and one SD; for an SD of 0 that of the
    means themselves, and for a single mean the normal quantile, exactly.
    """
    z = Z90 if share == 0.95 else -Z90 if share == 0.05 else math.nan
    if math.isnan(z):
        raise InferenceError(f"a quantile at 0.05 or 0.95 can be told, not at {share:g}")
    if len(means) == 1 or sd == 0:
        return float(np.quantile(means, share)) + z * sd
    low, high = float(means.min()) + z * sd, float(means.max()) + z * sd
    scaled = means / (sd * math.sqrt(2))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        at = middle / (sd * math.sqrt(2))
        below = sum(map(math.erf, (at - scaled).tolist())) / len(means)
        low, high = (middle, high) if (1 + below) / 2 < share else (low, middle)
    return (low + high) / 2


def _inside(row: Observation, low: float, high: float) -> str:
    if row.bound == "range":
        told = None if row.low is None or row.high is None else row.low <= high and low <= row.high
    elif row.value is None or row.bound == "qualitative":
        told = None
    else:
        told = {">": high > row.value, "<": low < row.value}.get(row.bound, low <= row.value <= high)
    return "" if told is None else "yes" if told else "no"


def _log_error(row: Observation, link: float) -> float | None:
    if row.bound != "=" or row.value is None:
        return None
    if row.form == "percent":
        error = math.log(row.value / from_link("percent", link)) if row.value > 0 else -math.inf
    else:
        error = observed_link(row.form, row.value) - link
    return error if math.isfinite(error) else None
