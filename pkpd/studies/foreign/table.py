"""Reading observations with the headers of a table of published responses: one number per row, told in words.

A row that cannot be predicted stays in its place with the reason; nothing but missing columns is an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...errors import PkpdError, StudyError, nearest
from ..cells import LINE
from ..observation import ROLES, Observation
from ..reading import COLUMNS as OURS
from ..rules import check_row, reason_against
from .cells import bound, no_number, number, patients, plain, span, spread
from .regimen import Cells, Regimen, regimen
from .schedule import Unread
from .times import When, Window, sampling
from .words import Measured, measured

COLUMNS = (
    *("study", "reference", "population", "n", "amount", "amount_unit", "route", "schedule", "every_days", "times"),
    *("analyte", "parent_or_gate", "form", "statistic", "day_from", "day_to", "timing", "value", "low", "high"),
    *("spread", "bound", "role", "log_se", "visit_days", "confidence", "url", "notes"),
)
# Those that no file of ours has tell the layout even where one of them is misspelt.
_TELLING = frozenset(COLUMNS) - frozenset(OURS)
# A fall of more than 20 % is a change of less than -20 %.
_TURNED = {">": "<", "<": ">"}


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The numbers of a row in its unit, and what else they say."""

    value: float | None
    low: float | None
    high: float | None
    spread: str
    width: float | None
    bound: str
    notes: tuple[str, ...]
    reason: str = ""


def is_foreign(header: Sequence[str]) -> bool:
    """Whether a header is that of a foreign table: it names analytes where ours names outputs, or holds most of the
    columns that no file of ours has.
    """
    names = {_name(column) for column in header}
    return ("analyte" in names and "output" not in names) or len(names & _TELLING) > len(_TELLING) / 2


def read_foreign(rows: Sequence[Mapping[str, str]], file: str, header: Sequence[str] = ()) -> tuple[Observation, ...]:
    """One observation a row, in order; `rows` are cells by header, with the line number under `__line__`.

    StudyError when columns are missing. Everything else that is amiss with a row is its `reason`, and then it holds
    whatever else could be read.
    """
    for names in (header, *(list(row) for row in rows)):
        if names:
            _check_header(names, file)
    return tuple(_observation(row, file, place) for place, row in enumerate(rows, 2))


def _name(column: object) -> str:
    return column.strip().lstrip("\ufeff").lower() if isinstance(column, str) else ""


def _check_header(header: Sequence[str], file: str) -> None:
    found = {_name(column) for column in header} - {LINE}
    for column in COLUMNS:
        if column not in found:
            raise StudyError(f"{file} lacks the column '{column}'{nearest(column, found - set(COLUMNS))}")


def _observation(cells: Mapping[str, str], file: str, place: int) -> Observation:
    """One row; every cell is read even when another cannot be, so that the row says all it can."""
    row = {_name(key): plain(value) for key, value in cells.items() if key != LINE}
    what = measured(row["analyte"], row["parent_or_gate"], row["form"])
    given, window, problem = _sampled(row, what)
    numbers = _numbers(row, what)
    role = row["role"].lower()
    found = Observation(
        study=row["study"],
        output=what.output,
        form=what.form,
        value=numbers.value,
        n=patients(row["n"]),
        regimen=given.text,
        statistic=row["statistic"],
        day_from=window.first,
        day_to=window.last,
        visits=window.visits,
        timing=window.timing,
        side=window.side,
        low=numbers.low,
        high=numbers.high,
        spread=numbers.spread,
        spread_value=numbers.width,
        unit=what.unit,
        bound=numbers.bound,
        role=role if role in ROLES else "check",
        log_se=_positive(row["log_se"]),
        confidence=row["confidence"],
        source=" ".join(filter(None, (row["reference"], row["url"]))),
        where="; ".join(filter(None, (*_said(row), what.note, given.note, window.note, *numbers.notes))),
        origin=f"{file} line {cells.get(LINE, place)}",
    )
    return replace(found, reason=what.reason or problem or numbers.reason or _against(found))


def _sampled(row: Mapping[str, str], what: Measured) -> tuple[Regimen, Window, str]:
    """What was given, when it was sampled, and why one of them is unknown."""
    when = When(row["timing"], row["day_from"], row["day_to"], row["visit_days"])
    try:
        horizon, problem = when.horizon(), ""
    except Unread as unread:
        horizon, problem = None, str(unread)
    named = (row["amount"], row["amount_unit"], row["route"], row["schedule"], row["every_days"], row["times"])
    given = regimen(Cells(*named, horizon=horizon, steady=when.steady))
    try:
        return given, sampling(when, given, what.output, what.area), given.reason or problem
    except Unread as unread:
        return given, Window(), given.reason or problem or str(unread)


def _numbers(row: Mapping[str, str], what: Measured) -> _Numbers:
    """Value, low, high and spread in the unit of what was measured; what does not fit is kept in words."""
    relation, cell, odd = bound(row["bound"], row["value"])
    name, width, ends, kept = spread(row["spread"])
    value, ends = number(cell), ends or span(cell)
    low, high = number(row["low"]), number(row["high"])
    if low is None and high is None and ends:
        low, high = ends
    if what.qualitative and value is None:
        relation = "qualitative"
    scale = what.scale
    if scale < 0 and (value is None or value < 0):
        scale = -scale  # a fall that is printed with its sign
    value, low, high = (None if x is None else x * scale for x in (value, low, high))
    if scale < 0:
        low, high, relation = high, low, _TURNED.get(relation, relation)
    notes = [odd, kept and f"spread: {kept}"]
    unread = [key for key in ("low", "high", "log_se") if row[key] and number(row[key]) is None]
    notes += [f"{key} as printed: {row[key]}" for key in unread]
    if (low is None) != (high is None):
        notes.append(f"only one end of the spread is printed: {low if high is None else high:g}")
        low = high = None
    width = None if width is None or width <= 0 or low is not None or name not in ("SD", "SE") else width * abs(scale)
    if low is None and width is None:
        name = ""
    elif low is not None and not name and relation != "range":
        notes.append(f"{low:g} to {high:g} is printed without saying what it is")
        low = high = None
    fault = "" if relation == "qualitative" else no_number(cell)
    return _Numbers(value, low, high, name, width, relation, tuple(notes), fault)


def _said(row: Mapping[str, str]) -> tuple[str, ...]:
    """What the source states, in its words, where a reading could lose some of it."""
    words = (row["analyte"], row["parent_or_gate"], row["form"], row["timing"])
    n = "" if patients(row["n"]) or not row["n"] else f"n as printed: {row['n']}"
    role = "" if row["role"].lower() in ROLES else "no role is named, check is assumed"
    said = ", ".join(f"'{word}'" for word in words if word)
    return (said, row["population"], row["notes"], n, role)


def _against(row: Observation) -> str:
    """Why a row cannot be predicted as a number, or an empty string: the rules of our own files hold here too."""
    try:
        check_row(row)
    except PkpdError as error:
        return str(error).removeprefix(f"{row.origin}: ")
    return reason_against(row)


def _positive(text: str) -> float | None:
    value = number(text)
    return value if value is not None and value > 0 else None
