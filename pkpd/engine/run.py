"""The kernel called: patients who share a plan, in one batch or one by one, with the same bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .code.machine import kernel
from .code.memory import ARRAYS, SIZES, WHOLE, WIDTH
from .events import TIE
from .functions import Vector
from .native import NativeFunctions
from .plan import Plan, Whole
from .tolerances import Tolerances

MAX_STEPS = 1_000_000  # of one patient; 24 weeks of il2 take about three thousand
_LANES = 8  # numbers the kernel keeps for each lane, of each kind, rounded up


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows wanted: `times` in days, in any order, and `post`: 1 where a row is wanted after what happens then, or 0."""

    times: Vector
    post: Whole


@dataclass(frozen=True, slots=True, eq=False)
class Patients:
    """Numbers of patients to be stepped, one row each: parameters of the program, states and day at the beginning,
    scales of the states.
    """

    p: Vector
    y: Vector
    scale: Vector
    begin: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What the kernel returns, one row a patient: `states` as (patients, states, rows padded to whole vectors), the
    last state and time, and (outcome, steps, rejected steps).
    """

    states: Vector
    final: Vector
    status: Whole


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A call of the kernel, prepared: the arrays it reads stay as they are, and each `run` makes new results."""

    functions: NativeFunctions
    arrays: dict[str, Vector | Whole]
    end: float
    tie: float

    def run(self) -> Solved:
        """Step every patient to the end; lets go of Python's lock meanwhile."""
        code, sizes = self.functions.code, dict(zip(SIZES, self.arrays["sizes"].tolist(), strict=True))
        n, items, w = sizes["states"], sizes["items"], sizes["width"]
        found = {
            "out": np.empty((items, n, sizes["padded"])),
            "final": np.empty((items, n + 1)),
            "status": np.empty((items, 3), dtype=np.int64),
            "ws": _aligned(code.layout.size * w),
            "whole": np.empty(_LANES * w, dtype=np.int64),
            "real": np.empty(_LANES * w),
        }
        found["ws"][code.layout.offset("rtol") * w :][:w] = self.arrays["rtol"]
        arrays = self.arrays | found
        result = np.empty(2, dtype=np.int64)  # numba's own two: a value, and an exception that cannot happen
        _, run = kernel()
        addresses = code.address("step", w), code.address("slopes", w)
        pointers = [arrays[name].ctypes.data for name in ARRAYS]
        run(result.ctypes.data, result[1:].ctypes.data, *addresses, self.end, self.tie, *pointers)
        return Solved(found["out"], found["final"], found["status"])


def prepare(
    functions: NativeFunctions,
    patients: Patients,
    plan: Plan,
    rows: Rows,
    end: float,
    per_day: float,
    tolerances: Tolerances,
    moves: Vector | None = None,
) -> Job:
    """The call for patients who share a plan, for `rows` in ascending order, up to day `end`; `moves` says how fast the
    stops of a sensitive program move.
    """
    items, stops = plan.stop_time.shape
    arrays: dict[str, Vector | Whole] = {
        "sizes": _sizes(functions, plan, len(rows.times)),
        "rtol": np.array([tolerances.relative]),
        "p": patients.p,
        "y": patients.y,
        "atol": patients.scale * tolerances.absolute,
        "begin": patients.begin * per_day,
        "row_time": rows.times * per_day,
        "row_post": rows.post,
        "stop_time": plan.stop_time,
        "stop_set": plan.stop_set,
        "stop_add": plan.stop_add,
        "add_state": plan.add_state,
        "add_amount": plan.add_amount,
        "rate": plan.rate,
        "moves": np.zeros((items, stops)) if moves is None else moves,
        "vectors": plan.vectors,
    }
    packed = {name: _whole(values) if name in WHOLE else _real(values) for name, values in arrays.items()}
    return Job(functions, packed, end * per_day, TIE * per_day)


def _sizes(functions: NativeFunctions, plan: Plan, rows: int) -> Whole:
    layout, (items, stops) = functions.code.layout, plan.stop_time.shape
    counted = {
        "width": WIDTH if items > 1 else 1,  # one patient is stepped by itself, with the same bits
        "states": layout.states,
        "moved": layout.moved,
        "parameters": layout.parameters,
        "rates": layout.rates,
        "items": items,
        "rows": rows,
        "padded": -(-rows // WIDTH) * WIDTH,
        "stops": stops,
        "adds": plan.add_amount.shape[1],
        "vectors": plan.vectors.shape[1],
        "most": MAX_STEPS,
    }
    return np.array([counted[name] for name in SIZES])


def _aligned(size: int) -> Vector:
    """Ones that begin where a cache line begins, so that no vector lies across two."""
    raw = np.ones(size + 8)
    return raw[-raw.ctypes.data % 64 // 8 :][:size]


def _real(values: Vector | Whole) -> Vector | Whole:
    return np.ascontiguousarray(values, dtype=np.float64)


def _whole(values: Vector | Whole) -> Vector | Whole:
    return np.ascontiguousarray(values, dtype=np.int64)
