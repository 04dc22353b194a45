"""A model with numbers in it (`Bound`), everything in the model's coherent units."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError, SimulationError, nearest
from ..model.outline import Outline
from ..parameters import Parameters
from ..units import coherent_factor, factor
from .functions import ROUTE, Fixed, Functions, Vector

if TYPE_CHECKING:
    from ..model.declaration import Model

SLACK = 1e-12  # a requirement may hold with equality, and rounding must not forbid it


@dataclass(frozen=True, slots=True, eq=False)
class BoundRoute:
    """A route with numbers: the state it feeds, what one unit of dose adds there before bioavailability, F, the lag in
    days, and the rate (`unit` per model time) and duration (days) of doses that leave theirs to the model, else 0.
    """

    name: str
    state: int
    unit: str
    content: float
    bioavailability: float
    lag: float
    rate: float = 0.0
    duration: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """The functions of a model with parameter values: what one patient's simulation needs. Vectors follow the order
    of the model's states; `p` is what the functions take.
    """

    functions: Functions
    parameters: Parameters
    p: Vector
    initial: Vector
    scale: Vector
    routes: tuple[BoundRoute, ...]
    per_day: float

    @property
    def model(self) -> Outline:
        """The model behind the numbers, without its equations."""
        return self.functions.outline

    def route(self, name: str) -> BoundRoute:
        """The route of that name, or straight into the state of that name; for an empty name the first route, or the
        first state of a model without routes. SimulationError with the nearest name.
        """
        for route in self.routes:
            if name in (route.name, ""):
                return route
        k = state_route(self.model, name)
        state = self.model.states[k]
        return BoundRoute(state.name, k, state.unit, coherent_factor(state.unit, self.model.time), 1.0, 0.0)

    def state_text(self, y: Vector) -> str:
        """Every state by name, with its value in its own unit."""
        shown = (
            f"{s.name} {v / coherent_factor(s.unit, self.model.time):.4g} {s.unit}"
            for s, v in zip(self.model.states, y, strict=True)
        )
        return ", ".join(shown)


def functions(model: Model | str, engine: str = "compiled") -> Functions:
    """The functions of a model, or of a built-in one by its name, as an engine needs them."""
    if engine == "compiled":
        from .native import native_functions

        return native_functions(model)
    from ..model.registry import get_model
    from .python import python_functions

    return python_functions(get_model(model) if isinstance(model, str) else model)


def bind(model: Model | str, parameters: Parameters, engine: str = "compiled") -> Bound:
    """Put numbers into a model; ParameterError when one is missing, unknown, in another dimension, or the baseline
    is impossible.
    """
    found = functions(model, engine)
    return bound_of(found, found.fixed(own_vector(found.outline, parameters)), parameters)


def bound_of(found: Functions, fixed: Fixed, parameters: Parameters) -> Bound:
    """The functions of a model with what parameters fix; ParameterError when the baseline is impossible."""
    _check_fixed(found.outline, parameters.origin, fixed)
    day = factor("d", found.outline.time)
    routes = _bound_routes(found.outline, fixed, day)
    return Bound(found, parameters, fixed.p, fixed.initial, fixed.scale, routes, day)


def feasible(fixed: Fixed) -> NDArray[np.bool_]:
    """Which of many patients `bound_of` accepts."""
    routes, smaller, larger = fixed.routes, fixed.requirements[:, ::2], fixed.requirements[:, 1::2]
    numbers = np.hstack([fixed.derived, fixed.initial, fixed.scale, routes])
    usable = np.isfinite(numbers).all(axis=1) & (fixed.scale > 0).all(axis=1)
    with np.errstate(invalid="ignore"):
        steady = (smaller <= larger + SLACK * np.abs(larger)).all(axis=1)
    content = np.arange(routes.shape[1]) % ROUTE == 2  # the one number of a route that may be negative
    return np.asarray(usable & steady & (routes[:, ~content] >= 0).all(axis=1), dtype=np.bool_)


def own_vector(model: Outline, parameters: Parameters) -> list[float]:
    """Parameters in the model's order and coherent units."""
    own = []
    declared = [d.name for d in model.parameters]
    for name in parameters:
        if name not in declared:
            raise ParameterError(
                f"{parameters.origin}: model {model.name} has no parameter '{name}'{nearest(name, declared)}"
            )
    for d in model.parameters:
        if d.name not in parameters:
            raise ParameterError(
                f"{parameters.origin}: parameter '{d.name}' ({d.unit}) of model {model.name} has no value"
            )
        found = parameters[d.name]
        known = next((t for t in model.defaults.tables if t.name == d.name), found)
        # the model's own bounds say whether a value can be negative; a file of the user's may give wider ones
        if found.value < 0 <= known.bounds[0]:
            raise ParameterError(f"{found.origin or d.name}: {d.name} = {found.text} cannot be negative")
        own.append(found.in_unit(d.unit) * coherent_factor(d.unit, model.time))
    return own


def _check_fixed(model: Outline, origin: str, fixed: Fixed) -> None:
    """ParameterError unless the baseline can be computed, simulated and is steady."""
    if not all(map(math.isfinite, fixed.derived)):
        raise ParameterError(f"{origin}: the derived parameters of model {model.name} cannot be computed")
    for state, start, size in zip(model.states, fixed.initial, fixed.scale, strict=True):
        if not (math.isfinite(start) and math.isfinite(size) and size > 0):
            raise ParameterError(
                f"{origin}: '{state.name}' starts at {start:g} with scale {size:g}, which cannot be simulated"
            )
    for q, smaller, larger in zip(model.requirements, fixed.requirements[::2], fixed.requirements[1::2], strict=True):
        if not smaller <= larger + SLACK * abs(larger):
            raise ParameterError(
                f"{origin}: no steady baseline, because '{q.meaning}' fails: "
                f"{q.smaller} = {smaller:.4g} exceeds {q.larger} = {larger:.4g}"
            )


def _bound_routes(model: Outline, fixed: Fixed, per_day: float) -> tuple[BoundRoute, ...]:
    index = {s.name: i for i, s in enumerate(model.states)}
    routes = []
    for r, (f, lag, content, rate, duration) in zip(
        model.routes, fixed.routes.reshape(-1, ROUTE).tolist(), strict=True
    ):
        if not (min(f, lag, rate, duration) >= 0 and all(map(math.isfinite, (f * content, lag, rate, duration)))):
            said = f"bioavailability {f:g} and lag {lag:g} {model.time}"
            said += f", rate {rate:g} and duration {duration:g} {model.time}" if rate or duration else ""
            raise ParameterError(f"route '{r.name}' of model {model.name} has {said}")
        unit = coherent_factor(r.unit, model.time)
        bound = BoundRoute(r.name, index[r.into], r.unit, unit * content, f, lag / per_day)
        routes.append(replace(bound, rate=rate / unit, duration=duration / per_day))
    return tuple(routes)


def state_route(model: Outline, name: str) -> int:
    """The number of the state that a dose goes straight into: the one of that name, the first for an empty name in a
    model without routes; SimulationError with the nearest route or state.
    """
    states, routes = [s.name for s in model.states], [r.name for r in model.routes]
    if name in states:
        return states.index(name)
    if not name and not routes:
        return 0
    hint = nearest(name, [*routes, *states]) or f"; it has {', '.join(routes or states)}"
    raise SimulationError(f"model {model.name} has no dose route '{name}'{hint}")
