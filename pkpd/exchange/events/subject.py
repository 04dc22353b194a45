"""One subject of an event table: from record to record, with the covariates of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ...dosing.dose import Dose
from ...dosing.given import given
from ...dosing.schedule import Schedule
from ...engine.code.library import outline_of
from ...engine.compile import Bound, bound_of, functions
from ...engine.events import TIE, Action, Moment, last_dose, listed_actions
from ...engine.functions import Vector
from ...engine.integrate import integrate
from ...engine.run import Rows
from ...engine.tolerances import Tolerances
from ...errors import PkpdError, SimulationError
from ...parameters import Parameters
from .covariates import Columns, numbers, values_of
from .dosing import DOSING, shift
from .record import Subject

if TYPE_CHECKING:
    from ...model.declaration import Model


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What all subjects of a table share: `outputs` are numbers of the model's outputs."""

    model: Model | str
    parameters: Parameters
    columns: Columns
    outputs: tuple[int, ...]
    engine: str
    tolerances: Tolerances
    origin: str


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One subject: its schedule, whose doses are its dose records in order, and the numbers of the records wanted."""

    subject: Subject
    schedule: Schedule
    wanted: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Stretch:
    """Records `first` to `last` of a subject, which share their covariates; they hold from the record before."""

    first: int
    last: int
    bound: Bound


def subject_values(task: Task, course: Course) -> tuple[Vector, str]:
    """Outputs at the wanted records, shape (records, outputs), and ""; or NaN and why the subject cannot be simulated.
    PkpdError where the model cannot give what its records ask for.
    """
    later = shift(course.subject)
    times = [float(record.clock + later if later else record.clock) for record in course.subject.records]
    stretches = _stretches(task, course)
    found = np.full((len(course.wanted), len(task.outputs)), np.nan)
    acts = _actions(task, course, stretches, len(times))
    sides = _sides(course, acts, times)
    rows = [(row, k, side) for row, (k, side) in enumerate(zip(course.wanted, sides, strict=True)) if side is not None]
    try:
        _walk(task, course, stretches, acts, times, rows, found)
        for row, (k, side) in enumerate(zip(course.wanted, sides, strict=True)):
            if side is None:  # one of several records at its time: what those above it do, and no more
                _walk(task, course, stretches, _actions(task, course, stretches, k + 1), times, [(row, k, 1)], found)
        _check_numbers(task, course, found)
    except SimulationError as error:
        return np.full_like(found, np.nan), str(error)
    return found, ""


def _check_numbers(task: Task, course: Course, found: Vector) -> None:
    """SimulationError for an output that is no number, such as a fold of a baseline of 0."""
    if not np.all(np.isfinite(found)):
        row, column = np.argwhere(~np.isfinite(found))[0]
        record = course.subject.records[course.wanted[row]]
        name = outline_of(task.model).outputs[task.outputs[column]].name
        raise SimulationError(f"output '{name}' is not a finite number on line {record.line} (TIME {record.text})")


def _stretches(task: Task, course: Course) -> list[_Stretch]:
    """The records of a subject in runs of the same covariates, each with the model's numbers."""
    values = values_of(course.subject, task.columns)
    starts = [0, *(k for k in range(1, len(values)) if values[k] != values[k - 1]), len(values)]
    code, found = functions(task.model, task.engine), list[_Stretch]()
    for first, after in pairwise(starts):
        line = course.subject.records[first].line
        try:
            own = numbers(code, task.parameters, task.columns, values[first])
            found.append(_Stretch(first, after - 1, bound_of(code, code.fixed(own), task.parameters)))
        except PkpdError as error:
            raise type(error)(f"{task.origin}, line {line}: {error}") from None
    return found


def _actions(task: Task, course: Course, stretches: Sequence[_Stretch], until: int) -> tuple[Action, ...]:
    """What the dose records before record number `until` do, each with the numbers that hold at it; PkpdError names
    the line of one that the model cannot take.

    A dose record itself shows what it leaves, so it counts among those before it.
    """
    records, held = course.subject.records, [s.bound for s in stretches for _ in range(s.first, s.last + 1)]
    own = [k for k, record in enumerate(records) if record.evid in DOSING]
    line = 0

    def doses() -> Iterator[tuple[Dose, Bound, float]]:
        nonlocal line
        for k, dose in zip(own, course.schedule.doses, strict=True):
            if k < until:
                line = records[k].line
                yield dose, held[k], 1.0

    try:
        return listed_actions(doses())
    except PkpdError as error:
        raise type(error)(f"{task.origin}, line {line}: {error}") from None


def _sides(course: Course, acts: Sequence[Action], times: Sequence[float]) -> list[int | None]:
    """Whether each wanted record shows the state before (0) or after (1) all that happens at its time, or None for a
    part of it.
    """
    records = course.subject.records
    doses: dict[Fraction, list[int]] = {}
    for k, record in enumerate(records):
        if record.evid in DOSING:
            doses.setdefault(record.clock, []).append(k)
    pending = np.array([a.time for a in acts if a.rank == 0 and a.amount])

    def side(k: int) -> int | None:
        same = doses.get(records[k].clock, [])
        if not same or same[-1] <= k:
            return 1
        nearby = np.searchsorted(pending, times[k] - TIE), np.searchsorted(pending, times[k] + TIE, side="right")
        return None if same[0] <= k or nearby[0] < nearby[1] else 0

    return [side(k) for k in course.wanted]


def _walk(
    task: Task,
    course: Course,
    stretches: Sequence[_Stretch],
    acts: Sequence[Action],
    times: Sequence[float],
    rows: Sequence[tuple[int, int, int]],
    found: Vector,
) -> None:
    """Simulate through the stretches and put outputs into `found`; `rows` are (row there, record, side)."""
    if not rows:
        return
    start: Moment | None = None

    def told(day: float) -> str:  # written out only for the message of a failure
        return last_dose(given(course.schedule), day)

    final = max(k for _, k, _ in rows)
    for stretch in stretches:
        own = [(row, k, side) for row, k, side in rows if stretch.first <= k <= stretch.last]
        end = times[min(stretch.last, final)]
        asked = np.array([*(times[k] for _, k, _ in own), end])
        sides = np.array([*(side for _, _, side in own), 1], dtype=np.int64)
        course_found = integrate(stretch.bound, acts, Rows(asked, sides), task.engine, task.tolerances, start, told)
        start = course_found.end
        clock, states = asked[:-1] * stretch.bound.per_day, course_found.states[:-1]
        for column, output in enumerate(task.outputs if own else ()):
            values = stretch.bound.functions.output(output, clock, states, stretch.bound.p)
            found[[row for row, _, _ in own], column] = values
        if final <= stretch.last:
            return
