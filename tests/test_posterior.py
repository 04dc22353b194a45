"""The posterior by walkers against closed forms, and its own judgement of convergence."""

from __future__ import annotations

import re
import sys
from functools import lru_cache

import numpy as np
import pytest
from inference_cases import parameter, straight, two_rates, two_rates_with_priors

from pkpd.errors import InferenceError
from pkpd.inference.uncertainty.ensemble import Posterior, posterior


@lru_cache
def long_run() -> Posterior:
    return posterior(two_rates_with_priors(), steps=5000)


def test_a_normal_posterior() -> None:
    fitted, found = two_rates_with_priors(), long_run()
    assert found.values.shape == (32, 2500, 2)
    assert set(found.chains) == {"a", "b"}
    assert found.chains["b"].shape == (32, 2500)
    worth = found.ess.min()
    covariance = fitted.information.covariance
    flat = found.values.reshape(-1, 2)
    # five standard errors of as many independent draws as the chains are worth
    assert np.all(np.abs(flat.mean(axis=0) - fitted.x) < 5 * np.sqrt(np.diag(covariance) / worth))
    spread = np.sqrt((np.outer(np.diag(covariance), np.diag(covariance)) + covariance**2) / worth)
    assert np.all(np.abs(np.cov(flat.T) - covariance) < 5 * spread)


def test_it_says_whether_it_converged() -> None:
    found = long_run()
    assert found.converged
    assert found.sentence.startswith("The chains have converged: R-hat reaches 1.0")
    assert "above 400 are asked" in found.sentence
    # about as many effective draws as steps of all walkers over the autocorrelation time
    assert found.ess == pytest.approx(found.values.shape[0] * found.values.shape[1] / found.autocorrelation, rel=0.5)
    assert 0.2 < found.acceptance < 0.9
    short = posterior(two_rates_with_priors(), steps=60)
    assert not short.converged
    assert short.sentence.startswith("The chains have not converged after 60 steps: R-hat reaches 1.")
    assert re.search(r"take at least \S+ steps\.$", short.sentence)


def test_a_seed_repeats() -> None:
    one, two = (posterior(two_rates(), steps=40, seed=3) for _ in range(2))
    assert np.array_equal(one.values, two.values)
    assert not np.array_equal(one.values, posterior(two_rates(), steps=40, seed=4).values)
    # ensembles differ, and the first does not depend on how many there are
    half = len(one.values) // 2
    assert not np.array_equal(one.values[:half], one.values[half:])
    assert np.array_equal(posterior(two_rates(), steps=40, seed=3, chains=1).values, one.values[:half])


def test_bounds_cut_it_off() -> None:
    fitted = straight([[1.0]], [0.0], [1.0], [parameter("a", 0.0, 9, 1.0)])
    found = posterior(fitted, steps=1000)
    assert found.values.min() >= 0
    # half a normal distribution: its mean and SD, within five standard errors
    assert found.values.mean() == pytest.approx(np.sqrt(2 / np.pi), abs=5 * 0.6 / np.sqrt(found.ess[0]))
    assert found.values.std() == pytest.approx(np.sqrt(1 - 2 / np.pi), rel=5 / np.sqrt(found.ess[0]))


def test_where_the_model_fails_no_walker_goes() -> None:
    fitted = straight([[1.0]], [0.0], [1.0], [parameter("a", -9, 9, -0.1)], fails=lambda v: v[:, 0] > 0.5)
    found = posterior(fitted, steps=200)
    assert 0.4 < found.values.max() <= 0.5


def test_draws_of_it() -> None:
    found = long_run()
    draws = found.draws(500)
    assert (draws.kind, draws.names, draws.units) == ("posterior", ("a", "b"), ("h", "h"))
    assert draws.effective == found.ess.min()
    assert draws.said == found.sentence and not draws.doubtful
    assert posterior(two_rates(), steps=60).draws(10).doubtful
    assert np.isin(draws.values[:, 0], found.chains["a"]).all()
    assert np.array_equal(found.draws(500).values, draws.values)
    with pytest.raises(InferenceError, match="give 1 to 80000"):
        found.draws(80_001)


def test_an_interruption_keeps_the_steps_made() -> None:
    def stop(done: int, steps: int) -> None:
        assert steps == 90
        if done == 30:
            raise KeyboardInterrupt

    found = posterior(two_rates(), steps=90, progress=stop)
    assert found.steps == 30
    whole = posterior(two_rates(), steps=30)
    assert np.array_equal(found.values, whole.values)


@pytest.mark.parametrize("missing", ["emcee", "arviz_stats"])
def test_without_the_extra(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n == missing or n.startswith(missing + ".")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InferenceError) as caught:
        posterior(two_rates())
    assert str(caught.value).endswith('which is not installed: pip install "pkpd[sampling]"')
    assert missing in str(caught.value)


def test_refused() -> None:
    with pytest.raises(InferenceError, match="19 steps"):
        posterior(two_rates(), steps=19)
    with pytest.raises(InferenceError, match="3 walkers cannot span 2 parameters; give 4 or more"):
        posterior(two_rates(), walkers=3)
