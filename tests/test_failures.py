"""What cannot be solved is told: when, with every state, in one sentence; and the rest of a batch finishes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import models
import numpy as np
import pytest
import sympy

from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.engine import integrate, run
from pkpd.engine.tolerances import Tolerances
from pkpd.errors import ModelError, ParameterError, PkpdError, SimulationError
from pkpd.many import simulate_many
from pkpd.model.declaration import Expression, Model
from pkpd.model.grammar import Builder, build
from pkpd.sensitivity import sensitivities
from pkpd.simulation import default_parameters, simulate


@lru_cache
def bursting(kind: str) -> Model:
    """A state that ends on day `ENDS[kind]`, beside one of 7 pM that stays."""
    slope, initial = SLOPES[kind]

    def block(m: Builder) -> None:
        y = m.state("bursting", "mg", initial=initial, scale=1)
        m.state("still", "pM", initial=7, scale=1)
        one, k = m.parameter("one", "mg", value=1), m.parameter("k", "1/h", value=0.1)
        m.change(y, k * one * slope(y / one))
        m.output("bursting", y, "mg")
        m.route("iv", into=y, unit="mg")

    return build(f"bursting_{kind.replace(' ', '_')}", block)


# y' = k f(y), k = 0.1/h
SLOPES: dict[str, tuple[Callable[[Expression], Expression], float]] = {
    "square": (lambda y: y**2, 0.1),
    "cube": (lambda y: y**3, 1.0),
    "exponential": (sympy.exp, 0.0),
    "passes the largest number": (lambda y: y, 1e300),
    "passes the largest number evenly": (lambda y: 1e304 * sympy.Integer(1), 1.797e308),
    "root of what turns negative": (lambda y: -1 - sympy.sqrt(y) / 1000, 1.0),
    "logarithm of what turns negative": (lambda y: -1 + sympy.log(y) / 1000, 1.0),
    "power of what turns negative": (lambda y: -1 - y**0.3 / 1000, 1.0),
    "undefined from the first moment": (lambda y: sympy.log(y - 2), 1.0),
    "no branch holds": (lambda y: sympy.Piecewise((1, y < 5)), 0.0),
}
# Solved by hand: 1/y0, 1/(2 y0^2), exp(-y0) and so on, times 1/k = 10 h. Those that turn negative get there a
# thousandth sooner or later than y' = -k, whose 1 mg lasts 10 h. Parts of a step to the largest number are larger than
# that, so it ends a little early: five hours, in which the state grows by half.
EARLY = {"passes the largest number": 5 / 24}
ENDS = {
    "square": 100 / 24,
    "cube": 5 / 24,
    "exponential": 10 / 24,
    "passes the largest number": 10 * math.log(1.7976931348623157e8) / 24,
    "passes the largest number evenly": (1.7976931348623157 - 1.797) * 1e5 / 24,
    "root of what turns negative": 10 / 24,
    "logarithm of what turns negative": 10 / 24,
    "power of what turns negative": 10 / 24,
    "undefined from the first moment": 0.0,
    "no branch holds": 50 / 24,
}


def told(text: str) -> tuple[float, float, float]:
    """Day and both states of a failed solve, said in one sentence."""
    found = re.search(r"stopped on day (\S+) \(.+states there: bursting (\S+) mg, still (\S+) pM", text)
    assert found and "\n" not in text and "; try " in text and found[2] not in ("nan", "inf"), text
    return float(found[1]), float(found[2]), float(found[3])


@pytest.mark.parametrize("kind", SLOPES)
def test_the_day_of_the_end_is_told(kind: str) -> None:
    """The solver gives up at the last state it could reach, less than a minute before the end."""
    with pytest.raises(SimulationError) as caught:
        simulate("none", bursting(kind), times=[0, 10])
    day, _, still = told(str(caught.value))
    assert day == pytest.approx(ENDS[kind], abs=EARLY.get(kind, 1 / 1440))
    assert still == 7


@pytest.mark.parametrize("kind", SLOPES)
def test_a_time_before_the_end_is_reached(kind: str) -> None:
    """Until a tenth of the time is left nothing is wrong, so nothing may be refused."""
    if ENDS[kind]:
        t = simulate("none", bursting(kind), times=[0, 0.9 * ENDS[kind]])
        assert np.all(np.isfinite(t.states))


@pytest.mark.parametrize("tolerance", [1e-12, 1e-6, 1e-3, 1e-2])
@pytest.mark.parametrize("kind", [*SLOPES][:5])
def test_no_step_leaps_over_the_end(kind: str, tolerance: float) -> None:
    """An implicit step can come down beyond a pole, where numbers are finite again, or on infinity itself, where an
    error relative to the state is nothing.
    """
    for step in ("1h", "1d", "100d"):
        with pytest.raises(SimulationError) as caught:
            simulate("none", bursting(kind), days=400, step=step, tolerances=Tolerances(tolerance, tolerance / 100))
        day, value, _ = told(str(caught.value))
        assert day == pytest.approx(ENDS[kind], rel=0.05) and value > 0


@pytest.mark.parametrize("kind", ["square", "cube", "exponential"])
def test_not_even_at_the_coarsest_tolerance(kind: str) -> None:
    """A state beyond a pole may be so large that any error is small beside it."""
    with pytest.raises(SimulationError) as caught:
        simulate("none", bursting(kind), days=400, tolerances=Tolerances(0.1, 1e-3))
    assert told(str(caught.value))[0] == pytest.approx(ENDS[kind], rel=0.05)


def test_a_dose_starts_the_end() -> None:
    """Told with that dose; y' = 0.1 y^2 from 10 mg is infinite after an hour."""
    with pytest.raises(SimulationError, match=r"last dose: 10 mg on day 2; states there") as caught:
        simulate(Schedule.none().rest(2).then(parse("10 mg iv once")), bursting("square"), times=[0, 3])
    assert told(str(caught.value))[0] == pytest.approx(2 + 1 / 24, abs=2e-3)


# batches


def test_the_rest_of_a_batch_finishes() -> None:
    """Rates of growth from none to much; those infinite before day 3 are reported, each with its own day."""
    rates = np.linspace(0.0, 0.4, 21)
    found = simulate_many("none", bursting("square"), values={"k": rates}, times=[0.0, 1.0, 3.0])
    with np.errstate(divide="ignore"):
        ends = 10 / rates / 24
    assert [f.patient for f in found.failures] == np.flatnonzero(ends < 3).tolist()
    for failure in found.failures:
        assert failure.day == pytest.approx(ends[failure.patient], abs=2e-3)
        assert re.search(r"; states there: bursting \S+ mg, still 7 pM$", failure.reason)
    good = ends > 3
    wanted = 0.1 / (1 - np.outer(rates[good], 24 * found.times) * 0.1)
    assert found["bursting"][good] == pytest.approx(wanted, rel=1e-4)  # a pole near day 3 multiplies errors of 1e-6
    assert np.all(np.isnan(found["bursting"][~good]))


@pytest.mark.parametrize("schedule", ["none", "1 mg iv daily x2"])
def test_a_failing_neighbour_changes_no_bit(schedule: str) -> None:
    rates = np.array([0.001, 5.0, 0.002, 90.0, 0.003, 0.004, 7.0, 0.005, 0.006, 0.007, 0.008])
    well = rates < 1
    times = np.array([0.0, 1.0, 2.0])
    mixed = simulate_many(schedule, bursting("square"), values={"k": rates}, times=times)
    alone = simulate_many(schedule, bursting("square"), values={"k": rates[well]}, times=times)
    assert len(mixed.failures) == np.sum(~well) and not alone.failures
    assert mixed.values[well].tobytes() == alone.values.tobytes()
    assert mixed.steps[well].tolist() == alone.steps.tolist()


def test_sensitivities_of_what_fails_are_refused_in_the_same_words() -> None:
    with pytest.raises(SimulationError) as caught:
        sensitivities("none", bursting("square"), names=["k"], times=[5.0])
    assert told(str(caught.value))[0] == pytest.approx(ENDS["square"], abs=2e-3)


# steps


def test_the_number_of_steps_is_told() -> None:
    """Finer takes more; where nothing happens a few are enough; scipy does not tell."""
    usual, fine = (
        simulate("1 MIU every 2d x3", "il2", days=30, tolerances=Tolerances(r, r / 100)).steps for r in (1e-6, 1e-9)
    )
    still = simulate("none", "il2", days=30).steps
    assert usual and fine and still
    assert 5 * still[0] < usual[0] < fine[0] < 5000
    assert all(0 <= rejected < steps for steps, rejected in (usual, fine, still))
    assert simulate("none", "il2", days=3, engine="scipy").steps is None
    many = simulate_many("1 MIU every 2d x3", "il2", days=30, step="6h")
    assert tuple(many.steps[0]) == usual


def test_too_many_steps_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (run, integrate):
        monkeypatch.setattr(module, "MAX_STEPS", 50)
    with pytest.raises(SimulationError, match=r"stopped on day \d\S* \(more than 50 steps\); last dose: 1 MIU on day"):
        simulate("1 MIU every 2d x3", "il2", days=30)
    found = simulate_many("1 MIU every 2d x3", "il2", days=30)
    assert "more than 50 steps" in found.failures[0].reason and 0 < found.failures[0].day < 30


# bad input


def logic(m: Builder) -> None:
    """One branch where exactly one of two comparisons holds."""
    y = m.state("y", "1", initial=2)
    m.change(y, m["k"] * sympy.Piecewise((y, sympy.Xor(y < 1, y < 3)), (-y, True)))
    m.output("y", y, "1")


def test_equations_that_cannot_be_compiled_are_named() -> None:
    model = build("mine", models.decay, logic)
    with pytest.raises(ModelError, match=r"cannot be compiled; simulate with --engine scipy") as caught:
        simulate("none", model, times=[1.0])
    assert "y < 1" in str(caught.value) and "\n" not in str(caught.value)
    assert simulate("none", model, times=[0.1 / 24], engine="scipy")["y"][0] > 2


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "relative tolerance too small": (lambda: Tolerances(1e-14), r"1e-14 \(relative\).*between 1e-13 and 0\.1"),
    "relative tolerance too large": (lambda: Tolerances(0.5), r"0\.5 \(relative\)"),
    "absolute tolerance of nothing": (lambda: Tolerances(1e-6, 0.0), r"0 \(absolute\).*above 0"),
    "tolerance that is no number": (lambda: Tolerances(float("nan")), r"nan \(relative\)"),
    "parameter that is no number": (lambda: default_parameters("il2").set(treg_ec50=float("nan")), "treg_ec50.*nan"),
    "infinite parameter": (lambda: default_parameters("il2").set(treg_ec50=float("inf")), "treg_ec50.*inf"),
    "parameter of a patient that is no number": (
        lambda: simulate_many("none", "il2", values={"treg_ec50": [9.0, float("nan")]}),
        "treg_ec50 of patient 1.*nan",
    ),
    "unknown output": (lambda: simulate("none", "il2", days=1)["tregs"], r"no output 'tregs'; did you mean 'treg'\?"),
    "unknown output of many": (
        lambda: simulate_many("none", "il2", outputs=["tregs"]),
        r"no output 'tregs'; did you mean 'treg'\?",
    ),
    "unknown engine": (lambda: simulate("none", "il2", engine="compild"), r"'compild'; did you mean 'compiled'\?"),
    "no baseline": (
        lambda: simulate("none", "il2", default_parameters("il2").set(lymphocyte_baseline=200.0)),
        "no steady baseline, because 'NK and Treg are part of lymphocytes' fails",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_is_one_sentence(what: str) -> None:
    call, said = WRONG[what]
    with pytest.raises(PkpdError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value) and isinstance(caught.value, SimulationError | ParameterError)


def test_an_output_that_is_no_number_is_told_with_its_day() -> None:
    """The states are sound, so the simulation goes on; whoever asks for that output is told."""

    def block(m: Builder) -> None:
        m.output("root", sympy.sqrt(m["level"] / m.parameter("one", "mg", value=1)), "1")

    model = build("rooted", falling, block)
    t = simulate("none", model, times=[0.0, 0.5, 2.0])
    assert t["level"] == pytest.approx([1, 0.5, -1], abs=1e-6)
    with pytest.raises(SimulationError, match=r"output 'root' is not a finite number on day 2"):
        t["root"]


def falling(m: Builder) -> None:
    level = m.state("level", "mg", initial=1)
    m.change(level, -m.parameter("loss", "mg/d", value=1))
    m.output("level", level, "mg")
