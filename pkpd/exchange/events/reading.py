"""Reading an event table of the field (NONMEM, mrgsolve, rxode2, Monolix) from a file or a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from typing import Any, TypeVar

from ...dosing.amount import MAX_DAYS
from ...errors import FileError
from .cells import Sheet, file_text, missing, split
from .columns import Columns, fields_of, find_columns
from .numbers import days, hourly, is_number, number, why_not
from .record import RESET, RESET_AND_DOSE, EventTable, Record, Subject
from .rows import Row, compartment, fault, ignored, to_record

_NUMBERS = ("DV", "AMT", "LIMIT")
_WHOLE = ("EVID", "ADDL", "SS", "MDV", "CENS")
HEAD = 65_536  # bytes of a file in which its header is looked for
Value = TypeVar("Value")


def read_events(source: str | Path, *, time_unit: str = "", amount_unit: str = "", origin: str = "") -> EventTable:
    """The event table in a file; FileError, with the line where there is one, says what cannot be read.

    `time_unit` is that of TIME, II, DUR and RATE, `h` or `d`; it may instead stand in the header (`TIME_H`, `TIME [d]`)
    or in a comment line above it (`# time: h`), and must be said once. `amount_unit` is the unit of AMT where no column
    UNIT gives one. `origin` names the table in messages, by default the file. Times become days, exactly, and a rate
    is per hour.

    Cells are separated by commas, semicolons, tabs or blanks, with decimal points. LIMIT is, with CENS 1, the lower
    end of the interval that has DV as its upper end (with CENS -1 the other way round), as in Monolix. A missing EVID
    is 1 where AMT, RATE or SS is not 0, else 2 with MDV 1, else 0. Further columns of numbers are covariates.
    """
    return read_event_text(file_text(source), origin or Path(source).name, time_unit=time_unit, amount_unit=amount_unit)


def read_event_text(text: str, origin: str, *, time_unit: str = "", amount_unit: str = "") -> EventTable:
    """The event table in a text, as `read_events` reads it from a file; `origin` names it in messages."""
    sheet = split(text, origin)
    columns = find_columns(sheet, time_unit, amount_unit)
    sheet, columns, skipped = _without_comments(sheet, columns)
    ids = _ids(sheet, columns)
    covariates, values, unused, why = _further(sheet, columns.further)
    rows = _as_rows(sheet, columns, ids, values)
    records = [to_record(row, origin) for row in rows]
    notes = (*sheet.notes, *columns.notes, *skipped, *why, *_noted(rows, records))
    subjects = _subjects(rows, records, origin, "ID" in columns.at)
    return EventTable(origin, columns.time_unit, subjects, covariates, unused, notes, columns.aliases)


def is_event_table(path: Path) -> bool:
    """Whether a file is an event table, by its header: TIME with DV, AMT or EVID; False for what cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD).decode("utf-8-sig", errors="replace")
        names = split("\n".join(head.splitlines()[:-1] or [head]), path.name).names
    except (OSError, FileError):
        return False
    fields = set(fields_of(names))
    return "TIME" in fields and bool(fields & {"DV", "AMT", "EVID"})


def _without_comments(sheet: Sheet, columns: Columns) -> tuple[Sheet, Columns, tuple[str, ...]]:
    """The sheet without rows that have a C in NONMEM's comment column; a column C of anything else is a further one."""
    place = columns.at.get("C")
    if place is None:
        return sheet, columns, ()
    marks = [row[place] for row in sheet.rows]
    at = {field: k for field, k in columns.at.items() if field != "C"}
    if not all(mark in ("C", "c") or missing(mark) for mark in marks):
        return sheet, replace(columns, at=at, further=tuple(sorted((*columns.further, place)))), ()
    kept = [k for k, mark in enumerate(marks) if missing(mark)]
    left = replace(sheet, lines=tuple(sheet.lines[k] for k in kept), rows=tuple(sheet.rows[k] for k in kept))
    count = len(marks) - len(kept)
    notes = (f"{_count(count, 'row')} with a C in the column C {_were(count)} skipped",) if count else ()
    return left, replace(columns, at=at), notes


def _ids(sheet: Sheet, columns: Columns) -> list[str]:
    if "ID" not in columns.at:
        return ["1"] * len(sheet.rows)
    ids = _column(sheet, columns.at["ID"])
    for line, cell in zip(sheet.lines, ids, strict=True):
        if missing(cell):
            raise FileError(f"{sheet.origin} line {line} has no ID; write the ID of its subject")
    return ids


def _column(sheet: Sheet, place: int) -> list[str]:
    return [row[place] for row in sheet.rows]


def _further(
    sheet: Sheet, places: Sequence[int]
) -> tuple[tuple[str, ...], list[list[float | None]], tuple[str, ...], list[str]]:
    """Names and values of the covariates, the columns not used, and why not."""
    names: list[str] = []
    values: list[list[float | None]] = []
    unused: list[str] = []
    why: list[str] = []
    for k in places:
        name, cells = sheet.names[k], _column(sheet, k)
        if not name:
            unused.append(f"column {k + 1}")
            continue
        read, place = _each(cells, number)
        if place is not None:
            unused.append(name)
            found = f"line {sheet.lines[place]} has '{cells[place][:40]}', which is not a number"
            why.append(f"the column '{name[:40]}' is not used: {found}")
            continue
        names.append(name)
        values.append(read)
    return tuple(names), values, tuple(unused), why


def _each(cells: Iterable[str], read: Callable[[str], Value]) -> tuple[list[Value], int | None]:
    """Every cell read, equal ones once, up to the first for which `read` raises ValueError; its place, None if none."""
    known: dict[str, Value] = {}
    found: list[Value] = []
    for place, cell in enumerate(cells):
        if cell not in known:
            try:
                known[cell] = read(cell)
            except ValueError:
                return found, place
        found.append(known[cell])
    return found, None


def _as_rows(sheet: Sheet, columns: Columns, ids: list[str], covariates: list[list[float | None]]) -> list[Row]:
    unit = columns.time_unit

    def values(field: str, read: Callable[[str], Value], absent: Value) -> Iterable[Value]:
        if field not in columns.at:
            return repeat(absent)
        cells = _column(sheet, columns.at[field])
        found, place = _each(cells, read)
        if place is not None:
            where = f"{sheet.origin} line {sheet.lines[place]} (ID {ids[place][:40]})"
            raise FileError(f"{where}: {_why(field, cells[place], unit)}")
        return found

    times = values("TIME", lambda cell: _moment(cell, unit), Fraction(0))
    plain: dict[str, Iterable[Any]] = {name: values(name, number, None) for name in _NUMBERS}
    plain |= {name: values(name, _whole, None) for name in _WHOLE}
    plain |= {name: values(name, lambda cell: days(cell, unit), None) for name in ("DUR", "II")}
    given = zip(
        sheet.lines,
        ids,
        _column(sheet, columns.at["TIME"]),
        times,
        plain["DV"],
        plain["AMT"],
        plain["EVID"],
        values("CMT", compartment, ""),
        values("RATE", lambda cell: hourly(cell, unit), None),
        *(plain[name] for name in ("DUR", "II", "ADDL", "SS", "MDV", "CENS", "LIMIT")),
        values("DVID", _text, ""),
        values("UNIT", lambda cell: _text(cell) or columns.amount_unit, columns.amount_unit),
        zip(*covariates, strict=True) if covariates else repeat(()),
        strict=False,  # a column the table has not is the same value for ever
    )
    return [Row(*cells) for cells in given]


def _why(field: str, cell: str, unit: str) -> str:
    if field == "TIME" and missing(cell):
        return "TIME is missing; write the time of the record"
    if field == "TIME" and is_number(cell):
        return f"TIME is {cell[:40]} in {unit}; write the time since the start, within {MAX_DAYS} days and 40 digits"
    if field == "CMT":
        return f"CMT is '{cell[:40]}'; a compartment is a whole number or a name"
    try:
        number(cell)
    except ValueError:
        return why_not(field, cell, unit)
    whole = field in _WHOLE
    return f"{field} is '{cell[:40]}'; it is a whole number" if whole else why_not(field, cell, unit)


def _moment(cell: str, unit: str) -> Fraction:
    value = days(cell, unit)
    if value is None or abs(value) > MAX_DAYS:
        raise ValueError(cell)
    return value


def _whole(cell: str) -> int | None:
    value = number(cell)
    if value is not None and (value != int(value) or abs(value) > 1e9):
        raise ValueError(cell)
    return None if value is None else int(value)


def _text(cell: str) -> str:
    return "" if missing(cell) else cell


def _subjects(rows: list[Row], records: list[Record], origin: str, named: bool) -> tuple[Subject, ...]:
    """The records of each ID, their clock going on over resets; FileError when TIME falls or an ID comes twice."""
    blocks: dict[str, list[Record]] = {}
    block: list[Record] = []
    shift = Fraction(0)
    for row, record in zip(rows, records, strict=True):
        if not block or blocks.get(row.id) is not block:
            if row.id in blocks:
                before = (
                    f"ID {row.id[:40]} has records up to line {blocks[row.id][-1].line} and again from line {row.line}"
                )
                raise FileError(f"{origin}: {before}; put the records of an ID together, or give it another ID")
            block = blocks[row.id] = []
            shift = Fraction(0)
        elif record.time < block[-1].time:
            if record.evid not in (RESET, RESET_AND_DOSE):
                hint = "sort the records of an ID by TIME" if named else "sort by TIME, or add ID if these are several"
                found = f"TIME {record.text} is before {block[-1].text} in line {block[-1].line}"
                raise fault(row, origin, f"{found}; {hint} (only EVID 3 or 4 starts TIME again)")
            shift = block[-1].clock - record.time
        block.append(replace(record, clock=record.time + shift) if shift else record)
    return tuple(Subject(id, tuple(found)) for id, found in blocks.items())


def _noted(rows: list[Row], records: list[Record]) -> list[str]:
    notes = []
    if not records:
        notes.append("the table has no records")
    idle = sum(1 for r in records if r.interval and not r.additional and not r.steady_state)
    if idle:
        notes.append(f"II has no effect on {_count(idle, 'dose')} without ADDL or SS")
    extra = sum(ignored(row, record) for row, record in zip(rows, records, strict=True))
    if extra:
        notes.append(
            f"RATE, DUR, II, ADDL or SS of {_count(extra, 'record')} that {'give' if extra > 1 else 'gives'} no "
            f"dose {_were(extra)} not used"
        )
    return notes


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
