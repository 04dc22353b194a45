"""Derivatives on the graph against sympy, many digits and differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from expression_cases import DOMAINS, POINTS, SMOOTH, P, X, Y, Z, close, points, translated
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_code import values

from pkpd.engine.code.calculus import tangent
from pkpd.engine.code.graph import UNARY, Graph, Node


def _derivative(name: str) -> Callable[[Graph, Node, dict[str, Node]], Node]:
    return lambda g, node, names: tangent(g, {names[name]: g.const(1)})(node)


@settings(max_examples=30)
@given(SMOOTH, st.sampled_from(["x", "p"]))
def test_derivatives_are_those_of_sympy(e: Any, name: str):
    at = points()
    symbol = X if name == "x" else P
    slope = sympy.lambdify([X, Y, Z, P], sympy.diff(e, symbol), "math")
    close(translated(e, at, _derivative(name))[1], np.array([slope(*map(float, p)) for p in at.T]))


@pytest.mark.parametrize("name", UNARY)
def test_slopes_of_functions_of_one_argument(name: str):
    x = np.linspace(*DOMAINS[name], POINTS)
    g = Graph()
    a = g.load("x", 0)
    found = values(g, [tangent(g, {a: g.const(1)})(g.unary(name, a))], x)[0]
    function = {"inv": lambda v: 1 / v, "abs": abs}.get(name) or getattr(mpmath, name)
    with mpmath.workdps(40):
        wanted = [float(mpmath.diff(function, mpmath.mpf(v))) for v in x]
    # a few operations of one rounding each; a sine near its zero keeps the error of its argument
    np.testing.assert_allclose(found, wanted, rtol=1e-14, atol=1e-15)


def test_derivatives_along_several_inputs_and_of_every_operation():
    """Max, Min, quotients and chosen branches along a direction, against differences of the values themselves."""
    e = sympy.Max(X * Y, Z) / (1 + P**2) + sympy.Min(X, Y * Z) ** 3 + sympy.Piecewise((X * Y, X < Z), (Z**2, True))
    at, direction = points(), (0.3, -1.1, 0.7, 0.4)

    def along(g: Graph, node: Node, names: dict[str, Node]) -> Node:
        return tangent(g, {names[name]: g.const(d) for name, d in zip("xyzp", direction, strict=True)})(node)

    found = translated(e, at, along)[1]
    step = 1e-6 * np.array(direction)[:, None]
    wanted = (translated(e, at + step)[0] - translated(e, at - step)[0]) / 2e-6
    # differences: 1e-12 by the third derivative, 1e-10 by cancellation; no point lies that close to a kink
    np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("y", [1.0, 1.3, 2.5])
def test_powers_of_zero_have_slopes(y: float):
    g = Graph()
    a, b = g.load("x", 0), g.load("x", 1)
    ends = [tangent(g, {seed: g.const(1)})(g.power(a, b)) for seed in (a, b)]
    found = values(g, ends, np.zeros(8), np.full(8, y))
    np.testing.assert_array_equal(found[0], 1 if y == 1 else 0)
    np.testing.assert_array_equal(found[1], 0)


def test_what_nothing_depends_on_has_no_slope():
    g = Graph()
    a, b = g.load("x", 0), g.load("x", 1)
    along = tangent(g, {a: g.const(1)})
    assert along(g.unary("exp", b)) == along(g.less(a, b)) == g.const(0)
    assert along(g.fma(a, b, b)) == b
