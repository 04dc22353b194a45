"""What a virtual trial makes of its measurements, against scipy and closed forms on small data."""

import math

import numpy as np
import pytest
from scipy import stats

from pkpd.trials.conduct.analysis import analysed, log_folds, moments, paired_p, welch_p
from pkpd.trials.conduct.tables import power, quantiles

ARM = np.array([[0, 1, 1, 0, 0, 1, 0, 1, 0]])


def small(seed: int = 1) -> np.ndarray:
    """One replicate of nine patients, three visits and two outputs; two samples are missing."""
    found = np.exp(np.random.default_rng(seed).normal(2, 0.5, (1, 9, 3, 2)))
    found[0, 0, 2] = np.nan
    found[0, 1, 1, 0] = np.nan
    return found


def test_analysis_is_that_of_scipy() -> None:
    data = small()
    found = analysed(data, np.zeros(data.shape, dtype=bool), ARM, 2, 1)
    folds = np.log(data / data[:, :, :1])[0]
    for visit in (1, 2):
        for output in (0, 1):
            cells = [folds[ARM[0] == k, visit, output] for k in (0, 1)]
            own, other = (cell[np.isfinite(cell)] for cell in cells)
            at = (0, 0, visit, output)
            values = data[0, ARM[0] == 0, visit, output]
            assert found.n[at] == len(own)
            # the same sums in another order: a few units in the last place
            assert found.mean[at] == pytest.approx(np.nanmean(values), rel=1e-13)
            assert found.sd[at] == pytest.approx(np.nanstd(values, ddof=1), rel=1e-13)
            assert found.log_mean[at] == pytest.approx(own.mean(), rel=1e-12)
            # two ways to the tail of the same t: scipy's own accuracy
            assert found.p_baseline[at] == pytest.approx(stats.ttest_1samp(own, 0).pvalue, rel=1e-10)
            assert found.p_control[at] == pytest.approx(stats.ttest_ind(own, other, equal_var=False).pvalue, rel=1e-10)
    assert np.isnan(found.p_control[:, 1]).all()  # the control arm is not tested against itself
    assert np.isnan(found.p_baseline[:, :, 0]).all() and np.isnan(found.p_control[:, :, 0]).all()


def test_paired_test_is_the_test_of_two_visits() -> None:
    before, after = np.log(small()[0, :, 0, 1]), np.log(small()[0, :, 1, 1])
    n, mean, sd = moments((after - before)[None])
    assert paired_p(mean, sd, n)[0] == pytest.approx(stats.ttest_rel(after, before).pvalue, rel=1e-10)


def test_without_control_nothing_is_tested_against_it() -> None:
    data = small()
    assert np.isnan(analysed(data, np.zeros(data.shape, dtype=bool), ARM, 2, -1).p_control).all()


def test_values_below_the_limit_are_counted_by_arm() -> None:
    data, below = small(), np.zeros((1, 9, 3, 2), dtype=bool)
    below[0, [0, 1, 2], 1, 0] = True
    found = analysed(data, below, ARM, 2, 1).below
    assert found[0, :, 1, 0].tolist() == [1, 2] and found.sum() == 3


def test_moments_leave_out_what_is_missing() -> None:
    values = np.array([[1.0, np.nan, 4.0], [np.nan, 2.0, np.nan], [np.nan, np.nan, np.nan]])
    n, mean, sd = moments(values)
    assert n.tolist() == [2, 1, 0]
    assert mean[:2].tolist() == [2.5, 2.0] and math.isnan(mean[2])
    assert sd[0] == pytest.approx(3 / math.sqrt(2), rel=1e-15) and np.isnan(sd[1:]).all()


def test_equal_values_have_no_spread_and_no_test() -> None:
    n, mean, sd = moments(np.full((1, 30), 0.1))
    assert sd[0] == 0  # the mean of thirty times 0.1 is not 0.1
    assert np.isnan(paired_p(mean, sd, n)[0]) and np.isnan(welch_p(mean, sd, n, mean, sd, n)[0])
    # one arm with a spread is enough for Welch's test
    assert 0 < welch_p(np.array([1.0]), np.array([1.0]), n, mean, sd, n)[0] < 1


def test_fold_of_nothing_is_missing() -> None:
    logs = log_folds(np.array([[[[0.0], [2.0]], [[1.0], [0.0]], [[2.0], [4.0]]]]))
    assert np.isnan(logs[0, :2, 1, 0]).all()
    assert logs[0, 2, 1, 0] == math.log(4.0) - math.log(2.0)


def test_tests_keep_their_size() -> None:
    replicates = 4000
    data = np.exp(np.random.default_rng(7).normal(0, 0.3, (replicates, 20, 2, 1)))
    arm = np.tile(np.arange(20) % 2, (replicates, 1))
    found = analysed(data, np.zeros(data.shape, dtype=bool), arm, 2, 1)
    # log values are normal, so the paired test is exact; four binomial SE of 0.05 are 0.014
    assert power(found.p_baseline)[0, 1, 0] == pytest.approx(0.05, abs=0.014)
    # Welch's is exact to a few thousandths with ten in each arm
    assert power(found.p_control)[0, 1, 0] == pytest.approx(0.05, abs=0.017)


def test_power_is_that_of_the_noncentral_t() -> None:
    replicates, n, shift, sd = 4000, 12, 0.25, 0.3
    rng = np.random.default_rng(8)
    data = np.exp(np.stack([np.zeros((replicates, n)), rng.normal(shift, sd, (replicates, n))], axis=2))[..., None]
    arm = np.zeros((replicates, n), dtype=int)
    found = analysed(data, np.zeros(data.shape, dtype=bool), arm, 1, -1)
    border, away = stats.t.ppf(0.975, n - 1), shift / sd * math.sqrt(n)
    exact = stats.nct.sf(border, n - 1, away) + stats.nct.cdf(-border, n - 1, away)
    assert 0.6 < exact < 0.9
    # four binomial SE
    assert power(found.p_baseline)[0, 1, 0] == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / replicates))


def test_power_counts_replicates_with_a_test() -> None:
    p = np.array([[0.01, np.nan], [0.2, np.nan], [np.nan, np.nan], [0.04, np.nan]])
    found = power(p)
    assert found[0] == pytest.approx(2 / 3, rel=1e-15) and np.isnan(found[1])


def test_quantiles_leave_out_what_is_missing() -> None:
    found = quantiles(np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan], [2.0, np.nan]]))
    assert found[:, 0].tolist() == np.percentile([1.0, 2.0, 3.0], [5, 50, 95]).tolist()
    assert np.isnan(found[:, 1]).all()
