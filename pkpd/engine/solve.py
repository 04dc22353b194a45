"""From event to event with scipy: a solver never has to find a dose, because it stops at each and starts again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from .events import TIE, Action, Moment, Steady
from .functions import Vector
from .infusions import Infusions, grouped, switched, total
from .steady import steady_state
from .stepping import Stepper
from .tolerances import FINE, Stopped


def through(
    stepper: Stepper, start: Moment, running: Infusions, actions: Sequence[Action], times: Vector
) -> tuple[Vector, Vector, Moment]:
    """States before and after what happens at each of `times` (days, ascending), each of shape (times, states) in
    coherent units, and the state at the end.

    Walks the moments in order, recording the samples between them and on both sides of each; raises Stopped.
    """
    y, now, done = start.y, start.time, 0
    before, after = np.empty((len(times), len(y))), np.empty((len(times), len(y)))
    end, happened = max([now, *times[-1:]]), now
    for time, group in [*grouped(actions), (math.inf, [])]:
        upto = min(time, end)
        last = len(times) if time > end + TIE else int(np.searchsorted(times, time - TIE))
        rates = total(running, len(y))
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


def _apply(stepper: Stepper, group: list[Action], y: Vector, running: Infusions) -> tuple[Vector, Infusions]:
    """State and infusions after everything that happens at one moment."""
    pending: list[Action] = []
    for action in group:
        if action.reset or action.steady:
            y, pending = _added(y, pending), []
        if action.reset:
            y, running = stepper.bound.initial if action.begin is None else action.begin, ()
        if action.steady:
            y = _steady(stepper, action.steady, action.time, y)
        if action.amount:
            pending.append(action)
        running = switched(running, action)
    return _added(y, pending), running


def _steady(stepper: Stepper, steady: Steady, day: float, y: Vector) -> Vector:
    """The state after a steady-state record on `day`."""
    bound = steady.bound
    fine = replace(stepper, bound=bound, tolerances=FINE)
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


def _plain(stepper: Stepper, ys: Vector, running: Infusions, doses: tuple[Action, ...], days: float) -> Vector:
    """The states after `days` of plain doses and infusions, what falls on the end left out."""
    coming, end = [a for a in doses if a.time == 0 or a.time < days - TIE], np.array([days])
    return np.array([through(stepper, Moment(0.0, y), running, coming, end)[0][0] for y in ys])
