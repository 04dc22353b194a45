"""What rules do to doses: answers by hand on a model that halves daily, and laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_cases import DAYS, VISITS, course, halving, levels_by_hand, patients, steered

from pkpd.dosing.dose import Dose
from pkpd.dosing.library import load_schedule
from pkpd.dosing.schedule import Schedule
from pkpd.engine.functions import Vector
from pkpd.errors import StudyError
from pkpd.keyed import Keyed
from pkpd.studies.study import load_study
from pkpd.trials.adaptive.cohort import adaptive_cohort
from pkpd.trials.adaptive.rules import outputs_needed
from pkpd.trials.adaptive.steering import steering
from pkpd.trials.adaptive.text import read_rules
from pkpd.trials.patients.cohort import simulate_cohort
from pkpd.trials.patients.course import Course
from pkpd.trials.patients.enrol import enrol
from pkpd.trials.patients.spread import Patients, spread_of
from pkpd.trials.run import study_run

# Without rules the level before the doses of days 1, 2, 3, 4 is 0.5, 0.75, 0.875, 0.9375.
HAND = {
    # 0.875 on day 3 holds; 0.4375, then 0.219 lifts; 0.609, 0.805 holds; 0.402, 0.201 lifts; 0.601, 0.8003; 0.4002, 0.2
    "until": (["if level > 0.8 at visit: hold until < 0.3"], [1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1]),
    "for": (["if level > 0.8 at visit 3: hold for 3d"], [1, 1, 1, 0, 0, 0, *[1] * 8]),
    # on day 5 the level is 0.219: not met again; 0.609 and 0.805 afterwards
    "again": (["if level > 0.8 at visit: hold for 60 h"], [1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1]),
    # met on days 3 and 4 (0.875, 0.4375), so that the hold ends on day 7
    "extended": (["if level > 0.4 at visits 3, 4: hold for 3d"], [1, 1, 1, 0, 0, 0, 0, *[1] * 7]),
    "stop": (["if level > 0.8 at visit: stop"], [1, 1, 1, *[0] * 11]),
    "stop is final": (
        ["if level > 0.8 at visit: stop", "if level < 0.5 at visit: resume", "if level > 5 at visit: hold for 1d"],
        [1, 1, 1, *[0] * 11],
    ),
    "at least": (["if level >= 0.5 at visit 1: reduce by 50 %"], [1, *[0.5] * 13]),
    "strictly": (["if level > 100 at visit 1: reduce by 50 %"], [1] * 14),
    # 0.75 on day 2; then 0.5 * (0.75 + 0.5) = 0.625 on day 3
    "twice": (["if level > 0.6 at visits 2, 3: reduce by 50 %"], [1, 1, 0.5, *[0.25] * 11]),
    "floor": (["if level > 0.6 at visits 2, 3: reduce by 50 % to at least 0.4 mg"], [1, 1, 0.5, *[0.4] * 11]),
    "floor in another unit": (["if level > 0.6 at visit 2: reduce by 50 % to at least 600 ug"], [1, 1, *[0.6] * 12]),
    "floor above the dose": (["if level > 0.6 at visit 2: reduce by 50 % to at least 3 mg"], [1] * 14),
    "raise": (["if level < 5 at visits 1, 2: raise by 50 %"], [1, 1.5, *[2.25] * 12]),
    "ceiling": (["if level < 5 at visits 1, 2: raise by 50 % to at most 1.8 mg"], [1, 1.5, *[1.8] * 12]),
    "ceiling below the dose": (["if level < 5 at visit 1: raise by 50 % to at most 0.2 mg"], [1] * 14),
    "unit": (["if level > 800 ug at visit 3: stop"], [1, 1, 1, *[0] * 11]),
    # held on day 3; 0.4375 on day 4 resumes; 0.719 on day 5, 0.859 on day 6
    "resume": (
        ["if level > 0.8 at visit: hold until < 0.01", "if level < 0.5 at visit: resume"],
        [1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1],
    ),
    # hold and resume at the same visit, in either order: the hold stands, and the next visit lifts it
    "hold wins over resume": (
        ["if level > 0.8 at visit 3: hold until < 0.01", "if level > 0 at visits 3, 4: resume"],
        [1, 1, 1, 0, *[1] * 10],
    ),
    # raised while held, and given so from day 5 on
    "hold wins over raise": (
        ["if level > 0.8 at visit 3: hold for 2d", "if level > 0 at visit 3: raise by 50 %"],
        [1, 1, 1, 0, 0, *[1.5] * 9],
    ),
    "level changes while held": (
        ["if level > 0.8 at visit 3: hold for 2d", "if level < 0.5 at visit 4: reduce by 50 %"],
        [1, 1, 1, 0, 0, *[0.5] * 9],
    ),
    "in order": (
        ["if level > 0 at visit 1: raise by 100 % to at most 1.5 mg", "if level > 0 at visit 1: reduce by 50 %"],
        [1, *[0.75] * 13],
    ),
    "in the other order": (
        ["if level > 0 at visit 1: reduce by 50 %", "if level > 0 at visit 1: raise by 100 % to at most 1.5 mg"],
        [1] * 14,
    ),
    # the hold for a time is over on day 5, the other when 0.0547 is seen on day 7
    "two holds": (
        ["if level > 0.8 at visit 3: hold for 2d", "if level > 0.8 at visit 3: hold until < 0.1"],
        [1, 1, 1, 0, 0, 0, 0, *[1] * 7],
    ),
}


@pytest.mark.parametrize("name", HAND)
def test_by_hand(name: str) -> None:
    rules, shares = HAND[name]
    cohort, _ = steered(*rules)
    # the last digits of a product of shares
    assert cohort.factors[0].tolist() == pytest.approx(shares, abs=1e-12)
    # the engine was asked for 1e-9
    assert cohort.values[0, 0].tolist() == pytest.approx(levels_by_hand(shares), abs=1e-7)


def test_limit_holds_for_doses_to_come() -> None:
    text = "1 mg iv daily x3, 4 mg iv daily x3"
    cohort, _ = steered("if level < 50 at visit 1: raise by 100 % to at most 5 mg", text=text)
    assert cohort.factors[0].tolist() == pytest.approx([1, *[1.25] * 5])  # 5 mg of 4 mg
    cohort, _ = steered("if level < 50 at visit 1: reduce by 80 % to at least 0.5 mg", text=text)
    assert cohort.factors[0].tolist() == pytest.approx([1, *[0.5] * 5])  # 0.5 mg of 1 mg


def test_patients_differ() -> None:
    cohort, log = steered("if level > 1 at visit: stop", scales=(1, 1.3, 3), first=7)
    assert cohort.factors.sum(axis=1).tolist() == [14, 3, 1]
    assert [(e.id, e.day) for e in log.events] == [(8, 3), (9, 1)]


def test_running_infusion_goes_on() -> None:
    """A dose that began before the visit is not changed, even while it still runs."""
    text = "1 mg iv over 12h every 1d x6"
    cohort, _ = steered("if level > 0.1 at visit: stop", text=text, visits=(2.25,))
    assert cohort.factors[0].tolist() == [1, 1, 1, 0, 0, 0]
    shares = np.array([[1.0, 1, 1, 0, 0, 0]])
    plain = simulate_cohort(course(text), patients(1.0), shares)
    # both to 1e-9, by other steps
    assert cohort.values == pytest.approx(plain.values, abs=1e-7)


def test_missed_doses_stay_missed() -> None:
    base = np.ones((1, DAYS))
    base[0, [1, 9]] = 0, 0.5
    cohort, _ = steered("if level > 0 at visit 3: raise by 100 %", factors=base)
    assert cohort.factors[0].tolist() == [1, 0, 1, *[2] * 6, 1, *[2] * 4]


def test_rule_that_is_never_met_changes_nothing() -> None:
    ones = np.ones((3, DAYS))
    scales = (0.7, 1, 2.5)
    never, log = steered("if level > 1e6 at visit: stop", "if level < -1 at visit 3: raise by 10 %", scales=scales)
    plain = simulate_cohort(course(), patients(*scales), ones, VISITS, lambda day, levels: ones)
    assert log.events == ()
    assert np.array_equal(never.values, plain.values)
    assert np.array_equal(never.factors, ones)


def test_last_dose_is_sampled_after_it() -> None:
    """Taken in stretches, a sample after the dose of the last day sees that dose."""
    found = simulate_cohort(course("1 mg iv daily x5", "post", 4), patients(1.0)).values[0, 0]
    by_hand = [level + 1 for level in levels_by_hand([1] * 4)]
    assert found.tolist() == pytest.approx(by_hand, abs=1e-7)  # the engine was asked for 1e-9


@settings(max_examples=25)
@given(
    low=st.floats(0.2, 2),
    gap=st.floats(0, 1),
    percent=st.floats(1, 99),
    action=st.sampled_from(["hold until < {release:g}", "hold for 2d", "stop", "reduce by {percent:g} %"]),
)
def test_holding_never_gives_more(low: float, gap: float, percent: float, action: str) -> None:
    text = action.format(release=low * 0.5, percent=percent)
    lower, higher = (
        steered(f"if level > {level:.6f} at visit: {text}", scales=(0.5, 1, 2))[0].factors for level in (low, low + gap)
    )
    assert np.all(lower <= 1)
    if text == "stop":
        assert np.all(lower <= higher)


def test_measured_level_decides() -> None:
    seen = []

    def noise(visit: int, outputs: tuple[str, ...], values: Vector) -> Vector:
        seen.append((visit, outputs))
        return np.full_like(values, np.nan) if visit == 2 else values * (10 if visit == 3 else 1)

    rules = ["if level > 0.8 at visit: hold until < 0.5"]
    # day 2: no measurement; day 3: 8.75 measured; day 5: 0.21875 lifts
    cohort, log = steered(*rules, visits=(0, 1, 2, 3, 5), noise=noise)
    assert cohort.factors[0].tolist() == [1, 1, 1, 0, 0, *[1] * 9]
    assert [(e.day, e.action, round(e.level, 5)) for e in log.events] == [
        (3, "hold", 8.75),
        (5, "hold lifted", 0.21875),
    ]
    assert seen == [(k, ("level",)) for k in (1, 2, 3, 4)]
    with pytest.raises(StudyError, match=r"have the shape \(1, 2\); rules need \(1, 1\)"):
        steered(*rules, noise=lambda visit, outputs, values: np.ones((1, 2)))


def test_unmeasured_hold_goes_on() -> None:
    cohort, log = steered(
        "if level > 0.8 at visit: hold until < 0.5",
        noise=lambda visit, outputs, values: values * (np.nan if visit in (4, 5) else 1),
    )
    assert cohort.factors[0, :7].tolist() == [1, 1, 1, 0, 0, 0, 1]
    assert [e.action for e in log.events[:4]] == ["hold", "hold kept", "hold kept", "hold lifted"]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("if levels > 1 at visit: stop", r"rule 1 \(.*\): the model has no output 'levels'; did you mean 'level'\?"),
        ("if left > 1 at visit: stop", "needs the output left, and only level are simulated"),
        ("if level > 1 pM at visit: stop", "'pM' does not convert to 'mg'"),
        ("if level > 1 at visits 3, 27: stop", "day 27 is no visit; the nearest is day 14"),
        ("if level > 1 at visit: raise by 5 % to at most 2 MIU", "'MIU' does not convert to 'mg'"),
        ("if level > 1 at visit: raise by 5 % to at most 2 mg/m2", "the dose of day 0 is prescribed in mg; write"),
    ],
)
def test_rule_that_does_not_fit(rule: str, says: str) -> None:
    plan = course()
    with pytest.raises(StudyError, match=says):
        steering(read_rules([rule]), replace(plan, outputs=("level",)), patients(1.0), VISITS)


def test_what_cannot_be_steered() -> None:
    listed = Schedule.of(Dose.of("1 mg", additional=4, interval="1d"))
    rules = read_rules(["if level > 1 at visit: stop"])
    with pytest.raises(StudyError, match="the record of day 0 stands for 5 doses"):
        steering(rules, replace(course(), schedule=listed), patients(1.0), VISITS)
    with pytest.raises(StudyError, match=r"factors have the shape \(1, 3\); 1 patients and 14 doses need \(1, 14\)"):
        steered("if level > 1 at visit: stop", factors=np.ones((1, 3)))
    once = steering(rules, course(), patients(1.0), VISITS)
    simulate_cohort(course(), patients(1.0), None, VISITS, once.steer)
    with pytest.raises(StudyError, match="asked on day 1 after day 14; they steer one simulation"):
        simulate_cohort(course(), patients(1.0), None, VISITS, once.steer)


def test_nothing_is_decided_about_a_patient_who_failed() -> None:
    own = Patients(3, 2, {"scale": np.array([1.0, 1.0]), "rate": np.array([np.log(2), -200.0])})
    cohort, log = adaptive_cohort(read_rules(["if level > 0.8 at visit: hold until < 0.3"]), course(), own, VISITS)
    assert [f.patient for f in cohort.failures] == [4]
    assert max(e.day for e in log.events if e.id == 4) <= cohort.failures[0].day < 13
    assert max(e.day for e in log.events if e.id == 3) == 13
    assert cohort.factors[0].tolist() == HAND["until"][1]


# --- the model of IL-2


def il2_cohort(first: int, count: int) -> tuple[Course, Patients]:
    study = load_study("he2020")
    arm = study_run(study).arms[0]
    times = np.arange(0.0, 71.0, 3.5)
    plan = Course("il2", load_schedule("1 MIU/m2 daily x56"), arm.parameters, ("treg_fold", "eosinophils_fold"), times)
    return plan, enrol(plan, spread_of(arm.parameters, study.covariates), Keyed(5), first, count)


def test_il2_is_held_for_eosinophils() -> None:
    plan, own = il2_cohort(0, 24)
    visits = tuple(range(0, 71, 7))
    rules = read_rules(["if eosinophils_fold > 1.2 at visit: hold until < 1.1"])
    assert outputs_needed(rules) == ("eosinophils_fold",)
    cohort, log = adaptive_cohort(rules, plan, own, visits)
    assert not cohort.failures
    assert sum(e.action == "hold" for e in log.events) >= 24
    given = cohort.factors.sum()
    assert 0 < given < 24 * 56
    for event in log.events:
        row = cohort.factors[event.id]
        week = row[int(event.day) : int(event.day) + 7]
        assert np.all(week == (event.status == "given"))
        if event.action == "hold":
            assert event.level > 1.2
        if event.action == "hold lifted":
            assert event.level < 1.1
        # what the rule saw is the output at that time, to the last bit
        assert event.level == cohort.values[event.id, 1, int(event.day / 3.5)]
    # what becomes of a patient depends on no other
    plan, few = il2_cohort(10, 5)
    part, part_log = adaptive_cohort(rules, plan, few, visits)
    assert np.array_equal(part.values, cohort.values[10:15])
    assert part_log.events == log.of(10, 5).events


def test_halving_model_is_what_is_computed_by_hand() -> None:
    plain = simulate_cohort(course(), patients(2.0))
    assert [o.name for o in halving().outputs][:2] == ["level", "left"]
    assert plain.values[0, 0].tolist() == pytest.approx(levels_by_hand([1] * 14, 2.0), abs=1e-7)  # 1e-9 asked for
