"""Laws that hold for every model, as functions that measure how far a model is from keeping them.

Each takes any model, so that a test can also show that a broken one fails.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import sympy

from pkpd.dosing.given import given
from pkpd.dosing.library import load_schedule
from pkpd.dosing.schedule import Schedule
from pkpd.engine.compile import Bound, bind
from pkpd.engine.tolerances import Tolerances
from pkpd.errors import ParameterError
from pkpd.model.assemble import expanded
from pkpd.model.declaration import Change, Model, Route, State, symbol
from pkpd.output.trajectory import Trajectory
from pkpd.parameters import Parameters
from pkpd.simulation import simulate
from pkpd.units import coherent_factor, factor


def draws(model: Model, parameters: Parameters, n: int, seed: int) -> Iterator[Parameters]:
    """`n` random sets inside the bounds for which there is a baseline; log-uniform where both bounds are positive."""
    rng, found, tried = random.Random(seed), 0, 0
    while found < n:
        tried += 1
        assert tried < 20 * n, "most draws inside the bounds have no baseline"
        values = {}
        for t in parameters.tables:
            low, high = (b if math.isfinite(b) else t.value for b in t.bounds)
            values[t.name] = math.exp(rng.uniform(math.log(low), math.log(high))) if low > 0 else rng.uniform(low, high)
        drawn = parameters.set("a draw", **values)
        try:
            bind(model, drawn)
        except ParameterError:
            continue
        found += 1
        yield drawn


def size_of(bound: Bound) -> np.ndarray:
    """What a state's changes are measured against: its value at rest, or its scale if that is larger."""
    return np.maximum(np.abs(bound.initial), bound.scale)


def unrest(model: Model, parameters: Parameters) -> float:
    """The fastest change at rest: share of a state's size per unit of model time."""
    bound = bind(model, parameters)
    slopes = np.array(bound.functions.rhs(0.0, bound.initial.tolist(), bound.p), dtype=float)
    return float(np.max(np.abs(slopes) / size_of(bound)))


def drift(model: Model, parameters: Parameters, days: float) -> float:
    """How far any state moves without drug, relative to its size."""
    t = simulate("none", model, parameters, days=days, step="6d")
    return float(np.max(np.abs(t.states - t.bound.initial) / size_of(t.bound)))


def lowest(t: Trajectory, absolute: float = Tolerances().absolute) -> tuple[float, str]:
    """The lowest value of any output in units of its own absolute tolerance, and which output it is.

    The tolerance of an output is what one absolute tolerance of every state is worth in it, taken at rest.
    """
    bound = t.bound
    steps = bound.initial + np.vstack([np.zeros_like(bound.initial), np.diag(bound.scale)])
    probe = replace(t, times=np.zeros(len(steps)), states=steps)
    found = []
    for name in t.outputs:
        values = probe[name]
        found.append((float(np.min(t[name]) / (absolute * np.sum(np.abs(values[1:] - values[0])))), name))
    return min(found)


def clipped(model: Model) -> list[str]:
    """Outputs that hold a function which could hide a value below zero."""
    hiding = (sympy.Max, sympy.Min, sympy.Abs, sympy.Piecewise, sympy.Heaviside)
    return [o.name for o in model.outputs if expanded(model, o.expression).has(*hiding)]


def disproportion(model: Model, parameters: Parameters, output: str, amounts: Sequence[str], pattern: str) -> float:
    """How far the output above rest is from proportional to the dose, relative to its peak; `amounts` are 1 and 2."""
    fine = Tolerances(1e-9, 1e-11)
    one, two = (simulate(f"{a} {pattern}", model, parameters, days=6, step="1h", tolerances=fine) for a in amounts)
    single, double = (t[output] - t.rest(output) for t in (one, two))
    return float(np.max(np.abs(double - 2 * single)) / np.max(np.abs(double)))


@lru_cache
def ledger(model: Model) -> Model:
    """The model with one more state for each flow from or to the outside, which adds up what has flowed."""
    unit_of = {s.name: s.unit for s in model.states}
    outside = [f for f in model.flows if bool(f.out_of) != bool(f.into)]
    accounts = [
        State(f"ledger_{f.name}", unit_of[f.out_of or f.into], sympy.Integer(0), sympy.Integer(1), "", "")
        for f in outside
    ]
    entries = [Change(f"ledger_{f.name}", f.rate, "") for f in outside]
    return replace(model, states=(*model.states, *accounts), changes=(*model.changes, *entries))


def pools(model: Model) -> list[frozenset[str]]:
    """States that doses or flows enter, in groups between which nothing flows."""
    groups: list[frozenset[str]] = []
    touched = [{f.out_of, f.into} - {""} for f in model.flows] + [{r.into} for r in model.routes]
    for names in touched:
        joined = frozenset(names).union(*(g for g in groups if g & names))
        groups = [g for g in groups if not g & names] + [joined]
    return groups


def balance(model: Model, parameters: Parameters, schedule: Schedule | str, **more: object) -> float:
    """The largest difference between what went in and what was lost or is present, relative to all that was in.

    In: doses times bioavailability and content, by the declared expressions, and flows from outside. Counted after all
    doses have arrived, for every group of connected states.
    """
    plan = load_schedule(schedule) if isinstance(schedule, str) else schedule
    books = ledger(model)
    days = float(plan.end) + 3
    t = simulate(plan, books, parameters, times=[days], side="post", **more)  # type: ignore[arg-type]
    now = dict(zip((s.name for s in books.states), t.states[-1], strict=True))
    rest = dict(zip((s.name for s in books.states), t.bound.initial, strict=True))
    worst = 0.0
    for pool in pools(model):
        into = sum(now[f"ledger_{f.name}"] for f in model.flows if not f.out_of and f.into in pool)
        lost = sum(now[f"ledger_{f.name}"] for f in model.flows if not f.into and f.out_of in pool)
        given_in = sum(amount for state, amount in doses_in(model, t, plan) if state in pool)
        before, present = (sum(y[name] for name in pool) for y in (rest, now))
        worst = max(worst, abs(before + given_in + into - lost - present) / max(before + given_in + into, 1e-300))
    return float(worst)


def doses_in(model: Model, t: Trajectory, plan: Schedule) -> Iterator[tuple[str, float]]:
    """(state, amount in coherent units) of every dose, from the declared expressions and the units alone."""
    values = t.bound.parameters
    numbers: dict[sympy.Symbol, float] = {
        symbol(d.name): values[d.name].in_unit(d.unit) * coherent_factor(d.unit, model.time) for d in model.parameters
    }
    for definition in model.derived:
        numbers[symbol(definition.name)] = float(definition.expression.subs(numbers))
    routes: Mapping[str, Route] = {r.name: r for r in model.routes}
    size = {n: values[n].in_unit(u) for n, u in (("bsa", "m2"), ("weight", "kg")) if n in values}
    for dose in given(plan, **size):
        route = routes[dose.route] if dose.route else model.routes[0]
        per_unit = float((route.content * route.bioavailability).subs(numbers))
        in_route_unit = dose.amount * factor(dose.unit, route.unit)
        yield route.into, in_route_unit * coherent_factor(route.unit, model.time) * per_unit
