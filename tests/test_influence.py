"""Indices of functions against closed forms, designs, dropped blocks, doubts, and ranges."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pkpd.engine.functions import Vector
from pkpd.errors import PkpdError
from pkpd.parameters import read_tables
from pkpd.trials.influence.design import design_of
from pkpd.trials.influence.indices import Indices, indices
from pkpd.trials.influence.ranges import Range, ranges_of
from pkpd.trials.influence.trust import trust_of


def indices_of(
    function: Callable[[Vector], Vector],
    names: Sequence[str],
    method: str = "sobol",
    samples: int | None = None,
    seed: int = 1,
    second_order: bool = False,
) -> Indices:
    """The indices of a function of points of the unit cube, shape (runs, names), to numbers, shape (runs,)."""
    design = design_of(method, names, samples, seed, second_order)
    return indices(design, np.asarray(function(design.points), dtype=float))


# --- closed forms


def ishigami(u: Vector) -> Vector:
    x = math.pi * (2 * u - 1)
    return np.asarray(np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))


G = np.array([0.0, 1.0, 4.5, 9.0])


def g_function(u: Vector) -> Vector:
    return np.asarray(np.prod((np.abs(4 * u - 2) + G) / (1 + G), axis=1))


@pytest.mark.parametrize("seed", [1, 2, 2**64 - 1])
def test_ishigami_has_its_indices(seed: int) -> None:
    found = indices_of(ishigami, ("a", "b", "c"), samples=4096, seed=seed)
    # 4,096 scrambled points err by about 0.01; a wrong estimator by more than 0.1
    np.testing.assert_allclose(found["first"], [0.3139, 0.4424, 0], atol=0.03)
    np.testing.assert_allclose(found["total"], [0.5576, 0.4424, 0.2437], atol=0.03)
    assert found.order == (0, 1, 2)
    assert found.used == 4096 and found.dropped == 0
    trust = trust_of(found)
    assert trust.doubts == () and trust.needed == 0 and trust.apart == ("yes", "yes", "")


def test_g_function_has_its_indices_of_first_and_second_order_and_in_total() -> None:
    own = 1 / (3 * (1 + G) ** 2)
    whole = float(np.prod(1 + own)) - 1
    found = indices_of(g_function, ("a", "b", "c", "d"), samples=8192, second_order=True)
    # as above; second-order indices are differences of three estimates
    np.testing.assert_allclose(found["first"], own / whole, atol=0.02)
    np.testing.assert_allclose(found["total"], own * np.prod(1 + own) / (1 + own) / whole, atol=0.02)
    assert found.pairs is not None
    for j, k in combinations(range(4), 2):
        assert found.pairs[j, k] == pytest.approx(own[j] * own[k] / whole, abs=0.04)
    assert found.sum_first == pytest.approx(float(found["first"].sum()))


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    weights = np.array([3.0, 2.0, 1.0])
    true = weights**2 / (weights**2).sum()
    hits = []
    for seed in range(40):
        found = indices_of(lambda u: stats.norm.ppf(u) @ weights, ("a", "b", "c"), samples=64, seed=seed)
        hits += (np.abs(found.values - true) <= found.errors).ravel().tolist()
    # 240 intervals of 95 %, whose errors are drawn from 64 blocks; scrambled points err less than random ones
    assert np.mean(hits) > 0.85


def test_morris_of_a_linear_function_is_its_slopes() -> None:
    slopes = np.array([3.0, -2.0, 0.5])
    found = indices_of(lambda u: 10 + u @ slopes, ("a", "b", "c"), "morris", samples=6)
    np.testing.assert_allclose(found["mu"], slopes, rtol=1e-12)  # rounding alone
    np.testing.assert_allclose(found["mu_star"], np.abs(slopes), rtol=1e-12)
    np.testing.assert_allclose(found["sigma"], 0, atol=1e-12)
    assert found.order == (0, 1, 2)


def test_morris_tells_slopes_that_change_sign() -> None:
    # the slope of a is b - 1/2, on four levels +-1/2 and +-1/6: mean 0, mean size 1/3, SD sqrt(5/36)
    found = indices_of(lambda u: u[:, 0] * (u[:, 1] - 0.5), ("a", "b"), "morris", samples=2000)
    # standard errors of means of 2,000: 0.008 and 0.004
    assert found["mu"][0] == pytest.approx(0, abs=0.035)
    assert found["mu_star"][0] == pytest.approx(1 / 3, abs=0.015)
    assert found["sigma"][0] == pytest.approx(math.sqrt(5 / 36), abs=0.015)


# --- designs and dropped blocks


@pytest.mark.parametrize(("method", "second", "rows"), [("sobol", False, 5), ("sobol", True, 8), ("morris", False, 4)])
def test_designs_are_blocks_in_the_unit_cube_and_follow_the_seed(method: str, second: bool, rows: int) -> None:
    one, same, other = (design_of(method, ("a", "b", "c"), 16, seed, second) for seed in (3, 3, 4))
    assert one.points.shape == (16 * rows, 3) and one.size == rows
    assert one.points.min() >= 0 and one.points.max() <= 1
    assert np.array_equal(one.points, same.points) and not np.array_equal(one.points, other.points)


def test_blocks_with_a_failed_run_are_left_out_whole() -> None:
    design = design_of("sobol", ("a", "b"), 64)
    y = ishigami(np.column_stack([design.points, np.full(len(design.points), 0.5)]))
    bad = design.points[:, 0] > 0.9
    found = indices(design, np.where(bad, np.nan, y))
    blocks, kept = y.reshape(64, 4), ~bad.reshape(64, 4).any(axis=1)
    assert 0 < found.dropped == 64 - kept.sum() and found.used == kept.sum()
    # the estimators of Saltelli (2010), from the blocks that are left
    a, b = blocks[kept][:, 0], blocks[kept][:, -1]
    middle, variance = np.mean(blocks[kept]), np.var(np.concatenate([a, b]))
    for k in range(2):
        ab = blocks[kept][:, 1 + k]
        assert found["first"][k] == pytest.approx(np.mean((b - middle) * (ab - a)) / variance, rel=1e-9)
        assert found["total"][k] == pytest.approx(np.mean((a - ab) ** 2) / 2 / variance, rel=1e-9)
    assert any("left out" in doubt for doubt in trust_of(found).doubts)


def test_trajectories_with_a_failed_run_are_left_out_whole() -> None:
    design = design_of("morris", ("a", "b"), 20)
    y = design.points @ np.array([2.0, 1.0])
    y[[0, 1, 17]] = np.nan
    found = indices(design, y)
    assert (found.used, found.dropped) == (18, 2)
    np.testing.assert_allclose(found["mu"], [2, 1], rtol=1e-12)  # rounding alone


@pytest.mark.parametrize("method", ["sobol", "morris"])
def test_too_few_whole_blocks_are_an_error(method: str) -> None:
    with pytest.raises(PkpdError, match="half of them"):
        indices_of(lambda u: np.where(u[:, 0] > 0.4, np.nan, u[:, 1]), ("a", "b"), method, 16)


def test_a_number_that_never_moves_has_no_indices() -> None:
    found = indices_of(lambda u: 5 + 1e-9 * u[:, 0], ("a", "b"), samples=16)
    assert found.still and "does not move" in trust_of(found).doubts[0]


# --- doubts


def test_equal_parameters_are_not_ranked() -> None:
    trust = trust_of(indices_of(lambda u: u[:, 0] + 1.05 * u[:, 1], ("a", "b"), samples=64))
    assert trust.apart == ("", "no") and trust.needed != 0
    assert any("b before a" in doubt for doubt in trust.doubts)


def test_the_samples_named_settle_the_order() -> None:
    def function(u: Vector) -> Vector:
        return np.asarray(u[:, 0] + 1.3 * u[:, 1])

    first = trust_of(indices_of(function, ("a", "b"), samples=32))
    assert first.apart == ("", "no") and first.needed > 32
    # the need is an estimate itself, so four times as many are taken
    assert trust_of(indices_of(function, ("a", "b"), samples=4 * first.needed)).apart == ("", "yes")


def test_a_variance_made_by_one_run_is_doubted() -> None:
    trust = trust_of(indices_of(lambda u: np.exp(40 * u[:, 0]), ("a", "b"), samples=64))
    assert any("of the variance" in doubt for doubt in trust.doubts)


# --- ranges


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    centre=st.floats(0.5, 50),
    sd=st.floats(0.05, 2),
    down=st.floats(1.01, 30),
    up=st.floats(1.01, 30),
    logs=st.booleans(),
)
def test_priors_have_the_quantiles_of_the_cut_normal(
    centre: float, sd: float, down: float, up: float, logs: bool
) -> None:
    low, high = (centre / down, centre * up) if logs else (-centre * down, centre * up)
    own = Range("p", "pM", "log-normal" if logs else "normal", low, high, centre, centre, sd)
    scale = np.log if logs else np.asarray
    mean, ends = float(scale(centre)), (np.asarray(scale([low, high])) - float(scale(centre))) / sd
    u = np.array([0.001, 0.05, 0.3, 0.5, 0.95, 0.999])
    want = stats.truncnorm.ppf(u, *ends, loc=mean, scale=sd)
    # far quantiles lose digits in the inverse of the normal
    np.testing.assert_allclose(scale(own.at(u)), want, rtol=1e-6, atol=1e-6 * sd)
    assert np.all((own.at([0, 1]) >= low) & (own.at([0, 1]) <= high))


def test_bounds_are_uniform_or_log_uniform_and_spread_is_log_normal() -> None:
    log, flat = Range("a", "1", "log-uniform", 1, 100, 2), Range("b", "1", "uniform", 0, 4, 2)
    np.testing.assert_allclose(log.at([0.25, 0.5]), [10**0.5, 10], rtol=1e-12)
    np.testing.assert_allclose(flat.at([0.25, 0.5]), [1, 2], rtol=1e-12)
    wide = Range("c", "1", "log-normal", 0, math.inf, 3, 3, 0.4)
    np.testing.assert_allclose(wide.at([0.05, 0.5]), 3 * np.exp(0.4 * stats.norm.ppf([0.05, 0.5])), rtol=1e-9)
    assert np.all(np.isfinite(wide.at([0, 1])))


def test_what_varies_by_default() -> None:
    table = {"unit": "1", "meaning": "m", "basis": "assumed", "source": "assumed"}
    own = read_tables(
        {
            "known": table | {"value": 2, "bounds": [1, 3], "prior": [1.5, 0.2]},
            "still": table | {"value": 2, "bounds": [1, 3], "spread": 0.3},
            "zero": table | {"value": 0.5, "bounds": [0, 1], "prior": [0.4, 0.1]},
        },
        "mine",
    )
    assert [(r.name, r.law) for r in ranges_of(own)] == [("known", "log-normal"), ("zero", "normal")]
    assert [(r.name, r.law) for r in ranges_of(own, "bounds")] == [("known", "log-uniform"), ("zero", "uniform")]
    assert [(r.name, r.centre, r.sd) for r in ranges_of(own, "spread")] == [("still", 2, 0.3)]
    assert [r.name for r in ranges_of(own, "bounds", ("still",))] == ["still"]
    assert [r.name for r in ranges_of(own, fixed=("zero",))] == ["known"]
    for over, vary, said in (
        ("prior", ("stil",), "did you mean 'still'"),
        ("prior", ("still",), "still has no prior"),
        ("spread", ("known",), "known has no spread"),
        ("priors", (), "did you mean 'prior'"),
        ("prior", ("known", "known"), "named twice"),
    ):
        with pytest.raises(PkpdError, match=said):
            ranges_of(own, over, vary)
