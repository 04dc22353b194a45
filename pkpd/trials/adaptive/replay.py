"""The doses that a log of decisions leads to, without the rules; and the same simulation again, to the last bit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ...engine.events import TIE
from ...engine.functions import Vector
from ...errors import StudyError
from ...output.tables import Table
from ..patients.cohort import Cohort, simulate_cohort
from ..patients.course import Course
from ..patients.spread import Patients
from .log import Event, Log
from .prescribed import numbers_of, separate
from .steering import dose_days, given_from

STATUSES = ("given", "reduced", "raised", "held", "stopped", "missed")


@dataclass(frozen=True, slots=True, eq=False)
class Doses:
    """What patients `first` and following were given: `shares` of each dose and a `status` (a number of `STATUSES`),
    both of shape (patients, doses).
    """

    first: int
    shares: Vector
    status: Vector


def replay(log: Log, course: Course, patients: Patients, factors: Vector | None = None) -> Vector:
    """The share of each dose that each patient was given, shape (patients, doses), from a log alone; `factors` are
    those without rules, all of it unless said. StudyError for a log that does not fit the patients.
    """
    return doses_of(log, course, patients, factors).shares


def doses_of(log: Log, course: Course, patients: Patients, factors: Vector | None = None) -> Doses:
    """As `replay`, with the status of each dose."""
    separate(course.schedule)
    shape = patients.count, len(course.schedule.doses)
    base = np.ones(shape) if factors is None else np.asarray(factors, dtype=float)
    if base.shape != shape:
        raise StudyError(f"factors have the shape {base.shape}; {shape[0]} patients and {shape[1]} doses need {shape}")
    days, shares = dose_days(course), base.copy()
    status = np.where(base == 1, 0, np.where(base < 1, 1, 2))
    for number, events in _patients(log, patients):
        row = slice(number, number + 1)
        for event in events:
            share, until = np.array([event.share]), np.array([event.until])
            shares[row] = given_from(base[row], shares[row], days, event.day, share, until)
            later, shut = days >= event.day - TIE, days < event.until - TIE
            code = 4 if event.status == "stopped" else 3
            now = np.where(shut, code, np.where(shares[number] == 1, 0, np.where(shares[number] < 1, 1, 2)))
            status[number] = np.where(later, now, status[number])
    missed = np.array([dose.status == "missed" for dose in course.schedule.doses], dtype=bool)
    status[(base == 0) | missed[None, :]] = 5
    return Doses(patients.first, shares, status)


def replayed(log: Log, course: Course, patients: Patients, factors: Vector | None = None) -> Cohort:
    """The simulation of a log's doses with the visits of the log as its stretches: bit for bit what the rules gave."""
    shares = replay(log, course, patients, factors)
    return simulate_cohort(course, patients, shares, log.visits, lambda day, levels: shares)


def dose_table(doses: Doses, course: Course, arm: str = "") -> Table:
    """doses.csv: one row a patient and dose up to the last time, with the amount given as prescribed."""
    last = float(course.times.max())
    numbers, listed = numbers_of(course.schedule), course.schedule.doses
    rows = [
        (
            arm,
            doses.first + patient,
            numbers[k],
            float(dose.time),
            repr(float(doses.shares[patient, k])).removesuffix(".0"),
            0.0 if dose.status == "missed" else dose.amount * float(doses.shares[patient, k]),
            dose.prescribed_unit,
            STATUSES[int(doses.status[patient, k])],
        )
        for patient in range(len(doses.shares))
        for k, dose in enumerate(listed)
        if float(dose.time) <= last + TIE
    ]
    names = ("arm", "id", "number", "time", "share", "amount", "unit", "status")
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return Table(tuple(zip(names, columns, strict=True)))


def held_spans(log: Log, number: int, end: float) -> list[tuple[float, float, str]]:
    """From when to when (days) the patient `number` was held or stopped, with which of the two, up to the day `end`."""
    found = list[tuple[float, float, str]]()
    events = [event for event in log.events if event.id == number]
    for k, event in enumerate(events):
        until = min(event.until, end, events[k + 1].day if k + 1 < len(events) else end)
        if event.status == "given" or until <= event.day:
            continue
        if found and found[-1][2] == event.status and abs(found[-1][1] - event.day) <= TIE:
            found[-1] = (found[-1][0], until, event.status)
        else:
            found.append((event.day, until, event.status))
    return found


def _patients(log: Log, patients: Patients) -> Iterator[tuple[int, list[Event]]]:
    """Each patient's place and decisions; StudyError for a decision about somebody else, or on another day."""
    for event in log.events:
        if not 0 <= event.id - patients.first < patients.count:
            last = patients.first + patients.count - 1
            raise StudyError(
                f"{log.where(event)}: there is no patient {event.id}; there are {patients.first} to {last}"
            )
        if not any(abs(event.day - day) <= TIE for day in log.visits) or math.isnan(event.share):
            raise StudyError(f"{log.where(event)}: day {event.day:g} is no visit, or its share is no number")
    for number, events in groupby(sorted(log.events, key=lambda e: (e.id, e.day)), key=lambda e: e.id):
        yield number - patients.first, list(events)
