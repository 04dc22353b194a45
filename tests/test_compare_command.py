"""`pkpd compare` from the command line: what is printed stands in the tables, what is written, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from band_cases import MODEL, draws, ship
from commands import MODEL_FILE, record, refused, rows, snapshot, works

pytestmark = pytest.mark.usefixtures("here")
TWO = ("1 MIU every 2d x3", "2 MIU every 2d x3")
COMMAND = ("compare", *TWO, "--model", MODEL, "--days", "21")
TABLES = {"comparison.csv", "differences.csv", "trajectories.csv", "run.json"}
FIGURES = {f"{name}.{kind}" for name in ("courses", "quantities") for kind in ("png", "svg")}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, draws())


def short(text: str) -> str:
    value = float(text)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def test_every_number_printed_stands_in_a_table() -> None:
    said = works(*COMMAND, "--quantity", "nk_auc[0..7]", "--no-figures", "--output", "out")
    found, lines = rows("out/comparison.csv"), said.splitlines()
    assert len(found) == 2 * 11 and {r["regimen"] for r in found} == set(TWO) and {r["draws"] for r in found} == {"9"}
    for first, second in zip(found[:11], found[11:], strict=True):
        told = [short(r["value"]) for r in (first, second)]
        if first["low"] != first["high"]:
            told = [f"{short(r['value'])} ({short(r['low'])} to {short(r['high'])})" for r in (first, second)]
        line = next(x for x in lines if x.split()[:1] == [first["quantity"]])
        assert line.split() == " ".join([first["quantity"], first["unit"].replace("1", ""), *told]).split()
    part = lines[lines.index("B against A, draw by draw") :]
    for row in rows("out/differences.csv"):
        assert row["against"] == TWO[0] and row["regimen"] == TWO[1]
        line = next(x for x in part if x.split()[:1] == [row["quantity"]])
        assert short(row["difference"]) in line.split()
        assert f"{short(row['low'])} to {short(row['high'])}" in line
        assert f"{100 * float(row['higher']):.0f} %" in line
    assert "typical of model il2_minimal; bsa 1.8 m2, weight 70 kg" in " ".join(said.split())


def test_bands_and_intervals_come_from_the_same_draws() -> None:
    works(*COMMAND, "--no-figures", "--output", "out")
    peaks = {r["regimen"]: r for r in rows("out/comparison.csv") if r["quantity"] == "treg_peak_fold"}
    for regimen in TWO:
        course = [r for r in rows("out/trajectories.csv") if r["regimen"] == regimen and r["output"] == "treg_fold"]
        # the peak of each draw is at least its value on any day
        for end in ("low", "high"):
            assert max(float(r[end]) for r in course) <= float(peaks[regimen][end]) * (1 + 1e-9)
        assert max(float(r["value"]) for r in course) == pytest.approx(float(peaks[regimen]["value"]), rel=0.005)


def test_files_of_a_comparison_and_a_second_one_in_its_place() -> None:
    works("compare", "he2020", TWO[0], "--model", MODEL, "--days", "14")
    place = Path("results/he2020-compare")
    assert set(snapshot(place)) == TABLES | FIGURES
    said = record(place / "run.json")
    assert said["kind"] == "comparison" and set(said["arms"]) == {"he2020", TWO[0]} and said["horizon"] == 14
    assert len(said["uncertainty"]["values"]["treg_growth [1]"]) == 9 and "selectivity" in said["quantities"]
    works("compare", "he2020", TWO[0], "--model", MODEL, "--days", "14", "--no-figures")
    assert set(snapshot(place)) == TABLES


def test_no_intervals_where_none_are_wanted() -> None:
    said = works(*COMMAND, "--no-uncertainty", "--no-figures", "--output", "out")
    assert "none says how patients would fare." in said and "Intervals hold" not in said
    assert "No draws of the parameters, so no intervals" in said and "90 %" not in said and "higher in" not in said
    assert {(r["low"], r["high"], r["draws"]) for r in rows("out/comparison.csv")} == {("", "", "0")}


def test_patients_of_a_study() -> None:
    said = " ".join(works(*COMMAND, "--study", "he2020", "--no-figures", "--output", "out").split())
    assert "Patient: as he2020, arm il2; bsa 1.57 m2, weight 54.81 kg, treg_baseline 20 cells/uL" in said


def test_outputs_without_data_are_marked_in_every_place(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, None)
    said = " ".join(
        works("compare", "he2020", "4 MIU/m2 daily x5", "--days", "28", "--no-figures", "--output", "out").split()
    )
    assert "eosinophils_peak_fold *" in said and "read its direction, not its size" in said
    marked = {r["quantity"] for file in ("comparison", "differences") for r in rows(f"out/{file}.csv") if r["data"]}
    assert marked == {"eosinophils_peak_fold"}
    assert set(record("out/run.json")["without_data"]) == {"eosinophils_peak_fold"}


def test_a_dose_above_the_evidence_is_noted() -> None:
    from commands import pkpd

    said = pkpd("compare", "4 MIU/m2 daily x5", TWO[0], "--model", MODEL, "--no-figures", "--days", "14")
    assert said.status == 0 and "4 MIU/m2 in a day; above 3 MIU/m2 the model extrapolates" in said.err


def test_an_outcome_only_through_an_assumed_link() -> None:
    asked = ("compare", "he2020", TWO[0], "--model", MODEL, "--no-figures", "--quantity", "sri4_week12")
    assert "--assume-link" in refused(*asked)
    said = " ".join(works(*asked, "--assume-link", "treg_exposure", "--output", "out").split())
    assert "assumed chance" in said and "not evidence that Treg exposure causes response" in said
    (first, _) = [r for r in rows("out/comparison.csv") if r["quantity"] == "sri4_week12"]
    # anchored to the rate of the trial in its own patients; the typical patient here is another, so only roughly
    assert float(first["value"]) == pytest.approx(16 / 29, abs=0.1) and first["data"] == "assumed"
    assert "goes with an outcome" in refused(*asked[:-2], "--assume-link", "treg_exposure")


def test_a_model_of_your_own() -> None:
    Path("mine.py").write_text(MODEL_FILE)
    works("compare", *TWO, "--model", "mine.py:model", "--days", "7", "--no-uncertainty", "--output", "out")
    peaks = [float(r["value"]) for r in rows("out/comparison.csv") if r["quantity"] == "amount_peak"]
    assert len(peaks) == 2 and peaks[1] == pytest.approx(2 * peaks[0], rel=1e-5)  # a linear model


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("he2020",), "1 regimen cannot be compared; name 2 to 12"),
        ((), "0 regimens cannot be compared"),
        (("he2020", "dilt1d"), "'dilt1d' is a study"),
        (("he2020", "hao202"), "did you mean 'hao2020'?"),
        (("he2020", "1 MIU sometimes"), "schedule"),
        ((*TWO, "--quantity", "treg_pek_fold"), "did you mean 'treg_peak_fold'?"),
        ((*TWO, "--quantity", "treg@999"), "a quantity looks at day 999"),
        ((*TWO, "--target", ""), "--target is a Treg fold above 0, such as 2, not ''"),
        ((*TWO, "--target", "much"), "not 'much'"),
        ((*TWO, "--target", "-1"), "not '-1'"),
        ((*TWO, "--days", "1"), "1 days end before the first dose interval of '1 MIU every 2d x3' does, on day 2"),
        ((*TWO, "--study", "he202"), "did you mean 'he2020'?"),
        ((*TWO, "--study", ""), "--study takes a name"),
        ((*TWO, "--uncertainty", "default", "--no-uncertainty"), "contradict"),
        ((*TWO, "--assume-link", "nonsense"), "there is no link 'nonsense'"),
        (("1 MIU/m2 once", TWO[0], "--bsa", "0"), "--bsa is a size above 0"),
    ],
)
def test_wrong_input_gets_one_sentence(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused("compare", *arguments, "--model", MODEL, "--no-figures")


def test_draws_that_could_not_be_simulated_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    some = draws(("treg_baseline",), np.array([[1.0], [0.0], [1.5]]))
    ship(monkeypatch, some)
    said = " ".join(works(*COMMAND, "--no-figures", "--output", "out").split())
    assert "A: 1 of 3 draws could not be simulated and are left out (the first: draw 2, day 0," in said
    assert {r["draws"] for r in rows("out/comparison.csv") if r["quantity"] == "treg_peak_fold"} == {"2"}
