"""`pkpd simulate --events` as a user types it: the file out, its record, notes, and one sentence for what is wrong."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from commands import MODEL_FILE, parameter, parameter_file, pkpd, record, refused, rows, snapshot, works
from event_cases import table

from pkpd.output.provenance import digest

pytestmark = pytest.mark.usefixtures("data")

H = "ID TIME AMT EVID CMT ELIMINATION"
ROWS = (
    "a 0 1000 1 iv 0.3",
    "a 1 . 0 . 0.3",
    "a 1.50 . 2 . 0.3",
    "b 0 500 1 sc 0.2",
    "b 1 . 0 . 0.2",
    "b 1 100 1 iv 0.2",
    "b 1 . 0 . 0.2",
)
OWN = ("--time-unit", "h", "--model", "own.py:model")
RUN = ("simulate", "--events", "data.csv", *OWN)


@pytest.fixture
def data(here: Path) -> Path:
    """A model of one compartment and a table of two subjects in the current folder."""
    (here / "own.py").write_text(MODEL_FILE)
    (here / "data.csv").write_text(table(H, *ROWS))
    return here


def amounts(name: str = "out.csv") -> list[tuple[str, str, float]]:
    return [(row["ID"], row["TIME"], float(row["amount"])) for row in rows(name)]


# the solver's relative tolerance is 1e-6
CLOSE = 1e-5
EXPECTED = [
    ("a", "1", 1000 * math.exp(-0.3)),
    ("a", "1.50", 1000 * math.exp(-0.45)),
    ("b", "1", 500 * math.exp(-0.2)),
    ("b", "1", 500 * math.exp(-0.2) + 100),
]


def as_expected(name: str, expected: list[tuple[str, str, float]]) -> None:
    found = amounts(name)
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    assert [row[2] for row in found] == pytest.approx([row[2] for row in expected], rel=CLOSE)


def test_one_row_a_record_asked_for(data: Path) -> None:
    before = set(snapshot(data))
    assert works(*RUN, "--csv", "below/out.csv").startswith("Written: below/out.csv and ")
    assert set(snapshot(data)) - before == {"below", "below/out.csv", "below/out.csv.run.json"}
    assert list(rows("below/out.csv")[0]) == ["ID", "TIME", "amount"]
    as_expected("below/out.csv", EXPECTED)
    # printed, the same
    assert works(*RUN) == (data / "below/out.csv").read_text()


def test_every_record_and_some_columns() -> None:
    works(*RUN, "--records", "all", "--columns", "amount", "--csv", "out.csv")
    a, b = ("a", "0", 1000.0), ("b", "0", 500.0)
    as_expected("out.csv", [a, *EXPECTED[:2], b, EXPECTED[2], EXPECTED[3], EXPECTED[3]])


def test_what_was_simulated_stands_in_the_record(data: Path) -> None:
    works(*RUN, "--csv", "out.csv", "--set", "elimination=0.1")
    found = record("out.csv.run.json")
    assert found["kind"] == "events" and found["covariates"] == ["ELIMINATION"] and found["failures"] == []
    assert found["events"] == {"file": "data.csv", "digest": digest((data / "data.csv").read_bytes())}
    assert found["units"] == {"amount": "IU"} and list(found["tables"]) == ["out.csv"]
    # the column holds for the subjects, the option for what no column says
    as_expected("out.csv", EXPECTED)
    assert "the record of an event table: pkpd" in works("check", "out.csv.run.json")
    works(*RUN, "--csv", "out.csv")
    (data / "out.csv").write_text("mine\n")
    assert "was changed since" in refused(*RUN, "--csv", "out.csv")


def test_parameters_and_engines(data: Path) -> None:
    (data / "plain.csv").write_text(table("ID TIME AMT CMT", "1 0 1000 iv", "1 1 . ."))
    (data / "mine.toml").write_text(parameter_file(parameter("elimination", 0.01, "1/min"), model="own.py:model"))
    plain = ("simulate", "--events", "plain.csv", *OWN, "--csv", "out.csv")
    for more, rate in (((), 0.3), (("--params", "mine.toml"), 0.6), (("--set", "elimination=0.5"), 0.5)):
        for engine in ("compiled", "scipy"):
            works(*plain, *more, "--engine", engine)
            as_expected("out.csv", [("1", "1", 1000 * math.exp(-rate))])


def test_amounts_in_a_unit_said_for_all() -> None:
    works(*RUN, "--amount-unit", "kIU", "--csv", "out.csv")
    as_expected("out.csv", [(id, time, 1000 * value) for id, time, value in EXPECTED])
    assert "AMT as the caller says it: 'mgg'" in refused(*RUN, "--amount-unit", "mgg")
    Path("said.csv").write_text("# amount: MIU\n" + table(H, *ROWS))
    assert "a comment line says MIU" in refused("simulate", "--events", "said.csv", *OWN, "--amount-unit", "mg")


def test_columns_that_were_not_used_are_noted_once() -> None:
    Path("more.csv").write_text(table(f"{H} AGE ARM", *(f"{row} 50 x" for row in ROWS)))
    said = pkpd("simulate", "--events", "more.csv", *OWN)
    notes = [line for line in said.err.splitlines() if line.startswith("note: ")]
    assert said.status == 0 and notes == [
        "note: the column 'ARM' is not used: line 2 has 'x', which is not a number",
        "note: AMT is read in IU, the unit of iv",
        "note: AMT is read in IU, the unit of sc",
        "note: ELIMINATION gives parameters, in the units these have in the model",
        "note: not used, since no parameter is called so: AGE",
    ]


def test_a_subject_who_fails_is_noted_and_has_empty_cells() -> None:
    """Nothing bounds the model's rate: below 0 the amount grows beyond every number."""
    rows_of_two = ("a 0 5 iv -9", "a 999 . . -9", "b 0 5 iv 1", "b 1 . . 1")
    Path("data.csv").write_text(table("ID TIME AMT CMT elimination", *rows_of_two))
    said = pkpd(*RUN, "--csv", "out.csv")
    assert said.status == 0 and "note: ID a could not be simulated, its rows are empty: " in said.err
    assert [row["amount"] == "" for row in rows("out.csv")] == [True, False]
    ((id, reason),) = record("out.csv.run.json")["failures"]
    assert id == "a" and "last dose: 5 IU on day 0" in reason


# --- a schedule written and simulated


def test_a_written_schedule_gives_what_simulate_gives() -> None:
    """The same digits, of every output, at the same times."""
    times = "0,1,14.25,30,84"
    works("export", "events", "he2020", "--times", times, "--output", "events.csv")
    works("simulate", "--events", "events.csv", "--csv", "out.csv")
    works("simulate", "he2020", "--times", times, "--csv", "plain.csv", "--wide")
    found, expected = rows("out.csv"), rows("plain.csv")
    assert [float(row["TIME"]) / 24 for row in found] == [float(row["time"]) for row in expected]
    names = list(found[0])[2:]
    assert len(names) > 5 and set(names) <= set(expected[0])
    for name in names:
        assert [row[name] for row in found] == [row[name] for row in expected], name


# --- what is wrong

GOES_NOT = (
    *(("he2020",), ("--days", "3"), ("--times", "0,1"), ("--step", "1d"), ("--side", "post"), ("--bsa", "2")),
    *(("--weight", "70"), ("--wide",), ("--plot", "a.png"), ("--output", "a"), ("--bands", "a.csv")),
    ("--uncertainty", "default"),
)


@pytest.mark.parametrize("more", GOES_NOT, ids=" ".join)
def test_options_that_do_not_go_with_a_table(more: tuple[str, ...]) -> None:
    name = more[0] if more[0].startswith("--") else "SCHEDULE"
    assert f"{name} does not go with --events" in refused(*RUN, *more)


@pytest.mark.parametrize("option", ["--time-unit", "--amount-unit", "--records", "--columns"])
def test_options_of_tables_go_with_a_table(option: str) -> None:
    assert f"{option} goes with --events" in refused("simulate", "1 IU iv once", "--model", "own.py:model", option, "h")


OPTIONS = [
    (("--csv", ""), "--csv takes a name"),
    (("--csv", "out.json"), "--csv takes a file such as out.csv, not 'out.json'"),
    (("--columns", "amuont"), "model mine has no output 'amuont'; did you mean 'amount'?"),
    (("--records", "observation"), "did you mean 'observations'?"),
    (("--engine", "scipi"), "did you mean 'scipy'?"),
    (("--set", "eliminaton=1"), "did you mean 'elimination'?"),
    (("--rtol", "0"), "tolerance"),
]


@pytest.mark.parametrize(("more", "said"), OPTIONS)
def test_wrong_options(more: tuple[str, ...], said: str) -> None:
    assert said in refused(*RUN, *more)


def test_nothing_to_simulate() -> None:
    assert "name a SCHEDULE" in refused("simulate", "--model", "own.py:model")
    assert "--events takes a name" in refused("simulate", "--events", "", *OWN)
    assert "none.csv" in refused("simulate", "--events", "none.csv", *OWN)
    assert "does not say whether TIME is in hours or days" in refused(*RUN[:3], *OWN[2:])
    assert "'s'; an event table is in hours (h) or days (d)" in refused(*RUN, "--time-unit", "s")


TABLES = [
    ("1 0 -5 1 iv", "data.csv line 3 (ID 1): AMT is -5"),
    ("1 0 . 1 iv", "data.csv line 3 (ID 1): EVID 1 is a dose but has no AMT"),
    ("1 -1 . 0 .", "data.csv line 3 (ID 1): TIME -1 is before 0 in line 2; sort the records"),
    ("1 0 5 1 ivv", "data.csv, line 3: CMT 'ivv' is no route or state of model mine; did you mean 'iv'?"),
    ("1 0 5 1 1", "data.csv, line 3: CMT '1' is the state amount, which several routes feed: say sc or iv"),
    ("1 0 5 1 2", "data.csv, line 3: CMT 2 was asked for; model mine has 1 amount"),
]


@pytest.mark.parametrize(("row", "said"), TABLES)
def test_a_wrong_table_is_one_sentence_with_the_line(row: str, said: str) -> None:
    Path("data.csv").write_text(table("ID TIME AMT EVID CMT", "1 0 5 1 iv", row, "2 0 5 1 iv"))
    assert said in refused(*RUN, "--csv", "out.csv")


def test_more_wrong_tables() -> None:
    head = "ID TIME AMT CMT"
    Path("bounded.py").write_text(MODEL_FILE.replace("value=0.3,", "value=0.3, bounds=(0, 9),"))
    for text, said in (
        (table(f"{head} ADDL", "1 0 5 iv 2"), "line 2 (ID 1): ADDL is 2 without II"),
        (table(f"{head} UNIT", "1 0 5 iv mL"), "line 2 (ID 1): 'mL' is not the unit of a dose"),
        (table(f"{head} UNIT", "1 0 5 iv mol"), "line 2: a dose in mol cannot be given by route 'iv', which takes IU"),
        (table(f"{head} RATE", "1 0 5 iv -2"), "line 2: the dose on day 0 leaves its duration to the model"),
        (table(head, "1 0 5 iv", "2 0 5 iv", "1 1 . ."), "ID 1 has records up to line 2 and again from line 4"),
        (table(f"{head} Elimination", "1 0 5 iv 1", "1 1 . . -1"), "line 3: elimination is -1 and cannot be negative"),
    ):
        Path("data.csv").write_text(text)
        assert said in refused(*RUN[:-1], "bounded.py:model", "--csv", "out.csv")


def test_control_characters_of_a_table_do_not_reach_the_terminal() -> None:
    Path("odd.csv").write_text(table(H, *ROWS).replace("a", "\x1b]0;own\x07", 1) + "\x1b[2J,0,1,1\n")
    said = pkpd("simulate", "--events", "odd.csv", *OWN)
    assert said.status == 2 and all(c.isprintable() for c in said.err.removesuffix("\n"))
