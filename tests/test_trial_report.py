"""The report of a virtual trial: its numbers are those of its tables, and the clinical part says what it is not."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from trial_cases import PATIENTS, REPLICATES, STUDY, small_illustration, small_trial

from pkpd.errors import StudyError
from pkpd.output.report.predictions import number
from pkpd.output.report.trial import MOST_SHOWN, WIDTH, trial_text
from pkpd.output.report.trial_visits import visits_of, visits_table
from pkpd.studies.study import load_study
from pkpd.trials.clinical.caution import CAUTION
from pkpd.trials.clinical.link import LINKS
from pkpd.trials.clinical.replicated import illustrate, linked
from pkpd.trials.conduct.result import Lost, VirtualTrial
from pkpd.trials.conduct.tables import quantiles
from pkpd.trials.conduct.trial import virtual_trial

TREG = LINKS["treg_exposure"]
WEEK12, WEEK24 = linked(STUDY.outcomes)


def text_of(trial: VirtualTrial, clinical: bool = True, alpha: float = 0.05) -> str:
    return trial_text(trial, visits_of(trial, alpha), STUDY, small_illustration() if clinical else None, alpha, "why")


# --- visits


def test_numbers_of_visits_are_those_over_the_replicates() -> None:
    trial, s = small_trial(), small_trial().statistics
    found = visits_of(trial, 0.2)
    assert set(found) == {(arm.name, output) for arm in trial.arms for output in trial.outputs}
    for (arm, output), rows in found.items():
        a, k = [x.name for x in trial.arms].index(arm), trial.outputs.index(output)
        assert [row.day for row in rows] == list(trial.visits)
        for v, row in enumerate(rows):
            for told, values in ((row.mean, s.mean), (row.fold, np.exp(s.log_mean)), (row.sd, s.sd)):
                own = values[:, a, v, k][np.isfinite(values[:, a, v, k])]
                assert told.told == own.size
                assert (told.low, told.value, told.high) == pytest.approx(np.quantile(own, [0.05, 0.5, 0.95]))
            for share, p in ((row.baseline, s.p_baseline), (row.control, s.p_control)):
                own = p[:, a, v, k][np.isfinite(p[:, a, v, k])]
                assert share.told == own.size
                if own.size:
                    assert share.value == (own < 0.2).mean()


def test_the_table_of_visits_holds_every_number_once() -> None:
    visits = visits_of(small_trial())
    table = visits_table([v for rows in visits.values() for v in rows])
    keys = list(zip(table["arm"], table["day"], table["output"], table["statistic"], strict=True))
    assert len(set(keys)) == len(keys) == 2 * 9 * 6 * 8
    by_key = dict(zip(keys, table.rows(), strict=True))
    row = visits["il2", "treg"][1]
    assert by_key["il2", 13.0, "treg", "mean"][5:] == (row.mean.value, row.mean.low, row.mean.high, REPLICATES)
    # the control arm is not tested against itself: an empty cell, from no replicate
    assert by_key["placebo", 13.0, "treg", "significant against control"][5:] == (None, None, None, 0)


def test_the_report_shows_those_numbers() -> None:
    trial = small_trial()
    block = re.search(r"^nk \(cells/uL\)\n(.*?)\n\n", text_of(trial), re.MULTILINE | re.DOTALL)
    assert block
    shown = {line.split()[0]: re.split(r"\s{2,}", line)[1:] for line in block[1].splitlines()[2:]}
    for row in visits_of(trial)["il2", "nk"]:
        cells = shown[f"{row.day:g}"]
        assert cells[1] == f"{number(row.mean.value)} ({number(row.sd.value)})"
        assert cells[2] == f"{number(row.mean.low)}-{number(row.mean.high)}"
        assert cells[3] == f"{row.fold.value:.2f}"
        assert cells[4] == (f"{100 * row.baseline.value:.1f}" if row.baseline.told else "-")


# --- what was done


def test_the_report_counts_everything_that_happened() -> None:
    trial = small_trial()
    text, a = text_of(trial), trial.attendance
    everyone = PATIENTS * REPLICATES
    for name, counted in (("left before the end", a.dropped), ("redrawn", a.redrawn)):
        cells = re.split(r"\s{2,}", next(line for line in text.splitlines() if line.startswith(name)))[1:]
        own = [int(counted[a.arm == k].sum()) for k in range(2)]
        assert cells == [f"{n} ({number(100 * n / everyone)} %)" if n else "0" for n in own]
    assert a.dropped.sum() > 10  # so that the row above says something
    assert f"randomised  {everyone}" in re.sub(" +", "  ", text)


def test_values_of_the_conduct_stand_with_their_basis() -> None:
    lines = {line.split()[0]: line.split()[1:] for line in text_of(small_trial()).splitlines() if line.strip()}
    assert lines["dropout"] == ["0.4", "set", "by", "--conduct"]
    assert lines["biology"] == ["0.1", "assumed"]
    plain = virtual_trial(STUDY, replicates=1, patients=2)
    assert "derived, he2020" in text_of(plain) and "prednisone" not in text_of(plain)


def test_patients_who_could_not_be_simulated_are_counted_and_shown() -> None:
    lost = tuple(Lost(k, 3, "il2", 7.0, f"reason {k}") for k in range(MOST_SHOWN + 2))
    text = text_of(replace(small_trial(), lost=lost))
    assert f"{len(lost)} patients could not be simulated" in text
    assert "replicate 1, patient 4 (il2), day 7: reason 0" in text
    assert text.count("reason") == MOST_SHOWN


def test_outputs_without_data_are_flagged() -> None:
    text = text_of(small_trial())
    assert "eosinophils (no unit) *\n" in text and "\ntreg (cells/uL)\n" in text
    assert "* eosinophils rests on assumed values only (il5_ec50" in text


def test_sentences_stay_short() -> None:
    long = [line for line in text_of(small_trial()).splitlines() if len(line) > WIDTH]
    # only the table of observed p, which has seven columns
    start = [line.split("  ")[0] for line in long]
    assert set(start) <= {"outcome", *(outcome.label for outcome in STUDY.outcomes)} and max(map(len, long)) <= 121


def test_uncertainty_is_said_to_be_on_or_off() -> None:
    assert "Parameter uncertainty is off" in text_of(small_trial())
    assert "takes one of the draws (mine.csv)" in text_of(replace(small_trial(), drawn="mine.csv"))


def test_a_trial_of_one_arm_says_that_there_is_no_control() -> None:
    study = load_study("hao2020")
    trial = virtual_trial(study, replicates=2, patients=4, threads=1)
    text = trial_text(trial, visits_of(trial), study, None)
    assert "No control arm (it has one arm), so nothing is tested against one." in text
    assert "% v control" not in text and "% v base" in text
    assert text.endswith("No clinical illustration: study hao2020 has no outcome that is linked.\n")
    assert CAUTION not in text


# --- the clinical illustration


def test_the_caution_stands_alone_on_its_line_before_any_clinical_number() -> None:
    text = text_of(small_trial())
    lines = text.splitlines()
    assert f"{CAUTION}." in lines
    assert lines.index(f"{CAUTION}.") < next(k for k, line in enumerate(lines) if "SRI-4" in line)
    assert "no two-sided test tried gives 0.036" in text
    assert "as observed only: complete remission of lupus nephritis" in text


def test_without_a_clinical_part_the_observed_one_stays_and_the_reason_is_given() -> None:
    text = text_of(small_trial(), clinical=False)
    assert "16/29" in text and text.endswith("No clinical illustration: why.\n")
    assert "power" not in text


def test_rates_are_quantiles_of_the_responders_of_the_replicates() -> None:
    shown = small_illustration()
    responses, rates = shown.responses(), shown.rates_table()
    picked = [
        responders / analysed
        for rep, outcome, effect, arm, responders, analysed, _, _ in responses.rows()
        if (outcome, effect, arm) == ("sri4_week24", "halved", "il2")
    ]
    assert len(picked) == REPLICATES
    row = next(r for r in rates.rows() if (r[0], *r[2:5]) == ("sri4_week24", "halved", "il2", "analysed"))
    assert row[5:8] == pytest.approx(np.quantile(picked, [0.05, 0.5, 0.95]))
    assert row[9:12] == (19, 29, pytest.approx(19 / 29))
    assert set(responses["randomised"]) == {PATIENTS}


def test_who_left_before_the_visit_is_not_analysed_and_who_left_later_is() -> None:
    trial, shown = small_trial(), small_illustration()
    a = trial.attendance
    for outcome in (WEEK12, WEEK24):
        gone = a.left < outcome.day
        counts = shown.counts[outcome.name]["as anchored"]
        for side, arm in enumerate((0, 1)):
            assert counts.analysed[:, side].tolist() == ((a.arm == arm) & ~gone).sum(axis=1).tolist()
    # some left between the visits, so that the two differ
    assert (shown.counts["sri4_week12"]["none"].analysed > shown.counts["sri4_week24"]["none"].analysed).any()


def test_the_curve_is_anchored_on_those_who_were_seen() -> None:
    trial, shown = small_trial(), small_illustration()
    gone = (trial.attendance.left < WEEK12.day) & (trial.attendance.arm == 0)
    assert gone.any()
    name = TREG.endpoint(WEEK12).name  # type: ignore[union-attr]
    odd = dict(trial.exposures) | {name: np.where(gone, 1e6, trial.exposures[name])}
    found = illustrate(replace(trial, exposures=odd), (WEEK12,), TREG)
    same = found.counts["sri4_week12"]["as anchored"].responders
    assert same.tolist() == shown.counts["sri4_week12"]["as anchored"].responders.tolist()


def test_failed_patients_neither_respond_nor_anchor() -> None:
    trial = small_trial()
    failed = np.zeros_like(trial.attendance.failed)
    failed[:, 0] = True
    found = illustrate(replace(trial, attendance=replace(trial.attendance, failed=failed)), (WEEK12,), LINKS["regimen"])
    counts = found.counts["sri4_week12"]["as anchored"]
    assert counts.failed.sum(axis=1).tolist() == [1] * REPLICATES
    assert counts.randomised.sum(axis=1).tolist() == [2 * PATIENTS] * REPLICATES


def test_who_got_no_dose_has_no_exposure() -> None:
    trial = small_trial()
    nothing = np.zeros_like(trial.attendance.received)
    undosed = replace(trial, attendance=replace(trial.attendance, received=nothing))
    for link in LINKS.values():
        # rounding of the solver leaves areas a little above those without drug, which must not be anchored on
        with pytest.raises(StudyError, match="needs reference patients with exposures of 0 or more, not all 0"):
            illustrate(undosed, STUDY.outcomes, link)


def test_a_stronger_anchoring_regimen_leaves_fewer_responders() -> None:
    trial, shown = small_trial(), small_illustration()
    name = TREG.endpoint(WEEK12).name  # type: ignore[union-attr]
    # ten times the area above 1, so that this trial's own patients have a tenth of the anchor's exposure
    more = dict(trial.exposures) | {name: 84 + 10 * (trial.exposures[name] - 84)}
    found = illustrate(trial, (WEEK12,), TREG, anchor=replace(trial, exposures=more))
    few = found.counts["sri4_week12"]["as anchored"].responders
    own = shown.counts["sri4_week12"]["as anchored"].responders
    assert few[:, 0].sum() < own[:, 0].sum()
    assert few[:, 1].tolist() == own[:, 1].tolist()  # placebo has no exposure, whatever the anchor


def test_other_arms_do_not_count() -> None:
    trial = small_trial()
    third = replace(trial.arms[0], name="high")
    arm = trial.attendance.arm.copy()
    for row in arm:
        row[np.flatnonzero(row == 0)[:3]] = 2
    more = replace(trial, arms=(*trial.arms, third), attendance=replace(trial.attendance, arm=arm))
    counts = illustrate(more, (WEEK12,), TREG).counts["sri4_week12"]["none"]
    assert counts.randomised.tolist() == [[PATIENTS - 3, PATIENTS]] * REPLICATES
    only = replace(trial, arms=(third, trial.arms[1]))
    with pytest.raises(StudyError, match="the trial of he2020 has no arm 'il2'"):
        illustrate(only, (WEEK12,), TREG)


def test_exposure_that_is_missing_is_named() -> None:
    needed = [endpoint for outcome in linked(STUDY.outcomes) if (endpoint := TREG.endpoint(outcome))]
    assert [e.name for e in needed] == list(small_trial().exposures)[::2]
    assert not any(LINKS["regimen"].endpoint(outcome) for outcome in STUDY.outcomes)
    with pytest.raises(Exception, match="the trial holds no 'area of treg_fold, day 0 to 84'"):
        illustrate(replace(small_trial(), exposures={}), STUDY.outcomes, TREG)


def test_nobody_at_all_gives_no_rate() -> None:
    trial = small_trial()
    left = np.where(trial.attendance.arm == 1, 1.0, trial.attendance.left)
    found = illustrate(replace(trial, attendance=replace(trial.attendance, left=left)), (WEEK12,), TREG)
    rates = found.rates("sri4_week12", "as anchored", "analysed")
    assert np.isnan(rates[:, 1]).all() and np.isfinite(rates[:, 0]).any()
    assert all(np.isnan(quantiles(rates[:, 1])))
