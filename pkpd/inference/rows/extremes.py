"""The largest of several noisy visits: it lies above zero change even without drug, the more visits the further."""

from __future__ import annotations

import math

import numpy as np

from ...engine.functions import Vector

# Log SD of one visit about its course. The evidence states it as 5 to 10 %, so that the maximum of five visits is 6 to
# 13 % up without any drug; the middle is taken.
VISIT_NOISE = 0.075

_GRID = np.linspace(-7.0, 7.0, 141)  # in SDs of a visit about the largest; beyond it nothing is left
_FINE = np.linspace(-16.0, 16.0, 6401)
# Linear interpolation between these is right to 2e-6; scipy's own function would cost its import to every run.
_BELOW = np.array([0.5 * math.erfc(-x / math.sqrt(2)) for x in _FINE])
_DENSITY = np.exp(-(_FINE**2) / 2) / math.sqrt(2 * math.pi)


def expected_extreme(series: Vector, sign: int) -> tuple[Vector, Vector]:
    """What visits at `series`, shape (..., visits), have as their mean largest (`sign` 1) or smallest (-1) value when
    each scatters by `VISIT_NOISE`, and its derivatives by them.

    The mean is taken on the log scale. Without noise it is the extreme itself; where visits are level, 1.16 SDs more
    for five of them.
    """
    with np.errstate(all="ignore"):
        logs = sign * np.log(series) / VISIT_NOISE
        top = logs.max(axis=-1, keepdims=True)
        away = _GRID[:, None] - (logs - top)[..., None, :]  # (..., grid, visits)
        below, density = np.interp(away, _FINE, _BELOW), np.interp(away, _FINE, _DENSITY)
        all_below = below.prod(axis=-1)
        step = _GRID[1] - _GRID[0]
        # mean of the largest = upper end of the grid less the area under its distribution function
        area = step * (all_below.sum(axis=-1) - (all_below[..., 0] + all_below[..., -1]) / 2)
        mean = top[..., 0] + _GRID[-1] - area
        # the share of times that each visit is the largest
        shares = (density * (all_below[..., None] / np.maximum(below, 1e-300))).sum(axis=-2) * step
        shares /= shares.sum(axis=-1, keepdims=True)
        number = np.exp(sign * VISIT_NOISE * mean)
        return np.asarray(number), np.asarray(number[..., None] * shares / series)
