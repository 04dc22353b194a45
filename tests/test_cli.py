"""The command line: light where it must be, examples that run, and one sentence for whatever is wrong."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import (
    MODEL_FILE,
    SCHEDULE_FILE,
    parameter,
    parameter_file,
    pkpd,
    put_files,
    refused,
    snapshot,
    study_file,
    works,
)

from pkpd.cli.export import export
from pkpd.cli.main import VERBS
from pkpd.data import folder

HEAVY = ("scipy", "sympy", "matplotlib", "numba")
TELL = f"""
import atexit, sys
atexit.register(lambda: print("loaded", [n for n in {HEAVY!r} if n in sys.modules], file=sys.stderr))
from pkpd.cli.main import main
main(sys.argv[1:])
"""


pytestmark = pytest.mark.usefixtures("here")


def process(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


# --- what is imported


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("--help", 0),
        ("--version", 0),
        *((f"{verb} --help", 0) for verb in VERBS),
        ("schedule he2020", 0),
        ("schedule '0.4 MIU/m2 daily x5' --bsa 1.6", 0),
        ("schedules", 0),
        ("references", 0),
        ("references he2020", 0),
        ("references il2", 0),
        ("", 2),
        ("rnu he2020", 2),
        ("--foo", 2),
        ("run", 2),
        ("run he2020 --foo", 2),
        ("run he2020 more", 2),
        ("run nosuchstudy", 2),
        ("run he2020 --days x", 2),
        ("run he2020 --step 0", 2),
        ("run he2020 --set x", 2),
        ("run he2020 --side left", 2),
        ("run he2020 --rtol x", 2),
        ("run --replay r.json --days 3", 2),
        ("simulate", 2),
        ("simulate he2021", 2),
        ("simulate he2020 --times a", 2),
        ("simulate he2020 --side left", 2),
        ("simulate '1 GIU once'", 2),
        ("simulate he2020 --set treg_ec5=1", 2),
        ("simulate he2020 --wide", 2),
        ("simulate he2020 --plot a.gif", 2),
        ("schedule", 2),
        ("schedule '1 MIU daily'", 2),
        ("check", 2),
        ("model il2 il2", 2),
    ],
)
def test_light_commands(command: str, status: int) -> None:
    done = process("-c", TELL, *shlex.split(command))
    assert done.returncode == status, done.stderr
    assert done.stderr.splitlines()[-1] == "loaded []"


@pytest.mark.parametrize(
    ("command", "loaded"),
    [
        ("model il2_minimal", ["sympy"]),
        ("simulate none --model il2_minimal --days 1 --engine scipy", ["scipy", "sympy"]),
    ],
)
def test_the_probe_sees_what_is_loaded(command: str, loaded: list[str]) -> None:
    assert process("-c", TELL, *shlex.split(command)).stderr.splitlines()[-1] == f"loaded {loaded}"


# --- help and its examples


def examples(text: str) -> list[str]:
    """The commands under "Example" of a help text."""
    _, _, after = text.partition("Example")
    found = re.findall(r"^ +(pkpd .*)$", after.partition("Options")[0], re.MULTILINE)
    assert found, text
    return found


def test_every_verb_says_what_it_does_and_shows_an_example() -> None:
    listed = works("--help")
    for verb, says in VERBS.items():
        assert f"{verb} " in listed and says.split()[-1] in listed
        text = works(verb, "--help")
        assert all(line.split()[1] == verb for line in examples(text))
        assert text == works(verb, "-h")


def test_every_option_is_explained() -> None:
    for verb in VERBS:
        options = works(verb, "--help").partition("Options:")[2]
        for block in re.split(r"\n  (?=-)", options)[1:]:
            assert len(block.split()) > 3, f"pkpd {verb}: {block}"


def test_examples_run_as_printed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example of every help text, one after the other in one folder, with the files they name."""
    # figures take seconds each time and have tests of their own; --plot draws as they do
    monkeypatch.setattr("pkpd.cli.write.figure_files", lambda *_: {})
    monkeypatch.setattr("pkpd.output.plots.style.images", lambda _: {})
    (here / "params").symlink_to(folder())
    own = MODEL_FILE + 'model = build("mine", drug, time="h")\n'
    (here / "my_model.py").write_text(own)
    (here / "my_parameters.toml").write_text(parameter_file(parameter("elimination", 0.4, "1/h")))
    (here / "my_schedules.toml").write_text(SCHEDULE_FILE)
    (here / "cohort.csv").write_text("regimen,n,output,form,day,value\n1 MIU daily x5,12,treg,fold,5,2.5\n")
    (here / "data.csv").write_text("ID,TIME,AMT,EVID\n1,0,2,1\n1,6,.,0\n")
    shutil.copy(Path(__file__).parent / "data" / "vpc_cohort.csv", here / "patients.csv")
    verbs = ("", *VERBS, *(f"export {name}" for name in export.commands))
    lines = dict.fromkeys(line for verb in verbs for line in examples(works(*verb.split(), "--help")))
    lines.pop("pkpd COMMAND --help")
    assert len(lines) > 15
    for line in lines:
        assert works(*shlex.split(re.sub(r" > \S+\Z", "", line))[1:]), line
    written = {path.name for path in here.rglob("*") if path.is_file()}
    assert {"course.png", "course.csv", "course.csv.run.json", "trajectories.csv"} <= written


# --- check


@pytest.fixture
def files(here: Path) -> Path:
    put_files(here)
    return here


def test_check_accepts_what_is_right(files: Path) -> None:
    said = works("check", "parameters.toml", "study.toml", "schedules.toml", "il2", "he2020", "schedules", "references")
    lines = said.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        *("parameters.toml", "study.toml", "schedules.toml", "il2", "he2020", "schedules", "references")
    ]
    assert "1 parameter: 0 measured, 0 derived, 0 fitted, 1 assumed" in lines[0]
    assert "schedules: twice" in lines[2]
    counts = [int(n) for n in re.findall(r"(\d+) (?:measured|derived|fitted|assumed)", lines[3])]
    assert len(counts) == 4 and sum(counts) == int(lines[3].split()[1])


def test_check_runs_no_file_that_a_file_names(files: Path) -> None:
    (files / "evil.py").write_text("open('touched', 'w')\n")
    (files / "mine.toml").write_text(parameter_file(parameter("a", 1, "1"), model="evil.py:model"))
    pkpd("check", "mine.toml")
    pkpd("simulate", "1 MIU once", "--params", "mine.toml", "--model", "il2_minimal")
    pkpd("references", "mine.toml")
    assert not (files / "touched").exists()


def test_check_looks_at_the_values_of_a_study(files: Path) -> None:
    for wrong in (parameter("treg_baselin", 20, "cells/uL"), parameter("treg_baseline", 20, "pM")):
        arm = '[arms.one]\nschedule = "1 MIU once"\n'
        (files / "wrong.toml").write_text(study_file(arm + wrong.replace("[treg", "[arms.one.parameters.treg")))
        said = pkpd("check", "wrong.toml")
        assert said.status == 2 and "treg_baseline" in said.err


def test_a_failed_solve_says_where_and_what_to_try(here: Path) -> None:
    sentence = refused("simulate", "1 MIU once", "--set", "il5_induction=1e300", "--days", "3", "--engine", "scipy")
    assert re.search(r"stopped on day \d", sentence)
    assert "last dose: 1 MIU on day 0" in sentence and "il2_plasma" in sentence and "pmol" in sentence
    assert "try --engine" in sentence


# --- the ends of a process


def test_as_a_process(here: Path) -> None:
    done = process("-m", "pkpd", "run", "he202")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("pkpd: ")
    assert process("-m", "pkpd", "--version").stdout.startswith("pkpd, version ")


@pytest.mark.parametrize("command", ["references", "schedules --help", "schedule he2020"])
def test_nobody_reads_on(command: str, here: Path) -> None:
    """A closed pipe, a full disk and a closed output end the command without a traceback."""
    python = shlex.quote(sys.executable)
    for rest in ("| true", "> /dev/full", ">&-"):
        done = subprocess.run(
            f"{python} -m pkpd {command} {rest}", shell=True, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr and "Exception" not in done.stderr, (rest, done.stderr)


def test_names_that_are_not_text(here: Path) -> None:
    """File names are bytes: what is not UTF-8 is written or refused, and never a traceback."""
    name = b"\xff.csv"
    command = [
        os.fsencode(sys.executable),
        *(b"-m pkpd simulate --model il2_minimal --times 0,1 none --csv".split()),
        name,
    ]
    done = subprocess.run(command, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    assert done.returncode == (0 if os.path.exists(name) else 2)


def test_a_command_is_recorded_as_typed(here: Path) -> None:
    process("-m", "pkpd", "simulate", "1 MIU once", "--model", "il2_minimal", "--times", "0,1", "--csv", "a.csv")
    typed = "pkpd simulate '1 MIU once' --model il2_minimal --times 0,1 --csv a.csv"
    assert json.loads((here / "a.csv.run.json").read_text())["command"] == typed
    assert "a.csv" in snapshot(here)
