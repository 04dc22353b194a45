"""What the page is answered: the same numbers as the command line's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import MODEL_FILE, SCHEDULE_FILE, column, parameter, parameter_file, rows
from explore_cases import OFFER, SHORT, ran, told

from pkpd.app.answer import simulated
from pkpd.app.asked import Ask, AskError, read_ask
from pkpd.app.command import bands_command, command, commands
from pkpd.app.offered import offer
from pkpd.app.ranges import drawn_for, ranges
from pkpd.inference.uncertainty.bands import bands_csv
from pkpd.trials.record import csv_files
from pkpd.trials.uncertainty import run_bands

# regimens that between them use every option of the command
ASKS = (
    {"schedule": "he2020", "days": "16"},
    {"schedule": "0.4 MIU/m2 iv over 2h daily x2, rest 2d, repeat 2", "bsa": "16000 cm2", "weight": "55"},
    {
        "model": "il2_minimal",
        "schedule": "1  MIU sc every 2d x2",
        "changes": {"treg_feedback": "1.2 1", "nk_baseline": ""},
    },
    {"schedule": "none", "days": "1wk", "changes": {"treg_baseline": "25"}},
)


@pytest.mark.parametrize("body", ASKS, ids=lambda body: body["schedule"][:20])
def test_command_writes_the_table(body: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ask = read_ask(body, OFFER)
    _, trajectories = simulated(ask, OFFER)
    ran(command(ask, OFFER, "out.csv"))
    assert Path("out.csv").read_bytes() == csv_files(trajectories)["trajectories.csv"]
    found = told(body)
    assert found["command"] == command(ask, OFFER)
    for name, curve in found["curves"].items():
        # ten digits are written
        assert curve["values"] == pytest.approx(column("out.csv", name), rel=1e-9)
        assert {row["unit"] for row in rows("out.csv") if row["output"] == name} == {curve["unit"]}


def test_files_named_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my sets").mkdir()
    Path("my sets/fitted.toml").write_text(parameter_file(parameter("treg_ec50", 12, "pM"), model="il2"))
    Path("my sets/draws.csv").write_text("draw,treg_ec50 [pM]\n1,11\n2,13\n3,12\n")
    made = offer(params="my sets/fitted.toml", schedule="1 MIU daily x3", days="5", changes=(("nk_baseline", "300"),))
    ask = read_ask(dict(made.ask), made)
    assert ask == Ask("il2", "my sets/fitted.toml", "1 MIU daily x3", "5", (("nk_baseline", "300"),))
    run, trajectories = simulated(ask, made)
    assert run.arms[0].parameters["treg_ec50"].value == 12
    ran(command(ask, made))
    assert Path("table.csv").read_bytes() == csv_files(trajectories)["trajectories.csv"]
    assert ranges({"ask": ask.to_tables()}, made)["count"] == 3
    ran(bands_command(ask, made))
    assert Path("bands.csv").read_bytes() == bands_csv(run_bands(run, trajectories, drawn_for(run, ask, made)[0]))
    with pytest.raises(AskError, match="of model il2, not of il2_minimal") as refused:
        read_ask({**dict(made.ask), "model": "il2_minimal", "changes": {}}, made)
    assert refused.value.field == "set"


def test_no_draws_of_another_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text(parameter_file(parameter("treg_ec50", 12, "pM")))
    made = offer(params="own.toml")
    assert set(made.draws) == {("il2", ""), ("il2_minimal", "")}
    assert ("il2", "own.toml") in offer(params="own.toml", uncertainty="default").draws
    with pytest.raises(AskError, match="there are no draws"):
        ranges({"ask": {**SHORT, "set": "own.toml"}}, made)


def test_uncertainty_is_the_command_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = ranges({"ask": SHORT, "kind": "uncertainty"}, OFFER)
    json.dumps(found, allow_nan=False)
    ran(found["command"])
    written = [row for row in rows("bands.csv") if row["output"] == "treg_fold"]
    for key in ("low", "median", "high"):
        # ten digits are written
        assert found["bands"]["treg_fold"][key] == pytest.approx([float(row[key]) for row in written], rel=1e-9)
    assert found["times"] == pytest.approx([float(row["time"]) for row in written], rel=1e-9)
    assert (found["count"], found["failed"]) == (200, 0)


def test_population_is_the_command_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # he2020 is a study too, which `pkpd population` would take
    body = {"ask": {"schedule": "he2020", "days": "7", "outputs": ["treg", "cd56bright"]}, "kind": "population"}
    found = ranges(body | {"patients": 70, "seed": 3}, OFFER)
    ran(found["command"])
    written = [row for row in rows("population/bands.csv") if row["output"] == "treg"]
    assert len(written) > 3
    place = {round(time, 6): k for k, time in enumerate(found["times"])}
    for row in written:
        statistic = {"p05": "low", "p50": "median", "p95": "high"}[row["statistic"]]
        own = found["bands"]["treg"][statistic][place[round(float(row["time"]), 6)]]
        # nine digits are written
        assert own == pytest.approx(float(row["value"]), rel=1e-8)
    assert set(found["bands"]) == {"treg", "treg_fold", "cd56bright", "cd56bright_fold"}


def test_long_bands_are_thinned() -> None:
    asked = {"ask": {"schedule": "1 MIU daily x90", "outputs": ["treg"]}, "kind": "population", "patients": 2}
    found = ranges(asked, OFFER)
    whole = told(asked["ask"])["times"]
    assert len(found["times"]) <= 2001 < len(whole)
    assert set(found["times"]) <= set(whole)
    assert found["times"][-1] == whole[-1]
    assert f"one in 2 of the {len(whole)} times" in found["notes"][0]


def test_changed_parameters_leave_the_draws() -> None:
    found = ranges({"ask": {**SHORT, "changes": {"treg_ec50": "11 pM"}}}, OFFER)
    assert "treg_ec50: set for this run" in found["notes"][0]


def test_only_what_differs_is_said() -> None:
    assert command(read_ask({"schedule": " he2020 "}, OFFER), OFFER) == "pkpd simulate he2020 --csv table.csv"
    ask = read_ask(ASKS[2] | {"days": "7d", "bsa": "1.7 m2"}, OFFER)
    options = "--model il2_minimal --set 'treg_feedback=1.2 1' --days 7d --bsa '1.7 m2'"
    line = f"pkpd simulate '1 MIU sc every 2d x2' {options} --csv a"
    assert command(ask, OFFER, "a") == line
    both = commands((("usual", ask), ("two\nlines; rm x", read_ask(SHORT, OFFER))), OFFER).splitlines()
    assert both[2:4] == ["# usual", f"{line[:-1]}table_1.csv"]
    assert both[5] == "# two lines; rm x"
    assert [text for text in both if text and text[0] != "#"] == [both[3], both[6]]


def test_schedule_of_a_file_becomes_its_text(tmp_path: Path) -> None:
    """Only the command line may open it, and only once."""
    file = tmp_path / "mine.toml"
    file.write_text(SCHEDULE_FILE)
    made = offer(schedule=f"{file}:twice")
    file.unlink()
    assert told(dict(made.ask), made)["command"] == "pkpd simulate '1 MIU daily x2' --csv table.csv"


def test_bands_of_a_model_of_a_file(tmp_path: Path) -> None:
    """Nothing is known of how its patients differ, or of how uncertain it is."""
    file = tmp_path / "model.py"
    file.write_text(MODEL_FILE)
    made = offer(model=f"{file}:model")
    body = {"ask": {"schedule": "1 MIU daily x2"}, "kind": "population", "patients": 3}
    band = ranges(body, made)["bands"]["amount"]
    assert band["low"] == band["median"] == band["high"]
    assert max(band["low"]) > 0
    with pytest.raises(AskError, match="there are no draws") as refused:
        ranges(body | {"kind": "uncertainty"}, made)
    assert refused.value.field == "set"
