"""How exactly to solve, and how a solver says that it cannot."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import SimulationError
from .functions import Vector


@dataclass(frozen=True, slots=True)
class Tolerances:
    """`relative` applies to every state; `absolute` is a multiple of each state's own scale. Both dimensionless."""

    relative: float = 1e-6
    absolute: float = 1e-8

    def __post_init__(self) -> None:
        if not (1e-13 <= self.relative <= 0.1 and 0 < self.absolute <= 0.1):
            raise SimulationError(
                f"tolerances {self.relative:g} (relative) and {self.absolute:g} (absolute) are out of range: "
                "the relative one lies between 1e-13 and 0.1, the absolute one is above 0 and at most 0.1"
            )


DEFAULT = Tolerances()
# A steady state is a root, so it is integrated finer than the run it starts.
FINE = Tolerances(1e-10, 1e-12)


class Stopped(Exception):
    """A solver gave up at a model time; `y` is the last good state."""

    def __init__(self, time: float, y: Vector, reason: str) -> None:
        super().__init__(reason)
        self.time, self.y, self.reason = time, y, reason.strip().rstrip(".")
