"""What the rows tell about the varied parameters: information, covariance, and how much of it is the prior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..engine.functions import Vector
from .coordinates import Coordinates

# An eigenvalue of the information below this share of the largest is no information but rounding.
ROUNDING = 1e-10
# Within this share of the width between the bounds, a value lies on its bound.
AT_BOUND = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Information:
    """At a fitted x: `data` and `prior` are information matrices, shape (names, names), in the coordinates of the fit.

    `covariance` is the inverse of their sum over the parameters that are not at a bound (`low` or `high`), NaN for the
    others, and infinite where there is no information at all.
    """

    data: Vector
    prior: Vector
    covariance: Vector
    low: NDArray[np.bool_]
    high: NDArray[np.bool_]
    widths: Vector

    @property
    def se(self) -> Vector:
        """Standard errors of x; NaN at a bound, inf where nothing is known."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def rank(self) -> int:
        """Rank of the information of the rows alone: how many directions they say anything about."""
        return int((self._scaled > ROUNDING * max(self._scaled.max(initial=0.0), 1e-300)).sum())

    @property
    def learned(self) -> int:
        """Directions that the rows alone pin down to less than a quarter of the width between the bounds."""
        return int((self._scaled > 16.0).sum())

    @property
    def _scaled(self) -> Vector:
        """Eigenvalues of the data's information, with coordinates in widths between bounds."""
        return np.asarray(np.linalg.eigvalsh(self.data * np.outer(self.widths, self.widths)), dtype=float)

    @property
    def effective(self) -> float:
        """Parameters' worth of information that comes from the rows and not from the priors."""
        whole = self.data + self.prior
        return float(np.trace(np.linalg.pinv(whole, rcond=ROUNDING, hermitian=True) @ self.data))

    @property
    def prior_share(self) -> Vector:
        """Variance with the rows over variance without them, for each parameter: 1 where the rows taught nothing; NaN
        without a prior.
        """
        prior = np.diag(self.prior)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(prior > 0, np.diag(self.covariance) * prior, np.nan)

    @property
    def correlation(self) -> Vector:
        """Correlations of x, shape (names, names); NaN where a standard error is."""
        with np.errstate(invalid="ignore"):
            return self.covariance / np.outer(self.se, self.se)


def information(jacobian: Vector, x: Vector, coordinates: Coordinates) -> Information:
    """From the derivatives of all residuals, the last rows of which are those of the priors."""
    priors = int(np.isfinite(coordinates.sd).sum())
    rows, own = np.split(jacobian, [len(jacobian) - priors])
    data, prior = rows.T @ rows, own.T @ own
    widths = coordinates.high - coordinates.low
    low = x - coordinates.low < AT_BOUND * widths
    high = coordinates.high - x < AT_BOUND * widths
    free = np.flatnonzero(~(low | high))
    covariance = np.full(data.shape, np.nan)
    covariance[np.ix_(free, free)] = _inverse((data + prior)[np.ix_(free, free)], widths[free])
    return Information(data, prior, covariance, low, high, widths)


def _inverse(whole: Vector, widths: Vector) -> Vector:
    """The inverse in coordinates of order one; infinite variance along directions without information."""
    if not len(whole):
        return whole
    values, vectors = np.linalg.eigh(whole * np.outer(widths, widths))
    dead = values <= ROUNDING * max(float(values.max()), 1e-300)
    inverse = (vectors[:, ~dead] / values[~dead]) @ vectors[:, ~dead].T
    inverse *= np.outer(widths, widths)
    for k in np.flatnonzero((vectors[:, dead] ** 2).sum(axis=1) > 1e-6):
        inverse[k, k] = np.inf
    return np.asarray(inverse)
