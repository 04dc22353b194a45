"""`pkpd fit` and `pkpd profile` as a user types them: files, refusals, progress, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from commands import parameter, parameter_file, pkpd, record, refused, rows, works

from pkpd.cli.fit_files import FIGURES, FIT_FILES, check_folder
from pkpd.cli.fit_options import progress_line
from pkpd.inference.search.multistart import Progress
from pkpd.inference.uncertainty import ensemble
from pkpd.inference.uncertainty.draws import read_draws
from pkpd.parameters import load_parameters

pytestmark = pytest.mark.usefixtures("here")

DATA = ("dilt1d", "hao2020")
VARY = ("--vary", "treg_ec50,treg_activation")
QUICK = ("--starts", "2", "--threads", "2")
BARE = ("--no-sensitivity", "--no-left-out")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder that a fit wrote, and what it printed."""
    folder = tmp_path_factory.mktemp("fits") / "fit"
    return folder, works("fit", *DATA, *VARY, *QUICK, "--draw-count", "50", "--output", str(folder))


# --- what is written


def test_everything_is_written(written: tuple[Path, str]) -> None:
    folder, said = written
    figures = [f"{name}.{kind}" for name in FIGURES if name != "profiles" for kind in ("png", "svg")]
    assert {path.name for path in folder.iterdir()} == {*FIT_FILES, *figures, "run.json"}
    text = (folder / "report.txt").read_text()
    assert said.startswith(text) and text.startswith("VALID\n")
    assert "at 0.2" in text and "at 0.5" in text and "all " in text.partition("One study left out")[2]
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert (folder / "starts.svg").read_bytes().startswith(b"<?xml")


def test_the_fitted_set_loads_back(written: tuple[Path, str]) -> None:
    folder, _ = written
    found, start = load_parameters(folder / "fitted.toml"), load_parameters("il2")
    assert list(found) == list(start) and found.model == "il2"
    moved = [name for name in found if found[name].value != start[name].value]
    assert moved == sorted(("treg_ec50", "treg_activation"), key=list(start).index)
    assert all(found[n].basis == "fitted" and found[n].source[0] == "fit of il2 to dilt1d, hao2020" for n in moved)
    shown = record(folder / "run.json")["parameters"]["fitted"]["tables"]
    assert {n: shown[n]["value"] for n in moved} == {n: found[n].value for n in moved}
    assert works("simulate", "1 MIU once", "--days", "1", "--params", str(folder / "fitted.toml"))


def test_tables(written: tuple[Path, str]) -> None:
    folder, _ = written
    predicted = rows(folder / "predictions.csv")
    assert [row["row"] for row in predicted if row["study"] == "hao2020"] == [
        "hao2020.csv line 2",
        "hao2020.csv line 3",
    ]
    for row in predicted:
        assert row["bound"] == "=" and row["verdict"] in ("hit", "miss")
        assert abs(float(row["residual"])) < 5 and float(row["predicted"]) > 0
    draws = read_draws(folder / "draws.csv")
    assert draws.values.shape == (50, 2) and draws.names == ("treg_ec50", "treg_activation")
    bounds = np.array([load_parameters("il2")[name].bounds for name in draws.names]).T
    # nine digits are written, so a draw on a bound may round beyond it
    assert (draws.values >= bounds[0] * (1 - 1e-8)).all() and (draws.values <= bounds[1] * (1 + 1e-8)).all()


def test_the_record_holds_what_it_rests_on(written: tuple[Path, str]) -> None:
    folder, _ = written
    found = record(folder / "run.json")
    assert found["settings"]["studies"] == list(DATA) and found["settings"]["seed"] == 1
    assert found["settings"]["noise"]["between_studies"] == 0.3 and found["settings"]["lmfit"]
    assert set(found["parameters"]) == {"start", "fitted"} and len(found["model"]["fingerprint"]) > 8
    assert [row["output"] for row in found["observations"]["rows"]][-2:] == ["treg", "treg"]
    assert all(course["schedule"]["doses"] for course in found["observations"]["courses"] if course["arm"] == "il2")
    assert set(found["tables"]) == {"draws.csv", "predictions.csv"}
    assert found["result"]["trouble"] == [] and len(found["result"]["costs"]) == 2


def test_a_fit_repeats_byte_for_byte(written: tuple[Path, str]) -> None:
    folder, _ = written
    works("fit", *DATA, *VARY, "--starts", "2", "--threads", "1", "--draw-count", "50", "--output", "again")
    for name in (*FIT_FILES, "starts.svg", "predicted_observed.png"):
        assert (Path("again") / name).read_bytes() == (folder / name).read_bytes(), name


def test_without_a_folder_nothing_is_written() -> None:
    said = works("fit", *DATA, *VARY, *QUICK, *BARE, "--between-studies", "0.5", "--no-priors")
    assert "Log SD between studies 0.5" in said and "no parameter has a prior" in said and "Written" not in said
    assert not list(Path().iterdir())


def test_start_values_come_from_file_and_option() -> None:
    Path("mine.toml").write_text(parameter_file(parameter("treg_ec50", 12, "pM", "bounds = [4, 40]\n")))
    said = works("fit", *DATA, "--vary", "treg_ec50", "--params", "mine.toml", *QUICK, *BARE)
    assert " 12 " in next(line for line in said.splitlines() if line.strip().startswith("treg_ec50"))
    # 100 pM lies outside the bounds of the file, and is held
    works("fit", *DATA, "--vary", "treg_activation", "--set", "treg_ec50=100pM", *QUICK, *BARE, "--output", "held")
    assert load_parameters("held/fitted.toml")["treg_ec50"].value == 100.0


def test_a_value_on_its_bound_loads_back() -> None:
    works("fit", *DATA, *VARY, "--no-priors", *QUICK, *BARE, "--output", "edge")
    found = load_parameters("edge/fitted.toml")
    assert "At a bound: treg_ec50 (high)" in Path("edge/report.txt").read_text()
    # one part in a thousand of the range is on the bound
    assert found["treg_ec50"].value == pytest.approx(found["treg_ec50"].bounds[1], rel=3e-3)


def test_other_draws() -> None:
    works("fit", *DATA, *VARY, *QUICK, *BARE, "--draws", "bootstrap", "--draw-count", "4", "--output", "boot")
    assert len(rows("boot/draws.csv")) == 4
    told = record("boot/run.json")["draws"]
    assert (told["kind"], told["count"]) == ("bootstrap", 4) and "sentence" not in told
    assert "4 draws of the kind bootstrap" in Path("boot/report.txt").read_text()


def test_what_chains_say_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("emcee")
    # as few steps as chains can have, which are too few to converge
    monkeypatch.setattr(ensemble, "posterior", partial(ensemble.posterior, steps=20, walkers=16))
    said = pkpd(
        "fit", *DATA, *VARY, *QUICK, *BARE, "--progress", "--draws", "posterior", "--draw-count", "9", "--output", "mc"
    )
    assert said.status == 0 and "posterior: step 20/20" in said.err
    told = record("mc/run.json")["draws"]
    assert told["converged"] is False and "R-hat reaches" in told["sentence"] and told["count"] == 9
    text, html = (" ".join(Path(f"mc/report.{kind}").read_text().split()) for kind in ("txt", "html"))
    assert text.count(told["sentence"]) == html.count(told["sentence"].replace("'", "&#x27;")) == 2
    assert told["sentence"] in said.err


def test_a_start_outside_its_bounds_is_moved_with_a_note() -> None:
    said = pkpd("fit", *DATA, "--vary", "treg_activation", *QUICK, *BARE, "--set", "treg_activation=1e9 1/h")
    assert said.status == 0 and "note: treg_activation was to start at 1e+09 1/h, outside its bounds" in said.err
    assert "treg_activation was to start at 1e+09 1/h" in said.out


def test_a_budget_that_runs_out_is_not_valid() -> None:
    said = works("fit", *DATA, *VARY, *QUICK, *BARE, "--evaluations", "3")
    assert said.startswith("NOT VALID: the search was stopped (evaluations)")


# --- what is refused


def test_only_our_own_files_are_replaced() -> None:
    command = ("fit", *DATA, "--vary", "treg_ec50", *QUICK, *BARE, "--output", "out")
    works(*command)
    works(*command)
    Path("out/report.txt").write_text("mine")
    assert "was changed since pkpd wrote it" in refused(*command)
    Path("other").mkdir()
    Path("other/fitted.toml").write_text("mine")
    assert "was not written by pkpd" in refused(*command[:-1], "other")
    Path("file").write_text("mine")
    assert "file is in the way and is not a folder" in refused(*command[:-1], "file")


def test_a_folder_that_cannot_be_written_is_told_before_the_search() -> None:
    Path("file").write_text("mine")
    # what nobody may write into, root included
    for place in ("file/deep/er", "/proc/fit"):
        if place.startswith("/") and not Path("/proc/self").exists():
            continue
        said = pkpd("fit", *DATA, *VARY, "--output", place)
        assert said.status == 2 and f"{place} cannot be written to" in said.err and "search took" not in said.err
    check_folder("new/deep", FIT_FILES)
    assert not Path("new").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("fit", "dilt1", *VARY), "did you mean 'dilt1d'?"),
        (("fit", "no.csv", *VARY), "does not exist"),
        (("fit", *VARY), "name one or more studies"),
        (("fit", "dilt1d"), "candidates, which carry a prior or were fitted before, are "),
        (("fit", "dilt1d", "--vary", ""), "--vary takes names"),
        (("fit", "dilt1d", "--vary", "treg_ec50,"), "--vary takes names"),
        (("fit", "dilt1d", "--vary", "treg_ec5"), "did you mean 'treg_ec50'?"),
        (("fit", "dilt1d", "--vary", "treg_ec50,treg_ec50"), "varied twice"),
        (("fit", "dilt1d", *VARY, "--method", "leastsquares"), "did you mean 'least_squares'?"),
        (("fit", "dilt1d", *VARY, "--method", "magic"), "there are least_squares, leastsq"),
        (("fit", "dilt1d", *VARY, "--roles", "fitt"), "did you mean 'fit'?"),
        (("fit", "dilt1d", *VARY, "--roles", "design"), "has the role design"),
        (("fit", "dilt1d", *VARY, "--draws", "bootstrp"), "did you mean 'bootstrap'?"),
        (("fit", "dilt1d", *VARY, "--starts", "0"), "--starts"),
        (("fit", "dilt1d", *VARY, "--seconds", "nan"), "budget"),
        (("fit", "dilt1d", *VARY, "--seconds", "0"), "--seconds"),
        (("fit", "dilt1d", *VARY, "--between-studies", "-1"), "--between-studies"),
        (("fit", "dilt1d", *VARY, "--between-studies", "nan"), "between_studies"),
        (("fit", "dilt1d", *VARY, "--set", "treg_ec5=1"), "did you mean 'treg_ec50'?"),
        (("fit", "dilt1d", *VARY, "--set", "treg_ec50"), "NAME=VALUE"),
        (("fit", "dilt1d", *VARY, "--model", "il3"), "did you mean 'il2'?"),
        (("fit", "dilt1d", *VARY, "--params", "il2_minimal"), "not of il2"),
        (("fit", "dilt1d", *VARY, "--output", ""), "--output"),
        (("profile", "dilt1d", *VARY, "--names", "treg_feedback"), "is not among those of --vary"),
        (("profile", "dilt1d"), "--vary says which"),
    ],
)
def test_one_sentence_for_what_is_wrong(arguments: tuple[str, ...], says: str) -> None:
    assert says in refused(*arguments)


# --- progress and Ctrl-C


def test_progress_is_told_when_asked() -> None:
    told = pkpd("fit", *DATA, "--vary", "treg_ec50", *QUICK, *BARE, "--progress").err.splitlines()
    assert [line.split()[1] for line in told if line.startswith("start ")] == ["1/2", "2/2"]
    quiet = pkpd("fit", *DATA, "--vary", "treg_ec50", *QUICK, *BARE).err
    assert "start " not in quiet and "the search took" in quiet


def test_a_line_of_progress() -> None:
    now = Progress(3, 8, 12.3412, 412, 5.0, 8.3)
    assert progress_line(now) == "start 3/8  best 12.34  412 evaluations  time left 8 s"
    assert "  1 evaluation  " in progress_line(Progress(0, 8, 1.0, 1, 0.0, 1.0))
    first = Progress(0, 8, float("inf"), 0, 0.0, float("nan"))
    assert progress_line(first) == "start 0/8  best -  0 evaluations  time left unknown"


def test_ctrl_c_keeps_the_best_so_far(here: Path) -> None:
    command = ["fit", *DATA, "--vary", "treg_ec50,treg_activation,treg_feedback", "--starts", "400", "--progress"]
    running = subprocess.Popen(
        [sys.executable, "-m", "pkpd", *command, "--threads", "1", "--output", "out"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith("start 2/"):
            break
    running.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = running.communicate(timeout=120)
    assert running.returncode == 130, err
    assert "Traceback" not in err and "interrupted; the best so far is kept" in err
    assert out.startswith("NOT VALID: the search was stopped (interrupted)")
    assert set(FIT_FILES) <= {path.name for path in (here / "out").iterdir()}
    assert record("out/run.json")["result"]["trouble"] and load_parameters("out/fitted.toml")
    # one evaluation and seven figures, not the other starts, which take minutes
    assert time.monotonic() - began < 60


# --- profile


def test_profile(written: tuple[Path, str]) -> None:
    said = works("profile", *DATA, *VARY, *QUICK, "--names", "treg_activation", "--output", "out")
    table = said.partition("\nProfiles\n")[2].partition("\n\n")[0]
    assert "Rank of the information matrix of the rows: 2 of 2." in table
    assert "treg_activation" in table and "treg_ec50" not in table
    names = {path.name for path in Path("out").iterdir()}
    assert names == {"profiles.csv", "profiles.png", "profiles.svg", "report.txt", "run.json"}
    assert said.startswith(Path("out/report.txt").read_text())
    points = rows("out/profiles.csv")
    assert {row["parameter"] for row in points} == {"treg_activation"}
    rises = [float(row["rise"]) for row in points]
    # the least of a profile is what all its points are measured from
    assert min(rises) == pytest.approx(0, abs=1e-6) and max(rises) > 1


def test_profile_of_a_folder(written: tuple[Path, str]) -> None:
    folder, _ = written
    said = works("profile", str(folder), "--names", "treg_activation")
    fitted = load_parameters(folder / "fitted.toml")["treg_activation"].value
    (line,) = [
        line for line in said.partition("\nProfiles\n")[2].splitlines() if line.strip().startswith("treg_activation")
    ]
    assert f" {fitted:.3g} " in line and "1 start," in said
    assert "does not go with it" in refused("profile", str(folder), "--set", "treg_ec50=8pM")


def test_a_folder_that_holds_no_fit(written: tuple[Path, str]) -> None:
    works("run", "he2020", "--model", "il2_minimal", "--no-figures", "--times", "0,1", "--output", "run")
    assert "holds no fit" in refused("profile", "run")
    Path("bad").mkdir()
    found = record(written[0] / "run.json")
    found["settings"]["vary"] = [1]
    Path("bad/run.json").write_text(json.dumps(found))
    assert "is damaged: 'vary'" in refused("profile", "bad")
