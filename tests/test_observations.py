"""Tables of observations: every column read, courses shared, studies and cohorts merged, foreign tables taken."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from pathlib import Path

import pytest
from commands import parameter, parameter_file, study_file
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.dosing.library import load_schedule
from pkpd.errors import StudyError
from pkpd.studies.library import load_observations
from pkpd.studies.observation import Observation, Observations
from pkpd.studies.study import load_study

EVIDENCE = Path(__file__).parent / "data" / "evidence" / "immune_responses.csv"
REGIMEN = "1 MIU daily x5"
HEAD = "regimen,output,form,day,value\n"
# Every column that a table can have, with what it makes of a row.
TOLD = {
    "study": ("mine", "mine"),
    "arm": ("low", "low"),
    "id": ("P1", "P1"),
    "n": ("1", 1),
    "regimen": (REGIMEN, REGIMEN),
    "output": ("treg", "treg"),
    "form": ("count", "count"),
    "statistic": ("median", "median"),
    "day_from": ("4", 4.0),
    "day_to": ("6.5", 6.5),
    "visits": ("6; 4", (4.0, 6.0)),
    "timing": ("maximum", "maximum"),
    "side": ("post", "post"),
    "value": ("7e1", 70.0),
    "low": ("36.5", 36.5),
    "high": ("97.6", 97.6),
    "spread": ("IQR", "IQR"),
    "spread_value": ("", None),
    "unit": ("cells/uL", "cells/uL"),
    "bound": (">", ">"),
    "role": ("check", "check"),
    "log_se": (".24", 0.24),
    "confidence": ("B", "B"),
    "source": ("my notebook, page 3", "my notebook, page 3"),
    "where": ("table 2", "table 2"),
}
ARMS = (
    '[arms.low]\nschedule = "0.5 MIU daily x5"\n',
    '[arms.high]\nschedule = "1 MIU/m2 daily x5"\n' + parameter("arms.high.parameters.bsa", 16000, "cm2"),
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(text: str, name: str = "cohort.csv") -> Observations:
    Path(name).write_text(text, encoding="utf-8")
    return load_observations(name)


# --- one file alone


def test_every_column_is_read() -> None:
    cells = {name: cell for name, (cell, _) in TOLD.items()} | {"bsa": "1.7", "weight": "62"}
    table = io.StringIO()
    writer = csv.DictWriter(table, list(cells))
    writer.writeheader()
    writer.writerow(cells)
    found = written(table.getvalue())
    row = asdict(found.rows[0])
    assert {name: row.pop(name) for name in TOLD} == {name: value for name, (_, value) in TOLD.items()}
    # what no column says; a field that is new in a row needs a column or an entry here
    assert row == {"course": 0, "reason": "", "origin": "cohort.csv line 2"}
    (course,) = found.courses
    assert (course.study, course.arm, course.regimen, course.bsa, course.weight) == ("mine", "low", REGIMEN, 1.7, 62.0)
    assert course.schedule == load_schedule(REGIMEN) and not course.parameters


@pytest.mark.parametrize(("name", "sizes"), [("bsa", (1.8, 1.9)), ("weight", (70, 71))])
def test_a_patient_has_one_size(here: Path, name: str, sizes: tuple[float, float]) -> None:
    def cohort(*rows: str) -> None:
        head = f"arm,id,regimen,output,form,day,value,{name}\n"
        (here / "cohort.csv").write_text(head + "".join(f"{row}\n" for row in rows))

    a, b = sizes
    cohort(f"x,P1,none,nk,fold,3,2,{a}", "x,P1,none,nk,fold,4,2,", f"x,P1,none,nk,fold,5,2,{b}")
    with pytest.raises(StudyError, match=rf"line 4: {name} of id 'P1' is {b}, and cohort\.csv line 2 says {a}; "):
        load_observations("cohort.csv")
    # another patient, another arm, a mean
    cohort(f"x,P1,none,nk,fold,3,2,{a}", f"x,P2,none,nk,fold,3,2,{b}", f"y,P1,none,nk,fold,3,2,{b}")
    load_observations("cohort.csv")
    cohort(f"x,,none,nk,fold,3,2,{a}", f"x,,none,nk,fold,4,2,{b}")
    load_observations("cohort.csv")


def test_what_is_not_said_is_the_default() -> None:
    (row,) = written(HEAD + f"{REGIMEN},nk,fold,3,2\n").rows
    assert row == Observation(
        "cohort", "nk", "fold", 2.0, regimen=REGIMEN, day_from=3.0, day_to=3.0, course=0, origin="cohort.csv line 2"
    )


@settings(deadline=None, derandomize=True, max_examples=30)
@given(
    order=st.permutations(["regimen", "output", "form", "day", "value", "n", "where"]),
    separator=st.sampled_from([",", ";", "\t"]),
    mark=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
)
def test_the_layout_of_the_file_does_not_matter(
    order: list[str], separator: str, mark: bool, end: str, last: bool
) -> None:
    """Order of columns, separator, byte-order mark, line ends, a missing last one, empty lines, quoted line breaks."""
    told = {"regimen": REGIMEN, "output": "treg", "form": "fold", "day": "5", "n": "7", "where": 'a "b", c; d\te\nf'}
    lines = io.StringIO(newline="")
    writer = csv.DictWriter(lines, order, delimiter=separator, lineterminator=end)
    writer.writeheader()
    lines.write(end)
    writer.writerow(told | {"value": "2.5"})
    lines.write(separator * (len(order) - 1) + end)
    writer.writerow(told | {"value": "1.5", "day": "9"})
    text = lines.getvalue() if last else lines.getvalue().removesuffix(end)
    Path("cohort.csv").write_bytes((b"\xef\xbb\xbf" if mark else b"") + text.encode())
    rows = load_observations("cohort.csv").rows
    assert [(r.day_from, r.value, r.n, r.where) for r in rows] == [
        (5, 2.5, 7, told["where"]),
        (9, 1.5, 7, told["where"]),
    ]
    # the first text spans two lines, after a header and an empty line; then come cells that are all empty
    assert [r.origin for r in rows] == ["cohort.csv line 3", "cohort.csv line 6"]


def test_rows_that_are_no_number_are_kept_with_a_reason() -> None:
    found = written(
        "regimen,output,form,day,value,low,high,bound,role\n"
        f"{REGIMEN},treg,fold,1,,,,qualitative,check\n"
        f"{REGIMEN},treg,fold,2,,4,6,range,check\n"
        f"{REGIMEN},treg,fold,3,,,,=,fit\n"
        ",treg,fold,4,2,,,>,check\n"
        f"{REGIMEN},treg,fold,,2,,,=,design\n"
        f"{REGIMEN},treg,fold,5,2,,,=,fit\n"
    )
    assert [r.reason for r in found.rows] == [
        "a statement in words",
        "",
        "",
        "no regimen is given",
        "no day is given",
        "",
    ]
    assert [r.course for r in found.rows] == [-1, 0, 0, -1, -1, 0]
    assert [r.day_from for r in found.only("fit", "check", "design").rows] == [5.0]


def test_what_is_no_number_may_stand_in_many_words() -> None:
    row = f"{REGIMEN},nk,fold,1,,qualitative,check"
    found = written(f"regimen,output,form,day,value,bound,role,where\n{row},it rises\n{row},it stays up\n")
    assert [r.where for r in found.rows] == ["it rises", "it stays up"]


def test_one_course_for_all_who_got_the_same() -> None:
    found = written(
        "arm,id,regimen,output,form,day,value,bsa\n"
        f"a,1,{REGIMEN},nk,fold,1,1,\n"
        f"a,2,1 MIU daily x 5,nk,fold,1,1,\n"  # the same doses in other words
        f"a,3,2 MIU daily x5,nk,fold,1,1,\n"
        f"b,4,{REGIMEN},nk,fold,1,1,\n"
        f"a,5,{REGIMEN},nk,fold,1,1,1.6\n"
        f"a,5,{REGIMEN},nk,fold,2,1,1.60\n"
    )
    assert [r.course for r in found.rows] == [0, 0, 1, 2, 3, 3]
    assert [(c.arm, c.bsa) for c in found.courses] == [("a", None), ("a", None), ("b", None), ("a", 1.6)]


def test_a_thousand_rows_of_a_long_course_are_read_at_once() -> None:
    rows = "".join(f"1 MIU daily x400,nk,fold,{day},1\n" for day in range(1000))
    found = written(HEAD + rows)
    assert len(found.rows) == 1000 and len(found.courses) == 1


# --- beside a study


def test_a_study_takes_the_table_beside_it(here: Path) -> None:
    more = "count_scale = 0.4\n" + 'source = "hao2020"\n'
    (here / "mine.toml").write_text(study_file(*ARMS, more=more))
    (here / "mine.csv").write_text(
        "arm,id,regimen,output,form,day,value,source\n"
        "low,,,nk,fold,5,2,\n"
        "high,,1 MIU/m2 daily x 5,nk,fold,5,3,feng2019; assumed\n"
        f"high,P1,{REGIMEN},nk,fold,5,4,assumed\n"
    )
    study = load_study("mine.toml")
    assert study.count_scale == 0.4
    assert [(o.study, o.arm, o.regimen, o.source) for o in study.observations] == [
        ("mine", "low", "0.5 MIU daily x5", "hao2020"),
        ("mine", "high", "1 MIU/m2 daily x5", "feng2019; assumed"),
        ("mine", "high", REGIMEN, "assumed"),  # one patient may depart from the arm
    ]
    by_study, by_table = load_observations("mine.toml"), load_observations(here / "mine.csv")
    assert by_study.rows == by_table.rows
    assert by_study.count_scale == (("mine", 0.4),)
    assert [r.course for r in by_study.rows] == [0, 1, 2]
    # 16000 cm2 of the arm are 1.6 m2; decimals of a conversion need not come out to the last bit
    assert [c.bsa for c in by_study.courses] == [None, pytest.approx(1.6, rel=1e-12), pytest.approx(1.6, rel=1e-12)]
    assert "bsa" in by_study.courses[1].parameters and not by_study.courses[0].parameters
    assert by_study.courses[0].schedule == study.arms[0].schedule


def test_the_only_arm_need_not_be_named(here: Path) -> None:
    (here / "mine.toml").write_text(study_file(more=parameter("parameters.weight", 70, "kg")))
    (here / "mine.csv").write_text("output,form,day,value,weight\nnk,fold,3,2,\nnk,fold,7,2,55\n")
    found = load_observations("mine.toml")
    assert [(r.arm, r.regimen) for r in found.rows] == [("one", "1 MIU daily x3")] * 2
    assert [c.weight for c in found.courses] == [70.0, 55.0]


def test_a_study_without_a_table_has_none(here: Path) -> None:
    (here / "mine.toml").write_text(study_file())
    assert load_study("mine.toml").observations == () and load_study("mine.toml").count_scale == 0
    found = load_observations("mine.toml")
    assert (found.rows, found.courses, found.count_scale) == ((), (), ())


def test_a_table_beside_another_kind_of_file_stands_alone(here: Path) -> None:
    for text in (parameter_file(), "[project]\n", "no TOML at all ="):
        (here / "cohort.toml").write_text(text)
        assert written(HEAD + f"{REGIMEN},nk,fold,3,2\n").studies == ("cohort",)


def test_files_are_merged_in_their_order(here: Path) -> None:
    (here / "mine.toml").write_text(study_file())
    (here / "mine.csv").write_text("output,form,day,value\nnk,fold,3,2\n")
    (here / "two.csv").write_text("study," + HEAD + f"b,{REGIMEN},nk,fold,3,2\na,{REGIMEN},nk,fold,3,2\n")
    found = load_observations("two.csv", "mine.toml")
    assert found.studies == ("b", "a", "mine")
    assert [r.course for r in found.rows] == [0, 1, 2]
    assert [found.courses[r.course].study for r in found.rows] == ["b", "a", "mine"]


# --- the columns of another program


def test_a_foreign_table_is_read_with_its_courses() -> None:
    """The tests' own copy of published responses, whose columns name analytes and doses instead of outputs."""
    found = load_observations(EVIDENCE)
    lines = EVIDENCE.read_text("utf-8").count("\n")
    assert len(found.rows) == lines - 1
    fit = found.only("fit").rows
    assert fit and all(row.course >= 0 and not row.reason for row in fit)
    assert all(found.courses[row.course].study == row.study for row in fit)
    assert all((row.course < 0) == bool(row.reason) for row in found.rows)
