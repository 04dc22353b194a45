"""Quantities of one regimen: sampled closely enough, in each draw the same however drawn, and what was given."""

from __future__ import annotations

import numpy as np
import pytest
from band_cases import MODEL, OWN, draws

from pkpd.dosing.given import given
from pkpd.dosing.library import load_schedule
from pkpd.engine.code.library import outline_of
from pkpd.engine.events import TIE
from pkpd.engine.run import Rows
from pkpd.errors import SimulationError
from pkpd.parameters import load_parameters
from pkpd.quantities import Measured, quantity
from pkpd.trials.comparison.compare import compare
from pkpd.trials.comparison.regimens import comparison_run
from pkpd.trials.regimen import evaluate
from pkpd.trials.regimen.evaluate import Evaluated, evaluate_regimen
from pkpd.trials.regimen.sampling import evaluation_rows, injections, total_miu, treatment_end
from pkpd.trials.run import Options, schedule_run, simulate_arm

IL2 = load_parameters("il2")
CELLS = ("treg", "nk", "cd56bright", "eosinophils")
OTHERS = ("il2_peak", "il2_auc", "il2_trough", "treg_fold_above_2", "treg_gain", "treg_trough_fold")
NAMES = (*OTHERS, *(f"{cell}_{word}_fold" for cell in CELLS for word in ("peak", "mean", "auc")))


def named(names: tuple[str, ...], model: str = "il2") -> tuple[Measured, ...]:
    outputs = [o.name for o in outline_of(model).outputs]
    return tuple(quantity(name, outputs) for name in names)


def small(text: str = "1 MIU every 2d x3", **more: object) -> Evaluated:
    chosen = {"draws": draws(), "horizon": 14.0, "quantities": named(("treg_peak_fold", "nk_auc"), MODEL)} | more
    quantities = chosen.pop("quantities")
    return evaluate_regimen(load_schedule(text), quantities, MODEL, OWN, **chosen)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "horizon"),
    [
        ("1 MIU every 2d x4, rest 7d, repeat 2", 42.0),
        ("1.5 MIU daily x5, then 1.5 MIU every 7d x11", 84.0),
        ("1 MIU every 12h x8", 10.0),
        ("1 MIU/m2 iv daily x3", 10.0),
        ("0.5 MIU iv over 2h every 3d x3", 14.0),
    ],
)
def test_peaks_and_areas_lie_within_half_a_percent_of_a_very_dense_grid(
    text: str, horizon: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dense(doses: object, until: float, days: object = ()) -> Rows:
        own = evaluation_rows(given(load_schedule(text), 1.8, 70), until)
        times = np.concatenate([own.times, np.linspace(0, until, int(until) * 24 * 40 + 1)])
        sides = np.concatenate([own.post, np.zeros(len(times) - len(own.post), dtype=np.int64)])
        order = np.lexsort((sides, times))
        return Rows(times[order], sides[order])

    def found() -> np.ndarray:
        return evaluate_regimen(load_schedule(text), named(NAMES), "il2", IL2, horizon=horizon).typical

    usual = found()
    monkeypatch.setattr(evaluate, "evaluation_rows", dense)
    # half a percent is promised; the worst here, the area after a bolus, is 0.3 %
    assert usual == pytest.approx(found(), rel=0.0035)


def test_the_parameters_as_they_are_give_the_numbers_of_a_plain_simulation() -> None:
    found = small(quantities=named(("treg_fold@7", "treg@14"), MODEL))
    run = schedule_run("x", load_schedule("1 MIU every 2d x3"), Options(model=MODEL, times=(0.0, 7.0, 14.0)))
    plain = simulate_arm(run, run.arms[0], (7.0, 14.0))
    # two runs of a solver of relative tolerance 1e-6, stopped at other times
    assert found.typical == pytest.approx([plain["treg_fold"][0], plain["treg"][1]], rel=1e-4)


def test_draws_are_told_alone_as_together_and_by_any_number_of_threads() -> None:
    many = draws(factors=np.random.default_rng(5).uniform(0.5, 2, (70, 2)))
    whole = small(draws=many, threads=2)
    assert whole.values.shape == (70, 2) and np.ptp(whole.values, axis=0).min() > 0.01
    assert whole.values.tolist() == small(draws=many, threads=1).values.tolist()
    first = draws(factors=np.random.default_rng(5).uniform(0.5, 2, (70, 2))[:3])
    assert small(draws=first).values.tolist() == whole.values[:3].tolist()


def test_a_draw_of_the_parameters_as_they_are_gives_their_numbers() -> None:
    found = small(draws=draws(factors=np.ones((2, 2))))
    assert found.values.tolist() == [found.typical.tolist()] * 2


def test_held_parameters_keep_the_value_of_the_patient() -> None:
    found, whole = small(held=("treg_growth",)), small()
    # NK cells do not move Treg in this model, so that only held draws are left
    assert np.ptp(found.values[:, 0]) < 1e-4 < np.ptp(whole.values[:, 0])
    everything = small(held=("treg_growth", "nk_growth"))
    assert everything.values.tolist() == [everything.typical.tolist()] * 9


def test_draws_that_fail_are_told_and_leave_the_others_alone() -> None:
    some = draws(("treg_baseline",), np.array([[1.0], [0.0], [1.5]]))
    found = small(draws=some, quantities=named(("treg_peak_fold", "il2_given"), MODEL))
    assert [f.patient for f in found.failures] == [1] and found.failures[0].reason and not found.stopped
    # a draw without cells tells nothing, not even its doses, so that all numbers rest on the same draws
    assert np.isfinite(found.values).tolist() == [[True] * 2, [False] * 2, [True] * 2]


def test_parameters_that_cannot_be_simulated_are_told() -> None:
    bad = OWN.set(treg_baseline=0)
    found = evaluate_regimen(load_schedule("1 MIU once"), named(("treg_peak_fold",), MODEL), MODEL, bad, horizon=7)
    assert found.stopped == "day 0: output 'treg_fold' is not a finite number" and np.isnan(found.typical).all()
    run = comparison_run(("1 MIU once", "1 MIU daily x2"), Options(model=MODEL, parameters=bad))
    with pytest.raises(SimulationError, match="'1 MIU once' cannot be simulated with these parameters: day 0"):
        compare(run, named(("treg_peak_fold",), MODEL))


def test_doses_alone_need_no_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "simulate_piece", None)
    found = small("1 MIU every 2d x3", quantities=named(("il2_given", "injections"), MODEL))
    assert found.typical.tolist() == [3, 3] and found.values.tolist() == [[3, 3]] * 9


def test_days_beyond_the_horizon_are_refused() -> None:
    with pytest.raises(SimulationError, match="0 to 14, and a quantity looks at day 20"):
        small(quantities=named(("treg@20",), MODEL))


def test_what_was_given_until_a_day() -> None:
    doses = given(load_schedule("0.5 MIU/m2 every 2d x7, miss 2"), 2.0, 70)
    assert (total_miu(doses, 100), injections(doses, 100)) == (6, 6)
    assert (total_miu(doses, 4), injections(doses, 4)) == (2, 2)
    assert treatment_end(doses) == 14 and treatment_end(()) == 0
    # the label: 1.1 mg is 18 MIU, and an IU of it about 61 pg
    milligrams = given(load_schedule("1.1 mg once"))
    assert total_miu(milligrams, 1) == pytest.approx(18, rel=0.01)


def test_both_sides_of_a_dose_are_looked_at_and_the_days_asked_for() -> None:
    rows = evaluation_rows(given(load_schedule("1 MIU every 3d x4")), 10.0, [1 / 3])
    assert (np.diff(rows.times) >= 0).all() and rows.times[0] == 0 and rows.times[-1] == 10
    assert rows.times[rows.post == 1].tolist() == [0, 3, 6, 9] and 1 / 3 in rows.times
    assert np.diff(rows.times[rows.post == 0]).min() > TIE
    with pytest.raises(SimulationError, match="choose a shorter horizon"):
        evaluation_rows(given(load_schedule("1 MIU every 1d x2000")), 2000.0)
