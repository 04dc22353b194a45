"""numbalsoda (LSODA in C++) over a right-hand side compiled by numba; the loop over doses is compiled too.

It takes one absolute tolerance, so the states are scaled like heyoka's. It needs a Fortran compiler to be installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from .cases import ABSOLUTE, Case, Patient, Vector
from .equations import equations
from .numba_source import marks, source


class Numbalsoda:
    """One compiled right-hand side."""

    name = "numbalsoda"

    def __init__(self, case: Case) -> None:
        from numba import cfunc  # type: ignore[import-not-found, unused-ignore]
        from numbalsoda import lsoda_sig  # type: ignore[import-not-found, unused-ignore]

        self.case, self.made, self.scale = case, equations(case.model), case.typical.scale
        slopes = source(case.model, "time, y, dy, k", self.scale).slopes
        self.function = cfunc(lsoda_sig)(slopes)
        begin, end, low, high, state, amount = marks(case)
        self.marks = (begin, end, low, high, state, amount / self.scale[state])
        self.loop = _loop()

    def one(self, patient: Patient, rtol: float) -> Callable[[], Vector]:
        """A call without arguments that simulates the patient: states of shape (times, states)."""
        constants, address, scale = self.made.constants(patient.p), self.function.address, self.scale
        inputs = (address, self.case.times, self.marks, patient.initial / scale, constants, rtol, rtol * ABSOLUTE)
        return lambda: np.asarray(self.loop(*inputs) * scale)

    def many(self, patients: Iterable[Patient], rtol: float) -> Callable[[], list[Vector]]:
        """The patients one after the other."""
        runs = [self.one(p, rtol) for p in patients]
        return lambda: [run() for run in runs]


@lru_cache(maxsize=1)
def _loop() -> Any:
    """The compiled walk from dose to dose."""
    from numba import njit
    from numbalsoda import lsoda

    def walk(address, times, marks, initial, constants, rtol, atol):  # type: ignore[no-untyped-def]
        begin, end, low, high, state, amount = marks
        y, out = initial.copy(), np.full((len(times), len(initial)), np.nan)
        out[0] = y
        for j in range(len(begin)):
            y[state[j]] += amount[j]
            n = high[j] - low[j]
            stops = np.empty(n + 2)
            stops[0] = begin[j]
            stops[1 : n + 1] = times[low[j] : high[j]]
            stops[n + 1] = end[j]
            if n > 0 and stops[n] == end[j]:
                stops = stops[: n + 1]
            found, success = lsoda(address, y, stops, constants, rtol, atol)
            if not success:
                break
            out[low[j] : high[j]] = found[1 : n + 1]
            y = found[-1].copy()
        return out

    return njit(walk)
