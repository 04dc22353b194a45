"""Bands from the command line: what is shown, what is written, and a replay that needs no draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from band_cases import FACTORS, MODEL, OWN, PLAN, RUN, draws, ship
from commands import MODEL_FILE, edit, pkpd, record, refused, rows, snapshot, works

from pkpd.inference.uncertainty.draws import Draws, write_draws

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> Draws:
    some = draws()
    ship(monkeypatch, some)
    return some


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, None)


def test_a_body_size_that_only_doses_follow() -> None:
    Path("mine.py").write_text(MODEL_FILE)
    Path("draws.csv").write_bytes(write_draws(Draws(("elimination",), ("1/h",), np.array([[0.2], [0.4]]), "file", "x")))
    command = ("simulate", "1 MIU/m2 once", "--model", "mine.py:model", "--bsa", "2", "--times", "0h,1h")
    works(*command, "--side", "post", "--uncertainty", "draws.csv", "--bands", "bands.csv")
    found = [row for row in rows("bands.csv") if row["output"] == "amount"]
    # 2 MIU at once, then the closed form at the quantiles of two draws: 5 % of the way from one to the other
    ends = [2e6 * np.exp(-0.4), 2e6 * np.exp(-0.2)]
    assert [float(row["low"]) for row in found] == pytest.approx([2e6, ends[0] + 0.05 * (ends[1] - ends[0])], rel=1e-5)


def test_run_shows_what_ships(shipped: Draws) -> None:
    said = pkpd(*RUN, "--no-figures", "--output", "out")
    assert said.status == 0 and "with the 90 % range of 9 draws" in said.out
    assert "vary only treg_growth, nk_growth; all else is held, so bands and intervals hold only the uncert" in said.err
    assert set(snapshot(Path("out"))) == {"trajectories.csv", "doses.csv", "bands.csv", "run.json"}
    works(*RUN, "--no-figures", "--no-uncertainty", "--output", "plain")
    assert set(snapshot(Path("plain"))) == {"trajectories.csv", "doses.csv", "run.json"}
    assert Path("plain/trajectories.csv").read_bytes() == Path("out/trajectories.csv").read_bytes()
    found = rows("out/bands.csv")
    lines = rows("out/trajectories.csv")
    assert [(r["arm"], r["time"], r["output"]) for r in found] == [(r["arm"], r["time"], r["output"]) for r in lines]
    assert any(float(r["high"]) > 1.05 * float(r["low"]) for r in found if r["output"] == "treg" and r["arm"] == "il2")
    # nothing is given, so nothing that was drawn shows
    placebo = [r for r in found if r["output"] == "treg" and r["arm"] == "placebo"]
    assert all(float(r["high"]) == pytest.approx(float(r["low"]), rel=1e-5) for r in placebo)


def test_draws_of_every_uncertain_parameter_need_no_caution(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [t.name for t in OWN.tables if t.prior is not None]
    ship(monkeypatch, draws(names, np.ones((2, len(names)))))
    said = pkpd(*RUN, "--no-figures", "--output", "out")
    assert said.status == 0 and "draws" not in said.err
    ship(monkeypatch, draws(names[1:], np.ones((2, len(names) - 1))))
    assert f"do not vary {names[0]}, so bands" in pkpd(*RUN, "--no-figures", "--output", "less").err


def test_draws_beyond_the_bounds_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    high = OWN["treg_growth"].bounds[1] / OWN["treg_growth"].value
    # a bound written with nine digits may miss it by a rounding
    ship(monkeypatch, draws(["treg_growth"], np.array([[1.0], [1.01 * high], [high * (1 + 1e-9)]])))
    said = pkpd(*RUN, "--no-figures", "--output", "out")
    assert said.status == 0
    assert "1 of 3 draws lies outside the bounds of treg_growth (the first: hand.csv: draw 2)" in said.err


def test_a_draw_that_cannot_be_used_is_named_by_its_line() -> None:
    Path("mine.csv").write_text("draw,treg_growth [1]\n1,10\n\n2,-3\n".replace("[1]", f"[{OWN['treg_growth'].unit}]"))
    said = refused(*RUN, "--uncertainty", "mine.csv", "--output", "out")
    assert "mine.csv line 4: treg_growth is -3" in said and "cannot be negative" in said


def test_run_without_draws_says_so(bare: None) -> None:
    said = pkpd(*RUN, "--no-figures", "--output", "out")
    assert said.status == 0 and said.err.count("model il2_minimal comes with no draws of its parameters") == 1
    assert "90 % range" not in said.out and "bands.csv" not in snapshot(Path("out"))
    assert "uncertainty" not in record("out/run.json")


def test_replay_needs_no_draws(shipped: Draws, monkeypatch: pytest.MonkeyPatch) -> None:
    works(*RUN, "--output", "first")
    assert {"bands.csv", "validation.csv", "validation.html"} < set(snapshot(Path("first")))
    ship(monkeypatch, None)
    said = works("run", "--replay", "first/run.json", "--output", "again")
    assert "trajectories.csv, doses.csv, bands.csv are the same, byte for byte" in said
    assert snapshot(Path("again")) == snapshot(Path("first"))


def test_what_is_set_is_not_drawn(shipped: Draws) -> None:
    said = pkpd(*RUN, "--no-figures", "--set", "treg_growth=20", "--output", "one")
    assert said.status == 0 and "treg_growth: set for this run, so the draws do not vary it" in said.err
    kept = record("one/run.json")["uncertainty"]
    assert list(kept["values"]) == ["nk_growth [1]"] and kept["held"] == {"il2": [], "placebo": []}
    treg = [r for r in rows("one/bands.csv") if r["output"] == "treg"]
    # both cell types share the solver's steps, which keep to 1e-6
    assert all(float(r["high"]) == pytest.approx(float(r["low"]), rel=1e-5) for r in treg)
    both = ("--set", "treg_growth=20", "--set", "nk_growth=60")
    said = pkpd(*RUN, "--no-figures", *both, "--output", "two")
    assert said.status == 0 and "so there is no band" in said.err and "bands.csv" not in snapshot(Path("two"))


def test_what_a_study_says_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, draws(("treg_growth", "treg_baseline")))
    works(*RUN, "--no-figures", "--output", "out")
    assert record("out/run.json")["uncertainty"]["held"]["il2"] == ["treg_baseline"]
    first = [r for r in rows("out/bands.csv") if r["output"] == "treg" and float(r["time"]) == 0]
    assert {float(r[end]) for r in first for end in ("low", "high")} == {20.0}  # he2020's own baseline


def test_draws_beside_the_parameters(shipped: Draws) -> None:
    Path("fit").mkdir()
    OWN.write("fit/fitted.toml")
    command = (*RUN, "--no-figures", "--params", "fit/fitted.toml")
    said = pkpd(*command, "--output", "without")
    assert said.status == 0 and "there is no draws.csv beside fit/fitted.toml" in said.err
    assert "bands.csv" not in snapshot(Path("without"))
    Path("fit/draws.csv").write_bytes(write_draws(draws(factors=FACTORS[:4])))
    said = pkpd(*command, "--output", "with")
    assert "the draws in fit/draws.csv go with fit/fitted.toml" in said.err and "of 4 draws" in said.out


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"digest": "0" * 64},
        {"values": {}},
        {"values": {"treg_growth": [1.0]}},
        {"values": {"treg_growth [1]": [1.0], "nk_growth [1]": [1.0, 2.0]}},
        {"values": {"treg_growth [1]": ["1"]}},
        {"held": {"il2": []}},
        {"origin": 3},
    ],
)
def test_a_damaged_record_is_refused(change: dict[str, object], shipped: Draws) -> None:
    works(*RUN, "--no-figures", "--output", "out")
    kept = record("out/run.json")["uncertainty"]
    edit(Path("out/run.json"), {"uncertainty": {**kept, **change} if change else "draws"})
    assert "damaged" in refused("run", "--replay", "out/run.json", "--no-figures", "--output", "again")


def test_simulate_with_bands() -> None:
    Path("draws.csv").write_bytes(write_draws(draws()))
    command = ("simulate", PLAN, "--model", MODEL, "--days", "7", "--step", "1d")
    works(*command, "--csv", "plain.csv")
    said = works(
        *command, "--uncertainty", "draws.csv", "--csv", "c.csv", "--bands", "b.csv", "--plot", "p.svg", "--output", "o"
    )
    assert Path("c.csv").read_bytes() == Path("plain.csv").read_bytes()
    assert Path("b.csv").read_bytes() == Path("o/bands.csv").read_bytes()
    assert "90 % of 9 draws" in Path("p.svg").read_text("utf-8") or "PolyCollection" in Path("p.svg").read_text("utf-8")
    # the printed range is that of the table, to three digits
    found = {(r["output"], float(r["time"])): r for r in rows("b.csv")}
    table = said.partition("with the 90 % range of 9 draws")[2]
    line = next(text for text in table.splitlines() if text.startswith("4 "))
    low, high = line.split()[2].split("-")
    assert (float(low), float(high)) == pytest.approx(
        [float(found["treg", 4.0][end]) for end in ("low", "high")], rel=5.1e-3
    )
    assert works("run", "--replay", "b.csv.run.json", "--output", "r").startswith("Replay: ")
    assert Path("r/bands.csv").read_bytes() == Path("b.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--bands", "b.csv"), "--bands goes with --uncertainty"),
        (("--uncertainty", ""), "--uncertainty takes a name"),
        (("--uncertainty", "nowhere.csv"), "nowhere.csv cannot be read"),
        (("--uncertainty", "default"), "model il2_minimal comes with no draws"),
        (("--uncertainty", "default", "--csv", "a.csv", "--bands", "a.csv"), "--csv and --bands both name 'a.csv'"),
        (("--uncertainty", "default", "--bands", "a.json"), "records end in .json"),
    ],
)
def test_simulate_refuses(arguments: tuple[str, ...], sentence: str, bare: None) -> None:
    assert sentence in refused("simulate", PLAN, "--model", MODEL, *arguments)


def test_run_refuses(shipped: Draws) -> None:
    assert "contradict each other" in refused(*RUN, "--uncertainty", "default", "--no-uncertainty")
    assert "--uncertainty takes a name" in refused(*RUN, "--uncertainty", "")
