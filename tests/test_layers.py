"""Which value holds: of the model, of the study, of the arm, or from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import (
    SHORT,
    SIZES,
    column,
    parameter,
    parameter_file,
    pkpd,
    record,
    rows,
    study_file,
    works,
)

import pkpd as package
from pkpd.units import factor

pytestmark = pytest.mark.usefixtures("here")


def given(*options: str) -> list[float]:
    """Doses given in a study of a small and a large patient on 1 MIU/m2."""
    Path("mine.toml").write_text(study_file(*SIZES))
    works("run", "mine.toml", *SHORT, *options)
    return [float(row["given"]) for row in rows("results/mine/doses.csv")]


def test_dosing_per_m2_uses_the_arm_s_own_size(here: Path) -> None:
    assert given() == pytest.approx([1.2, 1.2, 2.4, 2.4])
    found = rows("results/mine/doses.csv")
    assert {(row["prescribed"], row["prescribed_unit"], row["unit"]) for row in found} == {("1", "MIU/m2", "MIU")}


@pytest.mark.parametrize("option", ["--bsa=1.5", "--bsa=1.5 m2", "--bsa=15000cm2", "--set=bsa=1.5m2"])
def test_a_size_on_the_command_line_holds_for_every_arm(option: str, here: Path) -> None:
    assert given(option) == pytest.approx([1.5] * 4)


def test_size_in_the_record_and_the_model(here: Path) -> None:
    given("--bsa", "1.5")
    arms = record("results/mine/run.json")["arms"]
    for arm in arms.values():
        table = arm["parameters"]["tables"]["bsa"]
        assert table["value"] * factor(table["unit"], "m2") == pytest.approx(1.5)
        assert table["basis"] == "assumed" and "bsa" in table["where"]
    # both arms are now the same patient; the solver's relative tolerance is 1e-6
    path = "results/mine/trajectories.csv"
    assert column(path, "treg", "small") == pytest.approx(column(path, "treg", "large"), rel=1e-5)


def test_weight_scales_doses_per_kg(here: Path) -> None:
    for text in ("70", "70 kg", "70000g"):
        works(
            "simulate", "10000 IU/kg once", "--model", "il2_minimal", "--weight", text, "--times", "1", "--csv", "a.csv"
        )
        (arm,) = record("a.csv.run.json")["arms"].values()
        assert arm["parameters"]["tables"]["weight"]["value"] == 70
    works("simulate", "0.7 MIU once", "--model", "il2_minimal", "--times", "1", "--csv", "b.csv")
    works("simulate", "10000 IU/kg once", "--model", "il2_minimal", "--weight", "70", "--times", "1", "--csv", "a.csv")
    # 10000 IU/kg x 70 kg is 0.7 MIU, and the weight changes nothing else in this model
    assert column("a.csv", "treg") == pytest.approx(column("b.csv", "treg"), rel=1e-9)


def baselines(*options: str) -> dict[str, list[float]]:
    """Treg and NK on day 0: the study says 20 for Treg, its second arm 25, a file 40, and 100 for NK."""
    arms = (
        '[arms.one]\nschedule = "none"\n',
        '[arms.two]\nschedule = "none"\n' + parameter("arms.two.parameters.treg_baseline", 25, "cells/uL"),
    )
    Path("mine.toml").write_text(study_file(*arms) + parameter("parameters.treg_baseline", 20, "cells/uL"))
    tables = (parameter("treg_baseline", 40, "cells/uL"), parameter("nk_baseline", 100, "cells/uL"))
    Path("own.toml").write_text(parameter_file(*tables))
    works("run", "mine.toml", *SHORT, "--output", "out", *options)
    return {name: [column("out/trajectories.csv", name, arm)[0] for arm in ("one", "two")] for name in ("treg", "nk")}


def test_layers_of_values(here: Path) -> None:
    """The model's own, then a parameter file, then the study's, then the arm's, then single values asked for."""
    own = package.default_parameters("il2_minimal")["nk_baseline"].value
    assert own != 100
    assert baselines() == {"treg": [20, 25], "nk": [own, own]}
    assert baselines("--params", "own.toml") == {"treg": [20, 25], "nk": [100, 100]}
    for value in ("50", "50 cells/uL", "0.05 cells/nL"):
        assert baselines("--params", "own.toml", "--set", f"treg_baseline={value}")["treg"] == [50, 50]
    assert baselines("--params", "own.toml", "--set", "nk_baseline=90")["nk"] == [90, 90]
    # of the same name twice, the later
    assert baselines("--set", "nk_baseline=80", "--set", "nk_baseline=90")["nk"] == [90, 90]


def test_a_value_asked_for_that_does_not_hold_is_said(here: Path) -> None:
    """The study's own patients win over a parameter file, and the run says where."""
    baselines()
    said = pkpd("run", "mine.toml", *SHORT, "--output", "out", "--params", "own.toml")
    notes = [line for line in said.err.splitlines() if "treg_baseline" in line]
    assert said.status == 0 and notes and all("--params" in line or "own.toml" in line for line in notes)
    assert "nk_baseline" not in said.err


def test_what_the_study_cannot_use_is_said(here: Path) -> None:
    (here / "mine.toml").write_text(study_file() + parameter("parameters.treg_baselin", 20, "cells/uL"))
    said = pkpd("run", "mine.toml", *SHORT)
    assert "treg_baselin" in said.err and "did you mean 'treg_baseline'?" in said.err


def test_a_value_outside_its_bounds_is_said(here: Path) -> None:
    said = pkpd("simulate", "none", "--set", "treg_ec50=41 pM", "--times", "0")
    assert said.status == 0 and "treg_ec50 = 41 pM lies outside its bounds 4 to 40" in said.err
    own = parameter_file(parameter("treg_ec50", 41, "pM"))
    (here / "own.toml").write_text(own)
    said = pkpd("simulate", "none", "--params", "own.toml", "--times", "0")
    # a file without bounds of its own does not lift those of the model
    assert said.status == 0 and "treg_ec50 = 41 pM lies outside its bounds 4 to 40" in said.err
