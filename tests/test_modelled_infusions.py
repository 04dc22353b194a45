"""Doses that leave their rate or duration to the model, and doses straight into a state: closed forms, every engine,
and how the outputs move with what the model says.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.engine.functions import Vector
from pkpd.engine.tolerances import Tolerances
from pkpd.errors import PkpdError, ScheduleError, SimulationError
from pkpd.many import simulate_many
from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build
from pkpd.sensitivity import sensitivities
from pkpd.simulation import simulate

FINE = Tolerances(1e-10, 1e-12)
# of the peak: each step is within 1e-10, and a course takes some tens of them
CLOSE = 1e-8
# of the largest slope: differences are wrong by 1e-4 squared, and by the solver's 1e-10 divided by 1e-4
SLOPES = 1e-5

K, SHARE, LAG, PURITY = 0.4, 0.5, 1.25, 0.8
RATE, DURATION = 400.0, 300.0  # ug/min and min
HOURS = np.array([0, 1, 3, 3.25, 4, 4.5, 6, 8.25, 9, 12, 24])


@lru_cache
def model(time: str = "h") -> Model:
    """A route with everything, one that says neither rate nor duration, and a state that no route feeds."""

    def block(m: Builder) -> None:
        central, outer = m.state("central", "mg"), m.state("outer", "ug")
        m.flow("elimination", m.parameter("k", "1/h", value=K) * central, out_of=central)
        m.flow("leak", m.parameter("leak", "1/d", value=1.2) * outer, out_of=outer)
        m.route(
            "iv",
            into=central,
            unit="ug",
            bioavailability=m.parameter("share", "1", value=SHARE),
            lag=m.parameter("lag", "h", value=LAG),
            content=m.parameter("purity", "1", value=PURITY),
            rate=m.parameter("rate", "ug/min", value=RATE),
            duration=m.parameter("duration", "min", value=DURATION),
        )
        m.route("plain", into=central, unit="mg")
        m.output("central", central, "mg")
        m.output("outer", outer, "ug")

    return build("modelled", block, time=time)


def dose(left: str, **more: Any) -> Dose:
    """100 mg after two hours."""
    return Dose.of("100 mg", time="2h", route="iv", modelled=left, **more)


def infused(left: str, rate: float = RATE, duration: float = DURATION) -> Vector:
    """mg after `HOURS`: what arrives from 3.25 h on, as an endless infusion less one that begins as it ends.

    A rate keeps its own, so that the share that arrives shortens it; a duration keeps its own.
    """
    amount, hourly = 100 * SHARE * PURITY, rate * 60 / 1000 * PURITY
    hours = amount / hourly if left == "rate" else duration / 60
    late = HOURS - 2 - LAG
    rising, falling = (-np.expm1(-K * np.where(t > 0, t, 0)) / K for t in (late, late - hours))
    return np.asarray(amount / hours * (rising - falling))


def far(found: Vector, expected: Vector) -> float:
    return float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))


@pytest.mark.parametrize("time", ["h", "d"])
@pytest.mark.parametrize("left", ["rate", "duration"])
def test_closed_forms(left: str, time: str) -> None:
    plan, expected = Schedule.of(dose(left)), infused(left)
    for engine in ("compiled", "scipy"):
        found = simulate(plan, model(time), times=HOURS / 24, tolerances=FINE, engine=engine)
        assert far(found["central"], expected) < CLOSE, engine
    assert far(infused(left, rate=401, duration=301), expected) > 1000 * CLOSE


@pytest.mark.parametrize("left", ["rate", "duration"])
def test_patients_each_with_their_own(left: str) -> None:
    values = {"rate": [400.0, 150.0, 900.0], "duration": [300.0, 20.0, 700.0]}
    found = simulate_many(Schedule.of(dose(left)), model(), None, values, times=HOURS / 24, tolerances=FINE)
    for patient, (rate, duration) in enumerate(zip(*values.values(), strict=True)):
        assert far(found["central"][patient], infused(left, rate, duration)) < CLOSE


@pytest.mark.parametrize("left", ["rate", "duration"])
def test_slopes_against_differences(left: str) -> None:
    """What ends the infusion moves with every one of these."""
    names = ("rate", "duration", "share", "lag", "purity", "k")
    plan = Schedule.of(dose(left), dose(left, interval="12h", additional=1).shifted(dose(left).time))
    # where an infusion begins or ends, the output has a kink and so no slope
    times = [hour / 24 for hour in HOURS if hour not in (2 + LAG, 2 + LAG + DURATION / 60)]
    call: dict[str, Any] = {"times": times, "outputs": ("central",), "tolerances": FINE}
    exact = sensitivities(plan, model(), None, names, **call)
    other = sensitivities(plan, model(), None, names, method="differences", **call)
    for name in names:
        own = exact.of("central", name)
        if name in ("rate", "duration") and name != left:
            assert not own.any()
        else:
            assert far(own, other.of("central", name)) < SLOPES, name


def test_what_is_left_to_the_model_repeats() -> None:
    """Additional doses and a steady state are those of an infusion of that length."""
    for more in ({"interval": "6h", "additional": 3}, {"interval": "6h", "steady_state": 1}):
        given = Dose.of("100 mg", time="2h", route="iv", over="5h", **more)
        both = (Schedule.of(each) for each in (dose("duration", **more), given))
        found, expected = (simulate(plan, model(), times=HOURS / 24, tolerances=FINE)["central"] for plan in both)
        assert far(found, expected) < CLOSE


ALL = pytest.mark.parametrize("how", [simulate, simulate_many, sensitivities], ids=lambda f: f.__name__)
REFUSED = [
    ({"route": "plain", "modelled": "rate"}, "leaves its rate to the model, whose route 'plain' has none above 0"),
    ({"route": "plain", "modelled": "duration"}, r"m\.route\('plain', \.\.\., duration=\.\.\.\)"),
    ({"route": "outer", "modelled": "rate"}, "an infusion straight into 'outer' was asked for, which takes a route"),
    ({"route": "outer", "over": "2h"}, "an infusion straight into 'outer' was asked for, which takes a route"),
    ({"route": "central", "at": "2 mg/h"}, "use iv or plain"),
    ({"route": "outr"}, "model modelled has no dose route 'outr'; did you mean 'outer'"),
]


@ALL
@pytest.mark.parametrize(("more", "said"), REFUSED)
def test_what_the_model_does_not_say_is_one_sentence(how: Any, more: dict[str, Any], said: str) -> None:
    plan = Schedule.of(Dose.of("100 ug", **more))
    with pytest.raises(SimulationError, match=said) as caught:
        how(plan, model(), times=[1.0], **({"names": ["k"]} if how is sensitivities else {}))
    assert "\n" not in str(caught.value)


def test_a_dose_says_one_of_rate_duration_and_modelled() -> None:
    for more in ({"over": "2h"}, {"at": "1 mg/h"}):
        with pytest.raises(ScheduleError, match="more than one of duration, rate and modelled"):
            dose("rate", **more)
    with pytest.raises(PkpdError, match="'speed' cannot be left to the model"):
        dose("speed")


# --- straight into a state

INTO = Schedule.of(Dose.of("0.3 mg", time="2h", route="outer"), Dose.of("5 ug", time="4h", route="central"))


def test_doses_straight_into_states() -> None:
    """In the state's own unit, without the share, the lag or the content of any route."""
    late = [np.where(start < HOURS, HOURS - start, np.inf) for start in (2, 4)]  # a sample is before its dose
    outer, central = 300 * np.exp(-0.05 * late[0]), 0.005 * np.exp(-K * late[1])
    runs = [simulate(INTO, model(), times=HOURS / 24, tolerances=FINE, engine=e) for e in ("compiled", "scipy")]
    for found in runs:
        assert far(found["outer"], outer) < CLOSE and far(found["central"], central) < CLOSE
    some = simulate_many(INTO, model(), None, {"k": [0.1, K]}, times=HOURS / 24, tolerances=FINE)
    assert far(some["outer"][0], outer) < CLOSE and far(some["central"][1], central) < CLOSE
    assert far(some["central"][0], central) > 0.1


def test_slopes_of_a_dose_straight_into_a_state() -> None:
    found = sensitivities(INTO, model(), None, ("leak", "share", "lag"), times=HOURS / 24, tolerances=FINE)
    late = np.where(HOURS > 2, HOURS - 2, 0)
    # leak is per day
    assert far(found.of("outer", "leak"), -late / 24 * 300 * np.exp(-0.05 * late)) < CLOSE
    assert not found.of("outer", "share").any() and not found.of("central", "lag").any()


def test_a_model_without_routes_is_dosed_into_its_first_state() -> None:
    def block(m: Builder) -> None:
        first, second = m.state("first", "mg"), m.state("second", "mg")
        m.flow("loss", m.parameter("k", "1/h", value=K) * first, out_of=first, into=second)
        m.output("first", first, "mg")
        m.output("second", second, "mg")

    bare = build("bare", block)
    for plan in (Schedule.once("10 mg"), Schedule.once("10 mg", route="first")):
        found = simulate(plan, bare, times=[0.25], tolerances=FINE)
        left = 10 * np.exp(-6 * K)
        assert float(found["first"][0]) == pytest.approx(left, abs=10 * CLOSE)
        assert float(found["second"][0]) == pytest.approx(10 - left, abs=10 * CLOSE)
