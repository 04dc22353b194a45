"""How well predictions explain the observed rows: a sum of squares, with bounds as censored probabilities.

Rows of a study are correlated through the shifts they share (`noise`), which are integrated out. A bound (">", "<") is
the probability that the number lies beyond it, given the rows of the same study that have a value; two bounds in one
study are taken as independent given those, which is exact when they share no shift: different responses, and no shift
of all counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import log_ndtr

from ...engine.functions import Vector
from ...engine.plan import Whole
from ...errors import InferenceError
from .noise import Noise, covariance, observed_link
from .sampling import Sampled

# The covariance of this many rows takes 800 MB, and a few of its size are needed at once.
MOST_ROWS = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """Rows with a value (`equal`) and with a bound (`bounded`), numbered as the predictions are.

    `observed` holds links; `root` is the Cholesky factor of the covariance of the rows with a value and `whiten` its
    inverse; `pull` and `sd` give a bounded row's mean shift and SD once those are known, `sign` is 1 for ">" and -1
    for "<".
    """

    equal: Whole
    bounded: Whole
    observed: Vector
    whiten: Vector
    root: Vector
    pull: Vector
    sd: Vector
    sign: Vector
    log_determinant: float

    @property
    def count(self) -> int:
        """Rows that inform: residuals of the data."""
        return len(self.equal) + len(self.bounded)

    def residuals(self, links: Vector) -> Vector:
        """Residuals whose sum of squares is -2 log likelihood up to a constant, shape (..., rows)."""
        apart = self.observed[self.equal] - links[..., self.equal]
        white = apart @ self.whiten.T
        if not len(self.bounded):
            return white
        return np.concatenate([white, _root(self._beyond(links, apart))[0]], axis=-1)

    def jacobian(self, links: Vector, slopes: Vector) -> Vector:
        """Derivatives of the residuals, from derivatives of the links (rows, parameters)."""
        apart = self.observed[self.equal] - links[self.equal]
        moved = -slopes[self.equal]
        white = self.whiten @ moved
        if not len(self.bounded):
            return white
        inner = (slopes[self.bounded] + self.pull @ moved) * (self.sign / self.sd)[:, None]
        return np.vstack([white, _root(self._beyond(links, apart))[1][:, None] * inner])

    def deviance(self, links: Vector) -> Vector:
        """-2 log likelihood, all constants included, shape (...)."""
        constant = self.log_determinant + len(self.equal) * np.log(2 * np.pi)
        return np.asarray((self.residuals(links) ** 2).sum(axis=-1) + constant)

    def _beyond(self, links: Vector, apart: Vector) -> Vector:
        """How many SDs the predicted number lies beyond its bound."""
        mean = links[..., self.bounded] + apart @ self.pull.T
        return self.sign * (mean - self.observed[self.bounded]) / self.sd


def likelihood(sampled: Sequence[Sampled], noise: Noise, count_scale: dict[str, float]) -> Likelihood:
    """The likelihood of the rows, in the order of the predictions; InferenceError when none has a usable number."""
    rows = [s.observation for s in sampled]
    observed = np.array([observed_link(r.form, r.value) for r in rows])
    bounded = np.flatnonzero([r.bound in (">", "<") for r in rows])
    equal = np.flatnonzero([r.bound == "=" for r in rows])
    for k in np.flatnonzero(~np.isfinite(observed)).tolist():
        scale = "logit" if rows[k].form == "percent" else "log"
        raise InferenceError(
            f"{rows[k].origin}: {rows[k].form} {rows[k].value} has no finite {scale}; "
            "give it as a bound, such as < the limit of the assay"
        )
    if not len(observed):
        raise InferenceError("there are no observations to fit")
    if len(observed) > MOST_ROWS:
        raise InferenceError(
            f"{len(observed)} rows were given, and {MOST_ROWS} at most can be fitted at once, since each may be "
            "correlated with each; give means over patients, or fewer visits"
        )
    whole = covariance(sampled, noise, count_scale)
    try:
        root = np.asarray(np.linalg.cholesky(whole[np.ix_(equal, equal)]), dtype=float)
    except np.linalg.LinAlgError:
        raise InferenceError("the errors of the rows and what they share differ too much in size to be told") from None
    whiten = solve_triangular(root, np.eye(len(equal)), lower=True) if len(equal) else np.zeros((0, 0))
    half = whole[np.ix_(bounded, equal)] @ whiten.T
    variance = whole[bounded, bounded] - (half**2).sum(axis=1)
    sign = np.array([1.0 if rows[k].bound == ">" else -1.0 for k in bounded])
    determinant = 2 * float(np.log(np.diag(root)).sum()) if len(equal) else 0.0
    return Likelihood(equal, bounded, observed, whiten, root, half @ whiten, np.sqrt(variance), sign, determinant)


def _root(beyond: Vector) -> tuple[Vector, Vector]:
    """sqrt(-2 log P(Z < beyond)) and its derivative; its square is -2 log of the probability of the bound."""
    log_p = log_ndtr(beyond)
    root = np.sqrt(np.maximum(-2 * log_p, 1e-300))
    ratio = np.exp(np.clip(-(beyond**2) / 2 - 0.5 * np.log(2 * np.pi) - log_p, -700, 700))
    # far beyond its bound a row no longer pulls: both numerator and denominator vanish
    return root, np.where(root > 1e-100, -ratio / np.maximum(root, 1e-100), 0.0)
