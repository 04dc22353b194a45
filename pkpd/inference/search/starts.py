"""Where a search starts: the first guess, and points spread around it or over its bounds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...engine.functions import Vector
from ...errors import InferenceError
from .minimise import Problem, inside

# Where there are no bounds, a value is multiplied by up to this, or divided: the decade that a first guess is off.
SPREAD = 10.0
TRIES = 64  # points drawn for each start asked for, before giving up on usable ones


def starts(
    problem: Problem, first: Vector, count: int, seed: int, usable: Callable[[Vector], bool] | None = None
) -> list[Vector]:
    """`first`, shape (names,), and `count - 1` other points: a scrambled Sobol sequence, the same for the same seed.

    Coordinates with two finite bounds are spread evenly between them. The others are spread by a factor up to ten,
    evenly in its logarithm and with the sign kept, or by one to each side of a zero, and kept inside a bound they have.
    More starts keep the earlier ones. Points that are not `usable` are left out, `first` excepted; where few are, the
    list is shorter. Raises InferenceError for a count below 1 or a seed below 0.
    """
    from scipy.stats import qmc

    if count < 1 or seed < 0:
        raise InferenceError(f"{count} starts with seed {seed} cannot be drawn; give 1 or more, and a seed from 0")
    found = [inside(problem, first)]
    sequence = qmc.Sobol(len(problem.names), seed=seed)
    drawn = 0
    while len(found) < count and drawn < TRIES * count:
        # blocks of powers of two, which a Sobol sequence needs to be even
        shares = sequence.random(max(1, drawn) if drawn else 1)
        drawn += len(shares)
        spread = (inside(problem, _place(problem, found[0], share)) for share in shares)
        found += [x for x in spread if usable is None or usable(x)]
    return found[:count]


def _place(problem: Problem, first: Vector, shares: Vector) -> Vector:
    """The point at these shares, each from 0 to 1, of the ways its coordinates go."""
    low, high = problem.low, problem.high
    ways = 2 * shares - 1
    around = np.where(first == 0, ways, first * SPREAD**ways)
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(high - low), low + shares * (high - low), around)
