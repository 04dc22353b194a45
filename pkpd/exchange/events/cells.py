"""An event table as rows of text: which separator, which names, and the line each row stands on."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import FileError

MAX_BYTES = 200_000_000
MAX_CELL = 200
MAX_COLUMNS = 1000
MAX_RECORDS = 2_000_000

_MISSING = frozenset({"", ".", "na", "nan"})
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_WORD = re.compile(r'"(?:[^"]|"")*"(?!\S)|\S+')
_REMARK = re.compile(r"#\s*(time|amount|note)\s*:(.*)", re.IGNORECASE)
_BLANKS = ""  # the separator of a table whose cells are set apart by blanks


@dataclass(frozen=True, slots=True)
class Sheet:
    """The header of a table and its rows of stripped cells, as many as the header names.

    `rows` are below one another in `lines` (numbered from 1). `time` and `amount` are the units that comment lines
    above the header declare (`# time: h`, `# amount: mg`), "" if none does; `notes` those of `# note: ...`.
    """

    origin: str
    names: tuple[str, ...]
    lines: tuple[int, ...]
    rows: tuple[list[str], ...]
    time: str = ""
    amount: str = ""
    notes: tuple[str, ...] = ()


def missing(cell: str) -> bool:
    """Whether a cell holds nothing: empty, `.`, NA or NaN."""
    return cell.lower() in _MISSING


def file_text(path: str | Path) -> str:
    """The text of a file in UTF-8 of at most 200 MB; FileError names the file."""
    try:
        size = Path(path).stat().st_size
        if size > MAX_BYTES:
            found = f"{path} has {size / 1e6:.0f} MB"
            raise FileError(f"{found}; an event table of at most {MAX_BYTES / 1e6:.0f} MB is read, so split it by ID")
        return Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise FileError(f"{path} is not a table in UTF-8; save it as CSV in UTF-8") from None
    except ValueError:
        raise FileError(f"{str(path)[:200]!r} is not the name of a file") from None


def split(text: str, origin: str) -> Sheet:
    """A table of text as cells; FileError with the line when a row does not fit the header or a quote stays open.

    Cells are separated by what the header shows: commas, semicolons, tabs, else blanks. Comment lines begin with #.
    """
    said: dict[str, str] = {}
    notes: list[str] = []
    below = _content(text, said, notes)
    top, header = next(below, (1, ""))
    if not header:
        raise FileError(f"{origin} is empty; the first line of an event table names its columns, such as ID,TIME,AMT")
    separator = _separator(header)
    if separator == _BLANKS:
        header = re.sub(r" (?=[\[(])", "", " ".join(header.split()))  # TIME [h] is one name
    names = _cells(header, separator, f"{origin} line {top}")
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise FileError(f"{origin} line {top} names {len(names)} columns; at most {MAX_COLUMNS} are read")
    lines, rows = _rows(below, separator, len(names), origin)
    return Sheet(origin, tuple(names), lines, rows, said.get("time", ""), said.get("amount", ""), tuple(notes))


def _content(text: str, said: dict[str, str], notes: list[str]) -> Iterator[tuple[int, str]]:
    """The numbered lines that hold cells; what comment lines above the first of them say is put in `said`, `notes`."""
    above = True
    flat = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(flat.split("\n"), 1):
        start = line.lstrip()
        if not start:
            continue
        if start[0] != "#":
            above = False
            yield number, line
        elif above and (remark := _REMARK.match(start[:1000])):
            if remark[1].lower() == "note":
                notes.append(remark[2].strip())
            else:
                said.setdefault(remark[1].lower(), remark[2].strip())


def _separator(header: str) -> str:
    plain = _QUOTED.sub("", header)
    return next((mark for mark in (",", ";", "\t") if mark in plain), _BLANKS)


def _rows(
    below: Iterator[tuple[int, str]], separator: str, width: int, origin: str
) -> tuple[tuple[int, ...], tuple[list[str], ...]]:
    lines: list[int] = []
    rows: list[list[str]] = []
    for number, line in below:
        cells = _cells(line, separator, f"{origin} line {number}")
        if len(cells) != width:
            _fit(cells, width, separator, f"{origin} line {number}")
        if not any(cells):  # spreadsheets leave rows of nothing but separators
            continue
        lines.append(number)
        rows.append(cells)
        if len(rows) > MAX_RECORDS:
            raise FileError(f"{origin} has more than {MAX_RECORDS} records; split it by ID")
    return tuple(lines), tuple(rows)


def _fit(cells: list[str], width: int, separator: str, where: str) -> None:
    """Drop empty cells beyond the header, which spreadsheets leave; FileError when a row has another width."""
    while len(cells) > width and not cells[-1]:
        cells.pop()
    if len(cells) == width or not any(cells):
        return
    name = {",": "commas", ";": "semicolons", "\t": "tabs", _BLANKS: "blanks"}[separator]
    hint = "a text with the separator in it needs quotes" if len(cells) > width else "write . for a missing value"
    found = f"{len(cells)} cell{'s' * (len(cells) != 1)} separated by {name}"
    raise FileError(f"{where} has {found} where the header has {width}; {hint}")


def _cells(line: str, separator: str, where: str) -> list[str]:
    if '"' not in line:
        cells = [cell.strip() for cell in line.split(separator)] if separator else line.split()
    else:
        cells = _quoted(line, separator, where)
    if len(line) > MAX_CELL and (longest := max(map(len, cells))) > MAX_CELL:
        raise FileError(f"{where} has a cell of {longest} characters; a cell has at most {MAX_CELL}")
    return cells


def _quoted(line: str, separator: str, where: str) -> list[str]:
    if separator == _BLANKS:
        words = _WORD.findall(line)
        if any('"' in word and not _QUOTED.fullmatch(word) for word in words):
            raise FileError(f"{where} has a quote that is not closed; write a quote within a text twice")
        return [word[1:-1].replace('""', '"').strip() if word[0] == '"' else word for word in words]
    try:
        reader = csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True)
        return [cell.strip() for cell in next(reader)]
    except csv.Error:
        raise FileError(f"{where} has a quote that is not closed; write a quote within a text twice") from None
