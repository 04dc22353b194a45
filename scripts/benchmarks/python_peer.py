"""scipy's solvers over a right-hand side in plain Python: `math` on floats, no arrays inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.integrate import odeint, solve_ivp

from pkpd.engine.python import python_functions
from pkpd.model.declaration import Model

from . import workload
from .cases import ABSOLUTE, Case, Patient, Vector
from .equations import body, equations, joined, load


class Scipy:
    """`solve_ivp` with one of its methods, or `odeint`; a restart at each dose."""

    def __init__(self, case: Case, method: str, *, as_written: bool = False) -> None:
        self.name = f"scipy {method}, plain Python"
        self.case, self.method, self.as_written = case, method, as_written

    def one(self, patient: Patient, rtol: float) -> Callable[[], Vector]:
        """A call without arguments that simulates the patient: states of shape (times, states)."""
        case = self.case
        slopes = as_it_stands(case) if self.as_written else right_hand_side(case.model, patient)
        atol = np.maximum(rtol * ABSOLUTE * patient.scale, 1e-300)
        advance = _odeint if self.method == "odeint" else _solve_ivp
        plan = [(s, s.stops(case.times)) for s in case.stretches]

        def run() -> Vector:
            y, out = patient.initial, np.empty((len(case.times), len(patient.initial)))
            out[0] = y
            for s, stops in plan:
                y = y.copy()
                y[s.state] += s.amount
                found = advance(slopes, y, s.begin, stops, rtol, atol, self.method)
                out[s.rows] = found[: s.rows.stop - s.rows.start]
                y = found[-1]
            return out

        return run

    def many(self, patients: Iterable[Patient], rtol: float) -> Callable[[], list[Vector]]:
        """The patients one after the other."""
        runs = [self.one(p, rtol) for p in patients]
        return lambda: [run() for run in runs]


def _solve_ivp(f: Any, y: Vector, begin: float, stops: Vector, rtol: float, atol: Vector, method: str) -> Vector:
    found = solve_ivp(f, (begin, stops[-1]), y, method=method, t_eval=stops, rtol=rtol, atol=atol)
    if not found.success:
        raise ArithmeticError(found.message)
    return np.asarray(found.y.T)


def _odeint(f: Any, y: Vector, begin: float, stops: Vector, rtol: float, atol: Vector, method: str) -> Vector:
    return np.asarray(odeint(f, y, np.append(begin, stops), rtol=rtol, atol=atol, tfirst=True, mxstep=100_000)[1:])


def as_it_stands(case: Case) -> Callable[[float, Vector], Any]:
    """The typical patient's slopes as one writes them first: the function the workload came with, or, of another model,
    what sympy prints with common parts computed once.
    """
    if case.name == "thirteen_states":
        p = tuple(workload.complete(workload.BASE)[0].tolist())
        return lambda time, y: workload.rhs(time, y, p)
    functions, p = python_functions(case.model), tuple(case.typical.p.tolist())
    return lambda time, y: functions.slopes(time, y.tolist(), p)


def right_hand_side(model: Model, patient: Patient) -> Callable[[float, Vector], list[float]]:
    """The slopes of one patient's states, as a function with the constants in its closure."""
    made: Callable[[float, Vector], list[float]] = _module(model).make(*equations(model).constants(patient.p).tolist())
    return made


@lru_cache(maxsize=8)
def _module(model: Model) -> Any:
    constants, n = len(equations(model).names), len(model.states)
    source = (
        f"import math\n\n\ndef make({joined('k', constants)}):\n    def slopes(time, y):\n"
        f"        {joined('y', n)}= y.tolist()\n{body(model, ' ' * 8)}        return [{joined('d', n)}]\n\n"
        "    return slopes\n"
    )
    return load(source, "python_right_hand_side")
