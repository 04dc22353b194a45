"""Sparse elimination against numpy, and how sparse it stays."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_code import values

from pkpd.engine.code.elimination import factorise, solve
from pkpd.engine.code.graph import Graph


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 9), st.floats(0, 1))
def test_elimination_solves_sparse_systems(seed: int, n: int, density: float):
    rng = np.random.default_rng(seed)
    matrix = np.where(rng.random((n, n)) < density, rng.normal(size=(n, n)), 0.0)
    np.fill_diagonal(matrix, 1 + np.abs(matrix).sum(1))  # dominant, so no pivot is small
    right = rng.normal(size=n)
    g = Graph()
    entries = {(i, j): g.load("x", i * n + j) for i in range(n) for j in range(n) if matrix[i, j] != 0.0}
    solution = solve(g, factorise(g, entries), [g.load("x", n * n + i) for i in range(n)])
    found = values(g, solution, *(np.full(1, v) for v in (*matrix.ravel(), *right)))[:, 0]
    # the condition of such a matrix in the largest norm is below 2 n max|a|, some tens; each entry takes n roundings
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right), rtol=1e-12, atol=1e-13)


def test_elimination_keeps_an_arrow_sparse():
    """A matrix with one full row and column: eliminated last, it causes no fill; first, it would fill everything."""
    n = 12
    g = Graph()
    entries = {(i, j): g.load("x", i * n + j) for i in range(n) for j in range(n) if i == j or 0 in (i, j)}
    factors = factorise(g, entries)
    assert len(factors.lower) == len(factors.upper) == n - 1
    assert factors.order.index(0) >= n - 2  # the last two are a full matrix in either order
