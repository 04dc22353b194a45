"""The main job: what it prints, what it writes, and what its record holds."""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from commands import (
    TABLES,
    VALIDATION,
    column,
    printed,
    printed_ranges,
    record,
    rows,
    run_main_job,
    works,
)

import pkpd as package
from pkpd.output.provenance import digest

VISITS = (0, 13, 14, 28, 42, 56, 70, 84, 168)
# conventions: doses on days 0-12, 28-40, 56-68, every other day
DOSE_DAYS = [first + 2 * k for first in (0, 28, 56) for k in range(7)]
BLOCK_ENDS = [0, 12, 28, 40, 56, 68]


pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture(scope="module")
def main_job(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that the main job writes, with figures, and what it prints."""
    return run_main_job(tmp_path_factory)


def test_what_the_main_job_writes(main_job: tuple[Path, str]) -> None:
    folder, said = main_job
    names = {path.name for path in folder.iterdir()}
    figures = names - TABLES - VALIDATION
    assert names >= TABLES | VALIDATION and {Path(name).suffix for name in figures} == {".png", ".svg"}
    assert Counter(Path(name).stem for name in figures) == dict.fromkeys({Path(name).stem for name in figures}, 2)
    assert all(name in said for name in names)
    for name in figures:
        content = (folder / name).read_bytes()
        if name.endswith(".png"):
            assert content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) > 5000
        else:
            assert ElementTree.fromstring(content).tag.endswith("svg")
            assert b"<dc:date>" not in content


def test_trajectories(main_job: tuple[Path, str]) -> None:
    found = rows(main_job[0] / "trajectories.csv")
    assert list(found[0]) == ["arm", "id", "time", "side", "output", "value", "unit"]
    assert {row["side"] for row in found} == {"pre"}
    # every arm has every output at every time, once
    keys = Counter((row["arm"], row["output"], float(row["time"])) for row in found)
    arms, outputs, times = ({key[i] for key in keys} for i in range(3))
    assert set(keys.values()) == {1} and len(keys) == len(arms) * len(outputs) * len(times)
    assert arms == {"il2", "placebo"} and times >= set(VISITS) and max(times) == 168
    assert outputs >= {"il2", "il2_iu_per_ml", "treg", "treg_fold", "nk", "nk_fold", "cd56bright", "cd56bright_fold"}
    units = {row["output"]: row["unit"] for row in found}
    assert units["il2"] == "pM" and units["treg"] == "cells/uL" and units["treg_fold"] == "1"
    assert all(math.isfinite(float(row["value"])) for row in found)


def test_placebo_stays_at_its_baseline(main_job: tuple[Path, str]) -> None:
    path = main_job[0] / "trajectories.csv"
    for output in ("treg_fold", "nk_fold", "cd56bright_fold", "cd56dim_fold"):
        # rest is exact in the equations; the solver may add its tolerance of 1e-6
        assert max(abs(value - 1) for value in column(path, output, "placebo")) < 1e-5


def test_doses(main_job: tuple[Path, str]) -> None:
    found = rows(main_job[0] / "doses.csv")
    assert {row["arm"] for row in found} == {"il2"}
    assert [float(row["time"]) for row in found] == DOSE_DAYS == [float(row["planned"]) for row in found]
    assert [int(row["dose"]) for row in found] == list(range(1, 22))
    assert {(row["status"], row["route"], row["unit"], row["given"]) for row in found} == {("given", "sc", "MIU", "1")}
    assert sum(float(row["given"]) for row in found) == 21


def test_bands(main_job: tuple[Path, str]) -> None:
    """A range for every line: one row for each row of the trajectories, in its unit, around what is drawn."""
    found, lines = (rows(main_job[0] / name) for name in ("bands.csv", "trajectories.csv"))
    assert list(found[0]) == ["arm", "time", "side", "output", "low", "median", "high", "unit"]
    same = ("arm", "time", "side", "output", "unit")
    assert [[row[key] for key in same] for row in found] == [[row[key] for key in same] for row in lines]
    assert all(0 <= float(r["low"]) <= float(r["median"]) <= float(r["high"]) < math.inf for r in found)
    # on treatment the parameters matter; without a dose no parameter does
    treated = {r["output"]: r for r in found if r["arm"] == "il2" and float(r["time"]) == 14}
    assert all(float(treated[name]["high"]) > 1.1 * float(treated[name]["low"]) for name in ("treg", "nk", "il2"))
    still = [r for r in found if r["arm"] == "placebo" and r["output"].endswith("_fold")]
    assert still and all(float(r["low"]) == pytest.approx(float(r["high"]), rel=1e-5) for r in still)


def test_printed_visits_are_the_written_values(main_job: tuple[Path, str]) -> None:
    """The values are those of trajectories.csv, their ranges those of bands.csv; counts and folds in a table each."""
    folder, said = main_job
    shown = printed_ranges(said, "Before the dose, or at the visit")
    assert [row["day"] for row in shown] == [(day,) for day in VISITS] * 4
    values = {(r["arm"], r["output"], float(r["time"])): float(r["value"]) for r in rows(folder / "trajectories.csv")}
    ends = {
        (r["arm"], r["output"], float(r["time"])): (float(r["low"]), float(r["high"]))
        for r in rows(folder / "bands.csv")
    }
    for number, row in enumerate(shown):
        arm, kind = ("il2", "placebo")[number // (2 * len(VISITS))], ("cells/uL", "fold")[number // len(VISITS) % 2]
        (day,) = row.pop("day")
        assert list(row) == [f"{cells} {kind}" for cells in ("treg", "nk", "cd56bright")]
        for title, numbers in row.items():
            key = (arm, title.replace(" fold", "_fold").removesuffix(" cells/uL"), day)
            # three digits are printed
            assert numbers == pytest.approx((values[key], *ends[key]), rel=5.1e-3)


def test_printed_exposure(main_job: tuple[Path, str]) -> None:
    folder, said = main_job
    shown = printed(said, "Exposure (il2) after the first and last dose of each block")
    assert [row["dose on day"] for row in shown] == BLOCK_ENDS and {row["over h"] for row in shown} == {48}
    levels = {
        float(r["time"]): float(r["value"])
        for r in rows(folder / "trajectories.csv")
        if r["output"] == "il2" and r["arm"] == "il2"
    }
    for row in shown:
        day = row["dose on day"]
        within = [value for time, value in levels.items() if day <= time <= day + 2]
        # the table is from five-minute samples, the file from hourly ones, so it can miss the peak by a percent
        assert max(within) * 0.995 <= row["Cmax pM"] <= max(within) * 1.02
        assert row["trough pM"] == pytest.approx(levels[day + 2], rel=5.1e-3)
        assert row["Cmax pM"] / row["IU/mL"] == pytest.approx(3.994, rel=0.01)
        assert 0 < row["Tmax h"] < 8 and 0.5 < row["half-life h"] < 10
        assert row["trough pM"] * 48 < row["AUC pM h"] < row["Cmax pM"] * 48
    assert "placebo: No doses." in said and "il2 stays at 0.05 pM" in said


def test_record_embeds_what_is_needed(main_job: tuple[Path, str]) -> None:
    folder, _ = main_job
    found = record(folder / "run.json")
    assert (found["kind"], found["name"], found["engine"], found["side"]) == ("run", "he2020", "compiled", "pre")
    assert found["model"]["name"] == "il2" and re.fullmatch(r"[0-9a-f]{16}", found["model"]["fingerprint"])
    assert found["tolerances"] == {"relative": 1e-6, "absolute": 1e-8} and "seed" in found
    assert found["visits"] == list(VISITS) and "he2020" in found["sources"]
    own = package.get_model("il2")
    for name, size in (("il2", 1.57), ("placebo", 1.62)):
        tables = found["arms"][name]["parameters"]["tables"]
        assert set(tables) == {d.name for d in own.parameters}
        assert tables["bsa"]["value"] == size and tables["treg_baseline"]["value"] == 20
        assert all({"value", "unit", "meaning", "basis", "source"} <= set(table) for table in tables.values())
    schedule = found["arms"]["il2"]["schedule"]
    assert schedule["name"] == "he2020" and len(schedule["records"]["doses"]) == 21
    assert found["arms"]["placebo"]["schedule"]["records"]["doses"] == []
    assert found["versions"]["pkpd"] == package.__version__
    assert found["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"numpy", "scipy", "sympy", "machine"} <= set(found["versions"])
    listed = {path.name: digest(path.read_bytes()) for path in folder.iterdir() if path.name != "run.json"}
    assert found["files"] == listed


def test_references_and_check_read_the_record(main_job: tuple[Path, str]) -> None:
    path = str(main_job[0] / "run.json")
    said = works("references", path)
    assert "[he2020]" in said and "[lupus1997]" in said and "assumed" not in said
    assert works("check", path).startswith(f"{path}: a run of model il2 with 2 arms")
