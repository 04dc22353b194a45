"""`pkpd predict`: every row of a file in the table, beside a record of what it rests on."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from band_cases import draws, ship
from commands import pkpd, record, refused, rows, works

from pkpd.inference.uncertainty.draws import write_draws
from pkpd.parameters import load_parameters

EVIDENCE = Path(__file__).parent / "data" / "evidence" / "immune_responses.csv"
COLUMNS = ["study", "row", "output", "form", "predicted", "low90", "high90", "observed", "bound", "inside", "log_error"]
Z = 1.6448536269514722  # 5 % of a normal number lies beyond it
pytestmark = pytest.mark.usefixtures("here")


def test_the_evidence_file_comes_back_whole() -> None:
    said = pkpd("predict", str(EVIDENCE), "--output", "out")
    assert said.status == 0, said.err
    found = rows("out/predictions.csv")
    with EVIDENCE.open(newline="", encoding="utf-8") as file:
        given_rows = list(csv.DictReader(file))
    assert list(found[0]) == [*COLUMNS, "reason"] and len(found) == len(given_rows) == 21
    assert [r["study"] for r in found] == [r["study"] for r in given_rows]
    assert [r["row"] for r in found] == [str(k) for k in range(2, 23)]
    assert all(bool(r["predicted"]) != bool(r["reason"]) for r in found)
    assert sum(bool(r["predicted"]) for r in found) == 14
    for r in found:
        assert r["inside"] in ("yes", "no", "") and (r["bound"] == "=" and r["predicted"] != "") == bool(r["log_error"])
    assert "of 12 rows with a value " in said.out and "7 rows cannot be predicted (reasons above)" in said.out
    assert all(r["reason"] in said.out for r in found if r["reason"])


def write_cohort(name: str = "cohort.csv") -> None:
    lines = [f"mine,treg,fold,{day},{value},1 MIU daily x5\n" for day, value in ((4, 2.5), (7, 1.5))]
    text = "study,output,form,day,value,regimen\n" + "".join(lines)
    Path(name).write_text(text)


def test_command_writes_beside_its_record(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, None)
    write_cohort()
    said = pkpd("predict", "cohort.csv", "--model", "il2_minimal", "--between-studies", "0.2")
    assert said.status == 0 and "hold only the assumed spread between studies" in said.err
    (first, _) = rows("predictions.csv")
    assert math.log(float(first["high90"]) / float(first["low90"])) == pytest.approx(2 * Z * 0.2, rel=1e-6)
    kept = record("predictions.csv.run.json")
    assert kept["noise"]["between_studies"] == 0.2 and set(kept["observations"]) == {"cohort.csv"}
    before = Path("predictions.csv").read_bytes()
    works("predict", "cohort.csv", "--model", "il2_minimal", "--between-studies", "0.2")
    assert Path("predictions.csv").read_bytes() == before
    assert "is the record of a prediction" in refused("run", "--replay", "predictions.csv.run.json")


def test_foreign_files_are_not_replaced() -> None:
    write_cohort()
    Path("predictions.csv").write_text("mine\n")
    assert "was not written by pkpd" in refused("predict", "cohort.csv", "--model", "il2_minimal")


def test_draws_beside_the_parameters_are_used() -> None:
    write_cohort()
    Path("fit").mkdir()
    own = load_parameters("il2_minimal")
    own.write("fit/fitted.toml")
    command = ("predict", "cohort.csv", "--model", "il2_minimal", "--params", "fit/fitted.toml")
    said = pkpd(*command, "--output", "plain.csv")
    assert said.status == 0 and "there is no draws.csv beside fit/fitted.toml" in said.err
    Path("fit/draws.csv").write_bytes(write_draws(draws()))
    said = pkpd(*command, "--output", "wide.csv")
    assert said.status == 0 and "the draws in fit/draws.csv go with fit/fitted.toml" in said.err
    assert float(rows("wide.csv")[0]["high90"]) > 1.05 * float(rows("plain.csv")[0]["high90"])
    # what is set for the call is known
    said = pkpd(*command, "--output", "set.csv", "--set", "treg_growth=20", "--set", "nk_growth=60")
    assert said.status == 0 and "spread between studies, not that of the parameters" in said.err
    assert record("set.csv.run.json")["draws"] is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("predict",), "name one or more studies"),
        (("predict", "cohort.csv", "--output", ""), "--output takes a name"),
        (("predict", "cohort.csv", "--uncertainty", "nowhere.csv"), "nowhere.csv cannot be read"),
        (("predict", "cohort.csv", "--between-studies", "-1"), "between_studies is a log SD of 0 or more"),
        (("predict", "nowhere.csv"), "nowhere.csv"),
        (("predict", "cohort.csv", "--set", "treg_feedbak=1"), "did you mean 'treg_feedback'"),
        (("predict", "cohort.csv", "--params", "il2_minimal"), "il2_minimal"),
    ],
)
def test_command_refuses(arguments: tuple[str, ...], sentence: str) -> None:
    write_cohort()
    assert sentence in refused(*arguments)
