"""A cohort whose doses rules decide, and the log of what they decided."""

from __future__ import annotations

from collections.abc import Sequence

from ...engine.functions import Vector
from ..patients.cohort import Cohort, simulate_cohort
from ..patients.course import Course
from ..patients.spread import Patients
from .log import Log
from .rules import Rule
from .steering import Noise, steering


def adaptive_cohort(
    rules: Sequence[Rule],
    course: Course,
    patients: Patients,
    visits: Sequence[float],
    factors: Vector | None = None,
    noise: Noise | None = None,
    *,
    arm: str = "",
) -> tuple[Cohort, Log]:
    """The patients of an arm with doses that `rules` decide at `visits` (days), and what was decided.

    `factors`, shape (patients, doses), say what share of each dose is given without rules (0 for a missed one). The
    course must simulate `outputs_needed(rules)`. What becomes of a patient depends on no other; StudyError for a rule
    that does not fit the course.
    """
    at_work = steering(rules, course, patients, visits, noise, factors=factors, arm=arm)
    cohort = simulate_cohort(course, patients, factors, at_work.visits, at_work.steer)
    return cohort, at_work.log()
