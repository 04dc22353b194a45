"""What summaries are made of: draws, the log grid, exact merging, endpoints."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pkpd
from pkpd import Endpoint, LogGrid
from pkpd.shards.draws import Draw, draw_of
from pkpd.shards.tally import Tally, _sums, tally_of

GRID = LogGrid(1e-3, 1e3, 1.05)

# --- draws


def draw(*names: str, seed: int = 1, replicate: int = 0) -> Draw:
    return Draw(names, (1.0,) * len(names), (1.0,) * len(names), seed, replicate)


def test_a_draw_depends_on_seed_replicate_patient_and_name_alone() -> None:
    all_at_once = draw("a", "b").values(0, 2000)
    for first, count in ((0, 1), (1, 3), (1023, 2), (1024, 976), (1999, 1)):
        part = draw("b").values(first, count)["b"]
        assert np.array_equal(part, all_at_once["b"][first : first + count])
    others = [draw("a", seed=2), draw("a", replicate=1)]
    for other in [d.values(0, 2000)["a"] for d in others] + [all_at_once["b"]]:
        assert abs(np.corrcoef(np.log(other), np.log(all_at_once["a"]))[0, 1]) < 0.1
    assert draw("a", seed=2**64 - 1, replicate=2**64 - 1).values(0, 1)["a"] > 0


def test_draws_are_standard_normal() -> None:
    n = 100_000
    deviates = draw("a").deviates("a", 0, n)
    assert deviates.mean() == pytest.approx(0, abs=4 / math.sqrt(n))
    assert deviates.std() == pytest.approx(1, abs=4 / math.sqrt(2 * n))
    for share in (0.001, 0.05, 0.5, 0.95, 0.999):
        below = np.mean(deviates < 2**0.5 * _inverse_erf(2 * share - 1))
        assert below == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / n))


def _inverse_erf(x: float) -> float:
    low, high = -6.0, 6.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < x else (low, middle)
    return low


def test_parameters_with_a_spread_vary_unless_others_are_named() -> None:
    base = pkpd.default_parameters("il2")
    found = draw_of(base, None, 1)
    assert found.names == tuple(t.name for t in base.tables if t.spread)
    assert found.spread == tuple(t.spread for t in base.tables if t.spread)
    assert draw_of(base, {"treg_ec50": 0.2}, 1).names == ("treg_ec50",)
    assert draw_of(base, {"treg_ec50": 0.2}, 1).typical == (base["treg_ec50"].value,)


# --- the log grid and merging

numbers = st.one_of(
    st.floats(1e-3, 1e3), st.floats(-1e3, -1e-3), st.floats(allow_nan=True, allow_infinity=True), st.just(0.0)
)


@given(st.lists(numbers, min_size=1, max_size=60), st.floats(0, 1))
def test_quantiles_are_within_the_declared_resolution(values: list[float], share: float) -> None:
    tally = tally_of(np.array([values]), GRID)
    usable = sorted(v for v in values if abs(v) < 1e300)
    assert tally.present[0] == len(usable)
    if not usable:
        assert math.isnan(tally.quantile(0, share))
        assert math.isnan(tally.mean(0))
        return
    exact = usable[max(math.ceil(share * len(usable)), 1) - 1]
    found = tally.quantile(0, share)
    assert (tally.lowest[0], tally.highest[0]) == (usable[0], usable[-1])
    if exact == 0:
        assert found == 0
    elif abs(exact) < GRID.low:
        assert abs(found - exact) <= GRID.low
    elif GRID.low <= abs(exact) < GRID.high or exact == -GRID.high:  # a bin holds its lower border
        assert abs(found / exact - 1) <= GRID.resolution * (1 + 1e-9)
    else:
        assert abs(found) >= GRID.high


@given(st.lists(st.lists(numbers, min_size=2, max_size=9), min_size=3, max_size=3))
def test_merging_is_exact_and_associative(parts: list[list[float]]) -> None:
    everything = [v for part in parts for v in part]
    a, b, c = (tally_of(np.array([part, part[::-1]]), GRID) for part in parts)
    left, right, other = a.merged(b).merged(c), a.merged(b.merged(c)), c.merged(a).merged(b)
    at_once = tally_of(np.array([everything, everything]), GRID)
    for tally in (right, other, at_once):
        for name in ("keys", "counts", "present", "lowest", "highest"):
            assert np.array_equal(getattr(left, name), getattr(tally, name))
    assert left.sums == right.sums == other.sums
    usable = [v for v in everything if abs(v) < 1e300]
    if usable:
        rounding = 4e-16 * math.fsum(abs(v) / len(usable) for v in usable)
        assert left.mean(0) == pytest.approx(math.fsum(v / len(usable) for v in usable), abs=4 * rounding + 1e-320)


def test_sums_are_rounded_once() -> None:
    rng = np.random.default_rng(4)
    for patients in (1, 2, 3, 1000, 1024):
        values = np.concatenate([rng.lognormal(0, 3, (20, patients)), rng.normal(0, 1, (20, patients)) ** 9])
        assert _sums(values).tolist() == [math.fsum(row) for row in values.tolist()]


def test_the_grid_says_its_resolution() -> None:
    assert LogGrid().resolution == pytest.approx(0.005, rel=0.01)
    assert "within 0.499 % of the exact ones from 1e-09 to 1e+12" in LogGrid().text
    assert np.all(np.diff(LogGrid().borders) > 0)
    with pytest.raises(pkpd.PkpdError, match="cannot be made"):
        LogGrid(low=0)


def test_a_tally_of_a_million_is_as_small_as_one_of_a_thousand() -> None:
    rng = np.random.default_rng(0)
    parts = [tally_of(rng.lognormal(3, 0.5, (1, 1000)), LogGrid()) for _ in range(100)]
    total: Tally = parts[0]
    for part in parts[1:]:
        total = total.merged(part)
    assert len(total.keys) < 6 * 0.5 * 2 / 0.00995
    assert total.counts.sum() == 100_000


# --- endpoints


def test_endpoints_of_a_known_course() -> None:
    days, values = np.array([2.0, 0.0, 1.0, 4.0]), np.array([[3.0, 1.0, 2.0, 1.0], [0.0, 0.0, 4.0, 0.0]])
    expected = {
        Endpoint.peak("x"): [3, 4],
        Endpoint.peak("x", 2, 4): [3, 0],
        Endpoint.trough("x", 1, 4): [1, 0],
        Endpoint.area("x"): [1.5 + 2.5 + 4, 2 + 2 + 0],
        Endpoint.mean("x", 0, 2): [2, 2],
        Endpoint.on("x", 2): [3, 0],
        Endpoint.days_above("x", 2): [1 + 1, 0.5 + 0.5],
        Endpoint.days_above("x", 3): [0, 0.25 + 0.25],
    }
    for endpoint, found in expected.items():
        assert endpoint.of(days, values) == pytest.approx(found)
    assert [e.name for e in expected][1:] == [
        "peak of x, day 2 to 4",
        "trough of x, day 1 to 4",
        "area of x",
        "mean of x, day 0 to 2",
        "x on day 2",
        "days with x above 2",
        "days with x above 3",
    ]
    asked = (Endpoint.area("x"), Endpoint.days_above("x", 1), Endpoint.on("x", 1))
    assert [e.unit("pM") for e in asked] == ["pM*d", "d", "pM"]
    assert [e.unit("1") for e in asked] == ["d", "d", "1"]
    unusable = np.array([[1.0, np.nan, 1.0, 1.0], [1.0, np.inf, 1.0, 1.0]])
    assert all(np.isnan(e.of(days, unusable)).all() for e in (Endpoint.peak("x"), Endpoint.area("x")))
    assert np.isnan(Endpoint.days_above("x", 0).of(days, unusable)).all()
