"""An event table simulated: the outputs of any model at the records asked for, subject by subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...engine import check_engine
from ...engine.code.library import outline_of
from ...engine.functions import Vector
from ...engine.tolerances import DEFAULT, Tolerances
from ...engine.workers import on_threads
from ...errors import SimulationError, nearest
from ...many import output_numbers
from ...model.outline import Outline
from ...output.tables import Table
from ...parameters import Parameters
from ...simulation import default_parameters
from .covariates import Columns, parameter_columns
from .dosing import schedule_of
from .record import OBSERVATION, OTHER, EventTable, Subject
from .subject import Course, Task, subject_values

if TYPE_CHECKING:
    from ...model.declaration import Model

RECORDS = ("observations", "all")
SHOWN = (OBSERVATION, OTHER)  # EVID of the first of them


@dataclass(frozen=True, slots=True)
class EventFailure:
    """A subject who could not be simulated to the end, and why; its rows hold NaN."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class EventRun:
    """Outputs at the records asked for, in the order of the table.

    `lines` are their lines, `kinds` their EVID, `ids` and `times` ID and TIME as written. `run["treg"]` is an output in
    its own unit, shape (rows,); `values` has shape (rows, outputs). `covariates` are the columns that gave parameters.
    """

    origin: str
    lines: tuple[int, ...]
    kinds: tuple[int, ...]
    ids: tuple[str, ...]
    times: tuple[str, ...]
    outputs: tuple[str, ...]
    units: tuple[str, ...]
    values: Vector
    covariates: tuple[str, ...]
    failures: tuple[EventFailure, ...]

    def __getitem__(self, name: str) -> Vector:
        if name not in self.outputs:
            raise SimulationError(f"'{name}' was not among the outputs asked for{nearest(name, self.outputs)}")
        return self.values[:, self.outputs.index(name)]

    def table(self) -> Table:
        """One row a record: ID, TIME, EVID where doses are among them, then the outputs in their own units, empty where
        a subject failed.
        """
        columns = (
            [None if np.isnan(value) else float(value) for value in self.values[:, k]] for k in range(len(self.outputs))
        )
        evid = (("EVID", self.kinds),) if any(kind not in SHOWN for kind in self.kinds) else ()
        return Table((("ID", self.ids), ("TIME", self.times), *evid, *zip(self.outputs, columns, strict=True)))


def simulate_events(
    table: EventTable,
    model: Model | str = "il2",
    parameters: Parameters | None = None,
    *,
    outputs: Sequence[str] = (),
    records: str = "observations",
    amount_unit: str = "",
    engine: str = "compiled",
    tolerances: Tolerances = DEFAULT,
    threads: int | None = None,
) -> EventRun:
    """Simulate every subject of a table; one row for each record asked for (`observations`: EVID 0 and 2; or `all`).

    A row shows the state after everything pending at its time (additional and lagged doses) and after the records above
    it in the table, as NONMEM does; a record that doses shows the state it leaves. Columns that name a parameter of the
    model, in any case, give it to the subject, in the unit of the model's own value; between records the value of the
    next one holds (next observation carried backward), and before the first record the model is at rest. `outputs` are
    all of the model's unless named. AMT is in the unit of its record, else in `amount_unit`, else in that of the route.
    A subject who fails is reported in `failures`, and the others finish. Raises PkpdError.
    """
    check_engine(engine)
    if records not in RECORDS:
        raise SimulationError(f"records '{records}' are none of {', '.join(RECORDS)}{nearest(records, RECORDS)}")
    shape, own = outline_of(model), default_parameters(model)
    base = own if parameters is None else parameters.over(own)
    numbers, columns = output_numbers(shape, outputs), parameter_columns(table, shape)
    courses = [_course(table, subject, columns, model, amount_unit, records) for subject in table.subjects]
    task = Task(model, base, columns, numbers, engine, tolerances, table.origin)
    found = list(on_threads(partial(subject_values, task), courses, model, threads))
    return _gathered(table, shape, numbers, columns, courses, found)


def _gathered(
    table: EventTable,
    shape: Outline,
    numbers: Sequence[int],
    columns: Columns,
    courses: Sequence[Course],
    found: Sequence[tuple[Vector, str]],
) -> EventRun:
    """The rows of all subjects, in the order of the table."""
    rows = [(course.subject, course.subject.records[k]) for course in courses for k in course.wanted]
    reasons = [(course.subject.id, reason) for course, (_, reason) in zip(courses, found, strict=True) if reason]
    return EventRun(
        origin=table.origin,
        lines=tuple(record.line for _, record in rows),
        kinds=tuple(record.evid for _, record in rows),
        ids=tuple(subject.id for subject, _ in rows),
        times=tuple(record.text for _, record in rows),
        outputs=tuple(shape.outputs[k].name for k in numbers),
        units=tuple(shape.outputs[k].unit for k in numbers),
        values=np.concatenate([np.zeros((0, len(numbers))), *(values for values, _ in found)]),
        covariates=tuple(table.covariates[place] for place in columns.places),
        failures=tuple(EventFailure(*one) for one in reasons),
    )


def _course(
    table: EventTable, subject: Subject, columns: Columns, model: Model | str, amount_unit: str, records: str
) -> Course:
    """A subject with its schedule and the numbers of the records asked for; PkpdError before anything is simulated."""
    schedule = schedule_of(table, subject, outline_of(model), amount_unit)
    wanted = tuple(k for k, r in enumerate(subject.records) if records == "all" or r.evid in SHOWN)
    return Course(subject, schedule, wanted)
