"""What a row of observations may say: numbers that its form can have, a window that its timing can have, a unit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..dosing.amount import MAX_DAYS
from ..errors import StudyError, UnitError
from ..units import unit
from .observation import SPREADS, Observation

# What low and high must enclose the value for; a log SD has no low and high of its own.
_PAIRED = ("IQR", "CI95", "range")
_UNITS = {"percent": ("", "%"), "percent_change": ("", "%"), "fold": ("", "1"), "ratio": ("", "1")}


def check_row(row: Observation) -> None:
    """Refuse a row that contradicts itself; StudyError names file and line."""
    _check_window(row)
    _check_patients(row)
    _check_numbers(row)
    _check_spread(row)
    _check_unit(row)


def reason_against(row: Observation) -> str:
    """Why a row can never be predicted as a number, or an empty string."""
    if row.bound == "qualitative":
        return "a statement in words"
    if row.bound == "range" and (row.low is None or row.high is None):
        return "a range without its two ends"
    return ""


def _check_window(row: Observation) -> None:
    for day in (row.day_from, row.day_to, *row.visits):
        if day < 0:
            raise StudyError(
                f"{row.origin}: day {day:g} lies before baseline: day 0 is the first dose, and samples taken before it "
                "are day 0"
            )
        if day > MAX_DAYS:
            raise StudyError(f"{row.origin}: day {day:g} was given; the last day is {MAX_DAYS}")
    window = f"from day {row.day_from:g} to day {row.day_to:g}"
    if row.day_to < row.day_from:
        raise StudyError(f"{row.origin}: the window {window} ends before it starts")
    if row.timing == "point" and (row.day_to > row.day_from or row.visits):
        raise StudyError(f"{row.origin}: a point has one day; say timing maximum, mean, trough or area")
    if row.timing == "area" and (row.day_to == row.day_from or len(row.visits) == 1):
        raise StudyError(f"{row.origin}: an area needs two days or more, and the window runs {window}")
    for day in row.visits:
        if not row.day_from <= day <= row.day_to:
            raise StudyError(f"{row.origin}: the visit on day {day:g} lies outside the window {window}")


def _check_patients(row: Observation) -> None:
    if row.id and row.n is not None and row.n > 1:
        raise StudyError(
            f"{row.origin}: id '{row.id[:40]}' is one patient, and n is {row.n}; leave the id out for a mean of several"
        )


def _check_numbers(row: Observation) -> None:
    for name in ("value", "low", "high"):
        number = getattr(row, name)
        if number is None:
            continue
        what = f"{row.origin}: {name} {number:.10g}"
        if row.form == "percent" and not 0 <= number <= 100:
            hint = "; a change in percent is form percent_change" if name == "value" else ""
            raise StudyError(f"{what} lies outside 0 to 100, where a percent is{hint}")
        if row.form == "percent_change" and number < -100:
            raise StudyError(f"{what} takes away more than there is: a percent_change is -100 or more")
        if row.form not in ("percent", "percent_change") and number < 0:
            raise StudyError(f"{what} is negative, and a {row.form} is 0 or more")
    if (row.low is None) != (row.high is None):
        given, missing = ("low", "high") if row.high is None else ("high", "low")
        raise StudyError(f"{row.origin}: {given} is given without {missing}")
    if row.low is None or row.high is None:
        return
    if row.low > row.high:
        raise StudyError(f"{row.origin}: low {row.low:g} lies above high {row.high:g}")
    if row.value is not None and not row.low <= row.value <= row.high:
        raise StudyError(f"{row.origin}: value {row.value:g} lies outside its low {row.low:g} and high {row.high:g}")


def _check_spread(row: Observation) -> None:
    paired, number = row.low is not None, row.spread_value
    if number is not None and number <= 0:
        raise StudyError(f"{row.origin}: spread_value {number:g} was given; a spread is above 0, or not given")
    if row.spread in _PAIRED and (number is not None or not paired):
        raise StudyError(f"{row.origin}: spread {row.spread} is given by its low and high, not by spread_value")
    if row.spread == "log_SD" and number is None:
        raise StudyError(f"{row.origin}: spread log_SD is given by spread_value, the SD of the natural logarithm")
    if row.spread and not paired and number is None:
        raise StudyError(f"{row.origin}: spread {row.spread} needs its number in spread_value, or low and high")
    if not row.spread and (number is not None or (paired and row.bound != "range")):
        what = "low and high" if paired else "spread_value"
        raise StudyError(f"{row.origin}: spread does not say what {what} is; it is one of {', '.join(SPREADS)}")


def _check_unit(row: Observation) -> None:
    if row.timing == "area" and row.form not in ("count", "level", "fold"):
        raise StudyError(f"{row.origin}: an area is of a count, a level or a fold, not of a {row.form}")
    allowed: Sequence[str] = _UNITS.get(row.form, ())
    if row.form == "fold" and row.timing == "area":
        allowed = ("", "d")
    if allowed:
        if row.unit not in allowed:
            raise StudyError(f"{row.origin}: a {row.form} has the unit '{allowed[1]}' or none, not '{row.unit[:40]}'")
        return
    if not row.unit:
        return
    try:
        unit(row.unit)
    except UnitError as error:
        powers = re.search(r"10\s*\^?\s*[0-9]", row.unit)
        hint = "; 10^6 per litre is 1 cells/uL, and 10^9 per litre is 1000 cells/uL" if powers else ""
        if row.unit.startswith("/"):
            hint = f"; write cells{row.unit[:40]}"
        raise StudyError(f"{row.origin}: {error}{hint}") from None
