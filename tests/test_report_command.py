"""`pkpd report`: one page of results, of what is still as it was written and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from commands import MODEL_FILE, edit, pkpd, record, refused, works
from html_cases import Tags, assert_alone, parsed

from pkpd.output.provenance import digest, unchanged, write_results
from pkpd.output.report.whole.figures import caption, harmless
from pkpd.output.report.whole.tables import short
from pkpd.output.report.whole.text import cells, laid_out
from pkpd.output.tables import aligned

SVG = (
    b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">%s<path d="M 0 0 L 9 9"/></svg>'
)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take a second each, and one test looks at one."""
    monkeypatch.setattr("pkpd.output.plots.overview.overview_figure", lambda *_: None)
    monkeypatch.setattr("pkpd.output.plots.style.image", lambda *_: SVG % b"")


def page(*arguments: str) -> Tags:
    """The page that `pkpd report` writes without validation, taken apart."""
    works("report", *arguments, "--no-validation")
    return read()


def read() -> Tags:
    """The page as it lies there."""
    return parsed(Path("report.html").read_text("utf-8"))


def said(tags: Tags) -> str:
    """All texts of a page."""
    return " ".join(" ".join(tags.text).split())


def seal(folder: str, files: dict[str, bytes], **more: object) -> None:
    """A folder as pkpd would have written it, of a record of a prediction with other files."""
    head = {"kind": "prediction", "name": "mine", "command": "pkpd predict mine", "seed": None, "tables": {}}
    write_results(folder, files, head | more)


@pytest.mark.usefixtures("undrawn")
def test_a_run_from_what_was_asked_to_how_it_is_repeated(small: Path) -> None:
    works("report", "small")
    tags = read()
    assert_alone(tags.tags)
    levels = [int(tag[1]) for tag, _ in tags.tags if tag in ("h1", "h2", "h3", "h4", "h5")]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all("scope" in attributes for tag, attributes in tags.tags if tag == "th")
    links = [a["href"] for tag, a in tags.tags if tag == "a" and str(a.get("href")).startswith("#")]
    assert {f"#{a['id']}" for tag, a in tags.tags if tag == "h2"} - {"#contents", "#short"} <= set(links)
    text, own = said(tags), record("small/run.json")
    assert text.index("In short") < text.index("parameter values assumed") < text.index("Contents")
    for sentence in (own["command"], "1 MIU under the skin every 2 days", "pkpd run --replay small/run.json"):
        assert sentence in text
    assert all(value in text for value in own["files"].values())
    assert "trajectories.csv, doses.csv, bands.csv came out the same" in text or "came out the same, byte" in text


@pytest.mark.usefixtures("undrawn")
def test_the_same_result_gives_the_same_bytes_wherever_it_lies(small: Path) -> None:
    works("report", "small", "--output", "one.html", "--no-validation")
    (small.parent / "deep").mkdir()
    shutil.copytree(small, "deep/small")
    works("report", "deep/small/run.json", "--output", "deep/two.html", "--no-validation")
    assert Path("one.html").read_bytes() == Path("deep/two.html").read_bytes()
    found = record("one.html.run.json")
    assert found["kind"] == "report" and unchanged(found)
    assert found["results"] == [{"label": "small", "kind": "run", "digest": record("small/run.json")["digest"]}]
    assert found["files"] == {"one.html": digest(Path("one.html").read_bytes())}


@pytest.mark.usefixtures("undrawn")
def test_what_two_results_share_is_told_once(small: Path) -> None:
    one = said(page("small"))
    shutil.copytree(small, "again")
    both = page("small", "again")
    assert_alone(both.tags)
    heads = [tag for tag, _ in both.tags if tag == "h2"]
    assert len(heads) == len([t for t, _ in read().tags if t == "h2"])
    meaning = next(iter(record("small/run.json")["arms"].values()))["parameters"]["tables"]["treg_feedback"]["meaning"]
    assert said(both).count(meaning) == one.count(meaning) > 0


def test_a_changed_and_a_missing_file_are_named_and_not_shown(small: Path) -> None:
    seal(
        "mine", {"a.csv": b"name,value\nkept,1\n", "b.csv": b"name,value\nforged,2\n", "c.csv": b"name,value\nlost,3\n"}
    )
    Path("mine/b.csv").write_bytes(b"name,value\ninvented,9\n")
    Path("mine/c.csv").unlink()
    found = pkpd("report", "mine", "--no-validation")
    text = said(read())
    for sentence in (
        "mine: b.csv was changed since pkpd wrote it, and is not shown.",
        "mine: c.csv is missing: the record lists it, and it is not there.",
    ):
        assert sentence in text and f"note: {sentence}" in found.err
    assert "kept" in text and "invented" not in text


def test_only_regular_files_are_read(small: Path) -> None:
    seal("mine", {"a.csv": b"name,value\nkept,1\n", "b.csv": b"name,value\nlost,2\n"})
    Path("mine/b.csv").unlink()
    os.mkfifo("mine/b.csv")  # opened, it would wait for ever
    assert "mine: b.csv is missing" in said(page("mine"))


def test_a_page_among_results_is_none_of_them(here: Path) -> None:
    seal("out", {"a.csv": b"name,value\nkept,1\n"})
    Path("out/run.json").rename("out/a.csv.run.json")
    told = works("report", "out", "--output", "out/page.html", "--no-validation")
    assert "Written: out/page.html and out/page.html.run.json" in told
    works("report", "out", "--no-validation")


def test_a_model_file_is_asked_for_only_where_it_is_needed(small: Path) -> None:
    assert "--model mine.py:model is not needed" in refused("report", "small", "--model", "mine.py:model")


def test_a_lone_table_gets_its_figure_from_the_record(here: Path) -> None:
    works("simulate", "1 MIU once", "--model", "il2_minimal", "--days", "2", "--csv", "course.csv")
    tags = page("course.csv")
    figures = [attributes for tag, attributes in tags.tags if tag == "svg"]
    assert len(figures) == 1 and figures[0]["role"] == "img" and "course.csv" in str(figures[0]["aria-label"])
    assert "came out the same, byte for byte" in said(tags)


def test_a_run_that_does_not_come_out_the_same_shows_nothing_of_it(small: Path) -> None:
    own = record("small/run.json")
    own["tables"] = dict.fromkeys(own["tables"], "0" * 64)
    data = {name: (small / name).read_bytes() for name in own["files"]}
    write_results("other", data, {k: v for k, v in own.items() if k not in ("files", "versions", "digest")})
    text = said(page("other"))
    assert "came out other than recorded" in text and "byte for byte" not in text


@pytest.mark.usefixtures("undrawn")
def test_a_model_file_is_run_only_when_named_again(here: Path) -> None:
    own = MODEL_FILE + 'model = build("mine", drug, time="h")\n'
    Path("my_model.py").write_text(own)
    works("simulate", "1 MIU once", "--model", "my_model.py:model", "--days", "1", "--csv", "a.csv")
    Path("my_model.py").write_text("import pathlib\n\npathlib.Path('touched').write_text('')\n" + own)
    text = said(page("a.csv"))
    assert not Path("touched").exists() and "a report does not run unless --model names it again" in text
    text = said(page("a.csv", "--model", "my_model.py:model"))
    assert Path("touched").exists() and "unless --model" not in text and "came out the same" in text


def test_every_text_of_a_record_is_escaped(here: Path) -> None:
    evil = '<script>alert("1")</script>'
    table = f'"{evil}",value\n{evil},1\n'.replace('"1"', "1").encode()
    seal("mine", {"a.csv": table, f"{evil[:8]}.csv".replace("<", "&"): table}, name=evil, side=evil, visits=[])
    works("report", "mine", "--title", evil, "--no-validation")
    html = Path("report.html").read_text("utf-8")
    assert "<script" not in html and html.count("&lt;script&gt;alert(") > 4
    parsed(html)


EVIL = (
    b"<script>alert(1)</script>",
    b'<g onload="alert(1)"/>',
    b"<foreignObject/>",
    b'<use href="https://example.org/a.svg#b"/>',
    b'<image href="https://example.org/a.png"/>',
    b'<a href="javascript:alert(1)"/>',
    b'<path style="fill: url(https://example.org/a)"/>',
    b'<g style="position: fixed"/>',
    b"<style>* { display: none }</style>",
    b"<![CDATA[<script>]]>",
    b'<h:div xmlns:h="http://www.w3.org/1999/xhtml"/>',
    b"<g>",
)


@pytest.mark.parametrize("part", EVIL)
def test_an_svg_that_does_more_than_draw_is_shown_as_its_png(part: bytes, here: Path) -> None:
    assert harmless(SVG % part) is None
    seal("mine", {"a.svg": SVG % part, "a.png": PNG})
    whole = page("mine")
    assert_alone(whole.tags)
    tags = whole.tags
    assert [a["alt"] for tag, a in tags if tag == "img"] == [caption("a")] and "svg" not in dict(tags)


def test_an_svg_that_only_draws_stays_and_loses_its_comments(here: Path) -> None:
    # what XML takes for a comment, HTML ends at its first ">"
    tricky = b"<!--><script>alert(1)</script> --><metadata><x/></metadata>"
    assert b"script" not in (harmless(SVG % tricky) or b"script")
    seal("mine", {"a.svg": SVG % tricky, "a.png": PNG})
    html = (page("mine"), Path("report.html").read_text("utf-8"))[1]
    assert html.count("<svg") == 1 and "<img" not in html and "alert" not in html


def write(path: str, change: Callable[[dict[str, Any]], object]) -> None:
    """A record edited and sealed again, as only pkpd would."""
    own = record(path)
    change(own)
    own.pop("digest")
    text = json.dumps(own, indent=1) + "\n"
    own["digest"] = digest(text.encode())
    Path(path).write_text(json.dumps(own, indent=1) + "\n")


@pytest.mark.usefixtures("undrawn")
def test_what_is_no_result_is_refused_in_a_sentence(small: Path) -> None:
    Path("empty").mkdir()
    Path("data.csv").write_text("a,b\n")
    assert "empty is no result folder: it holds no run.json" in refused("report", "empty")
    assert "there is no data.csv.run.json beside it" in refused("report", "data.csv")
    assert "there is no nowhere" in refused("report", "nowhere")
    assert "is named twice" in refused("report", "small", "small/run.json")
    assert "takes a file ending in .html" in refused("report", "small", "--output", "page.pdf")
    assert "name one or more results" in refused("report")
    assert "RESULT takes a name" in refused("report", "")
    page("small")
    assert "is the record of a report" in refused("report", "report.html", "--output", "more.html")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda r: r["versions"].update(pkpd="99.0"), "newer than this"),
        (lambda r: r.update(kind="dream"), "is not a record"),
        (lambda r: r.update(files={"../a.csv": "0"}), "is not the name of a file beside it"),
        (lambda r: r["arms"]["il2"].update(schedule=3), "is damaged"),
        (lambda r: r["arms"]["il2"]["parameters"].update(tables={"a": 3}), "is damaged"),
    ],
    ids=("newer", "kind", "outside", "schedule", "parameters"),
)
def test_a_record_that_cannot_be_read_is_refused(
    change: Callable[[dict[str, Any]], object], sentence: str, small: Path
) -> None:
    write("small/run.json", change)
    assert sentence in refused("report", "small", "--no-validation")


def test_an_edited_record_and_a_foreign_page_are_refused(small: Path) -> None:
    Path("report.html").write_text("mine")
    assert "was not written by pkpd" in refused("report", "small")
    edit(small / "run.json", {"command": "pkpd run other"})
    assert "was changed since pkpd wrote it" in refused("report", "small", "--output", "page.html")


def test_printed_columns_become_tables() -> None:
    rows = (["", "treg", "nk fold"], ["day", "cells/uL", "mean"], ["0", "30.0", "1.00"], ["7", "-", "1.05"])
    lines = aligned(rows).splitlines()
    assert cells(lines) == [list(row) for row in rows]
    tags = parsed(laid_out("\n".join(["Cells at visits", *lines, "a < b"]), "run"))
    assert [text for text in tags.text if text.strip()] == [
        *("Cells at visits", "day", "treg cells/uL", "nk fold mean"),
        *("0", "30.0", "1.00", "7", "-", "1.05", "a < b"),
    ]
    folded = "This sentence is long enough to be folded by whoever printed it, which is to say at the width of\na page."
    assert parsed(laid_out(folded, "")).text[0].endswith("the width of a page.")


def test_columns_that_are_the_same_in_every_row_are_told_once(here: Path) -> None:
    seal("mine", {"a.csv": b"a,b\n1,7\n2,7\n3,7\n", "b.csv": b"c\n5\n5\n5\n", "c.csv": b"d,e\n8\n"})
    text = said(page("mine"))
    assert "In every row: b 7. a 1 2 3" in text and "c 5 5 5" in text and "d e" not in text
    seal("long", {"a.csv": b"a\n" + b"".join(b"%d\n" % k for k in range(100))})
    assert "a.csv: 40 more rows are in the file." in said(page("long"))


def test_numbers_are_short_and_other_texts_stay() -> None:
    told = {"0.123456789": "0.1235", "12": "12", "1234567.8": "1234567.8", "nan": "nan", "2 of 3": "2 of 3", "": ""}
    assert {text: short(text) for text in told} == told
