"""From event to event: the solver never has to find a dose, because it stops at each and starts again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..errors import SimulationError
from .compile import Bound, Vector
from .events import TIE, Action, Steady
from .steady import steady_state
from .stepping import DEFAULT, Stepper, Stopped, Tolerances

# A steady state is a root, so it is integrated finer than the run it starts.
FINE = Tolerances(1e-10, 1e-12)
Infusions = tuple[Action, ...]


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
    if len(first.y) != len(bound.initial):
        raise SimulationError(f"the start has {len(first.y)} states and model {bound.model.name} {len(bound.initial)}")
    coming = [a for a in actions if not start or a.time > begin]
    running = _running(actions, begin) if start else ()
    try:
        return _through(stepper, first, running, coming, times)
    except Stopped as stop:
        day = stop.time / bound.per_day
        raise SimulationError(
            f"the solver '{engine}' stopped on day {day:.6g} ({stop.reason}); last dose: {last_dose(day)}; "
            f"states there: {bound.state_text(stop.y)}; "
            "try --engine scipy-radau, a smaller tolerance, or parameters inside their bounds"
        ) from None


def _through(
    stepper: Stepper, start: Moment, running: Infusions, actions: Sequence[Action], times: Vector
) -> tuple[Vector, Vector, Moment]:
    """Walk the moments in order, recording the samples between them and on both sides of each."""
    y, now, done = start.y, start.time, 0
    before, after = np.empty((len(times), len(y))), np.empty((len(times), len(y)))
    end, happened = max([now, *times[-1:]]), now
    for time, group in [*_grouped(actions), (math.inf, [])]:
        upto = min(time, end)
        last = len(times) if time > end + TIE else int(np.searchsorted(times, time - TIE))
        rates = _total(running, len(y))
        y = stepper.advance(y, rates, now, upto, times[done:last], before[done:last])
        after[done:last], now, done = before[done:last], upto, last
        if time > end + TIE:
            break
        tied = int(np.searchsorted(times, time + TIE, side="right"))
        before[done:tied] = y
        y, running = _apply(stepper, group, y, running)
        happened = max(a.time for a in group)
        after[done:tied], done = y, tied
    # A restart leaves out exactly what has happened, which may lie a rounding after the last time asked for.
    return before, after, Moment(float(max(end, happened)), y)


def _grouped(actions: Sequence[Action]) -> list[tuple[float, list[Action]]]:
    """Actions by moment; what was pending at a moment comes before the records of that moment."""
    groups: list[tuple[float, list[Action]]] = []
    for action in sorted(actions, key=lambda a: a.time):
        if groups and action.time <= groups[-1][0] + TIE:
            groups[-1][1].append(action)
        else:
            groups.append((action.time, [action]))
    return [(time, sorted(group, key=lambda a: a.rank)) for time, group in groups]


def _running(actions: Sequence[Action], time: float) -> Infusions:
    """The infusions that run just after `time`."""
    running: Infusions = ()
    for _, group in _grouped([a for a in actions if a.time <= time]):
        for action in group:
            running = _switched(() if action.reset else running, action)
    return running


def _switched(running: Infusions, action: Action) -> Infusions:
    """The running infusions after one that starts, or stops the one it belongs to."""
    if action.rate > 0:
        return (*running, action)
    if action.rate < 0:
        own = next((k for k, a in enumerate(running) if a.state == action.state and a.rate == -action.rate), None)
        return running if own is None else running[:own] + running[own + 1 :]
    return running


def _total(running: Infusions, states: int) -> Vector:
    """The rate into each state, correctly rounded, so that the order of infusions cannot matter."""
    return np.array([math.fsum(a.rate for a in running if a.state == k) for k in range(states)])


def _apply(stepper: Stepper, group: list[Action], y: Vector, running: Infusions) -> tuple[Vector, Infusions]:
    """State and infusions after everything that happens at one moment."""
    pending: list[Action] = []
    for action in group:
        if action.reset or action.steady:
            y, pending = _added(y, pending), []
        if action.reset:
            y, running = stepper.bound.initial, ()
        if action.steady:
            y = _steady(stepper, action.steady, action.time, y)
        if action.amount:
            pending.append(action)
        running = _switched(running, action)
    return _added(y, pending), running


def _steady(stepper: Stepper, steady: Steady, day: float, y: Vector) -> Vector:
    """The state after a steady-state record on `day`."""
    bound, fine = stepper.bound, replace(stepper, tolerances=FINE)
    try:
        found = steady_state(bound, steady, partial(_plain, fine))
    except Stopped as stop:
        raise Stopped(day * bound.per_day, stop.y, f"looking for the steady state: {stop.reason}") from None
    # Added to what is there is what the regimen adds to rest, or a model with a baseline would count that twice.
    return found if steady.replaces else y + found - bound.initial


def _added(y: Vector, doses: Sequence[Action]) -> Vector:
    """Doses of one moment added at once, correctly rounded, so that their order cannot matter."""
    y = y.copy()
    for state in {a.state for a in doses}:
        y[state] = math.fsum([float(y[state]), *(a.amount for a in doses if a.state == state)])
    return y


def _plain(stepper: Stepper, y: Vector, running: Infusions, doses: tuple[Action, ...], days: float) -> Vector:
    """The state after `days` of plain doses and infusions, what falls on the end left out."""
    coming = [a for a in doses if a.time == 0 or a.time < days - TIE]
    before, _, _ = _through(stepper, Moment(0.0, y), running, coming, np.array([days]))
    return np.array(before[0])
