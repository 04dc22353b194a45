"""The loosest tolerance at which an engine's error is no larger than a given one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

START, LOOSEST, TIGHTEST = -6, -2, -12  # powers of ten
LOOK_BACK = 2  # grid points looser than the one bisection finds, tried too since errors do not fall evenly


def loosest(error: Callable[[float], float], limit: float, per_decade: int) -> tuple[float, float] | None:
    """(relative tolerance, error) on a grid of so many points a decade, or None when no tolerance is enough."""

    def tolerance(k: int) -> float:
        return float(10 ** (LOOSEST - k / per_decade))

    @cache
    def found(k: int) -> float:
        return error(tolerance(k))

    def enough(k: int) -> bool:
        return found(k) <= limit

    first, last = ((LOOSEST - power) * per_decade for power in (START, TIGHTEST))
    low, high = _bracket(enough, first, last)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    if low > last:
        return None
    best = min(k for k in range(max(0, low - LOOK_BACK), low + 1) if enough(k))
    return tolerance(best), found(best)


def _bracket(enough: Callable[[int], bool], first: int, last: int) -> tuple[int, int]:
    """Grid points between which the change lies, in strides from `first` that double: the tightest tolerances, where a
    solver may take minutes, are tried only when needed. Both lie beyond `last` when nothing is enough.
    """
    at, stride = first, 1
    if enough(first):
        while at > 0 and enough(max(at - stride, 0)):
            at, stride = max(at - stride, 0), 2 * stride
        return max(at - stride + 1, 0), at
    while at < last:
        below, at, stride = at, min(at + stride, last), 2 * stride
        if enough(at):
            return below + 1, at
    return last + 1, last + 1
