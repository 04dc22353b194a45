"""A cohort uploaded to the page: every good row with its place in the picture, a sentence for every other."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pkpd.app.cohort import MOST_BYTES, MOST_FAULTS, MOST_ROWS, read_cohort
from pkpd.app.offered import Offer
from pkpd.errors import FileError, PkpdError, StudyError

EVIDENCE = Path(__file__).parent / "data" / "evidence" / "immune_responses.csv"
OFFER = Offer({"il2": "il2", "il2_minimal": "il2_minimal"}, {})
REGIMEN = "1 MIU sc every 2d x7"
HEAD = "regimen,id,output,form,day,value\n"
WIDE = "regimen,output,form,day_from,day_to,timing,value,low,high,spread,spread_value,log_se,bound,unit\n"


def read(text: str | bytes, model: str = "il2") -> dict[str, Any]:
    """The answer, which must also go through JSON as it is."""
    found = read_cohort(text if isinstance(text, bytes) else text.encode(), model, OFFER)
    assert json.loads(json.dumps(found, allow_nan=False)) == found and found["count"] == len(found["rows"])
    return found


def one(cells: str) -> dict[str, Any]:
    """The single row of a wide table."""
    found = read(WIDE + f"{REGIMEN},{cells}\n")
    assert found["problems"] == []
    (row,) = found["rows"]
    return dict(row)


def told(found: dict[str, Any]) -> dict[int | None, str]:
    return {problem["line"]: problem["text"] for problem in found["problems"]}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_ours(separator: str) -> None:
    text = HEAD + f"{REGIMEN},P1,treg,count,0,30\nhe2020,P1,treg,count,14,61.5\n"
    found = read(b"\xef\xbb\xbf" + text.replace(",", separator).replace("\n", "\r\n").encode())
    assert found["problems"] == [] and found["regimens"] == [REGIMEN, "he2020"]
    first, last = found["rows"]
    assert (last["line"], last["id"], last["day_from"], last["day_to"], last["value"]) == (3, "P1", 14, 14, 61.5)
    assert (first["panel"], first["unit"], first["study"], first["why"]) == ("treg", "cells/uL", "cohort", "")


def test_foreign() -> None:
    found = read(EVIDENCE.read_bytes())
    assert found["problems"] == [] and found["count"] == 21
    rows = {row["line"]: row for row in found["rows"]}
    counted, fold = rows[7], rows[9]
    assert (counted["panel"], counted["low"], counted["high"], counted["range"]) == ("treg", 14.9, 29.9, "IQR")
    assert (fold["panel"], fold["value"], fold["timing"], fold["day_from"], fold["day_to"]) == (
        "treg_fold",
        2.5,
        "mean",
        4,
        6,
    )
    assert all(bool(row["panel"]) is not bool(row["why"]) for row in found["rows"])
    assert rows[12]["why"].startswith("a range of doses") and rows[2]["why"].endswith("no fold of treg_percent_cd4")


def test_three_bad_rows() -> None:
    rows = ["P1,treg,count,0,30", "P1,tregs,count,1,40", "P1,treg,cuont,2,40", "P1,treg,count,3,4O"]
    found = read(HEAD + "".join(f"{REGIMEN},{row}\n" for row in [*rows, "P1,treg,count,4", "P1,nk,count,4,99"]))
    assert [row["line"] for row in found["rows"]] == [2, 7]
    assert told(found) == {
        3: "line 3: model il2 has no output 'tregs'; did you mean 'treg'?",
        4: "line 4: form 'cuont' is none of count, level, percent, fold, percent_change, ratio; did you mean 'count'?",
        5: "line 5: value is '4O', which is not a finite number",
        6: "line 6 has 5 cells where the header has 6",
    }


def test_one_row_against_another() -> None:
    """However far apart they stand."""
    rows = [f"{REGIMEN},P{k},treg,count,{k % 40},30\n" for k in range(250)]
    found = read(HEAD + "".join([*rows, rows[0], rows[120]]))
    assert found["count"] == 250
    assert [text.split(":")[0] for text in told(found).values()] == [
        "line 252 repeats line 2",
        "line 253 repeats line 122",
    ]
    sizes = "regimen,id,output,form,day,value,bsa\n"
    found = read(sizes + f"{REGIMEN},a,treg,count,0,30,1.8\n{REGIMEN},a,treg,count,1,30,1.9\n")
    assert found["count"] == 1 and "bsa of id 'a' is 1.9, and line 2 says 1.8" in told(found)[3]


def test_unclosed_quote_costs_its_line_only() -> None:
    rows = [f'"{REGIMEN},P1,treg,count,0,30\n', f"{REGIMEN},P1,treg,count,1,30\n", f'"{REGIMEN}",P1,treg,count,2,30\n']
    found = read(HEAD + "".join(rows))
    assert [row["line"] for row in found["rows"]] == [3, 4] and list(told(found)) == [2]


def test_odd_ends_of_lines() -> None:
    """An emptied line must not join the ends of its neighbours, or the numbers of the lines below would shift."""
    row = f"{REGIMEN},P1,treg,count,1,30"
    found = read((HEAD + f"1\r2\n3\r\n4\r5\n{row}\n6\n").encode())
    assert [row["line"] for row in found["rows"]] == [7] and list(told(found)) == [2, 3, 4, 5, 6, 8]


def test_many_faults() -> None:
    """Rows with a wrong cell are counted; a table that cannot be taken apart ends where the fiftieth fault stands."""
    rows = [f"{REGIMEN},P{k},treg,{'count' if k % 3 else 'x'},1,30\n" for k in range(180)]
    found = read(HEAD + "".join(rows))
    assert found["count"] == 120 and len(found["problems"]) == MOST_FAULTS + 1
    assert found["problems"][-1] == {"line": None, "text": "10 more rows are at fault and not shown"}
    short = [row if k % 3 else row.rpartition(",")[0] + "\n" for k, row in enumerate(rows)]
    found = read(HEAD + "".join(short))
    assert found["count"] == 98 and found["rows"][-1]["line"] == 148
    assert told(found)[None] == "line 150 and the lines below it were not read: mend those above first"


def test_another_model() -> None:
    found = read(
        HEAD + f"{REGIMEN},,cd56bright,count,1,9\n{REGIMEN},,nk,count,1,9\n{REGIMEN},,nkk,count,1,9\n", "il2_minimal"
    )
    assert [(row["panel"], row["why"]) for row in found["rows"]] == [
        ("", "model il2_minimal has no output 'cd56bright'"),
        ("nk", ""),
    ]
    assert "did you mean 'nk'?" in told(found)[4]
    with pytest.raises(FileError, match=r"model 'il3' is not offered; did you mean 'il2'\?"):
        read(HEAD, "il3")


def test_panels_and_units() -> None:
    level = one("il2,level,1,1,point,0.012,,,,,,=,nM")
    assert (level["panel"], level["unit"]) == ("il2", "pM") and math.isclose(level["value"], 12, rel_tol=1e-12)
    count = one("treg,count,1,1,point,0.03,,,SD,0.01,,=,cells/nL")
    assert [round(count[key], 9) for key in ("value", "low", "high")] == [30, 20, 40]
    assert (count["unit"], count["range"]) == ("cells/uL", "SD")
    change = one("treg,percent_change,0,7,maximum,50,-25,125,IQR,,,=,%")
    assert [change[key] for key in ("panel", "value", "low", "high", "unit")] == ["treg_fold", 1.5, 0.75, 2.25, "1"]
    assert (change["timing"], change["day_from"], change["day_to"]) == ("maximum", 0, 7)
    percent = one("treg_percent_cd4,percent,1,1,point,9,,,SE,2,,>,")
    assert [percent[key] for key in ("panel", "low", "high", "bound")] == ["treg_percent_cd4", 7, 11, ">"]
    share = one("ki67_treg,level,1,1,point,0.3,,,,,,=,")
    assert share["panel"] == "ki67_treg" and (share["low"], share["high"], share["range"]) == (None, None, "")
    alone = one("treg,count,1,1,point,,20,40,,,,range,")
    assert [alone[key] for key in ("panel", "value", "low", "high", "range")] == ["treg", None, 20, 40, "range"]


def test_bars_on_a_log() -> None:
    spread = one("treg,fold,1,1,point,2,,,log_SD,0.5,,=,")
    assert math.isclose(spread["high"] / 2, math.exp(0.5)) and math.isclose(2 / spread["low"], math.exp(0.5))
    assigned = one("treg,fold,1,1,point,2,,,,,0.1,=,")
    assert assigned["range"] == "CI95" and math.isclose(math.log(assigned["high"] / assigned["low"]), 0.2 * 1.959963985)
    share = one("treg_percent_cd4,percent,1,1,point,90,,,,,0.2,=,")
    assert 0 < share["low"] < 90 < share["high"] < 100
    assert one("treg_percent_cd4,percent,1,1,point,90,,,log_SD,0.5,,=,")["high"] == 100
    assert one("treg,count,1,1,point,5,,,SD,9,,=,")["low"] == 0
    assert one("treg,count,1,1,point,0,,,,,0.2,=,")["range"] == "", "nothing lies around zero on a log"
    assert one("treg,count,1,1,point,5,,,log_SD,900,,=,")["range"] == ""


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ("treg_percent_cd4,ratio,1,1,point,2,,,,,,=,", "a ratio over the rest of its parent is not drawn"),
        ("il2,level,0,1,area,2,,,,,,=,", "an area under a curve is no point on it"),
        ("treg,count,1,1,point,,,,,,,=,", "no value is given"),
        ("treg,count,1,1,point,,,,,,,qualitative,", "a statement in words"),
        ("ki67_treg,fold,1,1,point,2,,,,,,=,", "model il2 has no fold of ki67_treg"),
        ("treg,count,1,1,point,1e307,,,,,,=,cells/nL", "the number is too large to draw"),
    ],
)
def test_not_drawn(cells: str, why: str) -> None:
    row = one(cells)
    assert (row["panel"], row["why"]) == ("", why)


def test_cells_are_only_text() -> None:
    cells = ["=cmd|' /C calc'!A0", "<script>alert(1)</script>", "\x1b[31m__import__('os')", '"line\nbreak"']
    found = read(HEAD + "".join(f"{REGIMEN},{cell},treg,count,{k},30\n" for k, cell in enumerate(cells)))
    assert [row["id"] for row in found["rows"]] == [*cells[:2], "?[31m__import__('os')", "line break"]
    found = read(HEAD + "=cmd|'x'!A0,a,treg,count,1,30\n" + f"{REGIMEN},a,<script>,count,1,30\n")
    assert told(found)[2].startswith("line 2: in the schedule, '=' at character 1 is not used")
    assert "has no output '<script>'" in told(found)[3] and not found["rows"]


def test_no_regimen_opens_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text('[a]\ntext = "1 MIU once"\nmeaning = "m"\nsource = "assumed"\nwhere = "w"\n', "utf-8")
    found = read(HEAD + f"mine.toml:a,,treg,count,1,30\n{REGIMEN},{'x' * 6000},treg,count,1,30\n")
    assert found["rows"] == [] and "'mine.toml:a' has a colon" in told(found)[2]
    assert told(found)[3] == "line 3: the cell of id has 6000 characters, and the page reads at most 5000"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty: there are no observations"),
        (b"\r\n\n", "the file is empty"),
        (HEAD.encode(), "the file has a header and no row below it"),
        (b"PK\x03\x04\x14\0[Content_Types].xml", r"looks like a zip archive or an Excel workbook \(.xlsx\).*CSV UTF-8"),
        (b"%PDF-1.7", "looks like a PDF"),
        (HEAD.encode("utf-16"), "looks like text in UTF-16"),
        (HEAD.encode("utf-16-be"), "looks like text in UTF-16"),
        (b"a,b\n1,\0" + b"2" * 99, "looks like a binary file"),
        ("a,b\n剂量,2\n".encode("gbk"), "line 2 is not text in UTF-8"),
        (b"x" * (MOST_BYTES + 1_000_000), "the file has 3 MB, and the page reads at most 2 MB"),
        (
            HEAD.encode() + b",,treg,,,\n" * (MOST_ROWS + 1),
            f"the file has {MOST_ROWS + 1} rows, .* at most {MOST_ROWS}",
        ),
        (b"\n" * 30_000, "the file has 30000 lines"),
        (b"a;" * 500 + b"\n", "the file has 501 columns, and the page reads at most 200"),
        (b'"' + b"a" * 200_000 + b'",b\n', "the header is not valid CSV"),
        (b'"abc', "line 1 is not valid CSV"),
        (b"day,day\n1,2\n", "line 1: there are two columns 'day'"),
        (
            b"regimen,output,form,day,valeu\n1,2,3,4,5\n",
            "the file has the unknown column 'valeu'; did you mean 'value'",
        ),
        (b"output,form,day,value\ntreg,count,1,2\n", "the file lacks the column 'regimen'"),
        (b"analyte,form\ntreg,count\n", "the file lacks the column 'study'"),
        (b"ID,TIME,DV\n1,0,2\n", "the file is an event table"),
        (
            HEAD.encode() + b"".join(b"%d kIU once,,treg,count,1,2\n" % k for k in range(1, 502)),
            "the file holds 501 different regimens",
        ),
    ],
)
def test_refused(data: bytes, said: str) -> None:
    with pytest.raises((FileError, StudyError), match=said) as error:
        read(data)
    assert "cohort.csv" not in str(error.value) and "\n" not in str(error.value)


def test_nothing_stays_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[tuple[str, int]] = []

    def spied(path: Path) -> bool:
        seen.append((path.name, path.parent.stat().st_mode & 0o777))
        assert path.parent.parent == tmp_path
        return False

    monkeypatch.setattr("pkpd.exchange.events.reading.is_event_table", spied)
    read(HEAD + f"{REGIMEN},P1,treg,count,1,30\n")
    for bad in (b"day,day\n1,2\n", b"a\n1\n", b"a,b\n"):
        with pytest.raises(PkpdError) as error:
            read(bad)
        assert str(tmp_path) not in str(error.value)
    assert seen == [("cohort.csv", 0o700)] * 4 and list(tmp_path.iterdir()) == []


CELLS = st.one_of(
    st.sampled_from(
        [REGIMEN, "treg", "il2", "count", "fold", "percent", "1", "0", "-3", "1e308", "", '"', "a.toml:b", "none"]
    ),
    st.text(max_size=6),
)


@given(st.one_of(st.binary(max_size=200), st.lists(st.lists(CELLS, min_size=4, max_size=7), max_size=5)))
@example([[REGIMEN, "", "treg", "count", "1", "2"], ["\x0c", "", "", "", "", ""]])
@settings(max_examples=50, deadline=None, derandomize=True)
def test_anything(upload: bytes | list[list[str]]) -> None:
    """Whatever comes, the answer is a table or one sentence; no row is lost without a word."""
    whole = upload if isinstance(upload, bytes) else (HEAD + "\n".join(map(",".join, upload))).encode(errors="replace")
    try:
        found = read(whole)
    except PkpdError as error:
        assert str(error) and "cohort.csv" not in str(error)
        return
    assert found["rows"] or found["problems"]
    lines = [row["line"] for row in found["rows"]]
    assert lines == sorted(set(lines)) and not set(lines) & set(told(found))
