"""CyRK (Runge-Kutta pairs in C++) over a right-hand side compiled by numba; the loop over doses is compiled too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from .cases import ABSOLUTE, Case, Patient, Vector
from .equations import equations
from .numba_source import marks, source

METHOD = "TSIT5"


class Cyrk:
    """One compiled right-hand side; each state has its own absolute tolerance."""

    name = f"CyRK {METHOD}"

    def __init__(self, case: Case) -> None:
        from CyRK import nb_diffeq_addr  # type: ignore[import-not-found, unused-ignore]

        self.case, self.made, self.marks = case, equations(case.model), marks(case)
        self.address = nb_diffeq_addr(source(case.model, "dy, time, y, k").slopes)
        self.loop = _loop()

    def one(self, patient: Patient, rtol: float) -> Callable[[], Vector]:
        """A call without arguments that simulates the patient: states of shape (times, states)."""
        constants, atol = self.made.constants(patient.p), rtol * ABSOLUTE * patient.scale
        relative = np.full(len(atol), rtol)
        inputs = (self.address, METHOD, self.case.times, self.marks, patient.initial, constants, relative, atol)
        return lambda: np.asarray(self.loop(*inputs))

    def many(self, patients: Iterable[Patient], rtol: float) -> Callable[[], list[Vector]]:
        """The patients one after the other."""
        runs = [self.one(p, rtol) for p in patients]
        return lambda: [run() for run in runs]


@lru_cache(maxsize=1)
def _loop() -> Any:
    """The compiled walk from dose to dose."""
    from CyRK import nbsolve2_ivp
    from numba import njit  # type: ignore[import-not-found, unused-ignore]

    def walk(address, method, times, marks, initial, constants, rtol, atol):  # type: ignore[no-untyped-def]
        begin, end, low, high, state, amount = marks
        y, out = initial.copy(), np.full((len(times), len(initial)), np.nan)
        out[0] = y
        for j in range(len(begin)):
            y[state[j]] += amount[j]
            n = high[j] - low[j]
            stops = np.empty(n + 1)
            stops[:n] = times[low[j] : high[j]]
            stops[n] = end[j]
            if n > 0 and stops[n - 1] == end[j]:
                stops = stops[:n]
            span = (begin[j], end[j])
            found = nbsolve2_ivp(address, span, y, method, stops, False, constants, 1e-3, 1e-6, rtol, atol)
            if not found.success:
                found.free()
                break
            out[low[j] : high[j]] = found.y[:, :n].T
            y = found.y[:, len(stops) - 1].copy()
            found.free()
        return out

    return njit(walk)
