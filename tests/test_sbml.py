"""What an exported SBML text says, without running it: checks, units, notes, annotations, events, and what it cannot
hold.
"""

from __future__ import annotations

import math
from fractions import Fraction

import libsbml
import models
import pytest
import sympy
from schedule_kinds import KINDS

from pkpd.dosing.dose import Dose
from pkpd.dosing.library import load_schedule
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.engine.compile import bind
from pkpd.errors import ModelError, ScheduleError, SimulationError
from pkpd.exchange.sbml.document import output_ids
from pkpd.exchange.sbml.words import NAMESPACE
from pkpd.exchange.sbml.writing import problems, sbml_text
from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build
from pkpd.model.registry import get_model
from pkpd.units import coherent_factor

EVERYTHING = Schedule.of(
    Dose.of("1 MIU", time="1/3 d", interval="1d", additional=2),
    Dose.of("1 MIU", time="1d", route="iv", over="5h"),
    Dose.of("1 MIU", time="2d", route="iv", at="0.1 MIU/h"),
    Dose(Fraction(3), 0.0, "MIU", reset=True),
    Dose.of("0.01 MIU/kg", time="3d"),
)


def _read(text: str) -> libsbml.Model:
    # the document owns the model, which must not outlive it
    return libsbml.readSBMLFromString(text).getModel().clone()


def _said(model: libsbml.Model, name: str) -> dict[str, str]:
    """The attributes of a quantity's annotation."""
    node = model.getParameter(name).getAnnotation().getChild(0)
    assert (node.getName(), node.getURI()) == ("quantity", NAMESPACE)
    return {node.getAttrName(k): node.getAttrValue(k) for k in range(node.getAttributesLength())}


@pytest.mark.parametrize("make", models.SMALL, ids=lambda make: make.__name__)
def test_small_models_have_no_problem(make: object) -> None:
    assert problems(sbml_text(make())) == ()  # type: ignore[operator]


@pytest.mark.parametrize("name", ["il2", "il2_minimal"])
def test_the_models_have_no_problem_with_and_without_doses(name: str) -> None:
    model = get_model(name)
    for schedule in (None, load_schedule("he2020"), EVERYTHING):
        assert problems(sbml_text(model, None, schedule)) == ()


def test_problems_are_seen() -> None:
    """A rate in another unit, a number without one, and text that is no SBML."""
    text = sbml_text(models.falls())
    assert any("unit" in p for p in problems(text.replace('units="mg_per_h"', 'units="mg"')))
    assert any(
        "unit" in p for p in problems(sbml_text(models.one_compartment()).replace('units="per_h"', 'units="dm3"'))
    )
    assert problems(text[:300])[0].startswith("Error")


def test_it_is_level_3_version_1_in_the_time_of_the_model() -> None:
    document = libsbml.readSBMLFromString(sbml_text(models.one_compartment("d")))
    assert (document.getLevel(), document.getVersion()) == (3, 1)
    unit = document.getModel().getUnitDefinition(document.getModel().getTimeUnits()).getUnit(0)
    assert (unit.getKind(), unit.getMultiplier()) == (libsbml.UNIT_KIND_SECOND, 86400)


def test_every_number_reads_back_to_the_last_bit() -> None:
    """Values in coherent units, values as in the file, and numbers in equations, small and long ones."""

    def block(m: Builder) -> None:
        x = m.state("x", "mg", initial=1 / 3)
        m.flow("loss", m.parameter("k", "1/h", value=0.1 + 0.2) * x * (1e-9 / 7), out_of=x)
        m.output("x", x, "g")
        m.route("iv", into=x, unit="mg")

    model = build("long", block)
    found = _read(sbml_text(model, None, parse("0.3 mg iv every 8h x2")))
    assert found.getParameter("k").getValue() == 0.1 + 0.2
    assert float(_said(found, "k")["value"]) == 0.1 + 0.2
    assert found.getParameter("x_initial").getValue() == 1 / 3
    factors = _leaves(found.getRateRuleByVariable("x").getMath())
    assert -1e-9 / 7 in factors
    il2, own = get_model("il2"), get_model("il2").defaults
    whole = _read(sbml_text(il2))
    vector = dict(zip((d.name for d in il2.parameters), bind(il2, own).p, strict=False))
    for name in own:
        assert whole.getParameter(name).getValue() == vector[name]


def _leaves(node: libsbml.ASTNode) -> list[float]:
    if node.getNumChildren() == 0:
        return [node.getValue()]
    return [v for k in range(node.getNumChildren()) for v in _leaves(node.getChild(k))]


def test_annotations_give_values_and_units_as_in_our_file() -> None:
    model = get_model("il2")
    found = _read(sbml_text(model, None, load_schedule("he2020")))
    for d in model.parameters:
        said, given = _said(found, d.name), model.defaults[d.name]
        assert (said["kind"], said["name"], said["unit"]) == ("parameter", d.name, given.unit)
        assert (float(said["value"]), said["basis"]) == (given.value, given.basis)
        assert tuple(said["source"].split("; ")) == given.source
        assert ("covariate" in said) == d.covariate
    for kind, declared in (("derived", model.derived), ("state", model.states), ("rate", model.rates)):
        for d in declared:
            assert {"kind": kind, "name": d.name, "unit": d.unit}.items() <= _said(found, d.name).items()
    ids = output_ids(model)
    for o in model.outputs:
        assert {"kind": "output", "name": o.name, "unit": o.unit}.items() <= _said(found, ids[o.name]).items()
    assert _said(found, "sc_dose_1")["kind"] == "dose"
    whole = found.getAnnotation().getChild(0)
    assert whole.getAttrValue("fingerprint") == model.fingerprint
    inside = [whole.getChild(k) for k in range(whole.getNumChildren())]
    assert [n.getAttrValue("name") for n in inside if n.getName() == "route"] == ["sc", "iv"]
    assert [n.getAttrValue("lag") for n in inside if n.getName() == "route"] == ["sc_lag", "0"]


def test_an_output_that_shares_its_name_has_another_id() -> None:
    model = get_model("il2")
    ids = output_ids(model)
    assert (ids["treg"], ids["eosinophils"], ids["scd25"]) == ("treg", "eosinophils_output", "scd25_output")
    assert len(set(ids.values())) == len(model.outputs)

    def block(m: Builder) -> None:
        for name in ("a", "a_output"):
            m.change(m.state(name, "1", initial=1), -m.parameter("k", "1/h", value=1) * m[name])
            m.output(name, 2 * m[name], "1")

    twice = build("twice", block)
    assert output_ids(twice) == {"a": "a_output_output", "a_output": "a_output_output_output"}
    assert problems(sbml_text(twice)) == ()


def test_notes_say_source_meaning_schedule_and_what_is_left_out() -> None:
    model = get_model("il2")
    text = sbml_text(model, None, parse("1 MIU/m2 sc daily x3, miss 2"), bsa=2.0, name="arm A")
    found = _read(text)
    notes = found.getNotesString()
    parts = ("1 MIU/m2 sc daily x3, miss 2", "Missed doses are left out", "surface area of 2 m2", "research software")
    for part in (*parts, model.fingerprint, "Bounds, priors", "A steady baseline needs", "IU and cell", "CITATION.cff"):
        assert part in notes
    assert found.getName() == "arm A"
    given = model.defaults["treg_ec50"]
    own = found.getParameter("treg_ec50").getNotesString()
    assert all(part in own for part in (given.text, given.basis, *given.source)) and given.meaning in own
    assert found.getParameter("sc_dose_1").getValue() == 2e6
    assert found.getNumEvents() == 2


def test_events_are_as_parametric_as_the_doses() -> None:
    """Time plus lag in the trigger; amount, bioavailability and content in the assignment."""
    found = _read(sbml_text(get_model("il2"), None, parse("1 MIU sc every 2d x2")))
    assert found.getNumEvents() == 2
    event = found.getEvent(1)
    assert libsbml.formulaToL3String(event.getTrigger().getMath()) == "time >= (48 h + sc_lag)"
    trigger = event.getTrigger()
    assert (trigger.getInitialValue(), trigger.getPersistent()) == (False, True)
    assert not event.getUseValuesFromTriggerTime()
    given = libsbml.formulaToL3String(event.getEventAssignment(0).getMath())
    for name in ("il2_depot", "sc_dose_1", "sc_bioavailability", "il2_pm_per_iu_ml"):
        assert name in given


def test_doses_of_one_moment_are_one_event_and_counts_of_infusions_are_whole() -> None:
    dose = Dose.of("1 MIU", time="1d", route="iv")
    infusion = Dose.of("1 MIU", time="1d", route="iv", over="30h")
    schedule = Schedule.of(dose, dose, infusion, infusion, Dose.of("1 MIU", time="2d", route="iv", over="30h"))
    found = _read(sbml_text(get_model("il2"), None, schedule))
    # the two doses, two begin, two end, one begins, one ends
    assert found.getNumEvents() == 5
    assert all(found.getEvent(k).getPriority() is None for k in range(5))
    changes = {libsbml.formulaToL3String(found.getEvent(k).getEventAssignment(0).getMath()) for k in range(5)}
    assert changes >= {"2 dimensionless + iv_infusions", "iv_infusions - 2 dimensionless"}


def test_a_reset_sets_every_state_and_comes_first() -> None:
    model = get_model("il2")
    found = _read(sbml_text(model, None, EVERYTHING))
    events = [found.getEvent(k) for k in range(found.getNumEvents())]
    resets = [e for e in events if e.getName().startswith("reset")]
    assert len(resets) == 1
    targets = {resets[0].getEventAssignment(k).getVariable() for k in range(resets[0].getNumEventAssignments())}
    assert {s.name for s in model.states} < targets and len(targets) == len(model.states) + 2
    order = {e.getId(): e.getPriority().getMath().getValue() for e in events}
    assert order.pop(resets[0].getId()) > max(order.values())


def test_what_sbml_cannot_hold_is_one_sentence() -> None:
    for kind in KINDS:
        if any(dose.steady_state for dose in kind.schedule.doses):
            with pytest.raises(ScheduleError, match=r"SBML cannot hold; give the doses themselves"):
                sbml_text(get_model("il2"), None, kind.schedule)
    with pytest.raises(SimulationError, match="no dose route 'depot'"):
        sbml_text(get_model("il2"), None, Schedule.of(Dose.of("1 MIU", route="depot")))


def test_choices_and_functions() -> None:
    """Max, min, cases, absolute values, roots and comparisons with a literal zero keep their units."""

    def block(m: Builder) -> None:
        x, k = m.state("x", "mg", initial=1), m.parameter("k", "1/h", value=1.0)
        half = m.parameter("half", "mg", value=2.0)
        m.change(x, sympy.Max(0, half - x) * k - sympy.Min(x, half, 0) * k)
        case = sympy.Piecewise((k * x, (x > 0) & ~(m.time > m.parameter("t", "h", value=2.0))), (0, True))
        m.change(x, -case)
        m.output("y", sympy.sqrt(x / half) + sympy.Abs(sympy.log(half / x)) * sympy.exp(-x / half), "%")
        m.output("z", sympy.sqrt(x * half), "ug")

    assert problems(sbml_text(build("choices", block))) == ()
    with pytest.raises(ModelError, match="cannot be written as SBML"):
        sbml_text(_exclusive())


def _exclusive() -> Model:
    def block(m: Builder) -> None:
        x, k = m.state("x", "1", initial=1), m.parameter("k", "1/h", value=1.0)
        m.change(x, -k * sympy.Piecewise((x, sympy.Xor(x > 1, x < 2, evaluate=False)), (2 * x, True)))
        m.output("x", x, "1")

    return build("exclusive", block)


def test_a_text_without_doses_holds_every_equation() -> None:
    model = get_model("il2_minimal")
    found = _read(sbml_text(model))
    assert found.getNumEvents() == 0
    assert {found.getRule(k).getVariable() for k in range(found.getNumRules())} == (
        {s.name for s in model.states} | {d.name for d in model.rates} | set(output_ids(model).values())
    )
    unit = coherent_factor("MIU", model.time)
    assert math.isclose(found.getParameter("one_MIU").getValue(), unit, rel_tol=0)


def test_a_dose_per_body_size_says_what_it_lacks() -> None:
    for text, what in (("1 mg/m2 iv once", "body surface area in m2"), ("1 mg/kg iv once, miss 1", "weight in kg")):
        with pytest.raises(ScheduleError, match=f"needs the {what}, which was not given"):
            sbml_text(models.one_compartment(), None, parse(text))
