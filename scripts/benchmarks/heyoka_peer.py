"""heyoka (Taylor series, compiled): states divided by the scale the model declares, so that they are of order one,
since it has one tolerance for all; one patient, and as many patients a batch as the processor's registers hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from .cases import Case, Patient, Vector
from .equations import equations


class Heyoka:
    """The same system with integrators for several tolerances, each built once."""

    name = "heyoka, states scaled"

    def __init__(self, case: Case) -> None:
        import heyoka  # type: ignore[import-not-found, unused-ignore]

        self.case, self.library, self.made = case, heyoka, equations(case.model)
        self.scale = case.typical.scale
        self.width = int(heyoka.recommended_simd_size())
        self.system = _system(heyoka, case)
        self.integrator = lru_cache(maxsize=32)(self._integrator)

    def _integrator(self, tol: float, lanes: int, copy: int) -> Any:
        """An integrator of the typical patient, for one patient or a batch; `copy` tells those of threads apart."""
        make = self.library.taylor_adaptive_batch if lanes > 1 else self.library.taylor_adaptive
        initial, constants = self.case.typical.initial / self.scale, self.made.constants(self.case.typical.p)
        shape = (lambda v: np.repeat(v[:, None], lanes, axis=1)) if lanes > 1 else (lambda v: v)
        return make(self.system, shape(initial), tol=tol, pars=shape(constants))

    def one(self, patient: Patient, rtol: float) -> Callable[[], Vector]:
        """A call without arguments that simulates the patient: states of shape (times, states)."""
        integrator, scale = self.integrator(rtol, 1, 0), self.scale
        initial, constants = patient.initial / scale, self.made.constants(patient.p)
        plan = [(s, np.append(s.begin, s.stops(self.case.times))) for s in self.case.stretches]

        def run() -> Vector:
            integrator.pars[:], integrator.state[:], integrator.time = constants, initial, 0.0
            out = np.empty((len(self.case.times), len(initial)))
            out[0] = patient.initial
            for s, times in plan:
                integrator.state[s.state] += s.amount / scale[s.state]
                found = integrator.propagate_grid(times)[-1]
                out[s.rows] = found[1 : 1 + s.rows.stop - s.rows.start] * scale
            return out

        return run

    def many(self, patients: Sequence[Patient], rtol: float, threads: int = 1) -> Callable[[], Vector]:
        """Batches of patients, spread over threads: states of shape (patients, times, states)."""
        count, lanes = len(patients), self.width
        whole = [patients[min(k, count - 1)] for k in range(-(-count // lanes) * lanes)]
        initial = np.array([p.initial for p in whole])
        constants = np.array([self.made.constants(p.p) for p in whole])
        stops = [(s, np.append(s.begin, s.stops(self.case.times))) for s in self.case.stretches]
        plan = [(s, np.repeat(times[:, None], lanes, axis=1)) for s, times in stops]
        engines = [self.integrator(rtol, lanes, k) for k in range(threads)]

        def share(k: int, out: Vector) -> None:
            for first in range(k * lanes, len(whole), threads * lanes):
                rows = slice(first, first + lanes)
                out[rows] = self._batch(engines[k], plan, initial[rows], constants[rows])

        def run() -> Vector:
            out = np.empty((len(whole), len(self.case.times), initial.shape[1]))
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(lambda k: share(k, out), range(threads)))
            return out[:count]

        return run

    def _batch(self, integrator: Any, plan: Any, initial: Vector, constants: Vector) -> Vector:
        scale = self.scale[:, None]
        out = np.empty((len(self.case.times), *scale.shape[:1], len(initial)))
        out[0] = initial.T
        integrator.pars[:], integrator.state[:] = constants.T, initial.T / scale
        integrator.set_time(0.0)
        for s, times in plan:
            integrator.state[s.state] += s.amount / scale[s.state]
            found = integrator.propagate_grid(times)[-1]
            out[s.rows] = found[1 : 1 + s.rows.stop - s.rows.start] * scale
        return out.transpose(2, 0, 1)


def _system(hy: Any, case: Case) -> list[Any]:
    made, scale = equations(case.model), case.typical.scale.tolist()
    variables = [hy.expression(f"y{k}") for k in range(len(scale))]
    known = {s: v * hy.expression(size) for s, v, size in zip(made.states, variables, scale, strict=True)}
    known |= {name: hy.par[k] for k, name in enumerate(made.names)}
    for name, e in made.steps:
        known[name] = translated(hy, e, known)
    slopes = [translated(hy, e, known) / size for e, size in zip(made.ends, scale, strict=True)]
    return list(zip(variables, slopes, strict=True))


def translated(hy: Any, e: Any, known: dict[Any, Any]) -> Any:
    """A sympy expression as heyoka's; products keep their division, which heyoka expands better than a power."""
    if e in known:
        return known[e]
    if e.is_number:
        return hy.expression(float(e))
    above, below = sympy.fraction(e)
    if below != 1:
        return translated(hy, above, known) / translated(hy, below, known)
    parts = [translated(hy, a, known) for a in e.args]
    if isinstance(e, sympy.Add):
        return hy.sum(parts)
    if isinstance(e, sympy.Mul):
        return hy.prod(parts)
    if isinstance(e, sympy.Pow):
        return hy.sqrt(parts[0]) if e.exp == sympy.Rational(1, 2) else parts[0] ** parts[1]
    if isinstance(e, sympy.Max) and e.args[0] == 0:
        return hy.relu(parts[1])
    known_functions = {sympy.exp: hy.exp, sympy.log: hy.log}
    return known_functions[e.func](*parts)
