"""Reading an amount such as `0.4 MIU/m2`, a rate such as `1 MIU/h`, a length of time, a count."""

from __future__ import annotations

import math
import operator
import re
from fractions import Fraction

from ..errors import ScheduleError, UnitError, nearest
from ..units import duration, duration_text, exact, factor

Time = str | int | float | Fraction  # "6h", "14d", or a number of days

MAX_DAYS = 36_525  # 100 years
MAX_DOSES = 100_000
_LARGEST = 1e30  # beyond it, or below its inverse, a number is a slip of the pen and sums would overflow
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_AMOUNT = re.compile(rf"\s*({_NUMBER})\s*(\S.*?)?\s*\Z", re.DOTALL)
# The units of a dose, told here because the unit registry takes longer to load than all the rest; the usual ones first.
_USUAL = ("IU", "kIU", "MIU", "g", "mg", "ug", "ng", "mol", "umol", "nmol", "pmol")
_AMOUNT_UNITS = frozenset(p + u for p in ("", *"pnuµμmcdkM") for u in ("IU", "g", "mol"))


def usable(value: float) -> bool:
    """Whether a number can be an amount or a rate: positive, finite and of a size that can be added up."""
    return math.isfinite(value) and 1 / _LARGEST < value < _LARGEST


def check_unit(unit: str) -> None:
    """Refuse a unit that is not IU, a mass or an amount of substance; ScheduleError with the nearest one."""
    if unit not in _AMOUNT_UNITS:
        hint = nearest(unit, _USUAL) or "; use IU, kIU, MIU, a mass such as mg, or moles such as nmol"
        raise ScheduleError(f"'{unit[:40]}' is not the unit of a dose{hint}")


def _number_and_unit(text: str) -> tuple[float, str]:
    match = _AMOUNT.match(text) if isinstance(text, str) else None
    if not match or not match[2]:
        raise ScheduleError(f"'{str(text)[:40]}' is not an amount with its unit; write for example 1 MIU or 0.4 MIU/m2")
    return float(match[1]), re.sub(r"\s*/\s*", "/", match[2]).replace("m^2", "m2")


def read_amount(text: str) -> tuple[float, str, str]:
    """`"0.4 MIU/m2"` as (0.4, "MIU", "m2"), the last "" for a flat dose; ScheduleError or UnitError."""
    value, written = _number_and_unit(text)
    unit, slash, per = written.partition("/")
    if slash and per not in ("m2", "kg"):
        raise ScheduleError(f"an amount per '{per[:40]}' was asked for in '{text[:40]}'; an amount is flat, /m2 or /kg")
    check_unit(unit)
    return value, unit, per


def read_rate(text: str, unit: str, per: str) -> float:
    """`"1 MIU/h"` in `unit` per hour, on the basis of the amount: `0.1 MIU/m2/h` for a dose per m2."""
    value, written = _number_and_unit(text)
    base, *basis = written.split("/")
    wanted = [per] if per else []
    if not basis or basis[:-1] != wanted:
        shown = "/".join((unit, *wanted, "h"))
        raise ScheduleError(
            f"'{text[:40]}' is not a rate for a dose in {'/'.join((unit, *wanted))}; write it in {shown}"
        )
    check_unit(base)
    if not usable(value):
        raise ScheduleError(f"a rate of '{text[:40]}' was asked for; a rate is positive and finite")
    hourly = float(exact(value) / (duration(f"1 {basis[-1]}") * 24))
    return hourly * factor(base, unit)


def span(value: Time, what: str, negative: bool = False) -> Fraction:
    """A length of time in days the schedule language can write down exactly; positive unless `negative`."""
    days = duration(value)
    shown = value if isinstance(value, str) else f"{float(days):g}d"
    if abs(days) > MAX_DAYS or days == 0 or (days < 0 and not negative):
        bounds = f"not 0 and within {MAX_DAYS}d" if negative else f"longer than 0 and at most {MAX_DAYS}d"
        raise ScheduleError(f"'{shown[:40]}' was asked for as {what}; it must be {bounds}")
    try:
        if duration(duration_text(days)) == days:
            return days
    except UnitError:
        pass
    raise ScheduleError(f"'{shown[:40]}' was asked for as {what}; write a time with fewer digits")


def whole(value: int, what: str) -> int:
    """A count of at least one, ScheduleError otherwise."""
    try:
        count = operator.index(value)
    except TypeError:
        count = 0
    if count < 1:
        raise ScheduleError(f"{value!r:.40} was asked for as {what}; it must be a whole number, 1 or more")
    return count


def number_text(value: float) -> str:
    """The shortest decimal that reads back as the same number: 1.0 as `1`, 0.4 as `0.4`."""
    return repr(float(value)).removesuffix(".0")
