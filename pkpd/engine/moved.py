"""What happens to a patient, and how fast it moves along a parameter: doses carry lag and bioavailability."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..dosing.schedule import Schedule
from ..errors import SimulationError
from ..units import coherent_factor
from .compile import Bound
from .events import Action, actions
from .functions import Vector
from .infusions import grouped
from .plan import Plan

# Times and amounts are products and quotients of what routes hold, so central differences over this share of it are
# exact to about its square, and rounding costs no more.
SHARE = 1e-5


@dataclass(frozen=True, slots=True)
class Moved:
    """An action, and how fast its time (days), amount and rate move along one parameter."""

    action: Action
    time: float = 0.0
    amount: float = 0.0
    rate: float = 0.0


def moved_actions(
    bound: Bound, schedule: Schedule, size: tuple[float | None, float | None], routes: Vector
) -> list[Moved]:
    """The actions of a schedule with how they move, for routes whose (bioavailability, lag, content) move by `routes`.

    Raises SimulationError for a steady-state record, whose state this does not follow.
    """
    found = actions(bound, schedule, *size)
    if any(a.steady for a in found):
        raise SimulationError("steady-state records have no forward sensitivities; use method='differences'")
    if not np.any(routes):
        return [Moved(a) for a in found]
    up, down = (actions(_shifted(bound, routes, sign * SHARE), schedule, *size) for sign in (1, -1))
    if not len(up) == len(found) == len(down):
        raise SimulationError("the doses of this schedule change their order with the parameter; use differences")
    moved = []
    for now, more, less in zip(found, up, down, strict=True):
        time, amount, rate = ((getattr(more, k) - getattr(less, k)) / (2 * SHARE) for k in ("time", "amount", "rate"))
        moved.append(Moved(now, time, amount, rate))
    return moved


def _shifted(bound: Bound, routes: Vector, share: float) -> Bound:
    """The bound model with its routes moved a little; a lag stays at 0 or above."""
    changed = []
    for route, (bioavailability, lag, content) in zip(bound.routes, routes.reshape(-1, 3), strict=True):
        changed.append(
            replace(
                route,
                bioavailability=route.bioavailability + share * bioavailability,
                lag=route.lag + share * lag / bound.per_day,
                content=route.content + share * content * coherent_factor(route.unit, bound.model.time),
            )
        )
    return replace(bound, routes=tuple(changed))


def moved_plan(
    moved: Sequence[Moved], initial: Vector, entered: Sequence[int], per_day: float, until: float
) -> tuple[Plan, Vector]:
    """The plan of a sensitive program along one parameter, and how fast its stops move (model time).

    `initial` holds the states at rest and then how they move. What happens at one time but moves at different speeds
    becomes stops of its own.
    """
    n = len(initial) // 2
    times, sets, adds, speeds = [], [], [], []
    rates, running, vectors = [np.zeros(2 * len(entered))], list[Moved](), list[Vector]()
    known = {id(m.action): m for m in moved}
    for day, group in grouped([m.action for m in moved if m.action.time <= until]):
        for together in _by_speed([known[id(a)] for a in group]):
            start = any(m.action.reset for m in together)
            running = _switched([] if start else running, together)
            times.append(day * per_day)
            speeds.append(together[0].time * per_day)
            sets.append(len(vectors) if start else -1)
            vectors += [initial] if start else []
            adds.append(_added(together, n))
            rates.append(_rates(running, entered))
    plan = Plan(
        stop_time=np.array([times], dtype=float),
        stop_set=np.array(sets, dtype=np.int64),
        stop_add=np.cumsum([0, *map(len, adds)]).astype(np.int64),
        add_state=np.array([s for added in adds for s, _ in added], dtype=np.int64),
        add_amount=np.array([[a for added in adds for _, a in added]], dtype=float),
        rate=np.array([rates], dtype=float),
        vectors=np.array([vectors], dtype=float).reshape(1, len(vectors), 2 * n),
    )
    return plan, np.array([speeds], dtype=float)


def _by_speed(group: Sequence[Moved]) -> list[list[Moved]]:
    """Neighbours that move at one speed."""
    parts: list[list[Moved]] = []
    for m in group:
        if parts and parts[-1][0].time == m.time:
            parts[-1].append(m)
        else:
            parts.append([m])
    return parts


def _added(together: Sequence[Moved], n: int) -> list[tuple[int, float]]:
    """What is added to each state, and to how it moves; what a reset of the same moment wipes out is left out."""
    last = max((k for k, m in enumerate(together) if m.action.reset), default=-1)
    doses = [m for m in together[last + 1 :] if m.action.amount]
    states = sorted({m.action.state for m in doses})
    amounts = [(s, math.fsum(m.action.amount for m in doses if m.action.state == s)) for s in states]
    return amounts + [(n + s, math.fsum(m.amount for m in doses if m.action.state == s)) for s in states]


def _switched(running: list[Moved], together: Sequence[Moved]) -> list[Moved]:
    """The infusions that run after what happens at one moment."""
    for m in together:
        if m.action.rate > 0:
            running = [*running, m]
        elif m.action.rate < 0:
            ended = (r for r in running if r.action.state == m.action.state and r.action.rate == -m.action.rate)
            own = next(ended, None)
            running = [r for r in running if r is not own]
    return running


def _rates(running: Sequence[Moved], entered: Sequence[int]) -> Vector:
    own = [math.fsum(m.action.rate for m in running if m.action.state == s) for s in entered]
    return np.array(own + [math.fsum(m.rate for m in running if m.action.state == s) for s in entered])
