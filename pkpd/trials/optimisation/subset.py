"""Which draws stand for all of them while candidates are tried: those whose quantiles come nearest."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from ...engine.functions import Vector
from ...errors import SimulationError
from .candidates import Candidate
from .holding import Holding, check_share, enough, place
from .task import Task, evaluated

if TYPE_CHECKING:
    from ...inference.uncertainty.draws import Draws

SUBSETS = 4000
DOSES = 4
TOO_MILD = 3.0  # a subset that lets too much pass is worse than one that lets too little
SEED = 1  # its own, so that the search's seed does not change what a candidate is judged by


def holding_task(task: Task, draws: Draws | None, share: float, *, threads: int | None = None) -> Task:
    """The task with limits that must hold in a share of the draws; SimulationError where it has no limits, and for a
    share that is none, without draws, and for too few of them.
    """
    check_share(share)
    if not task.constraints:
        raise SimulationError("a share of draws in which limits hold needs a limit, such as 'nk_peak_fold<2'")
    if draws is None:
        raise SimulationError(
            f"limits that hold in {100 * share:g} % of draws need draws of the parameters; there are none"
        )
    count, whole = enough(share), len(draws.values)
    if whole > count:
        chosen = _nearest(_trials(task, draws, threads), count, share)
        draws = replace(draws, values=draws.values[chosen], lines=tuple(draws.lines[k] for k in chosen if draws.lines))
    return replace(task, holding=Holding(share, draws, whole))


def _trials(task: Task, draws: Draws, threads: int | None) -> Vector:
    """What is limited in a few regimens of the space, larger where it is worse, shape (draws, regimens x limits)."""
    names = [q.name for q in task.quantities]
    columns = list[Vector]()
    for one in _pilots(task):
        found = evaluated(task, one, draws, threads)
        for c in task.constraints:
            own = found.values[:, names.index(c.quantity.name)]
            columns.append(np.where(np.isnan(own), np.inf, own if c.sign[0] == "<" else -own))
    return np.stack(columns, axis=1)


def _pilots(task: Task) -> list[Candidate]:
    """Regimens from all over the space: small to large doses, each as much above the last, as often and as seldom as
    may be.
    """
    space = task.space
    gaps = dict.fromkeys((space.intervals[0], space.intervals[-1]))
    doses = space.doses(DOSES) if space.levels else np.geomspace(space.low, space.high, DOSES).tolist()
    found = [space.candidate(dose, gap, space.on[-1], space.off[0]) for dose, gap in product(doses, gaps)]
    return list({one.key: one for one in found}.values())


def _nearest(trials: Vector, count: int, share: float) -> list[int]:
    """Of many random subsets the one whose quantiles lie nearest those of all draws, in shares of all draws."""
    whole = len(trials)
    order = np.sort(trials, axis=0)
    below = np.stack([np.searchsorted(o, t, side="right") for o, t in zip(order.T, trials.T, strict=True)], axis=1)
    random, least, best = np.random.default_rng(SEED), np.inf, np.arange(count)
    at = place(share, count)
    for _ in range(SUBSETS):
        own = random.permutation(whole)[:count]
        over = np.partition(below[own], at, axis=0)[at] / whole - share
        missed = float(np.where(over < 0, -TOO_MILD * over, over).sum())
        if missed < least:
            least, best = missed, own
    return sorted(best.tolist())
