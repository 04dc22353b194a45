"""Draws against the distributions they stand for, and their file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inference_cases import Formula, fitted_by, parameter, straight, two_rates, two_rates_with_priors

import pkpd.inference.uncertainty.bootstrap as bootstrap_module
import pkpd.inference.uncertainty.draws as draws_module
from pkpd.engine.functions import Vector
from pkpd.errors import FileError, InferenceError, ParameterError
from pkpd.inference.search.minimise import Found, minimise
from pkpd.inference.uncertainty.bootstrap import bootstrap_draws, redrawn
from pkpd.inference.uncertainty.cloud import random_of
from pkpd.inference.uncertainty.draws import Draws, chosen, covariance_draws, default_draws, read_draws, write_draws
from pkpd.parameters import Parameters


def follows(values: Vector, mean: Vector, covariance: Vector, worth: float) -> None:
    """Mean and covariance within five standard errors of those of so many independent normal draws."""
    variance = np.diag(covariance)
    assert np.abs(values.mean(axis=0) - mean).max() < 5 * np.sqrt(variance.max() / worth)
    error = np.sqrt((np.outer(variance, variance) + covariance**2) / worth)
    assert np.all(np.abs(np.cov(values.T) - covariance) < 5 * error)


def test_covariance_draws_have_the_fitted_covariance() -> None:
    fitted = two_rates()
    draws = covariance_draws(fitted, 4000)
    assert (draws.kind, draws.names, draws.units) == ("covariance", ("a", "b"), ("h", "h"))
    assert draws.rejected == 0
    assert draws.origin == "fit of formula to cases"
    follows(draws.values, fitted.x, fitted.information.covariance, 4000)


def test_a_draw_is_the_same_however_many_are_asked_for() -> None:
    fitted = two_rates()
    many = covariance_draws(fitted, 300, seed=7)
    assert np.array_equal(covariance_draws(fitted, 40, seed=7).values, many.values[:40])
    assert np.array_equal(covariance_draws(fitted, 300, seed=7, threads=1).values, many.values)
    assert not np.isin(covariance_draws(fitted, 40, seed=8).values, many.values).any()


def test_at_a_bound_it_stays_and_unknown_it_fills_its_bounds() -> None:
    fitted = straight(
        [[1, 0, 0], [0, 1, 0]],
        [1.0, 9.0],
        [0.2, 0.2],
        [parameter("seen", -9, 9, 0), parameter("high", -9, 2, 0), parameter("unseen", -3, 5, 1)],
    )
    values = covariance_draws(fitted, 2000).values
    # a parameter at its bound is within 0.001 of the width of it
    assert np.ptp(values[:, 1]) == 0
    assert values[0, 1] == pytest.approx(2, abs=0.011)
    assert -3 < values[:, 2].min() < -2.9
    assert 4.9 < values[:, 2].max() < 5
    # five standard errors of the mean of a uniform distribution
    assert values[:, 2].mean() == pytest.approx(1, abs=5 * 8 / np.sqrt(12 * 2000))
    follows(values[:, :1], fitted.x[:1], np.array([[0.04]]), 2000)


def test_what_cannot_be_simulated_is_drawn_again_and_counted() -> None:
    fitted = straight([[1.0]], [0.0], [1.0], [parameter("a", -1.5, 9, 0.1)], fails=lambda v: v[:, 0] > 0.7)
    draws = covariance_draws(fitted, 2000)
    assert -1.5 < draws.values.min() < -1.3
    assert 0.6 < draws.values.max() <= 0.7
    kept = 0.758036 - 0.066807  # of a normal distribution, between -1.5 and 0.7
    # tries for each draw are geometric: five standard errors of their sum
    assert draws.rejected == pytest.approx(2000 * (1 - kept) / kept, abs=5 * np.sqrt(2000 * (1 - kept)) / kept)
    hopeless = straight([[1.0]], [0.0], [1.0], [parameter("a", -9, 9, 0.1)], fails=lambda v: v[:, 0] > -99)
    with pytest.raises(InferenceError, match="could not be simulated at 200 vectors in a row"):
        covariance_draws(hopeless, 3)
    with pytest.raises(InferenceError, match="only 0 of 24 vectors"):
        covariance_draws(hopeless, 3, exact=True)


def test_exact_draws_of_a_normal_posterior() -> None:
    fitted = two_rates_with_priors()
    draws = covariance_draws(fitted, 1000, exact=True)
    assert draws.kind == "posterior"
    assert len(np.unique(draws.values, axis=0)) == 1000
    # in two dimensions nearly every second proposal counts, so none of a thousand draws is wasted
    assert draws.effective is not None
    assert 1000 < draws.effective < 8000
    follows(draws.values, fitted.x, fitted.information.covariance, 1000)


def test_exact_draws_of_a_posterior_that_is_not_normal() -> None:
    curve = Formula(np.exp, lambda v: np.exp(v)[None, :], 1)
    fitted = fitted_by(curve, [1.0], [0.5], [parameter("a", -2, 3, 0.3)])
    grid = np.linspace(-2, 3, 20_001)
    density = np.exp(-(((np.exp(grid) - 1) / 0.5) ** 2) / 2)
    mean = (grid * density).sum() / density.sum()
    sd = np.sqrt(((grid - mean) ** 2 * density).sum() / density.sum())
    draws = covariance_draws(fitted, 2000, exact=True)
    assert draws.effective is not None
    worth = min(2000, draws.effective)
    assert draws.values.mean() == pytest.approx(mean, abs=5 * sd / np.sqrt(worth))
    # its long tail makes the SD less certain than a normal one's: kurtosis is below 6
    assert draws.values.std() == pytest.approx(sd, rel=5 * np.sqrt(5 / (4 * worth)))
    # the covariance alone misses it by far more
    assert abs(covariance_draws(fitted, 2000).values.mean() - mean) > 20 * sd / np.sqrt(2000)


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(1e-9, 1), min_size=3, max_size=40), st.integers(1, 3), st.floats(0, 0.999999))
def test_resampling_takes_each_once(weights: list[float], count: int, offset: float) -> None:
    kept = chosen(np.array(weights), count, offset)
    assert len(kept) == len(set(kept.tolist())) == count


def test_resampling_follows_the_weights() -> None:
    weights = np.array([0.05, 0.3, 0.1, 0.5, 0.05])
    taken = np.zeros(5)
    for offset in (np.arange(1000) + 0.5) / 1000:
        taken[chosen(weights, 2, offset)] += 1
    # a comb of a thousand offsets measures each share to within one of them
    assert taken / 1000 == pytest.approx(2 * weights, abs=2e-3)
    # the heavy one is taken always, and leaves one place to the rest in proportion
    taken[:] = 0
    for offset in (np.arange(1000) + 0.5) / 1000:
        taken[chosen(np.array([8.0, 1, 1, 0, 0]), 2, offset)] += 1
    assert taken / 1000 == pytest.approx([1, 0.5, 0.5, 0, 0], abs=2e-3)


def test_bootstrap_scatters_as_the_covariance_says() -> None:
    fitted = two_rates_with_priors()
    draws = bootstrap_draws(fitted, 400)
    assert (draws.kind, len(draws.values), draws.rejected) == ("bootstrap", 400, 0)
    follows(draws.values, fitted.x, fitted.information.covariance, 400)
    few = bootstrap_draws(fitted, 20, threads=1)
    assert np.array_equal(few.values, draws.values[:20])


def test_bootstrap_keeps_bounds_and_shared_shifts() -> None:
    a = np.eye(3)
    fitted = fitted_by(
        Formula(lambda v: v @ a.T, lambda v: a, 3),
        [1.0, 2.0, 0.5],
        [0.2, 0.3, 0.4],
        [parameter(n, -9, 9, 1) for n in "abc"],
        bounded=[2],
    )
    links = np.array([5.0, 6.0, 7.0])
    shared = np.array([[0.04, 0.03], [0.03, 0.09]])
    root = np.linalg.cholesky(shared)
    known = replace(fitted.objective.likelihood, whiten=np.linalg.inv(root), root=root)
    target = replace(fitted.objective, likelihood=known)
    drawn = np.array([redrawn(target, links, fitted.x, random_of(1, k)).likelihood.observed for k in range(2000)])
    assert np.all(drawn[:, 2] == 0.5)
    follows(drawn[:, :2], links[:2], shared, 2000)


def test_bootstrap_counts_refits_that_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = straight([[1.0]], [0.0], [1.0], [parameter("a", -9, 9, 0.1)])
    whole = bootstrap_draws(fitted, 30)

    def only_above(*given: Any, **said: Any) -> Found:
        found = minimise(*given, **said)
        return replace(found, converged=bool(found.x[0] > 0))

    monkeypatch.setattr(bootstrap_module, "minimise", only_above)
    draws = bootstrap_draws(fitted, 30)
    above = whole.values[whole.values > 0]
    assert 0 < len(above) < 30
    assert np.array_equal(draws.values[:, 0], above)
    assert draws.rejected == 30 - len(above)
    monkeypatch.setattr(
        bootstrap_module, "minimise", lambda *given, **said: replace(minimise(*given, **said), converged=False)
    )
    with pytest.raises(InferenceError, match="none of 3 refits"):
        bootstrap_draws(fitted, 3)
    with pytest.raises(InferenceError, match="0 refits"):
        bootstrap_draws(fitted, 0)


TWO = Draws(("rate", "half"), ("1/h", "pM"), np.array([[0.1, 1e-7], [12345.6789012, -3.0]]), "covariance", "cases")


def test_file_and_back(tmp_path: Path) -> None:
    assert write_draws(TWO) == b"draw,rate [1/h],half [pM]\n1,0.1,1e-07\n2,12345.6789,-3\n"
    (tmp_path / "draws.csv").write_bytes(b"\xef\xbb\xbf" + write_draws(TWO) + b"\n,,\n")
    back = read_draws(tmp_path / "draws.csv")
    assert (back.names, back.units, back.kind, back.origin) == (TWO.names, TWO.units, "file", "draws.csv")
    # nine digits are written
    assert back.values == pytest.approx(TWO.values, rel=1e-9)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "mine.csv is empty"),
        ("rate [1/h]\n0.1", "mine.csv line 1: the first column is 'draw'"),
        ("draw\n1", "line 1: there is no parameter beside 'draw'"),
        ("draw,rate\n1,2", "line 1, column 2: 'rate' is not a name and a unit"),
        ("draw,rate [1/hh]\n1,2", "line 1, column 2 (rate): 'hh' is not a known unit"),
        ("draw,a [h],a [d]\n1,2,3", "line 1: there are two columns of a"),
        ("draw,a [h]\n", "mine.csv has a header and no draw below it"),
        ("draw,a [h]\n1,2\n\n2,nan", "line 4, column 2 (a [h]): 'nan' is not a finite number"),
        ("draw,a [h]\n1,inf", "line 2, column 2 (a [h]): 'inf' is not a finite number"),
        ("draw,a [h]\n1,much", "line 2, column 2 (a [h]): 'much' is not a finite number"),
        ("draw,a [h]\n1,2,3", "line 2 has 3 cells where the header has 2"),
        ('draw,a [h]\n1,"2', "line 2 is not valid CSV"),
        ("draw,a [h]\n1,\udcff", "mine.csv is not a CSV file in UTF-8"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mine.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FileError) as caught:
        read_draws(tmp_path / "mine.csv")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none\.csv cannot be read"):
        read_draws(tmp_path / "none.csv")


def test_units_of_a_set() -> None:
    draws = Draws(("rate", "time"), ("1/h", "h"), np.array([[0.5, 12.0]]), "file", "mine.csv")
    tables = Parameters((parameter("time", 0, 1, 0.5), parameter("other", 0, 1, 0.5)), "set.toml")
    with pytest.raises(ParameterError, match=r"mine\.csv: set\.toml has no parameter 'rate' to draw"):
        draws.in_units_of(tables)
    only = Draws(("time",), ("d",), np.array([[0.5], [2.0]]), "file", "mine.csv")
    assert only.in_units_of(tables).tolist() == [[12.0], [48.0]]
    wrong = Draws(("time",), ("pM",), np.array([[0.5]]), "file", "mine.csv")
    with pytest.raises(
        ParameterError, match=r"mine\.csv: time of set\.toml is in another unit: 'pM' does not convert to 'h'"
    ):
        wrong.in_units_of(tables)


def test_draws_of_a_built_in_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws_module, "folder", lambda: tmp_path / "params")
    (tmp_path / "params" / "draws").mkdir(parents=True)
    for place in ("params/draws/mine.csv", "params/out.csv"):
        (tmp_path / place).write_bytes(write_draws(TWO))
    found = default_draws("mine")
    assert found is not None
    assert found.names == TWO.names
    assert default_draws("other") is None
    assert default_draws("../out") is None


def test_refused() -> None:
    with pytest.raises(InferenceError, match="0 draws with seed 1"):
        covariance_draws(two_rates(), 0)
    with pytest.raises(InferenceError, match="3 draws with seed -1"):
        covariance_draws(two_rates(), 3, seed=-1)
