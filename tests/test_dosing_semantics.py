"""What a dose and a sampling time mean: sides, ties, ends, splitting a run, and what a failed solve says."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import models
import numpy as np
import pytest
from hypothesis import example, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.engine.tolerances import Tolerances
from pkpd.errors import SimulationError
from pkpd.model.declaration import Model
from pkpd.model.registry import get_model
from pkpd.output.trajectory import Trajectory
from pkpd.simulation import simulate

ONE = models.one_compartment()
FINE = Tolerances(1e-9, 1e-11)
SLOW = ONE.defaults.set(clearance="3 L/d")  # so that a dose is still seen days later
K = 3 / models.V1  # elimination, per day
CLOSE = 1e-8  # mg/L, for levels of about 1: a tolerance of 1e-9 per step over tens of steps
TEN_TIMES = 10 * Tolerances().relative  # what may change nothing may still move the solver's steps


def run(schedule: Schedule | str, times: Sequence[float], **more: Any) -> Trajectory:
    """The one-compartment model with a half-life of 2.3 days, finely integrated."""
    return simulate(schedule, ONE, times=times, tolerances=FINE, **({"parameters": SLOW} | more))


def level(schedule: Schedule | str, times: Sequence[float], **more: Any) -> np.ndarray:
    """Its concentration (mg/L)."""
    return run(schedule, times, **more)["concentration"]


# sampling times

moments = st.one_of(st.integers(0, 60).map(lambda k: k / 10), st.floats(0, 6, allow_nan=False), st.just(0.1 * 3))


@for_all(st.lists(moments, min_size=1, max_size=12), st.sampled_from(["pre", "post"]))
@settings(max_examples=40)
@example([3.0, 0.1, 3.0, -0.0, 0.30000000000000004, 0.3], "pre")
def test_times_come_back_bit_for_bit_in_the_order_asked(times: list[float], side: str) -> None:
    t = run("10 mg iv every 0.1d x30", times, side=side)
    assert t.times.tobytes() == np.array(times).tobytes()
    assert t.sides == (side,) * len(times)
    ordered = run("10 mg iv every 0.1d x30", sorted(times), side=side)
    by_time = dict(zip(ordered.times, ordered["concentration"], strict=True))
    assert [by_time[time] for time in times] == list(t["concentration"])


def test_each_side_of_a_dose() -> None:
    text, times = "10 mg iv daily x2", [2.0, 1.0, 0.5, 0.0, 1.0]
    first, second = np.exp(-0.5 * K), np.exp(-K)
    assert level(text, times, side="pre") == pytest.approx([second**2 + second, second, first, 0, second], abs=CLOSE)
    after = [second**2 + second, second + 1, first, 1, second + 1]
    assert level(text, times, side="post") == pytest.approx(after, abs=CLOSE)


def test_both_sides_are_two_rows_at_a_dose_and_one_elsewhere() -> None:
    t = run("10 mg iv daily x2", [2.0, 1.0, 0.5, 0.0, 1.0], side="both")
    assert t.times.tolist() == [2.0, 1.0, 1.0, 0.5, 0.0, 0.0, 1.0, 1.0]
    assert t.sides == ("both", "pre", "post", "both", "pre", "post", "pre", "post")
    e = np.exp(-K)
    assert t["concentration"] == pytest.approx([e**2 + e, e, e + 1, e**0.5, 0, 1, e, e + 1], abs=CLOSE)


def test_a_lagged_dose_jumps_when_it_arrives() -> None:
    lagged, times = SLOW.set(iv_lag="6 h"), [0.0, 0.25, 0.5]
    before, after = (level("10 mg iv once", times, parameters=lagged, side=side) for side in ("pre", "post"))
    assert before == pytest.approx([0, 0, np.exp(-0.25 * K)], abs=CLOSE)
    assert after == pytest.approx([0, 1, np.exp(-0.25 * K)], abs=CLOSE)


def test_an_infusion_does_not_jump() -> None:
    times = [0.0, 0.125, 0.25]
    assert level("10 mg iv over 6h once", times, side="pre") == pytest.approx(
        level("10 mg iv over 6h once", times, side="post"), abs=0
    )


@pytest.mark.parametrize("step", [0.1, 0.7, 1 / 3])
def test_times_computed_as_floats_tie_with_exact_doses(step: float) -> None:
    """np.arange(0, 3, 0.1) holds 0.30000000000000004; the dose is on day 3/10."""
    exact = Fraction(str(step)) if step != 1 / 3 else Fraction(1, 3)
    schedule = Schedule.every("10 mg", interval=exact, times=30, route="iv")
    times = [k * step for k in range(30)]
    t = run(schedule, times, side="both")
    assert len(t.times) == 60 and set(t.sides) == {"pre", "post"}
    jumps = t["concentration"][1::2] - t["concentration"][::2]
    assert jumps == pytest.approx(np.ones(30), abs=1e-9)  # 10 mg in 10 L; a sum of two floats, so only rounding


# doses

E = float(np.exp(-K))


@pytest.mark.parametrize(
    ("text", "times", "side", "want"),
    [
        ("10 mg iv once", [1.0], "pre", [E]),  # before the first sample
        ("10 mg iv every 2d x3", [3.0, 4.0], "post", [E**3 + E, E**4 + E**2 + 1]),  # at the very end
        ("10 mg iv every 2d x3", [4.0], "pre", [E**4 + E**2]),
        ("10 mg iv every 2d x3, miss 2", [4.0], "post", [E**4 + 1]),
        ("10 mg iv every 2d x3, move 2 by 1d", [4.0], "post", [E**4 + E + 1]),
        ("10 mg iv daily x2, move 2 by -1d", [0.0, 1.0], "post", [2, 2 * E]),  # two at once
        ("none", [0.0, 5.0], "post", [0, 0]),
        ("10 mg iv once", [-2.0, 0.0], "pre", [0, 0]),  # at rest before day 0
        ("rest 2d, 10 mg iv once", [0.0, 1.5, 3.0], "pre", [0, 0, E]),
    ],
)
def test_which_doses_count(text: str, times: list[float], side: str, want: list[float]) -> None:
    assert level(text, times, side=side) == pytest.approx(want, abs=CLOSE)


def test_records_at_the_same_time_all_count() -> None:
    two = Schedule.of(Dose.of("10 mg", route="iv"), Dose.of("10 mg", route="iv"))
    assert level(two, [0.0], side="post") == pytest.approx([2])


@pytest.mark.parametrize("rate", ["1e3 mg/h", "1e6 mg/h", "1e9 mg/h", "1e15 mg/h"])
def test_a_very_fast_infusion_is_a_bolus(rate: str) -> None:
    """Also when it ends within the time that counts as the same moment: neither lost nor without end."""
    infusion = Schedule.every("10 mg", days=1, times=2, route="iv", at=rate)
    assert level(infusion, [0.5, 2.0]) == pytest.approx([E**0.5, E**2 + E], rel=1 / float(rate[:-5]) + CLOSE)


def test_order_of_doses_at_a_tie_changes_no_bit() -> None:
    """Amounts whose float sum depends on the order, as boluses, lagged arrivals, additional doses and infusions."""
    doses = (
        *(Dose.of(amount, time=1, route="iv") for amount in ("0.1 mg", "0.7 mg", "0.2 mg")),
        *(Dose.of("1 mg", time=1, route="iv", at=rate) for rate in ("0.1 mg/h", "0.2 mg/h", "0.3 mg/h")),
        Dose.of("0.3333333333333333 mg", time=0, interval=1, additional=2, route="iv"),
    )
    orders = list(itertools.permutations(doses))[::97]
    assert len({run(Schedule.of(*order), [1, 1.2, 2, 5]).states.tobytes() for order in orders}) == 1


def test_order_of_a_dose_and_a_steady_state_that_adds_changes_nothing() -> None:
    steady = Dose.of("10 mg", time=1, route="iv", steady_state=2, interval=1)
    dose = Dose.of("7 mg", time=1, route="iv")
    a, b = (level(Schedule.of(*order), [1.0, 1.5], side="post") for order in ((steady, dose), (dose, steady)))
    assert a == pytest.approx(b, rel=1e-13)  # the same sum, rounded in another order


def test_a_steady_state_added_to_rest_is_the_steady_state() -> None:
    """In a model with a baseline, which must not be added twice."""
    records = (Dose.of("1 mg", time=1, route="iv", steady_state=ss, interval=1) for ss in (1, 2))
    a, b = (simulate(Schedule.of(r), models.saturable(), times=[0.5, 1, 1.5], side="post") for r in records)
    assert a["concentration"] == pytest.approx(b["concentration"], rel=TEN_TIMES)
    assert a["concentration"][0] == pytest.approx(0.2, rel=TEN_TIMES)


def test_order_of_a_dose_and_a_reset_is_the_order_of_the_records() -> None:
    reset, dose = Dose(Fraction(1), 0, "mg", reset=True), Dose.of("10 mg", time=1, route="iv")
    assert level(Schedule.of(reset, dose), [1.0], side="post") == pytest.approx([1])
    assert level(Schedule.of(dose, reset), [1.0], side="post") == pytest.approx([0])


# splitting

RICH = Schedule.of(
    Dose.of("10 mg", route="iv", interval="8h", additional=3),
    Dose.of("30 mg", route="sc", time="2h"),
    Dose.of("50 mg", route="iv", time="3h", over="3d"),  # the reset finds it running
    Dose.of("10 mg", route="iv", time="20h", at="4 mg/h", interval="1d", additional=1, steady_state=2),
    Dose.of("5 mg", route="sc", time="60h", reset=True),
    Dose.of("20 mg", route="iv", time="70h", over="40h", interval="1d", steady_state=1),
)
WITH_LAGS = ONE.defaults.set(sc_lag="5 h", iv_lag="90 min")
HOURS = np.arange(0, 144, 1.0)


def in_parts(cuts: Sequence[float], schedule: Schedule, model: Model, **more: Any) -> tuple[Trajectory, ...]:
    """A run over HOURS, stopped at each cut (h) and started again from there."""
    start, parts = None, []
    for begin, end in itertools.pairwise([-1.0, *cuts, HOURS[-1]]):
        times = np.array([*HOURS[(begin < HOURS) & (end > HOURS)], end]) / 24
        parts.append(simulate(schedule, model, times=times, side="post", start=start, **more))
        start = parts[-1].end
    return tuple(parts)


@for_all(st.lists(st.one_of(st.integers(0, 142).map(float), st.floats(0, 142)), min_size=1, max_size=4, unique=True))
@settings(max_examples=25)
@example([0.0, 2.0, 3.5, 4.0, 7.0, 27.0])  # at a dose, with one pending, in an infusion, at its end
@example([60.0, 61.0, 70.0, 71.5, 100.0])  # at a reset, at a steady state, in its infusions
def test_splitting_a_run_changes_nothing(cuts: list[float]) -> None:
    cuts = [c for c in sorted(cuts) if c < HOURS[-1]]
    parts = in_parts(cuts, RICH, ONE, parameters=WITH_LAGS)
    whole = simulate(RICH, ONE, WITH_LAGS, times=np.concatenate([p.times for p in parts]), side="post")
    for name in whole.outputs:
        joined = np.concatenate([p[name] for p in parts])
        assert np.max(np.abs(joined - whole[name])) < TEN_TIMES * np.max(whole[name])


def test_splitting_the_reference_model_changes_nothing() -> None:
    """Also where a dose is pending (lag 0.45 h after hour 48) and while one is absorbed."""
    schedule = parse("1 MIU every 2d x3")
    parts = in_parts([48.0, 48.3, 53.0], schedule, get_model("il2"))
    times = np.concatenate([p.times for p in parts])
    whole = simulate(schedule, "il2", times=times, side="post")
    for name in whole.outputs:
        joined = np.concatenate([p[name] for p in parts])
        assert np.max(np.abs(joined - whole[name])) < TEN_TIMES * np.max(whole[name]), name


def test_the_end_is_after_what_happens_then() -> None:
    t = run("10 mg iv daily x2", [1.0, 0.5], side="pre")
    assert t.end.time == 1.0
    assert t.end.y[1] == pytest.approx(10 + 10 * np.exp(-K), rel=TEN_TIMES)


def test_a_time_before_the_start_is_refused() -> None:
    end = simulate("10 mg iv daily x2", ONE, times=[1.0]).end
    with pytest.raises(SimulationError, match=r"0\.5 d lies before the start on day 1"):
        simulate("10 mg iv daily x2", ONE, times=[0.5], start=end)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"schedule": "1 mg via ivv once"}, r"no dose route 'ivv'; did you mean 'iv'\?"),
        ({"engine": "scipi"}, r"no engine 'scipi'; did you mean 'scipy'\?"),
        ({"side": "past"}, r"side 'past' is none of pre, post, both; did you mean 'post'\?"),
        ({"times": []}, "one or more finite numbers"),
        ({"times": [0.0, float("nan")]}, "one or more finite numbers"),
        ({"times": ["5h"]}, "times are numbers of days, not"),
        ({"times": None, "days": -1}, "-1"),
        ({"times": None, "step": 0}, "0"),
        ({"times": None, "days": 36525, "step": "1s"}, "3155760000 times"),
    ],
)
def test_what_cannot_be_simulated_is_refused(more: dict[str, object], said: str) -> None:
    call: dict[str, Any] = {"schedule": "1 mg iv once", "times": [1.0]} | more
    schedule = call.pop("schedule")
    with pytest.raises(SimulationError, match=said):
        simulate(schedule, ONE, **call)


# failures

FAILURES = [  # model, engines, schedule, day on which the solution ends, last dose
    # y' = k y^2 is infinite 1 / (k y) after a dose that makes it y = 1 / 7.6 + 1
    (models.explodes(), "1 mg iv once", (24 + 1 / (0.1 * (1 / 7.6 + 1))) / 24, "1 mg on day 1"),
    # y' = -k / y reaches 0 at y^2 / 2k after a dose that makes it y = 0.2 + 1
    (models.divides_by_zero(), "1 mg iv once", (24 + 1.2**2 / 0.04) / 24, "1 mg on day 1"),
    (models.not_a_number(), "1 mg iv once", 0.0, "none"),
]


@pytest.mark.parametrize("engine", ["compiled", "scipy", "scipy-bdf", "scipy-radau"])
@pytest.mark.parametrize(("model", "text", "day", "last"), FAILURES, ids=lambda v: getattr(v, "name", None))
def test_a_failed_solve_tells_day_dose_states_and_what_to_try(
    model: Model, text: str, day: float, last: str, engine: str
) -> None:
    schedule = Schedule.none().rest(1).then(parse(text))
    with pytest.raises(SimulationError) as caught:
        simulate(schedule, model, times=[0, 1, 5], engine=engine)
    said = str(caught.value)
    found = re.search(r"stopped on day (\S+) ", said)
    # the solver gives up one step before the end, and a first step may be minutes long
    assert found and float(found[1]) == pytest.approx(day, abs=0.01)
    assert f"last dose: {last};" in said
    assert re.search(r"growing \S+ mg", said) and "still 7 pM" in said
    assert "; try " in said and "\n" not in said


@pytest.mark.parametrize("engine", ["compiled", "scipy"])
def test_a_failed_steady_state_tells_the_day_of_its_record(engine: str) -> None:
    """Its intervals are imagined: the day within them means nothing to the reader."""
    record = Dose.of("9 mg", time=2, route="iv", steady_state=1, interval=1)
    with pytest.raises(SimulationError, match=r"day 2\D.*growing .* mg, still 7 pM"):
        simulate(Schedule.of(record), models.explodes(), times=[3], engine=engine)


def test_nothing_is_clipped() -> None:
    """A level that falls at a constant rate goes through zero."""
    t = simulate("none", models.falls(), times=[0, 1, 2])
    assert t["level"] == pytest.approx([1, 0, -1], abs=TEN_TIMES)
