"""What stands first on the page of `pkpd report`: main numbers, and what they are held against."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands import SHORT, works
from html_cases import parsed

from pkpd.cli.report_known import draws_for
from pkpd.engine.code.library import outline_of
from pkpd.inference.uncertainty.draws import default_draws
from pkpd.output.provenance import write_results
from pkpd.output.report.parts.limits import NO_DEVICE, PREDICTED, caution
from pkpd.output.report.whole.numbers import main_numbers
from pkpd.output.report.whole.result import read_result
from pkpd.output.report.whole.sets import OwnSet

HEAD = {"name": "mine", "command": "pkpd mine", "seed": None, "tables": {}}
HIGHEST = r"treg, highest at a visit ([0-9.]+)-fold ([0-9]+) "


def test_the_main_numbers_stand_first(here: Path) -> None:
    """As `pkpd run` prints them: the peak after the first dose, and the visit with the most Treg."""
    asked = ("1 MIU every 2d x3", *SHORT[:2], "--times", "0,2,4,6", "--csv", "a.csv")
    printed = works("simulate", *asked)
    works("report", "a.csv", "--no-validation")
    text = " ".join(" ".join(parsed(Path("report.html").read_text("utf-8")).text).split())
    short = text.partition("Contents")[0]
    first, highest = re.search(r"after the first dose ([0-9.]+) MIU", short), re.search(HIGHEST, short)
    assert first and re.search(rf"^0 +{re.escape(first[1])} ", printed, re.MULTILINE)
    assert highest and re.search(rf"^{highest[2]} .*{re.escape(highest[1])} ", printed, re.MULTILINE)


def test_the_numbers_of_other_kinds_come_from_their_tables(here: Path) -> None:
    front = b"listed,schedule,goal [MIU]\n" + b"".join(b"%d,regimen %d,%d\n" % (k, k, 10 - k) for k in range(1, 8))
    write_results("front", {"front.csv": front + b",hidden,3\n"}, HEAD | {"kind": "optimisation"})
    found = main_numbers(read_result("front", "r1"), None)
    assert found.head == ("regimen", "goal [MIU]") and [row[1] for row in found.rows] == ["9", "7", "5", "3"]
    visits = b"arm,day,output,statistic,value,low,high\na,7,treg,fold,2,1,3\na,9,treg,fold,3,2,4\nb,9,treg,fold,1,1,1\n"
    arms = {"a": {"label": "A"}, "b": {"label": "B"}}
    write_results("trial", {"visits.csv": visits}, HEAD | {"kind": "trial", "arms": arms})
    found = main_numbers(read_result("trial", "r1"), None)
    assert found.head[2:] == ("A, fold", "B, fold") and found.rows == (("treg", "9", "3 (2 to 4)", "1"),)
    Path("trial/visits.csv").write_bytes(visits + b" ")
    assert main_numbers(read_result("trial", "r1"), None).rows == ()


def test_a_set_is_held_against_evidence_with_the_draws_of_what_it_shares_with_the_model() -> None:
    """Whatever the run itself used: the same set gives the same hits in every report."""
    declared, known = outline_of("il2").defaults, default_draws("il2")
    assert known is not None
    whole, _ = draws_for([], OwnSet("", "il2", declared), declared)
    assert whole is not None and whole.names == known.names
    changed = OwnSet("", "il2", declared.set(treg_ec50=12))
    less, said = draws_for([], changed, declared)
    assert less is not None and set(known.names) - set(less.names) == {"treg_ec50"}
    assert f"of {len(known.names) - 1} parameters" in said


@pytest.mark.parametrize(
    ("record", "sentence"),
    [({"kind": "fit"}, NO_DEVICE), ({"kind": "run", "name": "he2020"}, PREDICTED)],
    ids=("plain", "index trial"),
)
def test_one_caution_stands_first(record: dict[str, object], sentence: str) -> None:
    assert caution(record) == sentence
