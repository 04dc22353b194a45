"""The window map: every quantity over dose and interval, with times on and off as in the best regimen."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .account import Account
from .space import spread
from .task import Tried

MOST_DOSES, MOST_INTERVALS = 13, 13


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What each cell of the map gives: `cells[i][j]` is dose i at interval j (days)."""

    doses: tuple[float, ...]
    unit: str
    intervals: tuple[Fraction, ...]
    on: Fraction
    off: Fraction
    cells: tuple[tuple[Tried, ...], ...]


def window_around(account: Account, best: Tried) -> Window | None:
    """The map around a regimen; None where there is only one cell, or where the search was stopped before its end."""
    space, own = account.task.space, best.candidate
    doses = space.doses(MOST_DOSES)
    intervals = tuple(space.intervals[k] for k in spread(len(space.intervals), MOST_INTERVALS))
    if len(doses) * len(intervals) < 2:
        return None
    wanted = [[space.candidate(dose, gap, own.on, own.off) for gap in intervals] for dose in doses]
    if not account.batch((c for row in wanted for c in row), "map", free=True):
        return None
    cells = tuple(tuple(account.tried[c.key] for c in row) for row in wanted)
    return Window(doses, space.unit, intervals, own.on, own.off, cells)
