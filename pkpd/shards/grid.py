"""A declared log grid: bins whose borders are a fixed ratio apart, on both sides of zero, with zero by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..engine.functions import Vector
from ..errors import SimulationError

MOST_BINS = 1_000_000
_TINIEST = 5e-324


@dataclass(frozen=True, slots=True)
class LogGrid:
    """Bins from `low` to `high`, each `ratio` times as high as the one before, and the same for negative numbers.

    Numbers nearer to zero than `low` share one bin on each side, exact zeros have a bin to themselves, and of numbers
    beyond `high` no more is known than that.
    """

    low: float = 1e-9
    high: float = 1e12
    ratio: float = 1.01

    def __post_init__(self) -> None:
        usable = 1e-290 <= self.low < self.high <= 1e290 and 1 < self.ratio <= 10
        if not usable or 2 * math.log(self.high / self.low) / math.log(self.ratio) > MOST_BINS:
            raise SimulationError(
                f"a log grid from {self.low:g} to {self.high:g} with bins {self.ratio:g} apart cannot be made: it "
                f"needs 0 < low < high, a ratio above 1 and up to 10, and at most {MOST_BINS} bins"
            )

    @property
    def resolution(self) -> float:
        """How far a quantile may lie from the exact one, as a share of it: half a bin."""
        return math.sqrt(self.ratio) - 1

    @property
    def text(self) -> str:
        """The resolution in words."""
        return (
            f"quantiles are within {100 * self.resolution:.3g} % of the exact ones from {self.low:g} to {self.high:g}, "
            f"and within {self.low:g} nearer to zero; minimum, maximum and zeros are exact"
        )

    @property
    def borders(self) -> Vector:
        """Ascending; bin k holds numbers from border k - 1 up to, but not including, border k."""
        return _borders(self)

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return len(self.borders) + 1

    def find(self, values: Vector) -> NDArray[np.int64]:
        """The bin of each (finite) value."""
        return np.searchsorted(self.borders, values, side="right").astype(np.int64, copy=False)

    def value(self, number: int) -> float:
        """The number that stands for a bin; infinite for the two that lie beyond the grid."""
        return float(_values(self)[number])


@lru_cache(maxsize=8)
def _borders(grid: LogGrid) -> Vector:
    steps = math.ceil(math.log(grid.high / grid.low) / math.log(grid.ratio))
    # the last bin is as narrow as the end of the grid makes it
    side = np.unique(np.minimum([grid.low * grid.ratio**k for k in range(steps)] + [grid.high], grid.high))
    return np.concatenate([-side[::-1], [0.0, _TINIEST], side])


@lru_cache(maxsize=8)
def _values(grid: LogGrid) -> Vector:
    borders = _borders(grid)
    middle = len(borders) // 2  # the bin of exact zeros
    root = np.sqrt(np.abs(borders))
    found = np.concatenate([[-np.inf], np.sign(borders[:-1]) * root[:-1] * root[1:], [np.inf]])
    found[middle - 1 : middle + 2] = -grid.low / 2, 0.0, grid.low / 2
    return found
