"""One subject of an event table: from record to record, with the covariates of each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
class _Laid:
    """A subject record by record: its day, the model with the numbers of the record (for its doses and outputs), and
    with those that hold on the way to it; `lead` is the first record of its time, whose numbers these are.
    """

    days: tuple[float, ...]
    at: tuple[Bound, ...]
    lead: tuple[int, ...]

    def way(self, k: int) -> Bound:
        """The model on the way to record k."""
        return self.at[self.lead[k]]


def subject_values(task: Task, course: Course) -> tuple[Vector, str]:
    """Outputs at the wanted records, shape (records, outputs), and ""; or NaN and why the subject cannot be simulated.
    PkpdError where the model cannot give what its records ask for.
    """
    laid = _laid(task, course)
    found = np.full((len(course.wanted), len(task.outputs)), np.nan)
    acts = _actions(task, course, laid, len(laid.days))
    sides = list(zip(range(len(found)), course.wanted, _sides(course, acts, laid), strict=True))
    try:
        _walk(task, course, laid, acts, [(row, k, side) for row, k, side in sides if side is not None], found)
        _within(task, course, laid, acts, [(row, k) for row, k, side in sides if side is None], found)
        _check_numbers(task, course, found)
    except SimulationError as error:
        return np.full_like(found, np.nan), str(error)
    return found, ""


def _within(
    task: Task, course: Course, laid: _Laid, acts: Sequence[Action], rows: Sequence[tuple[int, int]], found: Vector
) -> None:
    """Records between others of their time that dose: what those above them do, and no more."""
    moment, behind, unseen = None, 0, np.empty((1, len(task.outputs)))
    for row, k in rows:
        if laid.lead[k] > behind:
            moment = _walk(task, course, laid, acts, [(0, laid.lead[k] - 1, 1)], unseen, moment, behind)
            behind = laid.lead[k]
        _walk(task, course, laid, _actions(task, course, laid, k + 1), [(row, k, 1)], found, moment, behind)


def _check_numbers(task: Task, course: Course, found: Vector) -> None:
    """SimulationError for an output that is no number, such as a fold of a baseline of 0."""
    if not np.all(np.isfinite(found)):
        row, column = np.argwhere(~np.isfinite(found))[0]
        record = course.subject.records[course.wanted[row]]
        name = outline_of(task.model).outputs[task.outputs[column]].name
        raise SimulationError(f"output '{name}' is not a finite number on line {record.line} (TIME {record.text})")


def _laid(task: Task, course: Course) -> _Laid:
    records, values = course.subject.records, values_of(course.subject, task.columns)
    code, known, at, lead = functions(task.model, task.engine), dict[object, Bound](), list[Bound](), list[int]()
    for k, (record, own) in enumerate(zip(records, values, strict=True)):
        if own not in known:
            try:
                fixed = code.fixed(numbers(code, task.parameters, task.columns, own))
                known[own] = bound_of(code, fixed, task.parameters)
            except PkpdError as error:
                raise type(error)(f"{task.origin}, line {record.line}: {error}") from None
        at.append(known[own])
        lead.append(lead[k - 1] if k and records[k - 1].clock == record.clock else k)
    return _Laid(tuple(float(record.clock) for record in records), tuple(at), tuple(lead))


def _actions(task: Task, course: Course, laid: _Laid, until: int) -> tuple[Action, ...]:
    """What the dose records before record number `until` do, each with the numbers that hold at it; PkpdError names
    the line of one that the model cannot take.

    A dose record itself shows what it leaves, so it counts among those before it.
    """
    records, later = course.subject.records, float(shift(course.subject))
    own = [k for k, record in enumerate(records) if record.evid in DOSING]
    line = 0

    def doses() -> Iterator[tuple[Dose, Bound, float]]:
        nonlocal line
        for k, dose in zip(own, course.schedule.doses, strict=True):
            if k < until:
                line = records[k].line
                yield dose, laid.at[k], 1.0

    try:
        found = listed_actions(doses())
    except PkpdError as error:
        raise type(error)(f"{task.origin}, line {line}: {error}") from None
    return tuple(replace(a, time=a.time - later) for a in found) if later else found


def _sides(course: Course, acts: Sequence[Action], laid: _Laid) -> list[int | None]:
    """Whether each wanted record shows the state before (0) or after (1) all that happens at its time, or None for a
    part of it.
    """
    doses: dict[int, list[int]] = {}
    for k, record in enumerate(course.subject.records):
        if record.evid in DOSING:
            doses.setdefault(laid.lead[k], []).append(k)
    pending = np.array([a.time for a in acts if a.rank == 0 and a.amount])

    def side(k: int) -> int | None:
        same, day = doses.get(laid.lead[k], []), laid.days[k]
        if not same or same[-1] <= k:
            return 1
        nearby = np.searchsorted(pending, day - TIE), np.searchsorted(pending, day + TIE, side="right")
        return None if same[0] <= k or nearby[0] < nearby[1] else 0

    return [side(k) for k in course.wanted]


def _walk(
    task: Task,
    course: Course,
    laid: _Laid,
    acts: Sequence[Action],
    rows: Sequence[tuple[int, int, int]],
    found: Vector,
    start: Moment | None = None,
    behind: int = 0,
) -> Moment | None:
    """Simulate on from record `behind`, which nothing before follows, and put outputs into `found`; `rows` are (row
    there, record, side), in order. Returns the state after the last of them.
    """

    def told(day: float) -> str:  # written out only for the message of a failure
        return last_dose(given(course.schedule), day + float(shift(course.subject)))

    done = 0
    for first, last in _runs(laid, behind, rows[-1][1] if rows else -1):
        upto = bisect_right(rows, last, done, key=lambda row: row[1])
        own, done, way = rows[done:upto], upto, laid.way(first)
        asked = np.array([*(laid.days[k] for _, k, _ in own), laid.days[last]])
        sides = np.array([*(side for _, _, side in own), 1], dtype=np.int64)
        wanted, rest = Rows(asked, sides), laid.days[0]
        course_found = integrate(way, acts, wanted, task.engine, task.tolerances, start, told, rest)
        start = course_found.end
        _outputs(task, laid, own, course_found.states, found)
    return start


def _runs(laid: _Laid, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Records from `first` to `last` in runs that share the numbers on the way to them."""
    begin = first
    for k in range(first, last + 1):
        if k == last or laid.way(k + 1) is not laid.way(begin):
            yield begin, k
            begin = k + 1


def _outputs(task: Task, laid: _Laid, own: Sequence[tuple[int, int, int]], states: Vector, found: Vector) -> None:
    """Outputs of rows from their states, with the numbers of each record."""
    places: dict[int, list[int]] = {}
    for place, (_, k, _) in enumerate(own):
        places.setdefault(id(laid.at[k]), []).append(place)
    for alike in places.values():
        bound = laid.at[own[alike[0]][1]]
        clock = np.array([laid.days[own[place][1]] for place in alike]) * bound.per_day
        for column, output in enumerate(task.outputs):
            values = bound.functions.output(output, clock, states[alike], bound.p)
            found[[own[place][0] for place in alike], column] = values
