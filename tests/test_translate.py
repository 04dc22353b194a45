"""Expressions as machine code against sympy's own numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sympy
from expression_cases import KINKED, SMOOTH, P, X, Y, Z, close, points, translated
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.engine.code.graph import Graph
from pkpd.engine.code.translate import translate
from pkpd.errors import ModelError


@settings(max_examples=40)
@given(st.one_of(SMOOTH, KINKED))
def test_translated_expressions_compute_what_sympy_does(e: Any):
    at = points()
    wanted = np.array([sympy.lambdify([X, Y, Z, P], e, "math")(*map(float, p)) for p in at.T])
    close(translated(e, at)[0], wanted)


def test_powers_fractions_and_shared_factors():
    at = np.abs(points()) + 0.1
    for e in (
        P * X * Y / (Z + P) + X * Y * Z - 2 * X / Y + P * X,
        X ** (P + 1) * Y**-P / Z**2,
        (X + Y) ** 2 * (X + Y) * Z - Z * sympy.sqrt(X + Y),
        sympy.pi * X - sympy.E * X + X / sympy.GoldenRatio,
        sympy.Piecewise((X, X > 1), (Y, X > 0.5), (0, True)) / (1 + P) ** 1.7,
    ):
        wanted = np.array([sympy.lambdify([X, Y, Z, P], e, "math")(*map(float, p)) for p in at.T])
        close(translated(e, at)[0], wanted)


@pytest.mark.parametrize("relation", [sympy.Lt, sympy.Le, sympy.Gt, sympy.Ge, sympy.Eq, sympy.Ne])
def test_comparisons_below_at_and_above_equality(relation: Any):
    at = np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0], [0, 0, 0], [0, 0, 0]])
    found = translated(sympy.Piecewise((5, relation(X, Y)), (7, True)), at)[0]
    np.testing.assert_array_equal(found, [5 if relation(x, 2.0) else 7 for x in at[0]])


def test_a_piecewise_without_a_branch_is_not_a_number():
    found = translated(sympy.Piecewise((X, X > 0)), np.array([[2.0, -2.0]] * 4))[0]
    np.testing.assert_array_equal(found, [2.0, math.nan])


def test_what_has_no_machine_code_is_refused():
    with pytest.raises(ModelError, match="cannot be compiled"):
        translate(Graph(), sympy.gamma(X), {"x": 0})
