"""How many patients are on full doses, reduced, held or stopped, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from ...engine.events import TIE
from ...output.tables import Table
from ..patients.spread import Patients
from .log import Event, Log

STANDINGS = ("full dose", "reduced", "raised", "held", "stopped")


def standing_table(log: Log, patients: Patients, end: float, failed: Sequence[int] = ()) -> Table:
    """The patients of an arm by where they stand from each day on: arm, time (days), standing, patients, share of those
    who did not fail, and how many failed. Days are the first, every one on which a number changes, and `end`.
    """
    gone = set(failed)
    numbers = [n for n in range(patients.first, patients.first + patients.count) if n not in gone]
    ordered = sorted(log.events, key=lambda e: e.id)
    by_id = {number: list(events) for number, events in groupby(ordered, key=lambda e: e.id)}
    kept = {n: by_id[n] for n in numbers if n in by_id}
    days = sorted({0.0, end, *(day for events in kept.values() for day in _changes(events) if day < end)})
    counts = np.zeros((len(days), len(STANDINGS)), dtype=int)
    counts[:, 0] = len(numbers) - len(kept)
    for events in kept.values():
        for k, day in enumerate(days):
            counts[k, _standing(events, day)] += 1
    kept_days = [k for k, day in enumerate(days) if k == 0 or day == end or np.any(counts[k] != counts[k - 1])]
    rows = [
        (log.arm, days[k], name, int(counts[k, j]), float(counts[k, j] / len(numbers)) if numbers else None, len(gone))
        for k in kept_days
        for j, name in enumerate(STANDINGS)
    ]
    names = ("arm", "time", "standing", "patients", "share", "failed")
    return Table(tuple(zip(names, zip(*rows, strict=True), strict=True)))


def _changes(events: Sequence[Event]) -> set[float]:
    return {event.day for event in events} | {event.until for event in events if np.isfinite(event.until)}


def _standing(events: Sequence[Event], day: float) -> int:
    last = None
    for event in events:
        if event.day > day + TIE:
            break
        last = event
    if last is None:
        return 0
    if last.status == "stopped":
        return 4
    if day < last.until - TIE:
        return 3
    return 0 if last.share == 1 else 1 if last.share < 1 else 2
