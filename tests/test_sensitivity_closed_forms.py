"""Forward sensitivities against closed forms of one compartment: every event that a parameter can move.

Complex numbers go through the formulas, so f(p + ih) gives the derivative without a difference.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import models
import numpy as np
import pytest
from dose_cases import dose as mg

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.engine.tolerances import Tolerances
from pkpd.sensitivity import sensitivities

FINE = Tolerances(1e-10, 1e-12)
# A derivative is that of the computed solution, whose steps are exact to 1e-10 each.
EXACT = 1e-7

ONE = models.one_compartment()
VALUES = {"ka": 0.9, "clearance": 4.0, "volume": 10.0}
SHARES = {"sc_bioavailability": 0.6, "iv_bioavailability": 0.8, "sc_lag": 1.5, "iv_lag": 2.25}
Values = dict[str, Any]


def after(t: Any) -> Any:
    """Hours since something, 0 before it."""
    return np.where(np.real(t) > 0, t, 0)


def bolus(p: Values, hour: float, amount: float, route: str) -> Callable[[Any], Any]:
    """Concentration by the textbook after an injection."""
    k = p["clearance"] / p["volume"]

    def level(t: Any) -> Any:
        arrived = t - hour - p[f"{route}_lag"]
        late, given = after(arrived), amount * p[f"{route}_bioavailability"] * (np.real(arrived) > 0)
        if route == "iv":
            return given / p["volume"] * np.exp(-k * late)
        return given * p["ka"] / (p["volume"] * (p["ka"] - k)) * (np.exp(-k * late) - np.exp(-p["ka"] * late))

    return level


def infusion(p: Values, hour: float, rate: Any, hours: Any, route: str = "iv") -> Callable[[Any], Any]:
    """The same for an infusion, as the difference of one that begins and one that begins as it ends."""

    def endless(late: Any) -> Any:
        k = p["clearance"] / p["volume"]
        slow, fast = (1 - np.exp(-k * late)) / k, (1 - np.exp(-p["ka"] * late)) / p["ka"]
        return slow / p["volume"] if route == "iv" else p["ka"] / (p["volume"] * (p["ka"] - k)) * (slow - fast)

    def level(t: Any) -> Any:
        late = t - hour - p[f"{route}_lag"]
        return rate * (endless(after(late)) - endless(after(late - hours)))

    return level


Case = tuple[Schedule, dict[str, float], Callable[[Values], list[Callable[[Any], Any]]]]


CASES: dict[str, Case] = {
    "injection into a vein": (Schedule.of(mg(1, 100, "iv")), SHARES, lambda p: [bolus(p, 1, 100, "iv")]),
    "injection under the skin": (Schedule.of(mg(1, 100, "sc")), SHARES, lambda p: [bolus(p, 1, 100, "sc")]),
    "additional doses, some pending at once": (
        Schedule.of(mg(0, 100, "sc", ii=4, additional=4)),
        SHARES | {"sc_lag": 9.5},
        lambda p: [bolus(p, 4 * k, 100, "sc") for k in range(5)],
    ),
    "infusion at a rate, whose end moves": (
        Schedule.of(mg(1, 100, "iv", rate=20)),
        SHARES,
        lambda p: [infusion(p, 1, 20, 5 * p["iv_bioavailability"])],
    ),
    "infusion over a time, whose rate moves": (
        Schedule.of(mg(1, 100, "iv", hours=5)),
        SHARES,
        lambda p: [infusion(p, 1, 20 * p["iv_bioavailability"], 5)],
    ),
    "infusion into the depot": (
        Schedule.of(mg(1, 100, "sc", rate=20)),
        SHARES,
        lambda p: [infusion(p, 1, 20, 5 * p["sc_bioavailability"], "sc")],
    ),
    "infusions that overlap": (
        Schedule.of(mg(0, 100, "iv", rate=10, ii=3, additional=3)),
        SHARES,
        lambda p: [infusion(p, 3 * k, 10, 10 * p["iv_bioavailability"]) for k in range(4)],
    ),
    "two routes at once": (
        Schedule.of(mg(2, 100, "sc"), mg(2, 40, "iv"), mg(2, 60, "iv", rate=20)),
        SHARES,
        lambda p: [
            bolus(p, 2, 100, "sc"),
            bolus(p, 2, 40, "iv"),
            infusion(p, 2, 20, 3 * p["iv_bioavailability"]),
        ],
    ),
    "two arrivals at once that move apart": (
        Schedule.of(mg(2, 100, "sc"), mg(5, 40, "iv"), mg(8, 60, "sc")),
        SHARES | {"sc_lag": 6.0, "iv_lag": 3.0},
        lambda p: [bolus(p, 2, 100, "sc"), bolus(p, 5, 40, "iv"), bolus(p, 8, 60, "sc")],
    ),
    "the same, listed in the other order": (
        Schedule.of(mg(2, 40, "iv"), mg(5, 100, "sc")),
        SHARES | {"sc_lag": 3.0, "iv_lag": 6.0},
        lambda p: [bolus(p, 2, 40, "iv"), bolus(p, 5, 100, "sc")],
    ),
    "an infusion that ends as the next begins": (
        Schedule.of(mg(0, 100, "iv", rate=10, ii=8, additional=2)),
        SHARES,
        lambda p: [infusion(p, 8 * k, 10, 10 * p["iv_bioavailability"]) for k in range(3)],
    ),
    "infusions of equal rate, of which one ends and both move otherwise": (
        Schedule.of(mg(0, 80, "iv", hours=5), mg(1, 24, "iv", rate=12.8)),
        SHARES,
        lambda p: [
            infusion(p, 0, 16 * p["iv_bioavailability"], 5),
            infusion(p, 1, 12.8, 24 * p["iv_bioavailability"] / 12.8),
        ],
    ),
    "a reset at which a lagged dose is pending": (
        Schedule.of(mg(0, 100, "sc"), mg(9, 50, "sc"), Dose(Fraction(10, 24), 0.0, "mg", reset=True), mg(11, 60, "iv")),
        SHARES,
        lambda p: [lambda t: np.where(np.real(t) <= 10, bolus(p, 0, 100, "sc")(t), bolus(p, 11, 60, "iv")(t))],
    ),
}
HOURS = np.arange(0.0, 40.0, 0.37)  # no event falls on it, so either side is the same


def derivative(exact: Callable[[Values], list[Callable[[Any], Any]]], p: Values, name: str) -> np.ndarray:
    """By a complex step, which is exact to rounding."""
    moved = p | {name: p[name] + 1e-30j}
    return np.imag(sum(level(HOURS) for level in exact(moved))) / 1e-30


@pytest.mark.parametrize("case", CASES)
def test_closed_forms(case: str) -> None:
    """With jumps at every lagged arrival and at every end of an infusion that moves."""
    schedule, changes, exact = CASES[case]
    values = ONE.defaults.set(**changes)
    p = VALUES | changes
    found = sensitivities(schedule, ONE, values, list(p), times=HOURS / 24, tolerances=FINE)
    level = sum(part(HOURS) for part in exact(p))
    assert np.max(np.abs(found.values[:, 0] - level)) <= EXACT * np.max(level)
    for name in p:
        wanted = derivative(exact, p, name)
        size = max(np.max(np.abs(wanted)), 1e-3)
        assert np.max(np.abs(found.of("concentration", name) - wanted)) < EXACT * size, name


@pytest.mark.parametrize("name", ["sc_lag", "iv_lag"])
def test_a_lag_of_nothing_can_only_grow(name: str) -> None:
    """Its derivative is that to the right, also for what it would be tied with."""
    schedule, _, exact = CASES["two routes at once"]
    p = VALUES | SHARES | {"sc_lag": 0.0, "iv_lag": 0.0}
    found = sensitivities(
        schedule, ONE, ONE.defaults.set(sc_lag=0, iv_lag=0, sc_bioavailability=0.6), [name], times=[1.0]
    )
    p["iv_bioavailability"] = 1.0
    wanted = np.imag(sum(level(np.array([24.0])) for level in exact(p | {name: 1e-30j}))) / 1e-30
    assert found.of("concentration", name) == pytest.approx(wanted, rel=1e-4)  # default tolerances


def test_a_bioavailability_of_nothing_can_grow() -> None:
    """What is given is 0 and its derivative is not. Steps follow the values, which stay at 0, so they are long."""
    schedule = Schedule.of(mg(0, 80, "sc"), mg(1, 24, "iv"), mg(3, 24, "iv", hours=5))

    def exact(p: Values) -> list[Callable[[Any], Any]]:
        return [bolus(p, 0, 80, "sc"), bolus(p, 1, 24, "iv"), infusion(p, 3, 4.8 * p["iv_bioavailability"], 5)]

    p = VALUES | SHARES | {"iv_bioavailability": 0.0, "sc_bioavailability": 0.0}
    values = ONE.defaults.set(**{name: p[name] for name in SHARES})
    for name in ("sc_bioavailability", "iv_bioavailability"):
        found = sensitivities(schedule, ONE, values, [name], times=HOURS / 24, tolerances=FINE)
        wanted = derivative(exact, p, name)
        assert np.max(np.abs(found.of("concentration", name) - wanted)) < 1e-3 * np.max(wanted)
