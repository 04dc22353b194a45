"""`pkpd vpc`: tables, figures and record beside what is printed; what it refuses."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from commands import pkpd, record, refused, rows, works
from vpc_cases import COHORT

from pkpd.output.provenance import digest

pytestmark = pytest.mark.usefixtures("here")
SMALL = ("--replicates", "20", "--output", "out")


@pytest.fixture(autouse=True)
def cohort(here: Path) -> Path:
    return Path(shutil.copy(COHORT, here / "patients.csv"))


def test_what_is_printed_is_in_the_tables() -> None:
    said = works("vpc", "patients.csv", "--no-figures", *SMALL)
    check, points, percentiles = (rows(f"out/{name}.csv") for name in ("check", "points", "vpc"))
    whole = check[-1]
    outside = int(whole["below"]) + int(whole["above"])
    assert f"{outside} of {whole['observations']} observations lie outside" in " ".join(said.split())
    inside = [row["inside"] for row in percentiles]
    assert f"{inside.count('yes')} of {len(inside)} observed percentiles" in said
    verdicts = [row["verdict"] for row in points]
    assert verdicts.count("below") == int(whole["below"]) and verdicts.count("above") == int(whole["above"])
    assert len(points) == 128 == int(whole["observations"]) and len(check) == 5
    assert all(float(r["low"]) <= float(r["median"]) <= float(r["high"]) for r in percentiles)
    with COHORT.open(encoding="utf-8") as file:
        given = [row["value"] for row in csv.DictReader(file) if row["day"] != "0"]
    assert sorted(float(v) for v in given) == pytest.approx(sorted(float(r["value"]) for r in points))
    assert "all replicates are at the typical values" in " ".join(said.split())


def test_record_and_figures_beside_the_tables() -> None:
    works("vpc", "patients.csv", "--output-name", "treg", "--stratify", "regimen", "--seed", "3", *SMALL)
    found = record("out/run.json")
    assert found["kind"] == "vpc" and found["seed"] == 3 and found["settings"]["replicates"] == 20
    assert found["observations"] == {"patients.csv": digest(COHORT.read_bytes())}
    assert set(found["tables"]) == {"vpc.csv", "points.csv", "check.csv"}
    assert all(digest((Path("out") / name).read_bytes()) == seal for name, seal in found["files"].items())
    assert {"vpc_treg_count.png", "vpc_treg_count.svg", "vpc_check.png", "vpc_check.svg"} <= set(found["files"])
    svg = Path("out/vpc_treg_count.svg").read_text("utf-8")
    assert svg.startswith("<?xml")
    assert {r["output"] for r in rows("out/points.csv")} == {"treg"}


def test_corrected_and_with_draws() -> None:
    said = works("vpc", "patients.csv", "--prediction-corrected", "--uncertainty", "default", "--no-figures", *SMALL)
    flat = " ".join(said.split())
    assert "Corrected for predictions" in flat and "drawn sets of typical values" in flat
    assert {r["stratum"] for r in rows("out/vpc.csv")} == {"all"}
    assert record("out/run.json")["draws"]["count"] > 1
    points = rows("out/points.csv")
    assert any(r["value"] != r["shown"] for r in points)


def test_the_default_place_is_named_after_the_file() -> None:
    works("vpc", "patients.csv", "--replicates", "20", "--no-figures", "--population-baselines")
    assert len(rows("results/patients-vpc/points.csv")) == 160
    works("vpc", "patients.csv", "--replicates", "20", "--no-figures")  # replaces its own
    assert len(rows("results/patients-vpc/points.csv")) == 128


def test_means_are_sent_to_predict() -> None:
    Path("means.csv").write_text("regimen,n,output,form,day,value\n1 MIU daily x5,12,treg,fold,5,2.5\n")
    said = refused("vpc", "means.csv", "--replicates", "20")
    assert "means.csv line 2: the row has no id" in said and "`pkpd predict`" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a file"),
        (("patient.csv",), "did you mean 'patients.csv'"),
        (("patients.csv", "--bins", "0"), "--bins is a number of bins"),
        (("patients.csv", "--bins", "3", "--by-visit"), "not both"),
        (("patients.csv", "--replicates", "3"), "from 20 to 20000, not 3"),
        (("patients.csv", "--stratify", "arms"), "did you mean 'arm'"),
        (("patients.csv", "--set", "treg_ec5=3"), "did you mean 'treg_ec50'"),
        (("patients.csv", "--output-name", "tregs"), "did you mean 'treg'"),
        (("patients.csv", "--uncertainty", ""), "--uncertainty takes a name"),
        (("patients.csv", "--output", "patients.csv"), "patients.csv"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused("vpc", *arguments)


def test_quick_work_says_nothing_of_progress() -> None:
    assert "simulated patients" not in pkpd("vpc", "patients.csv", "--no-figures", *SMALL).err


def test_the_examples_run() -> None:
    """As the help text prints them, with the example cohort as the user's file."""
    lines = [
        line.strip() for line in works("vpc", "--help").splitlines() if line.strip().startswith("pkpd vpc patients")
    ]
    assert len(lines) == 3
    for line in lines:
        works(*line.split()[1:], "--no-figures")
