"""Event tables as observations: rows, sides, outputs, limits, covariates."""

from __future__ import annotations

from pathlib import Path

import pytest
from event_cases import table
from event_fit_cases import MODEL, NAME, read, wrong
from sympy import sin

from pkpd.errors import StudyError
from pkpd.exchange.events.reading import read_events
from pkpd.exchange.events.simulate import simulate_events
from pkpd.model.grammar import Builder, build
from pkpd.model.registry import get_model
from pkpd.studies.events import EventReading, event_rows, mapping

pytestmark = pytest.mark.usefixtures("model")


@pytest.fixture
def model(here: Path) -> None:
    """A model of two outputs in the current folder."""
    (here / "two.py").write_text(MODEL)


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
        ("1", {"1": "conc"}, ("conc", "level")),
        ("2", {"2": "share"}, ("share", "percent")),
        ("share", {}, ("share", "percent")),
        ("share", {"share": "conc"}, ("conc", "level")),
        ("3", {"": "share"}, ("share", "percent")),
    ):
        (row,) = read(DVID, "1 0 . 5 .", f"1 1 3 . {kind}", outputs=outputs)
        assert (row.observation.output, row.observation.form) == expected, kind


def test_a_fold_and_a_count_by_their_names() -> None:
    Path("data.csv").write_text(table(DVID, "1 0 . 5 .", "1 48 3 . treg_fold", "1 48 80 . treg"))
    found = [row.observation for row in event_rows(Path("data.csv"), EventReading("il2", "h"))]
    assert [(o.output, o.form) for o in found] == [("treg", "fold"), ("treg", "count")]


def test_outputs_that_nobody_names() -> None:
    lines = ("1 0 . 5 .", "1 1 3 . 7")
    said = "data.csv: DVID or CMT '1' was given an output; its observations have DVID 7"
    wrong(said, DVID, *lines, outputs={"1": "conc"})
    wrong("data.csv line 3: DVID '7' is no output of model mine", DVID, *lines, outputs={})
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


def test_outputs_by_compartment_where_there_is_no_dvid() -> None:
    header, lines = "ID TIME DV AMT CMT", ("1 0 . 5 1", "1 1 3 . 1", "1 1 40 . 2")
    found = read(header, *lines, outputs={"1": "conc", "2": "share"})
    assert [row.observation.output for row in found] == ["conc", "share"]
    said = "observations stand in CMT 1 and 2; say the output of each, for example --dv 1=conc --dv 2=conc"
    wrong(said, header, *lines, outputs={"": "conc"})


def test_a_bound_of_zero_is_refused() -> None:
    wrong("line 3: CENS is 1 and DV 0; write the limit", "ID TIME DV AMT CENS", "1 0 . 5 .", "1 1 0 . 1")


def test_what_a_fit_would_get_wrong_is_refused() -> None:
    """A model that grows, or follows the clock, does so from its first record; schedules begin on day 0."""

    def grows(m: Builder) -> None:
        cells = m.state("cells", "1", initial=1)
        m.change(cells, m.parameter("rate", "1/h", value=0.1) * cells)
        m.output("size", cells, "1")
        m.route("shot", into=m.state("drug", "mg"), unit="mg")

    def cycles(m: Builder) -> None:
        m.output("wave", m.state("drug", "mg") * (1 + sin(m.time * m.parameter("w", "1/h", value=0.3))), "mg")
        m.route("shot", into=m["drug"], unit="mg")

    for block, lines, said in (
        (grows, ("1 10 . 5", "1 12 3 ."), "line 2: model own does not rest without drug"),
        (cycles, ("1 -6 . 5", "1 12 3 ."), "line 2: model own follows the clock"),
    ):
        Path("data.csv").write_text(table("ID TIME DV AMT", *lines))
        with pytest.raises(StudyError, match=said):
            event_rows(Path("data.csv"), EventReading(build("own", block), "h"))


# --- before or after a dose


def sides(header: str, *lines: str) -> list[str]:
    return [row.observation.side for row in read(header, *lines)]


def test_an_observation_above_its_dose_is_before_it() -> None:
    header = "ID TIME DV AMT EVID"
    assert sides(header, "1 0 1 . 0", "1 0 . 5 1", "1 0 2 . 0", "1 1 1 . 0", "1 2 3 . 0", "1 2 . 0 3") == [
        *("pre", "post", "post", "pre")
    ]
    # other rows of that time do not part them, and those of another subject do not count
    assert sides(header, "1 0 . 5 1", "1 1 . . 2", "1 1 1 . 0", "1 1 . 5 1", "1 1 . . 2", "1 1 2 . 0", "2 1 3 . 0") == [
        *("pre", "post", "post")
    ]


def test_what_arrives_late_comes_first_as_in_a_simulation() -> None:
    """A lagged dose is there at the very time it arrives."""
    (row,) = read("ID TIME DV AMT LATE", "1 0 . 5 1", "1 1 0.4 . 1")
    assert row.observation.side == "post"
    found = simulate_events(read_events("data.csv", time_unit="h"), get_model(NAME), outputs=["conc"])
    assert found["conc"] == pytest.approx([0.5], rel=1e-9)  # a bolus of 5 mg in 10 L, at once


def test_an_additional_dose_comes_first() -> None:
    header = "ID TIME DV AMT II ADDL"
    assert sides(header, "1 0 . 5 12 2", "1 12 1 . . .", "1 18 1 . . .", "1 24 1 . . .", "1 36 1 . . .") == [
        *("post", "post", "post", "post")
    ]
    said = "data.csv line 3 stands between an additional dose of its time and the dose record of line 4"
    wrong(said, header, "1 -6 . 5 12 1", "1 6 1 . . .", "1 6 . 5 . .")


def test_between_two_doses_is_refused_with_the_line() -> None:
    said = "data.csv line 3 stands between line 2 and the dose record of line 4 at the same moment"
    wrong(said, "ID TIME DV AMT", "1 0 . 5", "1 0 2 .", "1 0 . 5")


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
