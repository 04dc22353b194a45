"""What happens to a patient, and how fast it moves along a parameter: doses carry lag and bioavailability."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..dosing.dose import Dose
from ..dosing.given import body_scale
from ..dosing.schedule import Schedule
from ..errors import SimulationError
from ..units import coherent_factor
from .compile import Bound
from .events import TIE, Action, Delivery, deliver
from .functions import ROUTE, Vector
from .infusions import grouped
from .plan import Plan, laid_out

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
    """The actions of a schedule with how they move, for routes whose numbers move by `routes`;
    those at one time in the order in which they part.

    Follows `events.actions` dose by dose, since which action is which cannot be told from lists sorted by time. Raises
    SimulationError for a steady-state record, whose state this does not follow.
    """
    near = [_shifted(bound, routes, sign * SHARE) for sign in (1, -1)]
    found = list[Moved]()
    for dose in schedule.doses:
        if dose.status == "missed":
            continue
        if dose.steady_state:
            raise SimulationError("steady-state records have no forward sensitivities; use method='differences'")
        if dose.reset:
            found = [m for m in found if m.action.time < float(dose.time) - TIE]
            found.append(Moved(Action(float(dose.time), reset=True, rank=1)))
        if dose.gives:
            body = float(body_scale(dose, *size))
            found += _moved_dose(dose, *(deliver(b, dose, body) for b in (bound, *near)))
    return sorted(found, key=lambda m: (m.action.time, m.action.rank, m.time))


def _moved_dose(dose: Dose, here: Delivery, up: Delivery, down: Delivery) -> Iterator[Moved]:
    """What one record brings, from its delivery and from those beside it."""
    names = ("lag", "amount", "rate", "duration")
    lag, amount, rate, duration = ((getattr(up, k) - getattr(down, k)) / (2 * SHARE) for k in names)
    for k in range(dose.additional + 1):
        start, rank = float(dose.time + k * dose.interval) + here.lag, int(k == 0 and here.lag == 0)
        if here.duration == 0:
            yield Moved(Action(start, here.state, amount=here.amount, rank=rank), lag, amount=amount)
        else:
            yield Moved(Action(start, here.state, rate=here.rate, rank=rank), lag, rate=rate)
            yield Moved(Action(start + here.duration, here.state, rate=-here.rate), lag + duration, rate=-rate)


def _shifted(bound: Bound, routes: Vector, share: float) -> Bound:
    """The bound model with its routes moved a little."""
    changed = []
    for route, (bioavailability, lag, content, rate, duration) in zip(
        bound.routes, routes.reshape(-1, ROUTE), strict=True
    ):
        changed.append(
            replace(
                route,
                bioavailability=route.bioavailability + share * bioavailability,
                lag=route.lag + share * lag / bound.per_day,
                content=route.content + share * content * coherent_factor(route.unit, bound.model.time),
                rate=route.rate + share * rate / coherent_factor(route.unit, bound.model.time),
                duration=route.duration + share * duration / bound.per_day,
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
    return laid_out(times, sets, adds, rates, vectors, 2 * n), np.array([speeds], dtype=float)


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
    doses = [m for m in together[last + 1 :] if m.action.amount or m.amount]  # a share of 0 may still grow
    states = sorted({m.action.state for m in doses})
    amounts = [(s, math.fsum(m.action.amount for m in doses if m.action.state == s)) for s in states]
    return amounts + [(n + s, math.fsum(m.amount for m in doses if m.action.state == s)) for s in states]


def _switched(running: list[Moved], together: Sequence[Moved]) -> list[Moved]:
    """The infusions that run after what happens at one moment."""
    for m in together:
        entering = m.action.rate or m.rate
        if entering > 0:
            running = [*running, m]
        elif entering < 0:
            wanted = (m.action.state, -m.action.rate, -m.rate)
            own = next((r for r in running if (r.action.state, r.action.rate, r.rate) == wanted), None)
            running = [r for r in running if r is not own]
    return running


def _rates(running: Sequence[Moved], entered: Sequence[int]) -> Vector:
    own = [math.fsum(m.action.rate for m in running if m.action.state == s) for s in entered]
    return np.array(own + [math.fsum(m.rate for m in running if m.action.state == s) for s in entered])
