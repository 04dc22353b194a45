"""Periodic steady state: the state that one dosing interval maps onto itself."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..errors import SimulationError
from .compile import Bound
from .events import Action, Steady
from .functions import Vector
from .tolerances import Stopped

# states (one a row), infusions running throughout, actions, days -> states at the end
Advance = Callable[[Vector, tuple[Action, ...], tuple[Action, ...], float], Vector]

# Changes over one interval, relative to each state's size. PERIODIC counts as periodic: well above the 1e-10 the
# integration runs at here, well below anything an output shows. NEAR is close enough for Newton's method to converge
# rather than wander where the model has no meaning.
PERIODIC = 1e-7
NEAR = 1e-3
MOST = 2000  # intervals
# Newton's method: steps at most; the share of a state's size that a step may still be at the end; and that over which
# differences are taken, large beside the error of the integration and small beside what bends.
NEWTON = 10
SETTLED = 1e-9
NUDGE = 1e-6


def steady_state(bound: Bound, steady: Steady, advance: Advance) -> Vector:
    """The state `steady.phase` days after an arrival in the periodic regime; SimulationError when none is found.

    Intervals are simulated from rest until little changes; then Newton's method solves period(y) = y for the state
    just before an arrival. Where that fails, simulating goes on.
    """
    overlap = max(math.ceil(steady.duration / steady.interval) - 1, 0)
    running = (Action(0.0, steady.state, rate=steady.rate),) * overlap
    arrival = _arrival(steady, steady.duration - overlap * steady.interval)

    def period(y: Vector) -> Vector:
        return advance(y, running, arrival, steady.interval)

    y, goal = bound.initial, NEAR
    for _ in range(MOST):
        before, y = y, period(y[None])[0]
        change = _change(bound, before, y)
        if np.all(change < goal):
            found = _root(bound, period, y)
            if found is not None or goal == PERIODIC:
                y = y if found is None else found
                return advance(y[None], running, arrival, steady.phase)[0] if steady.phase else y
            goal = PERIODIC
    worst = bound.model.states[int(np.argmax(np.nan_to_num(change, nan=np.inf)))].name
    raise SimulationError(
        f"no steady state was found for a dose every {steady.interval:g} d: '{worst}' still changes from one interval "
        f"to the next after {MOST} of them; give the doses themselves instead"
    )


def _root(bound: Bound, period: Callable[[Vector], Vector], y: Vector) -> Vector | None:
    """The fixed point near y by Newton's method, or None when it leaves the model or the result is not periodic.

    The derivatives of an interval are differences, of which a compiled engine takes all in one batch.
    """
    size, n = np.maximum(np.abs(y), bound.scale), len(y)
    try:
        for _ in range(NEWTON):
            after = period(np.vstack([y, y + np.diag(NUDGE * size)]))
            moved = (after[1:] - after[0]).T / (NUDGE * size)
            step = np.linalg.solve(np.eye(n) - moved, after[0] - y)
            y = y + step
            if np.all(np.abs(step) < SETTLED * size):
                break
        return y if np.all(_change(bound, y, period(y[None])[0]) < PERIODIC) else None
    except (Stopped, np.linalg.LinAlgError):
        return None


def _change(bound: Bound, before: Vector, after: Vector) -> Vector:
    return np.abs(after - before) / np.maximum(np.abs(after), bound.scale)


def _arrival(steady: Steady, remainder: float) -> tuple[Action, ...]:
    if steady.duration == 0:
        return (Action(0.0, steady.state, amount=steady.amount),)
    begin = Action(0.0, steady.state, rate=steady.rate)
    return (begin, Action(remainder, steady.state, rate=-steady.rate))
