"""`pkpd optimise`: the command line of the issue, its files, what it warns of, and what it refuses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from commands import MODEL_FILE, pkpd, record, refused, rows, works

from pkpd.output.provenance import digest

pytestmark = pytest.mark.usefixtures("here")

ISSUE = (
    *("optimise", "--goal", "max treg_auc", "--subject-to", "nk_peak_fold<2", "eosinophils_peak_fold<3"),
    *("--over", "dose 0.2..3 MIU", "interval 1..7 d", "on 1..8 wk", "off 0..4 wk"),
)
SHORT = ("--days", "2wk", "--evaluations", "24")
BARE = (*SHORT, "--no-figures", "--no-uncertainty")


def test_the_line_of_the_issue() -> None:
    said = works(*ISSUE, *SHORT, "--no-figures", "--output", "out")
    assert "Subject to: nk_peak_fold<2, eosinophils_peak_fold<3" in said
    assert "Over: dose 0.2..3 MIU, interval 1..7 d, on 1..8 wk, off 0..4 wk, for 14 days" in said
    assert "no clinical claim" in said and "How sure the order is: the same 200 draws" in said
    assert re.search(r"eosinophils_\n.* peak_fold\*", said) and re.search(r"\* eosinophils_peak_fold: .*assumed", said)
    written = {path.name for path in Path("out").iterdir()}
    assert written == {"front.csv", "evaluations.csv", "window.csv", "ranking.csv", "report.txt", "run.json"}
    assert said.startswith(Path("out/report.txt").read_text())


def test_the_tables_agree_with_each_other() -> None:
    said = works(*ISSUE, *SHORT, "--no-figures", "--output", "out")
    front, tried = rows("out/front.csv"), rows("out/evaluations.csv")
    by_text = {row["schedule"]: row for row in tried}
    area = "treg_auc [cells/uL*d]"
    for row in front:
        same = by_text[row["schedule"]]
        assert same["meets all"] == "yes" and same[area] == row[area]
        assert float(row["margin of nk_peak_fold<2"]) == pytest.approx(2 - float(row["nk_peak_fold"]), rel=1e-8)
        assert row["flags"] == "no data behind eosinophils_peak_fold"
        assert f"{float(row[area]):.4g}" in said
    areas = [float(row[area]) for row in front]
    assert areas == sorted(areas, reverse=True)
    assert areas[0] == max(float(row[area]) for row in tried if row["meets all"] == "yes")
    for cell in rows("out/window.csv"):
        assert by_text[cell["schedule"]][area] == cell[area]
    ranking = rows("out/ranking.csv")
    best = [float(row["share_of_draws"]) for row in ranking if row["row"] == "best"]
    assert len(best) == len(front) and 0 < sum(best) <= 1 + 1e-9
    own = [row for row in ranking if row["name"] == "treg_auc"]
    assert all(float(row["low"]) < float(row["median"]) < float(row["high"]) for row in own)
    found = record("out/run.json")
    assert (found["kind"], found["seed"], found["goals"]) == ("optimisation", 1, ["max treg_auc"])
    assert found["tables"] == {name: digest(Path("out", name).read_bytes()) for name in found["tables"]}
    assert len(found["result"]["regimens"]) == len(front)


def test_flags_once_or_again_are_the_same() -> None:
    again = [word for word in ISSUE if word != "eosinophils_peak_fold<3"] + ["--subject-to", "eosinophils_peak_fold<3"]
    works(*ISSUE, *BARE, "--output", "a", "--threads", "1")
    works(*again, *BARE, "--output", "b", "--threads", "2")
    for name in ("front.csv", "evaluations.csv", "window.csv"):
        assert Path("a", name).read_bytes() == Path("b", name).read_bytes()
    works(*again, *BARE, "--output", "b", "--seed", "2")
    assert Path("a/evaluations.csv").read_bytes() != Path("b/evaluations.csv").read_bytes()


def test_figures_and_a_front() -> None:
    said = works("optimise", "--goal", "max treg_auc", "min il2_given", *SHORT)
    folder = Path("results/il2-optimise")
    assert {path.stem for path in folder.glob("*.png")} == {"front", "window", "ranking"}
    assert {path.stem for path in folder.glob("*.svg")} == {"front", "window", "ranking"}
    assert "regimens of the front" in said and "unbeaten" in said and "Subject to: nothing" in said
    front = [(float(row["treg_auc [cells/uL*d]"]), float(row["il2_given [MIU]"])) for row in rows(folder / "front.csv")]
    assert front == sorted(front, reverse=True) and len({given for _, given in front}) == len(front) > 2


def test_a_large_dose_is_warned_of() -> None:
    over = ("--over", "dose 1..4 MIU/m2 step 1", "interval 1 d", "on 1 wk", "off 0 wk")
    said = works("optimise", "--goal", "max treg_auc", *over, *BARE, "--output", "out")
    assert re.search(r"where the model extrapolates: regimen 1: 4 MIU/m2 in a day, above 3", said)
    assert rows("out/front.csv")[0]["flags"] == "4 MIU/m2 in a day, above 3"
    twice = ("--over", "dose 3.2 MIU", "interval 12..24 h step 12", "on 1 wk", "off 0 wk")
    works("optimise", "--goal", "max treg_auc", *twice, *BARE, "--output", "out", "--bsa", "1.6")
    most = {row["interval"]: (float(row["MIU/m2 in a day at most"]), row["flags"]) for row in rows("out/front.csv")}
    assert most["12h"] == (4.0, "4 MIU/m2 in a day, above 3") and most["1d"] == (2.0, "")


def test_options_reach_the_patient() -> None:
    over = ("--over", "dose 1 MIU/m2", "interval 2 d", "on 1 wk", "off 0 wk")
    goal = ("optimise", "--goal", "min il2_given", *over, *BARE, "--output", "out")
    said = works(*goal, "--bsa", "1.5", "--set", "treg_ec50=12pM")
    assert float(rows("out/front.csv")[0]["il2_given [MIU]"]) == pytest.approx(7 * 1.5, rel=1e-12)
    assert "treg_ec50 = 12 pM" in said and "1.5 m2" in said
    assert record("out/run.json")["body"]["bsa"] == 1.5


def test_a_model_of_ones_own() -> None:
    Path("mine.py").write_text(MODEL_FILE)
    over = ("--over", "dose 1..3 IU", "interval 6..24 h step 6", "on 1 wk", "off 0 wk")
    said = works("optimise", "--goal", "max amount_mean", "--model", "mine.py:model", *over, *BARE, "--output", "out")
    assert "3 IU every 6h x56" in said.partition("1  ")[2][:40]
    # nothing is known of such a model, so that it is said once, and of all its outputs
    assert "* amount_mean: every parameter of mine is assumed" in said


def test_a_clinical_outcome_needs_a_link() -> None:
    goal = ("optimise", "--goal", "max sri4_week12", *BARE[:1], "12wk", *BARE[2:])
    assert "--assume-link" in refused(*goal)
    assert "--assume-link" in refused("optimise", "--goal", "max treg_auc", "--subject-to", "sri4_week12>0.5", *BARE)
    assert "there is no link" in refused(*goal, "--assume-link", "none_such")
    unlinked = ("optimise", "--goal", "max treg_auc", "--assume-link", "treg_exposure", *BARE)
    assert "--assume-link goes with an outcome" in refused(*unlinked)
    said = works(*goal, "--assume-link", "treg_exposure", "--output", "out")
    assert "not evidence that Treg exposure causes response" in said and "sri4_week12*" in said


def test_ctrl_c_keeps_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    from pkpd.trials.optimisation import account

    plain, tried = account.attempt, list[int]()

    def interrupted(*arguments: Any) -> Any:
        tried.append(1)
        if len(tried) == 15:
            signal.raise_signal(signal.SIGINT)
        return plain(*arguments)

    monkeypatch.setattr(account, "attempt", interrupted)
    said = pkpd("optimise", "--goal", "max treg_auc", "--days", "2wk", "--no-figures", "--output", "out")
    assert said.status == 130 and "the best so far is kept" in said.err
    assert "The search ended early: interrupted" in said.out
    assert 1 <= len(rows("out/evaluations.csv")) < 100
    assert record("out/run.json")["result"]["ended"] == "interrupted"


def test_a_budget_of_time() -> None:
    said = works(
        "optimise", "--goal", "max treg_auc", "--budget", "0.3s", "--days", "2wk", *BARE[4:], "--output", "out"
    )
    assert "The search ended early: the time was over" in said
    assert not Path("out/window.csv").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "--goal says what"),
        (("--goal",), "none follows"),
        (("--goal", "max treg_auc", "--over", "--seed", "1"), "--over takes one or more texts"),
        (("--goal", "max treg_acu"), "did you mean 'treg_auc'"),
        (("--goal", "treg_auc"), "is not a goal"),
        (("--goal", "max treg_auc", "min treg_auc"), "contradicts itself"),
        (("--goal", "max treg_auc", "--subject-to", "nk_peak_fold<2", "nk_peak_fold>3"), "contradict each other"),
        (("--goal", "max treg_auc", "--subject-to", "nk_peak_fold"), "is not a constraint"),
        (("--goal", "max treg_auc", "--over", "dose 3..1 MIU"), "is empty"),
        (("--goal", "max treg_auc", "--budget", "60"), "60s"),
        (("--goal", "max treg_auc", "--budget", "-1s"), "above 0"),
        (("--goal", "max treg_auc", "--budget", "x"), "--budget"),
        (("--goal", "max treg_auc", "--evaluations", "0"), "--evaluations"),
        (("--goal", "max treg_auc", "--days", "0"), "--days"),
        (("--goal", "max treg_auc", "--output", ""), "--output"),
        (("--goal", "max treg_auc", "--uncertainty", "default", "--no-uncertainty"), "contradict"),
        (("--goal", "max treg@400", *BARE), "day 400"),
        (("--goal", "max treg_auc", "--subject-to", "nk_peak_fold<0.5", *BARE), "by"),
        (("--goal", "max treg_auc", "--model", "il3"), "il3"),
        (("--goal", "max treg_auc", "--set", "treg_ec5=1"), "treg_ec50"),
    ],
)
def test_one_sentence_for_what_is_wrong(words: tuple[str, ...], says: str) -> None:
    assert says in refused("optimise", *words)


def test_without_pymoo(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pymoo.core.mixed", None)
    assert 'pip install "pkpd[optimise]"' in refused("optimise", "--goal", "max treg_auc", *BARE)


def test_what_stands_in_the_folder_is_not_replaced() -> None:
    Path("out").mkdir()
    Path("out/front.csv").write_text("mine\n")
    assert "front.csv" in refused("optimise", "--goal", "max treg_auc", *BARE, "--output", "out")


def test_draws_of_ones_own() -> None:
    Path("draws.csv").write_text("draw,treg_ec50 [pM]\n1,5\n2,10\n3,20\n")
    over = ("--over", "dose 1..2 MIU step 1", "interval 1 d", "on 1 wk", "off 0 wk")
    said = works(
        "optimise", "--goal", "max treg_auc", *over, *BARE[:5], "--uncertainty", "draws.csv", "--output", "out"
    )
    assert "the same 3 draws of 1 parameter (draws.csv)" in said
    (area,) = (row for row in rows("out/ranking.csv") if row["name"] == "treg_auc")
    assert area["draws"] == "3" and 0 < float(area["low"]) < float(area["median"]) < float(area["high"])
