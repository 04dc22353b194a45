"""The assumed link from exposure to response, its rates and luck, and the power of a design."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from pkpd.errors import PkpdError, StudyError
from pkpd.keyed import Keyed
from pkpd.quantities import Dosed, quantity
from pkpd.simulation import simulate
from pkpd.studies.outcomes import Outcome
from pkpd.studies.study import load_study
from pkpd.trials.clinical.anchors import anchored
from pkpd.trials.clinical.caution import CAUTION, check_assumed
from pkpd.trials.clinical.link import LINKS, link_of, through
from pkpd.trials.clinical.power import (
    EFFECTS,
    Counts,
    counted,
    monte_carlo_error,
    power,
    power_table,
    power_text,
    responses,
    trial_counts,
)
from pkpd.trials.clinical.quantity import linked_quantity, typical_exposure

STUDY = load_study("he2020")
WEEK12, WEEK24, REMISSION = STUDY.outcomes[:3]
TREG, PEAK, REGIMEN = (LINKS[name] for name in ("treg_exposure", "treg_peak", "regimen"))

rates = st.floats(0.02, 0.98)
exposures = st.lists(st.floats(0.5, 300), min_size=1, max_size=12).map(np.array)


# what counts as exposure


def test_exposure() -> None:
    treated, days = np.array([7.0, 0.0, 7.0]), np.array([84 + 40.0, 84.0, np.nan])
    assert TREG.exposure(days, treated, WEEK12).tolist()[:2] == [40.0, 0.0]
    assert TREG.exposure(np.array([80.0]), treated[:1], WEEK12).tolist() == [0.0]
    assert np.isnan(TREG.exposure(days, treated, WEEK12)[2])
    assert PEAK.exposure(np.array([3.5, 1.0, 0.8]), treated, WEEK24).tolist() == [2.5, 0.0, 0.0]
    assert REGIMEN.exposure(None, treated, WEEK12).tolist() == [1.0, 0.0, 1.0]
    endpoint = TREG.endpoint(WEEK24)
    assert endpoint is not None and REGIMEN.endpoint(WEEK24) is None
    assert (endpoint.measure, endpoint.output, endpoint.start, endpoint.end) == ("area", "treg_fold", 0.0, 168.0)


def test_wrong_links() -> None:
    with pytest.raises(StudyError, match="there is no link 'treg_exposur'; did you mean 'treg_exposure'"):
        link_of("treg_exposur")
    with pytest.raises(StudyError, match="there is no link 'zzz'; known are: treg_exposure, treg_peak, regimen"):
        link_of("zzz")
    with pytest.raises(StudyError, match="renal_remission is a plain rate and is not linked"):
        TREG.endpoint(REMISSION)
    with pytest.raises(StudyError, match="needs the area of treg_fold of each patient"):
        TREG.exposure(None, np.ones(2), WEEK12)


# the curve


@given(reference=exposures, active=rates, control=rates)
@settings(deadline=None, derandomize=True, max_examples=80)
def test_curve_runs_through_both_rates(reference: np.ndarray, active: float, control: float) -> None:
    curve = through(TREG, WEEK12, reference, active, control)
    # the root is found to 1e-12 of the slope, and a rate changes by at most a few of these
    assert curve.probabilities(reference).mean() == pytest.approx(active, abs=1e-9)
    assert curve.probabilities(np.zeros(1))[0] == pytest.approx(control, abs=1e-12)
    rising = np.diff(curve.probabilities(np.linspace(0, 300, 40)))
    # far along the curve the rate is 0 or 1 to rounding
    assert (rising >= 0).all() if active >= control else (rising <= 0).all()
    assert curve.probabilities(reference, 0.0) == pytest.approx(np.full(reference.shape, control), abs=1e-12)
    if abs(curve.slope) > 1e-6:
        step = np.array([curve.unit / abs(curve.slope)])
        # moderate log-odds, so only rounding
        assert logit(curve.probabilities(step, 0.5)) - logit(control) == pytest.approx(0.5 * np.sign(curve.slope))


def test_equal_exposures_have_a_closed_form() -> None:
    curve = through(TREG, WEEK12, np.full(5, 37.0), 0.55, 0.3)
    assert curve.slope == pytest.approx(logit(0.55) - logit(0.3), abs=1e-10)  # the root's own tolerance is 1e-12
    assert curve.unit == pytest.approx(37.0)
    assert curve.probabilities(np.array([74.0]))[0] == pytest.approx(expit(2 * logit(0.55) - logit(0.3)), abs=1e-10)
    assert through(TREG, WEEK12, np.array([1.0, 3.0]), 0.4, 0.4).slope == 0.0


def test_two_reference_patients_have_a_closed_form() -> None:
    # one without exposure stays at the control rate, so the other has twice the active rate less that
    curve = through(TREG, WEEK12, np.array([0.0, 10.0]), 0.5, 0.3)
    assert curve.probabilities(np.array([10.0]))[0] == pytest.approx(0.7, abs=1e-10)
    with pytest.raises(
        StudyError, match=r"cannot reach the active rate 0\.7 .* 1 of 2 reference patients have no expos"
    ):
        through(TREG, WEEK12, np.array([0.0, 10.0]), 0.7, 0.3)


def test_reference_patients_without_numbers_are_counted() -> None:
    curve = through(TREG, WEEK12, np.array([10.0, np.nan, 10.0]), 0.5, 0.3)
    assert (curve.unusable, curve.unit) == (1, 10.0)
    assert np.isnan(curve.probabilities(np.array([np.nan]))[0])
    for reference in (np.zeros(3), np.full(2, np.nan), np.zeros(0), np.array([-1.0, 2.0]), np.ones((2, 2))):
        with pytest.raises(StudyError, match="needs reference patients with exposures of 0 or more, not all 0"):
            through(TREG, WEEK12, reference, 0.5, 0.3)
    with pytest.raises(StudyError, match="needs rates between 0 and 1, not 1"):
        through(TREG, WEEK12, np.ones(3), 1.0, 0.3)


# counts and power


def test_dropouts_are_no_responders() -> None:
    said = np.array([True, True, True, True, False, True])
    measured = np.array([1.0, 1.0, np.nan, 0.0, 0.0, 0.0])
    active = np.array([True, True, True, False, False, False])
    dropped = np.array([False, True, False, False, False, True])
    assert counted(said, measured, active, dropped).tolist() == [[1, 1], [1, 2], [3, 3], [1, 0]]


def test_the_active_arm_responds_at_the_anchored_rate() -> None:
    reference = np.random.default_rng(1).lognormal(4, 0.6, 400)
    curve, n = anchored(TREG, WEEK12, reference, Keyed(1, 0)), 400
    for scale, expected in ((1.0, curve.active), (0.0, curve.control)):
        found = np.mean([responses(curve, reference, Keyed(2, k), scale).mean() for k in range(40)])
        assert found == pytest.approx(expected, abs=4 * (0.25 / (40 * n)) ** 0.5)  # 4 standard errors
    kept = responses(curve, np.array([np.nan, 1e9]), Keyed(2, 0))
    assert not kept[0]


def whole_trial(outcome: Outcome, rows: slice, first: int) -> dict[str, Counts]:
    rng = np.random.default_rng(4)
    measured = np.concatenate([rng.lognormal(4, 0.5, (20, 30)), np.zeros((20, 30))], axis=1)
    dropped = rng.random((20, 60)) < 0.1
    reference = rng.lognormal(4, 0.5, 200)
    active = np.arange(60) < 30
    return trial_counts(TREG, outcome, reference, measured[rows], active, dropped[rows], 9, first)


def test_shards_give_what_the_whole_gives() -> None:
    whole = whole_trial(WEEK24, slice(0, 20), 0)
    parts = [whole_trial(WEEK24, slice(0, 7), 0), whole_trial(WEEK24, slice(7, 20), 7)]
    assert list(whole) == list(EFFECTS)
    for effect in EFFECTS:
        for name in ("responders", "analysed", "randomised", "failed"):
            joined = np.concatenate([getattr(part[effect], name) for part in parts])
            assert getattr(whole[effect], name).tolist() == joined.tolist()
    counts = whole["as anchored"]
    assert (counts.randomised == 30).all() and (counts.analysed < 30).any() and not counts.failed.any()
    # control patients have no exposure, so the effect cannot reach them
    assert len({tuple(c.responders[:, 1].tolist()) for c in whole.values()}) == 1
    assert whole["as anchored"].responders[:, 0].sum() > whole["none"].responders[:, 0].sum()


def test_references_and_arms_of_each_replicate() -> None:
    measured, active = np.array([[5.0, 0.0], [0.0, 9.0]]), np.array([[True, False], [False, True]])
    none, reference = np.zeros((2, 2), dtype=bool), np.array([[5.0, 5.0], [9.0, 9.0]])
    counts = trial_counts(TREG, WEEK12, reference, measured, active, none, 1, effects={"as anchored": 1.0})
    assert counts["as anchored"].randomised.tolist() == [[1, 1], [1, 1]]
    with pytest.raises(StudyError, match="the reference has a row a replicate"):
        trial_counts(TREG, WEEK12, reference[:1], measured, active, none, 1)
    with pytest.raises(StudyError, match="exposures and dropped have one shape"):
        trial_counts(TREG, WEEK12, reference, measured, active[:, :1], none, 1)
    with pytest.raises(StudyError, match="of true and false"):
        trial_counts(TREG, WEEK12, reference, measured, active, none.astype(float), 1)  # type: ignore[arg-type]


def test_power_report() -> None:
    rows = [
        row for effect, counts in whole_trial(WEEK12, slice(0, 20), 0).items() for row in power("x", effect, counts)
    ]
    table, text = power_table(rows), power_text(rows, {"x": "SRI-4"}, TREG)
    assert len(table["share"]) == 3 * 2 * 5 and set(table["replicates"]) == {20}
    assert all(f"{100 * share:.1f}" in text for share in table["share"])
    assert "Link treg_exposure, assumed:" in text and "SD 0.5" in text and text.endswith(f"Caution: {CAUTION}.")
    assert monte_carlo_error(0, 100) > 0
    assert power_text([], {}, TREG) == ""
    with pytest.raises(StudyError, match="alpha is a chance above 0 and below 1, not 1"):
        power("x", "none", whole_trial(WEEK12, slice(0, 2), 0)["none"], 1.0)


# ranking by it


def test_ranking_by_an_outcome_is_refused() -> None:
    check_assumed(["treg_auc", "il2_given"], "", STUDY.outcomes)
    check_assumed(["sri4_week12"], "treg_exposure", STUDY.outcomes)
    with pytest.raises(PkpdError, match=r"one trial of one regimen cannot show .* --assume-link with one of treg_exp"):
        check_assumed(["treg_auc", "sri4_week12"], "", STUDY.outcomes)
    with pytest.raises(PkpdError, match=r"renal_remission .* is a plain rate of one trial"):
        check_assumed(["renal_remission"], "treg_exposure", STUDY.outcomes)
    with pytest.raises(PkpdError, match="there is no link 'regime'; did you mean 'regimen'"):
        check_assumed([], "regime", STUDY.outcomes)
    with pytest.raises(PkpdError, match="--assume-link"):
        linked_quantity("sri4_week12", "", STUDY, np.ones(1))
    with pytest.raises(PkpdError, match="he2020 has no outcome 'sri4_week21'; did you mean 'sri4_week24'"):
        linked_quantity("sri4_week21", "treg_exposure", STUDY, np.ones(1))
    with pytest.raises(PkpdError, match="has no outcome 'sri4_week12'; it has none"):
        linked_quantity("sri4_week12", "regimen", replace(STUDY, outcomes=()), np.ones(1))


@pytest.mark.parametrize("link", list(LINKS))
def test_the_study_regimen_gets_the_observed_rate(link: str) -> None:
    reference = typical_exposure("sri4_week12", link, STUDY)
    found = linked_quantity("sri4_week12", link, STUDY, reference)
    assert "assumed" in found.label and found.unit({}) == "1"
    # the root's own tolerance
    assert found.at(np.array([0.0, reference[0]])) == pytest.approx([9 / 30, 16 / 29], abs=1e-9)


def test_it_is_used_as_any_quantity_is() -> None:
    reference = typical_exposure("sri4_week12", "treg_exposure", STUDY)
    found = linked_quantity("sri4_week12", "treg_exposure", STUDY, reference)
    assert (found.outputs, found.days) == (("treg_fold",), (0.0, 84.0))
    times = np.linspace(0, 90, 361)
    values = np.stack(
        [simulate(text, times=times)["treg_fold"] for text in ("placebo", "0.5 MIU every 2d x42", "1 MIU every 2d x42")]
    )
    dosed = Dosed(np.array([0.0, 21.0, 42.0]), np.array([0.0, 42.0, 42.0]), 84.0)
    chance = found.of(times, {"treg_fold": values}, dosed)
    area = quantity("treg_auc_fold[0..84]", ["treg_fold"]).of(times, {"treg_fold": values}, dosed)
    assert chance == pytest.approx(found.at(area - 84), abs=1e-12)  # the same sums
    assert chance[0] == pytest.approx(0.3, abs=1e-6)  # the solver leaves a fold of 1 within its tolerance
    assert 0.3 < chance[1] < chance[2] < 1
    plain = linked_quantity("sri4_week12", "regimen", STUDY, np.ones(1))
    assert (plain.outputs, plain.days, plain.parts) == ((), (), ())
    assert plain.of(times, {}, dosed) == pytest.approx([9 / 30, 16 / 29, 16 / 29], abs=1e-9)
