"""`pkpd sensitivity`: files, report, record, and one sentence for whatever is wrong."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from commands import pkpd, put_files, record, refused, rows, snapshot, works

from pkpd.output.provenance import digest

SMALL = ("--model", "il2_minimal", "--days", "14", "--samples", "8")
FILES = {"indices.csv", "quantities.csv", "tornado.csv", "ranges.csv", "report.txt", "run.json"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_study_gives_tables_figures_and_a_record(here: Path) -> None:
    out = works("sensitivity", "he2020", *SMALL, "--over-time", "treg_fold", "--keep-samples")
    folder = here / "results" / "he2020-sensitivity"
    names = {path.name for path in folder.iterdir()}
    drawn = ("tornado_treg_peak_fold", "tornado_nk_peak_fold", "indices", "over_time_treg_fold")
    assert names - {"failures.csv"} == FILES | {"over_time.csv", "over_time_days.csv", "samples.csv"} | {
        f"{name}.{kind}" for name in drawn for kind in ("png", "svg")
    }
    own = record(folder / "run.json")
    assert own["kind"] == "sensitivity" and own["seed"] == 1 and own["arm"]["name"] == "il2"
    for name, found in own["tables"].items():
        assert digest((folder / name).read_bytes()) == found
    assert (folder / "report.txt").read_text() in out
    varied = {row["parameter"] for row in rows(folder / "ranges.csv")}
    assert varied == set(own["varied"]) == {row["parameter"] for row in rows(folder / "indices.csv")}
    assert len(rows(folder / "samples.csv")) == 8 * (len(varied) + 2)
    assert {row["day"] for row in rows(folder / "over_time.csv")} == {"0", "13", "14"}


def test_every_number_of_the_report_is_in_a_table(here: Path) -> None:
    works("sensitivity", "he2020", *SMALL, "--no-figures", "--output", "out", "--over-time", "treg_fold")
    tables = "".join((here / "out" / name).read_text() for name in record(here / "out" / "run.json")["tables"])
    cells = {cell for line in csv.reader(io.StringIO(tables)) for cell in line}
    numbers = {f"{float(f'{float(c):.3g}'):g}" for c in cells if re.fullmatch(r"-?[0-9.]+(e[+-][0-9]+)?", c)}
    text = (here / "out" / "report.txt").read_text()
    lines = [re.split(r" {2,}", line) for line in text.splitlines()]
    found = [cell for line in lines for cell in line[1:] if re.fullmatch(r"-?[0-9][0-9.]*(e[+-][0-9]+)?", cell)]
    for pattern in (
        r": (\S+) at the reference values; over the ranges mean (\S+), SD ([^,]+),",
        r", median (\S+), 90 % within (\S+) to (\S+)",
        r"sum of first-order indices (\S+) \+/-(\S+)",
    ):
        said = re.findall(pattern, text)
        assert len(said) == 2  # quantities
        found += [number for some in said for number in some]
    assert len(found) > 50
    assert [cell for cell in found if cell not in numbers] == []


def test_what_no_data_stand_behind_is_marked(here: Path) -> None:
    asked = ("he2020", "--quantity", "eosinophils_peak_fold", "--quantity", "treg_auc", "--vary", "il5_ec50")
    short = ("--over-time", "eosinophils_fold", "--days", "14", "--samples", "8", "--over", "bounds")
    out = works("sensitivity", *asked, *short, "--output", "out")
    notes = [line for line in out.splitlines() if "assumed values only" in line]
    assert len(notes) == 1 and notes[0].startswith("Note: eosinophils_peak_fold, eosinophils_fold: ")
    for name in ("tornado_eosinophils_peak_fold", "indices", "over_time_eosinophils_fold"):
        # the drawing holds its words, line by line, as comments
        drawing = " ".join(re.findall(r"<!-- (.*?) -->", (here / "out" / f"{name}.svg").read_text()))
        assert ": no data behind it" in drawing and "treg_auc: no data" not in drawing


def test_a_place_in_the_way_is_told_before_any_run(here: Path) -> None:
    (here / "file").write_text("mine")
    said = pkpd("sensitivity", "he2020", *SMALL, "--output", "file")
    assert said.status == 2 and "file cannot be written to" in said.err and said.out == ""


def test_again_gives_the_same_files_and_replaces_them(here: Path) -> None:
    command = ("sensitivity", "1 MIU daily x3", *SMALL, "--method", "morris", "--no-figures")
    works(*command, "--threads", "1")
    folder = here / "results" / "1-MIU-daily-x3-sensitivity"
    before = {name: data for name, data in snapshot(folder).items() if name != "run.json"}
    works(*command, "--threads", "2")
    assert {name: data for name, data in snapshot(folder).items() if name != "run.json"} == before


def test_what_is_set_does_not_vary(here: Path) -> None:
    works("sensitivity", "he2020", *SMALL, "--no-figures", "--set", "treg_feedback=1", "--output", "out")
    assert "treg_feedback" not in record(here / "out" / "run.json")["varied"]
    works("sensitivity", "he2020", *SMALL, "--no-figures", "--vary", "treg_feedback,treg_growth", "--output", "two")
    assert set(record(here / "two" / "run.json")["varied"]) == {"treg_feedback", "treg_growth"}


def test_progress_is_told_once_it_takes_a_while(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = pkpd("sensitivity", "he2020", *SMALL, "--no-figures")
    assert " runs " not in quiet.err
    monkeypatch.setattr("pkpd.shards.progress.PATIENCE", -1.0)
    said = pkpd("sensitivity", "he2020", *SMALL, "--no-figures").err
    told = re.findall(r"^(\d+) of (\d+) runs", said, re.MULTILINE)
    # a line every 5 % at most, and the last
    assert told and told[-1][0] == told[-1][1] and len(told) <= 21


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("he202",), "did you mean 'he2020'"),
        (("he2020", "--method", "morriss"), "did you mean 'morris'"),
        (("he2020", "--samples", "12"), "the nearest is"),
        (("he2020", "--quantity", "treg_peek"), "did you mean 'treg_peak'"),
        (("he2020", "--vary", "treg_feedbac"), "did you mean 'treg_feedback'"),
        (("he2020", "--vary", "treg_feedback,"), "--vary takes names with commas"),
        (("he2020", "--vary", "treg_feedback", "--set", "treg_feedback=1"), "--vary and --set both name treg_feedback"),
        (("he2020", "--over", "priorr"), "did you mean 'prior'"),
        (("he2020", "--over-time", "tregs"), "did you mean 'treg'"),
        (("he2020", "--over-time", "treg", "--at", "1,x"), "--at: "),
        (("he2020", "--at", "7"), "no output to follow"),
        (("he2020", "--arm", "placeb"), "did you mean 'placebo'"),
        (("he2020", "--output", ""), "--output takes a name"),
        (("he2020", "--seed", "-3"), "seed is a whole number"),
        (("no.toml",), "no.toml"),
    ],
)
def test_what_is_wrong_gets_one_sentence(here: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused("sensitivity", *arguments, "--model", "il2_minimal")


def test_files_of_others_are_left_alone(here: Path) -> None:
    put_files(here)
    (here / "folder" / "indices.csv").write_text("mine\n")
    assert "was not written by pkpd" in refused("sensitivity", "he2020", *SMALL, "--output", "folder")
