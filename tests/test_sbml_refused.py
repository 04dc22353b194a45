"""SBML files that are no models here, or that mean harm: each is refused in one sentence."""

from __future__ import annotations

import copy
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from pkpd.errors import PkpdError
from pkpd.exchange.sbml.reading import read_sbml

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


def function(name: str, body: str) -> str:
    inside = f"<lambda><bvar><ci>a</ci></bvar>{body}</lambda>"
    return f'<functionDefinition id="{name}">{MATH}{inside}</math></functionDefinition>'


def layers(count: int) -> str:
    """Functions of which each calls the one before twice."""
    calls = [f"<apply><ci>f{i}</ci><ci>a</ci></apply>" for i in range(count)]
    found = [function(f"f{i + 1}", f"<apply><times/>{call}{call}</apply>") for i, call in enumerate(calls)]
    return f"<listOfFunctionDefinitions>{function('f0', '<ci>a</ci>')}{''.join(found)}</listOfFunctionDefinitions>"


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
