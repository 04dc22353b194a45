"""Rules as text: both ways without loss, and errors that point at the word."""

from __future__ import annotations

import operator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkpd.errors import StudyError
from pkpd.studies.study import load_study
from pkpd.trials.adaptive.rules import HoldFor, HoldUntil, Limit, Raise, Reduce, Resume, Rule, Stop
from pkpd.trials.adaptive.text import read_rule, read_rules

READ = {
    "if eosinophils_fold > 3 at visit: hold until < 1.5": Rule(
        "eosinophils_fold", ">", 3.0, "", (), HoldUntil("<", 1.5)
    ),
    "if treg_fold < 1.5 at visits 28, 56: raise by 50 % to at most 2 MIU": Rule(
        "treg_fold", "<", 1.5, "", (28.0, 56.0), Raise(50.0, Limit(2.0, "MIU"))
    ),
    "if nk >= 500 cells/uL at visit 14: reduce by 25 % to at least 0.5 MIU/m2": Rule(
        "nk", ">=", 500.0, "cells/uL", (14.0,), Reduce(25.0, Limit(0.5, "MIU/m2"))
    ),
    "if nk <= -1e-05 % at visit 0.5: hold for 12h": Rule("nk", "<=", -1e-5, "%", (0.5,), HoldFor(Fraction(1, 2))),
    "if il2 > 12 pM at visit: stop": Rule("il2", ">", 12.0, "pM", (), Stop()),
    "if treg < 20 at visit: resume": Rule("treg", "<", 20.0, "", (), Resume()),
}


@pytest.mark.parametrize("text", READ)
def test_read(text: str) -> None:
    assert read_rule(text) == READ[text]
    assert READ[text].text == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (" IF il2>12pM AT Visits:STOP ", "if il2 > 12 pM at visit: stop"),
        ("if il2 > 12.0 at visit 56,28 : hold for 2 weeks", "if il2 > 12 at visits 28, 56: hold for 14d"),
        ("if il2 > 1e1 at visits 7: hold for 3", "if il2 > 10 at visit 7: hold for 3d"),
        ("if x<+.5 at visit:reduce by 5%to at least 1IU/kg", "if x < 0.5 at visit: reduce by 5 % to at least 1 IU/kg"),
    ],
)
def test_canonical(text: str, canonical: str) -> None:
    assert read_rule(text).text == canonical


OUTPUTS = st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True)
NUMBERS = st.floats(-1e20, 1e20)
DAYS = st.integers(1, 4000).map(lambda quarters: quarters / 4)
LIMITS = st.none() | st.builds(Limit, st.floats(1e-9, 1e9), st.sampled_from(["MIU", "kIU/kg", "mg", "MIU/m2"]))
ACTIONS = st.one_of(
    st.builds(HoldFor, st.integers(1, 10000).map(lambda hours: Fraction(hours, 24))),
    st.just(Stop()),
    st.just(Resume()),
    st.builds(Reduce, st.floats(1e-6, 99.9), LIMITS),
    st.builds(Raise, st.floats(1e-6, 1000), LIMITS),
)
SIGNS = st.sampled_from([">", "<", ">=", "<="])
UNITS = st.sampled_from(["", "pM", "cells/uL", "%", "IU/mL"])
VISITS = st.lists(DAYS, max_size=4, unique=True).map(lambda days: tuple(sorted(days)))
RULES = st.builds(Rule, OUTPUTS, SIGNS, NUMBERS, UNITS, VISITS, ACTIONS)


@given(RULES)
def test_round_trip(rule: Rule) -> None:
    assert read_rule(rule.text) == rule


COMPARE = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}


@pytest.mark.parametrize("sign", COMPARE)
@pytest.mark.parametrize("other", COMPARE)
@pytest.mark.parametrize("release", [1, 2, 3])
def test_no_level_may_set_and_lift_a_hold(sign: str, other: str, release: int) -> None:
    rule = Rule("x", sign, 2.0, "", (), HoldUntil(other, float(release)))
    values = [quarters / 4 for quarters in range(20)]
    if any(COMPARE[sign](x, 2) and COMPARE[other](x, release) for x in values):
        with pytest.raises(StudyError, match="no value may do both"):
            read_rule(rule.text)
    else:
        assert read_rule(rule.text) == rule


WORDS = "if level > 3 >= < 1.5 1e999 -2 at visit visits 28 , : hold until for 14d stop reduce by 50 % to least most MIU"


@given(st.lists(st.sampled_from([*WORDS.split(), "nan", "__import__('os')", "0x1", "\0", "µ"]), max_size=16))
def test_any_words_are_read_or_refused_in_one_sentence(words: list[str]) -> None:
    text = " ".join(words)
    try:
        rule = read_rule(text)
    except StudyError as error:
        assert "\n" not in str(error).replace(text, "")
    else:
        assert read_rule(rule.text) == rule


@given(st.text(max_size=60))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(StudyError):
        read_rule(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the rule is empty; write for example if eosinophils_fold > 3 at visit: hold until < 1.5"),
        ("if " + "x" * 500, "the rule has 503 characters; at most 500 are read"),
        ("when x > 3 at visit: stop", "'when' at character 1 was found where 'if' should begin a rule"),
        ("if 3 > x at visit: stop", "'3' at character 4 is not the name of an output"),
        ("if x/y > 3 at visit: stop", "'x/y' at character 4 is not the name of an output"),
        ("if x = 3 at visit: stop", "'=' at character 6 is not used in a rule"),
        ("if x over 3 at visit: stop", "'over' at character 6 was found where one of >=, <=, >, < is needed"),
        ("if x > y at visit: stop", "'y' at character 8 was found where a number is needed"),
        ("if x > 1e999 at visit: stop", "'1e999' at character 8 was found where a number is needed"),
        ("if x > 3 cels at visit: stop", "'cels' is not a known unit; did you mean 'cells'? (character 10"),
        ("if x > 3 att visit: stop", "'att' at character 10 is not expected here; did you mean 'at'?"),
        ("if x > 3: stop", "':' at character 9 was found where a unit, or at visit, should follow"),
        ("if x > 3 at vist: stop", "'vist' at character 13 was found where visit or visits is needed; did you"),
        ("if x > 3 at visit 0: stop", "'0' at character 19 is no day after the first dose"),
        ("if x > 3 at visits 7, 7: stop", "'7' at character 23 is named twice"),
        ("if x > 3 at visits 7,: stop", "':' at character 22 was found where another day should follow the comma"),
        ("if x > 3 at visit stop", "'stop' at character 19 was found where ':' and an action should follow"),
        (
            "if x > 3 at visit: stpo",
            "'stpo' at character 20 is no action; actions are hold, stop, reduce, raise, resume",
        ),
        ("if x > 3 at visit: stop now", "'now' at character 25 is not expected after the action"),
        ("if x > 3 at visit: hold", "the end at character 24 was found where until < 1.5 or for 14d should say"),
        ("if x > 3 at visit: hold til < 2", "'til' at character 25 was found where until < 1.5 or for 14d should say"),
        ("if x > 3 at visit: hold until > 2", "holds when x > 3 and lifts the hold when > 2; no value may do both"),
        ("if x > 3 at visit: hold until < 4", "holds when x > 3 and lifts the hold when < 4; no value may do both"),
        ("if x >= 3 at visit: hold until <= 3", "lifts the hold when <= 3; no value may do both"),
        ("if x > 3 at visit: hold for 3 dy", "'dy' is not a unit of time"),
        ("if x > 3 at visit: hold for 0d", "'0 d' was asked for as a hold; it must be longer than 0"),
        ("if x > 3 at visit: reduce by 100 %", "'100' at character 30 is no percentage to reduce by; it lies"),
        ("if x > 3 at visit: raise by 0 %", "'0' at character 29 is no percentage to raise by"),
        ("if x > 3 at visit: raise by 50", "the end at character 31 was found where % should follow 50"),
        ("if x > 3 at visit: raise 50 %", "'50' at character 26 was found where 'by' should say how much to raise"),
        ("if x > 3 at visit: raise by 50 % to at least 2 MIU", "'least' at character 40 was found where 'most'"),
        ("if x > 3 at visit: raise by 50 % to at most 2", "the end at character 46 was found where an amount is"),
        ("if x > 3 at visit: raise by 50 % to at most 2 MUI", "'MUI' is not the unit of a dose; did you mean 'MIU'?"),
        ("if x > 3 at visit: raise by 50 % to at most -2 MIU", "'-2' at character 45 is no amount"),
    ],
)
def test_error_points_at_the_word(text: str, says: str) -> None:
    with pytest.raises(StudyError) as error:
        read_rule(text)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_several() -> None:
    texts = list(READ)
    assert read_rules(texts) == tuple(READ.values())
    assert read_rules([]) == ()
    stop = "if x > 3 at visit: stop"
    for wrong, says in (
        ([stop, "if x > at visit: stop"], "arm a: rule 2: in the rule, 'at' at character 8"),
        ([stop, " if x>3 at visits: stop"], "arm a: rule 2 is the same as rule 1: if x > 3 at visit: stop"),
        ([stop, "if x < 1 at visit: resume"], "arm a: rule 2 resumes, but no rule holds: if x < 1 at visit: resume"),
        ([f"if x > {k} at visit: stop" for k in range(51)], "arm a: 51 rules were given; at most 50 are read"),
    ):
        with pytest.raises(StudyError, match="arm a") as error:
            read_rules(wrong, "arm a")
        assert says in str(error.value)


def test_rules_of_an_arm_in_a_study_file(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    head = 'kind = "study"\nname = "small"\nmeaning = "small"\ndays = 28\nvisits = [0, 14, 28]\n[arms.a]\n'
    path.write_text(head + 'schedule = "1 MIU daily x5"\nrules = ["if il2 > 12 pM at visit: stop"]\n')
    arm = load_study(path).arms[0]
    assert read_rules(arm.rules) == (READ["if il2 > 12 pM at visit: stop"],)
    path.write_text(head + 'schedule = "1 MIU daily x5"\nrules = "if il2 > 12 pM at visit: stop"\n')
    with pytest.raises(StudyError, match="rules is a list of texts, one a rule, not 'if il2"):
        load_study(path)
