"""The unit check: every equation of a model, term by term, before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import mul
from typing import TYPE_CHECKING, cast

import sympy

from ..errors import ModelError
from ..units import unit
from .declaration import Expression

if TYPE_CHECKING:
    import pint

Units = Mapping[str, str]


def check(expression: Expression, expected: str, units: Units, where: str) -> None:
    """Raise ModelError naming `where` and both units unless the expression has the dimension of `expected`."""
    if expression == 0:
        return
    found = unit_of(expression, units, where)
    if not _same(found, unit(expected)):
        raise ModelError(f"{where}: {_short(expression)} has unit {_name(found)}, but {expected} is needed")


def unit_of(expression: Expression, units: Units, where: str) -> pint.Unit:
    """The unit an expression comes out in, from the units of its symbols; ModelError for sums of unlike things."""
    if expression.is_Symbol:
        return unit(units[expression.name])
    if expression.is_Number or isinstance(expression, sympy.NumberSymbol):
        return unit("1")
    if expression.is_Mul:
        return reduce(mul, (unit_of(a, units, where) for a in expression.args))
    if expression.is_Pow:
        return _power(expression, units, where)
    if isinstance(expression, sympy.Abs):
        return unit_of(expression.args[0], units, where)
    if expression.is_Add or isinstance(expression, sympy.Max | sympy.Min):
        return alike(expression.args, units, where)
    if isinstance(expression, sympy.Piecewise):
        for _, condition in expression.args:
            if isinstance(condition, sympy.core.relational.Relational):
                alike(condition.args, units, where)
        return alike([value for value, _ in expression.args], units, where)
    for argument in expression.args:
        if not _same(found := unit_of(argument, units, where), unit("1")):
            raise ModelError(
                f"{where}: {expression.func.__name__}({_short(argument)}) needs a plain number, found {_name(found)}"
            )
    return unit("1")


def alike(terms: tuple[Expression, ...] | list[Expression], units: Units, where: str) -> pint.Unit:
    """The common unit of terms that are added or compared; a literal zero goes with anything."""
    kept = [t for t in terms if t != 0] or [sympy.Integer(1)]
    first = unit_of(kept[0], units, where)
    for term in kept[1:]:
        if not _same(other := unit_of(term, units, where), first):
            raise ModelError(
                f"{where}: {_short(kept[0])} has unit {_name(first)} and {_short(term)} has unit {_name(other)}, "
                "so they cannot be added"
            )
    return first


def _power(expression: Expression, units: Units, where: str) -> pint.Unit:
    base, exponent = unit_of(expression.base, units, where), expression.exp
    if exponent.is_Rational:
        return cast("pint.Unit", base ** (int(exponent) if exponent.is_Integer else float(exponent)))
    if not _same(found := unit_of(exponent, units, where), unit("1")):
        raise ModelError(f"{where}: the exponent {_short(exponent)} must be a plain number, found {_name(found)}")
    if not _same(base, unit("1")):
        raise ModelError(
            f"{where}: {_short(expression.base)} has unit {_name(base)} and cannot be raised to {_short(exponent)}"
        )
    return base


def _same(a: pint.Unit, b: pint.Unit) -> bool:
    return bool(a.dimensionality == b.dimensionality)


def _name(found: pint.Unit) -> str:
    return f"{found:~}".replace(" ", "") or "1"


def _short(expression: Expression) -> str:
    text = str(expression)
    return f"'{text}'" if len(text) <= 80 else f"'{text[:77]}...'"
