"""The largest of noisy visits, against drawing them, and against what is known of normal numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.inference.rows.extremes import VISIT_NOISE, expected_extreme


@pytest.mark.parametrize(("visits", "sds"), [(2, 0.5641896), (3, 0.8462844), (5, 1.1629645), (10, 1.5387527)])
def test_level_visits(visits: int, sds: float) -> None:
    """Mean of the largest of n standard normal numbers, as tabulated; the grid is right to 1e-5 of an SD."""
    number, weights = expected_extreme(np.full(visits, 3.0), 1)
    assert math.log(number / 3.0) / VISIT_NOISE == pytest.approx(sds, abs=2e-5)
    assert weights == pytest.approx(np.full(visits, number / 3.0 / visits), rel=1e-9)
    lowest, _ = expected_extreme(np.full(visits, 3.0), -1)
    assert math.log(lowest / 3.0) / VISIT_NOISE == pytest.approx(-sds, abs=2e-5)


def test_the_evidence_s_own_statement() -> None:
    """5 to 10 % noise lifts the maximum of five visits by 6 to 13 % without drug; ours lies in the middle."""
    number, _ = expected_extreme(np.ones(5), 1)
    assert 1.06 < number < 1.13


def test_against_drawn_visits() -> None:
    """A course of five visits; 200,000 draws leave a standard error of 1.5e-4."""
    course = np.array([1.05, 1.2, 1.25, 1.22, 1.02])
    drawn = np.log(course) + VISIT_NOISE * np.random.default_rng(1).normal(size=(200_000, 5))
    number, weights = expected_extreme(course, 1)
    assert math.log(number) == pytest.approx(drawn.max(axis=1).mean(), abs=6e-4)
    shares = np.bincount(drawn.argmax(axis=1), minlength=5) / 200_000
    # shares of the draws have a standard error of 1.1e-3 at most
    assert weights * course / number == pytest.approx(shares, abs=5e-3)


def test_one_visit_far_above_the_others_is_itself() -> None:
    number, weights = expected_extreme(np.array([1.0, 4.0, 1.0]), 1)
    assert number == pytest.approx(4.0, rel=1e-6)
    assert weights == pytest.approx([0, 1, 0], abs=1e-6)


values = st.lists(st.floats(0.2, 5.0), min_size=2, max_size=7)


@given(values, st.sampled_from((1, -1)))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_weights_are_derivatives(course: list[float], sign: int) -> None:
    """Central differences over 1e-4; the interpolated functions are right to 2e-6, which differences magnify."""
    series = np.array(course)
    number, weights = expected_extreme(series, sign)
    assert float(weights @ series) == pytest.approx(float(number), rel=1e-9)
    for k in range(len(series)):
        up, down = series.copy(), series.copy()
        up[k], down[k] = series[k] * (1 + 1e-4), series[k] * (1 - 1e-4)
        slope = (expected_extreme(up, sign)[0] - expected_extreme(down, sign)[0]) / (up[k] - down[k])
        assert weights[k] == pytest.approx(float(slope), abs=5e-3)


def test_many_at_once() -> None:
    many = np.array([[1.0, 2.0, 1.9], [3.0, 3.0, 3.0]])
    numbers, weights = expected_extreme(many, 1)
    for row, number, weight in zip(many, numbers, weights, strict=True):
        alone, own = expected_extreme(row, 1)
        assert (alone, own.tolist()) == (number, weight.tolist())
