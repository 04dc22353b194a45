"""What the columns of an event table are, by their names in any case, and the units the header declares."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ...dosing.amount import check_unit
from ...errors import FileError, ScheduleError, nearest
from .cells import Sheet

# The name of a field comes first: where a table has it, a column with another of these names is one of its own.
FIELDS: dict[str, tuple[str, ...]] = {
    "ID": ("id", "subject", "subj", "usubjid", "subjid", "subject_id"),
    "TIME": ("time", "t"),
    "DV": ("dv", "y", "conc", "observation"),
    "AMT": ("amt", "dose", "amount"),
    "EVID": ("evid",),
    "CMT": ("cmt", "compartment", "adm"),
    "RATE": ("rate", "r"),
    "DUR": ("dur", "tinf", "duration"),
    "II": ("ii", "tau"),
    "ADDL": ("addl",),
    "SS": ("ss",),
    "MDV": ("mdv",),
    "CENS": ("cens", "blq", "bloq"),
    "LIMIT": ("limit",),
    "DVID": ("dvid", "ytype", "y_type", "dvname"),
    "UNIT": ("unit", "amtu", "dosu", "amt_unit"),
    "C": ("c",),  # NONMEM's comment column: a row with a C in it is skipped
}
_FIELD = {alias: (field, rank) for field, names in FIELDS.items() for rank, alias in enumerate(names)}
_TIMES = ("TIME", "II", "DUR")
_TIME_UNITS = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("s", "sec", "min", "mins", "minute", "minutes", "w", "wk", "week", "weeks"), ""),
}
_AMOUNTS = {name.lower(): name for name in ("IU", "kIU", "MIU", "g", "mg", "ug", "ng", "mol", "umol", "nmol", "pmol")}
_BRACKET = re.compile(r"([^\[(]+)[\[(]([^\[\]()]*)[\])]\Z")
_SUFFIX = re.compile(r"(.+)[_.]([A-Za-z]+)\Z")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands in a row, the positions of further columns, and the units of TIME (`h` or `d`) and AMT
    ("" is not said).
    """

    at: dict[str, int]
    further: tuple[int, ...]
    time_unit: str
    amount_unit: str
    notes: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Heading:
    field: str = ""
    rank: int = 0
    unit: str = ""


def find_columns(sheet: Sheet, time_unit: str = "", amount_unit: str = "") -> Columns:
    """What each column of a sheet is, with units from the caller, from comments and from the header.

    FileError for a column named twice, no TIME, a unit of time not declared, or two that contradict each other.
    """
    _refuse_repeated(sheet)
    headings = [_heading(name) for name in sheet.names]
    at = {}
    for field in FIELDS:
        place = _place(field, headings, sheet)
        if place is not None:
            at[field] = place
    if "TIME" not in at:
        hint = nearest("TIME", sheet.names) or f"; found are: {', '.join(sheet.names[:12])[:120]}"
        raise FileError(f"{sheet.origin} has no column TIME in its header{hint}")
    used = set(at.values())
    headings_used = [(sheet.names[k], headings[k]) for k in sorted(used)]
    time = _time_unit(sheet, headings_used, time_unit)
    amount = _amount_unit(sheet, headings_used, time, amount_unit)
    further = tuple(k for k in range(len(sheet.names)) if k not in used)
    other = tuple((name, heading.field) for name, heading in headings_used if heading.rank)
    return Columns(at, further, time, amount, _notes(sheet, headings_used, further, at), other)


def fields_of(names: Sequence[str]) -> list[str]:
    """The field that each name stands for, "" for a further column."""
    return [_heading(name).field for name in names]


def time_word(text: str, where: str) -> str:
    """`h` or `d` from a word such as hours; FileError says what stands there."""
    found = _TIME_UNITS.get(text.strip().lower())
    if not found:
        raise FileError(f"{where} declares TIME in '{text[:40]}'; an event table is in hours (h) or days (d)")
    return found


def _heading(name: str) -> _Heading:
    """The field of a name such as `time`, `TIME_H`, `AMT (mg)`, with the unit in it as written."""
    whole = name.strip().lower()
    if whole in _FIELD:
        return _Heading(*_FIELD[whole])
    if bracket := _BRACKET.match(name.strip()):
        base, unit = bracket[1].strip().lower(), bracket[2].strip()
        return _Heading(*_FIELD[base], unit) if base in _FIELD else _Heading()
    if suffix := _SUFFIX.match(whole):
        field, rank = _FIELD.get(suffix[1], ("", 0))
        if field in _TIMES and suffix[2] in _TIME_UNITS:
            return _Heading(field, rank, suffix[2])
        if field == "AMT" and suffix[2] in _AMOUNTS:
            return _Heading(field, rank, _AMOUNTS[suffix[2]])
    return _Heading()


def _refuse_repeated(sheet: Sheet) -> None:
    count = Counter(name.lower() for name in sheet.names if name)
    for name in sheet.names:
        if count[name.lower()] > 1:
            places = [str(k) for k, other in enumerate(sheet.names, 1) if other.lower() == name.lower()]
            raise FileError(
                f"{sheet.origin} names the column '{name[:40]}' {len(places)} times "
                f"(columns {', '.join(places[:5])}); name each column once"
            )


def _place(field: str, headings: list[_Heading], sheet: Sheet) -> int | None:
    """The column of a field: the one with the field's own name, else the only one with another name for it."""
    named = [k for k, heading in enumerate(headings) if heading.field == field]
    own = [k for k in named if headings[k].rank == 0]
    if not named:
        return None
    chosen = own or named
    if len(chosen) > 1:
        both = " and ".join(f"'{sheet.names[k][:40]}'" for k in chosen[:3])
        raise FileError(f"{sheet.origin} has {both} in its header, which all mean {field}; name one of them {field}")
    return chosen[0]


def _time_unit(sheet: Sheet, headings: list[tuple[str, _Heading]], asked: str) -> str:
    """The unit of TIME, II, DUR and RATE: all that say one agree."""
    declared: list[tuple[str, str]] = []
    if asked:
        declared.append(("the caller", time_word(asked, "the caller")))
    if sheet.time:
        declared.append(("a comment line", time_word(sheet.time, f"{sheet.origin}, in a comment line,")))
    others: list[tuple[str, str]] = []
    for name, heading in headings:
        rated = heading.unit.rpartition("/")[2] if heading.field == "RATE" and "/" in heading.unit else ""
        if word := heading.unit if heading.field in _TIMES else rated:
            source = f"the column '{name[:40]}'"
            unit = time_word(word, f"{sheet.origin}, in {source},")
            (declared if heading.field == "TIME" else others).append((source, unit))
    if not declared:
        raise FileError(
            f"{sheet.origin} does not say whether TIME is in hours or days; say --time-unit h or d (time_unit in "
            "Python), or name the column TIME_H or TIME_D"
        )
    (source, found), *_ = declared
    for other, unit in declared + others:
        if unit != found:
            raise FileError(
                f"{sheet.origin}: {source} says {found} and {other} says {unit}; "
                "TIME, II, DUR and RATE are all in one unit of time"
            )
    return found


def _amount_unit(sheet: Sheet, headings: list[tuple[str, _Heading]], time: str, asked: str) -> str:
    """The unit of AMT, "" if nobody says it: the caller, a comment and the header agree."""
    said = [("the caller", asked.strip()), ("a comment line", sheet.amount)]
    for name, heading in headings:
        rated = heading.unit.rpartition("/")[0] if heading.field == "RATE" else ""
        said.append((f"the column '{name[:40]}'", heading.unit if heading.field == "AMT" else rated))
    said = [(source, unit) for source, unit in said if unit]
    for source, unit in said:
        try:
            check_unit(unit)
        except ScheduleError as error:
            raise FileError(f"{sheet.origin}, AMT as {source} says it: {error}") from None
        if unit != said[0][1]:
            raise FileError(
                f"{sheet.origin}: {said[0][0]} says AMT is in {said[0][1]} and {source} says {unit}; "
                "for doses in several units write a column UNIT"
            )
    return said[0][1] if said else ""


def _notes(
    sheet: Sheet, headings: list[tuple[str, _Heading]], further: tuple[int, ...], at: dict[str, int]
) -> tuple[str, ...]:
    notes = []
    for name, heading in headings:
        if heading.field == "DV" and heading.unit:
            notes.append(f"the column '{name[:40]}' says that DV is in {heading.unit[:40]}")
    for k in further:
        if sheet.names[k].lower() in ("lloq", "uloq", "lloq_value") and "CENS" not in at:
            notes.append(
                f"the column '{sheet.names[k]}' censors nothing; a value below the limit has the limit in DV and CENS 1"
            )
    return tuple(notes)
