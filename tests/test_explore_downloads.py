"""Files of the page: each reads back to what the page showed, and the tables are those of the command line."""

from __future__ import annotations

import csv
import io
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pkpd.app import downloads
from pkpd.app.asked import AskError, read_ask, run_of
from pkpd.app.catalogue import MOST_PINS
from pkpd.app.downloads import MAKERS, Download, download
from pkpd.app.offered import Offer, offer
from pkpd.dosing.library import load_schedule, read_schedules
from pkpd.dosing.text import parse
from pkpd.parameters import load_parameters
from tests.commands import works

SHORT = "1 MIU sc daily x2"
ASK: dict[str, Any] = {"model": "il2", "schedule": SHORT, "days": "4", "changes": {"treg_ec50": "12.345678 pM"}}
OTHER: dict[str, Any] = {"model": "il2", "schedule": "2 MIU/m2 sc once", "days": "3", "bsa": "1.6"}


@cache
def built_in_offer() -> Offer:
    """What is offered when nothing is named."""
    return offer()


def made(name: str, ask: dict[str, Any] = ASK, **body: Any) -> Download:
    """A file of the page."""
    return download(name, {"ask": ask} | body, built_in_offer())


def rows(data: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(data.decode())))


def written(name: str, folder: Path, ask: dict[str, Any] = ASK, **body: Any) -> Path:
    """A file of the page in a folder."""
    file = folder / name
    file.write_bytes(made(name, ask, **body).data)
    return file


@pytest.mark.parametrize("ask", [ASK, OTHER, {"schedule": "he2020", "days": "2"}])
def test_the_table_is_that_of_the_downloaded_command(
    ask: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = made("commands.txt", ask).data.decode().splitlines()[-1]
    program, *words = shlex.split(command)
    assert program == "pkpd"
    works(*words)
    assert (tmp_path / "table.csv").read_bytes() == made("table.csv", ask).data


def test_the_doses_are_those_prescribed_and_given() -> None:
    (dose,) = rows(made("doses.csv", OTHER).data)
    told = [dose[key] for key in ("time", "status", "route", "prescribed", "prescribed_unit", "given", "unit")]
    assert told == ["0.0", "given", "sc", "2", "MIU/m2", "3.2", "MIU"]


def test_the_bands_of_the_draws_are_those_of_the_downloaded_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = {"bands": {"kind": "uncertainty"}}
    command = made("commands.txt", **own).data.decode().splitlines()[-1]
    works(*shlex.split(command)[1:])
    assert (tmp_path / "bands.csv").read_bytes() == made("bands.csv", **own).data


def test_the_bands_of_patients_hold_every_output_at_every_time() -> None:
    found = rows(made("bands.csv", bands={"kind": "population", "patients": 5, "seed": 3}).data)
    table = rows(made("table.csv").data)
    assert [(r["time"], r["output"]) for r in found] == [(r["time"], r["output"]) for r in table]
    assert all(float(r["low"]) <= float(r["median"]) <= float(r["high"]) for r in found)
    assert any(float(r["low"]) < float(r["high"]) for r in found)


@pytest.mark.parametrize(
    ("schedule", "label", "name"),
    [
        ("1 MIU sc every 2d x7, rest 14d, repeat 3", "", "regimen"),
        ("0.4 MIU/m2 daily x5, then 0.2 MIU/m2 on mon thu x3 weeks, miss 2", "Plan B (€)", "plan_b"),
        ("1 MIU iv over 90min every 8h x3", "7 days", "regimen_7_days"),
        ("he2020", "", "he2020"),
        ("he2020", "mine", "he2020"),
        ("none", "kind", "regimen_kind"),
        ("1 MIU sc once", "方案", "regimen"),
    ],
)
def test_a_schedule_reads_back_to_the_same_doses(schedule: str, label: str, name: str, tmp_path: Path) -> None:
    file = written("schedule.toml", tmp_path, {"schedule": schedule}, label=label)
    assert list(read_schedules(file)) == [name]
    assert load_schedule(f"{file}:{name}") == load_schedule(schedule)
    assert load_schedule(f"{file}:{name}").text == load_schedule(schedule).text


def test_a_named_schedule_keeps_its_source_and_a_new_one_has_none(tmp_path: Path) -> None:
    known = read_schedules()["he2020"]
    again = read_schedules(written("schedule.toml", tmp_path, {"schedule": "he2020"}))["he2020"]
    assert (again.source, again.where, again.meaning) == (known.source, known.where, known.meaning)
    new = read_schedules(written("schedule.toml", tmp_path))["regimen"]
    assert (new.source, new.where) == (("assumed",), "made with pkpd explore")
    assert new.schedule == parse(SHORT)


@pytest.mark.parametrize(
    "ask", [ASK, OTHER, {"model": "il2_minimal", "schedule": SHORT, "changes": {"treg_growth": "1.7e1"}}]
)
def test_parameters_read_back_bit_for_bit(ask: dict[str, Any], tmp_path: Path) -> None:
    run = run_of(read_ask(ask, built_in_offer()), built_in_offer())
    again = load_parameters(written("parameters.toml", tmp_path, ask))
    assert again.model == run.model
    assert again.tables == run.arms[0].parameters.tables


def test_a_value_outside_its_bounds_reads_back_without_them(tmp_path: Path) -> None:
    ask = ASK | {"changes": {"treg_ec50": "900 pM"}}
    again = load_parameters(written("parameters.toml", tmp_path, ask))
    assert again["treg_ec50"].value == 900
    assert not again["treg_ec50"].outside


def test_the_parameter_file_gives_the_same_table_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written("parameters.toml", tmp_path)
    name = next(iter(read_schedules(written("schedule.toml", tmp_path))))
    works("simulate", f"schedule.toml:{name}", "--params", "parameters.toml", "--days", "4", "--csv", "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == made("table.csv").data


def test_endpoints_name_every_regimen_once() -> None:
    pins = [{"label": "first", "ask": OTHER}, {"label": "first", "ask": ASK}, {"label": "", "ask": OTHER}]
    found = rows(made("endpoints.csv", label="first", pins=pins).data)
    assert list(dict.fromkeys(r["regimen"] for r in found)) == ["first", "first (2)", "first (3)", "2 MIU/m2 sc once"]
    assert list(found[0]) == ["regimen", "id", "output", "what", "day", "value", "unit"]
    given = {r["regimen"]: float(r["value"]) for r in found if r["id"] == "total_given"}
    assert given == {"first": 2, "first (2)": 3.2, "first (3)": 2, "2 MIU/m2 sc once": 3.2}


def test_commands_hold_one_a_regimen_and_that_of_the_band() -> None:
    own: dict[str, Any] = {"pins": [{"label": "two", "ask": OTHER}], "bands": {"kind": "population", "seed": 7}}
    text = made("commands.txt", label="one\n$(ls)", **own).data.decode()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert [shlex.split(line)[:3] for line in lines] == [
        ["pkpd", "simulate", SHORT],
        ["pkpd", "simulate", "2 MIU/m2 sc once"],
        ["pkpd", "population", SHORT],
    ]
    assert "--seed 7" in lines[-1]


def test_each_figure_is_asked_for_in_the_form_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_figure", lambda wanted, form: form.encode())
    for form, media in (("png", "image/png"), ("svg", "image/svg+xml"), ("pdf", "application/pdf")):
        assert made(f"figure.{form}") == Download(f"figure.{form}", media, form.encode())


def test_the_figure_names_every_regimen_as_text_and_whose_the_band_is() -> None:
    own = {"label": "$5 <arm> & more", "pins": [{"label": "other", "ask": OTHER}, {"label": "对照", "ask": OTHER}]}
    text = made("figure.svg", **own, bands={"kind": "population", "patients": 4}).data.decode()
    # the last has a name that the font lacks, so its schedule stands for it
    arms = ("$5 &lt;arm&gt; &amp; more", "other", "2 MIU/m2 sc once")
    for said in (*arms, "90 % of 4 virtual patients", "3 regimens, model il2"):
        assert f"<!-- {said} -->" in text


def test_file_names_are_plain_and_media_types_fit() -> None:
    for name in MAKERS:
        stem, _, ending = name.partition(".")
        assert stem.isalpha()
        assert ending.isalpha()
    assert made("table.csv").media == "text/csv; charset=utf-8"
    assert made("schedule.toml").name == "schedule.toml"


def test_a_label_is_one_short_line_that_no_spreadsheet_runs() -> None:
    found = rows(made("endpoints.csv", label="=cmd|' /c calc'!A1\n\x1b[31m" + "x" * 5000).data)
    (label,) = {r["regimen"] for r in found}
    assert label.startswith("cmd|")
    assert len(label) == 60
    assert label.isprintable()


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("../table.csv", {"ask": ASK}, "there is no file"),
        ("tabel.csv", {"ask": ASK}, "did you mean 'table.csv'"),
        ("table.csv", [], "an object with the key ask"),
        ("table.csv", {"ask": ASK, "path": "/tmp"}, "unknown key 'path'"),
        ("table.csv", {"ask": ASK, "label": 3}, "a label is a text"),
        ("table.csv", {"ask": ASK, "bands": "population"}, "bands are an object"),
        ("bands.csv", {"ask": ASK}, "without their kind"),
        ("bands.csv", {"ask": ASK, "bands": {"kind": "all"}}, "uncertainty or population"),
        ("figure.png", {"ask": ASK, "pins": {}}, "pins are a list"),
        ("figure.png", {"ask": ASK, "pins": [{"ask": ASK}] * (MOST_PINS + 1)}, "at most"),
        ("figure.png", {"ask": ASK, "pins": [3]}, "pin 1 is not an object"),
        ("figure.png", {"ask": ASK, "pins": [{"ask": ASK, "id": 1}]}, "pin 1 has the unknown key 'id'"),
        ("schedule.toml", {"ask": ASK | {"schedule": "mine.toml:name"}}, "without a colon"),
        ("commands.txt", {"ask": ASK | {"schedule": "mine.toml:name"}}, "without a colon"),
    ],
)
def test_what_makes_no_file_is_refused_in_one_sentence(name: str, body: object, sentence: str) -> None:
    with pytest.raises(AskError, match=sentence.replace("'", ".")):
        download(name, body, built_in_offer())


def test_regimens_whose_outputs_share_no_axis_are_not_drawn_together(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from pkpd.model.grammar import build\n\n"
        "def drug(m):\n"
        '    x = m.state("x", "mg")\n'
        '    m.flow("loss", m.parameter("k", "1/h", value=0.1) * x, out_of=x)\n'
        '    m.output("il2", x, "mg")\n'
        '    m.route("iv", into=x, unit="mg")\n\n'
        'ready = build("ready", drug)\n',
        encoding="utf-8",
    )
    own = {"model": f"{file}:ready", "schedule": "1 mg iv once", "days": "1"}
    with pytest.raises(AskError, match="which cannot share an axis"):
        download("figure.png", {"ask": own, "pins": [{"label": "", "ask": ASK}]}, offer(f"{file}:ready"))
