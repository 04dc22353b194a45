"""From sympy expressions of a checked model to nodes of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy
from sympy.core.relational import Relational

from ...errors import ModelError
from .graph import UNARY, Graph, Node

_FUNCTIONS = {getattr(sympy, name): name for name in UNARY if hasattr(sympy, name)} | {sympy.Abs: "abs"}


def translate(graph: Graph, expression: Any, names: Mapping[str, Node]) -> Node:
    """The node of an expression whose symbols stand for the nodes in `names`; ModelError for what has no machine code."""
    known: dict[Any, Node] = {}

    def go(e: Any) -> Node:
        if e not in known:
            known[e] = _node(graph, e, names, go)
        return known[e]

    return go(expression)


def _node(g: Graph, e: Any, names: Mapping[str, Node], go: Any) -> Node:
    if isinstance(e, sympy.Symbol):
        return names[e.name]
    if e.is_number and not e.has(sympy.Piecewise, Relational):
        return g.const(float(e))
    if isinstance(e, sympy.Add):
        return g.total(sorted((go(a) for a in e.args), key=lambda k: k))
    if isinstance(e, sympy.Mul):
        return _product(g, e, go)
    if isinstance(e, sympy.Pow):
        return g.power(go(e.base), go(e.exp))
    if isinstance(e, sympy.exp):
        return g.unary("exp", go(e.args[0]))
    if isinstance(e, (sympy.Max, sympy.Min)):
        return _extreme(g, [go(a) for a in e.args], isinstance(e, sympy.Max))
    if isinstance(e, sympy.Piecewise):
        return _piecewise(g, e, go)
    if type(e) in _FUNCTIONS:
        return g.unary(_FUNCTIONS[type(e)], go(e.args[0]))
    return _truth(g, e, go)


def _product(g: Graph, e: Any, go: Any) -> Node:
    """Numerator over denominator, with one division."""
    above, below = g.const(1), g.const(1)
    for factor in e.args:
        if isinstance(factor, sympy.Pow) and factor.exp.is_number and factor.exp.is_negative:
            below = g.mul(below, g.power(go(factor.base), go(-factor.exp)))
        else:
            above = g.mul(above, go(factor))
    return g.div(above, below)


def _extreme(g: Graph, nodes: list[Node], largest: bool) -> Node:
    found = nodes[0]
    for k in nodes[1:]:
        found = g.choose(g.less(found, k) if largest else g.less(k, found), k, found)
    return found


def _piecewise(g: Graph, e: Any, go: Any) -> Node:
    """The last branch first; where no condition holds the value is NaN, which stops the solver."""
    found = g.const(float("nan")) if e.args[-1].cond != sympy.true else go(e.args[-1].expr)
    for branch in reversed(e.args if e.args[-1].cond != sympy.true else e.args[:-1]):
        found = g.choose(go(branch.cond), go(branch.expr), found)
    return found


def _truth(g: Graph, e: Any, go: Any) -> Node:
    """Comparisons and their combinations."""
    if e in (sympy.true, sympy.false):
        return g.logic("true" if e == sympy.true else "false")
    args = [go(a) for a in e.args]
    if isinstance(e, (sympy.Lt, sympy.Le)):
        return g.less(*args, equal=isinstance(e, sympy.Le))
    if isinstance(e, (sympy.Gt, sympy.Ge)):
        return g.less(args[1], args[0], equal=isinstance(e, sympy.Ge))
    if isinstance(e, sympy.Eq):
        return g.logic("eq", *args)
    if isinstance(e, sympy.Ne):
        return g.logic("not", g.logic("eq", *args))
    if isinstance(e, sympy.Not):
        return g.logic("not", *args)
    if isinstance(e, (sympy.And, sympy.Or)):
        found, name = args[0], "and" if isinstance(e, sympy.And) else "or"
        for k in args[1:]:
            found = g.logic(name, found, k)
        return found
    raise ModelError(f"'{e}' cannot be compiled; simulate with --engine scipy, or write it in another way")
