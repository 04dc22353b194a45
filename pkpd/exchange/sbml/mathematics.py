"""Equations as SBML holds them: trees of MathML, built from expressions and never from text.

Numbers carry the unit `dimensionless`, but for a literal zero beside values with a unit, and for a whole expression
that is a bare number: these have the unit of their place. Version 1 of SBML Level 3 has no maximum or minimum, so they
are written as choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import sympy
from sympy.core.relational import Relational

from ...errors import ModelError
from ...model.declaration import Expression
from ...model.dimensions import Units, alike
from .units import PLAIN, UnitTable

_FUNCTIONS = {
    sympy.exp: "EXP",
    sympy.log: "LN",
    sympy.sin: "SIN",
    sympy.cos: "COS",
    sympy.tan: "TAN",
    sympy.sinh: "SINH",
    sympy.cosh: "COSH",
    sympy.tanh: "TANH",
    sympy.Abs: "ABS",
}
_RELATIONS = {sympy.Lt: "LT", sympy.Le: "LEQ", sympy.Gt: "GT", sympy.Ge: "GEQ", sympy.Eq: "EQ", sympy.Ne: "NEQ"}
_LOGIC = {sympy.And: "AND", sympy.Or: "OR", sympy.Not: "NOT"}
_WHOLE = 2**31  # SBML's integers have 32 bits


@dataclass(frozen=True, slots=True)
class Mathematics:
    """What expressions are turned into MathML with; `units` has the unit of every name they may use."""

    libsbml: Any
    table: UnitTable
    units: Units

    def tree(self, e: Expression, unit: str = PLAIN) -> Any:
        """The MathML of an expression as a libsbml ASTNode; `unit` is the id of the unit of a bare number."""
        if isinstance(e, sympy.Symbol):
            return self._symbol(e.name)
        if e.is_Rational and not e.is_Integer and max(abs(e.p), e.q) < _WHOLE:  # as such, so that it reads back
            return self._apply("DIVIDE", [self.number(float(e.p), unit), self.number(float(e.q))])
        if e.is_number and not e.has(sympy.Piecewise, Relational):
            return self.number(float(e), unit)
        if isinstance(e, sympy.Add):
            return self._sum(e)
        if isinstance(e, sympy.Mul):
            return self._product(e.args)
        if isinstance(e, sympy.Pow):
            return self._power(e.base, e.exp)
        if isinstance(e, sympy.Max | sympy.Min):
            return self._extreme(e)
        if isinstance(e, sympy.Piecewise):
            return self._piecewise(e)
        if type(e) in _FUNCTIONS:
            return self._apply(f"FUNCTION_{_FUNCTIONS[type(e)]}", [self.tree(e.args[0])])
        return self._truth(e)

    def number(self, value: float, unit: str = PLAIN) -> Any:
        """A number with a unit."""
        whole = value.is_integer() and abs(value) < _WHOLE
        node = self._node("INTEGER" if whole else "REAL")
        node.setValue(int(value) if whole else value)
        node.setUnits(unit)
        return node

    def reached(self, time: float, after: Sequence[Expression], unit: str) -> Any:
        """Whether the clock has reached a time and then durations that follow, all in the time unit of that id."""
        parts = [self.number(time, unit), *(self.tree(e, unit) for e in after if e != 0)]
        return self._apply("RELATIONAL_GEQ", [self._symbol("time"), self._added(parts)])

    def _added(self, nodes: Sequence[Any]) -> Any:
        return reduce(lambda a, b: self._apply("PLUS", [a, b]), nodes)

    def _node(self, kind: str) -> Any:
        return self.libsbml.ASTNode(getattr(self.libsbml, f"AST_{kind}"))

    def _apply(self, kind: str, children: Sequence[Any]) -> Any:
        node = self._node(kind)
        for child in children:
            node.addChild(child)
        return node

    def _symbol(self, name: str) -> Any:
        node = self._node("NAME_TIME" if name == "time" else "NAME")
        node.setName(name)
        return node

    def _sum(self, e: Expression) -> Any:
        """What is added, then what is taken away."""
        terms = sorted(e.args, key=lambda a: bool(a.could_extract_minus_sign()))
        found = self.tree(terms[0])
        for term in terms[1:]:
            less = term.could_extract_minus_sign()
            found = self._apply("MINUS" if less else "PLUS", [found, self.tree(-term if less else term)])
        return found

    def _product(self, factors: Sequence[Any]) -> Any:
        above = [f for f in factors if not _divides(f)]
        below = [f for f in factors if _divides(f)]
        if above and above[0] == -1 and len(above) > 1:
            return self._apply("MINUS", [self._product([*above[1:], *below])])
        over = self._times([self.tree(f) for f in above])
        if not below:
            return over
        return self._apply("DIVIDE", [over, self._times([self._power(f.base, -f.exp) for f in below])])

    def _times(self, nodes: Sequence[Any]) -> Any:
        return reduce(lambda a, b: self._apply("TIMES", [a, b]), nodes) if nodes else self.number(1.0)

    def _power(self, base: Expression, exponent: Expression) -> Any:
        if exponent == 1:
            return self.tree(base)
        if _divides(base**exponent) and exponent.is_number:
            return self._apply("DIVIDE", [self.number(1.0), self._power(base, -exponent)])
        return self._apply("FUNCTION_POWER", [self.tree(base), self._exponent(exponent)])

    def _exponent(self, e: Expression) -> Any:
        """A number as one, or the unit of the power could not be checked."""
        return self.number(float(e)) if e.is_Rational else self.tree(e)

    def _extreme(self, e: Expression) -> Any:
        """max(a, b) as b where a < b, and else a."""
        unit, kind = self._unit_beside(e.args), "RELATIONAL_LT" if isinstance(e, sympy.Max) else "RELATIONAL_GT"

        def larger(a: Any, b: Any) -> Any:
            test = self._apply(kind, [a.deepCopy(), b.deepCopy()])
            return self._apply("FUNCTION_PIECEWISE", [b, test, a])

        return reduce(larger, [self.tree(a, unit) for a in e.args])

    def _piecewise(self, e: Expression) -> Any:
        unit = self._unit_beside([branch.expr for branch in e.args])
        parts = []
        for branch in e.args:
            parts.append(self.tree(branch.expr, unit))
            if branch.cond != sympy.true:
                parts.append(self.tree(branch.cond))
        return self._apply("FUNCTION_PIECEWISE", parts)

    def _truth(self, e: Any) -> Any:
        """Comparisons and their combinations."""
        if e in (sympy.true, sympy.false):
            return self._node("CONSTANT_TRUE" if e == sympy.true else "CONSTANT_FALSE")
        if type(e) in _RELATIONS:
            unit = self._unit_beside(e.args)
            return self._apply(f"RELATIONAL_{_RELATIONS[type(e)]}", [self.tree(a, unit) for a in e.args])
        if type(e) in _LOGIC:
            return self._apply(f"LOGICAL_{_LOGIC[type(e)]}", [self.tree(a) for a in e.args])
        raise ModelError(f"'{str(e)[:80]}' cannot be written as SBML; write it in another way")

    def _unit_beside(self, terms: Sequence[Any]) -> str:
        """The unit of a literal zero among these; that of other numbers is plain, as the unit check made sure."""
        if not any(t == 0 for t in terms):
            return PLAIN
        return self.table.coherent_of(alike(list(terms), self.units, "SBML").dimensionality)


def _divides(factor: Any) -> bool:
    return isinstance(factor, sympy.Pow) and bool(factor.exp.is_number and factor.exp.is_negative)
