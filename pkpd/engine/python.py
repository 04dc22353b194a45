"""The functions of a model in plain Python, from sympy: what scipy's engines run, independent of the compiled one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from ..model.assemble import expanded
from ..model.declaration import Expression, Model, symbol
from ..model.outline import Outline, outline
from ..units import coherent_factor
from .functions import ROUTE, Fixed, Vector, parts

_ARITHMETIC = (ZeroDivisionError, OverflowError, ValueError, TypeError)


@dataclass(frozen=True, slots=True, eq=False)
class PythonFunctions:
    """Functions made with sympy's `lambdify`; `p` is the vector of parameters followed by derived parameters."""

    outline: Outline
    derived: Callable[..., Sequence[float]]
    others: Callable[..., Sequence[float]]
    slopes: Callable[..., Sequence[float]]
    matrix: Callable[..., Sequence[Sequence[float]]]
    outputs: tuple[Callable[..., Any], ...]

    def fixed(self, own: Sequence[float]) -> Fixed:
        """What the model's own parameters fix (see `Functions`)."""
        shape, p = self.outline, list(own)
        try:
            p += [float(v) for v in self.derived(own)]
            others = [float(v) for v in self.others(p)] + p[len(own) :]
        except _ARITHMETIC:
            numbers = 2 * len(shape.states) + ROUTE * len(shape.routes) + 2 * len(shape.requirements)
            others = [float("nan")] * (numbers + 1)  # a derived parameter that cannot be computed
        return parts(np.array(p + others), len(p), shape)

    def rhs(self, t: float, y: Sequence[float], p: Vector) -> Vector:
        """Rates of change; NaN where arithmetic fails."""
        try:
            return np.array(self.slopes(t, y, p.tolist()), dtype=float)
        except _ARITHMETIC:
            return np.full(len(y), np.nan)

    def jacobian(self, t: float, y: Sequence[float], p: Vector) -> Vector:
        """Derivatives of the rates of change with respect to the states; NaN where arithmetic fails."""
        try:
            return np.array(self.matrix(t, y, p.tolist()), dtype=float)
        except _ARITHMETIC:
            return np.full((len(y), len(y)), np.nan)

    def output(self, k: int, times: Vector, states: Vector, p: Vector) -> Vector:
        """Output k in its own unit (see `Functions`)."""
        shape = self.outline
        with np.errstate(all="ignore"):  # what is not finite is reported by the caller, with its day
            values = self.outputs[k](times, list(states.T), p)
        unit = coherent_factor(shape.outputs[k].unit, shape.time)
        return np.broadcast_to(np.asarray(values, dtype=float), times.shape) / unit


@lru_cache(maxsize=16)
def python_functions(model: Model) -> PythonFunctions:
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
    others = [_in_unit(s.initial, s.unit, model) for s in model.states]
    others += [_in_unit(s.scale, s.unit, model) for s in model.states]
    for r in model.routes:
        rate = _in_unit(r.rate, f"{r.unit}/{model.time}", model)
        others += [r.bioavailability, r.lag, r.content, rate, r.duration]
    others += [e for q in model.requirements for e in (q.smaller, q.larger)]
    outputs = (expanded(model, o.expression).rewrite(sympy.Piecewise) for o in model.outputs)
    return PythonFunctions(
        outline=outline(model),
        derived=_function([own], derived, "math"),
        others=_function([p], others, "math"),
        slopes=_function([t, y, p], slopes, "math"),
        matrix=_function([t, y, p], jacobian, "math"),
        outputs=tuple(_function([t, y, p], o, "numpy") for o in outputs),
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
