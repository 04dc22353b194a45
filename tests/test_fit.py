"""Fits of one compartment against its closed form minimised by scipy, their tables, and what must not matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import one_compartment
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from pkpd.dosing.library import load_schedule
from pkpd.engine.functions import Vector
from pkpd.errors import InferenceError
from pkpd.inference.fitted import Fitted
from pkpd.inference.fitting import FitSettings, fit, refit
from pkpd.inference.rows.noise import Noise
from pkpd.inference.search.multistart import Budget
from pkpd.parameters import Parameters, load_parameters
from pkpd.studies.observation import Course, Observation, Observations

NONE = Parameters((), "study")
VARY = ("volume", "clearance")
ONE = FitSettings(starts=1, threads=1)
# Where a search stops: a sum of squares flat to 1e-12 of itself leaves a value within this share.
FOUND = 1e-5


def course(study: str, regimen: str = "100 mg iv once") -> Course:
    return Course(study, "", regimen, load_schedule(regimen), NONE)


def level(hour: float, value: float | None, number: int, study: str, **said: Any) -> Observation:
    rest: dict[str, Any] = {"unit": "mg/L", "log_se": 0.2, "origin": f"{study} hour {hour:g}"} | said
    day = hour / 24
    return Observation(study, "concentration", "level", value, day_from=day, day_to=day, course=number, **rest)


# Two studies of one dose, scattered about volume 12 L and clearance 3 L/h, and a row that is only a check.
SEEN = ((1, 9.0, "a"), (3, 4.1, "a"), (6, 2.2, "a"), (10, 0.55, "a"), (2, 5.9, "b"), (8, 1.6, "b"))


def cases(*more: Observation) -> Observations:
    rows = [level(hour, value, "ab".index(study), study) for hour, value, study in SEEN]
    return Observations((*rows, *more), (course("a"), course("b")), (), "cases")


def own(**prior: tuple[float, float]) -> Parameters:
    """The set with bounds a factor of fifty around, and priors."""
    known = one_compartment().defaults
    tables = [replace(known[n], bounds=(known[n].value / 50, known[n].value * 50), prior=prior.get(n)) for n in VARY]
    return Parameters(tuple(tables), "mine.toml")


def fitted_to(observations: Observations, parameters: Parameters | None = None, **said: Any) -> Fitted:
    said = {"settings": ONE} | said
    return fit(observations, one_compartment(), parameters or own(), VARY, **said)


def closed_form(prior: dict[str, tuple[float, float]], shared: float = 0.3) -> tuple[Vector, float]:
    """Volume, clearance and -2 log likelihood at the best of it and the priors, by another minimiser."""
    hours, values = (np.array([one[k] for one in SEEN], dtype=float) for k in (0, 1))
    same = np.array([[a[2] == b[2] for a in SEEN] for b in SEEN])
    covariance = 0.2**2 * np.eye(len(SEEN)) + shared**2 * same

    def deviance(x: Vector) -> float:
        volume, clearance = np.exp(x)
        mean = np.log(100 / volume) - clearance / volume * hours
        return float(-2 * multivariate_normal.logpdf(np.log(values), mean, covariance))

    def whole(x: Vector) -> float:
        said = [(v, prior[n]) for n, v in zip(VARY, x, strict=True) if n in prior]
        return deviance(x) + float(sum(((v - math.log(centre)) / sd) ** 2 for v, (centre, sd) in said))

    found = minimize(whole, np.log([10, 4]), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    return np.exp(found.x), deviance(found.x)


@lru_cache
def plain() -> Fitted:
    return fitted_to(cases())


@pytest.mark.parametrize("prior", [{}, {"clearance": (1.5, 0.1)}, {"volume": (20.0, 0.2), "clearance": (5.0, 0.5)}])
def test_against_another_minimiser(prior: dict[str, tuple[float, float]]) -> None:
    one = fitted_to(cases(), own(**prior))
    values, deviance = closed_form(prior)
    # the model is solved to 1e-6
    assert one.values == pytest.approx(values, rel=1e-4)
    assert one.deviance == pytest.approx(deviance, abs=1e-4)
    assert one.search.best.converged and one.trouble == ()
    shares = zip(VARY, one.information.prior_share, strict=True)
    told = {n: f"from the prior {100 * share:.0f} %" for n, share in shares if n in prior}
    assert all(told.get(n, "start") in one.parameters[n].where for n in VARY)
    assert all(("from the prior" in one.parameters[n].where) == (n in prior) for n in VARY)
    if prior:
        bare = fitted_to(cases(), own(**prior), priors=False)
        assert bare.values == pytest.approx(plain().values, rel=FOUND)
        assert bare.cost < one.cost and np.abs(bare.values / one.values - 1).max() > 0.01


def test_what_studies_share_weighs_their_rows() -> None:
    values, deviance = closed_form({}, shared=0.0)
    one = fitted_to(cases(), noise=Noise(between_studies=0.0))
    assert one.values == pytest.approx(values, rel=1e-4)
    assert one.deviance == pytest.approx(deviance, abs=1e-4)


def test_intervals_of_a_straight_log() -> None:
    """-2 log likelihood by x, from differences of the closed form's mean: V and CL as logs."""
    volume, clearance = plain().values
    hours = np.array([hour for hour, *_ in SEEN])
    slope = clearance / volume * hours
    jacobian = np.column_stack([slope - 1, -slope])
    same = np.array([[a[2] == b[2] for a in SEEN] for b in SEEN])
    expected = np.linalg.inv(jacobian.T @ np.linalg.solve(0.04 * np.eye(6) + 0.09 * same, jacobian))
    # derivatives of a solution to 1e-6
    assert plain().information.covariance == pytest.approx(expected, rel=1e-4)
    low, high = plain().interval
    half = 1.959964 * np.sqrt(np.diag(expected))
    assert low == pytest.approx(plain().values * np.exp(-half), rel=1e-4)
    assert high == pytest.approx(plain().values * np.exp(half), rel=1e-4)


def test_aicc() -> None:
    """Six rows and two parameters: 2k + 2k(k+1)/(n-k-1) = 4 + 12/3."""
    assert plain().aicc == pytest.approx(plain().deviance + 8)
    few = Observations(cases().rows[:3], cases().courses)
    assert fitted_to(few).aicc is None
    four = fitted_to(Observations(cases().rows[:4], cases().courses))
    assert four.aicc == pytest.approx(four.deviance + 4 + 12)


def test_the_fitted_set(tmp_path: Path) -> None:
    said = plain().parameters
    for name, value, low, high in zip(VARY, plain().values, *plain().interval, strict=True):
        table = said[name]
        assert (table.value, table.basis) == (value, "fitted")
        assert table.source == ("fit of one_compartment to cases",)
        assert f"95 % interval {low:.3g} to {high:.3g}" in table.where
        assert "start 10 L" in table.where or "start 4 L/h" in table.where
        assert table.bounds == own()[name].bounds
    assert said["ka"] == one_compartment().defaults["ka"]
    said.write(tmp_path / "f.toml")
    assert load_parameters(tmp_path / "f.toml").tables == said.tables
    assert said.sources() == ()


def test_references_of_the_rows_stand_behind_the_fit() -> None:
    sources = ("hao2020; feng2019", "todd2016", "lab book", "", "hao2020, todd2016", "")
    rows = tuple(replace(r, source=s) for r, s in zip(cases().rows, sources, strict=True))
    said = fitted_to(replace(cases(), rows=rows)).parameters
    assert said["volume"].source == ("fit of one_compartment to cases", "feng2019", "hao2020", "todd2016")
    assert said.sources() == ("feng2019", "hao2020", "todd2016")


def test_roles() -> None:
    more = (
        level(4, 40.0, 0, "a", role="check"),
        level(4, 40.0, 1, "b", role="design"),
        level(5, None, 1, "b", origin="no number"),
        level(5, 3.0, 1, "b", bound="range", origin="a range"),
    )
    one = fitted_to(cases(*more))
    assert one.values == pytest.approx(plain().values, rel=FOUND)
    assert [r.origin for r in one.left_out] == ["no number", "a range"]
    both = fitted_to(cases(*more), roles=("fit", "check"))
    assert len(both.objective.rows) == 7 and abs(both.values[0] / one.values[0] - 1) > 0.1
    with pytest.raises(InferenceError, match="there is no role 'fitting' of rows; there are fit, check, design"):
        fitted_to(cases(), roles=("fitting",))
    with pytest.raises(InferenceError, match="cases: none of 6 rows has the role check, a regimen and a number"):
        fitted_to(cases(), roles=("check",))


def mixed(rows: Sequence[Observation]) -> list[Observation]:
    return [rows[k] for k in np.random.default_rng(4).permutation(len(rows))]


def test_the_order_of_rows_and_studies_does_not_matter() -> None:
    bound = level(12, 0.4, 1, "b", bound="<")
    first = fitted_to(cases(bound))
    again = fitted_to(Observations(tuple(mixed(cases(bound).rows)), cases().courses))
    turned = tuple(replace(r, course=1 - r.course) for r in reversed(cases(bound).rows))
    back = fitted_to(Observations(turned, cases().courses[::-1]))
    # each study's rows with a regimen of their own, equal to the other
    split = tuple(replace(r, course=k % 2 * 2 + r.course) for k, r in enumerate(cases(bound).rows))
    apart = fitted_to(Observations(split, (*cases().courses, course("a"), course("b"))))
    for other in (again, back, apart):
        # with fewer rows a course takes other steps, to the solver's 1e-6
        assert other.values == pytest.approx(first.values, rel=1e-4)
        assert other.deviance == pytest.approx(first.deviance, abs=1e-4)


def test_units_of_rows_do_not_matter() -> None:
    rows = tuple(replace(r, value=1e3 * (r.value or 0), unit="ug/L") for r in cases().rows)
    one = fitted_to(replace(cases(), rows=rows))
    assert one.values == pytest.approx(plain().values, rel=FOUND)
    assert one.deviance == pytest.approx(plain().deviance, abs=1e-6)


def test_a_refit_to_the_same_rows_stays() -> None:
    x, converged = refit(plain(), plain().objective.observations)
    assert converged and np.exp(x) == pytest.approx(plain().values, rel=FOUND)


def test_a_value_at_its_bound(tmp_path: Path) -> None:
    narrow = Parameters(tuple(replace(t, bounds=(t.value / 1.1, t.value * 1.05)) for t in own().tables), "narrow")
    one = fitted_to(cases(), narrow)
    assert one.information.high[0] or one.information.low[0] or one.information.high[1] or one.information.low[1]
    one.parameters.write(tmp_path / "f.toml")
    assert load_parameters(tmp_path / "f.toml").tables == one.parameters.tables
    assert any("no interval: at a bound" in one.parameters[n].where for n in VARY)


def test_a_budget_keeps_the_best() -> None:
    far = own().set(volume=100.0, clearance=1.0)
    begin = fitted_to(cases(), far, settings=replace(ONE, budget=Budget(evaluations=1)))
    cut = fitted_to(cases(), far, settings=replace(ONE, budget=Budget(evaluations=4)))
    assert (begin.search.evaluations, cut.search.evaluations) == (1, 4)
    assert begin.values == pytest.approx([100, 1])
    assert plain().cost < cut.cost < begin.cost
    assert cut.search.stopped == "evaluations" and any("the search was stopped" in t for t in cut.trouble)


def test_starts_agree_and_repeat() -> None:
    several, again = (fitted_to(cases(), settings=FitSettings(starts=4, seed=7, threads=2)) for _ in range(2))
    assert np.array_equal(several.x, again.x)
    assert several.agreeing == 4
    assert several.values == pytest.approx(plain().values, rel=FOUND)
