"""The rows of an uploaded cohort: each checked as `pkpd check` does, a faulty one set aside while the others stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from time import monotonic
from typing import Any, TypeVar

from ..dosing.schedule import Schedule
from ..errors import PkpdError, StudyError, printable
from ..model.outline import Outline
from ..parameters import Parameters
from ..studies.against import check_against
from ..studies.cells import LINE, Cells
from ..studies.foreign.table import is_foreign, read_foreign
from ..studies.observation import Course, Observation, Observations
from ..studies.reading import Frame, is_native, read_native
from .asked import MOST_DOSES
from .sized import many, planned_doses

FILE = "cohort.csv"
STUDY = "cohort"
MOST_REGIMENS = 500
MOST_PLANNED = 20_000  # doses of all different regimens, a few seconds' work
LONGEST_CELL = 5_000
MOST_SECONDS = 10.0  # for rows of another program, each with a schedule of its own
# Rows are read so many at a time, so that a fault makes few of them be read again.
_CHUNK = 100
# What concerns two rows shows only when all are read at once: so many rows are read again to find such faults.
_AGAIN = 50_000
_LINE = re.compile(rf"{re.escape(FILE)} line ([0-9]+)")
Item = TypeVar("Item")
Rows = tuple[tuple[Observation, str], ...]


def line_of(error: PkpdError) -> int:
    """The line that an error of the readers begins with, 0 where it is of the whole file."""
    found = _LINE.match(str(error))
    return int(found[1]) if found else 0


def said(error: PkpdError) -> str:
    """The sentence of an error in one line, with lines and "the file" for the name that the upload has here."""
    return printable(str(error)).replace(f"{FILE} line ", "line ").replace(FILE, "the file")


def rows_of(cells: Cells, models: Mapping[str, Outline], model: Outline, faults: dict[int, str]) -> tuple[int, Rows]:
    """The first line that was not read (0: none), and the observations in order, each with why this model has no answer
    to it or "". A row at fault goes to `faults` by its line, with its sentence.

    An output that only another of the `models` has is no fault. StudyError for the header.
    """
    foreign = not is_native(cells.header) and is_foreign(cells.header)
    unread, read = (0, _foreign(cells)) if foreign else _native(cells, faults)
    known = {output.name for other in models.values() for output in other.outputs}
    lacking = known - {output.name for output in model.outputs}
    asked = [row for row in read if not row.reason and row.output not in lacking]
    _sift(asked, _line, lambda rows: check_against(_observations(rows), model), faults)
    return unread, tuple((row, _why(row, lacking, model)) for row in read if _line(row) not in faults)


def _why(row: Observation, lacking: Set[str], model: Outline) -> str:
    lacks = row.output in lacking and not row.reason
    return f"model {model.name} has no output '{row.output}'" if lacks else row.reason


def _native(cells: Cells, faults: dict[int, str]) -> tuple[int, tuple[Observation, ...]]:
    frame = Frame(STUDY)

    def read(part: Sequence[Mapping[str, str]]) -> tuple[Observation, ...]:
        return tuple(row.observation for row in read_native(Cells(FILE, cells.header, tuple(part)), frame))

    read([])  # what is wrong with the header is no fault of a row
    rows = _sift(_harmless(cells.rows, faults), _number, read, faults)
    tries, unread = max(10, _AGAIN // max(len(rows), 1)), 0
    while True:
        try:
            return unread, read(rows)
        except StudyError as error:
            line = _named(error)
            tries -= 1
            if tries > 0:
                faults[line] = said(error)
                rows = [row for row in rows if _number(row) != line]
            else:
                unread = line
                rows = [row for row in rows if _number(row) < line]


def _harmless(rows: Sequence[Mapping[str, str]], faults: dict[int, str]) -> list[Mapping[str, str]]:
    """The rows without overlong cells and without a regimen that would open a file (`mine.toml:name`)."""
    kept = []
    for row in rows:
        long = next((name for name, cell in row.items() if len(cell) > LONGEST_CELL), "")
        regimen = row.get("regimen", "")
        if long:
            problem = f"the cell of {long} has {len(row[long])} characters, and the page reads at most {LONGEST_CELL}"
        elif (planned := planned_doses(regimen)) > MOST_DOSES:
            problem = f"the regimen has {many(planned)} doses, and the page reads at most {MOST_DOSES}"
        elif ":" in regimen:
            problem = f"regimen '{regimen[:60]}' has a colon, which no schedule has; write for example 1 MIU daily x5"
        else:
            kept.append(row)
            continue
        faults[_number(row)] = printable(f"line {row[LINE]}: {problem}")
    _check_regimens({row.get("regimen", "") for row in kept})
    return kept


def _check_regimens(texts: Set[str]) -> None:
    """Refuse regimens that take long to lay out; StudyError says the limit."""
    if len(texts) > MOST_REGIMENS:
        raise StudyError(f"{FILE} holds {len(texts)} different regimens, and the page reads at most {MOST_REGIMENS}")
    if (planned := sum(map(planned_doses, texts))) > MOST_PLANNED:
        raise StudyError(
            f"the different regimens of {FILE} have {planned} doses in all, and the page reads at most {MOST_PLANNED}"
        )


def _foreign(cells: Cells) -> tuple[Observation, ...]:
    """Rows with the columns of another program; what is amiss with one is its reason, and it stays. StudyError when
    their regimens take too long, which no count of their cells tells beforehand.
    """
    found, last = list[Observation](), monotonic() + MOST_SECONDS
    for row in cells.rows:
        if monotonic() > last:
            raise StudyError(
                f"{FILE} line {row[LINE]} was not reached: the rows above it took more than {MOST_SECONDS:g} seconds; "
                "give fewer doses in them"
            )
        short = {name: cell[:LONGEST_CELL] for name, cell in row.items()}
        (read,) = read_foreign([short], FILE, cells.header)
        reason = read.reason or ("" if read.regimen else "no regimen is given")
        found.append(replace(read, study=read.study or STUDY, reason=reason))
    return tuple(found)


def _sift(
    rows: Sequence[Item], line: Callable[[Item], int], check: Callable[[Sequence[Item]], Any], faults: dict[int, str]
) -> list[Item]:
    """The rows that pass a check, which names the line of the first that does not. Each is checked about once, so what
    one says against another row can escape.
    """
    kept: list[Item] = []
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        while part:
            try:
                check(part)
                kept += part
                break
            except PkpdError as error:
                at = _named(error)
                faults[at] = said(error)
                place = next(k for k, row in enumerate(part) if line(row) == at)
                kept += part[:place]
                part = part[place + 1 :]
    return kept


def _named(error: PkpdError) -> int:
    """The line of a row that a check names; any other error is passed on."""
    line = line_of(error)
    if not line:
        raise error
    return line


def _number(row: Mapping[str, str]) -> int:
    return int(row[LINE])


def _line(row: Observation) -> int:
    return int(row.origin.rpartition(" ")[2])


def _observations(rows: Sequence[Observation]) -> Observations:
    """Rows as if all were sampled in one course without drug: whether a model has an answer does not depend on it. As
    rows to fit they would also need a finite logarithm, which a picture does not.
    """
    course = Course(STUDY, "", "none", Schedule.none(), Parameters((), FILE))
    return Observations(tuple(replace(row, course=0, role="check") for row in rows), (course,))
