"""Logs, bounds and priors of varied parameters; what rows tell about them, against matrices inverted by numpy; and
what parameter files say of priors and fits.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.errors import InferenceError, ParameterError
from pkpd.inference.coordinates import Coordinates, coordinates
from pkpd.inference.information import Information, information
from pkpd.parameters import Parameter, Parameters, load_parameters, read_tables


def table(name: str, value: float, bounds: tuple[float, float] = (-math.inf, math.inf), **said: Any) -> Parameter:
    return Parameter(name, value, "1/h", name, "assumed", ("assumed",), bounds=bounds, **said)


SET = Parameters(
    (
        table("rate", 2.0, (0.5, 8.0), prior=(3.0, 0.4)),
        table("shift", -1.0, (-4.0, 4.0), prior=(0.5, 1.5)),
        table("share", 0.2, (0.0, 1.0)),
        table("free", 1.0),
        table("half", 1.0, (0.0, math.inf)),
        table("held", 1.0, (1.0, 1.0)),
        table("outside", 50.0, (0.1, 10.0)),
    ),
    "mine.toml",
)


def test_logs_where_the_lower_bound_is_above_zero() -> None:
    c = coordinates(SET, ["share", "rate", "shift"])
    assert c.names == ("share", "rate", "shift")
    assert c.logs.tolist() == [False, True, False]
    assert c.start == pytest.approx([0.2, math.log(2), -1])
    assert c.low == pytest.approx([0, math.log(0.5), -4])
    assert c.high == pytest.approx([1, math.log(8), 4])


def test_priors_are_on_the_scale_of_the_search() -> None:
    c = coordinates(SET, ["rate", "shift", "share"])
    assert c.centre == pytest.approx([math.log(3), 0.5, math.nan], nan_ok=True)
    assert c.sd == pytest.approx([0.4, 1.5, math.nan], nan_ok=True)
    bare = coordinates(SET, ["rate", "shift", "share"], priors=False)
    assert np.isnan(bare.centre).all() and np.isnan(bare.sd).all()
    assert np.array_equal(bare.low, c.low)


def test_a_value_outside_its_bounds_starts_on_them() -> None:
    c = coordinates(SET, ["outside"])
    assert c.to_values(c.start) == pytest.approx([10.0])


@pytest.mark.parametrize("value", [0.0, -2.0])
def test_a_value_that_has_no_log_starts_on_the_lower_bound(value: float) -> None:
    c = coordinates(SET.set(rate=value), ["rate"])
    assert c.to_values(c.start) == pytest.approx([0.5])


def both() -> Coordinates:
    return coordinates(SET, ["rate", "shift"])


@settings(deadline=None, derandomize=True)
@given(st.floats(0.51, 7.9), st.floats(-3.9, 3.9))
def test_values_and_back(rate: float, shift: float) -> None:
    c, values = both(), np.array([rate, shift])
    x = c.to_x(values)
    assert c.to_values(x) == pytest.approx(values, rel=1e-14)
    assert c.to_values(np.stack([x, x]))[1] == pytest.approx(values, rel=1e-14)
    step = np.array([1e-6, 1e-6])
    # central differences over 1e-6 keep nine figures
    moved = (c.to_values(x + step) - c.to_values(x - step)) / 2e-6
    assert c.slopes(x) == pytest.approx(moved, rel=1e-8)


def test_intervals_are_held_inside_the_bounds() -> None:
    c = both()
    low, high = c.interval(np.array([math.log(2), 3.0]), np.array([0.3, 1.0]))
    assert low == pytest.approx([2 * math.exp(-1.959964 * 0.3), 3 - 1.959964], rel=1e-6)
    assert high == pytest.approx([2 * math.exp(1.959964 * 0.3), 4.0], rel=1e-6)
    low, high = c.interval(np.array([math.log(2), 3.0]), np.array([np.inf, np.nan]))
    assert low == pytest.approx([0.5, math.nan], nan_ok=True) and high == pytest.approx([8, math.nan], nan_ok=True)
    low, high = c.interval(np.array([0.0, 1.0]), np.array([0.1, 0.1]), width=1.0)
    assert low == pytest.approx([math.exp(-0.1), 0.9])
    assert high == pytest.approx([math.exp(0.1), 1.1])


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ([], "no parameter is varied; name some"),
        (["rat"], "there is no parameter 'rat' to vary in mine.toml; did you mean 'rate'?"),
        (["rate", "shift", "rate"], "'rate' is varied twice"),
        (["free"], "free cannot be varied, because mine.toml gives it no bounds [low, high]"),
        (["half"], "half cannot be varied, because mine.toml gives it no bounds"),
        (["held"], "held cannot be varied, because mine.toml gives it no bounds"),
    ],
)
def test_what_cannot_be_varied(names: list[str], says: str) -> None:
    with pytest.raises(InferenceError) as caught:
        coordinates(SET, names)
    assert says in str(caught.value)


WIDE = Parameters(tuple(table(n, 0.0, (-50.0, 50.0)) for n in "abc"), "wide")
ROWS = np.random.default_rng(8).normal(size=(9, 3))


def told(jacobian: Any, x: Any, parameters: Parameters = WIDE) -> Information:
    """Information from the rows, and below them those of the priors of the parameters."""
    c = coordinates(parameters, list(parameters))
    has = np.isfinite(c.sd)
    return information(np.vstack([jacobian, np.diag(1 / np.where(has, c.sd, 1.0))[has]]), np.array(x), c)


def test_covariance_is_the_inverse_of_the_information() -> None:
    found, expected = told(ROWS, [1.0, 2.0, 3.0]), np.linalg.inv(ROWS.T @ ROWS)
    assert found.covariance == pytest.approx(expected, rel=1e-10)
    assert found.se == pytest.approx(np.sqrt(np.diag(expected)), rel=1e-10)
    deviations = np.sqrt(np.diag(expected))
    assert found.correlation == pytest.approx(expected / np.outer(deviations, deviations), rel=1e-9)
    assert (found.rank, found.learned) == (3, 3)
    assert found.effective == pytest.approx(3)
    assert np.isnan(found.prior_share).all() and not found.prior.any()


def test_priors_share_the_information() -> None:
    known = Parameters(
        tuple(replace(t, prior=(0.0, sd)) for t, sd in zip(WIDE.tables, (0.3, 0.5, 2.0), strict=True)), ""
    )
    found = told(ROWS, [0.0, 0.0, 0.0], known)
    data, prior = ROWS.T @ ROWS, np.diag([1 / 0.09, 4, 0.25])
    expected = np.linalg.inv(data + prior)
    assert found.covariance == pytest.approx(expected, rel=1e-10)
    assert found.prior_share == pytest.approx(np.diag(expected) / np.array([0.09, 0.25, 4]), rel=1e-10)
    assert found.effective == pytest.approx(np.trace(expected @ data), rel=1e-10)
    assert 0 < found.effective < 3


def test_rows_that_teach_nothing_leave_the_prior() -> None:
    known = Parameters(tuple(replace(t, prior=(0.0, 0.3)) for t in WIDE.tables), "")
    found = told(ROWS * [1, 1, 0], [0.0, 0.0, 0.0], known)
    assert found.prior_share[2] == pytest.approx(1)
    assert (found.prior_share[:2] < 1).all()
    assert found.rank == 2
    nothing = told(ROWS * 0, [0.0, 0.0, 0.0], known)
    assert nothing.prior_share == pytest.approx(np.ones(3))
    assert (nothing.rank, nothing.learned, nothing.effective) == (0, 0, 0)


def test_a_parameter_without_rows_or_prior_is_unknown() -> None:
    found = told(ROWS * [1, 0, 1], [0.0, 0.0, 0.0])
    kept = np.linalg.inv((ROWS.T @ ROWS)[np.ix_([0, 2], [0, 2])])
    assert found.se == pytest.approx([math.sqrt(kept[0, 0]), math.inf, math.sqrt(kept[1, 1])])
    assert (told(ROWS * 0, [0.0, 0.0, 0.0]).se == math.inf).all()


def test_two_parameters_that_only_show_as_a_sum() -> None:
    redundant = np.column_stack([ROWS[:, 0], ROWS[:, 0], ROWS[:, 2]])
    found = told(redundant, [0.0, 0.0, 0.0])
    assert found.rank == 2
    assert np.isinf(found.se[:2]).all() and np.isfinite(found.se[2])
    # the third is known as well as without the pair's split
    assert found.se[2] ** 2 == pytest.approx(np.linalg.inv(ROWS[:, [0, 2]].T @ ROWS[:, [0, 2]])[1, 1], rel=1e-8)


def test_a_parameter_at_a_bound_is_held() -> None:
    found = told(ROWS, [-50.0, 2.0, 49.95])
    assert (found.low.tolist(), found.high.tolist()) == ([True, False, False], [False, False, True])
    assert found.se == pytest.approx([math.nan, 1 / math.sqrt((ROWS[:, 1] ** 2).sum()), math.nan], nan_ok=True)
    every = told(ROWS, [-50.0, 50.0, 50.0])
    assert np.isnan(every.se).all()


def test_what_the_rows_pin_down() -> None:
    """SEs of 0.2, 0.26 and 30 of widths of 1: the first alone is below a quarter."""
    unit = Parameters(tuple(table(n, 0.0, (-0.5, 0.5)) for n in "abc"), "unit")
    found = told(np.diag([1 / 0.2, 1 / 0.26, 1 / 30]), [0.0, 0.0, 0.0], unit)
    assert (found.learned, found.rank) == (1, 3)


FILE: dict[str, Any] = {"value": 2.0, "unit": "1/h", "meaning": "a rate", "basis": "assumed", "source": "assumed"}


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"prior": 3}, "f.toml [k]: prior is two numbers, [median, SD of the log], found 3"),
        ({"prior": [3]}, "f.toml [k]: prior is two numbers"),
        ({"prior": [1, 2, 3]}, "f.toml [k]: prior is two numbers"),
        ({"prior": "2"}, "f.toml [k]: prior is two numbers"),
        ({"prior": ["2", 1]}, "f.toml [k]: each number of prior must be a finite number, found '2'"),
        ({"prior": [2, math.inf]}, "f.toml [k]: each number of prior must be a finite number, found inf"),
        ({"prior": [2, True]}, "f.toml [k]: each number of prior must be a finite number, found True"),
        ({"prior": [2, 0]}, "prior [2, 0] needs a median inside the bounds and an SD above 0"),
        ({"prior": [2, -1]}, "prior [2, -1] needs a median inside the bounds and an SD above 0"),
        ({"prior": [9, 1], "bounds": [1, 8]}, "prior [9, 1] needs a median inside the bounds"),
        ({"basis": "derived", "source": "fit of il2 to dilt1d"}, "source 'fit of il2 to dilt1d' is not in references"),
        ({"basis": "fitted", "source": "a fit of il2"}, "source 'a fit of il2' is not in references.toml"),
        ({"basis": "fitted", "source": ["fit of il2 to dilt1d", "todd2061"]}, "source 'todd2061' is not in references"),
    ],
)
def test_wrong_priors_and_fits(said: dict[str, Any], says: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read_tables({"k": FILE | said}, "f.toml")
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_a_bound_itself_is_not_passed_by_rounding() -> None:
    """exp(log(8)) may be above 8; a file with a value above its bound would not load."""
    for bound in (0.3, 0.6, 7.0, 4.7e-3, 1e5):
        c = coordinates(Parameters((table("k", bound, (bound / 7, bound)),), "mine"), ["k"])
        assert bound / 7 <= c.to_values(c.low)[0] < c.to_values(c.high)[0] <= bound


def test_priors_and_fits_come_back_from_a_file(tmp_path: Path) -> None:
    own = read_tables(
        {
            "k": FILE | {"prior": [3, 0.5], "bounds": [1, 8]},
            "shift": FILE | {"prior": [-3, 0.5]},
            "fit": FILE | {"basis": "fitted", "source": ["fit of il2 to dilt1d, hao2020", "hao2020", "todd2016"]},
            "bare": FILE,
        },
        "f.toml",
    )
    assert [t.prior for t in own.tables] == [(3, 0.5), (-3, 0.5), None, None]
    # a fit is no reference
    assert own.sources() == ("hao2020", "todd2016")
    own.write(tmp_path / "f.toml")
    assert load_parameters(tmp_path / "f.toml").tables == own.tables
    assert "prior" not in tomllib.loads((tmp_path / "f.toml").read_text())["bare"]


def test_every_prior_that_comes_with_a_model_can_be_used() -> None:
    for name in ("il2", "il2_minimal"):
        own = load_parameters(name)
        known = [t.name for t in own.tables if t.prior is not None]
        c = coordinates(own, known)
        assert known and np.isfinite(c.centre).all() and (c.low <= c.centre).all() and (c.centre <= c.high).all()
