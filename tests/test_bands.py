"""Bands: the quantiles of simulations made one by one, and the areas behind the lines of figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from band_cases import FACTORS, MODEL, NAMES, OWN, PLAN, draws
from matplotlib.collections import PolyCollection
from plot_cases import VISITS, arms, panels

from pkpd.dosing.library import load_schedule
from pkpd.engine.tolerances import DEFAULT
from pkpd.errors import InferenceError, ParameterError
from pkpd.inference.uncertainty import bands as bands_module
from pkpd.inference.uncertainty.bands import Band, Patient, bands, bands_csv, held, thinned, without
from pkpd.inference.uncertainty.draws import Draws
from pkpd.output.plots import figures
from pkpd.output.plots.bands import band_handle
from pkpd.output.trajectory import Trajectory
from pkpd.parameters import Parameters
from pkpd.simulation import simulate


def course(own: Parameters = OWN, side: str = "pre", times: Sequence[float] = (0, 2, 4, 5, 9)) -> Trajectory:
    return simulate(PLAN, MODEL, own, times=times, side=side, arm="one")


def band(trajectory: Trajectory, some: Draws, own: Parameters = OWN, keep: tuple[str, ...] = ()) -> Band:
    (found,) = bands([trajectory], [Patient(load_schedule(PLAN), own, held=keep)], MODEL, some, DEFAULT)
    return found


@pytest.mark.parametrize("side", ["pre", "post", "both"])
def test_bands_are_quantiles_of_single_simulations(side: str) -> None:
    trajectory = course(side=side)
    found = band(trajectory, draws())
    assert (found.draws, found.failed, found.outputs, found.sides) == (9, 0, trajectory.outputs, trajectory.sides)
    sets = [
        OWN.set(**{name: OWN[name].value * f for name, f in zip(NAMES, row, strict=True)}) for row in FACTORS.tolist()
    ]
    for name in trajectory.outputs:
        expected = np.quantile([course(own, side)[name] for own in sets], (0.05, 0.5, 0.95), axis=0)
        # one patient alone and one among many have the same bits up to the unit's factor
        assert found[name] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert found["treg"][0, -1] < 0.99 * found["treg"][2, -1]


def test_table_has_a_line_for_every_row_and_output() -> None:
    trajectory = course(side="both")
    found = band(trajectory, draws())
    lines = bands_csv([found, found]).decode().splitlines()
    assert lines[0] == "arm,time,side,output,low,median,high,unit"
    assert len(lines) == 1 + 2 * len(trajectory.times) * len(trajectory.outputs)
    assert lines[1].startswith("one,0.0,pre,") and lines[2].startswith("one,0.0,post,")


def test_memory_bounds_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bands_csv([band(course(), draws())])
    monkeypatch.setattr(bands_module, "MOST_ROWS", 11)  # two draws at once
    monkeypatch.setattr(bands_module, "MOST_NUMBERS", 100)  # two outputs at once
    assert bands_csv([band(course(), draws())]) == whole
    monkeypatch.setattr(bands_module, "MOST_NUMBERS", 44)
    with pytest.raises(InferenceError, match="has 5 times, and a band of 9 draws can have at most 4"):
        band(course(), draws())


def test_what_is_held_keeps_the_arms_value() -> None:
    trajectory = course()
    free, kept = band(trajectory, draws()), band(trajectory, draws(), keep=("treg_growth",))
    assert free["treg"][2, -1] > free["treg"][0, -1]
    assert kept["treg"][0] == pytest.approx(trajectory["treg"], rel=1e-9)
    # both cell types share the solver's steps, which keep to 1e-6
    assert kept["nk"] == pytest.approx(free["nk"], rel=1e-5)
    # everything held: the line itself
    fixed = band(trajectory, draws(), keep=NAMES)
    assert fixed["nk"][0].tolist() == fixed["nk"][2].tolist()


def test_held_is_what_comes_from_elsewhere() -> None:
    assert held(OWN, OWN, draws()) == ()
    assert held(OWN.set("test", nk_growth=3), OWN, draws()) == ("nk_growth",)
    # the same number from another source is a study's own as well
    said = replace(OWN["treg_growth"], source=("he2020",))
    other = replace(OWN, tables=tuple(said if t.name == "treg_growth" else t for t in OWN.tables))
    assert held(other, OWN, draws()) == ("treg_growth",)


def test_draws_that_fail_are_counted() -> None:
    some = draws(("treg_baseline",), np.array([[1.0], [0.0], [1.5]]))
    found = band(course(), some)
    usual = band(course(), draws(("treg_baseline",), np.array([[1.0], [1.5]])))
    assert (found.draws, found.failed) == (2, 1) and found.values.tolist() == usual.values.tolist()
    with pytest.raises(InferenceError, match=r"none of the 2 draws of hand\.csv can be simulated"):
        band(course(), draws(("treg_baseline",), np.zeros((2, 1))))


def test_draws_of_another_model_are_refused() -> None:
    with pytest.raises(ParameterError, match="did you mean 'treg_growth'"):
        band(course(), replace(draws(), names=("treg_grwth", "nk_growth")))


def test_thinned_and_without() -> None:
    many = draws(factors=np.arange(1.0, 1001).reshape(500, 2))
    few = thinned(many, 100)
    assert len(few.values) == 100 and few.values[0].tolist() == many.values[0].tolist()
    assert few.values[-1].tolist() == many.values[-1].tolist() and thinned(many, 500) is many
    assert len(np.unique(few.values[:, 0])) == 100
    with pytest.raises(InferenceError, match="0 draws cannot make a band"):
        thinned(many, 0)
    left = without(many, ["treg_growth"])
    assert left and left.names == ("nk_growth",) and left.values.tolist() == many.values[:, 1:].tolist()
    assert without(many, NAMES) is None


# --- figures


def figure_bands(trajectories: Sequence[Trajectory], width: float) -> list[Band]:
    found = []
    for t in trajectories:
        values = np.stack([np.stack([t[n] / width, t[n], t[n] * width]) for n in t.outputs])
        found.append(Band(t.arm, t.times, t.sides, t.outputs, tuple(map(t.unit, t.outputs)), values, 7, 0))
    return found


def test_figures_shade_the_bands() -> None:
    trajectories = arms(MODEL)
    plain, drawn = figures(trajectories, VISITS), figures(trajectories, VISITS, bands=figure_bands(trajectories, 3.0))
    assert set(plain) == set(drawn)
    for name in set(plain) - {"schedule"}:
        for before, after in zip(panels(plain[name]), panels(drawn[name]), strict=True):
            areas = [c for c in after.collections if "90 % range" in str(c.get_label())]
            assert not [c for c in before.collections if "90 % range" in str(c.get_label())]
            if not after.get_lines() or not areas:
                continue
            assert len(areas) == 2 and all(isinstance(a, PolyCollection) for a in areas)
            # what is shaded lies on the axes
            first, last = after.get_xlim()
            points = np.vstack([p.vertices for a in areas for p in a.get_paths()])
            seen = points[(points[:, 0] >= first) & (points[:, 0] <= last), 1]
            assert seen.max() <= after.get_ylim()[1] * (1 + 1e-9)
        texts = [t.get_text() for legend in drawn[name].legends for t in legend.get_texts()]
        assert "90 % of 7 draws" in texts
    for varied, rest, said in (
        (("a",), ("b",), "90 % of 1 draw, which vary only\na"),
        (tuple("abcd"), ("e",), "90 % of 1 draw, which vary 4\nof 5 uncertain parameters"),
    ):
        few = [replace(b, draws=1, varied=varied, unvaried=rest) for b in figure_bands(trajectories, 3.0)]
        assert [h.get_label() for h in band_handle(few)] == [said]
    shaded = [c for c in panels(drawn["cells_fold"])[0].collections if "90 % range" in str(c.get_label())]
    assert shaded
