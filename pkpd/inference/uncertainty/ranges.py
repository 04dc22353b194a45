"""The range of a prediction that rows and priors allow: its profile likelihood, from fits that pull it up and down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...engine.functions import Vector
from ...errors import InferenceError
from ...studies.observation import Observation, Observations
from ..fitted import Fitted
from ..rows.noise import from_link
from ..rows.predictor import Predictor, Unsolved, predictor
from ..search.minimise import Problem, minimise

RISE = 3.841458820694124  # of -2 log likelihood: the 95 % point of chi-squared with one degree of freedom
STEP = 0.08  # of the link between neighbouring fits: about 8 % of a fold
HOLD = 0.005  # how closely each fit holds the prediction at its target, on the link scale
CLOSE = 1e-6  # nearer than this, a fit that cannot reach its target has got no further
MOST = 40


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """Values of a prediction, in the row's unit and ascending, with the `rise` in cost that each takes.

    `low` and `high` are where the rise crosses 3.84, None where the walk ended before.
    """

    observation: Observation
    best: float
    values: Vector
    rises: Vector
    low: float | None
    high: float | None


def prediction_range(fitted: Fitted, rows: Observations) -> tuple[Range, ...]:
    """The 95 % profile-likelihood range of each row of `rows` under the rows and priors of a fit.

    The rows need no value of their own. It is the range that the fit's evidence leaves to the course of the mean, so
    it holds no spread between studies or patients. Raises InferenceError for a row that the model cannot answer.
    """
    base = fitted.base
    targets = predictor(rows, fitted.model, base, fitted.names, fitted.objective.predictor.tolerances)
    try:
        targets.one(fitted.values)
    except Unsolved as reason:
        raise InferenceError(f"the rows cannot be predicted at the fitted values: {reason}") from None
    return tuple(_range(fitted, targets, k, row) for k, row in enumerate(rows.rows))


def _range(fitted: Fitted, targets: Predictor, k: int, row: Observation) -> Range:
    here = float(targets.one(fitted.values)[k])
    found = {here: 0.0}
    ends: dict[int, float | None] = {}
    for way in (-1, 1):
        x, before = np.array(fitted.x), (here, 0.0)
        ends[way] = None
        for step in range(1, MOST + 1):
            target = here + way * STEP * step
            x, cost, reached = _held(fitted, targets, k, target, x)
            rise = cost - fitted.cost
            # a target beyond all that the parameters can do is not reached, and the walk ends where it gets no further;
            # one that rows hold fast is not reached either, but the point lies on the profile all the same
            if abs(reached - target) > 4 * HOLD and way * (reached - before[0]) < CLOSE:
                break
            found[reached] = rise
            if rise > RISE:
                share = (np.sqrt(RISE) - np.sqrt(max(before[1], 0.0))) / (np.sqrt(rise) - np.sqrt(max(before[1], 0.0)))
                ends[way] = from_link(row.form, before[0] + share * (reached - before[0]))
                break
            before = (reached, rise)
    links = sorted(found)
    values = np.array([from_link(row.form, v) for v in links])
    return Range(row, from_link(row.form, here), values, np.array([found[v] for v in links]), ends[-1], ends[1])


def _held(fitted: Fitted, targets: Predictor, k: int, target: float, start: Vector) -> tuple[Vector, float, float]:
    """The best x with the prediction held at a target: x, its cost without the hold, and the prediction reached."""
    own, c = fitted.objective, fitted.coordinates

    def residuals(x: Vector) -> Vector:
        try:
            apart = (float(targets.one(c.to_values(x))[k]) - target) / HOLD
        except Unsolved:
            apart = 1e3
        return np.append(own.residuals(x), apart)

    def jacobian(x: Vector) -> Vector:
        try:
            slope = targets.slopes(c.to_values(x))[1][k] * c.slopes(x) / HOLD
        except Unsolved:
            slope = np.zeros(len(x))
        return np.vstack([own.jacobian(x), slope])

    found = minimise(Problem(c.names, c.low, c.high, residuals, jacobian, 1e-6), start)
    # the start can be simulated, and nothing that cannot costs less
    links = targets.one(c.to_values(found.x))
    return found.x, float((own.residuals(found.x) ** 2).sum()), float(links[k])


def asked(study: Observations, output: str, form: str, days: Sequence[float], arm: str) -> Observations:
    """Rows without a value, one a day, for an output in an arm of a study."""
    course = next((k for k, c in enumerate(study.courses) if c.arm == arm), None)
    if course is None:
        raise InferenceError(f"there is no arm '{arm}' with a regimen")
    own = study.courses[course]
    blank = Observation(own.study, output, form, None, arm=arm, course=course, role="check")
    rows = tuple(replace(blank, day_from=float(d), day_to=float(d), origin=f"day {d:g}") for d in days)
    return Observations(rows, study.courses, study.count_scale, study.origin)
