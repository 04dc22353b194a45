"""`pkpd population`: its files, its report beside its tables, its figures, and what it refuses."""

from __future__ import annotations

import math
import re
from pathlib import Path

import matplotlib.colors as colours
import numpy as np
import pytest
from commands import MODEL_FILE, pkpd, record, refused, rows, works

from pkpd.output.plots.population import bands_figure, endpoints_figure, population_figures, varying
from pkpd.trials.population.population import Population, population
from pkpd.trials.run import Options
from pkpd.units import duration

ARGUMENTS = ("population", "he2020", "--patients", "30", "--days", "28", "--draws", "3")
FILES = {
    *("bands.csv", "endpoints.csv", "summary.csv", "patients.csv", "drawn.csv", "correlations.csv", "failures.csv"),
    *("spread.csv", "report.txt", "run.json"),
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("population") / "out"
    return folder, works(*ARGUMENTS, "--no-figures", "--output", str(folder))


@pytest.fixture(scope="module")
def found() -> Population:
    return population("he2020", 30, options=Options(days=duration("28d")), draw_count=3)


def test_files_are_written_and_the_report_is_among_them(done: tuple[Path, str]) -> None:
    folder, said = done
    assert {path.name for path in folder.iterdir()} == FILES
    assert said.startswith((folder / "report.txt").read_text())


def test_the_record_is_enough_to_repeat_it(done: tuple[Path, str]) -> None:
    own = record(done[0] / "run.json")
    assert (own["kind"], own["seed"], own["patients"], own["draws"]) == ("population", 1, 30, 3)
    assert set(own["arms"]) == {"il2", "placebo"}
    table = own["arms"]["il2"]["parameters"]["tables"]["treg_baseline"]
    assert table["spread"] == 0.41 and table["correlation"]["cd4_baseline"] == 0.5
    assert own["covariates"]["sex"]["counts"] == {"female": 56, "male": 4}
    assert len(own["uncertainty"]["values"]["treg_ec50 [pM]"]) == 3
    assert own["versions"]["numpy"] and set(own["around_draws"]) == {"il2", "placebo"}


def test_the_same_command_gives_the_same_bytes(done: tuple[Path, str], here: Path) -> None:
    works(*ARGUMENTS, "--threads", "1", "--no-figures", "--output", "again")
    for name in FILES - {"run.json"}:
        assert (here / "again" / name).read_bytes() == (done[0] / name).read_bytes(), name


def test_every_endpoint_printed_stands_in_the_table(done: tuple[Path, str]) -> None:
    table = {(r["arm"], r["quantity"], r["statistic"]): r for r in rows(done[0] / "summary.csv")}
    arms = re.split(r"^endpoint ", done[1], flags=re.MULTILINE)[1:]
    assert len(arms) == 2
    checked = 0
    for arm, text in zip(("il2", "placebo"), arms, strict=True):
        for line in text.split("\n\n")[0].splitlines()[1:]:
            if line.endswith("patients have one."):
                continue
            cells = re.split(r"\s{2,}", line)
            units = {r["unit"] for key, r in table.items() if key[:2] == (arm, cells[0])}
            printed = cells[2:5] if units != {"1"} else cells[1:4]
            for statistic, cell in zip(("p05", "p50", "p95"), printed, strict=True):
                own = table[arm, cells[0], statistic]
                expected = [own[key] for key in ("value", "low", "high")]
                values = [math.nan if v == "-" else float(v) for v in re.split(r" \[|(?<=\d)-|\]", cell) if v]
                assert np.allclose(
                    values, [float(v or "nan") for v in expected][: len(values)], rtol=5e-3, equal_nan=True
                )  # three digits
                checked += 1
    assert checked > 60


def test_visits_printed_stand_in_the_bands(done: tuple[Path, str]) -> None:
    table = {
        (float(r["time"]), r["statistic"]): float(r["value"])
        for r in rows(done[0] / "bands.csv")
        if (r["arm"], r["output"]) == ("il2", "treg_fold")
    }
    block = re.search(r"^day, treg_fold .*\n((?:.+\n)+)", done[1], re.MULTILINE)
    assert block
    lines = [re.split(r"\s{2,}", line) for line in block[1].splitlines()]
    assert [line[0] for line in lines] == ["0", "13", "14", "28"]
    for day, *cells in lines:
        for statistic, cell in zip(("p05", "p50", "p95"), cells, strict=True):
            assert float(cell.split()[0]) == pytest.approx(table[float(day), statistic], rel=5e-3)  # three digits


def test_shares_printed_stand_in_the_table(done: tuple[Path, str]) -> None:
    table = {(r["arm"], r["quantity"], r["source"]): r["share"] for r in rows(done[0] / "spread.csv")}
    line = next(line for line in done[1].splitlines() if line.startswith("treg_peak_fold"))
    shown = [float(v) for v in re.findall(r"(\d+) %", line)]
    expected = [100 * float(table["il2", "treg_peak_fold", source]) for source in ("patients", "typical values")]
    assert shown == pytest.approx(expected, abs=0.5) and sum(expected) == pytest.approx(100)


def test_the_report_says_what_is_not_backed_by_data(done: tuple[Path, str]) -> None:
    assert "eosinophils_peak_fold: eosinophils_fold rests on assumed values only" in done[1]
    assert "could not be simulated" in done[1]


def test_without_uncertainty_there_are_no_intervals(here: Path) -> None:
    said = works("population", "1 MIU daily x2", "--patients", "5", "--days", "7", "--no-uncertainty", "--no-figures")
    folder = here / "results" / "1-MIU-daily-x2-population"
    assert {path.name for path in folder.iterdir()} == FILES - {"spread.csv"}
    assert {r["low"] for r in rows(folder / "bands.csv")} == {""}
    assert "share" not in said and "[" not in said.split("endpoint")[1].split("\n\n")[0]


def test_what_is_in_the_way_is_not_replaced(here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "bands.csv").write_text("mine\n")
    assert "bands.csv was not written by pkpd" in refused(*ARGUMENTS, "--output", "out")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("he2002",), "neither a study nor a named schedule; did you mean 'he2020'"),
        (("he2020", "--side", "both"), "--side is pre or post here"),
        (("he2020", "--draws", "0"), "--draws is 1 or more, not 0"),
        (("he2020", "--no-uncertainty", "--draws", "3"), "--no-uncertainty goes with neither"),
        (("he2020", "--output", ""), "--output takes a name"),
        (("he2020", "--patients", "0"), "a population has 2 to 20000 patients an arm, not 0"),
        (("he2020", "--patients", "20001"), "summarise_many takes more"),
        (("he2020", "--quantity", "treg_peek"), "did you mean 'treg_peak'"),
        (("he2020", "--set", "treg_ec5=3pM"), "did you mean 'treg_ec50'"),
        (("he2020", "--uncertainty", "none.csv"), "none.csv cannot be read"),
        (("gone.toml",), "the study file 'gone.toml' does not exist"),
    ],
)
def test_what_makes_no_sense_gets_one_sentence(here: Path, arguments: tuple[str, ...], sentence: str) -> None:
    assert sentence in refused("population", *arguments)


def test_areas_and_peaks_of_a_drug_are_those_of_its_closed_form(here: Path) -> None:
    """Also between the doses whose hours have bands; areas of trapezoids miss 0.6 %, peaks the first three minutes."""
    Path("mine.py").write_text(MODEL_FILE)
    regimen = ("population", "1000 IU daily x5", "--model", "mine.py:model", "--patients", "2", "--days", "14")
    works(*regimen, "--no-figures", "--output", "out")
    found = {row["quantity"]: float(row["value"]) for row in rows("out/summary.csv") if row["statistic"] == "p50"}
    band = [(float(row["time"]), float(row["value"])) for row in rows("out/bands.csv") if row["statistic"] == "p50"]
    # every dose shows at its height
    assert all(max(v for t, v in band if day <= t < day + 1) > 950 for day in range(5))
    assert found["amount_auc"] == pytest.approx(5 * 1000 / 0.3 / 24, rel=0.01)
    assert found["amount_peak"] == pytest.approx(1000 / (1 - math.exp(-0.3 * 24)), rel=0.02)


def test_progress_is_told_once_it_takes_a_while(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkpd.shards.progress.PATIENCE", -1.0)
    said = pkpd("population", "none", "--patients", "600", "--days", "7", "--no-uncertainty", "--no-figures")
    assert said.status == 0 and "600 of 600 patients (100.0 %)" in said.err


def test_the_figure_of_bands_draws_the_table(found: Population) -> None:
    arm, figure = found.arms[0], bands_figure(found)
    panel = next(axes for axes in figure.axes if axes.get_title(loc="left") == "Treg, fold")
    lines = [line.get_ydata() for line in panel.lines]
    for expected in (arm.band("treg_fold")[1], *(end[k] for k in (0, 2) for end in arm.interval("treg_fold"))):
        assert any(np.array_equal(line, expected) for line in lines)
    tops = [max(path.vertices[:, 1].max() for path in area.get_paths()) for area in panel.collections]
    assert arm.band("treg_fold")[2].max() in tops and arm.interval("treg_fold")[1][1].max() in tops
    shades = {round(colours.to_rgba_array(area.get_facecolor())[0][3], 3) for area in panel.collections}
    assert len(shades) == 2  # patients, and the interval of their median


def test_the_figure_of_endpoints_counts_every_patient(found: Population) -> None:
    figure = endpoints_figure(found)
    names = varying(found)
    assert "treg_peak_fold" in names and "injections" not in names
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left").split()[0].rstrip(":") for axes in panels] == names
    for axes, name in zip(panels, names, strict=True):
        told = int(np.isfinite(found.arms[0].endpoints[:, found.arms[0].names.index(name)]).sum())
        assert axes.patches[0].get_data().values.sum() == told
        assert told == found.count or f"({told} of 30 patients have one)" in axes.get_title(loc="left")
    shown = {text.get_text() for axes in figure.axes for text in axes.texts}
    k = found.arms[0].names.index("treg_peak_fold")
    assert any(text.startswith(f"{found.arms[0].lines.quantiles[1, k]:.3g} [") for text in shown)


def test_all_figures_have_a_name_and_no_raw_markup(found: Population) -> None:
    figures = population_figures(found)
    assert list(figures) == ["bands", "endpoints", "correlations"]
    for figure in figures.values():
        figure.draw_without_rendering()
        texts = [
            label.get_text() for axes in figure.axes for label in (*axes.get_xticklabels(), *axes.get_yticklabels())
        ]
        assert texts and not any("$" in text for text in texts)


def test_figures_say_which_outputs_no_data_stand_behind(found: Population) -> None:
    for figure, marked in (
        (bands_figure(found), "eosinophils, fold"),
        (endpoints_figure(found), "eosinophils_peak_fold"),
    ):
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        assert [title for title in titles if "no data" in title] == [f"{marked}: no data behind it"]
