"""What an equation may hold: symbols of the model, real numbers, and functions that every engine can compute."""

from __future__ import annotations

import sympy
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import BooleanFalse, BooleanFunction, BooleanTrue

from ..errors import ModelError
from .declaration import Expression, symbol

FUNCTIONS = (sympy.exp, sympy.log, sympy.sin, sympy.cos, sympy.tan, sympy.sinh, sympy.cosh, sympy.tanh, sympy.Abs)
CHOICES = (sympy.Max, sympy.Min, sympy.Piecewise, ExprCondPair, Relational, BooleanFunction, BooleanTrue, BooleanFalse)
_PLAIN = (sympy.Add, sympy.Mul, sympy.Pow, sympy.NumberSymbol)


def expression(value: Expression) -> Expression:
    """A sympy expression from a symbol, an expression or a number; ModelError for anything that cannot be computed.

    Text is refused, because sympy would evaluate it.
    """
    try:
        found = sympy.sympify(value, strict=True)
    except (sympy.SympifyError, TypeError, ValueError):
        raise ModelError(f"{value!r} is not an expression of symbols and numbers") from None
    if not isinstance(found, sympy.Expr):
        raise ModelError(f"{value!r} is not an expression of symbols and numbers")
    for node in sympy.preorder_traversal(found):
        _check(node, found)
    return found


def positive_part(value: Expression) -> Expression:
    """max(0, value)."""
    return sympy.Max(0, expression(value))


def name_of(value: Expression, kind: str) -> str:
    """The name of a symbol that stands for a `kind`; ModelError when it is no symbol."""
    if type(value) is not sympy.Symbol:
        raise ModelError(f"{value!r} is not a {kind}: pass what m.{kind}(...) returned, or m['name']")
    return str(value.name)


def _check(node: Expression, whole: Expression) -> None:
    if isinstance(node, (*_PLAIN, *CHOICES, *FUNCTIONS)):
        return
    if isinstance(node, sympy.Number) and node.is_finite:
        return
    if isinstance(node, sympy.Symbol):
        if node != symbol(node.name):
            raise ModelError(
                f"'{node.name}' was made with sympy itself: use what the builder returned, or m['{node.name}']"
            )
        return
    names = ", ".join(f.__name__ for f in FUNCTIONS)
    raise ModelError(
        f"'{node}' in '{str(whole)[:80]}' cannot be computed: use symbols, real numbers, + - * / **, {names}"
    )
