"""From sympy expressions of a checked model to nodes of a graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy
from sympy.core.relational import Relational

from ...errors import ModelError
from .graph import UNARY, Graph, Node

_FUNCTIONS = {getattr(sympy, name): name for name in UNARY if hasattr(sympy, name)} | {sympy.Abs: "abs"}
# What turns a part of an expression into its node.
Go = Callable[[Any], Node]


def translate(graph: Graph, expression: Any, names: Mapping[str, Node]) -> Node:
    """The node of an expression, whose symbols stand for nodes; ModelError for what has no machine code."""
    known: dict[Any, Node] = {}

    def go(e: Any) -> Node:
        if e not in known:
            known[e] = _node(graph, e, names, go)
        return known[e]

    return go(expression)


def _node(g: Graph, e: Any, names: Mapping[str, Node], go: Go) -> Node:
    if isinstance(e, sympy.Symbol):
        return names[e.name]
    if e.is_number and not e.has(sympy.Piecewise, Relational):
        return g.const(float(e))
    if isinstance(e, sympy.Add):
        return _sum(g, [sympy.Mul.make_args(a) for a in e.args], go)
    if isinstance(e, sympy.Mul):
        return _product(g, e.args, go)
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


def _sum(g: Graph, terms: Sequence[Sequence[Any]], go: Go) -> Node:
    """The sum of products; what moves and most of them share is multiplied once, as in (a - b + c) x."""
    moving = (f for term in terms for f in dict.fromkeys(term) if not _still(g, go(f)))
    shared, often = max(Counter(moving).items(), key=lambda item: (item[1], -go(item[0])), default=(None, 0))
    if often < 2:
        nodes = [_product(g, term, go) for term in terms]
        return g.total(sorted(nodes, key=lambda k: (not _still(g, k), k)))
    inside = [_without(term, shared) for term in terms if shared in term]
    rest = [term for term in terms if shared not in term]
    found = g.mul(go(shared), _sum(g, inside, go))
    return g.total([_sum(g, rest, go), found]) if rest else found


def _product(g: Graph, factors: Sequence[Any], go: Go) -> Node:
    """Numerator over denominator with one division; what stands still comes first, so that it is computed once."""
    above: dict[bool, Node] = {True: g.const(1), False: g.const(1)}
    below = dict(above)
    for f in factors:
        divides = isinstance(f, sympy.Pow) and f.exp.is_number and f.exp.is_negative
        node = g.power(go(f.base), go(-f.exp)) if divides else go(f)
        side, still = below if divides else above, _still(g, node)
        side[still] = g.mul(side[still], node)
    fixed = g.div(above[True], below[True])
    return g.div(g.mul(fixed, above[False]), below[False])


def _still(g: Graph, node: Node) -> bool:
    """Whether a node depends on parameters only."""
    return all(g.terms[k][1] == "p" for k in g.reached([node]) if g.terms[k][0] == "load")


def _without(term: Sequence[Any], factor: Any) -> list[Any]:
    rest = list(term)
    rest.remove(factor)
    return rest


def _extreme(g: Graph, nodes: list[Node], largest: bool) -> Node:
    found = nodes[0]
    for k in nodes[1:]:
        found = g.choose(g.less(found, k) if largest else g.less(k, found), k, found)
    return found


def _piecewise(g: Graph, e: Any, go: Go) -> Node:
    """The last branch first; where no condition holds the value is NaN, which stops the solver."""
    found = g.const(float("nan"))
    for branch in reversed(e.args):
        found = g.choose(go(branch.cond), go(branch.expr), found)
    return found


def _truth(g: Graph, e: Any, go: Go) -> Node:
    """Comparisons and their combinations."""
    if e in (sympy.true, sympy.false):
        return g.logic("true" if e == sympy.true else "false")
    args = [go(a) for a in e.args]
    if isinstance(e, (sympy.Lt, sympy.Le)):
        return g.less(args[0], args[1], equal=isinstance(e, sympy.Le))
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
