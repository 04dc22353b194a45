"""Event tables as observations: rows, sides, outputs, limits, covariates, and fits, predictions and checks of them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from commands import pkpd, refused, rows, works
from event_cases import table

from pkpd.errors import StudyError
from pkpd.exchange.events.reading import read_events
from pkpd.exchange.events.simulate import simulate_events
from pkpd.inference.fitting import FitSettings, fit
from pkpd.model.registry import get_model
from pkpd.studies.events import EventReading, event_rows, mapping
from pkpd.studies.library import load_observations
from pkpd.studies.reading import Row

pytestmark = pytest.mark.usefixtures("model")

MODEL = """from pkpd import build


def drug(m):
    amount = m.state("amount", "mg", scale=10)
    volume = m.parameter("volume", "L", value=10, bounds=(1, 100))
    weight = m.parameter("weight", "kg", value=70, bounds=(10, 200))
    k = m.parameter("k", "1/h", value=0.3, bounds=(0.01, 3))
    m.flow("loss", k * amount, out_of=amount)
    m.route("iv", into=amount, unit="mg", lag=m.parameter("late", "h", value=0, bounds=(0, 5)))
    m.output("conc", amount / volume * m.parameter("usual", "kg", value=70) / weight, "mg/L")
    m.output("share", amount / (amount + volume * m.parameter("half", "mg/L", value=2, bounds=(0.1, 50))), "%")


def model():
    return build("mine", drug, time="h")
"""
NAME = "two.py:model"


@pytest.fixture
def model(here: Path) -> None:
    """A model of two outputs in the current folder."""
    (here / "two.py").write_text(MODEL)


def read(header: str, *lines: str, outputs: dict[str, str] | None = None, unit: str = "h") -> tuple[Row, ...]:
    Path("data.csv").write_text(table(header, *lines))
    return event_rows(Path("data.csv"), EventReading(NAME, unit, outputs={"": "conc"} if outputs is None else outputs))


def wrong(said: str, header: str, *lines: str, outputs: dict[str, str] | None = None) -> None:
    with pytest.raises(StudyError) as caught:
        read(header, *lines, outputs=outputs)
    assert said in str(caught.value) and "\n" not in str(caught.value)


# --- rows


def test_a_row_for_each_measured_record() -> None:
    """Not for a missing value, MDV 1 or EVID 2."""
    first = ("a 0 . 5 1 0", "a 6 0.5 . 0 0", "a 7 . . 0 0", "a 8 9 . 0 1")
    found = read("ID TIME DV AMT EVID MDV", *first, "b 1 . 5 1 0", "b 2 7 . 2 0", "b 12 0.25 . 0 0")
    seen = [(r.observation.id, r.observation.value, r.observation.day_from, r.observation.origin) for r in found]
    assert seen == [("a", 0.5, 0.25, "data.csv line 3"), ("b", 0.25, 0.5, "data.csv line 8")]
    for row in found:
        o = row.observation
        assert (o.study, o.output, o.form, o.bound, o.day_to) == ("data", "conc", "level", "=", o.day_from)
    assert [[float(d.time) for d in row.schedule.doses] for row in found if row.schedule] == [[0.0], [1 / 24]]


def test_days_count_from_the_first_dose_before_0() -> None:
    (row,) = read("ID TIME DV AMT", "1 -12 . 5", "1 12 1 .")
    assert row.observation.day_from == 1 and row.schedule and row.schedule.doses[0].time == 0


def test_limits_of_an_assay() -> None:
    found = read("ID TIME DV AMT CENS", "1 0 . 5 .", "1 1 0.5 . 1", "1 2 9 . -1", "1 3 2 . 0")
    assert [(r.observation.value, r.observation.bound) for r in found] == [(0.5, "<"), (9, ">"), (2, "=")]


DVID = "ID TIME DV AMT DVID"


def test_which_output_is_in_dv() -> None:
    for kind, outputs, expected in (
        ("1", {"1": "conc", "2": "share"}, ("conc", "level")),
        ("2", {"1": "conc", "2": "share"}, ("share", "percent")),
        ("share", {}, ("share", "percent")),
        ("share", {"share": "conc"}, ("conc", "level")),
        ("3", {"": "share"}, ("share", "percent")),
        (".", {"": "conc", "1": "share"}, ("conc", "level")),
    ):
        (row,) = read(DVID, "1 0 . 5 .", f"1 1 3 . {kind}", outputs=outputs)
        assert (row.observation.output, row.observation.form) == expected, kind


def test_a_fold_and_a_count_by_their_names() -> None:
    Path("data.csv").write_text(table(DVID, "1 0 . 5 .", "1 48 3 . treg_fold", "1 48 80 . treg"))
    found = [row.observation for row in event_rows(Path("data.csv"), EventReading("il2", "h"))]
    assert [(o.output, o.form) for o in found] == [("treg", "fold"), ("treg", "count")]


def test_outputs_that_nobody_names() -> None:
    lines = ("1 0 . 5 .", "1 1 3 . 7")
    wrong("data.csv line 3: DVID '7' is no output of model mine", DVID, *lines, outputs={"1": "conc"})
    wrong("it has: conc, share; say for example --dv 7=conc", DVID, *lines, outputs={})
    wrong("'cnc' is no output of model mine; did you mean 'conc'?", DVID, *lines, outputs={"7": "cnc"})
    said = "nothing says which output of model mine is in DV; it has: conc, share; say for example --dv conc"
    wrong(f"data.csv line 3: {said}", "ID TIME DV AMT", "1 0 . 5", "1 1 3 .", outputs={})


def test_the_words_for_outputs() -> None:
    assert mapping(()) == {} and mapping(("treg",)) == {"": "treg"}
    assert mapping(("1=treg", " 2 = nk ")) == {"1": "treg", "2": "nk"}
    for text in ("", "1=", "=treg"):
        with pytest.raises(StudyError, match="does not say which output a DVID is"):
            mapping((text,))
    with pytest.raises(StudyError, match="does not say"):
        mapping(("1=treg", "1=nk"))


# --- before or after a dose


def sides(header: str, *lines: str) -> list[str]:
    return [row.observation.side for row in read(header, *lines)]


def test_an_observation_above_its_dose_is_before_it() -> None:
    header = "ID TIME DV AMT EVID"
    assert sides(header, "1 0 1 . 0", "1 0 . 5 1", "1 0 2 . 0", "1 1 1 . 0", "1 2 3 . 0", "1 2 . 0 3") == [
        *("pre", "post", "pre", "pre")
    ]
    # other rows of that time do not part them, and those of another subject do not count
    assert sides(header, "1 0 . 5 1", "1 1 . . 2", "1 1 1 . 0", "1 1 . 5 1", "1 1 . . 2", "1 1 2 . 0", "2 1 3 . 0") == [
        *("pre", "post", "pre")
    ]


def test_an_additional_dose_comes_first() -> None:
    header = "ID TIME DV AMT II ADDL"
    assert sides(header, "1 0 . 5 12 2", "1 12 1 . . .", "1 18 1 . . .", "1 24 1 . . .", "1 36 1 . . .") == [
        *("post", "pre", "post", "pre")
    ]
    # on the clock that begins with the first dose
    assert sides(header, "1 -6 . 5 12 1", "1 6 1 . . .", "1 7 1 . . .") == ["post", "pre"]


def test_between_two_doses_is_refused_with_the_line() -> None:
    said = "data.csv line 3: an observation between two doses of one time cannot be fitted"
    wrong(said, "ID TIME DV AMT", "1 0 . 5", "1 0 2 .", "1 0 . 5")
    wrong(said, "ID TIME DV AMT II ADDL", "1 0 . 5 12 1", "1 12 2 . . .", "1 12 . 5 . .")


# --- covariates


def test_covariates_that_stay_are_the_subject_s_own() -> None:
    """Also where only one record says them; body size sizes doses."""
    lines = ("a 0 . 5 NA 20", "a 1 3 . 80 .", "a 2 2 . . .", "b 0 . 5 . .", "b 1 3 . . .")
    found = read("ID TIME DV AMT WT Volume", *lines)
    own = [row.parameters for row in found if row.parameters is not None]
    assert [{name: p[name].value for name in p} for p in own] == [{"weight": 80, "volume": 20}] * 2 + [{}]
    assert [row.weight for row in found] == [80, 80, None]
    assert own[0]["volume"].unit == "L"


def test_covariates_that_change_are_refused_with_the_line() -> None:
    said = "data.csv line 4: volume of ID a changes from 20 to 25; a fit holds what stays as it is"
    wrong(said, "ID TIME DV AMT VOLUME", "a 0 . 5 20", "a 1 3 . 20", "a 2 2 . 25")
    # what stays within each subject is no change
    assert len(read("ID TIME DV AMT VOLUME", "a 0 . 5 20", "a 1 3 . 20", "b 0 . 5 25", "b 1 2 . 25")) == 2


def test_nothing_measured() -> None:
    wrong("data.csv holds no observation: no record of EVID 0 has a number in DV", "ID TIME AMT", "1 0 5", "1 1 .")


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
