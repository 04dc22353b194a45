"""An uploaded CSV of observations as rows to draw over the curves, with a sentence for every row that is wrong.

The upload is read by the readers of `pkpd check` and `pkpd fit`. It is on disk only while they read it, under a fixed
name in a folder of its own; the cells are text and numbers and nothing else.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FileError, PkpdError, StudyError, nearest
from ..studies.cells import Cells, read_cells
from .cohort_points import point
from .cohort_rows import FILE, Rows, line_of, rows_of, said

if TYPE_CHECKING:
    from .offered import Offer

MOST_BYTES = 2_000_000
MOST_ROWS = 10_000
MOST_COLUMNS = 200
MOST_FAULTS = 50  # told one by one
_SAVE = "save it from the spreadsheet as 'CSV UTF-8'"
# How files of other kinds begin.
_KINDS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook (.xlsx)"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a text with formatting (RTF)"),
    (b"SQLite format 3", "a database"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)


def read_cohort(data: bytes, model_key: str, offer: Offer) -> dict[str, Any]:
    """What stands in the bytes of a CSV, for the page to draw over the curves of a model that it offers.

    `rows` are plain tables (see `cohort_points.point`) in the order of the file, `problems` a sentence for each row set
    aside ({"line", "text"}; line None for several), `regimens` the different texts of regimens, `count` how many rows
    stand in `rows`. PkpdError, one sentence, where nothing of the file can be read.
    """
    from ..engine.code.library import outline_of

    if model_key not in offer.models:
        raise FileError(f"model '{model_key[:60]}' is not offered{nearest(model_key, offer.models)}")
    text = _text(data)
    _check_size(text)
    outlines = {key: outline_of(name) for key, name in offer.models.items()}
    model, faults = outlines[model_key], dict[int, str]()
    try:
        cells, unread = _cells(text, faults)
        found: Rows = ()
        if cells:
            below, found = rows_of(cells, outlines, model, faults)
            unread = min(filter(None, (below, unread)), default=0)
    except PkpdError as error:
        raise type(error)(said(error)) from None
    rows = [point(row, why, model) for row, why in found]
    regimens = list(dict.fromkeys(row["regimen"] for row in rows if row["regimen"]))
    return {"rows": rows, "problems": _problems(faults, unread), "regimens": regimens, "count": len(rows)}


def _problems(faults: dict[int, str], unread: int) -> list[dict[str, Any]]:
    """A sentence for each of the first rows at fault, then one for the others and one for what was not read."""
    told: list[dict[str, Any]] = [{"line": line, "text": faults[line]} for line in sorted(faults)[:MOST_FAULTS]]
    if more := len(faults) - len(told):
        told.append({"line": None, "text": f"{more} more row{'s are' if more > 1 else ' is'} at fault and not shown"})
    if unread:
        text = f"line {unread} and the lines below it were not read: mend those above first"
        told.append({"line": None, "text": text})
    return told


def _text(data: bytes) -> str:
    """The upload as text; FileError says what it looks like instead."""
    if len(data) > MOST_BYTES:
        raise FileError(f"the file has {len(data) / 1e6:.3g} MB, and the page reads at most {MOST_BYTES / 1e6:.3g} MB")
    for start, kind in _KINDS:
        if data.startswith(start):
            raise FileError(f"the file looks like {kind}, not a CSV file in UTF-8; {_SAVE}")
    if b"\0" in data:
        # every other byte of plain text in UTF-16 is zero
        kind = "text in UTF-16" if data.count(b"\0") > len(data) / 4 else "a binary file"
        raise FileError(f"the file looks like {kind}, not a CSV file in UTF-8: it holds zero bytes; {_SAVE}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(f"line {line} is not text in UTF-8, but in some older encoding; {_SAVE}") from None


def _check_size(text: str) -> None:
    """Refuse what would take long only to take apart; FileError says the limit."""
    # cells may hold line breaks, so that there can be more lines than rows
    lines = max(text.count("\n"), text.count("\r"))
    if lines > 2 * MOST_ROWS:
        raise FileError(f"the file has {lines} lines, and the page reads at most {MOST_ROWS} rows")
    try:
        widths = [len(next(csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=c), ())) for c in ",;\t"]
    except csv.Error as error:
        raise FileError(f"the header is not valid CSV: {error}") from None
    if max(widths) > MOST_COLUMNS:
        raise FileError(f"the file has {max(widths)} columns, and the page reads at most {MOST_COLUMNS}")


def _cells(text: str, faults: dict[int, str]) -> tuple[Cells | None, int]:
    """The cells of all lines that can be taken apart, None where none is left, and the first line not read (0: none).

    A line that cannot be is emptied, which keeps the numbers of the others.
    """
    lines, unread = io.StringIO(text, newline="").readlines(), 0
    top = next((k for k, line in enumerate(lines, 1) if line.strip()), 1)
    with tempfile.TemporaryDirectory(prefix="pkpd-cohort-") as folder:
        path = Path(folder) / FILE
        path.write_bytes(text.encode())
        _refuse_events(path)
        while True:
            try:
                return _counted(read_cells(path)), unread
            except StudyError as error:
                line = line_of(error)
                if line <= top or line in faults:  # of the header, of the whole file, or nothing that emptying mends
                    if faults and not line:
                        return None, unread
                    raise
                faults[line] = said(error)
            # the blank keeps "\r" before it and "\n" behind it from becoming one end of a line
            lines[line - 1] = " " + re.sub(r"[^\r\n]", "", lines[line - 1])
            if len(faults) >= MOST_FAULTS and line < len(lines):
                lines, unread = lines[:line], line + 1
            path.write_bytes("".join(lines).encode())


def _refuse_events(path: Path) -> None:
    from ..exchange.events.reading import is_event_table

    if is_event_table(path):
        raise StudyError(
            "the file is an event table (TIME with DV, AMT or EVID), which the page does not draw; write one number a "
            "row, with the columns regimen, output, form, day and value"
        )


def _counted(cells: Cells) -> Cells:
    if len(cells.rows) > MOST_ROWS:
        raise FileError(f"the file has {len(cells.rows)} rows, and the page reads at most {MOST_ROWS}")
    return cells
