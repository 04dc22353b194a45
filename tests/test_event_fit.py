"""Fits, predictions and checks of event tables."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from commands import pkpd, refused, rows, works
from event_cases import table
from event_fit_cases import MODEL, NAME

from pkpd.exchange.events.reading import read_events
from pkpd.exchange.events.simulate import simulate_events
from pkpd.inference.fitting import FitSettings, fit
from pkpd.model.registry import get_model
from pkpd.studies.events import EventReading
from pkpd.studies.library import load_observations

pytestmark = pytest.mark.usefixtures("model")


@pytest.fixture
def model(here: Path) -> None:
    """A model of two outputs in the current folder."""
    (here / "two.py").write_text(MODEL)


# --- fits, predictions, checks

TRUE = {"k": 0.15, "half": 5.0}


def course(id: str, amount: int, volume: int) -> list[str]:
    """The records of a subject, DV still to be filled in."""
    cells = [f"{id} 0 . {amount} 1 12 1 . 0 {volume}"]
    for time in (1, 3, 6, 10, 12, 15, 24):
        cells += [f"{id} {time} DV . 0 . . {kind} 0 {volume}" for kind in (1, 2)]
    return cells


def simulated(name: str) -> Path:
    """A table without noise of three subjects, each with a volume of its own; one value is below a limit."""
    header = "ID TIME DV AMT EVID II ADDL DVID CENS VOLUME"
    lines = [line for id, *own in (("a", 100, 10), ("b", 300, 20), ("c", 40, 15)) for line in course(id, *own)]
    path = Path(name)
    path.write_text(table(header, *lines).replace("DV,.,0", ".,.,0"))
    own = get_model(NAME)
    run = simulate_events(read_events(path, time_unit="h"), own, own.defaults.set("the truth", **TRUE))
    level = dict(zip(run.lines, run.values, strict=True))
    for number, line in enumerate(lines, 2):
        if " DV " in line:
            value = level[number][0 if " . . 1 0 " in line else 1]
            lines[number - 2] = line.replace(" DV ", f" {value:.12g} ")
    last = lines[-2].split()
    assert last[7] == "1"
    last[2], last[8] = f"{float(last[2]) * 1.5:.12g}", "1"
    path.write_text(table(header, *lines[:-2], " ".join(last), lines[-1]))
    return path


READING = EventReading(NAME, "h", outputs={"1": "conc", "2": "share"})


def test_a_fit_finds_what_the_table_was_made_with() -> None:
    """From values that are two and three times as large, with the volume that each subject states."""
    path = simulated("data.csv")
    start = get_model(NAME).defaults.set("a start", k=0.45, half=10.0)
    settings = FitSettings(starts=1, seed=1, threads=1)
    found = fit([path], NAME, start, tuple(TRUE), events=READING, settings=settings)
    assert found.trouble == ()
    # the search ends once a step changes the cost by 1e-8 of itself or less; values move with the root of that
    assert dict(zip(TRUE, found.values, strict=True)) == pytest.approx(TRUE, rel=1e-3)
    without = Path("without.csv")
    without.write_text(path.read_text().replace(",VOLUME", ",OTHER"))
    other = fit([without], NAME, start, tuple(TRUE), events=READING, settings=settings)
    assert abs(other.values[1] / TRUE["half"] - 1) > 0.02


def test_observations_share_a_course_a_subject() -> None:
    found = load_observations(simulated("data.csv"), events=READING)
    assert len(found.rows) == 42 and len(found.courses) == 3
    assert [c.parameters["volume"].value for c in found.courses] == [10, 20, 15]
    assert found.studies == ("data",)


OPTIONS = ("--time-unit", "h", "--dv", "1=conc", "--dv", "2=share", "--model", NAME)


def test_the_commands_read_the_table(here: Path) -> None:
    simulated("data.csv")
    bare = ("--vary", "k,half", "--starts", "1", "--threads", "1", "--no-sensitivity", "--no-left-out")
    said = works("fit", "data.csv", *OPTIONS, *bare)
    assert said.startswith("VALID\n") and "42 rows (41 values, 1 bound) of 1 study" in said
    for name, value in TRUE.items():
        shown = re.search(rf"^  {name} +\S+ +\S+ +(\S+) ", said, re.MULTILINE)
        assert shown and float(shown[1]) == pytest.approx(value, rel=0.01)  # three digits are printed
    said = works("predict", "data.csv", *OPTIONS, "--set", "k=0.15", "--set", "half=5")
    assert "of 41 rows with a value 41 lie inside" in said


def test_predictions_of_what_was_simulated_are_exact() -> None:
    simulated("data.csv")
    works("predict", "data.csv", *OPTIONS, "--set", "k=0.15", "--set", "half=5")
    seen = [row for row in rows("predictions.csv") if row["bound"] == "="]
    predicted, observed = (np.array([float(row[name]) for row in seen]) for name in ("predicted", "observed"))
    assert len(seen) == 41
    # both come from a solver with a relative tolerance of 1e-6
    assert np.max(np.abs(predicted / observed - 1)) < 1e-4


def test_check_says_what_is_in_a_table() -> None:
    Path("data.csv").write_text(
        table("ID TIME DV AMT EVID DVID WT AGE", "a 0 . 5 1 . 70 3", "a 1 3 . 0 2 70 3", "b 0 . 5 1 . 60 3")
    )
    said = works("check", "data.csv", "--time-unit", "h", "--model", NAME)
    assert "an event table of 2 subjects, 3 records: 2 dose records, 1 measured value of DVID 2" in said
    assert "TIME in h; doses fit the routes of model mine" in said
    assert "columns that give parameters: WT\n" in said and "columns not used: AGE\n" in said


def test_a_visual_check_of_a_model_whose_patients_are_all_alike() -> None:
    Path("data.csv").write_text(table("ID TIME DV AMT", "a 0 . 5", "a 1 0.4 .", "b 0 . 5", "b 1 0.3 ."))
    words = ("data.csv", "--time-unit", "h", "--dv", "conc", "--model", NAME, "--replicates", "20", "--no-figures")
    assert "observed percentiles" in works("vpc", *words)


def test_check_names_what_is_wrong() -> None:
    for header, line, said in (
        ("ID TIME AMT CMT", "1 0 5 ivv", "data.csv, line 2: CMT 'ivv' is no route or state of model mine"),
        ("ID TIME AMT UNIT", "1 0 5 MIU", "data.csv, line 2: a dose in MIU cannot be given by route 'iv'"),
        ("ID TIME AMT ADDL", "1 0 5 2", "data.csv line 2 (ID 1): ADDL is 2 without II"),
        ("ID TIME AMT WT weight", "1 0 5 70 70", "data.csv: the columns 'WT' and 'weight' both give the parameter"),
    ):
        Path("data.csv").write_text(table(header, line))
        found = pkpd("check", "data.csv", "--time-unit", "h", "--model", NAME)
        assert found.status == 2 and f"data.csv: not valid: {said}" in found.err


def test_wrong_tables_in_a_fit_are_one_sentence() -> None:
    Path("data.csv").write_text(table("ID TIME DV AMT VOLUME", "1 0 . 5 20", "1 1 3 . 25"))
    call = ("fit", "data.csv", "--model", NAME, "--vary", "k")
    assert "does not say whether TIME is in hours or days" in refused(*call, "--dv", "conc")
    assert "data.csv line 3: volume of ID 1 changes" in refused(*call, "--dv", "conc", "--time-unit", "h")
    Path("data.csv").write_text(table("ID TIME DV AMT", "1 0 . 5", "1 1 3 ."))
    assert "say for example --dv conc" in refused(*call, "--time-unit", "h")
    assert "did you mean 'conc'?" in refused(*call, "--time-unit", "h", "--dv", "cnc")
    assert "does not say which output a DVID is" in refused(*call, "--time-unit", "h", "--dv", "1=")
