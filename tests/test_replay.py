"""Replay: the same tables byte for byte, or one sentence that says why not."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import (
    MODEL_FILE,
    SHORT,
    TABLES,
    edit,
    pkpd,
    record,
    refused,
    run_main_job,
    snapshot,
    works,
)

pytestmark = pytest.mark.usefixtures("here")

CSV = TABLES - {"run.json"}


@pytest.fixture(scope="module")
def main_job(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that the main job writes, with figures, and what it prints."""
    return run_main_job(tmp_path_factory)


def test_replay_in_a_fresh_process_from_elsewhere(main_job: tuple[Path, str], here: Path) -> None:
    """Tables and SVG figures come out byte for byte the same."""
    folder, _ = main_job
    before = snapshot(folder)
    command = (sys.executable, "-m", "pkpd", "run", "--replay", str(folder / "run.json"), "--output", "again")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "trajectories.csv, doses.csv, bands.csv are the same, byte for byte" in done.stdout
    again = snapshot(here / "again")
    exact = {name for name in before if not name.endswith((".png", ".json"))}
    assert exact > CSV and {name: again[name] for name in exact} == {name: before[name] for name in exact}
    assert set(again) == set(before) == set(snapshot(folder))
    assert snapshot(folder) == before


def test_replay_in_place(main_job: tuple[Path, str], here: Path) -> None:
    """Without figures, the figures of before are taken away: the record lists what is there."""
    shutil.copytree(main_job[0], here / "copy")
    said = works("run", "--replay", "copy/run.json", "--no-figures")
    assert "trajectories.csv, doses.csv, bands.csv are the same, byte for byte" in said
    after = snapshot(here / "copy")
    assert set(after) == TABLES
    assert all(after[name] == (main_job[0] / name).read_bytes() for name in CSV)
    assert set(record(here / "copy" / "run.json")["files"]) == CSV
    first = after["run.json"]
    works("run", "--replay", "copy/run.json", "--no-figures")
    assert (here / "copy" / "run.json").read_bytes() == first


@pytest.mark.parametrize(
    "options", [("--side", "both"), ("--engine", "scipy-radau", "--rtol", "1e-4"), ("--bsa", "1.8 m2")]
)
def test_replay_repeats_the_options(options: tuple[str, ...], here: Path) -> None:
    works("run", "he2020", *SHORT, *options, "--output", "first")
    works("run", "--replay", "first/run.json", "--no-figures", "--output", "second")
    first, second = snapshot(here / "first"), snapshot(here / "second")
    assert first == second


# for each key of a run.json, what may not stand there; `...` is nothing at all
DAMAGE: dict[str, tuple[Any, ...]] = {
    "kind": (..., None, "study", "Run", ["run"]),
    "name": (..., None, 5, ["a"]),
    "model": (..., None, "il2", {}, {"name": "il3"}, {"name": "il2"}, {"name": 3}, {"name": "os.py:system"}),
    "engine": (..., None, "euler", "", True),
    "tolerances": (..., None, {}, [], {"relative": "1e-6", "absolute": "1e-8"}, {"relative": 2, "absolute": 2}),
    "side": (..., None, "left", "", ["pre"]),
    "visits": (..., None, [math.nan], [math.inf], [10**400], "07", [True], ["7"], {"7": 7}, 7),
    "sources": (..., None, "he2020", [3], ["nosuchkey"], {"he2020": 1}),
    "arms": (..., None, {}, [], "il2", {"il2": {}}, {"il2": None}),
    "times": (..., None, [], {}, "0127", [True], ["0", "1"], [None], [[0]], [math.inf], [math.nan], [10**400], 7),
    "uncertainty": (None, "draws", [], {}, {"values": {}}),
    "validation": (None, "set", [], {}, {"tables": 3}, {"origin": "", "tables": {"bsa": {"value": 1.8}}}),
    "tables": (..., None, [], {}, "x", {"trajectories.csv": 3}, {"trajectories.csv": "0" * 64}),
}
CASES = [(key, value) for key, values in DAMAGE.items() for value in values]
NAMES = [f"{key}={'gone' if value is ... else value!r:.50}" for key, value in CASES]


@pytest.mark.parametrize(("key", "value"), CASES, ids=NAMES)
def test_a_damaged_record_is_refused(key: str, value: Any, small: Path) -> None:
    edit(small / "run.json", {key: value})
    said = pkpd("check", "small/run.json")
    # the digests of the tables tell what came out, not what went in
    assert said.status == 2 or key == "tables"
    assert "small/run.json: not valid: " in said.err or key == "tables"
    sentence = refused("run", "--replay", "small/run.json", "--no-figures", "--output", "again")
    assert "small/run.json" in sentence or "the replay gives another" in sentence


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("parameters tables treg_feedback value", 1.0),
        ("parameters tables bsa unit", "cm2"),
        ("parameters tables bsa", ...),
        ("parameters tables more", {"value": 1, "unit": "1", "meaning": "", "basis": "assumed", "source": "assumed"}),
        ("schedule records doses 0 amount", 2.0),
        ("schedule records doses 0", ...),
        ("schedule records text", "1 MIU once"),
        ("schedule records length", "9" * 5000),
        ("schedule records", ...),
    ],
)
def test_an_edited_arm_is_refused(place: str, value: object, small: Path) -> None:
    edited = record(small / "run.json")
    table: Any = edited["arms"]["il2"]
    *way, last = (int(key) if key.isdigit() else key for key in place.split())
    for key in way:
        table = table[key]
    if value is ...:
        del table[last]
    else:
        table[last] = value
    (small / "run.json").write_text(json.dumps(edited))
    refused("run", "--replay", "small/run.json", "--no-figures")


def test_a_result_edited_since_is_not_replaced_by_a_replay(small: Path) -> None:
    (small / "doses.csv").write_text("mine\n")
    assert "doses.csv was changed since" in refused("run", "--replay", "small/run.json", "--no-figures")


def test_a_replay_that_differs_says_why(small: Path) -> None:
    found = record(small / "run.json")
    replay = ("run", "--replay", "small/run.json", "--no-figures", "--output", "again")
    edit(
        small / "run.json",
        {
            "tables": {**found["tables"], "trajectories.csv": "0" * 64},
            "versions": {**found["versions"], "scipy": "0.1"},
            "model": {**found["model"], "fingerprint": "0" * 16},
        },
    )
    sentence = refused(*replay)
    assert "another trajectories.csv than" in sentence and "doses.csv" not in sentence
    assert "scipy 0.1 -> " in sentence and "the equations of model il2_minimal" in sentence
    damaged: tuple[Any, ...] = (..., None, [], {"scipy": 3})
    for versions in damaged:
        edit(small / "run.json", {"versions": versions})
        assert re.search("another trajectories.csv|'versions'", refused(*replay))


def test_a_record_that_lost_its_draws_is_refused(small: Path) -> None:
    """Then there are no bands, which the record lists."""
    edit(small / "run.json", {"uncertainty": ...})
    replay = ("run", "--replay", "small/run.json", "--no-figures", "--output", "again")
    assert "another bands.csv than" in refused(*replay)


def test_replay_of_a_built_in_model_takes_no_other(small: Path) -> None:
    for other in ("il2", "nosuchmodel", "mine.py:model"):
        assert "--model" in refused("run", "--replay", "small/run.json", "--no-figures", "--model", other)
    works("run", "--replay", "small/run.json", "--no-figures", "--model", "il2_minimal")


def test_replay_of_a_users_model_needs_it_named_again(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "own.py").write_text(MODEL_FILE)
    options = ("--no-figures", "--times", "0,1,2")
    works("run", "he2020", "--model", "own.py:model", *options, "--output", "first")
    assert record(here / "first" / "run.json")["model"]["name"] == "own.py:model"
    before = snapshot(here / "first")
    assert "name it again with --model" in refused("run", "--replay", "first/run.json", "--no-figures")
    works("run", "--replay", "first/run.json", "--no-figures", "--model", "own.py:model")
    assert snapshot(here / "first") == before
    # the same file by another path, from elsewhere
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    works("run", "--replay", "../first/run.json", "--no-figures", "--model", "../own.py:model", "--output", "second")
    assert snapshot(here / "elsewhere" / "second")["trajectories.csv"] == before["trajectories.csv"]


def test_replay_with_another_users_model_is_refused(here: Path) -> None:
    (here / "own.py").write_text(MODEL_FILE)
    (here / "other.py").write_text(MODEL_FILE.replace("loss", "loss").replace("* amount,", "* amount / 2,"))
    works("run", "he2020", "--model", "own.py:model", "--no-figures", "--times", "0,1,2", "--output", "first")
    refused("run", "--replay", "first/run.json", "--no-figures", "--model", "other.py:model")


def test_a_record_names_no_code(here: Path, small: Path) -> None:
    (here / "evil.py").write_text("open('touched', 'w')\n")
    edit(small / "run.json", {"model": {"name": "evil.py:model", "fingerprint": "0"}})
    refused("run", "--replay", "small/run.json")
    pkpd("check", "small/run.json")
    pkpd("references", "small/run.json")
    assert not (here / "touched").exists()
