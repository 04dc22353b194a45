"""What virtual patients of an arm share: model, schedule, parameters, and when they are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...dosing.blocks import blocks
from ...dosing.given import given
from ...dosing.schedule import Schedule
from ...engine.functions import Vector
from ...engine.parcel import pack, unpack
from ...engine.tolerances import DEFAULT, Tolerances
from ...parameters import Parameters

if TYPE_CHECKING:
    from ...model.declaration import Model


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What all patients of an arm share: `times` in days, and the `side` of a dose ("pre" or "post") they are sampled
    on; `bsa` (m2) and `weight` (kg) size doses where the model has no such parameter.
    """

    model: Model | str
    schedule: Schedule
    parameters: Parameters
    outputs: tuple[str, ...]
    times: Vector
    side: str = "pre"
    tolerances: Tolerances = DEFAULT
    bsa: float | None = None
    weight: float | None = None

    def __reduce__(self) -> tuple[object, ...]:
        # the model goes packed, so that a worker elsewhere compiles it once and not once a piece of work
        own = [getattr(self, name) for name in self.__slots__]
        return _arrived, (pack(own[0]), *own[1:])

    @property
    def block_starts(self) -> tuple[float, ...]:
        """Day of the first dose of every block of doses."""
        return block_starts(self.schedule)


def _arrived(model: bytes, *others: Any) -> Course:
    return Course(unpack(model), *others)


def block_starts(schedule: Schedule) -> tuple[float, ...]:
    """Day of the first dose of every block of doses (a run of regular dosing), in order."""
    found = blocks(given(schedule, 1.0, 1.0))
    return tuple(min(float(dose.planned) for dose in block) for block in found)
