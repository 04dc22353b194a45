"""From event to event: the solver never has to find a dose, because it stops at each and starts again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..errors import SimulationError
from .compile import Bound, Vector
from .events import TIE, Action
from .steady import steady_state
from .stepping import DEFAULT, Stepper, Stopped, Tolerances

# A steady state is a root, so it is integrated finer than the run it starts.
FINE = Tolerances(1e-10, 1e-12)


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A state of the model at `time` (days), after everything that happens then; `y` follows the model's states."""

    time: float
    y: Vector


def solve(
    bound: Bound,
    actions: Sequence[Action],
    times: Vector,
    engine: str = "scipy",
    tolerances: Tolerances = DEFAULT,
    start: Moment | None = None,
    last_dose: Callable[[float], str] = lambda day: "not known",
) -> tuple[Vector, Vector, Moment]:
    """States before and after what happens at each of `times` (days, ascending), and the state at the end.

    Returns two arrays of shape (times, states) in coherent units. Without `start` the model begins at rest, on day 0
    or earlier if the first dose or time is earlier; with it, only what happens later than `start.time` is applied.
    Raises SimulationError telling the day, the last dose and every state when the solver fails.
    """
    stepper = Stepper(bound, engine, tolerances)
    begin = start.time if start else min([0.0, *times[:1], *(a.time for a in actions[:1])])
    if len(times) and times[0] < begin - TIE:
        raise SimulationError(f"a time of {times[0]:g} d lies before the start on day {begin:g}")
    first = start or Moment(begin, bound.initial)
    coming = [a for a in actions if not start or a.time > begin + TIE]
    rates = _running(bound, actions, begin) if start else np.zeros_like(bound.initial)
    try:
        return _through(stepper, first, rates, coming, times)
    except Stopped as stop:
        day = stop.time / bound.per_day
        raise SimulationError(
            f"the solver '{engine}' stopped on day {day:.6g} ({stop.reason}); last dose: {last_dose(day)}; "
            f"states there: {bound.state_text(stop.y)}; "
            "try --engine scipy-radau, a smaller tolerance, or parameters inside their bounds"
        ) from None


def _through(
    stepper: Stepper, start: Moment, rates: Vector, actions: Sequence[Action], times: Vector
) -> tuple[Vector, Vector, Moment]:
    """Walk the moments in order, recording the samples between them and on both sides of each."""
    y, now, done = start.y, start.time, 0
    before, after = np.empty((len(times), len(y))), np.empty((len(times), len(y)))
    end = max([now, *times[-1:]])
    for time, group in [*_grouped(actions), (math.inf, [])]:
        upto = min(time, end)
        last = len(times) if time > end + TIE else int(np.searchsorted(times, time - TIE))
        y = stepper.advance(y, rates, now, upto, times[done:last], before[done:last])
        after[done:last], now, done = before[done:last], upto, last
        if time > end + TIE:
            break
        tied = int(np.searchsorted(times, time + TIE, side="right"))
        before[done:tied] = y
        y, rates = _apply(stepper, group, y, rates)
        after[done:tied], done = y, tied
    return before, after, Moment(float(now), y)


def _grouped(actions: Sequence[Action]) -> list[tuple[float, list[Action]]]:
    """Actions by moment; what was pending at a moment comes before the records of that moment."""
    groups: list[tuple[float, list[Action]]] = []
    for action in sorted(actions, key=lambda a: a.time):
        if groups and action.time <= groups[-1][0] + TIE:
            groups[-1][1].append(action)
        else:
            groups.append((action.time, [action]))
    return [(time, sorted(group, key=lambda a: a.rank)) for time, group in groups]


def _running(bound: Bound, actions: Sequence[Action], time: float) -> Vector:
    """The infusion rates in force just after `time`."""
    rates = np.zeros_like(bound.initial)
    for action in actions:
        if action.time <= time + TIE:
            rates = np.zeros_like(rates) if action.reset else rates
            rates[action.state] += action.rate
    return rates


def _apply(stepper: Stepper, group: list[Action], y: Vector, rates: Vector) -> tuple[Vector, Vector]:
    """State and rates after everything that happens at one moment."""
    bound, rates = stepper.bound, rates.copy()
    pending: list[Action] = []
    for action in group:
        if action.reset or action.steady:
            y, pending = _added(y, pending), []
        if action.reset:
            y, rates = bound.initial, np.zeros_like(rates)
        if action.steady:
            fine = replace(stepper, tolerances=FINE)
            found = steady_state(bound, action.steady, partial(_plain, fine))
            # Added to what is there: what the regimen adds to rest, or a model with a baseline would count it twice.
            y = found if action.steady.replaces else y + found - bound.initial
        if action.amount:
            pending.append(action)
        if action.rate:
            rates[action.state] += action.rate
    return _added(y, pending), rates


def _added(y: Vector, doses: Sequence[Action]) -> Vector:
    """Doses of one moment added at once, correctly rounded, so that their order cannot matter."""
    y = y.copy()
    for state in {a.state for a in doses}:
        y[state] = math.fsum([float(y[state]), *(a.amount for a in doses if a.state == state)])
    return y


def _plain(stepper: Stepper, y: Vector, rates: Vector, doses: tuple[Action, ...], days: float) -> Vector:
    """The state after `days` of plain doses and infusions, what falls on the end left out."""
    coming = [a for a in doses if a.time == 0 or a.time < days - TIE]
    before, _, _ = _through(stepper, Moment(0.0, y), rates, coming, np.array([days]))
    return np.array(before[0])
