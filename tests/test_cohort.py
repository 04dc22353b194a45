"""Patients through a schedule in stretches: against the same course unbroken, and patient by patient."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from models import one_compartment

import pkpd
from pkpd.dosing.dose import Dose
from pkpd.dosing.library import load_schedule
from pkpd.dosing.schedule import Schedule
from pkpd.engine.code.library import outline_of
from pkpd.engine.functions import Vector
from pkpd.errors import SimulationError
from pkpd.keyed import Keyed
from pkpd.trials.patients.cohort import Cohort, pieces_of, simulate_cohort
from pkpd.trials.patients.course import Course
from pkpd.trials.patients.enrol import enrol
from pkpd.trials.patients.spread import Patients, patients_of, spread_of
from pkpd.trials.population.sampling import dosed
from pkpd.trials.run import study_run

OUTPUTS = ("treg", "treg_fold", "nk_fold", "il2")
DAYS = np.arange(0.0, 64.0)
TWICE = "1 MIU every 2d x3, rest 20d, repeat 2"
# Both sides are solved to rtol 1e-6 of each step; the errors of some hundred steps add up to at most this.
SOLVED = 1e-4


def course(text: str = "he2020", times: Vector = DAYS, **changes: Any) -> Course:
    arm = study_run(pkpd.load_study("he2020")).arms[0]
    return replace(Course("il2", load_schedule(text), arm.parameters, OUTPUTS, times), **changes)


def people(c: Course, count: int = 24, first: int = 0, seed: int = 1) -> Patients:
    return enrol(c, spread_of(c.parameters, pkpd.load_study("he2020").covariates), Keyed(seed), first, count)


def same(a: Cohort, b: Cohort) -> bool:
    return np.array_equal(a.values, b.values, equal_nan=True) and repr(a.failures) == repr(b.failures)


def unbroken(c: Course, patients: Patients) -> Vector:
    """The patients with what the first block of doses gives them, for good."""
    values = dict(patients.values) | dict(patients.blocks[0])
    return simulate_cohort(c, replace(patients, values=values, blocks=())).values


@pytest.fixture(scope="module")
def known() -> tuple[Course, Patients, Cohort]:
    c = course()
    patients = people(c)
    return c, patients, simulate_cohort(c, patients)


def test_stretches_agree_with_an_unbroken_simulation(known: tuple[Course, Patients, Cohort]) -> None:
    c, patients, _ = known
    equal = replace(patients, blocks=(patients.blocks[0],) * len(patients.blocks))
    found, whole = simulate_cohort(c, equal).values, unbroken(c, patients)
    assert np.isfinite(whole).all()
    scale = np.abs(whole).max(axis=2, keepdims=True)
    assert (np.abs(found - whole) / scale).max() < SOLVED


def test_changes_begin_with_the_block_and_leave_earlier_days(known: tuple[Course, Patients, Cohort]) -> None:
    c, patients, found = known
    second = c.block_starts[1]
    assert c.block_starts == (0.0, 28.0, 56.0)
    equal = replace(patients, blocks=(patients.blocks[0],) * len(patients.blocks))
    before = simulate_cohort(c, equal).values
    early = second >= DAYS
    assert np.array_equal(found.values[:, :, early], before[:, :, early])
    level = OUTPUTS.index("il2")
    later = int(second) + 1
    assert (found.values[:, level, later] != before[:, level, later]).all()


def test_at_the_first_day_of_a_block_both_sides_are_told(known: tuple[Course, Patients, Cohort]) -> None:
    _, patients, found = known
    after = simulate_cohort(course(side="post"), patients)
    assert np.isfinite(after.values).all()
    # a dose under the skin is in no cell yet at the moment it is given
    assert np.allclose(after.values[:, 1, 28], found.values[:, 1, 28], rtol=SOLVED)


def test_folds_are_1_at_rest_for_every_patient() -> None:
    c = course("none", np.array([0.0, 40.0]))
    patients = people(c, 64)
    found = simulate_cohort(c, patients)
    assert not found.failures
    # rest is a root found to rounding; forty days of rounding stay below this
    assert np.abs(found.values[:, 1:3] - 1).max() < 1e-9
    assert np.allclose(found.values[:, 0, 0], patients.values["treg_baseline"], rtol=1e-9)


def test_no_share_of_a_dose_is_no_dose() -> None:
    c = course(TWICE)
    patients = people(c, 8)
    doses = len(c.schedule.doses)
    nothing = simulate_cohort(c, patients, np.zeros((8, doses)))
    assert np.abs(nothing.values[:, 1:3] - 1).max() < 1e-9  # rest, as above
    some = np.ones((8, doses))
    some[:, 3:] = 0
    shorter = replace(c, schedule=load_schedule("1 MIU every 2d x3"))
    once = replace(patients, blocks=patients.blocks[:1])
    whole = simulate_cohort(shorter, once).values
    assert np.allclose(simulate_cohort(c, patients, some).values, whole, rtol=SOLVED, atol=1e-6)


def test_a_share_is_a_smaller_dose() -> None:
    c = course("1 MIU every 2d x3")
    patients = people(c, 8)
    half = simulate_cohort(c, patients, np.full((8, 3), 0.5)).values
    small = simulate_cohort(replace(c, schedule=load_schedule("0.5 MIU every 2d x3")), patients).values
    assert np.allclose(half, small, rtol=1e-12)  # the same steps but for the rounding of a product


def test_shares_are_told_apart_patient_by_patient() -> None:
    c = course(TWICE)
    patients = people(c, 6)
    factors = np.ones((6, len(c.schedule.doses)))
    factors[2, 1] = 0
    mixed, whole = simulate_cohort(c, patients, factors).values, simulate_cohort(c, patients).values
    others = [0, 1, 3, 4, 5]
    assert np.array_equal(mixed[others], whole[others])
    assert not np.array_equal(mixed[2], whole[2])
    assert np.array_equal(mixed[2][:, DAYS <= 2], whole[2][:, DAYS <= 2])


def test_a_patient_is_the_same_in_any_company(known: tuple[Course, Patients, Cohort]) -> None:
    c, _, found = known
    alone = simulate_cohort(c, people(c, 1, 17))
    assert np.array_equal(alone.values[0], found.values[17])
    parts = [simulate_cohort(c, people(c, n, first)).values for first, n in pieces_of(24, 7)]
    assert np.array_equal(np.concatenate(parts), found.values)


def failing(c: Course) -> Patients:
    """Patients drawn without a second try, the first of whom has no steady baseline."""
    return patients_of(spread_of(c.parameters), c.parameters, Keyed(1), 10, 8, len(c.block_starts))


def test_who_cannot_be_simulated_is_counted_and_disturbs_nobody() -> None:
    c = course(TWICE)
    patients = failing(c)
    values = dict(patients.values)
    values["treg_activation"] = values["treg_activation"].copy()
    values["treg_activation"][3] = 90.0  # endogenous IL-2 then drives more Treg into cycle than there are
    found = simulate_cohort(c, replace(patients, values=values))
    numbers = [f.patient for f in found.failures]
    assert 13 in numbers
    failure = found.failures[numbers.index(13)]
    assert "no steady baseline" in failure.reason and np.isnan(failure.day)
    assert np.isnan(found.values[3]).all()
    usual = simulate_cohort(c, patients)
    rest = [k for k in range(8) if k + 10 not in numbers]
    assert len(rest) >= 6 and np.array_equal(found.values[rest], usual.values[rest])


def test_a_failure_in_a_later_block_takes_the_earlier_numbers_with_it() -> None:
    c = course(TWICE)
    patients = people(c, 4)
    later = dict(patients.blocks[1]) | {"sc_bioavailability": np.array([0.4, 5.0, 0.4, 0.4])}
    found = simulate_cohort(c, replace(patients, blocks=(patients.blocks[0], later)))
    assert [f.patient for f in found.failures] == [1]
    assert np.isnan(found.values[1]).all() and np.isfinite(found.values[[0, 2, 3]]).all()


def test_who_has_no_baseline_is_drawn_again_and_told() -> None:
    c = course(TWICE)
    spread = spread_of(c.parameters)
    first = patients_of(spread, c.parameters, Keyed(1), 0, 128, 2)
    found = enrol(c, spread, Keyed(1), 0, 128)
    assert {0, 15, 80} <= set(found.redrawn)
    kept = np.setdiff1d(np.arange(128), found.redrawn)
    for name, column in first.values.items():
        assert np.array_equal(column[kept], found.values[name][kept])
        assert not np.any(np.delete(column, kept) == np.delete(found.values[name], kept))
    assert not simulate_cohort(c, found).failures
    assert simulate_cohort(c, first).failures


def test_redrawing_does_not_depend_on_the_company() -> None:
    c = course(TWICE)
    spread = spread_of(c.parameters)
    whole = enrol(c, spread, Keyed(1), 0, 128)
    for first, count in ((0, 1), (10, 90), (95, 3)):
        part = enrol(c, spread, Keyed(1), first, count)
        assert part.redrawn == tuple(k for k in whole.redrawn if first <= k < first + count)
        for name, column in part.values.items():
            assert np.array_equal(column, whole.values[name][first : first + count])


def test_who_never_has_a_baseline_is_reported() -> None:
    c = course("1 MIU once", np.array([0.0, 1.0]))
    found = enrol(c, spread_of(c.parameters), Keyed(1), 0, 3, {"sc_bioavailability": 1e6})
    assert found.redrawn == (0, 1, 2)
    assert [f.patient for f in simulate_cohort(c, found).failures] == [0, 1, 2]


def test_what_is_decided_at_a_visit_holds_for_later_doses() -> None:
    c = course(TWICE)
    patients = people(c, 6)
    seen: dict[float, Vector] = {}

    def steer(day: float, levels: Vector) -> Vector:
        seen[day] = levels
        share = np.ones((6, len(c.schedule.doses)))
        share[::2, 1:] = 0.0  # doses from day 2 on
        return share

    found = simulate_cohort(c, patients, None, (2.0,), steer)
    factors = np.ones((6, len(c.schedule.doses)))
    factors[::2, 1:] = 0
    planned = simulate_cohort(c, patients, factors)
    assert list(seen) == [2.0]
    assert np.allclose(seen[2.0], planned.values[:, :, 2], rtol=SOLVED)
    assert np.array_equal(found.factors, factors)
    scale = np.abs(planned.values).max(axis=2, keepdims=True)
    assert (np.abs(found.values - planned.values) / scale).max() < SOLVED


def test_a_schedule_with_resets_is_not_taken_in_part() -> None:
    plan = Schedule.of(Dose.of("1 MIU"), Dose.of("1 MIU", time=5, reset=True))
    c = replace(course("none", np.array([0.0, 7.0])), schedule=plan)
    patients = replace(people(c, 2), blocks=())
    with pytest.raises(SimulationError, match="resets or steady states"):
        simulate_cohort(c, patients, np.zeros((2, 2)))


def test_doses_given_follow_body_size_and_shares() -> None:
    c = course("1 MIU/m2 daily x3, then 2 MIU every 7d x2")
    patients = people(c, 5)
    bsa = patients.values["bsa"]
    whole = dosed(c, patients, np.ones((5, 5)), 63.0)
    assert np.allclose(whole.total, 3 * bsa + 4, rtol=1e-12)
    assert whole.injections.tolist() == [5] * 5
    factors = np.ones((5, 5))
    factors[0, :2] = 0
    factors[1, 4] = 0.5
    part = dosed(c, patients, factors, 63.0)
    assert np.allclose(part.total, [bsa[0] + 4, 3 * bsa[1] + 3, *(3 * bsa[2:] + 4)], rtol=1e-12)
    assert part.injections.tolist() == [3, 5, 5, 5, 5]
    assert np.allclose(dosed(c, patients, np.ones((5, 5)), 1.0).total, 2 * bsa, rtol=1e-12)


def test_a_size_that_the_model_does_not_know_sizes_doses() -> None:
    model = one_compartment()
    own = outline_of(model).defaults
    c = Course(model, load_schedule("2 mg/m2 once"), own, ("concentration",), np.array([0.0, 0.2]), bsa=1.5)
    flat = replace(c, schedule=load_schedule("3 mg once"))
    found, expected = (simulate_cohort(one, Patients(0, 2, {})).values for one in (c, flat))
    assert expected[:, 0, 1].min() > 0
    assert np.allclose(found, expected, rtol=1e-12)  # one rounding of the dose
