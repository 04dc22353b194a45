"""Schedules as values: where the doses fall, the laws of joining, and what is given of what is prescribed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from strategies import days, schedules

from pkpd.dosing.dose import Dose
from pkpd.dosing.given import given, total_given, total_prescribed
from pkpd.dosing.library import load_schedule
from pkpd.dosing.schedule import Schedule
from pkpd.errors import ScheduleError, UnitError

CYCLE = Schedule.every(days=2, amount="1 MIU", times=7).rest(days=14)


def times(schedule: Schedule) -> list[Fraction]:
    return [dose.time for dose in schedule.doses]


def test_index_trial() -> None:
    expected = [*range(0, 13, 2), *range(28, 41, 2), *range(56, 69, 2)]
    for schedule in (CYCLE.repeat(3), CYCLE.then(CYCLE).then(CYCLE), load_schedule("he2020")):
        assert times(schedule) == expected
        assert schedule.length == schedule.end == 84
        assert sum(dose.amount for dose in schedule.doses) == 21
    assert CYCLE.repeat(3) == CYCLE.then(CYCLE.repeat(2))


@for_all(schedules())
def test_repeat_is_then(schedule: Schedule) -> None:
    twice = schedule.repeat(2)
    assert twice == schedule.then(schedule)
    assert hash(twice) == hash(schedule.then(schedule))
    assert twice.length == 2 * schedule.length
    assert schedule.repeat(1) == schedule
    assert schedule.repeat(3) == schedule.then(twice) == twice.then(schedule)


@for_all(schedules(), schedules(), schedules())
def test_then(first: Schedule, second: Schedule, third: Schedule) -> None:
    joined = first.then(second)
    assert joined.length == first.length + second.length
    assert joined.planned == (*first.planned, *(dose.shifted(first.length) for dose in second.planned))
    assert first.then(second).then(third) == first.then(second.then(third))
    assert first.then(Schedule.none()) == first == Schedule.none().then(first)


@for_all(st.integers(1, 9), days, days)
def test_lengths(count: int, interval: Fraction, rest: Fraction) -> None:
    course = Schedule.every("1 MIU", interval=interval, times=count)
    assert course.length == count * interval
    assert times(course) == [k * interval for k in range(count)]
    assert course.rest(rest).length == count * interval + rest
    assert course.rest(0) == course


@for_all(schedules())
def test_doses_in_order(schedule: Schedule) -> None:
    assert times(schedule) == sorted(times(schedule))
    planned = [dose.scheduled for dose in schedule.planned]
    assert planned == sorted(planned)
    assert sorted(schedule.planned, key=lambda dose: dose.time) == list(schedule.doses)


def test_no_drift() -> None:
    schedule = Schedule.every("0.1 MIU", days=0.1, times=11)
    assert times(schedule)[3] == Fraction(3, 10)
    assert total_prescribed(schedule) == ((1.1, "MIU"),)


def test_ways_to_say_an_interval() -> None:
    twice_daily = Schedule.every("1 MIU", hours=12, times=4)
    assert twice_daily == Schedule.every("1 MIU", interval="12h", times=4)
    assert twice_daily == Schedule.every("1 MIU", days=0.5, times=4)
    assert Schedule.daily("1 MIU", times=1) == Schedule.once("1 MIU")
    assert Schedule.once("1 MIU").rest("13d") == Schedule.once("1 MIU").rest(days=13)


def test_weekdays_start_at_the_first_named() -> None:
    schedule = Schedule.weekdays("wed", "fri", "mon", amount="1 MIU", weeks=2)
    assert times(schedule) == [0, 2, 5, 7, 9, 12]
    assert schedule.length == 14
    assert schedule == Schedule.weekdays("Wednesday", "mon", "FRI", amount="1 MIU", weeks=2)


def test_miss_keeps_the_dose_in_the_list() -> None:
    schedule = CYCLE.miss(3, 5)
    assert [dose.status for dose in schedule.doses] == [
        "given",
        "given",
        "missed",
        "given",
        "missed",
        "given",
        "given",
    ]
    assert times(schedule) == times(CYCLE)
    listed = given(schedule)
    assert [dose.amount for dose in listed] == [1, 1, 0, 1, 0, 1, 1]
    assert {dose.prescribed for dose in listed} == {1}
    assert total_given(listed) == total_prescribed(schedule) == ((5.0, "MIU"),)


def test_move_counts_in_planned_order() -> None:
    late = CYCLE.move(2, by="3d")
    assert times(late) == [0, 4, 5, 6, 8, 10, 12]
    assert late.doses[2].status == "moved"
    assert late.doses[2].planned == 2
    assert late.length == CYCLE.length
    # dose 3 is still the one planned on day 4, although dose 2 now comes after it
    assert [dose.time for dose in late.miss(3).doses if dose.status == "missed"] == [4]
    assert late.move(2, by="-3d") == CYCLE
    assert late.miss(2) == CYCLE.miss(2)
    assert [(dose.number, int(dose.time)) for dose in given(late)][:4] == [(1, 0), (3, 4), (2, 5), (4, 6)]


def test_move_to_day_0() -> None:
    assert times(CYCLE.move(2, by="-2d"))[:3] == [0, 0, 4]


def test_move_past_the_end_keeps_the_length() -> None:
    course = Schedule.daily("1 MIU", times=5).move(5, by="3d")
    assert course.length == 5
    assert course.end == 7
    assert times(course.then(Schedule.once("1 MIU"))) == [0, 1, 2, 3, 5, 7]


def test_repeating_repeats_the_miss() -> None:
    course = Schedule.daily("1 MIU", times=3)
    assert [d.status for d in course.miss(2).repeat(2).planned] == ["given", "missed", "given"] * 2
    assert [d.status for d in course.repeat(2).miss(2).planned] == ["given", "missed", *["given"] * 4]
    assert [d.status for d in course.then(course.miss(1)).planned] == [
        *["given"] * 3,
        "missed",
        "given",
        "given",
    ]


REFUSED = [
    (lambda: CYCLE.miss(8), "the last is dose 7"),
    (lambda: CYCLE.miss(0), "whole number"),
    (lambda: CYCLE.miss(), "no dose was named"),
    (lambda: Schedule.none().miss(1), "no dose before it"),
    (lambda: CYCLE.move(1, by="-1h"), "before day 0"),
    (lambda: CYCLE.then(CYCLE.move(2, by="1d")).move(2, by="-3d"), "before day 0"),
    (lambda: CYCLE.miss(2).move(2, by="1d"), "is missed"),
    (lambda: CYCLE.move(2, by=0), "not 0"),
    (lambda: CYCLE.repeat(0), "whole number"),
    (lambda: CYCLE.repeat(10**9), "at most 100000"),
    (lambda: Schedule.none().rest(1).repeat(10**9), "at most 36525"),
    (lambda: CYCLE.rest(-1), "longer than 0"),
    (lambda: CYCLE.rest(float("nan")), "not a usable number"),
    (lambda: Schedule.every("1 MIU", days=1, hours=2, times=3), "2 intervals"),
    (lambda: Schedule.every("1 MIU", times=3), "0 intervals"),
    (lambda: Schedule.every("1 MIU", days=0, times=3), "longer than 0"),
    (lambda: Schedule.every("1 MIU", days=1, times=2.5), "whole number"),  # type: ignore[arg-type]
    (lambda: Schedule.once("1"), "with its unit"),
    (lambda: Schedule.once("1 MIUU"), "did you mean 'MIU'"),
    (lambda: Schedule.once("1 pM"), "not the unit of a dose"),
    (lambda: Schedule.once("1 MIU/week"), "flat, /m2 or /kg"),
    (lambda: Schedule.once("-1 MIU"), "positive"),
    (lambda: Schedule.once("0 MIU"), "positive"),
    (lambda: Schedule.once("1e999 MIU"), "positive and finite"),
    (lambda: Schedule.once("1 MIU", over="2h", at="1 MIU/h"), "one of them"),
    (lambda: Schedule.once("1 MIU/m2", at="1 MIU/h"), "MIU/m2/h"),
    (lambda: Schedule.once("1 MIU", at="1 mg/h"), "does not convert"),
    (lambda: Schedule.once("1 MIU", route="a b"), "not a route"),
    (lambda: Schedule.weekdays("mon", "mno", amount="1 MIU", weeks=1), "did you mean 'mon'"),
    (lambda: Schedule.weekdays(amount="1 MIU", weeks=1), "one or more days"),
    (lambda: Schedule.of(Dose.of("1 MIU", additional=3)), "without an interval"),
    (lambda: Schedule.of(Dose.of("1 MIU", time=5), length=4), "reach the last dose"),
    (lambda: Schedule.of(Dose.of("1 MIU", additional=2, interval=1)).miss(1), "additional"),
    (lambda: Schedule.of(Dose.of("1 MIU", additional=99_999, interval="1min")).repeat(2), "100000"),
    (lambda: Dose.of("1 MIU", time=-1), "days 0 to"),
    (lambda: Dose.of("1 MIU", steady_state=1), "without an interval"),
    (lambda: Dose(Fraction(0), 1.0, "MIU", status="moved"), "planned time"),
]


@pytest.mark.parametrize(("build", "words"), REFUSED, ids=[str(k) for k in range(len(REFUSED))])
def test_refused(build: Any, words: str) -> None:
    with pytest.raises((ScheduleError, UnitError)) as caught:
        build()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_placebo() -> None:
    none = Schedule.none()
    assert none.doses == ()
    assert none.length == 0
    assert none.text == "none"
    assert none.repeat(3) == none == load_schedule("placebo")
    assert given(none) == ()
