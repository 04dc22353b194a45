"""Formulas of SBML as expressions of a model: a tree of a closed list of nodes is walked, no text is evaluated."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import sympy
from sympy.core.relational import Relational

from ....errors import ModelError, nearest
from ....model.declaration import Expression
from ..library import library

Make = Callable[..., Expression]


def _xor(*args: Expression) -> Expression:
    found = sympy.false
    for a in args:
        found = sympy.Or(sympy.And(found, sympy.Not(a)), sympy.And(sympy.Not(found), a))
    return found


def _chain(relation: Make) -> Make:
    """a < b < c as (a < b) and (b < c)."""
    return lambda *args: sympy.And(*(relation(a, b) for a, b in pairwise(args)))


def _minus(*args: Expression) -> Expression:
    return -args[0] if len(args) == 1 else args[0] - args[1]


def _power(base: Expression, exponent: Expression) -> Expression:
    if exponent.is_Float and (halves := float(exponent) * 2) == int(halves) and abs(halves) < 100:
        exponent = sympy.Rational(int(halves), 2)  # a root keeps its unit
    if base.is_number and exponent.is_number:  # sympy would write out 9^(9^9)
        found = float(base) ** float(exponent)
        if isinstance(found, complex):
            raise ValueError
        return literal(found, "a power")
    return base**exponent


_ANY, _LEAST_ONE = (0, 99_999), (1, 99_999)
# Name of a libsbml node type -> how many arguments it takes, and what it makes.
_FUNCTIONS: Mapping[str, tuple[tuple[int, int], Make]] = {
    "AST_PLUS": (_ANY, lambda *a: sympy.Add(*a)),
    "AST_TIMES": (_ANY, lambda *a: sympy.Mul(*a)),
    "AST_MINUS": ((1, 2), _minus),
    "AST_DIVIDE": ((2, 2), lambda a, b: a / b),
    "AST_POWER": ((2, 2), _power),
    "AST_FUNCTION_POWER": ((2, 2), _power),
    "AST_FUNCTION_EXP": ((1, 1), sympy.exp),
    "AST_FUNCTION_LN": ((1, 1), sympy.log),
    "AST_FUNCTION_LOG": ((1, 2), lambda *a: sympy.log(a[-1]) / sympy.log(a[0] if len(a) == 2 else 10)),
    "AST_FUNCTION_ABS": ((1, 1), sympy.Abs),
    "AST_FUNCTION_SIN": ((1, 1), sympy.sin),
    "AST_FUNCTION_COS": ((1, 1), sympy.cos),
    "AST_FUNCTION_TAN": ((1, 1), sympy.tan),
    "AST_FUNCTION_SEC": ((1, 1), lambda a: 1 / sympy.cos(a)),
    "AST_FUNCTION_CSC": ((1, 1), lambda a: 1 / sympy.sin(a)),
    "AST_FUNCTION_COT": ((1, 1), lambda a: 1 / sympy.tan(a)),
    "AST_FUNCTION_SINH": ((1, 1), sympy.sinh),
    "AST_FUNCTION_COSH": ((1, 1), sympy.cosh),
    "AST_FUNCTION_TANH": ((1, 1), sympy.tanh),
    "AST_FUNCTION_MAX": (_LEAST_ONE, sympy.Max),
    "AST_FUNCTION_MIN": (_LEAST_ONE, sympy.Min),
    "AST_LOGICAL_AND": (_ANY, sympy.And),
    "AST_LOGICAL_OR": (_ANY, sympy.Or),
    "AST_LOGICAL_NOT": ((1, 1), sympy.Not),
    "AST_LOGICAL_XOR": (_ANY, _xor),
    "AST_LOGICAL_IMPLIES": ((2, 2), lambda a, b: sympy.Or(sympy.Not(a), b)),
    "AST_RELATIONAL_EQ": ((2, 99), _chain(sympy.Eq)),
    "AST_RELATIONAL_NEQ": ((2, 2), sympy.Ne),
    "AST_RELATIONAL_LT": ((2, 99), _chain(sympy.Lt)),
    "AST_RELATIONAL_LEQ": ((2, 99), _chain(sympy.Le)),
    "AST_RELATIONAL_GT": ((2, 99), _chain(sympy.Gt)),
    "AST_RELATIONAL_GEQ": ((2, 99), _chain(sympy.Ge)),
}
_CONSTANTS: Mapping[str, Expression] = {
    "AST_CONSTANT_PI": sympy.pi,
    "AST_CONSTANT_E": sympy.E,
    "AST_CONSTANT_TRUE": sympy.true,
    "AST_CONSTANT_FALSE": sympy.false,
}
_WORDS = {"AST_FUNCTION_DELAY": "a delay", "AST_NAME_AVOGADRO": "Avogadro's number", "AST_FUNCTION_RATE_OF": "rateOf"}
_NUMBERS = ("AST_INTEGER", "AST_REAL", "AST_REAL_E", "AST_RATIONAL")


def formula(node: Any, names: Mapping[str, Expression], clock: Expression, where: str) -> Expression:
    """The number a libsbml ASTNode stands for; `names` are the expressions of the ids it may use.

    ModelError naming `where` for a function outside the list, an unknown id, or a truth value instead of a number.
    """
    found = _number_of(_walked(node, names, clock, where), where)
    if found.has(sympy.zoo, sympy.oo, -sympy.oo, sympy.nan, sympy.I):
        raise ModelError(f"{where} has a formula that is no finite number")
    return found


def condition(node: Any, names: Mapping[str, Expression], clock: Expression, where: str) -> Expression:
    """The truth value a libsbml ASTNode stands for, as `formula`."""
    return _truth_of(_walked(node, names, clock, where), where)


def _walked(node: Any, names: Mapping[str, Expression], clock: Expression, where: str) -> Expression:
    if node is None:
        raise ModelError(f"{where} has no formula")
    kinds = _kinds()

    def walk(part: Any) -> Expression:
        kind = kinds.get(part.getType(), "")
        if kind in _NUMBERS:
            return _written(part, kind, where)
        if kind == "AST_NAME_TIME":
            return clock
        if kind == "AST_NAME":
            return _named(part.getName(), names, where)
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        return _applied(part, kind, [walk(part.getChild(k)) for k in range(part.getNumChildren())], where)

    try:
        return walk(node)
    except (ZeroDivisionError, OverflowError, TypeError, ValueError) as error:
        raise ModelError(f"{where} has a formula that cannot be computed: {type(error).__name__}") from None


def _applied(part: Any, kind: str, args: list[Expression], where: str) -> Expression:
    """What a function makes of its arguments."""
    if kind == "AST_FUNCTION_PIECEWISE":
        return _piecewise(args, where)
    if kind == "AST_FUNCTION_ROOT":
        kind, args = "AST_POWER", [args[-1], 1 / args[0] if len(args) == 2 else sympy.Rational(1, 2)]
    if kind not in _FUNCTIONS:
        raise ModelError(f"{where} uses {_said(part, kind)}, which models here cannot hold")
    (least, most), make = _FUNCTIONS[kind]
    if not least <= len(args) <= most:
        raise ModelError(f"{where} uses {_said(part, kind)} with {len(args)} arguments")
    checked = _truth_of if kind.startswith("AST_LOGICAL_") else _number_of
    return make(*[checked(a, where) for a in args])


def _written(part: Any, kind: str, where: str) -> Expression:
    """A number as it stands in the file."""
    if kind == "AST_RATIONAL" and part.getDenominator():
        return sympy.Rational(int(part.getNumerator()), int(part.getDenominator()))
    if kind == "AST_REAL_E":  # libsbml multiplies by a power of ten, which rounds a second time
        return literal(float(f"{part.getMantissa()!r}e{part.getExponent()}"), where)
    return literal(float(part.getValue()), where)


def literal(value: float, where: str) -> Expression:
    """A number of the file: a whole one as such, so that whole powers stay whole; ModelError unless finite."""
    if not math.isfinite(value):
        raise ModelError(f"{where} uses the number {value}, which is not finite")
    return sympy.Integer(int(value)) if value == int(value) and abs(value) < 1e15 else sympy.Float(value)


def _named(identifier: str, names: Mapping[str, Expression], where: str) -> Expression:
    if identifier not in names:
        hint = nearest(identifier, names)
        raise ModelError(f"{where} uses '{identifier[:80]}', which the file does not declare{hint}")
    return names[identifier]


def _piecewise(parts: list[Expression], where: str) -> Expression:
    if len(parts) == 3 and isinstance(parts[1], Relational) and (found := _extreme(*parts)) is not None:
        return found
    pairs = [
        (_number_of(value, where), _truth_of(condition, where))
        for value, condition in zip(parts[::2], parts[1::2], strict=False)
    ]
    if len(parts) % 2:
        pairs.append((_number_of(parts[-1], where), sympy.true))
    if not pairs:
        raise ModelError(f"{where} has a piecewise formula without a piece")
    return sympy.Piecewise(*pairs)


def _extreme(value: Expression, test: Expression, otherwise: Expression) -> Expression | None:
    """max or min, where a choice is one of the two that it compares; Level 3 Version 1 has no other way to say it."""
    if not isinstance(test, sympy.Lt | sympy.Le | sympy.Gt | sympy.Ge):
        return None
    if (value, otherwise) == (test.gts, test.lts):
        return sympy.Max(value, otherwise)
    return sympy.Min(value, otherwise) if (value, otherwise) == (test.lts, test.gts) else None


def _number_of(value: Expression, where: str) -> Expression:
    if not isinstance(value, sympy.Expr):
        raise ModelError(f"{where} uses true or false where a number is needed")
    return value


def _truth_of(value: Expression, where: str) -> Expression:
    if isinstance(value, sympy.Expr):
        raise ModelError(f"{where} uses a number where true or false is needed")
    return value


def _said(part: Any, kind: str) -> str:
    name = part.getName() or kind.removeprefix("AST_").removeprefix("FUNCTION_").lower()
    return _WORDS.get(kind, f"'{name[:80]}'")


_KINDS: dict[int, str] = {}


def _kinds() -> Mapping[int, str]:
    """Names of libsbml's node types by number."""
    if not _KINDS:
        libsbml = library()
        known = {*_FUNCTIONS, *_CONSTANTS, *_WORDS, *_NUMBERS, "AST_NAME", "AST_NAME_TIME"}
        known |= {"AST_FUNCTION_ROOT", "AST_FUNCTION_PIECEWISE"}
        _KINDS.update({getattr(libsbml, name): name for name in known})
    return _KINDS
