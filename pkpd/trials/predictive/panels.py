"""Rows that may share a panel, and the bins of time within it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...engine.functions import Vector
from ...engine.plan import Whole
from .rows import Checked
from .settings import Settings

SAME = 1e-6  # days closer than this are one visit
COINCIDE = 0.5  # visits coincide where this share of rows lies on days that as many of the patients share
PER_BIN, MOST = 8, 8  # rows wanted in a quantile bin, and bins at most, unless the user says how many


@dataclass(frozen=True, slots=True, eq=False)
class Bin:
    """Rows (numbers among all checked) between two days, shown at their median day."""

    first: float
    last: float
    middle: float
    rows: Whole


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Rows of one output in one `form` and `timing` within one `stratum` ("" for all). `by_visit` tells whether each
    bin is one day of the data.
    """

    output: str
    form: str
    timing: str
    stratum: str
    bins: tuple[Bin, ...]
    by_visit: bool

    @property
    def rows(self) -> Whole:
        """All its rows."""
        return np.concatenate([b.rows for b in self.bins])


def panels_of(rows: Sequence[Checked], settings: Settings) -> tuple[Panel, ...]:
    """All panels, in the order of the rows."""
    studies = len({r.observation.study for r in rows}) > 1
    groups: dict[tuple[str, str, str, str], list[int]] = {}
    for number, row in enumerate(rows):
        o = row.observation
        key = (o.output, o.form, o.timing, stratum_of(row, settings.strata, studies))
        groups.setdefault(key, []).append(number)
    found = []
    for key, own in groups.items():
        days = np.array([rows[n].day for n in own])
        by_visit = settings.by_visit or (not settings.bins and _coincide(days, len({rows[n].patient for n in own})))
        label = _visit(days) if by_visit else _quantile(days, settings.bins)
        bins = [np.flatnonzero(label == k) for k in np.unique(label)]
        members = tuple(
            Bin(float(days[b].min()), float(days[b].max()), float(np.median(days[b])), np.array(own)[b]) for b in bins
        )
        found.append(Panel(*key, members, by_visit))
    return tuple(found)


def stratum_of(row: Checked, strata: str, studies: bool) -> str:
    """What a row is kept apart by; without an arm it is the regimen."""
    if strata == "none":
        return ""
    o = row.observation
    own = o.regimen if strata == "regimen" or not o.arm else o.arm
    return f"{o.study}, {own}" if studies else own


def _coincide(days: Vector, patients: int) -> bool:
    """Whether patients were seen on the same days."""
    shared = np.bincount(_visit(days))[_visit(days)] >= COINCIDE * patients
    return bool(shared.mean() >= COINCIDE)


def _visit(days: Vector) -> Whole:
    """The number of the visit of each row."""
    order = np.argsort(days, kind="stable")
    apart = np.concatenate([[0], np.cumsum(np.diff(days[order]) > SAME)])
    found = np.empty(len(days), dtype=np.int64)
    found[order] = apart
    return found


def _quantile(days: Vector, count: int) -> Whole:
    """Bins with about as many rows each; equal days stay together."""
    wanted = count or min(MOST, max(1, len(days) // PER_BIN))
    edges = np.unique(np.quantile(days, np.arange(1, wanted) / wanted, method="inverted_cdf"))
    return np.asarray(np.searchsorted(edges, days, side="left"), dtype=np.int64)
