"""The measured records of an event table as observations: every subject with its own doses and covariates."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..dosing.given import written_out
from ..dosing.schedule import Schedule
from ..engine.code.library import outline_of
from ..engine.compile import bind
from ..errors import StudyError, nearest
from ..exchange.events.covariates import Columns, below_zero, parameter_columns, values_of
from ..exchange.events.dosing import DOSING, schedule_of, shift, understood
from ..exchange.events.reading import read_events
from ..exchange.events.record import OBSERVATION, EventTable, Record, Subject
from ..model.declaration import Model
from ..model.outline import Named, Outline
from ..model.registry import get_model
from ..parameters import Parameters
from ..units import same_dimension
from .observation import Observation
from .reading import Row

LOG = logging.getLogger("pkpd")
AT_REST = 1e-6  # of a state's scale a day: far above rounding, far below what an assay sees


@dataclass(frozen=True, slots=True)
class EventReading:
    """How to read event tables: for which model, the units of TIME and AMT where the table does not say them, and
    which outputs DV holds: by DVID, or by CMT in a table without DVID (`{"1": "treg"}`), or of every record
    (`{"": "treg"}`). A DVID may also be an output's name.
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
    of its time is before that dose, any other after what happens then. What was taken for granted is logged.
    """
    table = read_events(path, time_unit=reading.time_unit, amount_unit=reading.amount_unit)
    shape = outline_of(reading.model)
    measured = {s.id: [k for k, r in enumerate(s.records) if _measures(r)] for s in table.subjects}
    outputs = _outputs(table, [s.records[k] for s in table.subjects for k in measured[s.id]], shape, reading)
    columns, known, rows = parameter_columns(table, shape), dict[Schedule, Schedule](), list[Row]()
    for subject in table.subjects:
        if measured[subject.id]:
            course = _course(table, subject, columns, shape, reading, known)
            rows += [_row(course, k, shape, outputs) for k in measured[subject.id]]
    if not rows:
        raise StudyError(f"{table.origin} holds no observation: no record of EVID 0 has a number in DV")
    _tell(table, columns, shape, reading)
    return tuple(rows)


def _measures(record: Record) -> bool:
    return record.evid == OBSERVATION and record.value is not None


def _course(
    table: EventTable,
    subject: Subject,
    columns: Columns,
    shape: Outline,
    reading: EventReading,
    known: dict[Schedule, Schedule],
) -> _Course:
    """A subject with its schedule, one object for all that are equal."""
    later, first = shift(subject), subject.records[0]
    model = _model(reading)
    if (later and model.follows_clock) or (first.clock > 0 and not _rests(model)):
        why = "follows the clock" if model.follows_clock else "does not rest without drug"
        raise StudyError(
            f"{table.origin} line {first.line}: model {shape.name} {why}, so to be fitted the records of ID "
            f"{subject.id} begin at TIME 0, and no dose lies before it"
        )
    made = schedule_of(table, subject, shape, reading.amount_unit)
    schedule = known.setdefault(made, made)
    added = frozenset(dose.time for _, extra, dose in written_out(schedule) if extra)
    return _Course(table, subject, schedule, _parameters(table, subject, columns, shape), added, later)


def _model(reading: EventReading) -> Model:
    return get_model(reading.model) if isinstance(reading.model, str) else reading.model


@lru_cache(maxsize=8)
def _rests(model: Model) -> bool:
    """Whether nothing moves without drug, at the model's own values: then it is all one when its course begins."""
    bound = bind(model, model.defaults)
    moved = bound.functions.rhs(0.0, bound.initial.tolist(), bound.p) * bound.per_day
    return bool(np.all(np.abs(moved) < AT_REST * bound.scale))


def _tell(table: EventTable, columns: Columns, shape: Outline, reading: EventReading) -> None:
    """What a user did not say and should know."""
    used = [table.covariates[place] for place in columns.places]
    unused = [*(name for name in table.covariates if name not in used), *table.unused]
    said = [*table.notes, *understood(table, shape, reading.amount_unit), *below_zero(table, columns, shape)]
    said += [f"{', '.join(used)}: parameters, in the units these have in the model"] if used else []
    said += [f"not used, since no parameter is called so: {', '.join(unused)}"] if unused else []
    if any(r.censored and r.limit is not None for s in table.subjects for r in s.records):
        said.append("LIMIT is not used: a value with CENS 1 counts as anywhere below DV, with -1 above it")
    for note in said:
        LOG.info("%s: %s", table.origin, note)


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


def _row(course: _Course, k: int, shape: Outline, outputs: Mapping[str, str]) -> Row:
    record, own = course.subject.records[k], course.parameters
    where = f"{course.table.origin} line {record.line}"
    if record.censored == 1 and record.value is not None and record.value <= 0:
        raise StudyError(f"{where}: CENS is 1 and DV {record.value:g}; write the limit of quantification in DV")
    output, form = _measured(record, shape, outputs, where)
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
        unit="" if form == "fold" else next(o.unit for o in shape.outputs if o.name == output),
        bound={1: "<", -1: ">"}.get(record.censored, "="),
        origin=where,
    )
    bsa, weight = (own[name].in_unit(unit) if name in own else None for name, unit in (("bsa", "m2"), ("weight", "kg")))
    return Row(observation, course.schedule, bsa, weight, own)


def _side(course: _Course, k: int, day: Fraction, where: str) -> str:
    """Before the doses below it, else after all that happens then; StudyError between two of them."""
    records = course.subject.records
    above, below = (_doses_beside(records, k, step) for step in (-1, 1))
    if below is not None and (above is not None or day in course.added):
        other = f"line {records[above].line}" if above is not None else "an additional dose of its time"
        raise StudyError(
            f"{where} stands between {other} and the dose record of line {records[below].line} at the same moment, "
            "which cannot be fitted; move one of them"
        )
    return "post" if below is None else "pre"


def _doses_beside(records: Sequence[Record], k: int, step: int) -> int | None:
    """The nearest dose record of the same time above (-1) or below (1) record k, if there is one."""
    j = k + step
    while 0 <= j < len(records) and records[j].clock == records[k].clock:
        if records[j].evid in DOSING:
            return j
        j += step
    return None


def _outputs(table: EventTable, measured: Sequence[Record], shape: Outline, reading: EventReading) -> Mapping[str, str]:
    """The output of each DVID, or of each CMT where there is no DVID; StudyError for one that is not in the table."""
    said = dict(reading.outputs or {})
    kinds = {r.kind for r in measured} - {""}
    column, keys = ("DVID", kinds) if kinds else ("CMT", {r.compartment for r in measured} - {""})
    for key in said:
        if key and key not in keys:
            there = f"{column} {', '.join(sorted(keys))}" if keys else "neither DVID nor CMT"
            raise StudyError(
                f"{table.origin}: DVID or CMT '{key[:40]}' was given an output; its observations have {there}"
            )
    if column == "CMT" and len(keys) > 1 and keys - set(said):
        listed = " ".join(f"--dv {key}={shape.outputs[0].name}" for key in sorted(keys))
        raise StudyError(
            f"{table.origin}: its observations stand in CMT {' and '.join(sorted(keys))}; say the output of each, for "
            f"example {listed}"
        )
    return said


def _measured(record: Record, shape: Outline, outputs: Mapping[str, str], where: str) -> tuple[str, str]:
    """The output that DV holds and its form; StudyError with the nearest name."""
    units = {o.name: o for o in shape.outputs}
    key = record.kind or record.compartment
    name = outputs.get(key) or outputs.get("") or record.kind or (next(iter(units)) if len(units) == 1 else "")
    if name not in units:
        first, of = next(iter(units)), f"of model {shape.name}"
        said = f"nothing says which output {of} is in DV"
        if key in outputs or "" in outputs:
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
