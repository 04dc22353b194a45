"""`pkpd export` as a user types it: every format printed and as a file with its record, and what is refused."""

from __future__ import annotations

import csv
import io
import math
import re
import sys
from pathlib import Path

import pytest
from commands import MODEL_FILE, parameter, parameter_file, pkpd, record, refused, rows, snapshot, works
from event_cases import table

from pkpd.exchange.events.reading import read_event_text
from pkpd.exchange.sbml.writing import problems
from pkpd.model.registry import get_model
from pkpd.output.provenance import digest

pytestmark = pytest.mark.usefixtures("own")

OWN = ("--model", "mine.py:model")
MODEL = MODEL_FILE.replace("value=0.3,", "value=0.3, bounds=(0.01, 3),")


@pytest.fixture
def own(here: Path) -> None:
    """A model of one compartment in the current folder."""
    (here / "mine.py").write_text(MODEL)


def written(name: str, *arguments: str) -> str:
    """The file `name` that a command writes with its record; the same command prints the same text."""
    before = set(snapshot(Path()))
    said = works(*arguments, "--output", name)
    path = Path(name)
    assert said.startswith(f"Written: {name} and ")
    assert set(snapshot(Path())) - before - {path.parent.as_posix()} == {name, f"{name}.run.json"}
    found = record(f"{name}.run.json")
    assert found["kind"] == "export" and list(found["tables"]) == [path.name]
    text = path.read_text("utf-8")
    assert digest(text.encode()) in str(found["tables"])
    assert "export: pkpd" in works("check", f"{name}.run.json")
    return text


# --- SBML and Antimony

DAILY = "2 MIU iv over 3h daily x2"


def test_sbml_is_valid_and_holds_what_was_asked() -> None:
    more = ("--set", "elimination=0.25", "--bsa", "1.7")
    text = written("below/own.xml", "export", "sbml", DAILY, *OWN, *more)
    assert works("export", "sbml", DAILY, *OWN, *more) == text
    assert problems(text) == ()
    assert text.count("<event ") == 4  # each infusion begins and ends
    assert re.search(r'<parameter id="elimination"[^>]* value="0\.25"', text)
    assert "Schedule, as events: 2 MIU iv over 3h daily x2." in text
    plain = works("export", "sbml", *OWN)
    assert problems(plain) == () and "<event " not in plain and 'value="0.3"' in plain


def test_doses_per_body_size_are_sized() -> None:
    for options, amount in ((("--bsa", "1.5"), 3.0e6), (("--bsa", "20000 cm2"), 4.0e6)):
        text = works("export", "sbml", "2 MIU/m2 iv once", *OWN, *options)
        (dose,) = re.findall(r'<parameter id="iv_dose_1"[^>]* value="([^"]+)"', text)
        assert float(dose) == amount
    assert "needs the body surface area in m2" in refused("export", "sbml", "2 MIU/m2 iv once", *OWN)


def test_values_come_from_a_file() -> None:
    Path("mine.toml").write_text(parameter_file(parameter("elimination", 0.02, "1/min"), model="mine.py:model"))
    text = works("export", "sbml", *OWN, "--params", "mine.toml")
    (value,) = re.findall(r'<parameter id="elimination"[^>]* value="([^"]+)"', text)
    assert float(value) == pytest.approx(1.2, rel=1e-14)  # per hour, the time of the model


def test_antimony_is_text_of_the_same_model() -> None:
    pytest.importorskip("antimony")
    text = written("own.ant", "export", "antimony", DAILY, *OWN)
    assert works("export", "antimony", DAILY, *OWN) == text
    assert text.startswith("// Created by libAntimony") and "elimination = 0.3" in text
    assert len(re.findall(r"\bat \(?.*time", text)) == 4


@pytest.mark.parametrize("format", ["sbml", "antimony"])
def test_an_exported_model_keeps_its_files(format: str) -> None:
    written("own.txt", "export", format, *OWN)
    Path("own.txt").write_text("mine\n")
    assert "was changed since" in refused("export", format, *OWN, "--output", "own.txt")


def test_sbml_comes_back_as_a_model() -> None:
    """The same equations and the same numbers as of the model it was written from."""
    works("export", "sbml", *OWN, "--set", "elimination=0.45", "--output", "mine.xml")
    asked = ("1 MIU every 6h x3", "--times", "0,0.1,0.3,1,2", "--wide")
    works("simulate", *asked, "--model", "mine.xml", "--csv", "again.csv")
    works("simulate", *asked, *OWN, "--set", "elimination=0.45", "--csv", "first.csv")
    again, first = ([float(row["amount"]) for row in rows(f"{name}.csv")] for name in ("again", "first"))
    # the solver's relative tolerance is 1e-6, and its steps may differ
    assert again == pytest.approx(first, rel=1e-5) and first[1] == pytest.approx(1e6 * math.exp(-0.45 * 2.4), rel=1e-5)
    back = get_model("mine.xml")
    assert [p.name for p in back.parameters] == ["elimination"] and back.defaults["elimination"].text == "0.45 1/h"


def test_the_doses_of_a_file_are_given_where_no_schedule_is_named() -> None:
    works("export", "sbml", "1 MIU every 6h x3", *OWN, "--output", "doses.xml")
    for words, file in (((), "own"), (("1 MIU every 6h x3",), "named")):
        model = ("--model", "doses.xml") if not words else OWN
        works("simulate", *words, *model, "--times", "0.1,0.3,1", "--wide", "--csv", f"{file}.csv")
    own, named = ([float(row["amount"]) for row in rows(f"{name}.csv")] for name in ("own", "named"))
    assert own == pytest.approx(named, rel=1e-5) and own[0] > 0  # ten times the solver's relative tolerance


# --- event tables


def events(*arguments: str) -> list[dict[str, str]]:
    text = works("export", "events", *arguments)
    return list(csv.DictReader(io.StringIO("".join(f"{x}\n" for x in text.splitlines() if not x.startswith("#")))))


def test_an_event_table_of_two_schedules() -> None:
    asked = ("export", "events", "1 MIU iv every 12h x2", "none", *OWN, "--times", "0h,12h,18h")
    text = written("events.csv", *asked)
    assert works(*asked) == text
    found = read_event_text(text, "events.csv")
    assert (found.time_unit, [s.id for s in found.subjects]) == ("h", ["1", "2"])
    first, second = ([(r.text, r.evid, r.amount, r.compartment) for r in s.records] for s in found.subjects)
    dose = [(time, 1, 1.0, "iv") for time in ("0", "12")]
    assert first == [("0", 0, 0, ""), dose[0], ("12", 0, 0, ""), dose[1], ("18", 0, 0, "")]
    assert second == [(time, 0, 0, "") for time in ("0", "12", "18")]
    assert {r.unit for s in found.subjects for r in s.records if r.amount} == {"MIU"}


def test_samples_of_an_event_table() -> None:
    plan = ("1 MIU iv daily x2", *OWN)
    assert [row["TIME"] for row in events(*plan) if row["EVID"] == "0"] == []
    stepped = events(*plan, "--step", "12h", "--days", "2", "--side", "post")
    assert [(row["TIME"], row["EVID"]) for row in stepped] == [
        *(("0", "1"), ("0", "0"), ("12", "0"), ("24", "1"), ("24", "0"), ("36", "0"), ("48", "0"))
    ]
    both = events(*plan, "--times", "1", "--side", "both", "--time-unit", "d")
    assert [(row["TIME"], row["EVID"]) for row in both] == [("0", "1"), ("1", "0"), ("1", "1"), ("1", "0")]


def test_doses_per_body_size_in_an_event_table() -> None:
    (row,) = events("2 MIU/m2 iv once", *OWN, "--bsa", "1.5")
    assert (float(row["AMT"]), row["bsa"]) == (3.0, "1.5")
    said = pkpd("export", "events", "2 MIU/m2 iv once", *OWN, "--bsa", "1.5")
    assert "note: AMT is the amount given; prescribed were 2 MIU/m2" in said.err


# --- parameters


def test_parameters_as_csv_and_latex() -> None:
    text = written("own.csv", "export", "parameters", "mine.py:model")
    assert works("export", "parameters", "mine.py:model") == text
    (row,) = csv.DictReader(io.StringIO(text))
    assert [row[name] for name in ("name", "value", "unit", "basis", "low", "high")] == [
        *("elimination", "0.3", "1/h", "assumed", "0.01", "3.0")
    ]
    Path("mine.toml").write_text(parameter_file(parameter("elimination", 0.02, "1/min"), model="mine.py:model"))
    latex = written("own.tex", "export", "parameters", "mine.py:model", "--params", "mine.toml")
    assert r"\begin{longtable}" in latex and "0.02" in latex and latex.count("{") == latex.count("}")


def test_the_reference_model_is_the_default() -> None:
    found = list(csv.DictReader(io.StringIO(works("export", "parameters"))))
    assert [row["name"] for row in found] == list(get_model("il2").defaults)
    assert all(row["source"] for row in found)


# --- PEtab


# petab 0.8 calls pandas 3 in ways that pandas will drop
petab = pytest.mark.filterwarnings("ignore::DeprecationWarning:petab")
LINES = ("1 0 . 1000 iv . .", "1 1 740 . . . .", "1 4 300 . . . .", "2 0 . 2000 iv 12 1", "2 1 1480 . . . .")
VARY = ("--vary", "elimination")


def data(*lines: str) -> tuple[str, ...]:
    Path("data.csv").write_text(table("ID TIME DV AMT CMT II SS", *lines))
    return ("export", "petab", "data.csv", "--time-unit", "h", "--amount-unit", "IU", *OWN)


@pytest.mark.parametrize("version", ["1", "2"])
@petab
def test_petab_of_an_event_table(version: str) -> None:
    pytest.importorskip("petab")
    command = data(*LINES[:3], LINES[3].replace("12 1", ". ."), LINES[4])
    said = pkpd(*command, *VARY, "--petab-version", version, "--output", "problem")
    assert said.status == 0 and "linter" not in said.err
    assert said.out.startswith("Written to problem, with 3 rows (0 left out): ")
    assert {"model.xml", "measurements.tsv", "parameters.tsv", "problem.yaml", "run.json"} <= {
        path.name for path in Path("problem").iterdir()
    }
    measured = list(csv.DictReader(io.StringIO(Path("problem/measurements.tsv").read_text()), delimiter="\t"))
    values = sorted(float(row["measurement"]) for row in measured)
    # measured on the log scale of our error model, or as they stand
    assert values in (pytest.approx([300, 740, 1480]), pytest.approx([math.log(v) for v in (300, 740, 1480)]))


@petab
def test_petab_says_what_it_leaves_out() -> None:
    pytest.importorskip("petab")
    said = pkpd(*data(*LINES), *VARY, "--output", "problem")
    assert said.status == 0 and "with 2 rows (1 left out)" in said.out
    assert re.search(r"note: left out: data\.csv line 6: .* a steady-state record \(SS=1\) on day 0", said.err)
    assert "steady-state record" in refused(*data(*LINES[3:]), *VARY, "--output", "other")


def test_petab_needs_what_to_fit() -> None:
    command = data(*LINES)
    assert "Missing option '--vary'" in refused(*command, "--output", "problem")
    assert "Missing option '--output'" in refused(*command, *VARY)
    assert "did you mean 'elimination'?" in refused(*command, "--vary", "eliminaton", "--output", "problem")
    assert "--petab-version" in refused(*command, *VARY, "--output", "problem", "--petab-version", "3")


# --- what is wrong

WRONG = [
    (("smbl",), "Did you mean 'sbml'?"),
    (("sbml", "he202"), "did you mean 'he2020'?"),
    (("sbml", "--model", "mine.py:modl"), "mine.py holds no 'modl'; did you mean 'model'?"),
    (("sbml", *OWN, "--set", "eliminaton=1"), "did you mean 'elimination'?"),
    (("sbml", "1 MIU via ivv once", *OWN), "did you mean 'iv'?"),
    (("sbml", *OWN, "--output", ""), "--output takes a name"),
    (("antimony", *OWN, "--output", ""), "--output takes a name"),
    (("antimony", "1 MIU ones", *OWN), "did you mean 'once'?"),
    (("events",), "Missing argument 'SCHEDULE...'"),
    (("events", "he2020", "--side", "past"), "--side is one of pre, post, both, not 'past'"),
    (("events", "he2020", "--times", "1", "--step", "1d"), "--times says every time itself"),
    (("events", "he2020", "--days", "3"), "--days goes with --step"),
    (("events", "he2020", "--time-unit", "s"), "an event table is in hours (h) or days (d)"),
    (("events", "2 MIU/m2 iv once", *OWN), "needs the body surface area in m2"),
    (("parameters", "il"), "did you mean 'il2'?"),
    (("parameters", "mine.py:model", "--output", "own.txt"), "a file ending in .csv or .tex, not 'own.txt'"),
    (("parameters", "mine.py:model", "--params", ""), "--params takes a name"),
    (("parameters", "mine.py:model", "--params", "none.toml"), "none.toml"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_wrong_words_are_one_sentence(words: tuple[str, ...], said: str) -> None:
    assert said in refused("export", *words)


def test_without_words_the_formats_are_shown() -> None:
    said = pkpd("export")
    shown = said.out + said.err
    assert all(f"\n  {name} " in shown for name in ("antimony", "events", "parameters", "petab", "sbml"))


MISSING = [
    (("sbml", *OWN), ("libsbml",)),
    (("antimony", *OWN), ("antimony",)),
    (("petab", "hao2020", "--vary", "treg_activation", "--output", "problem"), ("petab", "petab.v1", "petab.v2")),
]


@pytest.mark.parametrize(("words", "modules"), MISSING, ids=lambda value: value[0])
def test_a_missing_extra_is_named(
    words: tuple[str, ...], modules: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in modules:
        monkeypatch.setitem(sys.modules, name, None)
    assert "pip install 'pkpd[exchange]'" in refused("export", *words)


def test_event_tables_and_parameters_need_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("libsbml", "antimony", "petab"):
        monkeypatch.setitem(sys.modules, name, None)
    assert events("1 MIU iv once", *OWN) and works("export", "parameters", "mine.py:model")
