"""Doses of a population that rules decide at visits, or that a log of earlier decisions tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import StudyError
from ..adaptive.cohort import adaptive_cohort
from ..adaptive.log import Event, Log
from ..adaptive.replay import replayed
from ..adaptive.rules import Rule
from ..adaptive.text import read_rules
from ..patients.cohort import Cohort, simulate_cohort
from ..patients.course import Course
from ..patients.spread import Patients
from .subject import Subject


@dataclass(frozen=True, slots=True, eq=False)
class Ruled:
    """What decides on the doses of an arm: `rules` at `visits` (days), or, for the patients around the typical values
    as they are, the decisions of a `log` of patients numbered from 0.
    """

    rules: tuple[Rule, ...]
    visits: tuple[float, ...]
    log: Log | None = None


def ruled_arms(
    found: Subject, texts: Sequence[str] = (), visits: Sequence[float] = (), *, own: bool = True
) -> dict[str, Ruled]:
    """What decides on the doses of each arm, by name: the rules of the arm itself, unless not `own`, and `texts` in
    every arm with doses, at `visits` (days; those of the subject unless named). StudyError for what does not fit.
    """
    rules = dict[str, tuple[Rule, ...]]()
    for arm in found.run.arms:
        said = found.rules.get(arm.name, ()) if own else ()
        dosed = any(dose.amount > 0 for dose in arm.schedule.doses)
        if said and not dosed:
            raise StudyError(f"arm {arm.name} has rules, and no doses that they could decide on")
        if dosed and (said or texts):
            rules[arm.name] = read_rules((*said, *texts), f"arm {arm.name}" if said else "--rule")
    if texts and not rules:
        raise StudyError(f"a rule was given, and no arm of {found.run.name} has doses that it could decide on")
    if visits and not rules:
        raise StudyError("visits were given, and no rule decides at them; add one with --rule")
    days = _visits(visits or found.visits, max(found.run.times), named=bool(visits)) if rules else ()
    return {name: Ruled(own_rules, days) for name, own_rules in rules.items()}


def _visits(visits: Sequence[float], horizon: float, *, named: bool) -> tuple[float, ...]:
    wrong = next((day for day in visits if named and not 0 < day <= horizon), None)
    if wrong is not None:
        raise StudyError(f"day {wrong:g} cannot be a visit: rules decide after day 0 and up to day {horizon:g}")
    days = tuple(sorted({float(day) for day in visits if 0 < day <= horizon}))
    if not days:
        raise StudyError(f"rules decide at visits, and there is none from day 0 to {horizon:g}; name them by --visits")
    return days


def ruled_cohort(
    ruled: Ruled | None, course: Course, patients: Patients, arm: str, *, drawn: bool
) -> tuple[Cohort, tuple[Event, ...]]:
    """The patients of an arm, and what was decided about them. A log speaks of the patients around the typical values
    as they are; those around `drawn` ones follow the rules.
    """
    if ruled is None:
        return simulate_cohort(course, patients), ()
    if ruled.log is not None and not drawn:
        own = ruled.log.of(patients.first, patients.count)
        return replayed(own, course, patients), own.events
    cohort, log = adaptive_cohort(ruled.rules, course, patients, ruled.visits, arm=arm)
    return cohort, log.events
