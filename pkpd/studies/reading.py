"""The tidy CSV of observations: one number a row, in; checked rows out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ..dosing.library import load_schedule
from ..dosing.schedule import Schedule
from ..errors import PkpdError, StudyError, nearest
from ..parameters import Parameters
from ..references import load_references
from .cells import LINE, Cells
from .observation import BOUNDS, FORMS, ROLES, SIDES, SPREADS, TIMINGS, Observation
from .rules import check_row, reason_against

# What a row holds that no cell says.
_OURS = {"course", "reason", "origin"}
COLUMNS = (*(f.name for f in fields(Observation) if f.name not in _OURS), "day", "bsa", "weight")
_WORDS = {"form": FORMS, "timing": TIMINGS, "bound": BOUNDS, "role": ROLES, "side": SIDES, "spread": SPREADS}
_TEXTS = ("output", "id", "statistic", "unit", "confidence", "where")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\Z")
_SIGNS = {">=": ">", "≥": ">", "=>": ">", "<=": "<", "≤": "<", "=<": "<", "==": "="}
# Larger than any patient, so that centimetres or grams show.
_LARGEST = {"bsa": (5.0, "m2"), "weight": (500.0, "kg")}


@dataclass(frozen=True, slots=True)
class Row:
    """An observation with what was given (None where nothing says), the size of who was sampled (m2, kg), and what else
    its row says of the parameters (None for a row that says what its arm does).
    """

    observation: Observation
    schedule: Schedule | None = None
    bsa: float | None = None
    weight: float | None = None
    parameters: Parameters | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What holds for a whole file: the name of the study, and beside a study file its arms with regimen and source.

    Without `arms` a file stands alone: its arms and sources are any text.
    """

    study: str
    arms: Mapping[str, tuple[str, Schedule]] = field(default_factory=dict)
    source: tuple[str, ...] = ()


def is_native(header: Sequence[str]) -> bool:
    """Whether every column of a header is one of ours."""
    return all(name in COLUMNS for name in header)


def read_native(cells: Cells, frame: Frame) -> tuple[Row, ...]:
    """The checked rows of a tidy CSV; StudyError, with file and line, for the first thing wrong."""
    _check_columns(cells, bool(frame.arms))
    known = dict(frame.arms.values())
    rows = tuple(_row(row, f"{cells.file} line {row[LINE]}", frame, known) for row in cells.rows)
    check_duplicates(rows)
    _check_sizes(rows)
    return rows


def schedule_of(regimen: str, where: str, known: dict[str, Schedule]) -> Schedule:
    """The schedule of that name or text, one object for all that are equal; StudyError names the row."""
    if regimen not in known:
        try:
            found = load_schedule(regimen)
        except PkpdError as error:
            raise StudyError(f"{where}: {error}") from None
        known[regimen] = next((other for other in known.values() if other == found), found)
    return known[regimen]


def check_duplicates(rows: Sequence[Row]) -> None:
    """Refuse the same number told twice; StudyError names both lines. What is no number may stand in many words."""
    seen: dict[tuple[object, ...], str] = {}
    for row in rows:
        o = row.observation
        if o.reason:
            continue
        who = (o.study, o.arm, id(row.schedule), o.id)  # equal schedules are one object, and hashing them is slow
        key = (*who, o.output, o.form, o.timing, o.day_from, o.day_to, o.side)
        if key in seen:
            raise StudyError(
                f"{o.origin} repeats {seen[key]}: the same arm, regimen, id, output, form, timing, window and side"
            )
        seen[key] = o.origin


def _check_sizes(rows: Sequence[Row]) -> None:
    """Refuse a patient of two sizes; StudyError names both lines. A row may leave out what another says."""
    seen: dict[tuple[str, ...], tuple[float, str]] = {}
    for row in (row for row in rows if row.observation.id):
        o = row.observation
        for name, size in (("bsa", row.bsa), ("weight", row.weight)):
            if size is None:
                continue
            first, origin = seen.setdefault((o.study, o.arm, o.id, name), (size, o.origin))
            if size != first:
                raise StudyError(
                    f"{o.origin}: {name} of id '{o.id[:40]}' is {size:g}, and {origin} says {first:g}; a patient of an "
                    "arm has one"
                )


def _check_columns(cells: Cells, arms: bool) -> None:
    for name in cells.header:
        if name not in COLUMNS:
            hint = nearest(name, COLUMNS) or f"; columns are: {', '.join(COLUMNS)}"
            raise StudyError(f"{cells.file} has the unknown column '{name[:40]}'{hint}")
    needed = {"output": "output", "form": "form", "value": "value", "day_from": "day", "regimen": "regimen"}
    for name, plain in needed.items():
        if name in cells.header or plain in cells.header or (name == "regimen" and arms):
            continue
        raise StudyError(
            f"{cells.file} lacks the column '{plain}'; needed are output, form, value, day (or day_from), and a "
            "regimen (or an arm of the study file beside it)"
        )


def _row(cells: Mapping[str, str], where: str, frame: Frame, known: dict[str, Schedule]) -> Row:
    said: dict[str, Any] = {key: cells.get(key, "") for key in _TEXTS}
    said |= {key: _word(cells, key, allowed, where) for key, allowed in _WORDS.items()}
    said |= {key: _number(cells, key, where) for key in ("value", "low", "high", "spread_value")}
    if not cells["output"]:
        raise StudyError(f"{where}: output is empty; name what was measured, such as treg")
    study, arm, source = _study(cells, where, frame), _arm(cells, where, frame), _source(cells, where, frame)
    day_from, day_to = _window(cells, where)
    row = Observation(
        **said,
        study=study,
        arm=arm,
        source=source,
        n=_whole(cells, where),
        day_from=day_from or 0.0,
        day_to=day_to or 0.0,
        visits=_visits(cells, where),
        log_se=_above_zero(cells, "log_se", math.inf, where),
        origin=where,
    )
    check_row(row)
    regimen, schedule = _regimen(cells, row, frame, known)
    reason = reason_against(row)
    for what, missing in (("regimen", schedule is None), ("day", day_from is None)):
        # a statement that only serves as a check may leave open when, and after what, it holds
        if missing and row.role == "fit" and not reason:
            raise StudyError(f"{where}: no {what} is given; a row to fit needs one")
        reason = reason or (f"no {what} is given" if missing else "")
    sizes = {name: _above_zero(cells, name, most, where, unit) for name, (most, unit) in _LARGEST.items()}
    return Row(replace(row, regimen=regimen, reason=reason), schedule, sizes["bsa"], sizes["weight"])


def _study(cells: Mapping[str, str], where: str, frame: Frame) -> str:
    name = cells.get("study", "") or frame.study
    if frame.arms and name != frame.study:
        raise StudyError(f"{where}: study is '{name[:60]}', but the file stands beside the study '{frame.study}'")
    return name


def _arm(cells: Mapping[str, str], where: str, frame: Frame) -> str:
    name = cells.get("arm", "")
    if not frame.arms:
        return name
    if not name and len(frame.arms) == 1:
        return next(iter(frame.arms))
    if not name:
        raise StudyError(f"{where}: arm is empty; the arms of study '{frame.study}' are: {', '.join(frame.arms)}")
    if name not in frame.arms:
        hint = nearest(name, frame.arms) or f"; its arms are: {', '.join(frame.arms)}"
        raise StudyError(f"{where}: study '{frame.study}' has no arm '{name[:60]}'{hint}")
    return name


def _source(cells: Mapping[str, str], where: str, frame: Frame) -> str:
    text = cells.get("source", "") or "; ".join(frame.source)
    keys = [key.strip() for key in re.split("[;,]", text)] if text and frame.arms else []
    known = load_references() if keys else {}
    for key in keys:
        if key != "assumed" and key not in known:
            raise StudyError(f"{where}: source '{key[:60]}' is not in references.toml{nearest(key, known)}")
    return text


def _regimen(
    cells: Mapping[str, str], row: Observation, frame: Frame, known: dict[str, Schedule]
) -> tuple[str, Schedule | None]:
    """Regimen and schedule of a row: its own, else its arm's. One patient may depart from the arm, its mean may not."""
    text = cells.get("regimen", "")
    own = schedule_of(text, row.origin, known) if text else None
    if not frame.arms:
        return text, own
    planned, schedule = frame.arms[row.arm]
    if own is None or own == schedule:
        return planned, schedule
    if not row.id:
        raise StudyError(f"{row.origin}: regimen is '{text[:60]}', but arm '{row.arm}' of the study gets '{planned}'")
    return text, own


def _word(cells: Mapping[str, str], key: str, allowed: Sequence[str], where: str) -> str:
    default = {"timing": "point", "side": "pre", "bound": "=", "role": "fit", "spread": ""}
    word = cells.get(key, "")
    if not word and key in default:
        return default[key]
    if word not in allowed:
        close = f"; did you mean '{_SIGNS[word]}'?" if key == "bound" and word in _SIGNS else nearest(word, allowed)
        raise StudyError(f"{where}: {key} '{word[:40]}' is none of {', '.join(allowed)}{close if word else ''}")
    return word


def _window(cells: Mapping[str, str], where: str) -> tuple[float | None, float | None]:
    day, first, last = (_number(cells, key, where) for key in ("day", "day_from", "day_to"))
    if day is not None and (first is not None or last is not None):
        raise StudyError(f"{where}: day stands for both day_from and day_to; give either day or those")
    if last is not None and first is None:
        raise StudyError(f"{where}: day_to is given without day_from")
    first = day if day is not None else first
    return first, first if last is None else last


def _number(cells: Mapping[str, str], key: str, where: str) -> float | None:
    text = cells.get(key, "")
    return _read_number(text, key, where) if text else None


def _read_number(text: str, key: str, where: str) -> float:
    if _NUMBER.match(text) and math.isfinite(value := float(text)):
        return value
    shown = f"{where}: {key} is '{text[:40]}', which is not a finite number"
    if re.fullmatch(r"[+-]?[0-9]+(,[0-9]+)+(\.[0-9]*)?", text):
        raise StudyError(f"{where}: {key} is '{text[:40]}', and decimal commas are not read; write 4.5, or 1200")
    if text[0] in "<>≤≥":
        raise StudyError(f"{shown}; write {text[0]} in the column bound and the rest in {key}")
    if text.lower() in ("na", "n/a", "nan", "nr", "nd", "-", ".", "none", "null"):
        raise StudyError(f"{shown}; leave the cell empty where there is none")
    raise StudyError(shown)


def _whole(cells: Mapping[str, str], where: str) -> int | None:
    # tables with empty cells in a column of whole numbers are often written with 30.0
    n = _number(cells, "n", where)
    if n is not None and (n < 1 or n != int(n)):
        raise StudyError(f"{where}: n is '{cells['n'][:40]}'; it is a whole number of patients, 1 or more, or empty")
    return None if n is None else int(n)


def _above_zero(cells: Mapping[str, str], key: str, most: float, where: str, unit: str = "") -> float | None:
    number = _number(cells, key, where)
    if number is not None and not 0 < number <= most:
        limit = f" and at most {most:g} {unit}" if unit else ""
        raise StudyError(f"{where}: {key} is {number:g}; it is above 0{limit}")
    return number


def _visits(cells: Mapping[str, str], where: str) -> tuple[float, ...]:
    text = cells.get("visits", "")
    if not text:
        return ()
    days = [_read_number(part.strip() or "-", "a visit", where) for part in text.split(";")]
    if len(set(days)) < len(days):
        raise StudyError(f"{where}: visits '{text[:60]}' name a day twice")
    return tuple(sorted(days))
