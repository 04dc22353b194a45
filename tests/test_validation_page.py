"""The validation page: hits and misses alike, for the parameters of the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from band_cases import OWN, RUN, draws, ship
from commands import record, rows, works
from html_cases import assert_alone, parsed

from pkpd.errors import SimulationError
from pkpd.inference.prediction import predict
from pkpd.inference.uncertainty.draws import Draws
from pkpd.output.plots.validation import validation_figure
from pkpd.output.report.validation import page, validation_files
from pkpd.studies.library import load_observations

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> Draws:
    some = draws()
    ship(monkeypatch, some)
    return some


def test_validation_page() -> None:
    found = predict(load_observations("dilt1d", "hao2020", "whangbo2019"), "il2")
    odd = replace(found[0], observation=replace(found[0].observation, study="<b>&", arm="'\""))
    files = validation_files((*found, odd), ["About <this>."])
    text = files["validation.html"].decode()
    assert set(files) == {"validation.csv", "validation.html"}
    assert len(files["validation.csv"].splitlines()) == len(found) + 2
    assert "About &lt;this&gt;." in text and "<b>&" not in text and "&lt;b&gt;&amp;" in text
    for study in ("dilt1d", "hao2020", "&lt;b&gt;&amp;"):
        assert f"<h2>{study}</h2>" in text
    # rows without a prediction stand together, with their reason
    assert "<h2>whangbo2019</h2>" not in text and "a statement in words: whangbo2019 row" in text
    predicted = [p for p in (*found, odd) if p.predicted is not None]
    assert text.count('scope="row"') == len(predicted)
    for word, inside in (("hit", "yes"), ("miss", "no")):
        assert text.count(f'<tr class="{word}">') == sum(p.inside == inside for p in predicted)
    assert page((*found, odd), ["About <this>."]) == text
    assert "http" not in text.replace("http://www.w3.org", "")
    assert text.count("fewer than nine in ten are expected inside") == 1


def test_the_page_is_whole_and_stands_alone() -> None:
    found = predict(load_observations("dilt1d", "hao2020", "whangbo2019"), "il2")
    tags = parsed(page(found, ["About this."]))
    assert_alone(tags.tags)
    assert all("scope" in attributes for tag, attributes in tags.tags if tag == "th")
    (figure,) = (attributes for tag, attributes in tags.tags if tag == "svg")
    assert figure["role"] == "img" and figure["aria-label"]
    # every predicted row with all its cells, its verdict in words as well as in colour
    heads = [attributes["scope"] for tag, attributes in tags.tags if tag == "th"]
    assert heads.count("row") == len([p for p in found if p.predicted is not None]) > 1
    assert [tag for tag, _ in tags.tags].count("td") == heads.count("row") * 10
    colours = [attributes.get("class") for tag, attributes in tags.tags if tag == "tr"]
    words = [text for text in tags.text if text in ("hit", "miss")]
    assert words and words == [colour for colour in colours if colour]


def test_validation_without_a_number() -> None:
    found = predict(load_observations("whangbo2019"), "il2")
    assert "<svg" not in page(found, [])
    with pytest.raises(SimulationError, match="no row has a number and a prediction"):
        validation_figure(found)


def test_validation_follows_the_run(shipped: Draws) -> None:
    for name, more in (("usual", ()), ("other", ("--set", "treg_growth=60"))):
        works(*RUN, *more, "--output", name)
    usual, other = (rows(f"{name}/validation.csv") for name in ("usual", "other"))
    assert [r["row"] for r in usual] == [r["row"] for r in other] and len(usual) > 20
    assert any(a["predicted"] != b["predicted"] for a, b in zip(usual, other, strict=True))
    assert "changed: treg_growth = 60" in Path("other/validation.html").read_text("utf-8")
    kept = record("usual/run.json")["validation"]["tables"]
    assert kept["treg_growth"]["value"] == OWN["treg_growth"].value
