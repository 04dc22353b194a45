"""What is kept of many numbers: counts on a log grid, how many, the smallest, the largest, and the sum.

Merging is exact, so it is associative: the same bits however the patients were shared out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..engine.functions import Vector
from ..measures import HUGE
from .grid import LogGrid

Whole = NDArray[np.int64]
BLOCK = 32  # columns that are counted at once: few enough to stay in the processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Counts of several columns of numbers. `keys` are column x bins + bin, ascending, for bins that hold anything, and
    `counts` how many; `present`, `lowest`, `highest` and `sums` have one entry a column. `sums` are exact sums of the
    shards' sums.
    """

    grid: LogGrid
    keys: Whole
    counts: Whole
    present: Whole
    lowest: Vector
    highest: Vector
    sums: tuple[Fraction, ...]

    def merged(self, other: Tally) -> Tally:
        """Both together."""
        keys, counts = (np.concatenate([getattr(t, name) for t in (self, other)]) for name in ("keys", "counts"))
        order = np.argsort(keys, kind="stable")  # two sorted runs, which this merges in one pass
        return Tally(
            self.grid,
            *_joined(keys[order], counts[order]),
            self.present + other.present,
            np.minimum(self.lowest, other.lowest),
            np.maximum(self.highest, other.highest),
            tuple(a + b for a, b in zip(self.sums, other.sums, strict=True)),
        )

    def mean(self, column: int) -> float:
        """The mean of a column, NaN where it is empty."""
        present = int(self.present[column])
        return float(self.sums[column] / present) if present else math.nan

    def quantile(self, column: int, share: float) -> float:
        """The smallest number that at least this share of the column does not exceed, to the grid's resolution: the
        middle of its bin, the ends of the column exactly, infinite beyond the grid, NaN for an empty column.
        """
        present = int(self.present[column])
        if not present:
            return math.nan
        rank = min(max(math.ceil(share * present), 1), present)
        low, high = float(self.lowest[column]), float(self.highest[column])
        if rank in (1, present):
            return low if rank == 1 else high
        bins = self.grid.bins
        first, last = np.searchsorted(self.keys, [column * bins, (column + 1) * bins])
        reached = np.cumsum(self.counts[first:last])
        found = self.grid.value(int(self.keys[first + np.searchsorted(reached, rank)]) - column * bins)
        return min(max(found, low), high) if math.isfinite(found) else found


def tally_of(values: Vector, grid: LogGrid) -> Tally:
    """The tally of numbers, shape (columns, patients); what is not finite is left out, and is not among `present`."""
    keys, counts, present, ends, sums = list[Whole](), list[Whole](), list[Whole](), list[Vector](), list[Vector]()
    for first in range(0, len(values), BLOCK):
        block = values[first : first + BLOCK]
        with np.errstate(invalid="ignore"):
            ordered = np.where(np.abs(block) < HUGE, block, np.nan)
        ordered.sort(axis=1)  # NaN goes last; and borders are found much faster for numbers in order
        usable = ~np.isnan(ordered)
        present.append(usable.sum(axis=1))
        columns = np.arange(first, first + len(block))
        found = np.repeat(columns * grid.bins, present[-1]) + grid.find(ordered[usable])
        found, many = _joined(found, np.ones(len(found), dtype=np.int64))
        keys.append(found)
        counts.append(many)
        last = ordered[columns - first, np.maximum(present[-1], 1) - 1]
        ends.append(np.where(present[-1] > 0, [ordered[:, 0], last], [[np.inf], [-np.inf]]))
        sums.append(_sums(np.where(usable, ordered, 0.0)))
    lowest, highest = np.concatenate(ends, axis=1)
    exact = tuple(Fraction(total) for part in sums for total in part.tolist())
    found, many = np.concatenate(keys), np.concatenate(counts)
    return Tally(grid, found, many, np.concatenate(present), lowest, highest, exact)


def _joined(keys: Whole, counts: Whole) -> tuple[Whole, Whole]:
    """Sorted keys, each once, with its counts added up."""
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    return keys[starts], np.add.reduceat(counts, starts) if len(starts) else counts


def _sums(values: Vector) -> Vector:
    """The sum of each row, shape (columns,), rounded once but for rare ties: halves are added with what rounding loses
    carried along. Single additions, element by element, so the bits do not depend on the processor as numpy's sums may.
    """
    size = 1 << (values.shape[1] - 1).bit_length()
    high = np.zeros((len(values), size))
    high[:, : values.shape[1]] = values
    low = np.zeros_like(high)
    while size > 1:
        size //= 2
        a, b = high[:, :size], high[:, size : 2 * size]
        total = a + b
        part = total - a
        low = low[:, :size] + low[:, size : 2 * size] + ((a - (total - part)) + (b - part))
        high = total
    return np.asarray(high[:, 0] + low[:, 0])
