"""From patients to the lines of their population: percentiles, and moments for the split of the variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...engine.batch import Failure
from ...engine.functions import Vector
from .work import Part

SHARES = (0.05, 0.5, 0.95)
STATISTICS = ("p05", "p50", "p95")
ROUNDING = 1e-20  # variance of a log below which nothing differs


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """One population of one arm: percentiles of each band, shape (3, rows), and of each quantity, shape (3,
    quantities); `moments` are mean and variance of each quantity and of its log, shape (4, quantities), NaN for the log
    where a number is not above 0. NaN in all where nobody could be simulated.
    """

    bands: tuple[Vector, ...]
    quantiles: Vector
    moments: Vector
    failures: tuple[Failure, ...]
    redrawn: tuple[int, ...]


def lines_of(parts: Sequence[Part]) -> Lines:
    """The lines of a population from its pieces, exact over all patients who could be simulated."""
    failures = tuple(f for part in parts for f in part.failures)
    first, count = parts[0].patients.first, sum(part.patients.count for part in parts)
    kept = np.setdiff1d(np.arange(count), [f.patient - first for f in failures])
    bands = tuple(
        _quantiles(np.concatenate([part.bands[k] for part in parts])[kept]) for k in range(len(parts[0].bands))
    )
    endpoints = np.concatenate([part.endpoints for part in parts])
    told = [column[np.isfinite(column)] for column in endpoints.T]
    quantiles = np.array([_quantiles(column[:, None])[:, 0] for column in told]).T.reshape(3, -1)
    moments = np.array([_moments(column) for column in told]).T.reshape(4, -1)
    redrawn = tuple(number for part in parts for number in part.patients.redrawn)
    return Lines(bands, quantiles, moments, failures, redrawn)


def _quantiles(values: Vector) -> Vector:
    if not len(values):
        return np.full((len(SHARES), values.shape[1]), np.nan)
    return np.asarray(np.quantile(values, SHARES, axis=0))


def _moments(values: Vector) -> tuple[float, float, float, float]:
    if len(values) < 2:
        return (np.nan,) * 4
    logs = np.log(values) if (values > 0).all() else np.full(len(values), np.nan)
    return float(values.mean()), float(values.var()), float(logs.mean()), float(logs.var())


def interval(values: Vector) -> tuple[Vector, Vector]:
    """5 and 95 % quantiles over draws, along the first axis; where a draw has no number it is left out."""
    found = np.full((2, *values.shape[1:]), np.nan)
    whole = np.isfinite(values).all(axis=0)
    found[:, whole] = np.quantile(values[:, whole], SHARES[::2], axis=0)
    for place in zip(*np.nonzero(~whole & np.isfinite(values).any(axis=0)), strict=True):
        own = values[(slice(None), *place)]
        found[(slice(None), *place)] = np.quantile(own[np.isfinite(own)], SHARES[::2])
    return found[0], found[1]


@dataclass(frozen=True, slots=True)
class Split:
    """Variance of one quantity: within the patients, averaged over draws, and of the patients' mean between draws.
    `scale` is "log", or "plain" where some number is not above 0; both are NaN where too few numbers are there, and 0
    where only rounding differs.
    """

    scale: str
    patients: float
    typical: float

    @property
    def shares(self) -> tuple[float, float]:
        """Shares of the sum, NaN where nothing varies."""
        whole = self.patients + self.typical
        return (self.patients / whole, self.typical / whole) if whole > 0 else (np.nan, np.nan)


def split(base: Vector, drawn: Sequence[Vector]) -> tuple[Split, ...]:
    """The split of every quantity, from moments of shape (4, quantities) of the population and of each draw's."""
    found = []
    for k in range(base.shape[1]):
        own = np.array([moments[:, k] for moments in drawn]).reshape(-1, 4)
        own = own[np.isfinite(own[:, 0])]
        logs = bool(len(own) and np.isfinite([base[2, k], *own[:, 2]]).all())
        mean, variance = (own[:, 2], own[:, 3]) if logs else (own[:, 0], own[:, 1])
        usable = len(own) > 1
        parts = (float(variance.mean()), float(mean.var())) if usable else (np.nan, np.nan)
        least = ROUNDING * (1.0 if logs or not usable else float(np.mean(mean**2)))
        found.append(Split("log" if logs else "plain", *(0.0 if part < least else part for part in parts)))
    return tuple(found)
