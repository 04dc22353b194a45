"""Periodic steady state: the state that one dosing interval maps onto itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import SimulationError
from .compile import Bound, Vector
from .events import Action, Steady

# state, running rates, actions, days -> state at the end
Advance = Callable[[Vector, Vector, tuple[Action, ...], float], Vector]

# The largest change over one interval, relative to each state's size, that counts as periodic: well above the 1e-10 the
# integration runs at here, well below anything an output shows.
PERIODIC = 1e-7


def steady_state(bound: Bound, steady: Steady, advance: Advance) -> Vector:
    """The state `steady.phase` days after an arrival in the periodic regime; SimulationError when none is found.

    Solves period(y) = y for the state just before an arrival with scipy's hybrid method, started a few intervals from
    rest.
    """
    from scipy.optimize import root

    overlap = max(math.ceil(steady.duration / steady.interval) - 1, 0)
    running = np.zeros_like(bound.initial)
    running[steady.state] = overlap * steady.rate
    arrival = _arrival(steady, steady.duration - overlap * steady.interval)

    def period(y: Vector) -> Vector:
        return advance(y, running, arrival, steady.interval)

    y = bound.initial
    for _ in range(5):
        y = period(y)
    size = np.maximum(np.abs(y), bound.scale)

    def mismatch(z: Any) -> Any:
        return (period(z * size) - z * size) / size

    solution = root(mismatch, y / size, method="hybr", options={"eps": 1e-9, "xtol": 1e-11})
    y = np.asarray(solution.x * size)
    change = np.abs(period(y) - y) / np.maximum(np.abs(y), bound.scale)
    if not np.all(change < PERIODIC):
        worst = bound.model.states[int(np.argmax(np.nan_to_num(change, nan=np.inf)))].name
        raise SimulationError(
            f"no steady state was found for a dose every {steady.interval:g} d: '{worst}' still changes from one "
            "interval to the next; give the doses themselves instead"
        )
    return advance(y, running, arrival, steady.phase) if steady.phase else y


def _arrival(steady: Steady, remainder: float) -> tuple[Action, ...]:
    if steady.duration == 0:
        return (Action(0.0, steady.state, amount=steady.amount),)
    begin = Action(0.0, steady.state, rate=steady.rate)
    return (begin, Action(remainder, steady.state, rate=-steady.rate))
