"""One schedule in one patient, and the model, parameters, schedules and studies that a user brings."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from commands import (
    MODEL_FILE,
    SCHEDULE_FILE,
    SHORT,
    SIZES,
    TABLES,
    column,
    parameter,
    parameter_file,
    printed,
    record,
    refused,
    rows,
    snapshot,
    study_file,
    works,
)

pytestmark = pytest.mark.usefixtures("here")


def test_simulate_writes_one_file_with_its_record(here: Path) -> None:
    options = ("--model", "il2_minimal", "--times", "0,1,2")
    works("simulate", "1 MIU daily x3", *options, "--csv", "long.csv")
    works("simulate", "1 MIU daily x3", *options, "--csv", "below/wide.csv", "--wide")
    assert set(snapshot(here)) == {
        *("long.csv", "long.csv.run.json", "below", "below/wide.csv", "below/wide.csv.run.json")
    }
    long, wide = rows("long.csv"), rows("below/wide.csv")
    assert list(long[0]) == ["arm", "id", "time", "side", "output", "value", "unit"]
    assert list(wide[0])[:4] == ["arm", "id", "time", "side"] and [row["time"] for row in wide] == ["0.0", "1.0", "2.0"]
    for name in list(wide[0])[4:]:
        assert [row[name] for row in wide] == [row["value"] for row in long if row["output"] == name]
    assert set(wide[0]) - {"arm", "id", "time", "side"} == {row["output"] for row in long}
    assert list(record("long.csv.run.json")["files"]) == ["long.csv"]
    # again, replaced; edited, refused
    works("simulate", "1 MIU daily x3", *options, "--csv", "long.csv", "--set", "treg_feedback=1")
    (here / "long.csv").write_text("mine\n")
    assert "was changed since" in refused("simulate", "1 MIU daily x3", *options, "--csv", "long.csv")


def test_the_record_of_a_lone_file_replays(here: Path) -> None:
    works("simulate", "1 MIU daily x3", "--model", "il2_minimal", "--times", "0,1,2", "--csv", "long.csv")
    works("check", "long.csv.run.json")
    works("run", "--replay", "long.csv.run.json", "--no-figures", "--output", "again")
    assert (here / "again" / "trajectories.csv").read_bytes() == (here / "long.csv").read_bytes()


def test_simulate_draws_and_writes_a_folder(here: Path) -> None:
    options = ("--model", "il2_minimal", "--days", "7")
    for kind, start in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
        works("simulate", "1 MIU daily x3", *options, "--plot", f"course.{kind}")
        assert (here / f"course.{kind}").read_bytes().startswith(start)
        assert list(record(f"course.{kind}.run.json")["files"]) == [f"course.{kind}"]
    said = works("simulate", "1 MIU daily x3", *options, "--output", "out")
    names = {path.name for path in (here / "out").iterdir()}
    tables = TABLES - {"bands.csv"}
    assert names >= tables and {Path(name).suffix for name in names - tables} == {".png", ".svg"}
    assert "out" in said
    works("run", "--replay", "out/run.json", "--no-figures")


def test_simulate_as_asked(here: Path) -> None:
    """Times come back bit for bit in the order asked, before or after the dose as asked."""

    def levels(*options: str) -> list[tuple[str, str, float]]:
        works("simulate", "1 MIU daily x3", "--model", "il2_minimal", *options, "--csv", "a.csv")
        return [(r["time"], r["side"], float(r["value"])) for r in rows("a.csv") if r["output"] == "drug"]

    pre = levels("--times", "2,0.1,1/3,1")
    assert [time for time, _, _ in pre] == ["2.0", "0.1", repr(1 / 3), "1.0"]
    post, both = levels("--times", "1,2", "--side", "post"), levels("--times", "1,1.5,2", "--side", "both")
    assert [side for _, side, _ in post] == ["post", "post"]
    assert [(time, side) for time, side, _ in both] == [
        *(("1.0", "pre"), ("1.0", "post"), ("1.5", "both"), ("2.0", "pre"), ("2.0", "post"))
    ]
    # one dose of 1 MIU lies between the two sides
    assert both[1][2] - both[0][2] == pytest.approx(1, abs=1e-9) and post[0][2] == pytest.approx(both[1][2], rel=1e-9)
    assert {time for time, _, _ in levels("--days", "3", "--step", "36h")} >= {"0.0", "1.5", "3.0"}
    assert levels("--days", "1wk", "--step", "7d")[-1][0] == "7.0"


def test_the_side_of_a_printed_visit_is_said(here: Path) -> None:
    """A table of values after the dose must not be headed as values before it."""
    (here / "own.py").write_text(MODEL_FILE)
    said = works("simulate", "1 MIU daily x3", "--model", "own.py:model", "--times", "0,1", "--side", "post")
    first = printed(said, "Before the dose, or at the visit")
    assert not first or first[0]["amount IU"] == 0


def test_very_short_runs(here: Path) -> None:
    for length in ("1min", "5min", "10min", "1h"):
        works("simulate", "1 MIU once", "--model", "il2_minimal", "--days", length)
    works("simulate", "1 MIU every 1min x3", "--model", "il2_minimal")
    works("simulate", "none", "--model", "il2_minimal")


# --- what a user brings


def test_a_user_s_own_model_runs_everywhere(here: Path) -> None:
    (here / "own.py").write_text(MODEL_FILE)
    own = ("--model", "own.py:model")
    assert re.search(r"d\(amount\)/dt = -.*(loss|amount)", works("model", "own.py:model"))
    assert r"\frac{d" in works("model", "own.py:model", "--latex")
    said = works("simulate", "1 MIU iv once", *own, "--times", "0,0.25,1", "--csv", "a.csv")
    # closed form; the solver's relative tolerance is 1e-6
    expected = [0.0, *(1e6 * math.exp(-0.3 * 24 * t) for t in (0.25, 1))]
    assert column("a.csv", "amount") == pytest.approx(expected, rel=1e-4)
    (exposure,) = printed(said, "Exposure (amount) after the first and last dose of each block") or [{}]
    assert not exposure or exposure["half-life h"] == pytest.approx(math.log(2) / 0.3, abs=0.06)
    said = works("run", "he2020", *own, "--days", "14", "--step", "1d", "--output", "out")
    assert {path.suffix for path in (here / "out").iterdir()} == {".csv", ".json", ".png", ".svg"}
    (here / "own.toml").write_text(parameter_file(parameter("elimination", 0.005, "1/min"), model="own.py:model"))
    assert "fits model mine" in works("check", "own.toml", *own)
    assert "elimination = 0.005 1/min" in works("model", "own.py:model", "--params", "own.toml")
    works("simulate", "1 MIU once", *own, "--params", "own.toml", "--times", "0,0.25,1", "--csv", "b.csv")
    assert column("b.csv", "amount") == pytest.approx(expected, rel=1e-4)
    works("simulate", "1 MIU once", *own, "--set", "elimination=0.005 1/min", "--times", "0,0.25,1", "--csv", "c.csv")
    assert column("c.csv", "amount") == pytest.approx(expected, rel=1e-4)
    works("check", "out/run.json", *own)
    works("references", "out/run.json")


def test_a_user_s_own_model_is_dosed_by_body_size(here: Path) -> None:
    """Body size is the patient's: a model need not use it for a dose per m2."""
    (here / "own.py").write_text(MODEL_FILE)
    (here / "mine.toml").write_text(study_file(*SIZES))
    for options in (
        ("simulate", "1 MIU/m2 once", "--bsa", "1.6", "--csv", "a.csv"),
        ("run", "mine.toml", "--no-figures"),
    ):
        works(*options, "--model", "own.py:model", "--times", "0,1")
    assert [float(row["given"]) for row in rows("results/mine/doses.csv")] == pytest.approx([1.2, 1.2, 2.4, 2.4])


def test_a_user_s_own_schedules(here: Path) -> None:
    (here / "own.toml").write_text(SCHEDULE_FILE)
    assert "twice: 1 MIU daily x2" in works("schedules", "own.toml")
    assert "2 doses" in works("schedule", "own.toml:twice")
    works("simulate", "own.toml:twice", "--model", "il2_minimal", "--times", "0,1", "--csv", "a.csv")
    (here / "mine.toml").write_text(study_file('[arms.one]\nschedule = "own.toml:twice"\n'))
    works("run", "mine.toml", *SHORT)
    assert len(rows("results/mine/doses.csv")) == 2
    works("check", "own.toml", "mine.toml", "a.csv.run.json")
    works("references", "own.toml")
