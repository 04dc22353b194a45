"""What a parameter may be: the distribution over which its influence is measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...engine.functions import Vector
from ...errors import ParameterError, nearest
from ...parameters import Parameter, Parameters

OVERS = ("prior", "bounds", "spread")
ENDS = (0.05, 0.95)  # shares of the range between which the tornado and the grid of Morris go
TAIL = 1e-6  # nearer to 0 and 1 than this, quantiles of an open range are beyond all reason


@dataclass(frozen=True, slots=True)
class Range:
    """The distribution of one parameter, in its `unit`.

    `law` is "log-normal" or "normal" (with median `centre` and `sd`, of the log for the former, cut at the ends) or
    "log-uniform" or "uniform" from `low` to `high`; `reference` is the value that the parameter has otherwise.
    """

    name: str
    unit: str
    law: str
    low: float
    high: float
    reference: float
    centre: float = math.nan
    sd: float = math.nan

    @property
    def logs(self) -> bool:
        """Whether the log of the parameter is what is normal or uniform."""
        return self.law.startswith("log-")

    def at(self, shares: Vector | Sequence[float]) -> Vector:
        """The quantiles of shares from 0 to 1, any shape; those within a millionth of 0 and 1 count as that far."""
        u = np.clip(np.asarray(shares, dtype=float), TAIL, 1 - TAIL)
        low, high = (self._scaled(end) for end in (self.low, self.high))
        if self.law.endswith("uniform"):
            x = low + u * (high - low)
        else:
            from scipy.special import ndtr, ndtri

            centre = self._scaled(self.centre)
            first, last = ndtr((np.array([low, high]) - centre) / self.sd)
            x = centre + self.sd * ndtri(first + u * (last - first))
        # the exponential of the log of a bound may lie a rounding beyond it
        return np.asarray(np.clip(np.exp(x) if self.logs else x, self.low, self.high))

    def _scaled(self, value: float) -> float:
        if not self.logs:
            return value
        return math.log(value) if value > 0 else -math.inf


def ranges_of(
    parameters: Parameters, over: str = "prior", vary: Sequence[str] = (), fixed: Sequence[str] = ()
) -> tuple[Range, ...]:
    """One range a varied parameter, in the order of the set.

    `over` is "prior" (what is uncertain of typical values, cut at the bounds), "bounds" (log-uniform where the lower
    bound is above 0, else uniform) or "spread" (between patients, around the values as they stand). Without `vary`,
    priors and bounds vary what has a prior (where nothing has one, bounds vary what has bounds), spread what has a
    spread, less what is `fixed`. ParameterError for unknown names, and for parameters without such a range.
    """
    if over not in OVERS:
        hint = nearest(over, OVERS) or f"; there are {', '.join(OVERS)}"
        raise ParameterError(f"parameters cannot be varied over '{over[:40]}'{hint}")
    for name in vary:
        if name not in parameters:
            raise ParameterError(f"there is no parameter '{name[:60]}' to vary{nearest(name, parameters)}")
    if len(set(vary)) < len(vary):
        raise ParameterError(f"a parameter is named twice in {', '.join(vary)}")
    if vary:
        return tuple(_range(t, over) for t in parameters.tables if t.name in vary)
    found = tuple(_range(t, over) for t in _usual(parameters, over) if t.name not in fixed)
    if not found:
        what = {"prior": "a prior", "bounds": "two different finite bounds", "spread": "a spread"}[over]
        others = "another of " + ", ".join(o for o in OVERS if o != over)
        raise ParameterError(f"no parameter of {parameters.origin} has {what} to be varied over; try {others}")
    return found


def _usual(parameters: Parameters, over: str) -> list[Parameter]:
    """What varies where the user names nothing."""
    if over == "spread":
        return [t for t in parameters.tables if t.spread]
    usual = [t for t in parameters.tables if t.prior is not None and (over == "prior" or _bounded(t))]
    return usual or [t for t in parameters.tables if over == "bounds" and _bounded(t)]


def _range(table: Parameter, over: str) -> Range:
    return _KINDS[over](table)


def _over_prior(t: Parameter) -> Range:
    if t.prior is None:
        raise ParameterError(
            f"{t.name} has no prior to be varied over in {_place(t)}; give it one, or vary over bounds"
        )
    law = "log-normal" if t.bounds[0] > 0 else "normal"
    return Range(t.name, t.unit, law, *t.bounds, t.value, *t.prior)


def _over_bounds(t: Parameter) -> Range:
    if not _bounded(t):
        raise ParameterError(
            f"{t.name} has bounds {t.bounds[0]:g} to {t.bounds[1]:g} in {_place(t)}, and two different finite numbers "
            "are needed to vary it over them"
        )
    return Range(t.name, t.unit, "log-uniform" if t.bounds[0] > 0 else "uniform", *t.bounds, t.value)


def _over_spread(t: Parameter) -> Range:
    if not t.spread or not t.value > 0:
        raise ParameterError(
            f"{t.name} has no spread between patients in {_place(t)}; give it one, or vary over prior or bounds"
        )
    # bounds are those of typical values, beyond which single patients may lie
    return Range(t.name, t.unit, "log-normal", 0.0, math.inf, t.value, t.value, t.spread)


_KINDS: dict[str, Callable[[Parameter], Range]] = {
    "prior": _over_prior,
    "bounds": _over_bounds,
    "spread": _over_spread,
}


def _bounded(t: Parameter) -> bool:
    return math.isfinite(t.bounds[0]) and math.isfinite(t.bounds[1]) and t.bounds[0] < t.bounds[1]


def _place(t: Parameter) -> str:
    return t.origin or "its set"
