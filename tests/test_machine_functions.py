"""exp, log and powers of the machine code against many digits, at the edges of their range, and at every width."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from machine_code import values

from pkpd.engine.code.elementary import rough_power
from pkpd.engine.code.graph import Graph, Node

SEED = 20240601
SMALLEST, LEAST, MOST = 5e-324, 2.0**-1022, math.nextafter(math.inf, 0)


def _values(made: Callable[..., Node], *columns: object) -> np.ndarray:
    g = Graph()
    node = made(g, *(g.load("x", i) for i in range(len(columns))))
    return values(g, [node], *(np.asarray(c, dtype=float) for c in columns))[0]


def exp(x: object) -> np.ndarray:
    return _values(lambda g, a: g.unary("exp", a), x)


def log(x: object) -> np.ndarray:
    return _values(lambda g, a: g.unary("log", a), x)


def power(x: object, y: object) -> np.ndarray:
    return _values(lambda g, a, b: g.power(a, b), x, y)


def _ulps(found: np.ndarray, exact: Callable[[int], mpmath.mpf]) -> np.ndarray:
    """Errors in units of the last place of the exact values."""
    with mpmath.workdps(50):
        right = [exact(i) for i in range(len(found))]
        errors = [(mpmath.mpf(float(f)) - r) / math.ulp(float(r)) for f, r in zip(found, right, strict=True)]
        return np.array([abs(float(e)) for e in errors])


def _same(found: np.ndarray, wanted: list[float]) -> None:
    np.testing.assert_array_equal(found, wanted)  # NaN equals NaN, and -0.0 equals 0.0


def test_exp_is_good_to_about_one_unit_in_the_last_place():
    rng = np.random.default_rng(SEED)
    x = np.concatenate([rng.uniform(-708, 709.7, 1500), rng.normal(0, 1, 1000), rng.normal(0, 1e-8, 100)])
    # half a unit from the last rounding, and about as much from all others; 0.99 in a million numbers
    assert _ulps(exp(x), lambda i: mpmath.exp(mpmath.mpf(x[i]))).max() < 1.1


def test_exp_at_the_edges():
    x = [0, -0.0, SMALLEST, -SMALLEST, 709.78, 709.79, 1e4, MOST, math.inf, -745.13, -746, -1e4, -math.inf, math.nan]
    found = exp(x)
    _same(found[[0, 1, 2, 3]], [1, 1, 1, 1])
    assert found[4] == pytest.approx(math.exp(709.78), rel=3e-16)
    _same(found[5:9], [math.inf] * 4)
    assert found[9] == SMALLEST  # exp(-745.13) lies between half of the smallest number and one and a half
    _same(found[10:], [0, 0, 0, math.nan])


def test_exp_below_the_normal_numbers_keeps_what_they_hold():
    x = np.linspace(-708.5, -744, 200)
    # two roundings to multiples of the smallest number, of half of it each
    assert np.abs(exp(x) - [math.exp(a) for a in x]).max() <= SMALLEST


def test_log_is_good_to_two_units_in_the_last_place():
    rng = np.random.default_rng(SEED)
    x = np.concatenate([np.exp(rng.uniform(-708, 709, 1000)), rng.uniform(0.5, 2, 1500), 1 + rng.normal(0, 1e-6, 300)])
    # fdlibm, whose polynomial this is, states one unit; its last additions are done here in a shorter, less exact
    # order: 1.6 in a million numbers, next to sqrt(1/2)
    assert _ulps(log(x), lambda i: mpmath.log(mpmath.mpf(x[i]))).max() < 2


def test_log_at_the_edges():
    x = [0, -0.0, 1, LEAST, MOST, math.inf, -SMALLEST, -1, -math.inf, math.nan]
    nan = math.nan
    _same(log(x), [-math.inf, -math.inf, 0, math.log(LEAST), math.log(MOST), math.inf, nan, nan, nan, nan])


def test_subnormal_numbers_have_the_logarithm_of_the_smallest_normal_one():
    _same(log([SMALLEST, 1e-310, LEAST]), [math.log(LEAST)] * 3)


def test_the_error_of_a_power_grows_with_its_logarithm_only():
    rng = np.random.default_rng(SEED)
    x, y = np.exp(rng.uniform(-50, 50, 3000)), rng.uniform(-10, 10, 3000)
    found = power(x, y)
    # relative errors: two units in the last place of log2(x), and of its product with y, are raised to the power; then
    # one unit as in exp. A unit is up to 2^-52 of the value.
    bound = 2.5 * np.abs(y * np.log(x)) + 1
    assert (_ulps(found, lambda i: mpmath.mpf(x[i]) ** mpmath.mpf(y[i])) < bound).all()


@pytest.mark.parametrize(
    ("x", "y", "wanted"),
    [
        (0, 0, 1),
        (-0.0, 0, 1),
        (3, 0, 1),
        (-3, 0, 1),
        (SMALLEST, 0, 1),
        (math.inf, 0, 1),
        (math.nan, 0, 1),
        (5, -0.0, 1),
        (0, 1, 0),
        (0, 1.3, 0),
        (-0.0, 0.3, 0),
        (0, SMALLEST, 0),
        (0, math.inf, 0),
        (0, -1.3, math.inf),
        (0, -SMALLEST, math.inf),
        (1, 1.3, 1),
        (1, -1e300, 1),
        (2, 10, 1024),
        (2, 1023, 2.0**1023),
        (2, 1024, math.inf),
        (2, -1074, SMALLEST),
        (2, -1076, 0),
        (10, 400.5, math.inf),
        (10, -400.5, 0),
        (math.inf, 0.3, math.inf),
        (math.inf, -0.3, 0),
        (0.5, math.inf, 0),
        (2, math.inf, math.inf),
        (2, -math.inf, 0),
        (math.nan, 1.3, math.nan),
        (2, math.nan, math.nan),
        (-2, 1.3, math.nan),
        (-2, 2, 4),
        (-2, 3, -8),
        (-0.5, -3, -8),
        (-1, 1e15, 1),
        (-1, 1e15 + 1, -1),
        (-2, 0.5, math.nan),
        (-3, -SMALLEST, math.nan),
        (-SMALLEST, 0.5, math.nan),
        (-math.inf, 3, -math.inf),
        (-math.inf, 1.3, math.nan),
    ],
)
def test_powers_at_the_edges(x: float, y: float, wanted: float):
    _same(power([x], [y]), [wanted])


@pytest.mark.parametrize("y", [1.0, 2.0, -1.0, 0.5, 1.5, -2.5, 16.0])
def test_known_whole_and_half_exponents_are_multiplied_out(y: float):
    x = np.array([0.3, 1.0, 7.0, 1e10])
    found = _values(lambda g, a: g.power(a, g.const(y)), x)
    # at most 5 products, a root and a division, of half a unit each, which the later ones may double
    np.testing.assert_allclose(found, x**y, rtol=16 * 2**-53)


def test_powers_of_negative_numbers_with_known_whole_exponents():
    _same(_values(lambda g, a: g.power(a, g.const(3.0)), [-2.0, 0.0]), [-8.0, 0.0])
    _same(_values(lambda g, a: g.power(a, g.const(-2.0)), [-2.0, 0.0]), [0.25, math.inf])
    _same(_values(lambda g, a: g.power(a, g.const(101.0)), [-2.0, 1.0]), [-(2.0**101), 1.0])


def test_the_rough_power_that_steers_the_step():
    x = np.exp(np.random.default_rng(SEED).uniform(math.log(1e-12), math.log(1e12), 2000))
    found = _values(lambda g, a: rough_power(g, a, -0.1), x)
    np.testing.assert_allclose(found, x**-0.1, rtol=5e-4)  # as its docstring says
    edges = _values(lambda g, a: rough_power(g, a, -0.1), [0, 1e-40, 1e40, math.inf, -math.inf, math.nan, -math.nan])
    np.testing.assert_allclose(edges[:3], [10**1.2, 10**1.2, 10**-1.2], rtol=5e-4)
    assert np.isnan(edges[3:]).all()
