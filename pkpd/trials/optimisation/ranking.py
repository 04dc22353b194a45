"""How sure a ranking is: the regimens listed, each under the same draws of the parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...engine.functions import Vector
from ..clinical.caution import LINKED
from .task import Task, Tried, evaluated

if TYPE_CHECKING:
    from ...inference.uncertainty.draws import Draws

SHARES = (0.05, 0.5, 0.95)


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Quantities of each regimen under each draw, shape (regimens, draws, quantities), NaN where there is no number.

    `best` is the share of draws in which a regimen is the best of those that meet every constraint there (with several
    goals: in which none of those beats it), shape (regimens,); `meets` the share in which it meets every constraint,
    and `holds` each of them, shape (regimens, constraints). `none` counts draws in which no regimen meets them;
    `failed` the draws that could not be simulated, one number a regimen. `linked` numbers the quantities that are
    outcomes through an assumed link.
    """

    values: Vector
    best: Vector
    meets: Vector
    holds: Vector
    none: int
    failed: tuple[int, ...]
    varied: tuple[str, ...]
    origin: str
    linked: tuple[int, ...] = ()

    @property
    def draws(self) -> int:
        """How many draws there are."""
        return int(self.values.shape[1])

    def ranges(self, regimen: int) -> Vector:
        """5, 50 and 95 % quantiles of each quantity of a regimen, shape (3, quantities); NaN where no draw has one, and
        of linked outcomes, whose curve is what is uncertain and stays the same in every draw.
        """
        columns = [column[np.isfinite(column)] for column in self.values[regimen].T]
        columns = [column[:0] if k in self.linked else column for k, column in enumerate(columns)]
        return np.array([np.quantile(c, SHARES) if len(c) else np.full(3, np.nan) for c in columns]).T


def ranked(
    task: Task,
    regimens: Sequence[Tried],
    draws: Draws,
    *,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Ranking:
    """Every regimen under every draw, less what the task holds at its own values."""
    values, failed = list[Vector](), list[int]()
    for number, one in enumerate(regimens, 1):
        found = evaluated(task, one.candidate, draws, threads)
        values.append(found.values)
        failed.append(len(found.failures))
        if progress is not None:
            progress(number, len(regimens))
    whole = np.stack(values)
    linked = tuple(k for k, q in enumerate(task.quantities) if getattr(q, "sort", "") == LINKED)
    varied = tuple(name for name in draws.names if name not in task.held)
    return Ranking(whole, *_shares(task, whole), tuple(failed), varied, draws.origin, linked)


def _shares(task: Task, values: Vector) -> tuple[Vector, Vector, Vector, int]:
    """Shares of draws: best, all constraints met, each met; and the number of draws in which no regimen meets all."""
    count, draws = values.shape[:2]
    losses = np.array([[task.losses(row) for row in own] for own in values.tolist()])
    held = np.array([[[v == 0 for v in task.violations(task.limited(row))] for row in own] for own in values.tolist()])
    held = held.reshape(count, draws, len(task.constraints)).astype(bool)
    good = held.all(axis=2) & np.isfinite(losses).all(axis=2)
    losses = np.where(good[:, :, None], losses, np.inf)
    beaten = np.zeros((count, draws), dtype=bool)
    for k in range(count):
        no_worse, better = (losses <= losses[k]).all(axis=2), (losses < losses[k]).any(axis=2)
        beaten[k] = (no_worse & better).any(axis=0)
    best = good & ~beaten
    return best.mean(axis=1), good.mean(axis=1), held.mean(axis=1), int((~good.any(axis=0)).sum())
