"""Wrong tables of observations: one clear sentence that names file and line, and the nearest valid thing."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import pkpd, put_files, study_file
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.errors import FileError, PkpdError, StudyError
from pkpd.studies.library import load_observations
from pkpd.studies.study import load_study

# A row that is right, and the columns a test may fill.
RIGHT = {"regimen": "1 MIU daily x5", "output": "treg", "form": "count", "day": "3", "value": "30"}

# What is changed in the row on line 3, and what the sentence must say.
WRONG: list[tuple[dict[str, str], str]] = [
    # numbers
    ({"value": "nan"}, "value is 'nan', which is not a finite number; leave the cell empty"),
    ({"value": "inf"}, "value is 'inf', which is not a finite number"),
    ({"value": "1e999"}, "value is '1e999', which is not a finite number"),
    ({"value": "many"}, "value is 'many', which is not a finite number"),
    ({"value": "1_000"}, "value is '1_000', which is not"),
    ({"value": "٣"}, "which is not a finite number"),
    ({"value": "0x10"}, "value is '0x10'"),
    ({"value": "__import__('os')"}, "which is not a finite number"),
    ({"value": "NA"}, "leave the cell empty where there is none"),
    ({"value": "<5"}, "write < in the column bound"),
    ({"value": '"4,5"'}, "decimal commas are not read; write 4.5"),
    ({"value": '"1,200"'}, "decimal commas are not read"),
    ({"log_se": '"0,25"'}, "log_se is '0,25', and decimal commas are not read"),
    ({"value": "-3"}, "value -3 is negative, and a count is 0 or more"),
    ({"value": "-3", "form": "level"}, "a level is 0 or more"),
    ({"value": "-3", "form": "fold"}, "a fold is 0 or more"),
    ({"value": "-3", "form": "ratio"}, "a ratio is 0 or more"),
    ({"value": "120", "form": "percent"}, "value 120 lies outside 0 to 100"),
    ({"value": "-1", "form": "percent"}, "value -1 lies outside 0 to 100"),
    ({"value": "-101", "form": "percent_change"}, "a percent_change is -100 or more"),
    ({"n": "0"}, "n is '0'; it is a whole number of patients, 1 or more"),
    ({"n": "2.5"}, "n is '2.5'"),
    ({"n": "-4"}, "n is '-4'"),
    ({"n": "NR"}, "n is 'NR', which is not a finite number"),
    ({"id": "P1", "n": "3"}, "id 'P1' is one patient, and n is 3"),
    ({"unit": "/uL"}, "write cells/uL"),
    ({"log_se": "0"}, "log_se is 0; it is above 0"),
    ({"log_se": "-0.2"}, "log_se is -0.2; it is above 0"),
    ({"bsa": "0"}, "bsa is 0; it is above 0"),
    ({"bsa": "160"}, "bsa is 160; it is above 0 and at most 5 m2"),
    ({"weight": "70000"}, "weight is 70000; it is above 0 and at most 500 kg"),
    # days
    ({"day": "-3"}, "day -3 lies before baseline: day 0 is the first dose, and samples taken before it are day 0"),
    ({"day": "99999"}, "the last day is 36525"),
    ({"day": ""}, "no day is given"),
    ({"day": "", "day_to": "3"}, "day_to is given without day_from"),
    ({"day_from": "3"}, "give either day or those"),
    ({"day": "", "day_from": "6", "day_to": "4", "timing": "mean"}, "from day 6 to day 4 ends before it starts"),
    ({"day": "", "day_from": "4", "day_to": "6"}, "a point has one day; say timing maximum, mean, trough or area"),
    ({"visits": "3"}, "a point has one day"),
    ({"timing": "area"}, "an area needs two days or more"),
    ({"day": "", "day_from": "4", "day_to": "6", "timing": "mean", "visits": "4;7"}, "the visit on day 7 lies outside"),
    ({"timing": "mean", "visits": "-1;3"}, "day -1 lies before baseline"),
    ({"timing": "mean", "visits": "3;;4"}, "a visit is '-', which is not a finite number"),
    ({"timing": "mean", "visits": "3;3"}, "visits '3;3' name a day twice"),
    # words
    ({"form": ""}, "form '' is none of count, level, percent, fold, percent_change, ratio"),
    ({"form": "persent"}, "did you mean 'percent'?"),
    ({"timing": "trouh"}, "did you mean 'trough'?"),
    ({"bound": ">="}, "did you mean '>'?"),
    ({"bound": "≤"}, "did you mean '<'?"),
    ({"role": "chek"}, "did you mean 'check'?"),
    ({"side": "prior"}, "side 'prior' is none of pre, post"),
    ({"spread": "sd", "spread_value": "3"}, "did you mean 'SD'?"),
    ({"output": ""}, "output is empty"),
    ({"regimen": ""}, "no regimen is given"),
    ({"regimen": "he2021"}, "did you mean 'he2020'?"),
    ({"regimen": "1 MIU dialy x5"}, "did you mean 'daily'?"),
    # spread
    ({"low": "20"}, "low is given without high"),
    ({"high": "40"}, "high is given without low"),
    ({"low": "40", "high": "20", "spread": "IQR"}, "low 40 lies above high 20"),
    ({"low": "31", "high": "40", "spread": "IQR"}, "value 30 lies outside its low 31 and high 40"),
    ({"low": "31", "high": "40", "spread": "SD"}, "value 30 lies outside"),
    ({"low": "20", "high": "29", "spread": "CI95"}, "value 30 lies outside"),
    ({"low": "20", "high": "40"}, "spread does not say what low and high is; it is one of SD, SE, IQR"),
    ({"spread_value": "3"}, "spread does not say what spread_value is"),
    ({"spread": "SD"}, "spread SD needs its number in spread_value"),
    ({"spread": "IQR", "spread_value": "9"}, "spread IQR is given by its low and high"),
    ({"spread": "log_SD", "low": "20", "high": "40"}, "spread log_SD is given by spread_value"),
    ({"spread": "SD", "spread_value": "0"}, "spread_value 0 was given; a spread is above 0"),
    # units
    ({"unit": "cells/ul"}, "'ul' is not a known unit"),
    ({"unit": "10^9/L"}, "10^9 per litre is 1000 cells/uL"),
    ({"unit": "pM; import os"}, "is not a unit"),
    ({"unit": "pM", "form": "percent"}, "a percent has the unit '%' or none, not 'pM'"),
    ({"unit": "%", "form": "fold"}, "a fold has the unit '1' or none, not '%'"),
    ({"unit": "%", "form": "ratio"}, "a ratio has the unit '1' or none, not '%'"),
    ({"day": "", "day_from": "4", "day_to": "6", "timing": "area", "form": "percent"}, "not of a percent"),
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(*rows: dict[str, str]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return "\n".join([",".join(columns), *(",".join(row.get(name, "") for name in columns) for row in rows)]) + "\n"


def refusal(text: str | bytes, name: str = "cohort.csv") -> str:
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(PkpdError) as error:
        load_observations(name)
    assert type(error.value) in (StudyError, FileError)
    return str(error.value)


@pytest.mark.parametrize(("change", "said"), WRONG)
def test_a_wrong_row_is_named(change: dict[str, str], said: str) -> None:
    right = RIGHT | {"day": "1"}
    sentence = refusal(table(right, RIGHT | change))
    assert sentence.startswith("cohort.csv line 3: ") and said in sentence, sentence
    assert "\n" not in sentence and len(sentence) < 300


def test_the_row_is_right_without_the_change() -> None:
    Path("cohort.csv").write_text(table(RIGHT | {"day": "1"}, RIGHT))
    assert [row.value for row in load_observations("cohort.csv").rows] == [30, 30]


def test_the_ends_of_the_scales_are_allowed() -> None:
    ends = [("count", "0"), ("percent", "0"), ("percent", "100"), ("percent_change", "-100"), ("ratio", "0")]
    Path("cohort.csv").write_text(
        table(*(RIGHT | {"form": f, "value": v, "day": v[-1] + f"{k}"} for k, (f, v) in enumerate(ends)))
    )
    assert len(load_observations("cohort.csv").rows) == len(ends)


def test_a_repeated_row_names_both_lines() -> None:
    other = [
        RIGHT | {key: value} for key, value in (("day", "4"), ("form", "fold"), ("output", "nk"), ("regimen", "none"))
    ]
    sentence = refusal(table(RIGHT, *other, RIGHT | {"value": "31", "regimen": "1 MIU daily x 5"}))
    assert sentence.startswith("cohort.csv line 7 repeats cohort.csv line 2: the same arm, regimen, id, output")
    columns = {"id": "P1", "arm": "a", "side": "post", "study": "other", "timing": "mean"}
    Path("cohort.csv").write_text(table(RIGHT, *(RIGHT | {key: value} for key, value in columns.items())))
    assert len(load_observations("cohort.csv").rows) == 1 + len(columns)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cohort.csv is empty: there are no observations"),
        ("\n \n", "there are no observations"),
        ("regimen,output,form,day,value\n", "no row below it: there are no observations"),
        ("regimen,output,form,day,value\n,,,,\n", "there are no observations"),
        ("regimen,output,form,day,value\nnone,treg,count,1\n", "line 2 has 4 cells where the header has 5"),
        ("regimen,output,form,day,value\nnone,treg,count,1,4,5\n", "line 2 has 6 cells where the header has 5; a text"),
        ("regimen;output;form;day;value\nnone;treg;count;1;4,5\n", "line 2: value is '4,5', and decimal commas"),
        ("regimen,output,form,day,value,\nnone,treg,count,1,4,5\n", "line 2: the cell '5' stands in a column without"),
        ("regimen,output,form,day,value,day\nnone,treg,count,1,4,5\n", "line 1: there are two columns 'day'"),
        ('regimen,output,form,day,value\n"none,treg,count,1,4\n', "line 2 is not valid CSV"),
        ("output,form,day,value\ntreg,count,1,4\n", "lacks the column 'regimen'"),
        ("regimen,form,day,value\nnone,count,1,4\n", "lacks the column 'output'"),
        ("regimen,output,day,value\nnone,treg,1,4\n", "lacks the column 'form'"),
        ("regimen,output,form,value\nnone,treg,count,4\n", "lacks the column 'day'"),
        ("regimen,output,form,day\nnone,treg,count,1\n", "lacks the column 'value'"),
        (bytes(range(256)), "cohort.csv is not a CSV file in UTF-8; save it from the spreadsheet as 'CSV UTF-8'"),
        ("regimen,output,form,day,value\nnone,µ,count,1,4\n".encode("latin-1"), "not a CSV file in UTF-8"),
        ("regimen,output,form,day,value\nnone,treg,count,1,4\n".encode("utf-16"), "not a CSV file in UTF-8"),
        (b"a,b\n\0,\0\n", "not a CSV file in UTF-8"),
    ],
)
def test_a_wrong_file_is_named(text: str | bytes, said: str) -> None:
    sentence = refusal(text)
    assert sentence.startswith("cohort.csv") and said in sentence, sentence


@pytest.mark.parametrize(("column", "said"), [("ouput", "did you mean 'output'?"), ("colour", "; columns are: study,")])
def test_an_unknown_column_is_named(column: str, said: str) -> None:
    sentence = refusal(table(RIGHT | {column: "1"}))
    assert sentence.startswith(f"cohort.csv has the unknown column '{column}'") and said in sentence


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    text=st.one_of(
        st.text(max_size=200),
        st.lists(st.text(alphabet="1.e-+,;\"'<>naif %\n\t\r", max_size=8), min_size=5, max_size=5).map(
            lambda cells: "regimen,output,form,day,value\n" + ",".join(cells)
        ),
    )
)
def test_any_text_is_read_or_refused(text: str) -> None:
    Path("any.csv").write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    try:
        found = load_observations("any.csv")
    except PkpdError as error:
        assert "any.csv" in str(error)
    else:
        assert found.rows


# --- beside a study


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "output,form,day,value\nnk,fold,3,2\n",
            "mine.csv line 2: arm is empty; the arms of study 'mine' are: low, high",
        ),
        ("arm,output,form,day,value\nx,nk,fold,3,2\n", "study 'mine' has no arm 'x'; its arms are: low, high"),
        ("arm,output,form,day,value\nhihg,nk,fold,3,2\n", "did you mean 'high'?"),
        ("study,arm,output,form,day,value\nours,low,nk,fold,3,2\n", "study is 'ours', but the file stands beside"),
        ("arm,output,form,day,value,source\nlow,nk,fold,3,2,hao2021\n", "did you mean 'hao2020'?"),
        (
            "arm,output,form,day,value,source\nlow,nk,fold,3,2,hao2020; mine\n",
            "source 'mine' is not in references.toml",
        ),
        ("arm,regimen,output,form,day,value\nlow,2 MIU once,nk,fold,3,2\n", "but arm 'low' of the study gets '1 MIU"),
        ("arm,output,form,day,value\n", "there are no observations"),
        ("arm,output,form,day,valeu\nlow,nk,fold,3,2\n", "did you mean 'value'?"),
    ],
)
def test_a_wrong_table_beside_a_study_is_named(here: Path, text: str, said: str) -> None:
    arms = (f'[arms.{name}]\nschedule = "{dose} MIU daily x3"\n' for name, dose in (("low", 1), ("high", 2)))
    (here / "mine.toml").write_text(study_file(*arms))
    (here / "mine.csv").write_text(text)
    for call in (load_study, load_observations):
        with pytest.raises(StudyError) as error:
            call("mine.toml")
        assert str(error.value).startswith("mine.csv") and said in str(error.value)


@pytest.mark.parametrize("value", ["-0.1", "true", '"0.3"', "nan", "inf", "9"])
def test_count_scale_is_a_log_sd(here: Path, value: str) -> None:
    (here / "mine.toml").write_text(study_file(more=f"count_scale = {value}"))
    with pytest.raises(StudyError, match=r"mine\.toml: count_scale is a log SD from 0 to 5, not "):
        load_study("mine.toml")


# --- several files, and names


def test_a_study_told_twice_is_refused(here: Path) -> None:
    (here / "mine.toml").write_text(study_file())
    (here / "mine.csv").write_text("output,form,day,value\nnk,fold,3,2\n")
    (here / "other.csv").write_text(table(RIGHT | {"study": "mine"}))
    with pytest.raises(StudyError, match=r"other\.csv holds the study 'mine', which the study mine holds too"):
        load_observations("mine.toml", "other.csv")
    with pytest.raises(StudyError, match="holds the study 'mine'"):
        load_observations("mine.toml", "mine.csv")


def test_names_of_nothing(here: Path) -> None:
    put_files(here)
    (here / "cohort.csv").write_text(table(RIGHT))
    wrong = {
        "cohrt.csv": "does not exist; did you mean 'cohort.csv'?",
        "nowhere/cohort.csv": "does not exist",
        "folder.csv": "does not exist",
        "x" * 300 + ".csv": "does not exist",
        "he202": "did you mean 'he2020'?",
        "": "neither a built-in name nor a file",
        "parameters.toml": "kind 'parameters' where one of kind 'study' is needed",
        "binary": "is not valid TOML",
    }
    (here / "folder.csv").mkdir()
    for name, said in wrong.items():
        with pytest.raises(FileError) as error:
            load_observations(name)
        assert said in str(error.value), name
    with pytest.raises(StudyError, match="no study or file was named"):
        load_observations()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": "-3"}, "line 2: value -3 is negative"),
        ({"output": "tregs"}, "line 2: model il2 has no output 'tregs'; did you mean 'treg'?"),
        ({"unit": "pM"}, "line 2: treg is in 'cells/uL', and 'pM' does not convert to it"),
    ],
)
def test_check_names_the_row(here: Path, change: dict[str, str], said: str) -> None:
    (here / "cohort.csv").write_text(table(RIGHT | change))
    done = pkpd("check", "cohort.csv", "he2020")
    assert done.status == 2 and done.out.startswith("he2020: a study of 2 arms")
    verdict, last = done.err.splitlines()
    assert verdict.startswith("cohort.csv: not valid: cohort.csv ") and said in verdict
    assert last.startswith("pkpd: 1 of 2 files")
