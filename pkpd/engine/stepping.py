"""One of scipy's solvers between two events, with a failure that keeps the time and the last good state."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy import integrate

from . import check_engine
from .compile import Bound
from .events import TIE
from .functions import Vector
from .python import PythonFunctions
from .tolerances import Stopped, Tolerances

SOLVERS: dict[str, Any] = {
    "scipy": integrate.LSODA,
    "scipy-lsoda": integrate.LSODA,
    "scipy-bdf": integrate.BDF,
    "scipy-radau": integrate.Radau,
}
MAX_STEPS = 200_000  # between two events; a year of il2 takes a few hundred
_SOLVER = (ValueError, ArithmeticError, RuntimeError, UnboundLocalError, np.linalg.LinAlgError)


@dataclass(frozen=True, slots=True, eq=False)
class Stepper:
    """A bound model with a solver and tolerances; `advance` integrates it between events."""

    bound: Bound
    engine: str
    tolerances: Tolerances

    def __post_init__(self) -> None:
        check_engine(self.engine)

    def advance(
        self,
        y: Vector,
        rates: Vector,
        begin: float,
        end: float,
        times: Sequence[float] | Vector = (),
        out: Vector | None = None,
    ) -> Vector:
        """The state on day `end` from `y` on day `begin` with constant infusion rates; states at `times` go to `out`.

        Raises Stopped when the solver fails or a state is no longer finite.
        """
        day, sample = self.bound.per_day, 0
        if end - begin <= TIE:
            if out is not None:
                out[:] = y
            return y
        run, good = self._started(y, rates, begin * day, end * day), y
        for _ in range(MAX_STEPS):
            good = _step(run, good)
            if out is not None and sample < len(times) and times[sample] * day <= run.t:
                dense = run.dense_output()
                while sample < len(times) and times[sample] * day <= run.t:
                    out[sample] = dense(times[sample] * day)
                    sample += 1
            if run.status == "finished":
                break
        else:
            raise Stopped(float(run.t), good, f"more than {MAX_STEPS} steps")
        if out is not None:
            out[sample:] = good
        return np.array(good)

    def _started(self, y: Vector, rates: Vector, begin: float, end: float) -> Any:
        """A solver at model time `begin`. Arithmetic that fails becomes NaN, which `advance` reports."""
        p, functions = self.bound.p, cast(PythonFunctions, self.bound.functions)

        def slopes(t: float, y: Vector) -> Vector:
            return functions.rhs(t, y.tolist(), p) + rates

        def jacobian(t: float, y: Vector) -> Vector:
            return functions.jacobian(t, y.tolist(), p)

        absolute = self.tolerances.absolute * self.bound.scale
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return SOLVERS[self.engine](
                    slopes, begin, y, end, rtol=self.tolerances.relative, atol=absolute, jac=jacobian
                )
            except ValueError as error:
                raise Stopped(begin, y, str(error)) from None


def _step(run: Any, good: Vector) -> Vector:
    """The state after one step; Stopped, with the last good state, when the solver fails."""
    before = float(run.t)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            message = run.step()
        except _SOLVER as error:  # scipy's implicit solvers raise on numbers that are not finite
            raise Stopped(before, good, str(error)) from None
    if run.status == "failed":
        raise Stopped(before, good, str(said[-1].message) if said else message or "it gave no reason")
    if not np.all(np.isfinite(run.y)):
        raise Stopped(before, good, "a state is no longer finite")
    return np.asarray(run.y)
