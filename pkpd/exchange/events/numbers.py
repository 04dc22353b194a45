"""Numbers of an event table: from a cell, exactly, and back; and what to say of a cell that is none."""

from __future__ import annotations

import math
import re
from fractions import Fraction

from ...errors import PkpdError, UnitError
from ...units import duration, exact
from .cells import missing

HOURS_PER_DAY = 24
MAX_DIGITS = 40  # as many as `units.exact` reads
PER_DAY = {"h": HOURS_PER_DAY, "d": 1}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\Z")
_WITH_UNIT = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)\s*([A-Za-zµμ%][^0-9]{0,20})\Z")
_CLOCK = re.compile(r"[0-9]{1,4}[:/-][0-9]{1,2}\b|.*[0-9]:[0-9]")


def is_number(cell: str) -> bool:
    """Whether a cell is written as a number, of any size."""
    return _NUMBER.match(cell) is not None


def number(cell: str) -> float | None:
    """The finite number a cell holds, None where it is missing; ValueError when it is neither."""
    if _NUMBER.match(cell):
        value = float(cell)
        if math.isfinite(value):
            return value
    elif missing(cell):
        return None
    raise ValueError(cell)


def days(cell: str, time_unit: str) -> Fraction | None:
    """A time in days, exactly, None where it is missing; ValueError when the cell holds no usable number."""
    if not _NUMBER.match(cell):
        if missing(cell):
            return None
        raise ValueError(cell)
    try:
        return exact(cell) / PER_DAY[time_unit]
    except UnitError:
        raise ValueError(cell) from None


def hourly(cell: str, time_unit: str) -> float | None:
    """A rate per hour from one per unit of TIME; the codes -1 and -2 stay; ValueError as in `number`."""
    value = number(cell)
    if value is None or value <= 0 or time_unit == "h":
        return value
    found = days(cell, "h")  # divided by 24 before it is rounded, so that a written rate reads back to the last bit
    return None if found is None else float(found)


def why_not(field: str, cell: str, time_unit: str) -> str:
    """What a cell that is no number is, and the nearest thing to write instead."""
    shown = f"{field} is '{cell[:40]}'"
    comma = cell.replace(",", ".", 1)
    if _NUMBER.match(cell):
        return f"{shown}, which is too large or has too many digits; write a number of ordinary size"
    if "," in cell and _NUMBER.match(comma):
        return f"{shown}, with a decimal comma; write {comma}"
    if _CLOCK.match(cell):
        return f"{shown}, a clock time or a date; write the hours since the first dose as a number"
    if cell[:1] in ("<", ">") and _NUMBER.match(cell[1:].strip()):
        code = 1 if cell[0] == "<" else -1
        return f"{shown}, beyond a limit; write {cell[1:].strip()} and {code} in a column CENS"
    if found := _WITH_UNIT.match(cell):
        return _with_unit(shown, field, found[1], found[2].strip(), time_unit)
    return f"{shown}, which is not a number; write a number, or . where it is missing"


def _with_unit(shown: str, field: str, value: str, unit: str, time_unit: str) -> str:
    if field in ("TIME", "II", "DUR"):
        try:
            instead = decimal(duration(f"{value} {unit.lower()}") * PER_DAY[time_unit])
            return f"{shown}, with a unit in a column in {time_unit}; write {instead}"
        except PkpdError:
            pass
    elsewhere = f", and {unit} in a column UNIT" if field == "AMT" else ""
    return f"{shown}, a number with a unit; write {value}{elsewhere}"


def decimal(value: Fraction) -> str:
    """A fraction as a decimal, exactly where that takes at most 40 digits (1/4 as `0.25`), else to 15 digits (1/3)."""
    places = ends(value)
    if places is None:
        return f"{float(value):.15g}"
    digits = str(abs(value.numerator) * (10**places // value.denominator))
    if len(digits) > MAX_DIGITS:
        return f"{float(value):.15g}"
    digits = digits.rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if value < 0 else text


def ends(value: Fraction) -> int | None:
    """How many decimal places write a fraction exactly; None if none do."""
    rest = value.denominator
    powers = {2: 0, 5: 0}
    for prime in powers:
        while rest % prime == 0:
            rest //= prime
            powers[prime] += 1
    return max(powers.values()) if rest == 1 else None
