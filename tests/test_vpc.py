"""Predictive checks: closed forms on a linear model, the model's own data and those of wrong models, own baselines."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from models import V1
from scipy import stats
from vpc_cases import COHORT, MG_DAY, SPREAD, checked, cohort_file, cohort_text, in_tank, reference

from pkpd.errors import InferenceError
from pkpd.inference.rows.noise import RESIDUAL_OTHER, RESIDUAL_PERCENT, from_link
from pkpd.inference.uncertainty.draws import Draws
from pkpd.output.report.vpc import vpc_tables, vpc_text
from pkpd.studies.library import load_observations
from pkpd.trials.patients.spread import Spread
from pkpd.trials.predictive.check import binomial_interval
from pkpd.trials.predictive.known import Fact, moved
from pkpd.trials.predictive.settings import Settings
from pkpd.trials.predictive.vpc import visual_check

pytestmark = pytest.mark.usefixtures("here")


# --- closed forms


def test_percentiles_of_log_normal_patients() -> None:
    found = in_tank([(f"P{k}", 50, 0, "5") for k in range(5)] + [(f"P{k}", 50, 0.1, "2") for k in range(5)])
    sd = math.hypot(SPREAD, RESIDUAL_OTHER)
    # 4 SE of a quantile of 3000 numbers, of which the density there decides
    error = 4 * math.sqrt(0.05 * 0.95 / 3000) / stats.norm.pdf(1.645) * sd
    for n, row in enumerate(found.data.rows):
        middle = math.log(50 / V1) - MG_DAY * row.day
        assert found.ranges[:, n] == pytest.approx(middle + sd * np.array([-1.645, 0, 1.645]), abs=error)
        assert found.predicted[n] == pytest.approx(middle, abs=1e-4)  # tolerance of the solver
    (own,) = found.percentiles
    # the median of five is a Beta(3, 3) quantile; 2.5 % of 3000 as above, scaled by that density
    ends = stats.norm.ppf(stats.beta(3, 3).ppf([0.025, 0.5, 0.975])) * sd
    assert own.simulated[:, 0, 1] == pytest.approx(math.log(50 / V1) + ends, abs=0.05)
    assert own.observed[:, 1] == pytest.approx(np.log([5, 2]), abs=1e-12)


def test_a_percentage_has_its_error_on_the_logit() -> None:
    # no spread at all: what is left is the error, which is of the log of a small percentage
    flat = reference()
    flat = replace(flat, tables=tuple(replace(t, spread=None, occasion=None) for t in flat.tables))
    text = "id,regimen,output,form,day,value\nA,1 MIU daily x5,treg_percent_cd4,percent,5,9\n"
    found = visual_check(load_observations(cohort_file(text)), "il2", flat, Settings(replicates=3000))
    low, middle, high = (from_link("percent", x) for x in found.ranges[:, 0])
    sd = RESIDUAL_PERCENT / (1 - middle / 100)
    logits = np.log(np.array([low, high]) / (100 - np.array([low, high])))
    # 4 SE of the difference of two such quantiles is a tenth of it
    assert np.ptp(logits) == pytest.approx(2 * 1.645 * sd, rel=0.1)


def test_a_known_baseline_is_that_of_normal_numbers() -> None:
    """Drawn patients, moved to what was observed, have the conditional mean and covariance."""
    sd, share = np.array([0.4, 0.3]), 0.6
    spread = Spread(("a", "b"), tuple(sd), (1.0, 1.0), np.array([[1, 0], [share, 0.8]]), ())
    rng = np.random.default_rng(1)
    logs = rng.normal(size=(40_000, 2)) @ spread.mixing.T * sd
    fact = Fact("a", math.log(3.0), 0.2)
    centre = np.tile(np.log([2.0, 5.0]), (len(logs), 1))
    found = logs + moved(spread, [fact], logs, centre, rng.normal(size=(len(logs), 1)))
    gain = 0.16 / (0.16 + 0.04)
    slope = share * 0.3 * 0.4 / 0.2
    # 4 SE of means, and of SDs, of 40,000 numbers
    assert found.mean(axis=0) == pytest.approx([gain * math.log(1.5), slope * math.log(1.5)], abs=0.008)
    assert found.std(axis=0) == pytest.approx([0.4 * math.sqrt(1 - gain), math.sqrt(0.09 - slope**2 * 0.2)], abs=0.006)
    exact = moved(spread, [Fact("a", math.log(3.0), 0.0)], logs, centre, np.zeros((len(logs), 1)))
    assert (logs + exact)[:, 0] == pytest.approx(np.full(len(logs), math.log(1.5)), abs=1e-12)  # rounding


def test_two_doses_coincide_once_corrected() -> None:
    decay = math.exp(-MG_DAY * 0.1)
    values = [
        (f"{dose}{k}", dose, day, f"{dose / V1 * by * f}")
        for dose in (10, 40)
        for k, f in enumerate((0.8, 1.0, 1.3))
        for day, by in ((0, 1), (0.1, decay))
    ]
    plain, corrected = in_tank(values), in_tank(values, corrected=True)
    rows = corrected.data.rows
    seen = np.array([row.link for row in rows]) + corrected.corrections
    doses = np.array([row.observation.regimen.startswith("10 ") for row in rows])
    assert np.sort(seen[doses]) == pytest.approx(np.sort(seen[~doses]), abs=2e-4)  # tolerance of the solver
    assert seen[~doses].mean() == pytest.approx(math.log(20 / V1 * (0.8 * 1.3) ** (1 / 3)) - MG_DAY * 0.05, abs=1e-3)
    # so do the simulated values, which lie apart by the ratio of the doses before: 4 SE of a median of 3000
    error = 4 * 1.2533 * math.hypot(SPREAD, RESIDUAL_OTHER) / math.sqrt(3000)
    for found, ratio in ((plain, 4.0), (corrected, 1.0)):
        apart = found.ranges[1, ~doses].mean() - found.ranges[1, doses].mean()
        assert apart == pytest.approx(math.log(ratio), abs=error)
    assert [(n.below, n.above) for n in plain.numeric] == [(n.below, n.above) for n in corrected.numeric]


def test_binomial_interval_is_exact() -> None:
    for hits, count in ((0, 12), (3, 20), (20, 20)):
        exact = stats.binomtest(hits, count).proportion_ci(0.95, "exact")
        assert binomial_interval(hits, count) == pytest.approx((exact.low, exact.high), abs=1e-9)


# --- the model's own data, and others


def test_the_models_own_data_pass() -> None:
    """Over six cohorts: shares below and above 5 %, percentiles inside 95 %, within what their correlation leaves."""
    inside = known = below = above = count = fits = 0
    for seed in range(6):
        found = checked(cohort_text(100 + seed, each=10), seed=seed)
        inside, known = inside + found.inside[0], known + found.inside[1]
        whole = found.numeric[-1]
        below, above, count, fits = below + whole.below, above + whole.above, count + whole.count, fits + whole.fits
    assert count == 960 and known == 288
    # rows of a patient go together: 120 independent patients of two outputs stand behind these shares, 4 SE
    assert 0.01 < below / count < 0.11 and 0.01 < above / count < 0.11
    assert inside / known > 0.87 and fits >= 5


@pytest.mark.parametrize("wrong", [{"treg_activation": 0.5}, {"linear_clearance": 3.0}])
def test_another_models_data_fail(wrong: dict[str, float]) -> None:
    text = cohort_text(3, each=40, outputs=("treg",))
    good, bad = checked(text), checked(text, reference(wrong))
    assert good.numeric[-1].fits and good.inside[0] / good.inside[1] > 0.85
    assert not bad.numeric[-1].fits and bad.inside[0] / bad.inside[1] < 0.82
    assert bad.numeric[-1].above > 2 * bad.numeric[-1].below  # the data show more response than these models
    assert "not as expected" in " ".join(vpc_text(bad, "il2", "a wrong set").split())


def test_own_baselines_take_their_spread_away() -> None:
    text = COHORT.read_text("utf-8")
    own, drawn = checked(text), checked(text, own_baselines=False)
    assert len(own.data.rows) == 128 and len(own.data.baselines) == 32
    assert len(drawn.data.rows) == 160 and not drawn.data.baselines
    width = [np.ptp(v.ranges[[0, 2]][:, [r.day == 26 for r in v.data.rows]], axis=0).mean() for v in (own, drawn)]
    assert width[0] < 0.7 * width[1]
    # patients with a higher count before drug are predicted higher, each in proportion to the shrunken baseline
    first = {(r.arm, r.id): r.value for _, r in own.data.baselines if r.output == "treg"}
    ends = sorted(
        (first[(r.observation.arm, r.observation.id)], own.predicted[n])
        for n, r in enumerate(own.data.rows)
        if r.observation.output == "treg" and r.day == 26 and r.observation.arm == "low"
    )
    assert ends[-1][1] > ends[0][1]


# --- random numbers


def test_numbers_do_not_depend_on_threads_and_do_on_the_seed() -> None:
    observations = load_observations(COHORT)
    one, two, other = (
        vpc_tables(visual_check(observations, "il2", reference(), Settings(40, seed), threads=threads))
        for threads, seed in ((1, 1), (2, 1), (2, 2))
    )
    assert one == two and one["vpc.csv"] != other["vpc.csv"]


def test_draws_widen_the_intervals_and_move_with_the_replicate() -> None:
    values = np.array([[0.1], [0.25], [0.6]])
    draws = Draws(("treg_activation",), ("1/h",), values, "file", "made")
    observations = load_observations(COHORT)
    plain, wide = (visual_check(observations, "il2", reference(), Settings(60), d) for d in (None, draws))
    treg = [p.panel.output == "treg" for p in plain.percentiles].index(True)
    widths = [np.ptp(v.percentiles[treg].simulated[[0, 2], 0, 1]) for v in (plain, wide)]
    assert widths[1] > 1.2 * widths[0] and wide.draws == 3
    assert np.array_equal(plain.predicted, wide.predicted)


def test_patients_without_a_steady_baseline_are_drawn_again_and_counted() -> None:
    base = reference()
    wide = tuple(replace(t, spread=8.0) if t.name == "treg_activation" else t for t in base.tables)
    found = checked(COHORT.read_text("utf-8"), replace(base, tables=wide), replicates=20)
    assert found.redrawn > 50 and not found.failed
    told = " ".join(vpc_text(found, "il2", "wide").split())
    assert f"{found.redrawn} of 320 simulated patients had no steady baseline" in told


def test_failing_patients_are_counted_and_the_rest_stays() -> None:
    """Replicates with a drawn set that has no baseline fail as a whole; the others give the intervals."""
    draws = Draws(("treg_activation",), ("1/h",), np.array([[0.23], [50.0]]), "file", "made")
    found = visual_check(load_observations(COHORT), "il2", reference(), Settings(40), draws)
    replicates = {replicate for replicate, *_ in found.failed}
    assert 10 < len(replicates) < 30 and len(found.failed) > 14 * len(replicates)
    assert np.isfinite(found.ranges).all() and all(np.isfinite(p.simulated).all() for p in found.percentiles)
    told = " ".join(vpc_text(found, "il2", "half of it").split())
    assert f"{len(found.failed)} of 640 simulated patients failed" in told and "no steady baseline, because" in told
    with pytest.raises(InferenceError, match=r"no simulated patient has a number for this row: .*no steady baseline"):
        checked(COHORT.read_text("utf-8"), reference({"treg_activation": 1e4}), replicates=20)
