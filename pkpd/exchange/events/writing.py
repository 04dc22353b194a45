"""Writing an event table as CSV that reads back to the same records."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from operator import attrgetter

from ...dosing.amount import number_text
from ...errors import FileError, PkpdError
from ...units import exact
from .columns import FIELDS
from .numbers import HOURS_PER_DAY, PER_DAY, decimal
from .reading import read_event_text
from .record import DOSE, OBSERVATION, RESET_AND_DOSE, EventTable, Record

_CODE = {"rate": "-1", "duration": "-2"}
_ALWAYS = ("ID", "TIME", "DV", "AMT", "EVID", "MDV")
# Names under which a reader would take a covariate for a column that is not written.
_TAKEN = {name: field for field, names in FIELDS.items() for name in names[1:]}
_COMPARED = tuple(name for name in Record.__slots__ if name != "line")
_values = attrgetter(*_COMPARED)


def write_events(table: EventTable, *, declared: bool = True) -> str:
    """The table as CSV: ID, TIME, DV, AMT, EVID, MDV, the other columns that hold anything, and the covariates.

    Comment lines above the header declare the unit of TIME and of AMT, and hold the notes; with `declared` False they
    are left out, for tools that know no comments, and the reader must be told the units. Doses in several units have
    them in a column UNIT. FileError when a record would not read back the same.
    """
    units = {record.unit for subject in table.subjects for record in subject.records if _doses(record)}
    unit = units.pop() if len(units) == 1 else ""
    columns = _columns(table, bool(units) and not unit)
    lines = _comments(table, unit) if declared else []
    lines.append(",".join([*(_text(name) for name in columns), *(_text(name) for name in table.covariates)]))
    for subject in table.subjects:
        id = _text(subject.id)
        for record in subject.records:
            cells = [id if name == "ID" else write(record, table.time_unit) for name, write in columns.items()]
            lines.append(",".join([*cells, *map(_number, record.covariates)]))
    text = "\n".join(lines) + "\n"
    _check(table, text, unit)
    return text


def _doses(record: Record) -> bool:
    return record.evid in (DOSE, RESET_AND_DOSE)


def _comments(table: EventTable, unit: str) -> list[str]:
    said = [f"# time: {table.time_unit}", *([f"# amount: {unit}"] if unit else [])]
    return said + [f"# note: {' '.join(note.split())}" for note in table.notes]


def _columns(table: EventTable, mixed: bool) -> dict[str, Callable[[Record, str], str]]:
    """The columns to write: those always there, and those in which any record has something."""
    records = [record for subject in table.subjects for record in subject.records]
    taken = {name.lower() for name in table.covariates}
    needed = {_TAKEN[name] for name in taken & _TAKEN.keys()} | set(_ALWAYS)
    needed |= {name for name, holds in _HOLDS.items() if any(map(holds, records))}
    return {name: write for name, write in _WRITE.items() if name in needed or (name == "UNIT" and mixed)}


def _text(text: str) -> str:
    """A text as a cell: quoted where a reader would see something else in it."""
    if any(mark in text for mark in "\r\n"):
        raise FileError(f"'{text[:40]!r}' goes over several lines; a cell of an event table is one line")
    if text and not any(mark in text for mark in ',;\t "#'):
        return text
    return '"' + text.replace('"', '""') + '"' if text else "."


def _number(value: float | None) -> str:
    return "." if value is None else number_text(value)


def _days(value: Fraction | None, unit: str) -> str:
    return "." if not value else decimal(value * PER_DAY[unit])


def _rate(record: Record, unit: str) -> str:
    if record.modelled:
        return _CODE[record.modelled]
    if record.rate is None:
        return "."
    # per day written exactly, so that it is the same rate per hour when read
    return number_text(record.rate) if unit == "h" else decimal(exact(record.rate) * HOURS_PER_DAY)


_HOLDS: dict[str, Callable[[Record], object]] = {
    "CMT": lambda r: r.compartment,
    "RATE": lambda r: r.modelled or r.rate is not None,
    "DUR": lambda r: r.duration is not None,
    "II": lambda r: r.interval,
    "ADDL": lambda r: r.additional,
    "SS": lambda r: r.steady_state,
    "CENS": lambda r: r.censored,
    "LIMIT": lambda r: r.limit is not None,
    "DVID": lambda r: r.kind,
}
_WRITE: dict[str, Callable[[Record, str], str]] = {
    "ID": lambda r, unit: "",  # written once a subject
    "TIME": lambda r, unit: _text(r.text),
    "DV": lambda r, unit: _number(r.value),
    "AMT": lambda r, unit: _number(r.amount) if _doses(r) else ".",
    "EVID": lambda r, unit: str(r.evid),
    "CMT": lambda r, unit: _text(r.compartment),
    "RATE": _rate,
    "DUR": lambda r, unit: _days(r.duration, unit),
    "II": lambda r, unit: _days(r.interval, unit),
    "ADDL": lambda r, unit: str(r.additional or "."),
    "SS": lambda r, unit: str(r.steady_state or "."),
    "MDV": lambda r, unit: str(int(r.evid != OBSERVATION or r.value is None)),
    "CENS": lambda r, unit: str(r.censored),
    "LIMIT": lambda r, unit: _number(r.limit),
    "DVID": lambda r, unit: _text(r.kind),
    "UNIT": lambda r, unit: _text(r.unit),
}


def _check(table: EventTable, text: str, unit: str) -> None:
    """FileError when a text does not read back to the records of a table."""
    try:
        found = read_event_text(text, "the table as written", time_unit=table.time_unit, amount_unit=unit)
    except PkpdError as error:
        raise FileError(f"{table.origin} cannot be written as an event table: {error}") from None
    if found.covariates != table.covariates:
        names = ", ".join(table.covariates)[:120]
        raise FileError(f"{table.origin} cannot be written: its covariates {names} are read back as other columns")
    for old, new in zip(table.subjects, found.subjects, strict=False):
        for record, again in zip(old.records, new.records, strict=False):
            if old.id != new.id or _values(record) != _values(again):
                pairs = zip(_COMPARED, _values(record), _values(again), strict=True)
                name, was, became = next((p for p in pairs if p[1] != p[2]), ("id", old.id, new.id))
                said = f"{name} {_shown(was)} would read back as {_shown(became)}"
                raise FileError(f"{table.origin} line {record.line} (ID {old.id[:40]}) cannot be written: {said}")
    if [(s.id, len(s.records)) for s in table.subjects] != [(s.id, len(s.records)) for s in found.subjects]:
        raise FileError(f"{table.origin} cannot be written: a subject has no records, or its ID is there twice")


def _shown(value: object) -> str:
    return "nothing" if value in (None, "") else f"'{str(value)[:40]}'"
