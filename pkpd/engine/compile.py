"""Symbols to functions, and a model with numbers in it (`Bound`), everything in the model's coherent units."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from ..errors import ParameterError, SimulationError, nearest
from ..model.assemble import expanded
from ..model.declaration import Expression, Model, symbol
from ..parameters import Parameters
from ..units import coherent_factor, factor

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """Functions of one model. `p` is the vector of parameters followed by derived parameters; `t` is in model time."""

    model: Model
    derived: Callable[..., Sequence[float]]
    fixed: Callable[..., Sequence[float]]
    rhs: Callable[..., Sequence[float]]
    jacobian: Callable[..., Sequence[Sequence[float]]]
    outputs: Mapping[str, Callable[..., Any]]


@dataclass(frozen=True, slots=True, eq=False)
class BoundRoute:
    """A route with numbers: the state it feeds, what one unit of dose adds there before bioavailability, F, and the
    lag in days.
    """

    name: str
    state: int
    unit: str
    content: float
    bioavailability: float
    lag: float


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A compiled model with parameter values: what one patient's simulation needs. Vectors follow the order of the
    model's states.
    """

    compiled: Compiled
    parameters: Parameters
    p: tuple[float, ...]
    initial: Vector
    scale: Vector
    routes: tuple[BoundRoute, ...]
    per_day: float

    @property
    def model(self) -> Model:
        """The model behind the numbers."""
        return self.compiled.model

    def route(self, name: str) -> BoundRoute:
        """The route of that name, the first one for an empty name; SimulationError with the nearest name."""
        for route in self.routes:
            if name in (route.name, ""):
                return route
        names = [r.name for r in self.routes]
        hint = nearest(name, names) or f"; it has {', '.join(names) or 'none'}"
        raise SimulationError(f"model {self.model.name} has no dose route '{name}'{hint}")

    def state_text(self, y: Vector) -> str:
        """Every state by name, with its value in its own unit."""
        shown = (
            f"{s.name} {v / coherent_factor(s.unit, self.model.time):.4g} {s.unit}"
            for s, v in zip(self.model.states, y, strict=True)
        )
        return ", ".join(shown)


@lru_cache(maxsize=16)
def compile_model(model: Model) -> Compiled:
    """The functions of a model, made once from its symbols (common parts computed once, no text from any file
    involved).
    """
    t, y = symbol("time"), [symbol(s.name) for s in model.states]
    own = [symbol(d.name) for d in model.parameters]
    p = own + [symbol(d.name) for d in model.derived]
    slopes = [expanded(model, e).rewrite(sympy.Piecewise) for e in model.derivatives.values()]
    jacobian = sympy.Matrix(slopes).jacobian(sympy.Matrix(y)).tolist()
    derived: list[Expression] = []
    for definition in model.derived:
        earlier = {symbol(d.name): e for d, e in zip(model.derived, derived, strict=False)}
        derived.append(_in_unit(definition.expression, definition.unit, model).subs(earlier))
    fixed = [_in_unit(e, s.unit, model) for s in model.states for e in (s.initial, s.scale)]
    fixed += [e for r in model.routes for e in (r.bioavailability, r.lag, r.content)]
    fixed += [e for q in model.requirements for e in (q.smaller, q.larger)]
    return Compiled(
        model=model,
        derived=_function([own], derived, "math"),
        fixed=_function([p], fixed, "math"),
        rhs=_function([t, y, p], slopes, "math"),
        jacobian=_function([t, y, p], jacobian, "math"),
        outputs={
            o.name: _function([t, y, p], expanded(model, o.expression).rewrite(sympy.Piecewise), "numpy")
            for o in model.outputs
        },
    )


def _function(arguments: list[Any], expressions: Any, module: str) -> Callable[..., Any]:
    """A Python function of symbols, and lists of symbols, that computes the expressions (nested lists of them)."""
    flat = [s for a in arguments for s in (a if isinstance(a, list) else [a])]
    # lambdify looks names up where the model's own would hide those of functions (`exp`, `select`)
    plain = {s: sympy.Symbol(f"v{k}_") for k, s in enumerate(flat)}

    def renamed(e: Any) -> Any:
        return [renamed(part) for part in e] if isinstance(e, list) else sympy.sympify(e).xreplace(plain)

    made: Callable[..., Any] = sympy.lambdify(
        [renamed(a) for a in arguments], renamed(expressions), modules=module, cse=True
    )
    return made


def _in_unit(expression: Expression, unit: str, model: Model) -> Expression:
    """A bare number is in the state's unit; an expression is coherent already."""
    if not expression.is_number:
        return expression
    return sympy.Float(float(expression) * coherent_factor(unit, model.time))


def bind(model: Model, parameters: Parameters) -> Bound:
    """Put numbers into a model; ParameterError when one is missing, unknown, in another dimension, or the baseline
    is impossible.
    """
    compiled = compile_model(model)
    p = parameter_vector(compiled, parameters)
    try:
        fixed = [float(v) for v in compiled.fixed(p)]
    except (ZeroDivisionError, OverflowError, ValueError, TypeError) as error:
        raise ParameterError(
            f"{parameters.origin}: the baseline of model {model.name} cannot be computed ({error})"
        ) from None
    n, routes = 2 * len(model.states), 3 * len(model.routes)
    initial, scale = np.array(fixed[:n:2]), np.array(fixed[1:n:2])
    for state, start, size in zip(model.states, initial, scale, strict=True):
        if not (math.isfinite(start) and math.isfinite(size) and size > 0):
            raise ParameterError(
                f"{parameters.origin}: '{state.name}' starts at {start:g} with scale {size:g}, "
                "which cannot be simulated"
            )
    _check_requirements(model, parameters, fixed[n + routes :])
    day = factor("d", model.time)
    return Bound(compiled, parameters, p, initial, scale, _bound_routes(model, fixed[n : n + routes], day), day)


def parameter_vector(compiled: Compiled, parameters: Parameters) -> tuple[float, ...]:
    """Parameters in the model's order and coherent units, then the derived ones."""
    model, own = compiled.model, []
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
    try:
        derived = [float(v) for v in compiled.derived(own)]
    except (ZeroDivisionError, OverflowError, ValueError, TypeError) as error:
        raise ParameterError(
            f"{parameters.origin}: the derived parameters of model {model.name} cannot be computed ({error})"
        ) from None
    return (*own, *derived)


def _bound_routes(model: Model, values: list[float], per_day: float) -> tuple[BoundRoute, ...]:
    index = {s.name: i for i, s in enumerate(model.states)}
    routes = []
    for r, (f, lag, content) in zip(model.routes, zip(*[iter(values)] * 3, strict=True), strict=True):
        if not (f >= 0 and lag >= 0 and math.isfinite(f * content) and math.isfinite(lag)):
            raise ParameterError(
                f"route '{r.name}' of model {model.name} has bioavailability {f:g} and lag {lag:g} {model.time}"
            )
        whole = coherent_factor(r.unit, model.time) * content
        routes.append(BoundRoute(r.name, index[r.into], r.unit, whole, f, lag / per_day))
    return tuple(routes)


def _check_requirements(model: Model, parameters: Parameters, values: list[float]) -> None:
    for q, smaller, larger in zip(model.requirements, values[::2], values[1::2], strict=True):
        if not smaller <= larger + 1e-12 * abs(larger):  # equality is allowed, and rounding must not forbid it
            raise ParameterError(
                f"{parameters.origin}: no steady baseline, because '{q.meaning}' fails: "
                f"{q.smaller} = {smaller:.4g} exceeds {q.larger} = {larger:.4g}"
            )
