"""Event tables for tests, written in one line a record."""

from __future__ import annotations

from pkpd.exchange.events.reading import read_event_text
from pkpd.exchange.events.record import EventTable, Record


def table(header: str, *rows: str) -> str:
    """The CSV text of a table whose header and rows are words set apart by blanks: `table("ID TIME AMT", "1 0 5")`."""
    return "\n".join(",".join(line.split()) for line in (header, *rows)) + "\n"


def read(header: str, *rows: str, time_unit: str = "h", amount_unit: str = "") -> EventTable:
    """The same table as read, in hours unless said."""
    return read_event_text(table(header, *rows), "data.csv", time_unit=time_unit, amount_unit=amount_unit)


def record(header: str, row: str, time_unit: str = "h") -> Record:
    """The only record of a table of one row."""
    (subject,) = read(header, row, time_unit=time_unit).subjects
    (only,) = subject.records
    return only
