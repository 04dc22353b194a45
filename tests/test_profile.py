"""Profiles against closed forms: parabolas, parameters that the rows bound on one side, and ones they do not show."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from inference_cases import Formula, fitted_by, parameter, straight, two_rates, two_rates_with_priors

from pkpd.errors import InferenceError, PkpdError
from pkpd.inference.fitted import Fitted
from pkpd.inference.uncertainty.profiles import Profile, profile

WIDE = 1.959963984540054


def is_parabola(found: Profile, best: float, se: float) -> None:
    """Normal rows: the rise is a parabola and the ends are Wald's. A refit may stop short by 0.001 of the rise, which
    moves an end by less than 0.001 standard errors.
    """
    assert found.verdict == "identified"
    assert found.costs == pytest.approx(((found.values - best) / se) ** 2, abs=2e-3)
    assert found.low == pytest.approx(best - WIDE * se, abs=2e-3 * se)
    assert found.high == pytest.approx(best + WIDE * se, abs=2e-3 * se)
    assert np.all(np.diff(found.values) > 0)
    assert found.costs.min() == 0
    # the steps are fine enough to draw the curve
    assert np.abs(np.diff(found.costs)).max() < 1.6


def test_straight_rows_give_parabolas() -> None:
    fitted = two_rates()
    for found, x, se in zip(profile(fitted), fitted.x, fitted.information.se, strict=True):
        is_parabola(found, x, se)
        assert found.unit == "h"


def test_its_own_prior_is_dropped_and_those_of_others_stay() -> None:
    fitted = two_rates_with_priors()
    data, prior = fitted.information.data, fitted.information.prior
    pull = data @ fitted.x + prior @ fitted.x  # the score of rows and priors at zero
    centre = np.array([0.4, 1.5])
    for k, name in enumerate(fitted.names):
        kept = prior.copy()
        kept[k, k] = 0
        whole = data + kept
        best = np.linalg.solve(whole, pull - (prior - kept) @ centre)
        (found,) = profile(fitted, [name])
        is_parabola(found, best[k], np.sqrt(np.linalg.inv(whole)[k, k]))
        (own,) = profile(fitted, [name], own_prior=True)
        is_parabola(own, fitted.x[k], fitted.information.se[k])


def test_a_parameter_that_no_row_shows_is_flat() -> None:
    fitted = straight(
        [[1, 0], [1, 0]], [1.0, 1.4], [0.2, 0.2], [parameter("seen", -9, 9, 0), parameter("unseen", 1, 100, 5)]
    )
    seen, unseen = profile(fitted)
    is_parabola(seen, 1.2, 0.2 / np.sqrt(2))
    assert unseen.verdict == "flat"
    assert (unseen.low, unseen.high) == (None, None)
    assert unseen.values[[0, -1]] == pytest.approx([1, 100])
    # a search starts 0.001 of the width inside its bounds and ends within 0.001 of the least sum
    assert unseen.costs == pytest.approx(np.zeros(len(unseen.values)), abs=2e-3)


@lru_cache
def saturating(observed: float) -> Fitted:
    """One row b / (1 + b), seen at an end of what that can be."""
    curve = Formula(lambda v: v / (1 + v), lambda v: np.array([[1 / (1 + v[0]) ** 2]]), 1)
    return fitted_by(curve, [observed], [0.1], [parameter("b", 1e-4, 1e4, 1.0)])


def test_one_sided() -> None:
    (found,) = profile(saturating(1.0))
    assert found.verdict == "one-sided: only below"
    assert found.high is None
    # 1 / (1 + b) is 1.96 SDs of 0.1; the root of the rise is straight in the log of b to a few per cent of a step
    assert found.low == pytest.approx(1 / (0.1 * WIDE) - 1, rel=0.02)
    assert found.values[-1] == pytest.approx(1e4, rel=0.02)
    (found,) = profile(saturating(0.0))
    assert found.verdict == "one-sided: only above"
    assert found.low is None
    share = 0.1 * WIDE
    assert found.high == pytest.approx(share / (1 - share), rel=0.02)


def test_a_better_optimum_moves_the_whole_profile() -> None:
    # two optima near -1 and 1 with a rise of about 2 between them; the second is better by 0.16
    curve = Formula(
        lambda v: np.stack([v[:, 0] ** 2 / 0.7, v[:, 0] / 5], axis=-1), lambda v: np.array([[v[0] * 2 / 0.7], [0.2]]), 2
    )
    fitted = fitted_by(curve, [1 / 0.7, 0.2], [1, 1], [parameter("x", -4, 4, -1.2)])
    assert fitted.x[0] < 0
    (found,) = profile(fitted)
    assert found.values[found.costs.argmin()] == pytest.approx(1, abs=1e-3)
    cost = ((found.values**2 - 1) / 0.7) ** 2 + ((found.values - 1) / 5) ** 2
    assert found.costs == pytest.approx(cost, abs=1e-3)
    assert found.low is not None
    assert found.low < -1


def test_where_the_model_fails_nothing_is_excluded() -> None:
    fitted = straight([[1.0]], [0.0], [1.0], [parameter("a", -9, 9, 0.1)], fails=lambda v: v[:, 0] > 1)
    (found,) = profile(fitted)
    assert found.verdict == "one-sided: only below"
    assert found.low == pytest.approx(-WIDE, abs=2e-3)
    assert 0.9 < found.values[-1] <= 1


def test_threads_do_not_matter() -> None:
    fitted = two_rates_with_priors()
    for one, two in zip(profile(fitted, threads=1), profile(fitted, threads=2), strict=True):
        assert np.array_equal(one.values, two.values)
        assert np.array_equal(one.costs, two.costs)


def test_an_interruption_keeps_what_finished() -> None:
    def stop(done: int, total: int) -> None:
        assert total == 2
        raise KeyboardInterrupt

    found = profile(two_rates(), threads=1, progress=stop)
    assert [p.name for p in found] in (["a"], ["a", "b"])
    seen: list[tuple[int, int]] = []
    profile(two_rates(), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2, 2)


@pytest.mark.parametrize(("names", "asked"), [("b", ["b"]), ("b, a", ["b", "a"]), (["a"], ["a"])])
def test_names_may_be_one_text(names: str | list[str], asked: list[str]) -> None:
    assert [p.name for p in profile(two_rates(), names, points=1)] == asked


def test_refused() -> None:
    with pytest.raises(InferenceError, match="'aa' was not varied in this fit; did you mean 'a'"):
        profile(two_rates(), ["aa"])
    with pytest.raises(InferenceError, match="'aa' was not varied in this fit; did you mean 'a'"):
        profile(two_rates(), "aa")
    with pytest.raises(InferenceError, match="'x' points"):
        profile(two_rates(), points="x")  # type: ignore[arg-type]
    with pytest.raises(InferenceError, match="0 points"):
        profile(two_rates(), points=0)
    with pytest.raises(PkpdError, match="0 threads"):
        profile(two_rates(), threads=0)
