"""The compiled engine against scipy's: they share the doses and the symbols, but no function, solver or loop."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import models
import numpy as np
import pytest
import sympy
from schedule_kinds import DAYS, KINDS, Kind, difference, named, parameters

from pkpd.dosing.text import parse
from pkpd.engine.compile import bind
from pkpd.engine.tolerances import Tolerances
from pkpd.errors import ParameterError
from pkpd.model.declaration import Expression, Model
from pkpd.model.grammar import Builder, build
from pkpd.model.registry import MODELS, get_model
from pkpd.output.trajectory import Trajectory
from pkpd.parameters import Parameters
from pkpd.simulation import default_parameters, simulate

FINE = Tolerances(1e-10, 1e-12)
# Steps of 1e-10 add up to less than 1e-9 over four days. What is 1e-8 of the largest value or more is no solver error.
SAME = 1e-8
PLAIN = parse("1 MIU sc every 2d x2")


def both(model: Model | str, values: Parameters, schedule: Any = PLAIN, **more: Any) -> tuple[Trajectory, Trajectory]:
    """The same simulation by the compiled engine and by scipy's LSODA."""
    asked = {"days": DAYS, "step": "3h", "side": "both", "tolerances": FINE} | more
    a, b = (simulate(schedule, model, values, engine=engine, **asked) for engine in ("compiled", "scipy"))
    return a, b


# schedules


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_of_schedule(model: str, kind: Kind) -> None:
    """Before and after everything that happens, and at the end, from which a simulation may go on."""
    a, b = both(model, parameters(model, kind), kind.schedule)
    assert a.sides == b.sides and a.times.tobytes() == b.times.tobytes()
    assert difference(a, b) < SAME
    size = np.max(np.abs(b.states), axis=0) + b.bound.scale
    assert np.max(np.abs(a.states - b.states) / size) < SAME
    assert a.end.time == b.end.time
    assert np.max(np.abs(a.end.y - b.end.y) / size) < SAME


@pytest.mark.parametrize("side", ["pre", "post"])
@pytest.mark.parametrize("name", ["lag", "SS=2", "reset and dose", "infusion given by rate"])
def test_one_side_in_any_order(name: str, side: str) -> None:
    kind = named(name)
    values = parameters("il2", kind)
    times = [3.0, 0.0, 1.5, 1.5, 35 / 24, 0.5, 5 / 24, 1 + 5 / 24]
    a, b = both("il2", values, kind.schedule, times=times, side=side)
    assert difference(a, b) < SAME


@pytest.mark.parametrize("name", ["sc", "SS=1", "infusion given by rate"])
def test_the_default_tolerances_keep_their_word(name: str) -> None:
    """1e-6 a step, over about a hundred steps; a user sees three digits."""
    kind = named(name)
    fine, _ = both("il2", parameters("il2", kind), kind.schedule)
    usual = simulate(kind.schedule, "il2", parameters("il2", kind), days=DAYS, step="3h", side="both")
    assert difference(usual, fine) < 1e-4


def test_the_comparison_sees_a_millionth_of_a_dose() -> None:
    a, _ = both("il2", default_parameters("il2"), parse("1.000001 MIU sc every 2d x2"))
    _, b = both("il2", default_parameters("il2"))
    assert difference(a, b) > 10 * SAME


# parameters


def bounds(values: Parameters) -> Iterator[tuple[str, float]]:
    """Every finite bound of every parameter."""
    for table in values.tables:
        yield from ((table.name, bound) for bound in table.bounds if math.isfinite(bound))


def baseline(model: str, values: Parameters) -> bool:
    """Whether there is a baseline; both engines must give the same answer, in the same words."""
    said = []
    for engine in ("compiled", "scipy"):
        try:
            bind(model, values, engine)
            said.append("")
        except ParameterError as error:
            said.append(str(error))
    assert said[0] == said[1]
    return not said[0]


@pytest.mark.parametrize("model", MODELS)
def test_each_parameter_at_each_of_its_bounds(model: str) -> None:
    default, compared = default_parameters(model), 0
    for name, bound in bounds(default):
        values = default.set("at its bound", **{name: bound})
        if baseline(model, values):
            compared += 1
            assert difference(*both(model, values)) < SAME, (name, bound)
    assert compared > len(default.tables)


@pytest.mark.parametrize("model", MODELS)
def test_all_parameters_at_one_of_their_bounds(model: str) -> None:
    """Twelve corners of the box, each with another kind of schedule."""
    rng, default, compared = random.Random(5), default_parameters(model), 0
    kinds = [kind for kind in KINDS if not kind.name.startswith("SS")]  # a steady state there may be months away
    for _ in range(200):
        shuffled = rng.sample([*bounds(default)], k=len([*bounds(default)]))
        low_or_high = dict(shuffled)  # the last one said of each parameter holds
        values = default.set("a corner", **low_or_high)
        if baseline(model, values):
            kind = kinds[compared % len(kinds)]
            assert difference(*both(model, values, kind.schedule)) < SAME, (kind.name, low_or_high)
            compared += 1
        if compared == 12:
            return
    pytest.fail(f"only {compared} of 200 corners have a baseline")


# models of other shapes


@pytest.mark.parametrize("time", ["min", "h", "d", "wk"])
@pytest.mark.parametrize("make", [models.two_compartments, models.saturable])
def test_other_models_in_other_units_of_time(make: Any, time: str) -> None:
    model = make(time)
    schedule = parse("100 mg iv daily x2, then 30 mg iv over 7h every 8h x3")
    assert difference(*both(model, model.defaults, schedule)) < SAME


@pytest.mark.parametrize("model", MODELS)
def test_functions_are_the_same_to_rounding(model: str) -> None:
    """Rates and outputs at random states: what is left is the order in which numbers are added up."""
    values, rng = default_parameters(model), np.random.default_rng(3)
    native, python = (bind(model, values, engine) for engine in ("compiled", "scipy"))
    shape = get_model(model)
    for _ in range(20):
        y = np.maximum(native.initial, native.scale) * np.exp(rng.normal(0, 1, len(native.initial)))
        a, b = (bound.functions.rhs(5.0, y.tolist(), bound.p) for bound in (native, python))
        assert a == pytest.approx(b, rel=1e-9, abs=1e-12 * np.max(np.abs(b)))
        for k in range(len(shape.outputs)):
            a, b = (bound.functions.output(k, np.zeros(1), y[None], bound.p) for bound in (native, python))
            assert a == pytest.approx(b, rel=1e-12)


FUNCTIONS: dict[str, Callable[[Expression, Expression], Expression]] = {
    **{f.__name__: lambda y, n, f=f: f(y) for f in (sympy.exp, sympy.log, sympy.sin, sympy.cos, sympy.tan)},
    **{f.__name__: lambda y, n, f=f: f(y) for f in (sympy.sinh, sympy.cosh, sympy.tanh, sympy.Abs, sympy.sqrt)},
    "power": lambda y, n: y**0.7,
    "power of a negative whole number": lambda y, n: y**-3,
    "high power": lambda y, n: y**17,
    "power of a parameter": lambda y, n: y**n,
    "power of itself": lambda y, n: y**y,
    "constant to a power": lambda y, n: 2**y,
    "maximum": lambda y, n: sympy.Max(y, 2, y**2),
    "minimum": lambda y, n: sympy.Min(y, 2, y**2),
    "branches": lambda y, n: sympy.Piecewise((y, y < 1), (2 * y, y <= 1), (y**2, (y < 5) | (y >= 9)), (7, True)),
    "a gap": lambda y, n: sympy.Piecewise((y, y < 1), (-y, y > 2)),
    "equal": lambda y, n: sympy.Piecewise((1, sympy.Eq(y, 1)), (y, sympy.Ne(y, 2)), (5, True)),
    "a switch by a parameter": lambda y, n: sympy.Piecewise((y, n < 1), (2 * y, sympy.Eq(n, 2)), (3 * y, True)),
    "a quotient that is not used": lambda y, n: sympy.Piecewise((y / (n - 2), n > 2), (y, True)),
    "a logarithm that is not used": lambda y, n: sympy.Piecewise((y * sympy.log(n - 3), n > 3), (y, True)),
}
VALUES = (0.0, 1.0, 2.0, -1.0, -2.0, 5.0, 9.0, 0.5, -0.5, 1e-9, -1e-9, 1e-300, 1e300, -1e300, 700.0, -700.0, 1e5, -1e5)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_an_equation_may_hold(name: str) -> None:
    """At edges and elsewhere the same number but for a few roundings; n is a parameter of value 2."""

    def block(m: Builder) -> None:
        y = m.state("y", "1", initial=1)
        value = FUNCTIONS[name](y, m.parameter("n", "1", value=2))
        m.change(y, m["k"] * value)
        m.output("f", value, "1")

    model = build("holds", models.decay, block)
    y = np.array([*VALUES, *np.random.default_rng(1).normal(0, 10, 200)])
    states, found = np.stack([np.ones_like(y), y], axis=1), []
    for engine in ("compiled", "scipy"):
        bound = bind(model, model.defaults, engine)
        with np.errstate(all="ignore"):
            outputs = bound.functions.output(1, np.zeros_like(y), states, bound.p)
            found += [outputs, [bound.functions.rhs(0.0, row.tolist(), bound.p)[1] for row in states]]
    ours, our_slopes, theirs, their_slopes = (np.where(np.isfinite(f), f, np.nan) for f in found)
    np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-14)
    # where Python's own arithmetic overflows or divides by zero, it raises and tells no number
    told = np.isfinite(their_slopes)
    np.testing.assert_allclose(our_slopes[told], their_slopes[told], rtol=1e-13, atol=1e-14)
