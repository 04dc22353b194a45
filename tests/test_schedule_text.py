"""The schedule language: what it means, its one canonical form, and how it refuses."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import example, settings
from hypothesis import given as for_all
from strategies import schedules, wrong_texts

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.errors import ScheduleError, UnitError

one = Schedule.once
daily = Schedule.daily
every = Schedule.every
CYCLE = every("1 MIU", days=2, times=7).rest(14)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1 MIU every 2d x7, rest 14d, repeat 3", CYCLE.repeat(3)),
        (
            "1.5 MIU daily x5, then 1.5 MIU every 7d x11",
            daily("1.5 MIU", times=5).then(every("1.5 MIU", days=7, times=11)),
        ),
        ("0.4 MIU/m2 daily x90", daily("0.4 MIU/m2", times=90)),
        ("10000 IU/kg once", one("10000 IU/kg")),
        ("1 MIU on mon wed fri x4 weeks", Schedule.weekdays("mon", "wed", "fri", amount="1 MIU", weeks=4)),
        ("1 MIU iv over 2h daily x5", daily("1 MIU", times=5, route="iv", over="2h")),
        ("18 MIU iv at 1 MIU/h once", one("18 MIU", route="iv", at="1 MIU/h")),
        ("1 MIU iv once", one("1 MIU", route="iv")),
        ("1 MIU via depot daily x3", daily("1 MIU", times=3, route="depot")),
        ("1 MIU every 12h x10", every("1 MIU", hours=12, times=10)),
        ("2 MIU once, then 1 MIU every 2d x10", one("2 MIU").then(every("1 MIU", days=2, times=10))),
        (
            "1 MIU every 2d x7, miss 3 5, move 4 by 1d",
            every("1 MIU", days=2, times=7).miss(3, 5).move(4, by="1d"),
        ),
        ("1 MIU daily x5, move 3 4 by -6h", daily("1 MIU", times=5).move(3, 4, by=-0.25)),
        ("none", Schedule.none()),
        ("rest 2d, then 1 MIU once", Schedule.none().rest(2).then(one("1 MIU"))),
        (
            "1.5 MIU daily x5, rest 9d, then (1 MIU every 2d x7, rest 14d, repeat 3)",
            daily("1.5 MIU", times=5).rest(9).then(CYCLE.repeat(3)),
        ),
    ],
)
def test_canonical(text: str, meant: Schedule) -> None:
    assert parse(text) == meant
    assert parse(text).text == meant.text == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1MIU every 2 d x 7,rest 2wk,\n repeat 3", "1 MIU every 2d x7, rest 14d, repeat 3"),
        ("1.0 MIU every 12h for 5d", "1 MIU every 12h x10"),
        ("1e0 MIU SC Daily X5 THEN 1 MIU once", "1 MIU sc daily x5, then 1 MIU once"),
        ("1 MIU on friday monday for 14d", "1 MIU on fri mon x2 weeks"),
        ("1 MIU weekly x3 via sc", "1 MIU sc every 7d x3"),
        ("1 MIU daily x5 iv over 120min", "1 MIU iv over 2h daily x5"),
        ("10 ug/m2 iv at 24 ug/m2/d once", "10 ug/m2 iv at 1 ug/m2/h once"),
        ("1 MIU/m^2 once", "1 MIU/m2 once"),
        ("1 MIU every 24h x1", "1 MIU once"),
        ("((1 MIU daily x2, repeat 2)), (rest 3d), repeat 1", "1 MIU daily x2, repeat 2, rest 3d"),
        ("1 MIU daily x5, miss 5 3 5", "1 MIU daily x5, miss 3 5"),
        ("1 MIU every 1/3 d x3", "1 MIU every 8h x3"),
        ("rest 14", "rest 14d"),
        ("NONE", "none"),
    ],
)
def test_other_spellings(text: str, canonical: str) -> None:
    assert parse(text).text == canonical
    assert parse(canonical) == parse(text)


@for_all(schedules())
def test_round_trip(schedule: Schedule) -> None:
    again = parse(schedule.text)
    assert again == schedule
    assert again.planned == schedule.planned
    assert again.text == schedule.text
    assert again.steps == schedule.steps


def test_parentheses_limit_what_looks_back() -> None:
    inside = parse("1 MIU once, (2 MIU daily x2, repeat 2, miss 1)")
    assert [d.amount for d in inside.doses] == [1, 2, 2, 2, 2]
    assert [d.status for d in inside.doses] == ["given", "missed", "given", "given", "given"]
    outside = parse("1 MIU once, 2 MIU daily x2, repeat 2, miss 1")
    assert [d.amount for d in outside.doses] == [1, 2, 2, 1, 2, 2]
    assert outside.doses[0].status == "missed"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("1 MIU evry 2d x7", "'evry' at character 7 is no word for doses"),
        ("1 MIU evry 2d x7 ", "did you mean 'every'?"),
        ("1 MIU daily", "the end at character 12"),
        ("1 MIU daily x0", "'0' at character 13"),
        ("1 MIU daily x5, repat 3", "'repat' at character 17"),
        ("1 MIU daily x5, repat 3", "did you mean 'repeat'?"),
        ("1 MIU daily x5 repeat 3", "put a comma before it"),
        ("1 MIU daily x5, 3", "unit of 3 is needed"),
        ("1 MIU daily daily x5", "'daily' at character 13"),
        ("1 MIU once once", "said twice"),
        ("1 MIU sc iv once", "said twice"),
        ("1 MIU daily x5,", "the end at character 16 starts no step"),
        ("repeat 3", "nothing before it"),
        ("1 MIU once, (repeat 3)", "nothing before it"),
        ("miss 1", "no dose before it"),
        ("1 MIU daily x5, miss 6", "the last is dose 5"),
        ("1 MIU daily x5, move 1 by -1d", "before day 0"),
        ("1 MIU daily x5, move 1 1d", "'d' at character 25 was found where 'by'"),
        ("1 MIU daily x5, move 1 to 1d", "'to' at character 24 was found where 'by'"),
        ("(1 MIU once", "list opened at character 1 should close"),
        ("1 MIU once)", "')' at character 11 closes nothing"),
        ("1 MIU once (2 MIU once)", "comma"),
        ("1 MIU every 12h for 1h", "no whole number of intervals"),
        ("1 MIU every 2 dys x7", "'dys' at character 15 is not a unit of time"),
        ("1 MIU every 0d x7", "longer than 0"),
        ("1 MIU every -1d x7", "longer than 0"),
        ("rest 1/0 d", "not a length of time"),
        ("1 MIU every 0.123456789/999999999 d x7", "fewer digits"),
        (
            "1 MIU on mno x4 weeks",
            "'mno' is not a day of the week; did you mean 'mon'? (character 10 of the schedule)",
        ),
        ("1 MIU on mon x4", "the end"),
        ("1 MIU on mon x4 wekks", "did you mean 'weeks'?"),
        ("1 MIUU once", "'MIUU' is not the unit of a dose; did you mean 'MIU'? (character 1 of the schedule)"),
        ("1 pM once", "not the unit of a dose"),
        ("1 cells once", "not the unit of a dose"),
        ("-1 MIU once", "positive"),
        ("1 MIU at 0 MIU/h once", "positive"),
        ("1/3 MIU once", "'1/3' at character 1 is not an amount"),
        ("nan MIU once", "'nan' at character 1 starts no step"),
        ("1 MIU; 2 MIU", "';' at character 6 is not used"),
        ("__import__('os')", "is not used in a schedule"),
        ("1 MIU once, none", "'none' at character 13"),
        ("1 MIU daily x999999999", "at most 100000"),
        ("1 MIU daily x5, repeat 999999999", "at most 100000"),
        ("rest 1d, repeat 999999999", "at most 36525"),
        ("(" * 21 + "1 MIU once" + ")" * 21, "more than 20 deep"),
        ("1 MIU once, " * 1000, "at most 10000"),
    ],
)
def test_refused(text: str, words: str) -> None:
    with pytest.raises((ScheduleError, UnitError)) as caught:
        parse(text)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


def test_coprime_times_stay_exact() -> None:
    schedule = parse("1 MIU every 1/987654321 d x7, rest 1/987654319 d")
    assert schedule.length == Fraction(7, 987654321) + Fraction(1, 987654319)
    assert parse(schedule.text) == schedule


@settings(max_examples=500)
@for_all(wrong_texts)
@example("1 MIU daily x٣")
@example("1 MIU daily x100000, repeat 99999")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        schedule = parse(text)
    except (ScheduleError, UnitError) as error:
        assert "\n" not in str(error)
        return
    assert parse(schedule.text) == schedule


def test_deep_and_wide_texts_end_soon() -> None:
    begun = time.perf_counter()
    for text in (
        "(" * 9000,
        "1 MIU once," * 900,
        "rest 1/999999937 d," * 500,
        "1 MIU daily x100000, " + "miss 1, " * 50,
    ):
        with pytest.raises(ScheduleError):
            parse(text)
    # seconds, against minutes or a crash without the limits
    assert time.perf_counter() - begun < 30


def test_limits_of_the_language_hold_for_values_too() -> None:
    long = Schedule.none()
    for count in range(1, 400):
        long = long.then(every("1234567.8901 IU/kg", interval=f"{count}h", times=1, route="depot", over="30min"))
    with pytest.raises(ScheduleError, match="at most 10000 can be read back"):
        assert long.text
    deep = one("1 MIU")
    with pytest.raises(ScheduleError, match="more than 20 deep"):
        for _ in range(30):
            deep = one("1 MIU").then(deep.miss(1))
    with pytest.raises(ScheduleError, match="no schedule text can hold"):
        assert Schedule.of(Dose.of("1 MIU", interval=1, steady_state=1)).text
