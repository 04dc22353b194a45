"""Event tables written: they read back to the same records, and what they cannot hold is said."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from dose_cases import DOSES, RESETS, STEADY
from event_cases import read, table
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_kinds import KINDS

from pkpd.dosing.dose import Dose
from pkpd.dosing.given import given as given_doses
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.errors import FileError, PkpdError, ScheduleError
from pkpd.exchange.events.planned import events_of, merged
from pkpd.exchange.events.reading import read_event_text
from pkpd.exchange.events.record import DOSE, RESET, RESET_AND_DOSE, EventTable, Record, Subject
from pkpd.exchange.events.writing import write_events

SCHEDULES = {kind.name: kind.schedule for kind in KINDS} | {
    f"in mg, {case.name}": Schedule.of(*case.doses) for case in (*DOSES, *STEADY, *RESETS)
}
SAMPLES = (0, "30min", "6h", 1, Fraction(3, 2))


def unnumbered(found: EventTable) -> list[tuple[str, list[Record]]]:
    """Every record, whatever line it stands on."""
    return [(subject.id, [replace(record, line=0) for record in subject.records]) for subject in found.subjects]


def again(found: EventTable) -> EventTable:
    """The table written and read, from nothing but its text."""
    return read_event_text(write_events(found), found.origin)


def dose_of(record: Record) -> Dose:
    """What a record gives, in our own words."""
    return Dose(
        time=record.clock,
        amount=record.amount,
        unit=record.unit or "MIU",
        route=record.compartment,
        duration=record.duration,
        rate=record.rate,
        steady_state=record.steady_state,
        interval=record.interval,
        additional=record.additional,
        reset=record.evid in (RESET, RESET_AND_DOSE),
        modelled=record.modelled,
    )


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("unit", ["", "h", "d"])
def test_a_schedule_written_and_read_is_the_same(name: str, unit: str) -> None:
    schedule = SCHEDULES[name]
    made = events_of(schedule, samples=SAMPLES, covariates={"age": 51.5, "sex": None}, time_unit=unit)
    exact = not any("rounded" in note for note in made.notes)
    assert exact or unit == "d"  # every time is a decimal in hours
    found = again(made)
    assert unnumbered(found) == unnumbered(made)
    assert (found.covariates, found.time_unit) == (made.covariates, made.time_unit)
    assert found.notes[: len(made.notes)] == made.notes
    if exact:
        records = [record for record in found.subjects[0].records if record.evid in (DOSE, RESET, RESET_AND_DOSE)]
        kept = [replace(dose, status="given", planned=None) for dose in schedule.doses if dose.status != "missed"]
        kept = [dose if dose.gives else replace(dose, unit="MIU") for dose in kept]
        assert [dose_of(record) for record in records] == kept
        assert [r.time for r in found.subjects[0].records if r.evid == 0] == sorted(
            [Fraction(0), Fraction(1, 48), Fraction(1, 4), Fraction(1), Fraction(3, 2)]
        )


def test_what_is_written() -> None:
    schedule = Schedule.of(Dose.of("3 MIU", route="iv", at="0.5 MIU/h"), Dose.of("1 MIU", time="12h", route="sc"))
    text = write_events(events_of(schedule, id="A 1", bsa=1.8, samples=("6h",)))
    assert text.splitlines() == [
        "# time: h",
        "# amount: MIU",
        "# note: 2 dose records, which last to day 0.5",
        "ID,TIME,DV,AMT,EVID,CMT,RATE,MDV,bsa",
        '"A 1",0,.,3,1,iv,0.5,1,1.8',
        '"A 1",6,.,.,0,.,.,1,1.8',
        '"A 1",12,.,1,1,sc,.,1,1.8',
    ]


def test_without_declarations_the_reader_is_told() -> None:
    made = events_of(parse("1 MIU sc daily x2"))
    text = write_events(made, declared=False)
    assert text.startswith("ID,TIME")
    assert unnumbered(read_event_text(text, "x", time_unit="h", amount_unit="MIU")) == unnumbered(made)


def test_no_doses_are_a_header_alone() -> None:
    found = again(events_of(Schedule.none()))
    assert (found.subjects, found.notes[-1]) == ((), "the table has no records")


def test_units_of_several_doses_stand_in_a_column() -> None:
    schedule = Schedule.of(Dose.of("1 MIU"), Dose.of("50 ug", time=1))
    made = events_of(schedule)
    assert "EVID,MDV,UNIT" in write_events(made)
    assert [record.unit for record in again(made).subjects[0].records] == ["MIU", "ug"]


def test_a_dose_per_body_size_is_written_as_given() -> None:
    schedule = parse("0.4 MIU/m2 iv at 0.1 MIU/m2/h daily x2")
    made = events_of(schedule, bsa=1.73)
    assert "AMT is the amount given; prescribed were 0.4 MIU/m2" in made.notes
    wanted = [(dose.amount, dose.rate) for dose in given_doses(schedule, bsa=1.73)]
    assert [(r.amount, r.rate) for r in again(made).subjects[0].records] == wanted
    assert again(made).covariates == ("bsa",)
    with pytest.raises(ScheduleError, match="body surface area"):
        events_of(schedule, weight=70)


def test_missed_and_moved_doses_are_counted() -> None:
    made = events_of(parse("1 MIU sc daily x4, miss 2, move 3 by 5h"), id="7")
    assert [record.time for record in made.subjects[0].records] == [0, Fraction(53, 24), 3]
    assert made.notes[1:] == ("ID 7: 1 missed dose left out", "ID 7: 1 moved dose at the time they were moved to")


def test_times_without_a_decimal_are_rounded_and_said() -> None:
    made = events_of(parse("1 MIU iv over 20min once"), samples=("10min",))
    assert (
        made.notes[-1] == "2 times are no decimals in h and are rounded, the first from 1/144 d to 0.166666666666667 h"
    )
    assert unnumbered(again(made)) == unnumbered(made)


def test_days_are_chosen_where_only_they_are_exact() -> None:
    assert events_of(Schedule.of(Dose(Fraction(1, 7), 1.0, "MIU"))).time_unit == "h"  # no decimal in either
    long = Fraction(int("7" * 40), 10**38)  # 40 digits in days, 42 in hours
    made = events_of(Schedule.of(Dose(long, 1.0, "MIU")))
    assert made.time_unit == "d"
    assert again(made).subjects[0].records[0].time == long


@pytest.mark.parametrize(
    ("side", "order"), [("pre", [0, 1, 0]), ("post", [1, 0, 0]), ("both", [0, 1, 0, 0, 0])], ids=["pre", "post", "both"]
)
def test_samples_at_a_dose(side: str, order: list[int]) -> None:
    made = events_of(Schedule.once("1 MIU"), samples=("1h", 0), side=side)
    assert [record.evid for record in made.subjects[0].records] == order


def test_a_sample_before_an_additional_dose_is_noted() -> None:
    schedule = Schedule.of(Dose.of("1 MIU", interval="12h", additional=2))
    assert "samples at 0.5 d come after the additional dose" in events_of(schedule, samples=("12h", "13h")).notes[-1]
    assert len(events_of(schedule, samples=("12h",), side="post").notes) == 1


def test_tables_are_merged() -> None:
    one = events_of(parse("1 MIU sc once"), id="1", covariates={"age": 50.0})
    two = events_of(parse("2 MIU sc once"), id="2", weight=70.0, samples=(1,))
    both = merged([one, two])
    assert both.covariates == ("age", "weight")
    assert [r.covariates for s in both.subjects for r in s.records] == [(50.0, None), (None, 70.0), (None, 70.0)]
    assert [r.line for s in both.subjects for r in s.records] == [2, 3, 4]
    assert unnumbered(again(both)) == unnumbered(both)
    with pytest.raises(FileError, match="ID 1 is in two"):
        merged([one, one])
    with pytest.raises(FileError, match="one unit of TIME"):
        merged([one, events_of(parse("1 MIU sc once"), time_unit="d")])


# --- tables read, written and read

FULL = "ID TIME DV AMT EVID CMT RATE DUR II ADDL SS MDV CENS LIMIT DVID UNIT r"
ROWS = (
    "a 0 . 5 1 gut -2 . . . . 1 . . 1 mg 3",
    "a 1 0.1 . 0 2 . . . . . 0 1 0.05 2 . 3",
    "a 2 9.25 . 0 2 . . . . . 0 -1 . 2 . NA",
    "a 0.5 . 7 4 . 0.3 . 12 3 1 1 . . . ug 3",
    "b,c -1 . 0 1 1 0.7 . . . 2 1 . . . . .1",
    "b,c 0 . 0 3 . . . . . . 1 . . . . 1e-5",
    "b,c 0 . 1e-3 1 . . 0.7 . . . 1 . . . . 1e-5",
    '"d""#" 0 . 0 2 . . . . . . 1 . . . . 7',
)


@pytest.mark.parametrize("unit", ["h", "d"])
def test_a_table_of_everything_written_and_read_is_the_same(unit: str) -> None:
    text = "\n".join("\t".join(row.split()) for row in (FULL, *ROWS))
    made = read_event_text(text, "data.csv", time_unit=unit)
    assert len(made.subjects) == 3
    found = again(made)
    assert unnumbered(found) == unnumbered(made)
    assert (found.covariates, found.time_unit) == (made.covariates, unit)
    assert write_events(found) == write_events(made)


numbers = st.floats(1e-25, 1e25) | st.integers(1, 10**6).map(float)
decimals = st.decimals(0, 1000, allow_nan=False, places=6).map(str)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(decimals, numbers, numbers, decimals, st.integers(0, 9), st.floats(allow_nan=False, allow_infinity=False))
def test_any_numbers_are_kept_to_the_last_bit(
    time: str, amount: float, rate: float, interval: str, additional: int, value: float
) -> None:
    header = "ID TIME AMT RATE II ADDL DV EVID"
    rows = (f"1 {time} {amount!r} {rate!r} {interval} {additional} . 1", f"1 {time} . . . . {value!r} 0")
    for unit in ("h", "d"):
        try:
            made = read_event_text(table(header, *rows), "data.csv", time_unit=unit)
        except FileError as error:
            assert "takes more than" in str(error) or "without II" in str(error) or "RATE is" in str(error)
            continue
        assert unnumbered(again(made)) == unnumbered(made)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"text": "5"}, "time '0' would read back as"),
        ({"value": float("nan")}, "value 'nan' would read back as nothing"),
        ({"kind": "NA"}, "kind 'NA' would read back as nothing"),
        ({"kind": "a\nb"}, "goes over several lines"),
        ({"amount": -1.0, "evid": DOSE}, "a dose is positive"),
        ({"amount": 3.0}, "amount '3.0' would read back as '0.0'"),
        ({"interval": Fraction(1, 7), "evid": DOSE, "amount": 1.0}, "interval '1/7' would read back as"),
    ],
)
def test_records_that_a_table_cannot_hold_are_refused(change: dict[str, object], words: str) -> None:
    plain = Record(2, "0", Fraction(0), Fraction(0))
    made = EventTable("mine", "h", (Subject("1", (replace(plain, **change),)),))  # type: ignore[arg-type]
    with pytest.raises(PkpdError) as caught:
        write_events(made)
    assert words in str(caught.value)


def test_subjects_and_covariates_that_a_table_cannot_hold_are_refused() -> None:
    made = read("ID TIME WT", "1 0 3")
    (subject,) = made.subjects
    for wrong in (
        replace(made, subjects=(subject, subject)),
        replace(made, subjects=(Subject("", subject.records),)),
        replace(made, subjects=(Subject(" 1", subject.records),)),
        replace(made, subjects=(Subject("2", ()), subject)),
        replace(made, covariates=("TIME",)),
        replace(made, covariates=("rate",)),
    ):
        with pytest.raises(FileError, match=r"data\.csv .*cannot be written"):
            write_events(wrong)
