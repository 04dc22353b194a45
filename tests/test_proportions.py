"""Two-sided tests of two proportions: published numbers, closed forms, enumeration, wrong input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc, chdtrc, expit, logit
from scipy.stats import binom

from pkpd.errors import StudyError
from pkpd.keyed import Keyed
from pkpd.trials.clinical import proportions
from pkpd.trials.clinical.link import Anchored
from pkpd.trials.clinical.observed import interval
from pkpd.trials.clinical.power import Counts, counted, power, responses

# counts, and p by Pearson, N-1, likelihood ratio and Fisher as worked out elsewhere, each with the digits it came with
PUBLISHED = [
    ((16, 29, 9, 30), ("0.0504", "0.0524", "0.0492", "0.067")),
    ((19, 29, 11, 30), ("0.0267", "0.0280", "0.0256", "0.038")),
    ((7, 13, 2, 12), ("0.053", "0.058", "0.048", "0.097")),
]


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, int, int]:
    n_a, n_b = draw(st.integers(1, 25)), draw(st.integers(1, 25))
    return draw(st.integers(0, n_a)), n_a, draw(st.integers(0, n_b)), n_b


@pytest.mark.parametrize(("counts", "expected"), PUBLISHED)
def test_published(counts: tuple[int, int, int, int], expected: tuple[str, ...]) -> None:
    found = proportions.tests_of(*counts)
    p = (found.pearson, found.n_minus_1, found.likelihood_ratio, found.fisher)
    assert tuple(f"{value:.{len(text) - 2}f}" for value, text in zip(p, expected, strict=True)) == expected


@pytest.mark.parametrize(("counts", "expected"), [((16, 30, 9, 30), "0.067"), ((19, 30, 11, 30), "0.039")])
def test_published_per_randomised(counts: tuple[int, int, int, int], expected: str) -> None:
    assert f"{proportions.tests_of(*counts).pearson:.3f}" == expected


@given(table=tables())
@settings(deadline=None, derandomize=True, max_examples=60)
def test_closed_forms(table: tuple[int, int, int, int]) -> None:
    a, n_a, b, n_b = table
    found, n = proportions.tests_of(*table), n_a + n_b
    if a + b in (0, n):
        assert found.values == (1.0,) * 5
        return
    cross, spread = a * (n_b - b) - b * (n_a - a), n_a * n_b * (a + b) * (n - a - b)
    yates = max(abs(cross) - n / 2, 0.0)
    observed = (a, n_a - a, b, n_b - b)
    expected = [part * whole / n for part in (n_a, n_b) for whole in (a + b, n - a - b)]
    deviance = 2 * sum(o * math.log(o / e) for o, e in zip(observed, expected, strict=True) if o)
    # 1e-7: the square root that turns a chi-square near 0 into p magnifies the rounding of the sums, 1e-15
    assert found.pearson == pytest.approx(chdtrc(1, n * cross**2 / spread), rel=1e-7)
    assert found.yates == pytest.approx(chdtrc(1, n * yates**2 / spread), rel=1e-7)
    assert found.n_minus_1 == pytest.approx(chdtrc(1, (n - 1) * cross**2 / spread), rel=1e-7)
    assert found.likelihood_ratio == pytest.approx(chdtrc(1, max(deviance, 0.0)), abs=1e-6)
    ways = [math.comb(n_a, k) * math.comb(n_b, a + b - k) for k in range(max(0, a + b - n_b), min(n_a, a + b) + 1)]
    mine = math.comb(n_a, a) * math.comb(n_b, b)
    # whole numbers, so ties are exact; the library's own sum rounds at 1e-14
    assert found.fisher == pytest.approx(sum(w for w in ways if w <= mine) / sum(ways), rel=1e-9)


@given(table=tables())
@settings(deadline=None, derandomize=True, max_examples=40)
def test_neither_the_order_of_the_arms_nor_what_counts_as_response_matters(table: tuple[int, int, int, int]) -> None:
    a, n_a, b, n_b = table
    found = proportions.tests_of(*table).values
    # rounding only: sums in another order; a p near 1 has the square root of that
    assert proportions.tests_of(b, n_b, a, n_a).values == pytest.approx(found, abs=1e-7)
    assert proportions.tests_of(n_a - a, n_a, n_b - b, n_b).values == pytest.approx(found, abs=1e-7)
    assert all(0 <= p <= 1 + 1e-12 for p in found)


@pytest.mark.parametrize("table", [(0, 5, 0, 7), (5, 5, 7, 7), (0, 0, 3, 7), (2, 4, 0, 0)])
def test_degenerate_tables_show_no_difference(table: tuple[int, int, int, int]) -> None:
    assert proportions.tests_of(*table).values == (1.0,) * 5


@pytest.mark.parametrize("table", [(6, 5, 0, 7), (-1, 5, 0, 7), (1, 5, 8, 7), (0, -1, 0, 2)])
def test_counts_that_are_none_are_refused(table: tuple[int, int, int, int]) -> None:
    with pytest.raises(StudyError, match="cannot have responded"):
        proportions.tests_of(*table)


def test_each_table_is_tested_once() -> None:
    assert proportions.tests_of(3, 8, 1, 9) is proportions.tests_of(3, 8, 1, 9)


def test_the_test_behind_a_printed_p() -> None:
    found = proportions.PValues(0.0504, 0.0905, 0.0524, 0.0673, 0.0492)
    assert found.reproducing(0.05, 2) == ("pearson", "n_minus_1", "likelihood_ratio")
    assert found.reproducing(0.05, 3) == ("pearson",)
    assert found.reproducing(0.036, 3) == ()


@pytest.mark.parametrize(("responders", "n"), [(0, 12), (2, 12), (16, 29), (29, 29)])
def test_interval(responders: int, n: int) -> None:
    low, high = interval(responders, n)
    a, b = responders + 0.5, n - responders + 0.5
    # the quantile function inverts to about 1e-12
    assert low == 0 if responders == 0 else betainc(a, b, low) == pytest.approx(0.025, abs=1e-9)
    assert high == 1 if responders == n else betainc(a, b, high) == pytest.approx(0.975, abs=1e-9)
    mirrored = interval(n - responders, n)
    assert (low, high) == pytest.approx((1 - mirrored[1], 1 - mirrored[0]), abs=1e-9)


# how often they find a difference


def exact_power(a: float, b: float, n: int, test: str) -> float:
    """The chance of p < 0.05 by the sum over all tables."""
    k = np.arange(n + 1)
    found = [[getattr(proportions.tests_of(i, n, j, n), test) < 0.05 for j in range(n + 1)] for i in range(n + 1)]
    return float(binom.pmf(k, n, a) @ np.array(found, dtype=float) @ binom.pmf(k, n, b))


@pytest.mark.parametrize(
    ("scale", "rate"), [(1.0, 0.7), (0.5, float(expit((logit(0.7) + logit(0.3)) / 2))), (0.0, 0.3)]
)
def test_power_and_size_are_those_of_the_sum_over_all_tables(scale: float, rate: float) -> None:
    n, replicates = 15, 2000
    curve = Anchored("better", "regimen", 0.3, 0.7, float(logit(0.7) - logit(0.3)), 1.0)
    measured = np.concatenate([np.ones(n), np.zeros(n)])
    none, active = np.zeros(2 * n, dtype=bool), measured > 0
    found = [
        counted(responses(curve, measured, Keyed(11, k), scale), measured, active, none) for k in range(replicates)
    ]
    for row in power("better", "any", Counts(*np.stack(found, axis=1))):
        expected = exact_power(rate, 0.3, n, row.test)
        # 4 standard errors of a share of replicates
        assert row.share == pytest.approx(expected, abs=4 * (expected * (1 - expected) / replicates) ** 0.5), row
        assert row.standard_error == pytest.approx((expected * (1 - expected) / replicates) ** 0.5, rel=0.3)


def test_differences_the_wrong_way_are_told() -> None:
    full, none = np.array([[10, 0], [0, 10], [0, 10]]), np.zeros((3, 2), dtype=np.int64)
    rows = power("x", "none", Counts(full, np.full((3, 2), 10), np.full((3, 2), 10), none))
    assert {(row.share, row.favouring_control) for row in rows} == {(1.0, 2 / 3)}
