"""What happens to a patient, laid out as arrays for the kernel: stops, and what is set, added and infused at each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .events import TIE, Action, Steady
from .functions import Vector
from .infusions import Infusions, grouped, switched, total

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The stops of patients who share their order, in model time and coherent units; first axis: patients.

    At stop k the state becomes vector `stop_set[k]` (unless -1), then amounts `stop_add[k]` to `stop_add[k + 1]` enter
    the states `add_state`, then the rates of segment k + 1 run; segment 0 is before the first stop.
    """

    stop_time: Vector
    stop_set: Whole
    stop_add: Whole
    add_state: Whole
    add_amount: Vector
    rate: Vector
    vectors: Vector

    def repeated(self, patients: int) -> Plan:
        """The plan of one patient for as many."""
        names = ("stop_time", "add_amount", "rate", "vectors")
        return replace(self, **{name: np.repeat(getattr(self, name), patients, axis=0) for name in names})

    @property
    def shape(self) -> tuple[bytes, ...]:
        """What patients must share to be stepped by the same plan."""
        return tuple(part.tobytes() for part in (self.stop_set, self.stop_add, self.add_state))


def plan_of(
    actions: Sequence[Action],
    running: Infusions,
    initial: Vector,
    entered: Sequence[int],
    per_day: float,
    until: float,
    steady: Callable[[Steady, float], Vector],
) -> Plan:
    """The plan of one patient: what happens up to day `until`, while `running` infusions run from the beginning.

    `entered` are the states that can be infused; `steady` finds the state of a steady-state record of a day.
    """
    times, sets, adds, vectors = [], [], [], list[Vector]()
    rates = [_rates(running, initial, entered)]
    for day, group in grouped([a for a in actions if a.time <= until + TIE]):
        start, added, running = _composed(group, running, initial, steady)
        times.append(day * per_day)
        sets.append(-1 if start is None else len(vectors))
        vectors += [] if start is None else [start]
        adds.append(added)
        rates.append(_rates(running, initial, entered))
    return laid_out(times, sets, adds, rates, vectors, len(initial))


def laid_out(
    times: Sequence[float],
    sets: Sequence[int],
    adds: Sequence[Sequence[tuple[int, float]]],
    rates: Sequence[Vector],
    vectors: Sequence[Vector],
    states: int,
) -> Plan:
    """The plan of one patient from lists with one entry a stop (rates: one more); `adds` are (state, amount)."""
    added = [entry for stop in adds for entry in stop]
    return Plan(
        stop_time=np.array([times], dtype=float),
        stop_set=np.array(sets, dtype=np.int64),
        stop_add=np.cumsum([0, *map(len, adds)]).astype(np.int64),
        add_state=np.array([state for state, _ in added], dtype=np.int64),
        add_amount=np.array([[amount for _, amount in added]], dtype=float),
        rate=np.array([rates], dtype=float),
        vectors=np.array([vectors], dtype=float).reshape(1, len(vectors), states),
    )


def _rates(running: Infusions, initial: Vector, entered: Sequence[int]) -> Vector:
    return total(running, len(initial))[list(entered)] if running else np.zeros(len(entered))


def _composed(
    group: Sequence[Action], running: Infusions, initial: Vector, steady: Callable[[Steady, float], Vector]
) -> tuple[Vector | None, list[tuple[int, float]], Infusions]:
    """Everything at one moment as one: the state it sets, if it does; what it adds to each state; what runs then."""
    start: Vector | None = None
    added: list[tuple[int, float]] = []
    for action in group:
        if action.reset:
            start, added, running = initial if action.begin is None else action.begin, [], ()
        if action.steady:
            found = steady(action.steady, action.time)
            if action.steady.replaces:
                start, added = found, []
            else:  # what the regimen adds to rest, or a model with a baseline would count that twice
                added += [(k, float(change)) for k, change in enumerate(found - action.steady.bound.initial)]
        if action.amount:
            added.append((action.state, action.amount))
        running = switched(running, action)
    # correctly rounded, so that the order of doses cannot matter
    sums = [(state, math.fsum(a for s, a in added if s == state)) for state in sorted({s for s, _ in added})]
    return start, sums, running
