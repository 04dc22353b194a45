"""Foreign tables with a slip in them: a cell that is no number, a header misspelt."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from foreign_cases import PLAIN, one

from pkpd.errors import StudyError
from pkpd.inference.prediction import predict
from pkpd.studies.foreign.table import COLUMNS, is_foreign
from pkpd.studies.library import load_observations


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("abc", "'abc' is not a number"),
        ("nan", "'nan' is not a number"),
        ("1e999", "'1e999' is not a number"),
        ("70,9", "'70,9' has a decimal comma: write 70.9"),
        ("0,070", "'0,070' has a decimal comma: write 0.070"),
        ("> 70,9", "'70,9' has a decimal comma: write 70.9"),
        ("70,900", "'70,900' may be 70.900 or 70900: write one of them"),
    ],
)
def test_a_value_that_is_no_number_has_a_reason(value: str, reason: str) -> None:
    row = one(value=value)
    assert row.value is None and row.reason == reason
    assert row.output == "treg" and row.day_from == 5 and row.regimen


def test_an_empty_value_and_a_range_are_no_fault() -> None:
    assert one(value="").reason == "" and one(value="").value is None
    assert one(value="2-3").reason == "" and one(value="2-3").bound == "range"
    assert one(form="direction", value="up").reason == "a statement in words"
    assert "log_se as printed: 0,2" in one(log_se="0,2").where


def test_a_row_without_a_number_is_counted(tmp_path: Path) -> None:
    lines = [PLAIN | {"value": value} for value in ("2", "abc", "")]
    with (tmp_path / "mine.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(lines)
    good, bad, empty = predict(tmp_path / "mine.csv", "il2_minimal")
    assert good.predicted is not None and good.inside
    assert bad.predicted is None and bad.reason == "'abc' is not a number"
    assert empty.predicted is not None


@pytest.mark.parametrize("wrong", ["analite", "Analytes", "output"])
def test_a_misspelt_header_names_the_column(tmp_path: Path, wrong: str) -> None:
    names = [wrong if name == "analyte" else name for name in COLUMNS]
    (tmp_path / "mine.csv").write_text(",".join(names) + "\n" + ",".join(PLAIN.values()) + "\n")
    assert is_foreign(names)
    with pytest.raises(StudyError, match=r"mine\.csv lacks the column 'analyte'") as error:
        load_observations(tmp_path / "mine.csv")
    assert (f"did you mean '{wrong.lower()}'" in str(error.value)) is (wrong != "output")
