"""Exported SBML in libRoadRunner and COPASI against our own engine, over schedules of every kind that SBML can hold.

AMICI, a third engine, is left out: it comes as source only and needs a compiler for each model.
"""

from __future__ import annotations

from functools import lru_cache

import antimony
import dose_cases
import numpy as np
import pytest
import roadrunner
from models import one_compartment, saturable
from sbml_cases import copasi_course, difference, roadrunner_course, running_course
from sbml_models import PLANS, rich
from schedule_kinds import DAYS, KINDS, Kind, named, parameters

from pkpd.dosing.dose import Dose
from pkpd.dosing.library import load_schedule
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.exchange.sbml.antimony import antimony_text
from pkpd.exchange.sbml.writing import sbml_text
from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build
from pkpd.model.registry import get_model

HELD = [kind for kind in KINDS if not any(dose.steady_state for dose in kind.schedule.doses)]
LINEAR = [c for c in (*dose_cases.DOSES, *dose_cases.RESETS) if not any(dose.steady_state for dose in c.doses)]
# The engines solve to 1e-9 of each step, and the largest difference seen is 1e-7; a dose lost or moved is above 1e-3.
CLOSE = 1e-6
BETWEEN = [0.0, *((np.arange(0, 24 * DAYS) + 0.3) / 24).tolist()]
# Between doses, and at times that both clocks hold exactly, many of them those of doses.
TIMES = sorted({*np.arange(0, DAYS, 1 / 8).tolist(), *BETWEEN})
WHOLE = sorted({*np.arange(0, 168, 1 / 4).tolist(), *(np.arange(0, 168, 1 / 2) + 0.013).tolist()})


@lru_cache
def _trial() -> str:
    return sbml_text(get_model("il2"), None, load_schedule("he2020"))


@pytest.mark.parametrize("kind", HELD, ids=lambda kind: kind.name)
@pytest.mark.parametrize("model", ["il2", "il2_minimal"])
def test_libroadrunner_agrees_on_every_kind_of_schedule(model: str, kind: Kind) -> None:
    """Before, at (after what happens then) and between the times of doses."""
    found, values = get_model(model), parameters(model, kind)
    course = roadrunner_course(sbml_text(found, values, kind.schedule), found, values, TIMES)
    assert difference(course, found, values, kind.schedule, TIMES) < CLOSE


@pytest.mark.parametrize("case", LINEAR, ids=lambda case: case.name)
@pytest.mark.parametrize("time", ["h", "d"])
def test_libroadrunner_agrees_on_the_records_with_closed_forms(case: dose_cases.Case, time: str) -> None:
    model = one_compartment(time)
    values, schedule = model.defaults.set("a case", **case.changes), Schedule.of(*case.doses)
    times = TIMES if time == "h" else BETWEEN  # an hour is no exact number of days
    course = roadrunner_course(sbml_text(model, values, schedule), model, values, times)
    assert difference(course, model, values, schedule, times) < CLOSE


@pytest.mark.parametrize("name", ["iv", "infusions that overlap", "reset", "reset and dose", HELD[-2].name])
def test_copasi_agrees(name: str) -> None:
    model, kind = get_model("il2"), named(name)
    values = parameters("il2", kind)
    course = copasi_course(sbml_text(model, values, kind.schedule), model, TIMES)
    assert difference(course, model, values, kind.schedule, TIMES) < CLOSE


def test_a_whole_trial_in_both_engines_and_through_antimony() -> None:
    """The index regimen over 168 days, all 23 outputs."""
    model, schedule = get_model("il2"), load_schedule("he2020")
    course = roadrunner_course(_trial(), model, model.defaults, WHOLE)
    assert difference(course, model, model.defaults, schedule, WHOLE) < CLOSE
    assert difference(copasi_course(_trial(), model, WHOLE), model, model.defaults, schedule, WHOLE) < CLOSE
    again = roadrunner_course(_through_antimony(_trial()), model, model.defaults, WHOLE)
    for name, values in course.items():
        # the same equations in another order: rounding, grown by step control
        np.testing.assert_allclose(again[name], values, rtol=0, atol=1e-6 * np.max(np.abs(values)))


@pytest.mark.parametrize("name", ["reset and dose", "infusion given by rate"])
def test_antimony_keeps_events_and_priorities(name: str) -> None:
    model, kind = get_model("il2_minimal"), named(name)
    values = parameters("il2_minimal", kind)
    text = _through_antimony(sbml_text(model, values, kind.schedule))
    course = roadrunner_course(text, model, values, TIMES)
    assert difference(course, model, values, kind.schedule, TIMES) < CLOSE


def test_doses_follow_parameters_changed_in_the_other_tool() -> None:
    """Lag, bioavailability, the baseline and an amount, set in libRoadRunner instead of in our file."""
    model, schedule = get_model("il2"), load_schedule("he2020")
    runner = roadrunner.RoadRunner(_trial())
    for name, value in {"sc_lag": 5.0, "sc_bioavailability": 0.2, "endogenous_il2": 0.08}.items():
        runner.setValue(f"init({name})", value)
    dose = next(n for n in runner.model.getGlobalParameterIds() if n.startswith("sc_dose"))
    runner.setValue(f"init({dose})", 2 * runner.getValue(dose))
    changed = model.defaults.set("a test", sc_lag="5 h", sc_bioavailability=0.4, endogenous_il2="0.08 pM")
    course = running_course(runner, model, changed, WHOLE)
    assert difference(course, model, changed, schedule, WHOLE) < CLOSE


def test_the_duration_of_an_infusion_follows_the_parameters() -> None:
    """A given rate lasts as long as bioavailability and amount say; modelled rates and durations likewise."""
    model = _modelled()
    schedule = parse("2 mg iv at 1 mg/h daily x2")
    runner = roadrunner.RoadRunner(sbml_text(model, None, schedule))
    runner.setValue("init(share)", 3.0)
    changed = model.defaults.set("a test", share=3.0)
    assert difference(running_course(runner, model, changed, WHOLE), model, changed, schedule, WHOLE) < CLOSE


@pytest.mark.parametrize("left", ["rate", "duration"])
def test_what_a_dose_leaves_to_the_model(left: str) -> None:
    model = _modelled()
    schedule = Schedule.of(
        Dose.of("2 mg", time="1h", modelled=left), Dose.of("3 mg", time="5h", modelled=left), Dose.of("1 mg", time="1d")
    )
    text = sbml_text(model, None, schedule)
    assert difference(roadrunner_course(text, model, model.defaults, TIMES), model, model.defaults, schedule, TIMES) < (
        CLOSE
    )


@pytest.mark.parametrize("schedule", PLANS, ids=range(len(PLANS)))
def test_names_fractions_and_routes_of_a_user(schedule: Schedule) -> None:
    """Parameters named as constants and functions are, numbers such as 2/3, and routes that follow parameters."""
    model = build("mine", rich)
    text = sbml_text(model, None, schedule)
    for course in (roadrunner_course(text, model, model.defaults, BETWEEN), copasi_course(text, model, BETWEEN)):
        assert difference(course, model, model.defaults, schedule, BETWEEN) < CLOSE


def test_a_dose_straight_into_a_state_and_one_per_body_size() -> None:
    model = one_compartment()
    schedule = Schedule.of(
        Dose.of("40 mg", time="2h", route="central"), Dose.of("1 mg/kg", time="2h", route="iv"), Dose.of("1 mg", time=1)
    )
    course = roadrunner_course(sbml_text(model, None, schedule, weight=80.5), model, model.defaults, TIMES)
    assert difference(course, model, model.defaults, schedule, TIMES, weight=80.5) < CLOSE


def test_a_lost_dose_would_be_seen() -> None:
    model, kind = saturable(), parse("3 mg iv every 12h x4")
    text = sbml_text(model, None, kind)
    course = roadrunner_course(
        text.replace("<geq/>", "<gt/>", 1).replace("> 0 </cn>", "> 1 </cn>", 1), model, model.defaults, TIMES
    )
    assert difference(course, model, model.defaults, kind, TIMES) > 1e-3


def _through_antimony(text: str) -> str:
    written = antimony_text(text)
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(written) >= 0, antimony.getLastError()
    return str(antimony.getSBMLString(antimony.getMainModuleName()))


def _modelled() -> Model:
    def block(m: Builder) -> None:
        x = m.state("x", "mg")
        m.flow("loss", m.parameter("k", "1/h", value=0.2) * x, out_of=x)
        m.output("x", x, "ug")
        fast = m.parameter("fast", "mg/h", value=0.8)
        share = m.parameter("share", "1", value=0.6)
        m.route("iv", into=x, unit="mg", bioavailability=share, rate=fast, duration=5, lag=2)

    return build("modelled", block)
