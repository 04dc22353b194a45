"""The tables of a result: short ones whole, long ones by name, size and digest."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .. import html
from .result import Kept, Result

SHOWN = 60  # rows
WIDE = 14  # columns
FEW = 3  # rows from which on a column that is the same in all is told once
REPORT = "report.txt"


def rows_of(data: bytes) -> list[list[str]]:
    """The rows of a CSV file, its head first; none of what cannot be read as one."""
    try:
        return list(_read(data))
    except (ValueError, csv.Error):
        return []


def _read(data: bytes) -> Iterator[list[str]]:
    """Row by row, since a file may be larger than its rows would find room for."""
    lines = csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline=""))
    return (row for row in lines if row and not row[0].startswith("#"))


def csv_tables(result: Result, names: Sequence[str]) -> str:
    """These tables of a result, in short numbers; of a long one the first rows."""
    return "".join(_csv_table(name, sheet) for name in names if (sheet := _sheet(result.data(name) or b"")))


def _csv_table(name: str, sheet: Sheet) -> str:
    used = [k for k in range(len(sheet.head)) if k not in sheet.same or len(sheet.same) == len(sheet.head)][:WIDE]
    same = ", ".join(f"{sheet.head[k]} {value}" for k, value in sheet.same.items() if value and k not in used)
    cells = [[short(row[k]) for k in used] for row in sheet.first]
    told = html.lines([f"In every row: {same}."] * bool(same))
    told += html.table([sheet.head[k].replace("_", " ") for k in used], cells, name)
    more = sheet.count - len(cells)
    return told + html.lines(
        [f"{name}: {more} more rows are in the file." if more else f"From {name}, in four digits."]
    )


@dataclass(frozen=True, slots=True)
class Sheet:
    """The head and first rows of a CSV file, how many rows there are, and columns of one value throughout."""

    head: Sequence[str]
    first: Sequence[Sequence[str]]
    count: int
    same: Mapping[int, str]


def _sheet(data: bytes) -> Sheet | None:
    """What is shown of a file, of which only that is kept; None where it is empty or no table."""
    try:
        rows = _read(data)
        head, first = next(rows, []), next(rows, [])
        shown, same, count = [first], dict(enumerate(first)), 1
        if not head or len(first) != len(head):
            return None
        for row in rows:
            if len(row) != len(head):
                return None
            same = {k: value for k, value in same.items() if row[k] == value}
            shown += [row] * (count < SHOWN)
            count += 1
    except (ValueError, csv.Error):
        return None
    return Sheet(head, shown, count, same if count >= FEW else {})


def regimens(result: Result) -> str:
    """The quantities of a comparison, one column a regimen, each with its interval."""
    rows = rows_of(result.data("comparison.csv") or b"")
    head, body = (rows[0], rows[1:]) if rows else ([], [])
    if not {"regimen", "quantity", "unit", "value", "low", "high"} <= set(head):
        return ""
    told: dict[tuple[str, str], dict[str, str]] = {}
    for row in body:
        one = dict(zip(head, row, strict=False))
        told.setdefault((one["quantity"], one["unit"]), {})[one["regimen"]] = ranged(one)
    names = list(dict.fromkeys(name for own in told.values() for name in own))
    cells = [(q, "" if u == "1" else u, *(own.get(n, "-") for n in names)) for (q, u), own in told.items()]
    told_html = html.table(("quantity", "unit", *names), cells, "Quantities of each regimen")
    return told_html + html.lines(["In brackets: the 90 % interval over draws of the parameters, where there are any."])


def ranged(one: Mapping[str, str]) -> str:
    """The value of a row with its range, where it has one."""
    value, low, high = (short(one[key]) for key in ("value", "low", "high"))
    return value if not low or low == high else f"{value} ({low} to {high})"


def short(text: str) -> str:
    """A number in four significant digits; any other text as it is."""
    try:
        value = float(text)
    except ValueError:
        return text
    if not math.isfinite(value) or text.isdigit():
        return text
    return f"{value:.4g}" if abs(value) < 1e6 else text


def file_table(result: Result) -> str:
    """Every file of a result with what it holds and its digest."""
    rows = [(file.name, _holds(file), _state(file), file.listed) for file in result.files]
    kinds = ["" if file.data is not None else "miss" for file in result.files]
    label = f"Files of {result.label}"
    return html.table(("file", "holds", "now", "SHA-256 as recorded"), rows, label, kinds)


def _state(file: Kept) -> str:
    return {"same": "unchanged", "changed": "CHANGED SINCE", "missing": "MISSING"}[file.state]


def _holds(file: Kept) -> str:
    if file.data is None:
        return "-"
    if file.name.endswith(".csv"):
        return _size(file.data)
    return f"{len(file.data)} bytes"


def _size(data: bytes) -> str:
    """Rows and columns of a CSV file; its bytes where it cannot be read as one."""
    try:
        rows = _read(data)
        columns = len(next(rows, ()))
        return f"{sum(1 for _ in rows)} rows of {columns} columns"
    except (ValueError, csv.Error):
        return f"{len(data)} bytes"
