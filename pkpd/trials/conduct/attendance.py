"""Who is randomised to what, who comes on which day, which doses are missed and who leaves; a number of a patient
depends on seed, replicate and patient alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...engine.functions import Vector
from ...engine.plan import Whole
from ...keyed import Keyed
from .result import Marks

Windows = tuple[tuple[int, int], ...]


def allocation(keyed: Keyed, sizes: Sequence[int], block_size: int) -> Whole:
    """The arm of each patient in order of enrolment, shape (patients,): permuted blocks in the ratio of `sizes`, of
    `block_size` patients or the next multiple of the ratio's sum. Every arm gets exactly its size.
    """
    common = math.gcd(*sizes)
    unit = [arm for arm, size in enumerate(sizes) for _ in range(size // common)]
    times = max(1, math.ceil(block_size / len(unit)))
    order = keyed.uniforms("allocation", 0, sum(sizes))[:, 0]
    found = np.empty(sum(sizes), dtype=np.int64)
    for first in range(0, len(found), times * len(unit)):
        places = order[first : first + times * len(unit)]
        block = np.array(unit * (len(places) // len(unit)))
        found[first + np.argsort(places, kind="stable")] = block
    return found


def windows(visits: Sequence[float], width: int, starts: Sequence[float] = ()) -> Windows:
    """The first and last whole day, counted from each visit, on which a patient may come. Windows do not overlap, so
    that no patient comes to two visits in the wrong order; the visit on day 0 has none. Nor do they cross one of the
    `starts` of blocks of doses: a visit before a block is not held after its first dose, nor one within it before.
    """
    gaps = [max(0, math.floor((b - a - 1) / 2)) for a, b in pairwise(visits)]
    found = []
    for day, before, after in zip(visits, [0, *gaps], [*gaps, width], strict=True):
        early = [day - start - 1 for start in starts if start < day]
        late = [start - day for start in starts if start >= day]
        low, high = min([width, before, *early]), min([width, after, *late])
        found.append((0, 0) if day == 0 else (-math.floor(max(low, 0)), math.floor(max(high, 0))))
    return tuple(found)


def offsets(keyed: Keyed, count: int, ranges: Windows) -> Whole:
    """Days from each planned visit on which each patient comes, uniform in its window, shape (patients, visits)."""
    low, high = np.array(ranges).T
    uniform = keyed.uniforms("visit days", 0, count, len(ranges))
    return np.asarray(low + np.floor(uniform * (high - low + 1)), dtype=np.int64)


def leaving(keyed: Keyed, count: int, share: float, days: float) -> Vector:
    """The day on which each patient leaves, uniform between 0 and `days`; NaN for those who stay, shape (patients,)."""
    who, when = keyed.uniforms("dropout", 0, count, 2).T
    return np.where(who < share, when * days, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Doses:
    """The share of each dose that each patient of an arm is given, shape (patients, doses); how many doses each missed
    while in the trial, shape (patients,); and which records are `real` doses, shape (doses,).
    """

    factors: Vector
    missed: Whole
    real: Marks


def doses_of(missing: Marks, left: Vector, times: Vector, real: Marks) -> Doses:
    """Doses of an arm at `times` (days): those that patients miss, shape (patients, doses), and those after the day on
    which they `left` are not given; only `real` records, which give something, count.
    """
    there = ~(times > left[:, None])
    return Doses((there & ~missing).astype(float), (there & missing & real).sum(axis=1), real)
