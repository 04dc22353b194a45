"""What all replicates of a trial share: arms, times to simulate, and what is measured; packed for workers elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...dosing.schedule import Schedule
from ...engine.functions import Vector
from ...measures import Endpoint
from ...model.outline import Named
from ..adaptive.rules import Rule
from ..patients.course import Course, block_starts
from ..patients.spread import Spread
from .assay import Assay
from .terms import Conduct

if TYPE_CHECKING:
    from ..run import RunArm


FOLD = "_fold"


def starts_of(schedules: Sequence[Schedule]) -> tuple[float, ...]:
    """Days on which a block of doses begins in any of the schedules."""
    return tuple(sorted({day for schedule in schedules for day in block_starts(schedule)}))


@dataclass(frozen=True, slots=True, eq=False)
class Ruled:
    """Rules that decide on doses at visits, those of each arm by its name, and how what they look at is measured."""

    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    assays: tuple[Assay, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A trial before anyone is enrolled. `courses` are those of the arms, at the same `times`: whole days from each
    visit, and every day for the exposures. `typical` holds drawn values by name, shape (draws,), empty without
    uncertainty. `control` numbers the arm that others are tested against, -1 for none.
    """

    seed: int
    conduct: Conduct
    arms: tuple[RunArm, ...]
    sizes: tuple[int, ...]
    courses: tuple[Course, ...]
    spread: Spread
    typical: dict[str, Vector]
    days: float
    visits: tuple[float, ...]
    measured: tuple[Named, ...]
    assays: tuple[Assay, ...]
    exposures: tuple[Endpoint, ...]
    control: int
    rules: Ruled = field(default_factory=Ruled)

    @property
    def patients(self) -> int:
        """Patients in each replicate."""
        return sum(self.sizes)

    @property
    def times(self) -> Vector:
        """Days that are simulated."""
        return self.courses[0].times

    @property
    def starts(self) -> tuple[float, ...]:
        """Days on which a block of doses begins in any arm."""
        return starts_of([course.schedule for course in self.courses])

    @property
    def widest(self) -> Course:
        """The course with most blocks of doses: patients are enrolled for it, whatever arm they come to."""
        return self.courses[int(np.argmax([len(course.block_starts) for course in self.courses]))]
