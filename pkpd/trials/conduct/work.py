"""Some replicates of a trial, from enrolment to analysis: what a worker does, here or elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ...engine.batch import Failure
from ...engine.functions import Vector
from ...engine.parcel import unpack
from ...engine.plan import Whole
from ..adaptive.log import Event
from ..patients.cohort import Cohort, pieces_of
from ..patients.spread import Patients
from .analysis import analysed
from .assay import reported
from .attendance import Doses, doses_of
from .enrolled import Enrolled, enrolled
from .enrolment import CLEARED, gathered, part_of, with_antibodies
from .plan import Plan
from .result import Attendance, Lost, Marks, Replicate, Statistics
from .ruled import followed
from .steroid import steroid_factor

Number = TypeVar("Number", np.float64, np.int64, np.bool_)
FULL = 480  # patients in a unit of work, so that the solver's lanes are full


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """Some replicates, the first of them number `first`; arrays begin with the replicates. `example` is the first."""

    first: int
    statistics: Statistics
    attendance: Attendance
    exposures: dict[str, Vector]
    lost: tuple[Lost, ...]
    draw: Whole
    example: Replicate


@dataclass(frozen=True, slots=True, eq=False)
class _Simulated:
    """All patients of a unit of work: `levels` have shape (replicates, patients, visits, outputs)."""

    levels: Vector
    exposures: dict[str, Vector]
    given: Whole
    received: Vector
    missed: Whole
    failed: Marks
    lost: list[Lost]
    events: list[Event]


def replicates_of(plan: Plan) -> int:
    """Replicates in a unit of work."""
    return max(1, round(FULL / plan.patients))


def run_packed(packed: bytes, first: int, count: int) -> Done:
    """`run_replicates` for a plan that arrives packed."""
    return run_replicates(unpack(packed), first, count)


def run_replicates(plan: Plan, first: int, count: int) -> Done:
    """Replicates `first` to `first + count - 1`; the numbers of each do not depend on the others."""
    groups = [enrolled(plan, first + k) for k in range(count)]
    found = _simulated(plan, groups, first)
    arm, days = np.stack([g.arm for g in groups]), np.stack([g.days for g in groups])
    levels = np.where(np.isnan(days)[..., None], np.nan, found.levels)
    measured, below = reported(levels, np.stack([g.noise for g in groups]), plan.assays)
    left, antibodies = np.stack([g.left for g in groups]), np.stack([g.antibodies for g in groups])
    redrawn = np.zeros(arm.shape, dtype=bool)
    for k, group in enumerate(groups):
        redrawn[k, list(group.patients.redrawn)] = True
    return Done(
        first=first,
        statistics=analysed(measured, below, arm, len(plan.arms), plan.control),
        attendance=Attendance(arm, left, found.given, found.received, found.missed, antibodies, found.failed, redrawn),
        exposures=found.exposures,
        lost=tuple(sorted(found.lost, key=lambda lost: (lost.replicate, lost.patient))),
        draw=np.array([g.draw for g in groups]),
        example=Replicate(arm[0], days[0], levels[0], measured[0], below[0], tuple(found.events)),
    )


def _simulated(plan: Plan, groups: list[Enrolled], first: int) -> _Simulated:
    """Every arm with its patients of all replicates together."""
    shape = len(groups), plan.patients
    given, missed = (np.zeros(shape, dtype=np.int64) for _ in range(2))
    exposures = {e.name: np.full(shape, np.nan) for e in plan.exposures}
    levels = np.full((*shape, len(plan.visits), len(plan.measured)), np.nan)
    received, failed = np.zeros(shape), np.zeros(shape, dtype=bool)
    found = _Simulated(levels, exposures, given, received, missed, failed, [], [])
    for k in range(len(plan.arms)):
        rows = [np.flatnonzero(group.arm == k) for group in groups]
        where = np.repeat(np.arange(len(groups)), [len(own) for own in rows]), np.concatenate(rows)
        doses = _doses(plan, groups, where, k)
        found.missed[where] = doses.missed
        patients = _patients(plan, groups, rows, where, k)
        for begin, count in pieces_of(patients.count):
            here = where[0][begin : begin + count], where[1][begin : begin + count]
            part = part_of(patients, begin, count)
            heard, left = _picked([g.heard for g in groups], here), _picked([g.left for g in groups], here)
            cohort, log = followed(plan, k, part, doses.factors[begin : begin + count], heard, left)
            found.given[here] = (cohort.factors[:, doses.real] > 0).sum(axis=1)
            found.received[here] = cohort.factors[:, doses.real].sum(axis=1)
            found.events.extend(_own(e, here) for e in log if here[0][e.id] == 0)
            _keep(plan, groups, cohort, here, k, found)
            found.lost.extend(_lost(plan, f, here, first, k) for f in cohort.failures)
    return found


def _doses(plan: Plan, groups: list[Enrolled], where: tuple[Whole, Whole], k: int) -> Doses:
    records = plan.courses[k].schedule.doses
    missing = _picked([g.missing for g in groups], where)[:, : len(records)]
    times = np.array([float(dose.time) for dose in records])
    real = np.array([dose.gives and dose.status != "missed" for dose in records], dtype=bool)
    return doses_of(missing, _picked([g.left for g in groups], where), times, real)


def _patients(plan: Plan, groups: list[Enrolled], rows: list[Whole], where: tuple[Whole, Whole], k: int) -> Patients:
    """The patients of an arm in all replicates, with their antibodies."""
    course, conduct = plan.courses[k], plan.conduct
    starts = course.block_starts
    patients = gathered([group.patients for group in groups], rows, len(starts))
    # whether anyone has them or not: blocks cost the same numbers a last bit, and must not depend on who is near
    if not conduct["antibodies"] or not starts:
        return patients
    who = _picked([group.antibodies for group in groups], where)
    usual = course.parameters[CLEARED].value
    factor, onset = conduct["antibodies_clearance"], conduct["antibodies_day"]
    return with_antibodies(patients, who, starts, onset, usual, factor)


def _keep(
    plan: Plan, groups: list[Enrolled], cohort: Cohort, where: tuple[Whole, Whole], k: int, found: _Simulated
) -> None:
    """Levels on each patient's own days, and exposures."""
    course = plan.courses[k]
    measured = [course.outputs.index(output.name) for output in plan.measured]
    rows, days = _picked([g.rows for g in groups], where), _picked([g.days for g in groups], where)
    own = np.arange(len(rows))[:, None]
    levels = np.stack([cohort.values[:, j][own, rows] for j in measured], axis=-1)
    counts = np.array([assay.count for assay in plan.assays])
    factor = steroid_factor(plan.conduct, plan.arms[k].name, days)
    found.levels[where] = np.where(counts, levels * factor[..., None], levels)
    found.failed[where] = np.isnan(cohort.values).any(axis=(1, 2))
    for endpoint in plan.exposures:
        values = cohort.values[:, course.outputs.index(endpoint.output)]
        found.exposures[endpoint.name][where] = endpoint.of(plan.times, values)


def _lost(plan: Plan, failure: Failure, where: tuple[Whole, Whole], first: int, k: int) -> Lost:
    group, patient = (int(numbers[failure.patient]) for numbers in where)
    return Lost(first + group, patient, plan.arms[k].name, failure.day, failure.reason)


def _own(event: Event, where: tuple[Whole, Whole]) -> Event:
    return replace(event, id=int(where[1][event.id]))


def _picked(arrays: list[NDArray[Number]], where: tuple[Whole, Whole]) -> NDArray[Number]:
    return np.asarray(np.stack(arrays)[where])
