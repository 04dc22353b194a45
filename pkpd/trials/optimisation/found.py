"""What a search found: the best regimens of one goal, the Pareto front of several, or how far the nearest misses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from ...engine.functions import Vector
from ...errors import SimulationError
from .task import Task, Tried, kept_name

BEST = 10  # regimens of one goal that are listed
SHOWN = 12  # of a front that are listed and ranked under the draws


def best_regimens(task: Task, tried: Iterable[Tried], most: int = BEST) -> list[Tried]:
    """The best candidates of one goal that meet everything, each with dose times of its own."""
    good = sorted((t for t in tried if task.meets(t)), key=lambda t: task.losses(t.values))
    first: dict[object, Tried] = {}
    for one in good:
        first.setdefault(one.candidate.pattern, one)
    return list(first.values())[:most]


def nearest_regimens(task: Task, tried: Iterable[Tried], most: int) -> list[Tried]:
    """The candidates that fail least, each with dose times of its own; those without numbers are left out."""
    known = [t for t in tried if math.isfinite(sum(task.violations(t.limited)))]
    first: dict[object, Tried] = {}
    for one in sorted(known, key=lambda t: (sum(task.violations(t.limited)), task.losses(t.values))):
        first.setdefault(one.candidate.pattern, one)
    return list(first.values())[:most]


def pareto_front(task: Task, tried: Iterable[Tried]) -> list[Tried]:
    """The candidates that meet everything and that none other beats in one goal without losing in another, from the
    best of the first goal; of equal ones the first.
    """
    good = [t for t in tried if task.meets(t)]
    losses = np.array([task.losses(t.values) for t in good]).reshape(len(good), len(task.goals))
    kept = list[int]()
    for k in np.lexsort(losses.T[::-1]).tolist():
        # sorted by the first goal, so that only an earlier one can beat a later one
        if not any((losses[j] <= losses[k]).all() for j in kept):
            kept.append(k)
    return [good[k] for k in kept]


def listed(task: Task, tried: Iterable[Tried]) -> list[Tried]:
    """What is shown and ranked: the best regimens of one goal, or regimens spread over the front."""
    if len(task.goals) == 1:
        return best_regimens(task, tried)
    front = pareto_front(task, tried)
    losses = np.array([task.losses(t.values) for t in front]).reshape(len(front), len(task.goals))
    return [front[k] for k in along(losses, SHOWN)]


def along(losses: Vector, most: int) -> list[int]:
    """At most so many points of a front, shape (points, goals), evenly spaced along it; both ends are among them."""
    if len(losses) <= most:
        return list(range(len(losses)))
    width = np.ptp(losses, axis=0)
    steps = np.diff(losses / np.where(width > 0, width, 1.0), axis=0)
    way = np.concatenate([[0.0], np.cumsum(np.sqrt((steps**2).sum(axis=1)))])
    return sorted({int(np.argmin(np.abs(way - goal))) for goal in np.linspace(0.0, way[-1], most)})


def check_found(task: Task, tried: Sequence[Tried]) -> None:
    """SimulationError where no candidate meets everything: the nearest one, and by how much it fails."""
    if any(task.meets(t) for t in tried):
        return
    count = f"{len(tried)} candidate{'s' * (len(tried) != 1)}"
    if not tried:
        raise SimulationError("the search was stopped before a single candidate was tried")
    simulated = [t for t in tried if not t.stopped]
    if not simulated:
        raise SimulationError(f"none of the {count} could be simulated; {tried[0].candidate.text}: {tried[0].stopped}")
    for goal in task.goals:
        if not any(math.isfinite(task.value(t.values, goal.quantity)) for t in simulated):
            raise SimulationError(f"the goal '{goal.text}' has no number in any of the {count} tried")
    nearest = (nearest_regimens(task, simulated, 1) or simulated)[0]
    said = [
        f"has {kept_name(task, c)} = {value:.4g}, which fails {c.text} by {abs(c.margin(value)):.3g}"
        for c, value in zip(task.constraints, nearest.limited, strict=True)
        if c.violation(value)
    ]
    all_of = " and ".join(c.text for c in task.constraints)
    lost = " and ".join(said) or "has no number for a goal"
    raise SimulationError(f"none of the {count} tried meets {all_of}; the nearest, {nearest.candidate.text}, {lost}")
