"""Event tables that make no sense are refused in one sentence with the line, and any text is a table or a refusal."""

from __future__ import annotations

import math
import time

import pytest
from event_cases import table
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.errors import FileError, PkpdError
from pkpd.exchange.events.columns import FIELDS
from pkpd.exchange.events.reading import read_event_text
from pkpd.exchange.events.record import EventTable


def refused(text: str, *, time_unit: str = "h", amount_unit: str = "") -> str:
    """The message with which a text is refused: one sentence."""
    with pytest.raises(FileError) as caught:
        read_event_text(text, "data.csv", time_unit=time_unit, amount_unit=amount_unit)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


# --- refusals: the header above, a row below, and words of the message


H = "ID TIME AMT EVID RATE DUR II ADDL SS CMT"
FAULTS = [
    ("1 0 . 1 . . . . . .", "EVID 1 is a dose but has no AMT"),
    ("1 0 0 4 . . . . . .", "EVID 4 is a dose but has AMT 0"),
    ("1 0 0 1 5 . 12 . 1 .", "EVID 1 is a dose but has AMT 0"),
    ("1 0 -5 1 . . . . . .", "AMT is -5"),
    ("1 0 5 0 . . . . . .", "AMT is 5 with EVID 0"),
    ("1 0 5 3 . . . . . .", "or 4 to reset"),
    ("1 0 1e31 1 . . . . . .", "AMT is 1e+31"),
    ("1 0 5 1 -3 . . . . .", "RATE is -3"),
    ("1 0 5 1 -1.5 . . . . .", "RATE is -1.5"),
    ("1 0 5 1 . -2 . . . .", "DUR is"),
    ("1 0 5 1 2 3 . . . .", "both a RATE and a DUR"),
    ("1 0 5 1 1e-9 . . . . .", "takes more than"),
    ("1 0 5 1 . . . 2.5 . .", "ADDL is '2.5'; it is a whole number"),
    ("1 0 5 1 . . 12 -1 . .", "ADDL is -1"),
    ("1 0 5 1 . . . 2 . .", "ADDL is 2 without II"),
    ("1 0 5 1 . . -12 . . .", "II is -0.5 d"),
    ("1 0 5 1 . . 9000 99999 . .", "check ADDL and II"),
    ("1 0 5 1 . . 12 . 3 .", "SS is 3; it is 0, 1 or 2"),
    ("1 0 5 1 . . 0 . 1 .", "write the interval in II"),
    ("1 0 5 5 . . . . . .", "EVID is 5; it is 0, 1, 2, 3 or 4"),
    ("1 0 5 -1 . . . . . .", "EVID is -1"),
    ("1 0 0 2 . . . . . -1", "CMT -1 asks to switch a compartment off"),
    ("1 0 5 1 . . . . . 1.5", "CMT is '1.5'"),
    ("1 13:30 5 1 . . . . . .", "write the hours since the first dose"),
    ("1 2020-01-01 5 1 . . . . . .", "a clock time or a date"),
    ("1 1d 5 1 . . . . . .", "with a unit in a column in h; write 24"),
    ("1 . 5 1 . . . . . .", "TIME is missing"),
    ("1 inf 5 1 . . . . . .", "TIME is 'inf', which is not a number"),
    ("1 9e8 5 1 . . . . . .", "TIME is 9e8 in h"),
    ("1 0 5mg 1 . . . . . .", "write 5, and mg in a column UNIT"),
    ("1 0 1e999 1 . . . . . .", "too large"),
    ("1 0 five 1 . . . . . .", "AMT is 'five', which is not a number"),
    ("1 0 1_000 1 . . . . . .", "AMT is '1_000', which is not a number"),
    ("1 0 ٣ 1 . . . . . .", "which is not a number"),
    ("NA 0 5 1 . . . . . .", "has no ID"),
]


@pytest.mark.parametrize(("row", "words"), FAULTS)
def test_a_row_that_makes_no_sense_is_named(row: str, words: str) -> None:
    message = refused(table(H, "1 0 5 1 . . . . . .", row))
    assert message.startswith("data.csv line 3")
    assert words in message
    assert "(ID 1)" in message or "no ID" in message


OTHER_FAULTS = [
    (table("ID TIME DV", "1 0 <0.1"), "write 0.1 and 1 in a column CENS"),
    (table("ID TIME DV CENS", "1 0 . 1"), "CENS is 1 without DV"),
    (table("ID TIME DV CENS", "1 0 3 2"), "CENS is 2"),
    (table("ID TIME DV CENS LIMIT", "1 0 3 1 4"), "with CENS 1 LIMIT is below DV"),
    (table("ID TIME DV AMT", "1 0 3 4"), "AMT 4 and DV 3 but no EVID"),
    (table("ID TIME AMT UNIT", "1 0 3 mgg"), "did you mean 'mg'"),
    ("ID;TIME;AMT\n1;0,5;3\n", "with a decimal comma; write 0.5"),
    (table("ID TIME", "1 5", "1 4"), "line 3 (ID 1): TIME 4 is before 5 in line 2; sort the records of an ID by TIME"),
    (table("TIME", "5", "4"), "or add ID"),
    (table("ID TIME", "1 0", "2 0", "1 1"), "ID 1 has records up to line 2 and again from line 4"),
    (table("ID TIME WT wt", "1 0 3 4"), "names the column 'WT' 2 times (columns 3 and 4)".replace(" and ", ", ")),
    (table("ID TIME DOSE AMOUNT", "1 0 3 4"), "'DOSE' and 'AMOUNT' in its header, which all mean AMT"),
    (table("ID TIME TIME_H", "1 0 3"), "'TIME' and 'TIME_H'"),
    (table("ID TIMES AMT", "1 0 3"), "did you mean 'TIMES'"),
    (table("1 0 5", "1 1 5"), "no column TIME in its header; found are: 1, 0, 5"),
    ("ID,TIME\n1,0,5\n", "line 2 has 3 cells separated by commas where the header has 2"),
    ("ID TIME DV\n1 0\n", "write . for a missing value"),
    ('ID,TIME\n"1,0\n', "a quote that is not closed"),
    ('ID TIME\n"1 0\n', "a quote that is not closed"),
    ("", "is empty"),
    ("# only\n\n", "is empty"),
    ("ID,TIME\n1," + "0" * 300, "has a cell of 300 characters"),
    (",".join(["TIME", *map(str, range(1000))]), "names 1001 columns"),
    ("ID,TIME (min)\n1,0\n", "declares TIME in 'min'"),
    ("ID,TIME_D\n1,0\n", "the caller says h and the column 'TIME_D' says d"),
    ("# time: d\nID,TIME\n1,0\n", "the caller says h and a comment line says d"),
    ("ID,TIME,II (d)\n1,0,3\n", "the caller says h and the column 'II (d)' says d"),
    ("ID,TIME,RATE (mg/d)\n1,0,3\n", "the column 'RATE (mg/d)' says d"),
    ("ID,TIME,AMT (pills)\n1,0,3\n", "'pills' is not the unit of a dose"),
    ("ID,TIME,AMT (mg),RATE (g/h)\n1,0,3,1\n", "for doses in several units write a column UNIT"),
]


@pytest.mark.parametrize(("text", "words"), OTHER_FAULTS)
def test_a_table_that_makes_no_sense_is_named(text: str, words: str) -> None:
    message = refused(text)
    assert message.startswith("data.csv")
    assert words in message


def test_the_unit_of_time_must_be_said() -> None:
    said = "say --time-unit h or d (time_unit in Python), or name the column TIME_H or TIME_D"
    assert said in refused("ID,TIME\n1,0\n", time_unit="")
    assert "declares TIME in 'weeks'" in refused("ID,TIME\n1,0\n", time_unit="weeks")


# --- size


def test_a_large_table_is_read_in_a_few_seconds() -> None:
    rows = [f"{k // 100},{k % 100 * 0.75:g},{k % 97 / 7:.6f},.,0,2,0,{50 + k // 1000}" for k in range(100_000)]
    for k in range(0, 100_000, 100):
        rows[k] = f"{k // 100},0,.,100,1,1,1,{50 + k // 1000}"
    text = "\n".join(["ID,TIME,DV,AMT,EVID,CMT,MDV,WT", *rows])
    start = time.process_time()
    found = read_event_text(text, "data.csv", time_unit="h")
    spent = time.process_time() - start
    assert (len(found.subjects), sum(len(s.records) for s in found.subjects)) == (1000, 100_000)
    assert spent < 6  # it takes about 1 s; the rest is for a slow machine


# --- any text at all

CELL = st.sampled_from(
    [
        "0",
        "1",
        "2",
        "-1",
        "-2",
        "3.5",
        "12",
        ".",
        "NA",
        "",
        "1e400",
        "inf",
        "x",
        '"',
        "13:30",
        "5 mg",
        "0,5",
        "#",
        "C",
        "-0",
    ]
)
NAME = st.sampled_from([*FIELDS, "WT", "TIME_H", "TIME (d)", "AMT [mg]", "dose", "tau", "", "lloq", "DV (pM)"])


@st.composite
def tables(draw: st.DrawFn) -> str:
    names = ["TIME", "ID", *draw(st.lists(NAME, max_size=8, unique=True))]
    rows = draw(st.lists(st.lists(CELL, min_size=len(names), max_size=len(names)), max_size=5))
    mark = draw(st.sampled_from([",", ";", "\t", " "]))
    return "\n".join(mark.join(row) for row in [names, *rows])


@settings(deadline=None, derandomize=True, max_examples=400)
@given(st.one_of(st.text(), tables()), st.sampled_from(["", "h", "d"]))
def test_any_text_is_a_table_or_one_sentence(text: str, unit: str) -> None:
    try:
        found = read_event_text(text, "data.csv", time_unit=unit)
    except PkpdError as error:
        assert "\n" not in str(error)
        return
    assert isinstance(found, EventTable)
    for subject in found.subjects:
        clocks = [record.clock for record in subject.records]
        assert clocks == sorted(clocks)
        assert all(math.isfinite(record.amount) and record.amount >= 0 for record in subject.records)
        assert all(len(record.covariates) == len(found.covariates) for record in subject.records)
