"""A sum of squares with known minimum and several valleys, and starts for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pkpd.engine.functions import Vector
from pkpd.inference.search.minimise import Problem
from pkpd.inference.search.starts import starts

TIMES = np.linspace(0, 4, 21)
TRUE = np.array([1.5, 0.7])


def decay(x: Vector) -> Vector:
    """A decay and a wave, with several minima in the first parameter; exactly zero at TRUE."""

    def curve(amount: float, rate: float) -> Vector:
        return amount * np.exp(-rate * TIMES) + 0.2 * np.sin(3 * amount)

    return 10 * (curve(*x) - curve(*TRUE))


def slopes(x: Vector) -> Vector:
    fall = np.exp(-x[1] * TIMES)
    return 10 * np.stack([fall + 0.6 * np.cos(3 * x[0]), -x[0] * TIMES * fall], axis=1)


def problem(residuals: Callable[[Vector], Vector] = decay, *, width: float = 10.0, exact: bool = False) -> Problem:
    return Problem(
        ("amount", "rate"), np.array([-width, 0.0]), np.array([width, 5.0]), residuals, slopes if exact else None
    )


def spread(count: int) -> list[Vector]:
    """Starts over the bounds; the first lies in a wrong valley."""
    return starts(problem(), np.array([-9.0, 4.0]), count, 3)
