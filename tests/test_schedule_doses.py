"""What is given of what is prescribed, the records of a run, and the sentence."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from strategies import record_schedules, records, schedules

from pkpd.dosing.dose import Dose
from pkpd.dosing.given import given, total_given
from pkpd.dosing.library import load_schedule
from pkpd.dosing.records import from_records, to_records
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.sentence import sentence
from pkpd.errors import ScheduleError

CYCLE = Schedule.every(days=2, amount="1 MIU", times=7).rest(days=14)


def test_body_size() -> None:
    per_m2 = Schedule.daily("0.4 MIU/m2", times=2, at="0.1 MIU/m2/h", route="iv")
    first = given(per_m2, bsa=1.57)[0]
    assert (first.amount, first.unit, first.rate) == (0.628, "MIU", 0.157)
    assert (first.prescribed, first.prescribed_unit) == (0.4, "MIU/m2")
    assert given(Schedule.once("10000 IU/kg"), weight=54.81)[0].amount == 548100
    assert given(Schedule.once("1 MIU"), bsa=2.0, weight=90)[0].amount == 1
    with pytest.raises(ScheduleError, match="needs the body surface area in m2, which was not given"):
        given(per_m2, weight=70)
    with pytest.raises(ScheduleError, match="needs the weight in kg, but nan kg was given"):
        given(Schedule.once("10000 IU/kg"), weight=float("nan"))


def test_rate_in_any_unit() -> None:
    (dose,) = Schedule.once("18 MIU", at="500 kIU/h").doses
    assert dose.rate == 0.5
    assert dose.infusion == Fraction(36, 24)
    (dose,) = Schedule.once("10 ug/m2", at="10 ug/m2/d").doses
    # 10/24 per hour is rounded to a float, so the day is exact only to its last digits
    assert float(dose.infusion) == pytest.approx(1, rel=1e-15)


def test_additional_doses_written_out_until_cancelled() -> None:
    courses = Schedule.of(
        Dose.of("1 MIU", interval="1d", additional=9),
        Dose(Fraction(3), 0.0, "MIU", reset=True),
        Dose.of("2 MIU", time=3, interval="1d", additional=2),
    )
    listed = given(courses)
    # the dose of day 3 comes before the reset of day 3; those after it are cancelled
    assert [(d.number, d.extra, int(d.time), d.amount) for d in listed] == [
        *[(1, k, k, 1.0) for k in range(4)],
        *[(2, k, 3 + k, 2.0) for k in range(3)],
    ]
    assert total_given(listed) == ((10.0, "MIU"),)
    assert courses.length == 10


def test_total_adds_only_what_converts() -> None:
    schedule = Schedule.once("1 MIU").then(Schedule.once("500 kIU")).then(Schedule.once("1 mg"))
    assert total_given(given(schedule)) == ((1.5, "MIU"), (1.0, "mg"))


@for_all(st.one_of(schedules(), record_schedules()))
def test_records_lose_nothing(schedule: Schedule) -> None:
    back = from_records(json.loads(json.dumps(to_records(schedule))))
    assert back == schedule
    assert back.planned == schedule.planned
    assert to_records(back) == to_records(schedule)
    assert [type(d.time) for d in back.doses] == [Fraction] * len(back.doses)


def test_records_keep_the_planned_order_at_ties() -> None:
    schedule = Schedule.of(Dose.of("1 MIU"), Dose.of("2 MIU")).move(1, by="1d")
    assert [dose.amount for dose in schedule.doses] == [2, 1]
    assert [dose.amount for dose in from_records(to_records(schedule)).planned] == [1, 2]


def test_records_disagreeing_with_their_text() -> None:
    written = to_records(CYCLE)
    assert written["doses"][1] == {"time": "2", "amount": 1.0, "unit": "MIU"}
    with pytest.raises(ScheduleError, match="does not describe"):
        from_records({**written, "text": "1 MIU every 2d x7"})
    with pytest.raises(ScheduleError, match=r"unknown field 'amuont'; did you mean 'amount'"):
        from_records({"length": "1", "doses": [{"time": "0", "amuont": 1.0, "unit": "MIU"}]})


json_values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just([]), st.just({})
)


@for_all(records(), st.sampled_from(sorted(Dose.__dataclass_fields__)), json_values)
def test_damaged_records_are_refused_or_read(dose: Dose, name: str, value: object) -> None:
    written = to_records(Schedule.of(dose))
    written["doses"][0][name] = value
    try:
        schedule = from_records(written)
    except ScheduleError:
        return
    assert from_records(to_records(schedule)) == schedule


def test_sentences() -> None:
    assert sentence(load_schedule("he2020")) == (
        "1 MIU under the skin every 2 days, 7 doses, then 14 days rest; the whole 3 times:"
        " 21 doses, 21 MIU over 84 days."
    )
    assert sentence(Schedule.none()) == "No doses."
    assert sentence(CYCLE.miss(3, 5)).endswith(
        "doses 3 and 5 missed: 7 doses, 2 of them missed, 5 MIU given over 28 days."
    )
    assert (
        sentence(load_schedule("koreth2016"))
        == "1 MIU per m2 under the skin every day, 84 doses: 84 MIU per m2 over 84 days."
    )
    infused = Schedule.every("1 MIU", hours=12, times=2, route="iv", over="90min").move(2, by="-1h")
    assert sentence(infused) == (
        "1 MIU into a vein over 90 minutes every 12 hours, 2 doses; dose 2 given 1 hour early:"
        " 2 doses, 1 of them moved, 2 MIU given over 1 day."
    )


@for_all(st.one_of(schedules(), record_schedules()))
def test_sentence_for_every_schedule(schedule: Schedule) -> None:
    said = sentence(schedule)
    assert said.endswith(".")
    assert "\n" not in said
    assert repr(schedule)
