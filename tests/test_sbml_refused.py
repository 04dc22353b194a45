"""SBML files that are no models here, or that mean harm: each is refused in one sentence."""

from __future__ import annotations

import copy
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from pkpd.errors import ModelError, PkpdError
from pkpd.exchange.sbml.reading.imported import read_sbml

FILES = Path(__file__).parent / "data" / "sbml"
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">'
TIME = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">t</csymbol>'


def l3(inside: str, more: str = "") -> str:
    """A Level 3 model with a state x, a constant k, and more."""
    return (
        f'<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"{more}><model id="m">'
        '<listOfParameters><parameter id="x" value="1" constant="false"/><parameter id="k" value="1" constant="true"/>'
        f'<parameter id="z" value="1" constant="false"/></listOfParameters>{inside}</model></sbml>'
    )


def rule(formula: str, kind: str = "rateRule", of: str = "x") -> str:
    variable = f' variable="{of}"' if of else ""
    return f"<listOfRules><{kind}{variable}>{MATH}{formula}</math></{kind}></listOfRules>"


def event(test: str, value: str, of: str = "x", delay: str = "") -> str:
    """With the rule x' = k."""
    assignment = f'<eventAssignment variable="{of}">{MATH}{value}</math></eventAssignment>'
    trigger = f'<trigger initialValue="true" persistent="true">{MATH}{test}</math></trigger>'
    inside = f"{trigger}{delay}<listOfEventAssignments>{assignment}</listOfEventAssignments>"
    happens = f'<event id="e" useValuesFromTriggerTime="true">{inside}</event>'
    return f"{rule('<ci>k</ci>')}<listOfEvents>{happens}</listOfEvents>"


AT_ONE = f"<apply><geq/>{TIME}<cn>1</cn></apply>"
MORE = "<apply><plus/><ci>x</ci><cn>2</cn></apply>"
DELAY = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/delay">delay</csymbol>'
DEEP = "<apply><exp/>" * 400 + "<ci>x</ci>" + "</apply>" * 400
BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
EARLY = f"<apply><lt/>{TIME}<cn>1</cn></apply>"
SWITCH = f"<piecewise><piece><cn>1</cn>{EARLY}</piece><otherwise><cn>0</cn></otherwise></piecewise>"


def doses(*events: tuple[str, dict[str, str], str], at_once: bool = False) -> str:
    """Events of (trigger, what each quantity becomes, priority) over the rules x' = k, z' = q."""
    found = []
    for test, values, priority in events:
        given = "".join(
            f'<eventAssignment variable="{v}">{MATH}{e}</math></eventAssignment>' for v, e in values.items()
        )
        said = f"<priority>{MATH}<cn>{priority}</cn></math></priority>" if priority else ""
        start = f'<trigger initialValue="true" persistent="true">{MATH}{test}</math></trigger>{said}'
        listed = f"<listOfEventAssignments>{given}</listOfEventAssignments>"
        found.append(
            f'<event id="e{len(found)}" useValuesFromTriggerTime="{str(at_once).lower()}">{start}{listed}</event>'
        )
    rules = "".join(
        f'<rateRule variable="{v}">{MATH}<ci>{e}</ci></math></rateRule>' for v, e in (("x", "k"), ("z", "q"))
    )
    text = l3(f"<listOfRules>{rules}</listOfRules><listOfEvents>{''.join(found)}</listOfEvents>")
    return text.replace("</listOfParameters>", '<parameter id="q" value="0" constant="false"/></listOfParameters>')


MORE_Z = MORE.replace("x", "z")
RESET = {"x": "<cn>1</cn>", "z": "<cn>1</cn>"}


def at(time: str) -> str:
    return AT_ONE.replace("<cn>1</cn>", time)


def test_an_infusion_goes_on_over_a_reset_that_leaves_its_switch() -> None:
    """A reset among our doses stops infusions, so that the rest becomes one of its own."""
    on, off = (at("<cn>1</cn>"), {"q": "<cn>3</cn>"}, ""), (at("<cn>5</cn>"), {"q": "<cn>0</cn>"}, "")
    plan = read_sbml(doses(on, (at("<cn>2</cn>"), RESET, ""), off)).schedule
    assert plan is not None
    said = [(float(d.time), d.amount, d.infusion, d.reset) for d in plan.doses]
    assert said == [(1, 3, 1, False), (2, 0, 0, True), (2, 9, 3, False)]


def function(name: str, body: str) -> str:
    inside = f"<lambda><bvar><ci>a</ci></bvar>{body}</lambda>"
    return f'<functionDefinition id="{name}">{MATH}{inside}</math></functionDefinition>'


def layers(count: int) -> str:
    """Functions of which each calls the one before twice."""
    calls = [f"<apply><ci>f{i}</ci><ci>a</ci></apply>" for i in range(count)]
    found = [function(f"f{i + 1}", f"<apply><times/>{call}{call}</apply>") for i, call in enumerate(calls)]
    return f"<listOfFunctionDefinitions>{function('f0', '<ci>a</ci>')}{''.join(found)}</listOfFunctionDefinitions>"


def chain(count: int) -> str:
    """Rules of which each holds the one before twice, from x on, which z begins at."""
    names = ["x", *(f"y{i}" for i in range(count))]
    held = (f"<apply><plus/><ci>{n}</ci><apply><sin/><ci>{n}</ci></apply></apply>" for n in names)
    pairs = list(zip(names[1:], held, strict=False))
    rules = "".join(f'<assignmentRule variable="{n}">{MATH}{e}</math></assignmentRule>' for n, e in pairs)
    listed = "".join(f'<parameter id="{n}" constant="false"/>' for n in names[1:])
    begin = f'<initialAssignment symbol="z">{MATH}<ci>{names[-1]}</ci></math></initialAssignment>'
    moves = "".join(f'<rateRule variable="{n}">{MATH}<ci>k</ci></math></rateRule>' for n in "xz")
    return l3(
        f"<listOfInitialAssignments>{begin}</listOfInitialAssignments><listOfRules>{rules}{moves}</listOfRules>"
    ).replace("</listOfParameters>", f"{listed}</listOfParameters>")


def test_a_chain_of_rules_cannot_grow_without_bound() -> None:
    """Written out, 60 of them would have 2^60 parts."""
    assert read_sbml(chain(5)).model.states
    with pytest.raises(ModelError, match="written out, a formula at time 0 has more than 500000 parts"):
        read_sbml(chain(60))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<nothing", "is not XML"),
        ("<html/>", "is not valid SBML"),
        ('<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"/>', "not valid SBML"),
        (l3(""), "no state"),
        (l3(rule("<ci>nobody</ci>")), "nobody"),
        (l3(rule("<ci>x</ci>", "algebraicRule", "")), "algebraic"),
        (l3(rule(f"<apply>{DELAY}<ci>x</ci><cn>1</cn></apply>")), "'x' uses a delay"),
        (l3(rule("<apply><floor/><ci>x</ci></apply>")), "'floor'"),
        (l3(rule("<apply><factorial/><cn type='integer'>99999999</cn></apply>")), "'factorial'"),
        (
            l3(rule("<apply><power/><cn>9</cn><apply><power/><cn>9</cn><cn>9</cn></apply></apply>")),
            "cannot be computed",
        ),
        (l3(rule("<apply><divide/><ci>k</ci><cn>0</cn></apply>")), "finite"),
        (l3(rule("<infinity/>")), "finite"),
        (l3(rule(DEEP)), "deep"),
        (l3(rule(SWITCH)), "step over"),
        (BOMB + l3(rule("<ci>x</ci>")), "entities"),
        (OUTSIDE + l3(rule("<ci>&a;</ci>")), "entities"),
        (l3(rule("<ci>z</ci>", "assignmentRule", "z")), "Circular"),
        (l3(event("<apply><gt/><ci>x</ci><cn>3</cn></apply>", MORE)), "'e' is not a dose"),
        (l3(event(AT_ONE, "<apply><times/><ci>x</ci><cn>2</cn></apply>")), "no dose"),
        (l3(event(AT_ONE, "<cn>3</cn>")), "'x'"),
        (l3(event(AT_ONE, "<apply><minus/><ci>x</ci><cn>2</cn></apply>")), "above 0"),
        (l3(event(AT_ONE, MORE, delay=f"<delay>{MATH}<cn>1</cn></math></delay>")), "delayed"),
        (doses((AT_ONE, {"x": MORE}, ""), (AT_ONE, {"z": MORE_Z}, ""), (AT_ONE, {"x": MORE}, ""), at_once=True), "e2"),
        (doses((at("<ci>z</ci>"), {"x": MORE}, "")), "the time of event 'e0' follows 'z'"),
        (doses((AT_ONE, {"q": "<ci>x</ci>"}, ""), (at("<cn>2</cn>"), {"q": "<cn>0</cn>"}, "")), "follows 'x'"),
        (doses((AT_ONE, {"x": MORE}, ""), (AT_ONE, RESET, "")), "its priority is not the higher"),
        (doses((AT_ONE, {"x": MORE}, "2"), (AT_ONE, RESET, "1")), "its priority is not the higher"),
        (l3("").replace("<listOfParameters>", layers(60) + "<listOfParameters>"), "parts, more than"),
        ("/nowhere/at/all.xml", "cannot be read"),
        ("<" + " " * 10_000_001, "longer than 10 MB"),
        ("\0", "cannot be read"),
    ],
)
def test_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(PkpdError) as caught:
        read_sbml(text)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message and len(message) < 500


@pytest.mark.parametrize("name", ["decay_l3", "reversible_l2", "rules_l3"])
def test_damaged_files_are_read_or_refused(name: str) -> None:
    """Elements cut out, doubled, moved, or with other attributes: a model or one sentence, and both do occur."""
    rng = np.random.default_rng(6)
    text = (FILES / f"{name}.xml").read_text("utf-8")
    read = 0
    for _ in range(40):
        root = ElementTree.fromstring(text)
        _damage(root, rng)
        try:
            # libsbml wants the namespace of Level 2 without a prefix
            damaged = ElementTree.tostring(root, encoding="unicode").replace(":ns0=", "=").replace("ns0:", "")
            read += bool(read_sbml(damaged).model.states)
        except PkpdError as error:
            assert "\n" not in str(error)
    assert 0 < read < 40


def _damage(root: ElementTree.Element, rng: np.random.Generator) -> None:
    holders = [e for e in root.iter() if len(e)]
    holder, other = (holders[rng.integers(len(holders))] for _ in range(2))
    child = holder[rng.integers(len(holder))]
    kind = rng.integers(4)
    if kind == 0:
        holder.remove(child)
    elif kind == 1:
        holder.append(copy.deepcopy(child))
    elif kind == 2 and child not in other.iter() and other not in child.iter():
        other.append(copy.deepcopy(child))
    elif child.attrib:
        key = sorted(child.attrib)[rng.integers(len(child.attrib))]
        child.set(key, str(rng.choice(["", "0", "-1", "x", "true", "nan", "1e400", "é"])))
