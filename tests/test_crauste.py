"""CD8 T cells of Crauste et al. (2017), a problem of the PEtab benchmark: the same curves, and fits beside a pole."""

from __future__ import annotations

import re
from functools import lru_cache

import crauste
import numpy as np
import pytest
import roadrunner
from crauste import NAIVE, OUTPUTS, UNITS, data, model, nominal, parameters
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares

import pkpd
from pkpd.engine.functions import Vector
from pkpd.engine.tolerances import Tolerances
from pkpd.errors import InferenceError, SimulationError
from pkpd.inference.fitting import searched
from pkpd.inference.objective import PENALTY, Objective
from pkpd.inference.search.minimise import minimise
from pkpd.many import simulate_many
from pkpd.sensitivity import sensitivities
from pkpd.simulation import simulate

# petab.v1's calculate_chi2 and calculate_llh (petab 0.8.2) of the reference simulation
CHI2, LOG_LIKELIHOOD = 19.66592942895521, -190.9639775693566
FINE = Tolerances(1e-13, 1e-15)
# A hundred-thousandfold of this reaches the rows: a ten-thousandth of a count, enough to search with.
SEARCHED = Tolerances(1e-9, 1e-11)
# Sums of squares closer than this are the same fit for any use of it, as in `pkpd.inference.fitted`.
SAME = 0.1


def rows(engine: str = "compiled", tolerances: Tolerances = FINE, **changed: float) -> Vector:
    """What the 21 rows see at the published optimum, with some values changed."""
    values = parameters().set(**changed)
    found = simulate("none", model(), values, times=data().days, engine=engine, tolerances=tolerances)
    return data().of(np.stack([found[name] for name in OUTPUTS], axis=1))


@lru_cache
def searching() -> Objective:
    return crauste.target(SEARCHED)


def around(seed: int, count: int) -> list[Vector]:
    """Starts with a factor of e (one SD) on each parameter of the published optimum, those with a solution."""
    own, random, found = searching().coordinates, np.random.default_rng(seed), list[Vector]()
    while len(found) < count:
        x = np.clip(own.start + random.standard_normal(len(UNITS)), own.low, own.high)
        if not searching().obstacle(x):
            found.append(x)
    return found


def pole(rho: float, mu: float) -> float:
    """The day on which P' = rho P^2 - mu P from 1 is infinite; nothing in the model brings it earlier."""
    return float(-np.log1p(-mu / rho) / mu)


# the curves


def test_the_reference_simulation_is_reproduced() -> None:
    """The reference lost digits where the pathogen turns, near day 10: engines agree with each other far better."""
    found, early = rows(), data().day <= 8
    assert found[early] == pytest.approx(data().reference[early], rel=1e-8)
    assert found == pytest.approx(data().reference, rel=1e-4)
    for engine, tolerance in (("scipy", 1e-12), ("scipy-radau", 1e-9)):
        # 1e-12, a hundred-thousandfold, over many steps; Radau is far more exact than it is asked to be
        assert rows(engine, Tolerances(tolerance, tolerance / 100)) == pytest.approx(found, rel=1e-5)


def test_the_file_of_the_benchmark_gives_the_same_in_another_engine() -> None:
    """libRoadRunner solves the SBML as it was published, so our equations are those of the file."""
    other = roadrunner.RoadRunner(str(crauste.FOLDER / "model_Crauste_CellSystems2017.xml"))
    for name, value in nominal().items():
        other[name] = value
    other.integrator.relative_tolerance, other.integrator.absolute_tolerance = 1e-12, 1e-14
    wanted = ["Naive", "EarlyEffector", "LateEffector", "Memory"]
    table = np.asarray(other.simulate(times=[0.0, *data().days.tolist()], selections=wanted))[1:]
    assert data().of(table) == pytest.approx(rows(), rel=1e-4)  # 1e-12, a hundred-thousandfold, over many steps


def test_chi_square_and_likelihood_are_those_of_the_benchmark() -> None:
    errors = crauste.Normal(data().cells, data().sd)
    reference = np.log(data().reference)
    assert float((errors.residuals(reference) ** 2).sum()) == pytest.approx(CHI2, rel=1e-12)
    assert float(errors.deviance(reference)) == pytest.approx(-2 * LOG_LIKELIHOOD, rel=1e-12)
    own = crauste.target(FINE)
    # ours differs from the reference by up to 3e-5, of rows that explain little of the sum
    assert float((own.residuals(own.coordinates.start) ** 2).sum()) == pytest.approx(CHI2, rel=1e-7)


def test_the_optimum_stands_on_an_edge() -> None:
    """A count moves by 1e5 times the share by which a parameter moves, and the derivatives say so; hence a solution
    with an error of 1e-6 on the way has no digit left at its end, and each further digit of the tolerance is one there.
    """
    found = sensitivities("none", model(), None, ["rho_P"], outputs=OUTPUTS, times=data().days, tolerances=FINE)
    share = data().of(found.slopes)[:, 0] * nominal()["rho_P"] / data().of(found.values)
    step = 1e-9
    up, down = (rows(rho_P=nominal()["rho_P"] * (1 + sign * step)) for sign in (1, -1))
    # wrong by their own curvature, (1e5 x 1e-9)^2 and so on; rounding of the counts over the step is below 1
    assert np.log(up / down) / (2 * step) == pytest.approx(share, rel=1e-3, abs=1)
    most = np.abs(share).max()
    assert 1e5 < most < 2e5
    exact = rows()
    for relative in (1e-7, 1e-8, 1e-9, 1e-10):
        error = np.abs(rows(tolerances=Tolerances(relative, relative / 100)) / exact - 1).max()
        assert 0.01 * most * relative < error < most * relative
    assert np.abs(rows(tolerances=Tolerances()) / exact - 1).max() > 0.1


# the pole


@pytest.mark.parametrize("engine", ["compiled", "scipy", "scipy-radau"])
def test_the_day_of_the_pole_is_told(engine: str) -> None:
    """Without killing, the pathogen is known in closed form, and so are naive cells, up to the pole."""
    rho, mu, loss, share = (nominal()[name] for name in ("rho_P", "mu_P", "mu_N", "delta_NE"))
    alone, end = parameters().set(mu_PE=0.0, mu_PL=0.0), pole(rho, mu)
    days = np.array([1.0, 4.0, 7.0, 0.99 * end])
    found = simulate("none", model(), alone, times=days, engine=engine, tolerances=Tolerances(1e-10, 1e-12))
    pathogen = mu / (rho - (rho - mu) * np.exp(mu * days))
    # near the pole, errors of 1e-10 are multiplied by end / (end - day) = 100, and mu / rho loses four digits
    assert found["pathogen"] == pytest.approx(pathogen, rel=1e-6)
    naive = NAIVE * np.exp(-loss * days - share * (np.log(pathogen) + mu * days) / rho)
    assert found["naive"] == pytest.approx(naive, rel=1e-6)
    with pytest.raises(SimulationError) as caught:
        simulate("none", model(), alone, times=[28.0], engine=engine)
    number = r"-?\d\S*"
    states = rf"N {number} cells, E {number} cells, L {number} cells, M {number} cells, P {number} 1;"
    told = re.search(rf"stopped on day (\S+) \(.+\); last dose: none; states there: {states}", str(caught.value))
    assert told and "\n" not in str(caught.value), caught.value
    assert float(told[1]) == pytest.approx(end, rel=1e-5)  # the default tolerance, of a time with six digits


def test_no_vector_of_the_box_ends_before_its_pole() -> None:
    """Effectors only kill, so the pole of the pathogen alone bounds the end; with losses above growth there is none."""
    own = searching().coordinates
    values = own.to_values(np.random.default_rng(5).uniform(own.low, own.high, (2000, len(UNITS))))
    tried = dict(zip(UNITS, values.T, strict=True))
    found = simulate_many("none", model(), parameters(), tried, outputs=OUTPUTS, times=data().days)
    ended = {failure.patient: failure.day for failure in found.failures}
    assert 400 < len(ended) < 700  # about a quarter of the box, evenly in logs
    for number, day in ended.items():
        assert tried["rho_P"][number] > tried["mu_P"][number]
        assert day > (1 - 1e-5) * pole(tried["rho_P"][number], tried["mu_P"][number])
    well = np.setdiff1d(np.arange(len(values)), list(ended))
    assert np.isfinite(found.values[well]).all()
    for number in list(ended)[:5]:
        one = parameters().set(**{name: float(tried[name][number]) for name in UNITS})
        with pytest.raises(SimulationError, match="stopped on day") as caught:
            simulate("none", model(), one, times=[28.0], engine="scipy-radau")
        other = float(re.search(r"on day (\S+) \(", str(caught.value))[1])  # type: ignore[index]
        assert other == pytest.approx(ended[number], rel=1e-3)


# fits


def test_a_vector_beyond_the_pole_costs_a_finite_sum_and_is_counted() -> None:
    own = crauste.target(SEARCHED)
    x = own.coordinates.start.copy()
    x[own.coordinates.names.index("rho_P")] = np.log(2.0)
    assert "grows without bound" in own.obstacle(x)
    assert own.failed.count == 0
    assert own.residuals(x).tolist() == [PENALTY] * 21
    assert not own.jacobian(x).any()
    assert own.failed.count == 2 and "grows without bound" in own.failed.reasons[0]
    assert np.isinf(own.cost_many(np.stack([x, own.coordinates.start]))).tolist() == [True, False]
    with pytest.raises(InferenceError, match=r"cannot be simulated at the starting values: .*grows without bound"):
        searched(crauste.target(SEARCHED, rho_P=2.0), pkpd.FitSettings(starts=1))


def test_fits_beside_the_pole_reach_the_published_optimum() -> None:
    """All twelve parameters, from starts that explain nothing; on the way the search steps across the pole."""
    exact = crauste.target(Tolerances(1e-12, 1e-14))
    for start in around(3, 3):
        before = searching().failed.count
        found = minimise(searching().problem, start, evaluations=120)
        assert float((searching().residuals(found.start) ** 2).sum()) > 10 * CHI2
        assert searching().failed.count > before
        assert found.cost < CHI2 + SAME
        assert float((exact.residuals(found.x) ** 2).sum()) == pytest.approx(found.cost, abs=SAME / 10)


def test_a_fit_in_logs_agrees_with_scipy() -> None:
    """Rows with a log SE of SD over value ask another question, whose optimum is none of an edge: an independent
    search with equations written by hand finds it too.
    """
    begin = dict(zip(UNITS, searching().coordinates.to_values(around(3, 1)[0]).tolist(), strict=True))
    settings = pkpd.FitSettings(starts=1, threads=1)
    found = pkpd.fit(
        crauste.observations(), model(), parameters().set(**begin), tuple(UNITS), priors=False, settings=settings
    )
    own = found.coordinates
    inside = np.clip(found.x, own.low + 1e-9, own.high - 1e-9)
    other = least_squares(in_logs, inside, bounds=(own.low, own.high), x_scale="jac", diff_step=1e-4, max_nfev=10)
    assert float((in_logs(found.x) ** 2).sum()) == pytest.approx(found.cost, rel=1e-4)  # rtol 1e-6, SEs of a tenth
    assert 2 * other.cost == pytest.approx(found.cost, rel=1e-4)
    assert found.search.best.converged


def in_logs(x: Vector) -> Vector:
    """Residuals of logs by scipy's LSODA, at logs of the parameters."""
    d, p = data(), dict(zip(UNITS, np.exp(x).tolist(), strict=True))
    begin = [NAIVE, 0.0, 0.0, 0.0, 1.0]
    solved = solve_ivp(
        lambda t, y: crauste.slopes(p, y), (0, 28), begin, method="LSODA", t_eval=d.days, rtol=1e-9, atol=1e-7
    )
    return np.asarray((np.log(d.of(solved.y.T)) - np.log(d.cells)) * d.cells / d.sd)
