"""Actions by moment, and the infusions that run between moments."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .events import TIE, Action
from .functions import Vector

Infusions = tuple[Action, ...]


def grouped(actions: Sequence[Action]) -> list[tuple[float, list[Action]]]:
    """Actions by moment; what was pending at a moment comes before the records of that moment."""
    groups: list[tuple[float, list[Action]]] = []
    for action in sorted(actions, key=lambda a: a.time):
        if groups and action.time <= groups[-1][0] + TIE:
            groups[-1][1].append(action)
        else:
            groups.append((action.time, [action]))
    return [(time, sorted(group, key=lambda a: a.rank)) for time, group in groups]


def running_at(actions: Sequence[Action], time: float) -> Infusions:
    """The infusions that run just after `time`."""
    running: Infusions = ()
    for _, group in grouped([a for a in actions if a.time <= time]):
        for action in group:
            running = switched(() if action.reset else running, action)
    return running


def switched(running: Infusions, action: Action) -> Infusions:
    """The running infusions after one that starts, or stops the one it belongs to."""
    if action.rate > 0:
        return (*running, action)
    if action.rate < 0:
        own = next((k for k, a in enumerate(running) if a.state == action.state and a.rate == -action.rate), None)
        return running if own is None else running[:own] + running[own + 1 :]
    return running


def total(running: Infusions, states: int) -> Vector:
    """The rate into each state, correctly rounded, so that the order of infusions cannot matter."""
    return np.array([math.fsum(a.rate for a in running if a.state == k) for k in range(states)])
