"""Random points around a fit, inside the bounds: the same for the same key, however many are asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from ...engine.functions import Vector
from ...errors import InferenceError
from ..fitted import Fitted
from ..search.parallel import costs

TRIES = 200  # simulations that one draw may take before the model counts as not solvable around the fit
BLIND_TRIES = 10_000  # numbers drawn for each of these until one lies within the bounds


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """A distribution around `centre` within bounds, all in the coordinates of a fit.

    `root` is the symmetric root of its covariance; parameters that are `uniform` are spread evenly over their bounds
    instead. With `freedom` it is Student's t, else normal. It is cut off at the bounds.
    """

    centre: Vector
    root: Vector
    low: Vector
    high: Vector
    uniform: NDArray[np.bool_]
    freedom: float = np.inf

    def one(self, random: np.random.Generator) -> tuple[Vector, int]:
        """A point within the bounds, and how many were drawn outside before it."""
        for outside in range(BLIND_TRIES):
            step = self.root @ random.standard_normal(len(self.centre))
            if np.isfinite(self.freedom):
                step *= np.sqrt(self.freedom / random.chisquare(self.freedom))
            even = self.low + random.random(len(self.centre)) * (self.high - self.low)
            x = np.where(self.uniform, even, self.centre + step)
            if np.all((self.low <= x) & (x <= self.high)):
                return x, outside
        raise InferenceError(
            f"{BLIND_TRIES} draws around the fit all fell outside the bounds; widen them, or hold more parameters fixed"
        )

    def log_density(self, x: Vector) -> Vector:
        """Of Student's t at x, shape (vectors, names), up to what being cut off at the bounds adds."""
        count, freedom = len(self.centre), self.freedom
        away = np.linalg.solve(self.root, (x - self.centre).T)
        constant = gammaln((freedom + count) / 2) - gammaln(freedom / 2) - np.linalg.slogdet(self.root)[1]
        return np.asarray(constant - (freedom + count) / 2 * np.log1p((away**2).sum(axis=0) / freedom))


def normal_cloud(fitted: Fitted) -> Cloud:
    """The normal distribution of the fitted covariance; parameters at a bound do not move."""
    c, covariance = fitted.coordinates, fitted.information.covariance
    variance = np.diag(covariance)
    free = np.isfinite(variance)
    kept = np.where(np.outer(free, free), covariance, 0.0)
    centre = np.clip(fitted.x, c.low, c.high)
    return Cloud(centre, symmetric_root(kept), c.low, c.high, np.isposinf(variance))


def wide_cloud(fitted: Fitted, times: float = 1.0, freedom: float = np.inf) -> Cloud:
    """A distribution that no direction escapes: `times` as wide as the information of rows, priors and bounds says."""
    c, known = fitted.coordinates, fitted.information
    # 12 / width^2 is the information of a uniform distribution, so that unknown directions fill their bounds
    whole = known.data + known.prior + np.diag(12 / (c.high - c.low) ** 2)
    scale = 1 / np.sqrt(np.diag(whole))
    inverse = np.linalg.inv(whole * np.outer(scale, scale)) * np.outer(scale, scale)
    none = np.zeros(len(scale), dtype=bool)
    return Cloud(np.clip(fitted.x, c.low, c.high), times * symmetric_root(inverse), c.low, c.high, none, freedom)


def symmetric_root(covariance: Vector) -> Vector:
    """The one symmetric root of a covariance, which unlike others does not depend on the signs of eigenvectors."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def scattered(
    fitted: Fitted, cloud: Cloud, count: int, key: tuple[int, ...], threads: int | None = None
) -> tuple[Vector, int]:
    """`count` points of a cloud that can be simulated, and how many were rejected; point k depends on `key` and k only.

    InferenceError where the model cannot be simulated around the fit.
    """
    sources = [random_of(*key, k) for k in range(1, count + 1)]
    found, waiting, rejected = np.empty((count, len(cloud.centre))), np.arange(count), 0
    for _ in range(TRIES):
        tried = [cloud.one(sources[k]) for k in waiting.tolist()]
        found[waiting] = [x for x, _ in tried]
        unusable = ~np.isfinite(costs(fitted.objective, found[waiting], threads))
        rejected += sum(outside for _, outside in tried) + int(unusable.sum())
        waiting = waiting[unusable]
        if not len(waiting):
            return found, rejected
    raise InferenceError(
        f"the model could not be simulated at {TRIES} vectors in a row around the fit; hold more parameters fixed, "
        "or narrow their bounds"
    )


def random_of(*key: int) -> np.random.Generator:
    """Random numbers that depend on the key alone."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))
