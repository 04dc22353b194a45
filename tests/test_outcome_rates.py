"""Rates and luck of one replicate, drawn as uncertain as the trial leaves them and as different as trials are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import digamma, logit, ndtri, polygamma

from pkpd.errors import StudyError
from pkpd.keyed import Keyed
from pkpd.studies.study import load_study
from pkpd.trials.clinical.anchors import Assumed, drawn_rates, luck

WEEK12, WEEK24 = load_study("he2020").outcomes[:2]


def test_rates_have_the_moments_of_their_law() -> None:
    replicates, assumed = 4000, Assumed(0.6, 0.8)
    odds = logit([drawn_rates(o, Keyed(5, k), assumed) for k in range(replicates) for o in (WEEK12, WEEK24)])
    odds = odds.reshape(replicates, 2, 2)
    for j, outcome in enumerate((WEEK12, WEEK24)):
        for i, count in enumerate(outcome.arms):
            a, b = count.responders + 0.5, count.analysed - count.responders + 0.5
            variance = polygamma(1, a) + polygamma(1, b) + 0.6**2
            # 4 standard errors of a mean, and of the variance of a nearly normal number
            assert odds[:, j, i].mean() == pytest.approx(
                digamma(a) - digamma(b), abs=4 * (variance / replicates) ** 0.5
            )
            assert odds[:, j, i].var() == pytest.approx(variance, rel=4 * (2.2 / replicates) ** 0.5)
    # both arms share only half of the variance of the shift
    between = np.cov(odds[:, 0, 0], odds[:, 0, 1])[0, 1]
    assert between == pytest.approx(0.18, abs=4 * 0.55 / replicates**0.5)  # the variances are about 0.5 each


def test_the_effect_differs_between_trials() -> None:
    few = [Keyed(3, k) for k in range(2000)]
    alike, apart = (
        np.diff(logit([drawn_rates(WEEK12, k, Assumed(2.0, 0.8, arms)) for k in few])) for arms in (0.999999, 0.5)
    )
    # what the second adds is the spread of the log odds ratio, 4 standard errors of an SD from 2000 numbers
    assert (apart - alike).std() == pytest.approx(Assumed(2.0).between_effects, rel=4 / 4000**0.5)
    assert Assumed(2.0).between_effects == pytest.approx(2.0)


def test_the_shift_is_shared_and_weeks_go_together() -> None:
    few = [Keyed(3, k) for k in range(300)]
    moved = [
        logit([drawn_rates(o, keyed, Assumed(2.0)) for keyed in few])
        - logit([drawn_rates(o, keyed, Assumed(0.5)) for keyed in few])
        for o in (WEEK12, WEEK24)
    ]
    # one shift for both outcomes, with the same rounding
    assert moved[0] == pytest.approx(moved[1], abs=1e-9)
    assert moved[0].std() == pytest.approx(1.5, rel=4 / 600**0.5)  # 4 standard errors of an SD from 300 numbers
    differences = [np.diff(logit([drawn_rates(o, keyed) for keyed in few]))[:, 0] for o in (WEEK12, WEEK24)]
    # 0.8 for normal deviates and about that for log-odds; 4 standard errors of (1 - 0.8^2)/sqrt(300) = 0.02, and 0.02
    assert np.corrcoef(differences)[0, 1] == pytest.approx(0.8, abs=0.1)


def test_luck_is_uniform_and_correlates_as_assumed() -> None:
    n, keyed = 20000, Keyed(7, 2)
    for share in (0.0, 0.8):
        first, second = (luck(o.name, keyed, n, Assumed(0.5, share)) for o in (WEEK12, WEEK24))
        assert first.mean() == pytest.approx(0.5, abs=4 / (12 * n) ** 0.5)  # 4 standard errors
        assert np.mean(first < 0.1) == pytest.approx(0.1, abs=4 * (0.09 / n) ** 0.5)
        found = np.corrcoef(ndtri(first), ndtri(second))[0, 1]
        assert found == pytest.approx(share, abs=4 * (1 - share**2) / n**0.5)
    assert luck(WEEK12.name, keyed, 5, first=10).tolist() == luck(WEEK12.name, keyed, 20).tolist()[10:15]
    assert luck(WEEK12.name, keyed, 5).tolist() != luck(WEEK12.name, Keyed(7, 3), 5).tolist()


@pytest.mark.parametrize(("sd", "share"), [(0.49, 0.8), (float("nan"), 0.8), (float("inf"), 0.8)])
def test_trials_differ_at_least_so_much(sd: float, share: float) -> None:
    with pytest.raises(StudyError, match=r"between-trial SD of the log-odds is 0\.5 or more"):
        Assumed(sd, share)


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_correlations_that_are_none(share: float) -> None:
    with pytest.raises(StudyError, match="correlation between outcomes is 0 to below 1"):
        Assumed(0.5, share)
