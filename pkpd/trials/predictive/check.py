"""Observed percentiles beside those of simulated data, and how many observations lie outside their own interval."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...engine.functions import Vector
from ...engine.plan import Whole
from .panels import Panel
from .rows import BEYOND, Checked

Ends = tuple[float, float]
SHARES = (0.05, 0.5, 0.95)
ONE_SIDE = (0.0125, 0.9875)  # of a share on one side, so that both together pass in 95 % of replicates
INTERVAL = (0.025, 0.5, 0.975)  # of each simulated percentile, over the replicates
OUTSIDE = 1 - (SHARES[2] - SHARES[0])  # expected share of observations outside their own interval


@dataclass(frozen=True, slots=True, eq=False)
class Percentiles:
    """Percentiles of the bins of a panel on the link scale: `observed`, shape (bins, shares), NaN where it lies among
    rows beyond a limit; `simulated`, shape (3, bins, shares): low, median and high over the replicates.
    """

    panel: Panel
    observed: Vector
    simulated: Vector

    @property
    def inside(self) -> Vector:
        """1 where the observed percentile lies inside its interval, 0 where not, NaN where it is not known."""
        within = (self.observed >= self.simulated[0]) & (self.observed <= self.simulated[2])
        return np.where(np.isnan(self.observed), np.nan, within.astype(float))


@dataclass(frozen=True, slots=True)
class Numeric:
    """How many of `count` observations of a panel (None: of all) lie `below`, or `above`, the 90 % interval of their
    own simulated values. `simulated` is the 95 % range of the share outside over the replicates, which knows that rows
    of a patient go together; `lower` and `upper` are the 97.5 % ranges of the shares below and above. `beyond` counts
    rows with a bound, which are left out.
    """

    panel: Panel | None
    count: int
    below: int
    above: int
    simulated: Ends
    lower: Ends
    upper: Ends
    beyond: int

    @property
    def outside(self) -> int:
        """Below or above."""
        return self.below + self.above

    @property
    def share(self) -> float:
        """Of observations outside; NaN without any."""
        return self.outside / self.count if self.count else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Exact 95 % binomial interval of the share (Clopper and Pearson), as if rows were independent."""
        return binomial_interval(self.outside, self.count)

    @property
    def fits(self) -> bool:
        """Whether both shares, below and above, are such as the model itself shows: of its own data 95 % or so pass."""
        pairs = ((self.below, self.lower), (self.above, self.upper))
        return not self.count or all(
            low <= hits / self.count + 1e-12 and hits / self.count <= high + 1e-12 for hits, (low, high) in pairs
        )


@dataclass(frozen=True, slots=True)
class Beyond:
    """Share of the rows of a bin that lie below (`<`) or above (`>`) the outermost `limit` that its bounds name, on the
    link scale: observed, and its 95 % range and median in simulated data.
    """

    panel: Panel
    place: int
    bound: str
    limit: float
    bounded: int
    observed: float
    simulated: tuple[float, float, float]


def corrections(rows: Sequence[Checked], panels: Sequence[Panel], predicted: Vector, corrected: bool) -> Vector:
    """What is added to the link of each row, shape (rows,): the median prediction of its bin less its own (a factor on
    counts, levels and folds, a shift of the logit of percentages); 0 unless corrected.
    """
    found = np.zeros(len(rows))
    for panel in panels if corrected else ():
        for one in panel.bins:
            found[one.rows] = np.median(predicted[one.rows]) - predicted[one.rows]
    return found


def percentiles(panel: Panel, seen: Vector, links: Vector) -> Percentiles:
    """Percentiles of a panel from observed links, shape (rows,), and simulated ones, shape (replicates, rows)."""
    observed = np.array([np.quantile(seen[b.rows], SHARES) for b in panel.bins])
    # interpolation between a number and what lies beyond a limit gives no number
    observed[np.abs(observed) > BEYOND / 1e3] = np.nan
    each = np.array([quantiles(links[:, b.rows], SHARES, 1).T for b in panel.bins])
    return Percentiles(panel, observed, quantiles(each, INTERVAL, 1))


def seen_links(rows: Sequence[Checked]) -> Vector:
    """Observed links for percentiles: what is bounded lies beyond every number."""
    return np.array([{"<": -BEYOND, ">": BEYOND}.get(r.observation.bound, r.link) for r in rows])


def numeric(panel: Panel | None, numbers: Whole, rows: Sequence[Checked], links: Vector) -> Numeric:
    """The numeric check of some rows, by `numbers`; corrections do not change it."""
    own = [int(n) for n in numbers if rows[int(n)].observation.bound == "="]
    if not own:
        none = (math.nan, math.nan)
        return Numeric(panel, 0, 0, 0, none, none, none, len(numbers))
    low, high = quantiles(links[:, own], (SHARES[0], SHARES[2]), 0)
    seen = np.array([rows[n].link for n in own])
    drawn = links[:, own]
    lower, upper = (_share_range(out, drawn, ONE_SIDE) for out in (drawn < low, drawn > high))
    whole = _share_range((drawn < low) | (drawn > high), drawn, (INTERVAL[0], INTERVAL[2]))
    below, above = int((seen < low).sum()), int((seen > high).sum())
    return Numeric(panel, len(own), below, above, whole, lower, upper, len(numbers) - len(own))


def _share_range(hits: NDArray[np.bool_], drawn: Vector, ends: Ends) -> Ends:
    """Range over the replicates of the share of hits among the numbers that are there."""
    known = np.isfinite(drawn)
    share = hits.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    low, high = np.quantile(share[known.any(axis=1)], ends).tolist()
    return float(low), float(high)


def beyond_limits(panel: Panel, rows: Sequence[Checked], links: Vector) -> list[Beyond]:
    """One entry for each bin and kind of bound that it has."""
    found = []
    for place, one in enumerate(panel.bins):
        for bound, sign in (("<", 1.0), (">", -1.0)):
            limits = [rows[n].link for n in one.rows if rows[n].observation.bound == bound]
            if not limits:
                continue
            limit = sign * max(sign * v for v in limits)
            plain = [rows[n].link for n in one.rows if rows[n].observation.bound == "="]
            certain = len(limits) + sum(sign * v < sign * limit for v in plain)
            drawn = sign * links[:, one.rows]
            known = np.isfinite(drawn)
            share = (known & (drawn < sign * limit)).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
            low, median, high = np.quantile(share[known.any(axis=1)], INTERVAL).tolist()
            observed = certain / len(one.rows)
            found.append(Beyond(panel, place, bound, limit, len(limits), observed, (low, median, high)))
    return found


def quantiles(values: Vector, shares: Sequence[float], axis: int) -> Vector:
    """Quantiles of the numbers that are there, the shares first; NaN where none is."""
    if not np.isnan(values).any():
        return np.asarray(np.quantile(values, shares, axis=axis))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN slice", category=RuntimeWarning)
        return np.asarray(np.nanquantile(values, shares, axis=axis))


def binomial_interval(hits: int, count: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a share (Clopper and Pearson); NaN for no observations."""
    if not count:
        return math.nan, math.nan
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = float(betaincinv(hits, count - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, count - hits, 1 - tail)) if hits < count else 1.0
    return low, high
