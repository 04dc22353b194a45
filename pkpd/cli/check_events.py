"""What `pkpd check` says of an event table: who is in it, what they get, what is measured, and what is not used."""

from __future__ import annotations

from ..exchange.events.covariates import parameter_columns
from ..exchange.events.dosing import dose_records, schedule_of
from ..exchange.events.reading import read_events
from ..exchange.events.record import OBSERVATION


def events_report(path: str, model: str, time_unit: str) -> str:
    """Counts of subjects, doses and observations, against a model; PkpdError names file and line."""
    from ..engine.code.library import outline_of

    shape, table = outline_of(model), read_events(path, time_unit=time_unit)
    columns = parameter_columns(table, shape)
    for subject in table.subjects:
        schedule_of(table, subject, shape)
    records = [record for subject in table.subjects for record in subject.records]
    given = sum(len(dose_records(subject)) for subject in table.subjects)
    measured = [r for r in records if r.evid == OBSERVATION and r.value is not None]
    kinds = sorted({r.kind for r in measured if r.kind})
    used = [table.covariates[place] for place in columns.places]
    unused = [*(name for name in table.covariates if name not in used), *table.unused]
    said = [
        f"an event table of {_count(len(table.subjects), 'subject')}, {_count(len(records), 'record')}: "
        f"{_count(given, 'dose record')}, {_count(len(measured), 'measured value')}"
        + (f" of DVID {', '.join(kinds)}" if kinds else ""),
        f"TIME in {table.time_unit}; doses fit the routes of model {shape.name}",
        f"columns that give parameters: {', '.join(used) or 'none'}",
        *([f"columns not used: {', '.join(unused)}"] if unused else []),
        *table.notes,
    ]
    return "\n  ".join(said)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
