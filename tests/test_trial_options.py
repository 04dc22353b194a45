"""What a virtual trial can be asked for beside its usual conduct: steroids, antibodies, draws, rules, exposures."""

from dataclasses import replace

import numpy as np
import pytest
from virtual_cases import BUSY, MANY, PATIENTS, QUIET, REPLICATES, SILENT, trial

from pkpd.dosing.schedule import Schedule
from pkpd.errors import ParameterError, SimulationError, StudyError
from pkpd.inference.uncertainty.draws import default_draws
from pkpd.keyed import Keyed
from pkpd.measures import Endpoint
from pkpd.studies.study import load_study
from pkpd.trials.adaptive.text import read_rules
from pkpd.trials.conduct.result import VirtualTrial
from pkpd.trials.conduct.trial import virtual_trial
from pkpd.trials.run import PLAIN


@pytest.fixture(scope="module")
def busy() -> VirtualTrial:
    return trial(BUSY, **MANY)


def test_steroids_move_counts_only_and_late() -> None:
    none, some = trial(SILENT), trial([*SILENT, ("steroid_effect", "0.3")])
    ratio = some.example.levels / none.example.levels
    for k, name in enumerate(none.outputs):
        unit = none.units[k]
        expected = np.exp(0.3 * 0.5) if unit == "cells/uL" else 1.0
        # a product and a quotient of the same numbers
        assert ratio[:, none.visits.index(168.0), k] == pytest.approx(np.full(2 * PATIENTS, expected), rel=1e-12), name
    assert (ratio[:, 0] == 1).all()
    assert all(np.array_equal(none.exposures[name], some.exposures[name]) for name in none.exposures)


def test_antibodies_act_from_the_next_block_on() -> None:
    none, some = trial(QUIET), trial([*QUIET, ("antibodies", "0.5")])
    marked, treated = some.attendance.antibodies, some.treated()
    assert marked.any() and not marked[~treated].any() and not marked[treated].all()
    assert not none.attendance.antibodies.any()
    change = some.example.levels / none.example.levels
    who, treg = marked[0], none.outputs.index("treg")
    early = [none.visits.index(day) for day in (0.0, 13.0, 14.0, 28.0)]
    # the course is taken in stretches, so steps differ, each within the tolerances
    assert change[:, early, treg] == pytest.approx(np.ones((2 * PATIENTS, 4)), rel=1e-4)
    assert change[~who][:, :, treg] == pytest.approx(np.ones(((~who).sum(), 9)), rel=1e-4)
    assert (change[who][:, none.visits.index(42.0), treg] < 0.99).all()


def test_antibodies_need_a_clearance() -> None:
    with pytest.raises(ParameterError, match="il2_minimal has no such parameter"):
        trial([("antibodies", "0.5")], options=replace(PLAIN, model="il2_minimal"))


def test_each_replicate_takes_one_draw(busy: VirtualTrial) -> None:
    draws = default_draws("il2")
    assert draws is not None
    expected = [int(Keyed(1, k).uniforms("draw", 0, 1)[0, 0] * len(draws.values)) for k in range(REPLICATES)]
    assert busy.draw.tolist() == expected and busy.drawn == draws.origin
    assert (trial(replicates=2).draw == -1).all()


def test_rules_hold_doses_by_what_is_measured(busy: VirtualTrial) -> None:
    a, events = busy.attendance, busy.example.events
    assert events and any(event.action == "hold" for event in events)
    assert {busy.arms[int(busy.example.arm[event.id])].name for event in events} == {"il2"}
    stayed = np.isnan(a.left) & busy.treated()
    assert (a.given + a.missed)[stayed].min() < 21 and (a.received <= a.given).all()
    k = busy.outputs.index("eosinophils")
    for event in events:
        assert np.isnan(a.left[0, event.id]) or event.day <= a.left[0, event.id] or np.isnan(event.level)
    exact = trial([*SILENT], rules=MANY["rules"])
    fold = exact.example.measured[:, :, k] / exact.example.measured[:, :1, k]
    for event in exact.example.events:
        # without noise and windows, rules and laboratory see the same
        assert event.level == pytest.approx(fold[event.id, exact.visits.index(event.day)], rel=1e-9)


def test_exposures_are_those_of_the_course() -> None:
    area, whole = Endpoint.area("treg_fold", 0.0, 84.0), Endpoint.peak("nk")
    found = trial(QUIET, exposures=[area, whole], replicates=2)
    assert found.exposure(area).shape == (2, 2 * PATIENTS) and found.exposure(whole).min() > 0
    treated = found.treated()
    # at rest the fold is 1
    assert found.exposure(area)[~treated] == pytest.approx(np.full(2 * PATIENTS, 84.0), rel=1e-6)
    assert (found.exposure(area)[treated] > 90).all()
    with pytest.raises(SimulationError, match=r"the trial holds no 'trough of nk'; it has: .*, peak of nk"):
        found.exposure(Endpoint.trough("nk"))
    assert list(trial(replicates=1).exposures) == [
        f"{kind} of treg_fold, day 0 to {day}" for day in (84, 168) for kind in ("area", "peak")
    ]


def test_rules_need_doses() -> None:
    rule = "if treg_fold > 2 at visit: stop"
    study = load_study("he2020")
    arms = tuple(replace(arm, rules=(rule,) if arm.name == "placebo" else ()) for arm in study.arms)
    with pytest.raises(StudyError, match="arm placebo has rules, and no doses"):
        virtual_trial(replace(study, arms=arms), replicates=1, patients=2)
    undosed = tuple(replace(arm, schedule=Schedule.none()) for arm in study.arms)
    with pytest.raises(StudyError, match="no arm of he2020 has doses"):
        virtual_trial(replace(study, arms=undosed), replicates=1, patients=2, rules=read_rules((rule,)))
