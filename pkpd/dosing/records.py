"""A schedule as plain records for JSON, losing nothing, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from fractions import Fraction
from typing import Any

from ..errors import PkpdError, ScheduleError, nearest
from .dose import Dose
from .schedule import Schedule
from .text import parse

_FIELDS = {field.name: field.default for field in fields(Dose)}
_REQUIRED = ("time", "amount", "unit")
_TIMES = ("time", "duration", "interval", "planned")
_TEXTS = ("unit", "per", "route", "status", "modelled")
_NUMBERS = ("amount", "rate")


def to_records(schedule: Schedule) -> dict[str, Any]:
    """`{"text": ..., "length": "84", "doses": [{"time": "1/3", "amount": 1.0, "unit": "MIU"}]}`, for JSON.

    Times are days as exact fractions. A field at its default is left out, and so is a text there is not.
    """
    doses = [_record(dose) for dose in schedule.planned]
    try:
        return {"text": schedule.text, "length": str(schedule.length), "doses": doses}
    except ScheduleError:
        return {"length": str(schedule.length), "doses": doses}


def from_records(records: Mapping[str, Any]) -> Schedule:
    """The schedule that `to_records` wrote; ScheduleError if they are damaged or disagree with the text."""
    _refuse_unknown(records, ("text", "length", "doses"), "schedule records")
    listed = records.get("doses")
    if not isinstance(listed, list) or not isinstance(records.get("length"), str):
        raise ScheduleError("schedule records need doses, a list, and length, a text such as '84'")
    doses = [_dose(record, f"dose record {number}") for number, record in enumerate(listed, 1)]
    schedule = Schedule.of(*doses, length=_fraction(records["length"], "length of the schedule records"))
    if "text" not in records:
        return schedule
    written = parse(records["text"]) if isinstance(records["text"], str) else None
    if written != schedule:
        raise ScheduleError(f"the text '{str(records['text'])[:80]}' does not describe the dose records beside it")
    return written


def _record(dose: Dose) -> dict[str, Any]:
    values = {name: getattr(dose, name) for name in _FIELDS}
    kept = {name: value for name, value in values.items() if name in _REQUIRED or value != _FIELDS[name]}
    return {name: str(value) if isinstance(value, Fraction) else value for name, value in kept.items()}


def _dose(record: object, where: str) -> Dose:
    if not isinstance(record, Mapping):
        raise ScheduleError(f"{where} is not a table of fields")
    _refuse_unknown(record, _FIELDS, where)
    for name in _REQUIRED:
        if name not in record:
            raise ScheduleError(f"{where} lacks '{name}'")
    values = {name: _value(name, value, f"{name} of {where}") for name, value in record.items()}
    try:
        return Dose(**values)
    except PkpdError as error:
        raise ScheduleError(f"{where}: {error}") from None


def _value(name: str, value: object, where: str) -> Any:
    if name in _TIMES:
        return _fraction(value, where)
    wanted = str if name in _TEXTS else bool if name == "reset" else int | float if name in _NUMBERS else int
    if not isinstance(value, wanted) or (isinstance(value, bool) and name != "reset"):
        raise ScheduleError(f"the {where} is {value!r:.40}, which is not of its kind")
    return value


def _fraction(value: object, where: str) -> Fraction:
    """An exact number of days, only as `str(Fraction)` writes it: no short text can make a huge number."""
    number, _, below = value.partition("/") if isinstance(value, str) else ("", "", "")
    if len(number) > 80 or len(below) > 80 or not (number.isascii() and number.removeprefix("-").isdigit()):
        raise ScheduleError(f"the {where} is {value!r:.40}; it must be a text such as '84' or '1/3', in days")
    if below and not (below.isascii() and below.isdigit() and int(below) > 0):
        raise ScheduleError(f"the {where} is {value!r:.40}; it must be a text such as '84' or '1/3', in days")
    return Fraction(int(number), int(below or 1))


def _refuse_unknown(table: Mapping[str, Any], known: Any, where: str) -> None:
    for key in table:
        if key not in known:
            raise ScheduleError(f"{where} has an unknown field '{str(key)[:40]}'{nearest(str(key), known)}")
