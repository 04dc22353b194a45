"""The measured records of an event table as observations: every subject with its own doses and covariates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ..dosing.given import written_out
from ..dosing.schedule import Schedule
from ..engine.code.library import outline_of
from ..errors import StudyError, nearest
from ..exchange.events.covariates import Columns, parameter_columns, values_of
from ..exchange.events.dosing import DOSING, schedule_of, shift
from ..exchange.events.reading import read_events
from ..exchange.events.record import OBSERVATION, EventTable, Record, Subject
from ..model.declaration import Model
from ..model.outline import Named, Outline
from ..parameters import Parameters
from ..units import same_dimension
from .observation import Observation
from .reading import Row


@dataclass(frozen=True, slots=True)
class EventReading:
    """How to read event tables: for which model, the units of TIME and AMT where the table does not say them, and
    which outputs DV holds: by DVID (`{"1": "treg"}`), or of every record (`{"": "treg"}`). A DVID may also be an
    output's name.
    """

    model: Model | str = "il2"
    time_unit: str = ""
    amount_unit: str = ""
    outputs: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """What all rows of a subject share; `added` are the days (of the schedule) on which additional doses fall, and
    `later` the days by which the schedule is put on.
    """

    table: EventTable
    subject: Subject
    schedule: Schedule
    parameters: Parameters
    added: frozenset[Fraction]
    later: Fraction


def event_rows(path: Path, reading: EventReading) -> tuple[Row, ...]:
    """The rows of a table; StudyError names the line of one that cannot be an observation.

    DV is in the output's own unit; CENS 1 makes it an upper bound, -1 a lower one. An observation above a dose record
    of its time is before that dose, one below it, or at an additional dose, after it.
    """
    table = read_events(path, time_unit=reading.time_unit, amount_unit=reading.amount_unit)
    shape = outline_of(reading.model)
    columns, known, rows = parameter_columns(table, shape), dict[Schedule, Schedule](), list[Row]()
    for subject in table.subjects:
        measured = [k for k, r in enumerate(subject.records) if r.evid == OBSERVATION and r.value is not None]
        if measured:
            schedule = schedule_of(table, subject, shape, reading.amount_unit)
            schedule = known.setdefault(schedule, schedule)
            added = frozenset(dose.time for _, extra, dose in written_out(schedule) if extra)
            course = _Course(
                table, subject, schedule, _parameters(table, subject, columns, shape), added, shift(subject)
            )
            rows += [_row(course, k, shape, reading) for k in measured]
    if not rows:
        raise StudyError(f"{table.origin} holds no observation: no record of EVID 0 has a number in DV")
    return tuple(rows)


def _parameters(table: EventTable, subject: Subject, columns: Columns, shape: Outline) -> Parameters:
    """What the columns of a subject say of the model's parameters; StudyError where a column changes in time."""
    values, where = values_of(subject, columns), f"{table.origin}, ID {subject.id}"
    for k, now in enumerate(values):
        for name, first, other in zip(columns.names, values[0], now, strict=True):
            if first != other:
                raise StudyError(
                    f"{table.origin} line {subject.records[k].line}: {name} of ID {subject.id} changes from {first:g} "
                    f"to {other:g}; a fit holds what stays as it is, so leave the column out or fill in one value an ID"
                )
    said = {name: value for name, value in zip(columns.names, values[0], strict=True) if value is not None}
    units = {name: shape.defaults[name].unit for name in said}
    given = (shape.defaults[name].changed(f"{value!r} {units[name]}", where) for name, value in said.items())
    return Parameters(tuple(given), where)


def _row(course: _Course, k: int, shape: Outline, reading: EventReading) -> Row:
    record, own = course.subject.records[k], course.parameters
    where = f"{course.table.origin} line {record.line}"
    output, form = _measured(record, shape, reading.outputs or {}, where)
    day = record.clock + course.later
    observation = Observation(
        study=Path(course.table.origin).stem,
        output=output,
        form=form,
        value=record.value,
        id=course.subject.id,
        regimen=f"records of ID {course.subject.id}",
        day_from=float(day),
        day_to=float(day),
        side=_side(course, k, day, where),
        bound={1: "<", -1: ">"}.get(record.censored, "="),
        origin=where,
    )
    bsa, weight = (own[name].in_unit(unit) if name in own else None for name, unit in (("bsa", "m2"), ("weight", "kg")))
    return Row(observation, course.schedule, bsa, weight, own)


def _side(course: _Course, k: int, day: Fraction, where: str) -> str:
    """Before or after the doses of its time; StudyError between two of them."""
    records = course.subject.records
    above, below = (_doses_beside(records, k, step) for step in (-1, 1))
    first = above or day in course.added
    if first and below:
        raise StudyError(f"{where}: an observation between two doses of one time cannot be fitted; move one of them")
    return "post" if first else "pre"


def _doses_beside(records: Sequence[Record], k: int, step: int) -> bool:
    """Whether a dose record of the same time stands above (-1) or below (1) record k."""
    j = k + step
    while 0 <= j < len(records) and records[j].clock == records[k].clock:
        if records[j].evid in DOSING:
            return True
        j += step
    return False


def _measured(record: Record, shape: Outline, outputs: Mapping[str, str], where: str) -> tuple[str, str]:
    """The output that DV holds and its form; StudyError with the nearest name."""
    units = {o.name: o for o in shape.outputs}
    name = outputs.get(record.kind) or outputs.get("") or record.kind or (next(iter(units)) if len(units) == 1 else "")
    if name not in units:
        first, of = next(iter(units)), f"of model {shape.name}"
        said = f"nothing says which output {of} is in DV"
        if record.kind in outputs or "" in outputs:
            said = f"'{name[:40]}' is no output {of}"
        elif record.kind:
            said = f"DVID '{record.kind[:40]}' is no output {of}"
        example = f"{record.kind}={first}" if record.kind else first
        hint = nearest(name, units) or f"; it has: {', '.join(units)}; say for example --dv {example}"
        raise StudyError(f"{where}: {said}{hint}")
    if name.endswith("_fold"):
        return name.removesuffix("_fold"), "fold"
    return name, _form(units[name])


def _form(output: Named) -> str:
    return "percent" if output.unit == "%" else "count" if same_dimension(output.unit, "cells/uL") else "level"


def mapping(texts: Sequence[str]) -> dict[str, str]:
    """`("1=treg", "2=nk")` or `("treg",)` as what `EventReading` takes; StudyError for a text of neither form."""
    found: dict[str, str] = {}
    for text in texts:
        kind, equals, name = (part.strip() for part in text.rpartition("="))
        if not name or (equals and not kind) or kind in found:
            raise StudyError(f"'{text[:60]}' does not say which output a DVID is; write treg, or 1=treg and 2=nk")
        found[kind] = name
    return found
