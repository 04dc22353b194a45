"""Patients of several replicates together, so that the solver's lanes are full; antibodies among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...engine.functions import Vector
from ...engine.plan import Whole
from ..patients.spread import Patients
from .result import Marks

CLEARED = "linear_clearance"


def gathered(parts: Sequence[Patients], rows: Sequence[Whole], blocks: int) -> Patients:
    """Some patients of each part (by number within it) as one group, numbered from 0, with the first `blocks` of their
    blocks of doses.
    """
    picked = list(zip(parts, rows, strict=True))
    values = {name: np.concatenate([p.values[name][own] for p, own in picked]) for name in parts[0].values}
    changed = tuple(
        {name: np.concatenate([p.blocks[k][name][own] for p, own in picked]) for name in block}
        for k, block in enumerate(parts[0].blocks[:blocks])
    )
    return Patients(0, sum(len(own) for own in rows), values, changed)


def part_of(patients: Patients, first: int, count: int) -> Patients:
    """`count` of a group from number `first` on, numbered from 0 anew."""
    rows = slice(first, first + count)
    blocks = tuple(_cut(block, rows) for block in patients.blocks)
    return Patients(0, count, _cut(patients.values, rows), blocks)


def with_antibodies(
    patients: Patients, who: Marks, starts: Sequence[float], onset: float, clearance: float, factor: float
) -> Patients:
    """The group, with a clearance `factor` times as large in `who` from the first block of doses on that begins on day
    `onset` or later; `clearance` is the typical one, for patients who have none of their own.
    """
    if not any(day >= onset for day in starts):
        return patients
    blocks = []
    for k, day in enumerate(starts):
        own = dict(patients.blocks[k]) if patients.blocks else {}
        before = own.get(CLEARED, patients.values.get(CLEARED, np.full(patients.count, clearance)))
        blocks.append(own | {CLEARED: np.where(who & (day >= onset), factor * before, before)})
    return Patients(patients.first, patients.count, patients.values, tuple(blocks))


def _cut(values: Mapping[str, Vector], rows: slice) -> dict[str, Vector]:
    return {name: column[rows] for name, column in values.items()}
