"""Derivatives on the graph, forward: exact, and zero wherever nothing depends on what is moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .graph import Graph, Node


def tangent(graph: Graph, seeds: Mapping[Node, Node]) -> Callable[[Node], Node]:
    """A function from a node to its derivative along `seeds`, which give the derivative of inputs; others are fixed."""
    known: dict[Node, Node] = dict(seeds)
    zero = graph.const(0)

    def moved(node: Node) -> Node:
        # nodes are in order, so the derivative of every argument is known before it is needed
        for k in graph.reached([node]) if node not in known else ():
            if k not in known:
                along = [known[a] for a in graph.arguments(k)]
                known[k] = _rule(graph, k, along) if any(d != zero for d in along) else zero
        return known[node]

    return moved


def _rule(g: Graph, k: Node, d: list[Node]) -> Node:
    """The derivative of one node, from those of its arguments."""
    op, *args = g.terms[k]
    a: Any = args
    if op == "neg":
        return g.neg(d[0])
    if op == "add":
        return g.add(d[0], d[1])
    if op == "mul":
        return g.fma(d[0], a[1], g.mul(a[0], d[1]))
    if op == "fma":
        return g.fma(d[0], a[1], g.fma(a[0], d[1], d[2]))
    if op == "div":
        return g.mul(g.fma(g.neg(k), d[1], d[0]), g.inv(a[1]))
    if op == "select":
        return g.choose(a[0], d[1], d[2])
    if op == "pow":
        return _power_rule(g, k, a, d)
    if op in _SLOPES:
        return g.mul(_SLOPES[op](g, a[0], k), d[0])
    return g.const(0)  # truth values do not move


def _power_rule(g: Graph, k: Node, a: list[Node], d: list[Node]) -> Node:
    """x^y moves by y x^(y-1) dx + x^y log(x) dy; at x = 0 the second term has the limit 0."""
    x, y = a[:2]
    found = g.const(0)
    if not g.is_value(d[0], 0.0):
        found = g.mul(g.mul(y, g.power(x, g.add(y, g.const(-1)))), d[0])
    if not g.is_value(d[1], 0.0):
        slope = g.choose(g.less(g.const(0), x), g.mul(k, g.unary("log", x)), g.const(0))
        found = g.fma(slope, d[1], found)
    return found


def _one_minus_square(g: Graph, k: Node) -> Node:
    return g.fma(g.neg(k), k, g.const(1))


# The derivative of a function of one argument, from its argument and its value.
_SLOPES: dict[Any, Callable[[Graph, Node, Node], Node]] = {
    "inv": lambda g, a, k: g.neg(g.mul(k, k)),
    "sqrt": lambda g, a, k: g.mul(g.const(0.5), g.inv(k)),
    "abs": lambda g, a, k: g.choose(g.less(a, g.const(0)), g.const(-1), g.const(1)),
    "exp": lambda g, a, k: k,
    "log": lambda g, a, k: g.inv(a),
    "sin": lambda g, a, k: g.unary("cos", a),
    "cos": lambda g, a, k: g.neg(g.unary("sin", a)),
    "tan": lambda g, a, k: g.fma(k, k, g.const(1)),
    "sinh": lambda g, a, k: g.unary("cosh", a),
    "cosh": lambda g, a, k: g.unary("sinh", a),
    "tanh": lambda g, a, k: _one_minus_square(g, k),
}
