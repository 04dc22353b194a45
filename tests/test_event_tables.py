"""Event tables as users have them: every way of writing one is read, and what makes no sense is named by its line."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from event_cases import read, record

from pkpd.errors import FileError
from pkpd.exchange.events import cells
from pkpd.exchange.events.columns import FIELDS
from pkpd.exchange.events.reading import read_event_text, read_events
from pkpd.exchange.events.record import Record

HOUR = Fraction(1, 24)
FULL = "ID TIME DV AMT EVID CMT RATE DUR II ADDL SS MDV CENS LIMIT DVID UNIT WT"
# what every spelling below says: one dose, one value below 0.5, one time without a value
ROWS = (
    ("7", "0", ".", "100", "1", "1", "70"),
    ("7", "1.5", "0.5", ".", "0", "2", "70"),
    ("7", "3", ".", ".", "0", "2", "NA"),
)


# --- spellings


def as_lines(separator: str, header: tuple[str, ...]) -> str:
    return "\n".join(separator.join(row) for row in (header, *ROWS)) + "\n"


def quoted(separator: str) -> str:
    return "\n".join(separator.join(f'"{cell}"' for cell in row) for row in (PLAIN, *ROWS)) + "\n"


PLAIN = ("ID", "TIME", "DV", "AMT", "EVID", "CMT", "WT")
SPELLINGS = {
    "commas": as_lines(",", PLAIN),
    "semicolons": as_lines(";", PLAIN),
    "tabs": as_lines("\t", PLAIN),
    "blanks": as_lines("   ", PLAIN),
    "blanks before and a comma": as_lines(" , ", PLAIN),
    "lower case": as_lines(",", ("id", "time", "dv", "amt", "evid", "cmt", "WT")),
    "aliases": as_lines(",", ("Subject", "t", "Conc", "dose", "Evid", "ADM", "WT")),
    "byte-order mark and Windows": "\ufeff" + as_lines(",", PLAIN).replace("\n", "\r\n"),
    "old Mac": as_lines(",", PLAIN).replace("\n", "\r"),
    "no last line end": as_lines(",", PLAIN).rstrip("\n"),
    "comments and empty lines": "# made today\n\n" + as_lines(",", PLAIN).replace("7,3", "#7,2,5\n\n7,3"),
    "quotes": quoted(","),
    "quotes between blanks": quoted("  "),
    "a spreadsheet's empty cells": as_lines(",", PLAIN).replace("\n", ",,\n") + ",,,,,,,,\n",
    "empty for missing": as_lines(",", PLAIN).replace(",.", ",").replace("NA", ""),
    "NaN for missing": as_lines(",", PLAIN).replace(",.", ",NaN"),
    "NONMEM's comment column": "C,"
    + as_lines(",", PLAIN).replace("\n7", "\n.,7").replace(".,7,3", "C,7,2,,,,,\n.,7,3"),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_is_the_same_table(name: str) -> None:
    found = read_event_text(SPELLINGS[name], "data.csv", time_unit="h")
    (subject,) = found.subjects
    shown = [(r.time, r.evid, r.amount, r.compartment, r.value, r.covariates) for r in subject.records]
    assert (subject.id, found.covariates, found.time_unit) == ("7", ("WT",), "h")
    assert shown == [
        (0, 1, 100.0, "1", None, (70.0,)),
        (Fraction(3, 2) * HOUR, 0, 0.0, "2", 0.5, (70.0,)),
        (3 * HOUR, 0, 0.0, "2", None, (None,)),
    ]


def test_every_column_means_what_it_says() -> None:
    row = "a 6 . 50 4 depot 5 . 12 3 1 1 0 . 2 mg 80"
    assert record(FULL, row) == Record(
        line=2,
        text="6",
        time=6 * HOUR,
        clock=6 * HOUR,
        evid=4,
        amount=50.0,
        unit="mg",
        compartment="depot",
        rate=5.0,
        interval=12 * HOUR,
        additional=3,
        steady_state=1,
        kind="2",
        covariates=(80.0,),
    )
    seen = record(FULL, "a 6 0.5 . 0 2 . . . . . 0 1 0.1 1 . .")
    assert (seen.value, seen.censored, seen.limit, seen.kind, seen.covariates) == (0.5, 1, 0.1, "1", (None,))


ALIASED = {
    "DV": ("3", ""),
    "AMT": ("9", ""),
    "EVID": ("2", ""),
    "CMT": ("2", ""),
    "RATE": ("-1", "AMT"),
    "DUR": ("4", "AMT"),
    "II": ("8", "AMT"),
    "ADDL": ("2", "AMT II"),
    "SS": ("1", "AMT II"),
    "MDV": ("1", "DV"),
    "CENS": ("1", "DV"),
    "LIMIT": ("1", "DV CENS"),
    "DVID": ("2", ""),
    "UNIT": ("mg", "AMT"),
}
SIDE = {"AMT": "9", "II": "8", "DV": "3", "CENS": "1"}


@pytest.mark.parametrize("field", ALIASED)
def test_each_name_of_a_field_is_read_alike(field: str) -> None:
    value, beside = ALIASED[field]
    row = " ".join(["1", "0", *(SIDE[name] for name in beside.split()), value])
    found = [record(f"ID TIME {beside} {name.title()}", row) for name in FIELDS[field]]
    assert all(other == found[0] for other in found)
    nothing = record(f"ID TIME {beside}", row.rpartition(" ")[0])
    assert found[0] != nothing


def test_the_own_name_of_a_field_wins_over_another() -> None:
    found = read("ID TIME AMT DOSE DV CONC", "1 0 5 100 . 3")
    assert found.subjects[0].records[0].amount == 5.0
    assert found.covariates == ("DOSE", "CONC")


def test_further_columns_are_covariates_where_they_are_numbers() -> None:
    found = read("ID TIME WT SEX ARM", "1 0 70 . a", "1 1 NA . b")
    assert (found.covariates, found.unused) == (("WT", "SEX"), ("ARM",))
    assert "line 2 has 'a'" in found.notes[0]
    assert [r.covariates for r in found.subjects[0].records] == [(70.0, None), (None, None)]


def test_without_id_there_is_one_subject() -> None:
    (subject,) = read("TIME AMT", "0 5", "1 0").subjects
    assert (subject.id, len(subject.records)) == ("1", 2)


def test_ids_are_texts() -> None:
    found = read("ID TIME", "01-A 0", "01-A 1", "1 0", "1.0 0")
    assert [subject.id for subject in found.subjects] == ["01-A", "1", "1.0"]


def test_minus_99_is_a_number() -> None:
    assert record("ID TIME DV", "1 0 -99").value == -99.0


# --- time


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("ID,TIME_H\n1,6\n", "", Fraction(1, 4)),
        ("ID,TIME(h)\n1,6\n", "", Fraction(1, 4)),
        ("ID,Time (hours)\n1,6\n", "h", Fraction(1, 4)),
        ("ID TIME [d]\n1 6\n", "", Fraction(6)),
        ("ID,TIME_DAYS\n1,6\n", "days", Fraction(6)),
        ("ID,TIME_HOURS\n1,6\n", "", Fraction(1, 4)),
        ("# time: h\nID,TIME\n1,6\n", "", Fraction(1, 4)),
        ("#Time: Days\nID,TIME\n1,6\n", "d", Fraction(6)),
        ("ID,TIME\n1,0.1\n", "d", Fraction(1, 10)),
        ("ID,TIME\n1,1e-3\n", "h", Fraction(1, 24000)),
        ("ID,TIME\n1,-24\n", "h", Fraction(-1)),
    ],
)
def test_time_is_exact_in_the_unit_declared(text: str, unit: str, expected: Fraction) -> None:
    found = read_event_text(text, "data.csv", time_unit=unit).subjects[0].records[0]
    assert found.time == found.clock == expected
    assert found.text == text.splitlines()[-1].replace(" ", ",").split(",")[1]


def test_a_rate_is_per_hour_and_lengths_are_days() -> None:
    header = "ID TIME AMT RATE II ADDL"
    assert record(header, "1 0 10 12 2 1", "d").rate == 0.5
    assert record(header, "1 0 10 12 2 1", "d").interval == 2
    assert record(header, "1 0 10 12 2 1", "h").rate == 12.0
    assert record("ID TIME AMT DUR", "1 0 10 3", "h").duration == Fraction(1, 8)


def test_a_reset_may_start_time_again_and_the_clock_goes_on() -> None:
    rows = ("1 0 5 1", "1 10 . 0", "1 0 . 3", "1 4 . 0", "1 2 5 4", "1 3 . 0", "2 1 . 0")
    first, second = read("ID TIME AMT EVID", *rows).subjects
    assert [r.clock / HOUR for r in first.records] == [0, 10, 10, 14, 14, 15]
    assert [r.time / HOUR for r in first.records] == [0, 10, 0, 4, 2, 3]
    assert second.records[0].clock == HOUR


# --- kinds of record


@pytest.mark.parametrize(
    ("header", "row", "evid"),
    [
        ("ID TIME AMT", "1 0 5", 1),
        ("ID TIME AMT", "1 0 0", 0),
        ("ID TIME AMT", "1 0 .", 0),
        ("ID TIME AMT RATE SS", "1 0 0 2 1", 1),
        ("ID TIME DV MDV", "1 0 0 1", 2),
        ("ID TIME DV AMT MDV", "1 0 7 5 1", 1),
        ("ID TIME AMT EVID", "1 0 5 .", 1),
        ("ID TIME EVID", "1 0 2.0", 2),
    ],
)
def test_evid_is_given_or_inferred(header: str, row: str, evid: int) -> None:
    assert record(header, row).evid == evid


def test_infusions_are_given_or_modelled() -> None:
    header = "ID TIME AMT RATE DUR"
    found = [
        record(header, f"1 0 5 {rate} {over}") for rate, over in (("2", "0"), ("0", "3"), ("-1", "."), ("-2", "."))
    ]
    assert [(r.rate, r.duration, r.modelled) for r in found] == [
        (2.0, None, ""),
        (None, 3 * HOUR, ""),
        (None, None, "rate"),
        (None, None, "duration"),
    ]


@pytest.mark.parametrize(("cell", "expected"), [("0", ""), (".", ""), ("2", "2"), ("2.0", "2"), ("gut", "gut")])
def test_compartments(cell: str, expected: str) -> None:
    assert record("ID TIME AMT CMT", f"1 0 5 {cell}").compartment == expected


def test_missing_values_have_no_value_and_censored_ones_a_side() -> None:
    header = "ID TIME DV MDV CENS LIMIT"
    rows = ("1 0 5 1 1 .", "1 1 5 0 -1 9", "1 2 . 0 0 .")
    found = read(header, *rows).subjects[0].records
    assert [(r.value, r.censored, r.limit) for r in found] == [(None, 0, None), (5.0, -1, 9.0), (None, 0, None)]


@pytest.mark.parametrize(
    ("text", "unit", "units"),
    [
        ("ID,TIME,AMT\n1,0,5\n1,1,6\n", "mg", ["mg", "mg"]),
        ("ID,TIME,AMT (MIU)\n1,0,5\n1,1,6\n", "", ["MIU", "MIU"]),
        ("ID,TIME,DOSE_MIU\n1,0,5\n1,1,6\n", "", ["MIU", "MIU"]),
        ("# amount: nmol\nID,TIME,AMT\n1,0,5\n1,1,6\n", "nmol", ["nmol", "nmol"]),
        ("ID,TIME,AMT,AMTU\n1,0,5,ug\n1,1,6,.\n", "mg", ["ug", "mg"]),
        ("ID,TIME,AMT\n1,0,5\n1,1,0\n", "", ["", ""]),
    ],
)
def test_units_of_amounts(text: str, unit: str, units: list[str]) -> None:
    found = read_event_text(text, "data.csv", time_unit="h", amount_unit=unit)
    assert [r.unit for r in found.subjects[0].records] == units


def test_notes_count_what_has_no_effect() -> None:
    found = read("C ID TIME AMT II ADDL EVID", ". 1 0 5 12 . 1", "C 1 1 5 . 2 1", ". 1 2 . 12 3 0")
    assert found.notes == (
        "1 row with a C in the column C was skipped",
        "II has no effect on 1 dose without ADDL or SS",
        "RATE, DUR, II, ADDL or SS of 1 record that gives no dose was not used",
    )


def test_a_column_c_of_numbers_is_a_covariate() -> None:
    assert read("ID TIME C", "1 0 3.5").covariates == ("C",)


# --- files


def test_a_file_is_read_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"\xef\xbb\xbfID,TIME\r\n1,0\r\n")
    assert read_events(path, time_unit="h").origin == "data.csv"
    assert read_events(str(path), time_unit="h", origin="mine") == read_event_text(
        "ID,TIME\n1,0", "mine", time_unit="h"
    )


def test_files_that_are_no_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"\xff\xfeI\x00D\x00")
    with pytest.raises(FileError, match="is not a table in UTF-8"):
        read_events(path)
    for wrong in (tmp_path, tmp_path / "none.csv", "a\0b"):
        with pytest.raises(FileError):
            read_events(wrong)
    monkeypatch.setattr(cells, "MAX_BYTES", 3)
    with pytest.raises(FileError, match="split it by ID"):
        read_events(path)
