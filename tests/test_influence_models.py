"""The whole analysis of influence in small models: closed forms, threads, failures, figures, wrong input."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from commands import parameter, parameter_file
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pkpd.dosing.library import load_schedule
from pkpd.engine.functions import Vector
from pkpd.errors import PkpdError
from pkpd.output.plots.influence import heat_figure, influence_figures, tornado_figure
from pkpd.output.plots.style import image
from pkpd.parameters import load_parameters
from pkpd.trials.influence.analysis import influence
from pkpd.trials.influence.ranges import ENDS
from pkpd.trials.influence.result import Influence
from pkpd.trials.run import Options, Run, schedule_run

# one compartment whose level right after a bolus is share * dose / volume, whatever the elimination
MODEL = """
from pkpd import build


def drug(m):
    amount = m.state("amount", "mg", scale=1, meaning="drug in the body")
    volume = m.parameter("volume", "L", value=10.0)
    share = m.parameter("share", "1", value=0.5)
    m.flow("loss", m.parameter("elimination", "1/h", value=0.1) * amount, out_of=amount)
    m.route("iv", into=amount, unit="mg", bioavailability=share)
    m.output("level", amount / volume, "mg/L", "drug in plasma")


def model():
    return build("bolus", drug, time="h")
"""
BOUNDS = {"volume": (5.0, 20.0), "share": (0.2, 0.9), "elimination": (0.05, 0.2)}
UNITS = {"volume": ("L", 10), "share": ("1", 0.5), "elimination": ("1/h", 0.1)}


@pytest.fixture
def bolus(tmp_path: Path) -> Run:
    """8 mg at once into that model, followed for two days."""
    (tmp_path / "bolus.py").write_text(MODEL)
    tables = [parameter(n, v, u, f"bounds = {list(BOUNDS[n])}") for n, (u, v) in UNITS.items()]
    (tmp_path / "bolus.toml").write_text(parameter_file(*tables))
    options = Options(f"{tmp_path / 'bolus.py'}:model", load_parameters(tmp_path / "bolus.toml"))
    return schedule_run("bolus", load_schedule("8 mg iv once"), options)


@pytest.fixture(scope="module")
def small() -> Run:
    return schedule_run("1 MIU daily x3", load_schedule("1 MIU daily x3"), Options("il2_minimal"))


def squared_cv(low: float, high: float, power: int) -> float:
    """Of x to a power, 1 or -1, for x log-uniform."""
    width = math.log(high / low)
    mean, square = ((high**p - low**p) / (p * width) for p in (power, 2 * power))
    return square / mean**2 - 1


def test_a_product_of_parameters_has_its_indices_through_the_engine(bolus: Run) -> None:
    found = influence(bolus, ("level_peak",), over="bounds", samples=1024)
    a, b = squared_cv(*BOUNDS["share"], 1), squared_cv(*BOUNDS["volume"], -1)
    whole = a + b + a * b
    own = {"share": (a, a + a * b), "volume": (b, b + a * b), "elimination": (0, 0)}
    for k, name in enumerate(found.names):
        # 1,024 scrambled points err by about 0.01
        assert found.outcomes[0].indices.values[:, k] == pytest.approx(np.array(own[name]) / whole, abs=0.03)
    low, high = (2 * math.exp(math.log(0.1) + u * math.log(10)) for u in (0, 1))
    assert found.numbers.min() >= 8 * 0.2 / 20 and found.numbers.max() <= 8 * 0.9 / 5 and low < high
    np.testing.assert_allclose(found.numbers[:, 0], 8 * product(found), rtol=1e-5)  # the solver's own error


def product(found: Influence) -> Vector:
    share, volume = (found.values[:, found.names.index(name)] for name in ("share", "volume"))
    return np.asarray(share / volume)


def test_the_tornado_moves_one_parameter_at_a_time(bolus: Run) -> None:
    found = influence(bolus, ("level_peak", "level@1"), over="bounds", samples=8)
    outcome = found.outcomes
    assert outcome[0].reference == pytest.approx(0.4, rel=1e-5)  # the solver's own error, here and below
    ends = {r.name: r.at(ENDS) for r in found.ranges}
    alone = {"share": 8 * ends["share"] / 10, "volume": 4 / ends["volume"], "elimination": np.full(2, 0.4)}
    for name, want in alone.items():
        assert outcome[0].ends[found.names.index(name)] == pytest.approx(want, rel=1e-5)
    later = 0.4 * np.exp(-24 * ends["elimination"])
    assert outcome[1].ends[found.names.index("elimination")] == pytest.approx(later, rel=1e-4)
    table = found.tornado()
    widths = [abs(h - w) for h, w in zip(table["at_high"], table["at_low"], strict=True)][:3]
    assert widths == sorted(widths, reverse=True) and table["rank"][:3] == [1, 2, 3]


def test_indices_over_time_are_those_of_the_output_on_each_day(bolus: Run) -> None:
    found = influence(bolus, ("level@0.5", "level@1"), over="bounds", samples=32, over_time=("level",), days=(1, 0.5))
    (timed,) = found.timed
    assert list(timed.days) == [0.5, 1.0]
    for k in range(2):
        np.testing.assert_array_equal(timed.indices[k].values, found.outcomes[k].indices.values)
    assert timed.of("total").shape == (3, 2)
    assert found.over_time()["day"][0] == 0.5 and len(found.over_time()["day"]) == 2 * 2 * 3


@pytest.mark.parametrize("method", ["sobol", "morris"])
def test_numbers_depend_on_the_seed_and_not_on_threads(small: Run, method: str) -> None:
    def text(threads: int, seed: int) -> str:
        found = influence(small, method=method, samples=16, threads=threads, seed=seed, over_time=("treg",))
        return "".join(t.to_csv() for t in (found.table(), found.tornado(), found.over_time(), found.samples()))

    assert text(1, 5) == text(2, 5) == text(5, 5)
    assert text(1, 5) != text(1, 6)


def test_doses_per_body_size_follow_a_varied_size() -> None:
    run = schedule_run("dose", load_schedule("2 MIU/m2 daily x3"), Options("il2_minimal", bsa=1.7))
    found = influence(run, ("il2_given",), over="bounds", vary=("bsa",), samples=8)
    np.testing.assert_allclose(found.numbers[:, 0], 6 * found.values[:, 0], rtol=1e-12)  # rounding alone
    assert found.outcomes[0].reference == pytest.approx(10.2, rel=1e-12)


def test_failed_runs_are_counted_and_told() -> None:
    run = schedule_run("1 MIU once", load_schedule("1 MIU once"), Options("il2"))
    found = influence(run, ("treg_peak_fold",), samples=64)
    assert found.failures and found.outcomes[0].indices.dropped > 0
    failed = {f.patient for f in found.failures}
    assert set(np.flatnonzero(np.isnan(found.numbers[:, 0])).tolist()) == failed
    assert len({k // found.design.size for k in failed}) == found.outcomes[0].indices.dropped
    assert len(found.failed()["run"]) == len(found.failures) + len(found.end_failures)


# --- figures


def texts(figure: Figure) -> set[str]:
    return {text.get_text() for axes in figure.axes for text in axes.texts}


def test_figures_show_what_the_tables_hold(bolus: Run) -> None:
    found = influence(bolus, ("level_peak", "level_auc"), over="bounds", samples=32, over_time=("level",), days=(1, 2))
    figure = tornado_figure(found, found.outcomes[0])
    bars = [abs(p.get_width()) for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    moved = [k for k, width in enumerate(found.outcomes[0].widths) if width > 1e-3]
    for k in moved:
        for end in found.outcomes[0].ends[k]:
            assert any(width == pytest.approx(abs(end - found.outcomes[0].reference)) for width in bars)
            assert f"{end:.3g}" in texts(figure)
    shown = {f"{v:.2f}" for o in found.outcomes for v in o.indices.main}
    assert texts(heat_figure(found)) == shown
    drawn = influence_figures(found)
    assert set(drawn) == {"tornado_level_peak", "tornado_level_auc", "indices", "over_time_level"}
    assert image(drawn["over_time_level"], "png").startswith(b"\x89PNG")


# --- wrong input


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"quantities": ("treg_peek_fold",)}, "did you mean 'treg_peak_fold'"),
        ({"quantities": ("treg_auc", "treg_auc")}, "named twice"),
        ({"quantities": ("treg@400",)}, "day 400 was asked for"),
        ({"method": "soboll"}, "did you mean 'sobol'"),
        ({"samples": 100}, "the nearest is 128"),
        ({"samples": 4}, "8 samples or more"),
        ({"samples": 2**20}, "at most 1000000"),
        # no power of two is named that would be refused in its turn
        ({"samples": 10**9}, "at most 1000000"),
        ({"method": "morris", "samples": 2}, "4 samples or more"),
        ({"method": "morris", "second_order": True}, "second-order indices are of method sobol"),
        ({"seed": -1}, "seed is a whole number"),
        ({"vary": ("treg_feedbac",)}, "did you mean 'treg_feedback'"),
        ({"over": "bound"}, "did you mean 'bounds'"),
        ({"over_time": ("treg_fol",)}, "did you mean 'treg_fold'"),
        ({"days": (1.0,)}, "no output to follow"),
        ({"over_time": ("treg",), "days": (99.0,)}, "day 99 was asked for"),
        ({"arm": "patien"}, "did you mean 'patient'"),
        ({"threads": 0}, "0 threads"),
    ],
)
def test_wrong_input_gets_one_sentence(small: Run, asked: dict[str, object], said: str) -> None:
    with pytest.raises(PkpdError) as caught:
        influence(small, **{"samples": 8, **asked})  # type: ignore[arg-type]
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_run_without_doses_has_no_arm_to_explain() -> None:
    with pytest.raises(PkpdError, match="no arm of placebo has doses"):
        influence(schedule_run("placebo", load_schedule("placebo"), Options("il2_minimal")), samples=8)


def test_without_the_extra_the_command_that_installs_it_is_named(small: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "SALib.sample", None)
    with pytest.raises(PkpdError, match=r'pip install "pkpd\[sensitivity\]"'):
        influence(small, samples=8)
