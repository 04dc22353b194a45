"""Fits of data that the model itself made, and of a model that has no solution in a part of its bounds."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from models import explodes

from pkpd import simulate
from pkpd.dosing.library import load_schedule
from pkpd.errors import InferenceError
from pkpd.inference.coordinates import coordinates
from pkpd.inference.fitted import Fitted
from pkpd.inference.fitting import FitSettings, fit
from pkpd.inference.objective import PENALTY, objective
from pkpd.inference.rows.noise import Noise
from pkpd.parameters import Parameters, load_parameters
from pkpd.studies.observation import Course, Observation, Observations

ONE = FitSettings(starts=1, threads=1)


def course(study: str, regimen: str) -> Course:
    return Course(study, "", regimen, load_schedule(regimen), Parameters((), "study"))


def growing(k: float, start: float = 0.05) -> tuple[Observations, Parameters]:
    """Rows of y' = k y^2 from 0.1 mg, which ends at 10/k hours, inside the bounds of k."""
    hours = np.array([6, 12, 18, 24])
    rows = tuple(
        Observation("a", "growing", "level", y, day_from=t / 24, day_to=t / 24, unit="mg", log_se=0.2, course=0)
        for t, y in zip(hours, 0.1 / (1 - 0.1 * k * hours), strict=True)
    )
    known = explodes().defaults
    return Observations(rows, (course("a", "none"),)), Parameters(
        (replace(known["k"], value=start, bounds=(0.001, 100.0)),), "mine"
    )


def test_a_region_without_solution_costs_a_finite_sum() -> None:
    rows, parameters = growing(0.3)
    target = objective(rows, explodes(), parameters, coordinates(parameters, ["k"]), Noise())
    inside, outside = np.log([0.3]), np.log([0.5])
    assert target.residuals(inside) == pytest.approx(np.zeros(4), abs=1e-4)
    assert target.failed.count == 0 and target.obstacle(inside) == ""
    assert target.residuals(outside).tolist() == [PENALTY] * 4
    assert target.jacobian(outside).tolist() == [[0.0]] * 4
    assert target.failed.count == 2 and len(target.failed.reasons) == 2
    assert target.obstacle(outside) == target.failed.reasons[0] != ""
    cost = target.cost_many(np.stack([inside, outside, inside]))
    assert np.isinf(cost[1]) and cost[[0, 2]] == pytest.approx([0, 0], abs=1e-6)
    for _ in range(30):
        target.residuals(outside)
    assert target.failed.count == 32 and len(target.failed.reasons) == 20


def test_a_fit_goes_round_a_region_without_solution() -> None:
    """From far below, a full step lands beyond the end of the solution."""
    rows, parameters = growing(0.41, start=0.002)
    one = fit(rows, explodes(), parameters, ["k"], settings=FitSettings(starts=6, threads=1))
    assert one.objective.failed.count > 0 and one.objective.failed.reasons[0]
    assert one.values == pytest.approx([0.41], rel=1e-4)  # the solver's tolerance near the end
    assert one.search.best.converged


def test_a_start_without_solution_is_refused() -> None:
    rows, parameters = growing(0.3, start=1.0)
    with pytest.raises(InferenceError, match="the model cannot be simulated at the starting values: "):
        fit(rows, explodes(), parameters, ["k"], settings=ONE)


MINIMAL = ("treg_growth", "treg_turnover", "nk_growth")
TRUE = {"treg_growth": 14.0, "treg_turnover": 0.005, "nk_growth": 12.0}


def shown(regimen: str, number: int, unit: str) -> list[Observation]:
    """What il2_minimal shows of a regimen at the true values: counts on five days, and a largest percentage."""
    one = simulate(regimen, "il2_minimal", load_parameters("il2_minimal").set(**TRUE), times=np.arange(0, 15.0))
    rows, scale = list[Observation](), 1e6 if unit == "cells/L" else 1.0
    for name in ("treg", "nk"):
        for day in (0, 3, 6, 9, 14):
            value = float(one[name][day]) * scale
            rows.append(Observation("s", name, "count", value, day_from=day, day_to=day, unit=unit, course=number))
    peak = float(one["treg_percent_cd4"][2:10].max())
    percent = Observation("s", "treg_percent_cd4", "percent", peak, timing="maximum", course=number)
    return [*rows, replace(percent, day_from=2, day_to=9)]


@lru_cache
def made(unit: str = "cells/uL") -> Fitted:
    """The fit to it, without scatter, from the values of the set."""
    regimens = ("0.5 MIU sc daily x5", "1.5 MIU sc daily x5")
    rows = tuple(row for k, regimen in enumerate(regimens) for row in shown(regimen, k, unit))
    seen = Observations(rows, tuple(course("s", regimen) for regimen in regimens))
    return fit(seen, "il2_minimal", load_parameters("il2_minimal"), MINIMAL, priors=False, settings=ONE)


def test_values_that_made_the_data_come_back() -> None:
    assert made().values == pytest.approx(list(TRUE.values()), rel=1e-3)
    assert made().cost < 1e-6
    # warnings say what the rows leave open: no printed error
    assert any("the default log SE of 0.25 stands in" in w for w in made().warnings)


def test_the_same_data_in_other_units() -> None:
    assert made("cells/L").values == pytest.approx(made().values, rel=1e-4)
    assert made("cells/L").deviance == pytest.approx(made().deviance, abs=1e-6)
