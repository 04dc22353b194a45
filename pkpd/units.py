"""Units: one small registry, with the units of low-dose IL-2 (IU, pM, cells/uL) and nothing a file could misuse.

Activity in IU is a dimension of its own: how many pmol an IU is depends on the preparation, so that number is a model
parameter (`il2_pm_per_iu_ml`); only the label's mass is fixed here, to read doses of IL-2 that are written in
micrograms.
"""

from __future__ import annotations

import math
import re
import sys
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from .errors import UnitError, nearest

if TYPE_CHECKING:
    import pint

# Aldesleukin label: 1.1 mg of protein = 18 million IU.
IU_PER_MG = 18e6 / 1.1

# One unit for each dimension such that equations need no conversion factor; the unit of time is each model's own.
COHERENT = {"[length]": "dm", "[substance]": "pmol", "[mass]": "mg", "[activity]": "IU", "[number]": "cell"}

_DEFINITIONS = """
pico- = 1e-12 = p-
nano- = 1e-9 = n-
micro- = 1e-6 = u- = µ- = μ-
milli- = 1e-3 = m-
centi- = 1e-2 = c-
deci- = 1e-1 = d-
kilo- = 1e3 = k-
mega- = 1e6 = M-
hour = [time] = h = hours
minute = hour / 60 = min = minutes
second = minute / 60 = s = seconds
day = 24 * hour = d = days
week = 7 * day = wk = weeks
meter = [length] = m
liter = 1e-3 * meter ** 3 = L
mole = [substance] = mol
molar = mole / liter = M
gram = [mass] = g
international_unit = [activity] = IU
cells = [number] = _ = cell
percent = 0.01 = %
"""
# What to offer for a misspelt unit.
_COMMON = "h d wk min s L mL uL dL m cm dm m2 mol mmol umol nmol pmol M mM uM nM pM g mg ug ng pg kg IU kIU MIU cells %"

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
# Names joined by * and /, each with a small whole exponent: neither a program nor a huge power can be written in it.
_FACTOR = r"(?:%|[A-Za-zµμ]+(?:\^?-?[1-9])?)"
_UNIT = re.compile(rf"(?:1|{_FACTOR})(?:[*/]{_FACTOR})*\Z")

_DAYS = {
    **dict.fromkeys(("d", "day", "days"), Fraction(1)),
    **dict.fromkeys(("h", "hour", "hours"), Fraction(1, 24)),
    **dict.fromkeys(("min", "minute", "minutes"), Fraction(1, 1440)),
    **dict.fromkeys(("s", "second", "seconds"), Fraction(1, 86400)),
    **dict.fromkeys(("w", "wk", "week", "weeks"), Fraction(7)),
}


@lru_cache(maxsize=1)
def registry() -> pint.UnitRegistry[float]:
    """The one unit registry: pint, with only the definitions above.

    pint would load scipy and dask to serve their arrays, which takes longer than a whole short command; nothing here
    gives it any, so while it is loaded it is told that they are absent.
    """
    absent = [name for name in ("scipy", "dask") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None is how Python marks such a module
    try:
        import pint
    finally:
        for name in absent:
            del sys.modules[name]
    return pint.UnitRegistry(_DEFINITIONS.strip().splitlines())


@lru_cache(maxsize=4096)
def unit(text: str) -> pint.Unit:
    """The unit written as `pM`, `L/h`, `cells/uL`, `pM/(IU/mL)`, `m2` or `1`; UnitError with the nearest known name."""
    flat = re.sub(r"/\(([^()]*)\)", lambda m: "/" + m[1].translate(str.maketrans("*/", "/*")), text.strip())
    if len(flat) > 80 or not _UNIT.match(flat):
        raise UnitError(f"'{text[:80]}' is not a unit; write for example pM, L/h, cells/uL, or 1 for a plain number")
    for name in re.findall(r"[A-Za-zµμ]+", flat):
        # pint reads nan and inf as numbers
        if name.lower() in ("nan", "inf", "infinity") or name not in registry():
            raise UnitError(f"'{name}' is not a known unit{nearest(name, _COMMON.split())}")
    powers = re.sub(r"(?<=[A-Za-zµμ])\^?(-?[1-9])", r"**\1", flat).replace("%", "percent")
    return registry().parse_units(re.sub(r"\A1(?=/|\Z)", "dimensionless", powers))


@lru_cache(maxsize=4096)
def factor(source: str, target: str) -> float:
    """The number that turns a value in `source` into one in `target`; UnitError names both when they do not convert."""
    if source == target:
        return 1.0
    ratio = unit(source) / unit(target)
    if ratio.dimensionality != {}:
        raise UnitError(f"'{source}' does not convert to '{target}'")
    return _exact_ratio(source) / _exact_ratio(target)


def same_dimension(a: str, b: str) -> bool:
    """Whether values in the two units can be converted into each other."""
    return bool(unit(a).dimensionality == unit(b).dimensionality)


def miu(dose_unit: str) -> float:
    """MIU in one unit of a dose: of activity, or of a mass of IL-2 by the label; NaN for any other."""
    if same_dimension(dose_unit, "MIU"):
        return factor(dose_unit, "MIU")
    return factor(dose_unit, "mg") * IU_PER_MG / 1e6 if same_dimension(dose_unit, "mg") else math.nan


@lru_cache(maxsize=4096)
def _exact_ratio(text: str) -> float:
    return float(registry().Quantity(1.0, unit(text)).to_base_units().magnitude)


@lru_cache(maxsize=4096)
def coherent_factor(text: str, time: str) -> float:
    """The number that turns a value in unit `text` into the coherent units of a model whose time unit is `time`."""
    value = _exact_ratio(text)
    for dimension, power in unit(text).dimensionality.items():
        base = time if dimension == "[time]" else COHERENT[dimension]
        value /= _exact_ratio(base) ** float(str(power))
    return float(f"{value:.15g}")  # 15 digits: a product of powers of ten comes out as the power of ten it is


def amount(text: str) -> tuple[float, str]:
    """`"12pM"` as (12.0, "pM"), `"0.4 MIU/m2"` as (0.4, "MIU/m2"), `"3"` as (3.0, "1"); UnitError when it is no
    such thing.
    """
    match = re.match(rf"\s*({_NUMBER})\s*(.*?)\s*\Z", text, re.DOTALL)
    if not match:
        raise UnitError(f"'{text[:80]}' is not a number with a unit; write for example 12 pM")
    value = float(match[1])
    if not math.isfinite(value):
        raise UnitError(f"'{text[:80]}' is not a finite number")
    if match[2]:  # a plain number needs no registry, which takes longer to load than a short command
        unit(match[2])
    return value, match[2] or "1"


def exact(number: str | float | Fraction) -> Fraction:
    """A number as the decimal it was written as (0.1 is 1/10), so that repeated intervals add up without drift."""
    if isinstance(number, Fraction):
        return number
    try:
        decimal = Decimal(str(number))
        if not decimal.is_finite() or abs(decimal.adjusted()) > 30 or len(decimal.as_tuple().digits) > 40:
            raise InvalidOperation
    except InvalidOperation:
        raise UnitError(f"'{str(number)[:40]}' is not a usable number") from None
    return Fraction(decimal)


def duration(value: str | float | Fraction) -> Fraction:
    """A length of time in days, exactly: `"6h"`, `"14d"`, `"2 weeks"`, `"1/3 d"`, or a plain number of days;
    UnitError if none.
    """
    if not isinstance(value, str):
        return exact(value)
    match = re.match(rf"\s*({_NUMBER})(?:/([1-9]\d{{0,8}}))?\s*([A-Za-z]*)\s*\Z", value)
    if not match:
        raise UnitError(f"'{value[:40]}' is not a length of time; write for example 6h, 14d or 2wk")
    name = match[3] or "d"
    if name not in _DAYS:
        raise UnitError(f"'{name}' is not a unit of time{nearest(name, _DAYS)}; use s, min, h, d or wk")
    return exact(match[1]) / int(match[2] or 1) * _DAYS[name]


def duration_text(days: Fraction) -> str:
    """The shortest exact text that `duration` reads back: 14 as `14d`, 1/4 as `6h`, 1/3 as `8h`."""
    for name in ("d", "h", "min"):
        if (number := days / _DAYS[name]).denominator == 1:
            return f"{number}{name}"
    return f"{plain(days)}d"


def plain(number: Fraction) -> str:
    """A fraction as a decimal when it ends (`0.25`), else as `1/3`."""
    if not _terminates(number):
        return f"{number.numerator}/{number.denominator}"
    return format((Decimal(number.numerator) / Decimal(number.denominator)).normalize(), "f")


def _terminates(number: Fraction) -> bool:
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1 and len(str(number.denominator)) <= 20
