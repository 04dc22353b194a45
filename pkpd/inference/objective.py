"""What a fit minimises: residuals of rows and priors, with derivatives; a failed solve costs a finite sum."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from ..engine.functions import Vector
from ..engine.tolerances import DEFAULT, Tolerances
from ..errors import InferenceError
from ..parameters import Parameters
from ..studies.observation import Observation, Observations
from .coordinates import Coordinates
from .rows.likelihood import Likelihood, likelihood
from .rows.noise import Noise
from .rows.predictor import Predictor, Unsolved, predictor
from .rows.sampling import Sampled
from .search.minimise import Problem

if TYPE_CHECKING:
    from ..model.declaration import Model

# Each residual of a vector that cannot be simulated; its square exceeds that of any row that a fit could keep.
PENALTY = 1e3
MOST_LOGGED = 20
# Where a search ends: residuals of solutions with relative tolerance 1e-6 tell no more.
CLOSE = 1e-9


@dataclass(slots=True, eq=False)
class FailedSolves:
    """How many parameter vectors could not be simulated, and why the first of them."""

    count: int = 0
    reasons: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, reason: str) -> None:
        """Note one; starts on several threads share the log."""
        with self._lock:
            self.count += 1
            if len(self.reasons) < MOST_LOGGED:
                self.reasons.append(reason)


@dataclass(frozen=True, slots=True, eq=False)
class Objective:
    """Rows, what predicts them and how well, over the coordinates of the varied parameters."""

    observations: Observations
    coordinates: Coordinates
    predictor: Predictor
    likelihood: Likelihood
    sampled: tuple[Sampled, ...]
    failed: FailedSolves = field(default_factory=FailedSolves)

    @property
    def rows(self) -> tuple[Observation, ...]:
        """The rows, in the order of predictions."""
        return self.observations.rows

    def residuals(self, x: Vector) -> Vector:
        """Residuals of the data, then of the priors; finite always."""
        try:
            data = self.likelihood.residuals(self.predictor.one(self.coordinates.to_values(x)))
        except Unsolved as reason:
            self.failed.add(str(reason))
            data = np.full(self.likelihood.count, PENALTY)
        return np.concatenate([data, self.prior_residuals(x)])

    def jacobian(self, x: Vector) -> Vector:
        """Derivatives of the residuals by x; zero in the data where the model cannot be simulated."""
        c = self.coordinates
        try:
            links, slopes = self.predictor.slopes(c.to_values(x))
            data = self.likelihood.jacobian(links, slopes * c.slopes(x))
        except Unsolved as reason:
            self.failed.add(str(reason))
            data = np.zeros((self.likelihood.count, len(x)))
        has = np.isfinite(c.sd)
        return np.vstack([data, np.diag(1 / np.where(has, c.sd, 1.0))[has]])

    def prior_residuals(self, x: Vector) -> Vector:
        """One residual for each parameter with a prior, shape (..., priors)."""
        has = np.isfinite(self.coordinates.sd)
        return np.asarray(((x - self.coordinates.centre) / self.coordinates.sd)[..., has])

    def cost_many(self, x: Vector) -> Vector:
        """Sum of squares at many x, shape (vectors, names); inf where the model cannot be simulated."""
        links, failed = self.predictor.many(self.coordinates.to_values(x))
        with np.errstate(invalid="ignore"):
            cost = (self.likelihood.residuals(links) ** 2).sum(axis=-1) + (self.prior_residuals(x) ** 2).sum(axis=-1)
        cost[[k for k, _ in failed]] = np.inf
        return np.asarray(cost)

    def obstacle(self, x: Vector) -> str:
        """Why the model cannot be simulated at x; empty where it can."""
        try:
            self.predictor.one(self.coordinates.to_values(x))
        except Unsolved as reason:
            return str(reason)
        return ""

    @property
    def problem(self) -> Problem:
        """The same as a least-squares problem."""
        c = self.coordinates
        return Problem(c.names, c.low, c.high, self.residuals, self.jacobian, CLOSE)


def objective(
    observations: Observations,
    model: Model | str,
    parameters: Parameters,
    coordinates: Coordinates,
    noise: Noise,
    tolerances: Tolerances = DEFAULT,
) -> Objective:
    """The objective of rows that all have a course and a number; PkpdError for a row that the model cannot answer."""
    if not observations.rows:
        raise InferenceError(f"{observations.origin or 'the data'} hold no row that can be fitted")
    predicts = predictor(observations, model, parameters, coordinates.names, tolerances)
    sampled = in_order(predicts)
    return Objective(
        observations, coordinates, predicts, likelihood(sampled, noise, dict(observations.count_scale)), sampled
    )


def in_order(predicts: Predictor) -> tuple[Sampled, ...]:
    """Every row with its samples, in the order of the predictions."""
    found = {n: s for c in predicts.courses for n, s in zip(c.numbers, c.sampling.sampled, strict=True)}
    return tuple(found[k] for k in range(predicts.count))
