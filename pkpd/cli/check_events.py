"""What `pkpd check` says of an event table: who is in it, what they get, what is measured, and what is not used."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ..exchange.events.covariates import parameter_columns
from ..exchange.events.dosing import dose_records, schedule_of, understood
from ..exchange.events.reading import read_events
from ..exchange.events.record import OBSERVATION

if TYPE_CHECKING:
    from ..studies.events import EventReading


def events_report(path: str, reading: EventReading) -> str:
    """Counts of subjects, doses and observations, against a model; with outputs for DV, how many rows each gets.
    PkpdError names file and line.
    """
    from ..engine.code.library import outline_of
    from ..studies.events import event_rows

    shape = outline_of(reading.model)
    table = read_events(path, time_unit=reading.time_unit, amount_unit=reading.amount_unit)
    columns = parameter_columns(table, shape)
    for subject in table.subjects:
        schedule_of(table, subject, shape, reading.amount_unit)
    records = [record for subject in table.subjects for record in subject.records]
    measured = [r for r in records if r.evid == OBSERVATION and r.value is not None]
    kinds = sorted({r.kind for r in measured if r.kind})
    rows = Counter(row.observation.output for row in event_rows(Path(path), reading)) if reading.outputs else {}
    used = [table.covariates[place] for place in columns.places]
    unused = [*(name for name in table.covariates if name not in used), *table.unused]
    given = sum(len(dose_records(subject)) for subject in table.subjects)
    said = [
        f"an event table of {_count(len(table.subjects), 'subject')}, {_count(len(records), 'record')}: "
        f"{_count(given, 'dose record')}, {_count(len(measured), 'measured value')}"
        + (f" of DVID {', '.join(kinds)}" if kinds else ""),
        f"TIME in {table.time_unit}; doses fit the routes of model {shape.name}",
        f"columns that give parameters: {', '.join(used) or 'none'}",
        *([f"columns not used: {', '.join(unused)}"] if unused else []),
        *(f"{_count(count, 'row')} of {output}" for output, count in rows.items()),
        *table.notes,
        *understood(table, shape, reading.amount_unit),
    ]
    return "\n  ".join(said)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
