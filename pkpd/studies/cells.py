"""A CSV file as rows of text: which separator, which columns, and the line each row stands on."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import FileError, StudyError

# The key under which a row holds its line number.
LINE = "__line__"
# Tried in this order on the header line: spreadsheets of half the world write semicolons.
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Cells:
    """A file's header and its rows, each a dictionary of stripped text by column; `row[LINE]` is its line number."""

    file: str
    header: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]


def read_cells(path: str | Path) -> Cells:
    """The rows of a CSV file in UTF-8, separated by commas, semicolons or tabs; empty lines are left out.

    FileError when it cannot be read as text, StudyError when it holds no rows or rows of different lengths.
    """
    file = Path(path).name
    lines = _lines(_text(path), file)
    if not lines:
        raise StudyError(f"{file} is empty: there are no observations")
    (top, header), *rest = lines
    for k, name in enumerate(header):
        if name and name in header[:k]:
            raise StudyError(f"{file} line {top}: there are two columns '{name[:40]}'")
    rows = [(line, cells) for line, cells in rest if any(cells)]
    if not rows:
        raise StudyError(f"{file} has a header and no row below it: there are no observations")
    for line, cells in rows:
        if len(cells) != len(header):
            hint = "; a text or a number with the separator in it needs quotes" if len(cells) > len(header) else ""
            raise StudyError(f"{file} line {line} has {len(cells)} cells where the header has {len(header)}{hint}")
        for name, cell in zip(header, cells, strict=True):
            if cell and not name:
                raise StudyError(f"{file} line {line}: the cell '{cell[:40]}' stands in a column without a name")
    named = tuple(name for name in header if name)
    return Cells(
        file,
        named,
        tuple(
            {name: cell for name, cell in zip(header, cells, strict=True) if name} | {LINE: str(line)}
            for line, cells in rows
        ),
    )


def _text(path: str | Path) -> str:
    try:
        # -sig: spreadsheets put a byte-order mark first
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError:
        text = "\0"
    if "\0" in text:
        raise FileError(f"{path} is not a CSV file in UTF-8; save it from the spreadsheet as 'CSV UTF-8'")
    return text


def _lines(text: str, file: str) -> list[tuple[int, list[str]]]:
    """Each record with the number of its first line, cells stripped; records without any cell are left out."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = next((s for s in _SEPARATORS if s in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for cells in reader:
            if cells:
                found.append((start, [cell.strip() for cell in cells]))
            start = reader.line_num + 1
    except csv.Error as error:
        raise StudyError(f"{file} line {start} is not valid CSV: {error}") from None
    return found
