"""Random expressions of all that models may use, and their nodes' values; domains of the functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy
from hypothesis import strategies as st
from machine_code import values

from pkpd.engine.code.graph import Graph, Node
from pkpd.engine.code.translate import translate

SEED = 20240602
POINTS = 16
X, Y, Z, P = sympy.symbols("x y z p", real=True)

# Every function of one argument, with a part of its domain where it is smooth and its slope is moderate.
DOMAINS = {
    "inv": (0.3, 3.0),
    "sqrt": (0.1, 4.0),
    "abs": (-2.0, 2.0),
    "exp": (-2.0, 2.0),
    "log": (0.2, 5.0),
    "sin": (-4.0, 4.0),
    "cos": (-4.0, 4.0),
    "tan": (-1.0, 1.0),
    "sinh": (-2.0, 2.0),
    "cosh": (-2.0, 2.0),
    "tanh": (-2.0, 2.0),
}


def _leaf() -> st.SearchStrategy[Any]:
    numbers = st.sampled_from([sympy.Integer(2), sympy.Rational(-3, 2), sympy.Float(0.7), sympy.pi, sympy.E])
    return st.one_of(st.sampled_from([X, Y, Z, P]), st.sampled_from([X, Y, Z, P]), numbers)


def _bounded(e: Any) -> Any:
    """Between 1/2 and 5/2 and smooth, so that any function may follow without leaving its domain."""
    return sympy.Rational(3, 2) + sympy.tanh(e)


def _inner(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    pairs, three = st.tuples(parts, parts), st.tuples(parts, parts, parts)
    smooth = [sympy.exp, sympy.log, sympy.sin, sympy.cos, sympy.sinh, sympy.cosh, sympy.tanh, sympy.sqrt]
    return st.one_of(
        pairs.map(lambda a: a[0] + a[1]),
        three.map(lambda a: a[0] * a[1] - a[0] * a[2] + a[1]),
        three.map(lambda a: a[0] * a[1] / _bounded(a[2])),
        pairs.map(lambda a: _bounded(a[0]) ** _bounded(a[1])),
        parts.map(lambda a: _bounded(a) ** sympy.Rational(-7, 5)),
        parts.map(lambda a: a**3),
        st.tuples(st.sampled_from(smooth), parts).map(lambda a: a[0](_bounded(a[1]))),
        parts.map(lambda a: sympy.tan(_bounded(a) / 3)),
    )


SMOOTH = st.recursive(_leaf(), _inner, max_leaves=8)


def _kinked(a: tuple[Any, Any, Any]) -> st.SearchStrategy[Any]:
    u, v, w = a
    return st.sampled_from(
        [
            sympy.Max(u, v, w, evaluate=False),  # sympy would try long to find out which is larger
            sympy.Min(u, v, evaluate=False),
            sympy.Abs(u - v),
            sympy.Piecewise((u, v < w), (v, sympy.And(v >= w, u > 0)), (w, True)),
            sympy.Piecewise((u, sympy.Or(v <= w, sympy.Ne(u, v))), (w, True)),
            sympy.Piecewise((w, sympy.Eq(X, 1)), (u, sympy.Not(sympy.And(u > v, v > w))), (v, True)),
        ]
    )


SHORT = st.recursive(_leaf(), _inner, max_leaves=2)
KINKED = st.tuples(SHORT, SHORT, SHORT).flatmap(_kinked)


def translated(e: Any, at: np.ndarray, *more: Callable[[Graph, Node, dict[str, Node]], Node]) -> np.ndarray:
    """The values of an expression, and of what else is made from its node and names, at columns x, y, z and p."""
    g = Graph()
    names = {"x": g.load("x", 0), "y": g.load("x", 1), "z": g.load("x", 2), "p": g.load("p", 0)}
    node = translate(g, sympy.sympify(e), names)
    return values(g, [node, *(make(g, node, names) for make in more)], *at)


def points() -> np.ndarray:
    """Columns x, y, z and p."""
    found = np.random.default_rng(SEED).uniform(-1.5, 1.5, (4, POINTS))
    found[0, ::5] = 1  # where Eq(x, 1) holds
    return found


def close(found: np.ndarray, wanted: np.ndarray) -> None:
    """Within a rounding of all intermediate results; the largest stand for their size, and kinks may change branch."""
    scale = 1 + np.abs(wanted).max()
    assert np.abs(found - wanted).max() <= 1e-11 * scale
