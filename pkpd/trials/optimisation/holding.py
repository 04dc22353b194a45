"""Limits that must hold in a share of the draws, not only at the parameters' own values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...engine.functions import Vector
from ...errors import SimulationError

if TYPE_CHECKING:
    from ...inference.uncertainty.draws import Draws

FEWEST = 40  # draws for each candidate: the search stays within a minute
TAIL = 4  # draws, or more, beyond the limit, so that one of them does not decide
TIE = 1e-9  # 0.9 * 40 may come out just above 36


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """Each limit must hold in `share` of `draws`, which were chosen from `of` draws; SimulationError for a share that
    is not from 0.5 to below 1, and for fewer draws than can tell.
    """

    share: float
    draws: Draws
    of: int

    def __post_init__(self) -> None:
        check_share(self.share)
        need = math.ceil(1 / (1 - self.share) - TIE)
        if len(self.draws.values) < need:
            raise SimulationError(
                f"{self.draws.origin} has {len(self.draws.values)} draws, and limits that hold in "
                f"{100 * self.share:g} % of draws need {need} or more; ask for a lower share, or give more draws"
            )

    @property
    def text(self) -> str:
        """In words: `in 90 % of draws`."""
        return f"in {100 * self.share:g} % of draws"


def check_share(share: float) -> None:
    """SimulationError for a share of draws that is not from 0.5 to below 1."""
    if not 0.5 <= share < 1:
        hint = f"; did you mean {share / 100:g}?" if 50 <= share < 100 else ""
        raise SimulationError(f"limits can hold in a share of the draws from 0.5 to below 1, not {share:g}{hint}")


def enough(share: float) -> int:
    """How many draws a candidate is tried under."""
    return max(FEWEST, math.ceil(TAIL / (1 - share) - TIE))


def place(share: float, count: int) -> int:
    """Which of so many sorted values (counted from 0) leaves the share of them at or below it."""
    return max(math.ceil(share * count - TIE), 1) - 1


def kept(values: Vector, sign: str, share: float) -> float:
    """The number that meets a limit of this sign just where `share` of the values, shape (draws,), meet it; a value
    that is no number meets none.
    """
    way = 1.0 if sign[0] == "<" else -1.0
    worst_last = np.sort(np.where(np.isnan(values), np.inf, way * values))
    return way * float(worst_last[place(share, len(values))])
