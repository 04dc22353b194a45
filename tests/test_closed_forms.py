"""Simulations against exact solutions, for one and two compartments, every kind of dose record, and every solver."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import lru_cache

import models
import numpy as np
import pytest
from dose_cases import DOSES, RESETS, STEADY, Arrival, Case, past
from models import CL, KA, V1, V2, Q
from scipy.linalg import expm

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.engine.tolerances import Tolerances
from pkpd.model.declaration import Model
from pkpd.simulation import simulate

FINE = Tolerances(1e-9, 1e-11)
# Asked for: the local tolerance of 1e-9 may accumulate over some hundred steps, not a thousand times.
EXACT = 1e-6
GRID = np.arange(0.0, 96.0, 0.5)  # hours; every event of every case falls on it, so both sides of each are compared


def one_compartment_response(into: str, t: np.ndarray, amount: float, hours: float) -> np.ndarray:
    """Textbook formulas: concentration (mg/L) at `t` hours after an arrival, 0 before it."""
    k, late = CL / V1, np.maximum(t, 0.0)
    if into == "central" and hours == 0:
        level = amount / V1 * np.exp(-k * late)
    elif into == "central":
        running = np.minimum(late, hours)
        level = amount / hours / CL * (1 - np.exp(-k * running)) * np.exp(-k * (late - running))
    elif hours == 0:
        level = amount * KA / (V1 * (KA - k)) * (np.exp(-k * late) - np.exp(-KA * late))
    else:
        running, rate = np.minimum(late, hours), amount / hours
        slow, fast = (1 - np.exp(-k * running)) / k, (1 - np.exp(-KA * running)) / KA
        after = late - running
        level = rate * KA / (V1 * (KA - k)) * (slow * np.exp(-k * after) - fast * np.exp(-KA * after))
    return np.where(t >= 0, level, 0.0)


SYSTEM = np.array([[-KA, 0, 0], [KA, -(CL + Q) / V1, Q / V2], [0, Q / V1, -Q / V2]])  # depot, central, peripheral; 1/h


@lru_cache(maxsize=100_000)
def _propagator(hours: float) -> np.ndarray:
    return np.asarray(expm(SYSTEM * hours))


def two_compartment_response(into: str, t: np.ndarray, amount: float, hours: float) -> np.ndarray:
    """The matrix exponential: exp(A t) e for a bolus, its integral from t - T to t for an infusion over T."""
    entry = {"depot": np.array([1.0, 0, 0]), "central": np.array([0, 1.0, 0])}[into]
    level = []
    for after in t:
        if after < 0:
            level.append(0.0)
        elif hours == 0:
            level.append((_propagator(after) @ entry)[1] * amount / V1)
        else:
            span = _propagator(after) - _propagator(max(after - hours, 0.0))
            level.append((np.linalg.solve(SYSTEM, span) @ entry)[1] * amount / hours / V1)
    return np.array(level)


Response = Callable[[str, np.ndarray, float, float], np.ndarray]
OVERDUE = next(c for c in STEADY if c.name == "SS=1 infusion with lag, running at the record")
MODELS: dict[str, tuple[Model, Response]] = {
    "one": (models.one_compartment(), one_compartment_response),
    "two": (models.two_compartments(), two_compartment_response),
}


def exact_level(arrivals: Iterable[Arrival], response: Response, times: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The sum of all responses; `after` tells the rows where what happens at that very time has happened."""
    total = np.zeros(len(times))
    for a in arrivals:
        begun = (times > a.start) | ((times == a.start) & after)
        counts = ((times > a.since) | ((times == a.since) & after)) & (
            (times < a.until) | ((times == a.until) & ~after)
        )
        total += np.where(begun & counts, response(a.into, times - a.start, a.amount, a.hours), 0.0)
    return total


def deviation(case: Case, kind: str, engine: str) -> float:
    """The largest deviation from the exact level on either side of every grid time, relative to the exact peak."""
    model, response = MODELS[kind]
    parameters = model.defaults.set(**case.changes)
    t = simulate(
        Schedule.of(*case.doses), model, parameters, times=GRID / 24, side="both", engine=engine, tolerances=FINE
    )
    hours = np.round(t.times * 24, 6)
    want = exact_level(case.arrivals, response, hours, np.array([side != "pre" for side in t.sides]))
    return float(np.max(np.abs(t["concentration"] - want)) / max(np.max(np.abs(want)), 1e-12))


@pytest.mark.parametrize("engine", ["compiled", "scipy"])
@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("case", DOSES + STEADY + RESETS, ids=lambda case: case.name)
def test_doses(case: Case, kind: str, engine: str) -> None:
    assert deviation(case, kind, engine) < EXACT


@pytest.mark.parametrize("engine", ["scipy-bdf", "scipy-radau"])
@pytest.mark.parametrize("case", [*DOSES[::2], OVERDUE], ids=lambda case: case.name)
def test_other_engines(case: Case, engine: str) -> None:
    """What happens at an event does not depend on the engine, so a share of the cases will do."""
    assert deviation(case, "one", engine) < EXACT


@pytest.mark.parametrize("lag", range(1, 13))
@pytest.mark.parametrize("interval", [1, 2, 3])
def test_steady_state_when_the_lag_is_a_number_of_intervals_but_for_rounding(lag: int, interval: int) -> None:
    """In tenths of an hour, which no float holds: no arrival may count twice or be lost."""
    model, k = models.one_compartment(), CL / V1
    record = Dose.of("1 mg", route="iv", steady_state=1, interval=f"{6 * interval}min")
    parameters = model.defaults.set(iv_lag=lag * 0.1)
    t = simulate(Schedule.of(record), model, parameters, times=[0.05 / 24], tolerances=FINE)
    since = float((Fraction(1, 20) - Fraction(lag, 10)) % Fraction(interval, 10))
    want = np.exp(-k * since) / (1 - np.exp(-k * interval / 10)) / V1
    assert t["concentration"][0] == pytest.approx(want, rel=EXACT)


@pytest.mark.parametrize("clearance", [4.0, 0.04, 0.0004])
def test_steady_state_of_slow_elimination(clearance: float) -> None:
    """Convergence is judged on the state itself: a slow one changes little in one interval while still far away."""
    model, k = models.one_compartment(), clearance / V1
    record = Dose.of("1 mg", route="iv", steady_state=1, interval="6h")
    t = simulate(
        Schedule.of(record), model, model.defaults.set(clearance=clearance), times=[0.0], side="post", tolerances=FINE
    )
    assert t["concentration"][0] == pytest.approx(1 / (1 - np.exp(-6 * k)) / V1, rel=EXACT)


def test_this_comparison_can_fail() -> None:
    """One interval more or a side swapped is seen."""
    good = next(c for c in STEADY if c.name == "SS=1 with lag")
    late = Case("late", good.doses, tuple(past("depot", 5.5 + 1e-3, 12, 60, since=4)), good.changes)
    assert deviation(good, "one", "compiled") < EXACT < deviation(late, "one", "compiled")
    bolus = DOSES[0]
    swapped = Case("swapped", bolus.doses, (Arrival("central", 0, 100, since=0.25),))
    assert deviation(swapped, "one", "compiled") > EXACT


@pytest.mark.parametrize("time", ["min", "d", "wk"])
def test_internal_time_unit_does_not_matter(time: str) -> None:
    model = models.one_compartment(time)
    parameters = model.defaults.set(sc_lag="1.5 h", sc_bioavailability=0.6, iv_lag="150 min", iv_bioavailability=0.5)
    schedule = "100 mg iv at 20 mg/h once, then 50 mg once"
    t = simulate(schedule, model, parameters, times=GRID / 24, tolerances=FINE)
    arrivals = (Arrival("central", 2.5, 50, 2.5), Arrival("depot", 25.5, 30))
    want = exact_level(arrivals, one_compartment_response, GRID, np.zeros(len(GRID), bool))
    assert np.max(np.abs(t["concentration"] - want)) < EXACT * np.max(want)
