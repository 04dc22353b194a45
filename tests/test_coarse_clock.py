"""Steps that a clock late in a course can hardly tell: after a week in hours, it moves by 3e-14 at the least."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
from test_plans import three_routes

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.engine import ENGINES
from pkpd.many import simulate_many
from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build
from pkpd.simulation import simulate

KA, K = 0.3, 0.2  # 1/h, of `three_routes`
HOURS = np.array([0.0, 1e-3, 0.5, 12.0, 24.0, 167.0, 168.0, 168.001, 168.5, 180.0, 240.0])
AMOUNT = 1e6  # IU


@lru_cache
def model(time: str = "h") -> Model:
    return build("three_routes", three_routes, time=time)


def weekly(rate: float, day: int = 7) -> Schedule:
    """1 MIU on day 0 and on another, each at a rate in MIU/h."""
    return Schedule.of(*(Dose(Fraction(d), 1.0, "MIU", rate=rate) for d in (0, day)))


def level(hours: np.ndarray, length: float) -> np.ndarray:
    """The textbook formula for an infusion of `length` hours into the depot: central at `hours` after its start."""
    running, after = np.clip(hours, 0, length), np.maximum(hours - length, 0)
    slow, fast = -np.expm1(-K * running) / K, -np.expm1(-KA * running) / KA
    return AMOUNT / length * KA / (KA - K) * (slow * np.exp(-K * after) - fast * np.exp(-KA * after))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rate", [4000.0, 4235.0, 1e4, 1e5, 1e6])
def test_an_infusion_of_a_second_a_week_later(rate: float, engine: str) -> None:
    """As long as the first step of the week before but for the rounding of the clock, so that nothing is left of it."""
    found = simulate(weekly(rate), model(), times=HOURS / 24, engine=engine)
    wanted = level(HOURS, 1 / rate) + level(HOURS - 168, 1 / rate)
    # a relative tolerance of 1e-6 a step, in units of the dose where little is left, may add up over some 70 steps
    assert found["central"] == pytest.approx(wanted, rel=1e-5, abs=1e-5 * AMOUNT)


@pytest.mark.parametrize("time", ["s", "h", "d"])
def test_infusions_of_any_short_length_on_any_day(time: str) -> None:
    """The end of each falls on its own rounding of the clock, some before the step and some after it."""
    rng = np.random.default_rng(5)
    for day in (1, 7, 30, 365):
        for rate in 10 ** rng.uniform(3, 6.5, 20):
            hours = np.array([0.0, 12.0, 24.0 * day + 12])
            found = simulate(weekly(rate, day), model(time), times=hours / 24)
            wanted = level(hours, 1 / rate) + level(hours - 24 * day, 1 / rate)
            assert found["central"] == pytest.approx(wanted, rel=1e-5, abs=1e-5 * AMOUNT), (day, rate)  # as above


def test_a_batch_ends_them_with_the_same_bits() -> None:
    shares = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
    many = simulate_many(weekly(4235.0), model(), values={"sc_share": shares}, times=HOURS / 24)
    for k, share in enumerate(shares):
        own = simulate(weekly(4235.0), model(), model().defaults.set(sc_share=share), times=HOURS / 24)
        assert own["central"].tobytes() == many["central"][k].tobytes()


def test_a_row_before_the_clock_moves() -> None:
    """A hundredth of the time in which this state halves is less than the clock can tell a week before day 0."""

    def block(m: Builder) -> None:
        y = m.state("y", "mg", initial=1, scale=1)
        m.flow("out", m.parameter("k", "1/h", value=1e14) * y, out_of=y)
        m.output("y", y, "mg")

    found = simulate("none", build("gone_at_once", block, time="h"), times=[-8.0, 0.0])
    assert found["y"][0] == 1 and found["y"][1] == pytest.approx(0, abs=1e-8)  # the absolute tolerance
