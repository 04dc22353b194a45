"""The functions of a model that a simulation calls, whichever way they were made: in Python or in machine code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..model.outline import Outline

Vector = NDArray[np.float64]

ROUTE = 5  # numbers that parameters fix for each route: bioavailability, lag, content, rate and duration


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """What parameters fix, in coherent units: `p` as the functions take it, initial values and scales of the states,
    (bioavailability, lag, content, rate, duration) of each route, (smaller, larger) of each requirement, derived
    parameters; of many patients, a row each.
    """

    p: Vector
    initial: Vector
    scale: Vector
    routes: Vector
    requirements: Vector
    derived: Vector

    def of(self, patient: int) -> Fixed:
        """What is fixed for one patient of many."""
        return Fixed(*(getattr(self, name)[patient] for name in self.__slots__))


class Functions(Protocol):
    """Functions of one model; t is in model time, everything in coherent units but outputs, which are in their own."""

    @property
    def outline(self) -> Outline:
        """The model without its equations."""

    def fixed(self, own: Sequence[float]) -> Fixed:
        """What the model's own parameters fix; what cannot be computed is not finite."""

    def rhs(self, t: float, y: Sequence[float], p: Vector) -> Vector:
        """Rates of change without infusions."""

    def output(self, k: int, times: Vector, states: Vector, p: Vector) -> Vector:
        """Output k for rows of `states`, shape (rows, states)."""


def parts(values: Vector, p: int, model: Outline) -> Fixed:
    """The parts of what a `fixed` function writes one after the other; `p` numbers come first."""
    ends = np.cumsum([p, len(model.states), len(model.states), ROUTE * len(model.routes), 2 * len(model.requirements)])
    return Fixed(*np.split(values, ends, axis=-1))
