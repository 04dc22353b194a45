"""Doses in blocks: runs of regular dosing with longer breaks between them, as planned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from .given import GivenDose

_SAME = 1e-9  # days; rounding of a moment


def blocks(doses: Sequence[GivenDose]) -> list[list[GivenDose]]:
    """Doses, missed ones included, in blocks as planned.

    A new block begins after a gap more than half as long again as the gaps on both sides of it.
    """
    planned = sorted((d for d in doses if d.amount > 0 or d.status == "missed"), key=lambda d: d.planned)
    days = sorted({float(d.planned) for d in planned})
    gaps = [math.inf, *(b - a for a, b in pairwise(days)), math.inf]
    place = {day: k for k, day in enumerate(days)}
    found: list[list[GivenDose]] = []
    for dose in planned:
        k = place[float(dose.planned)]
        beside = [gap for gap in (gaps[k - 1], gaps[k + 1]) if gap < math.inf]
        first_of_day = not found or found[-1][-1].planned < dose.planned
        if not found or (first_of_day and beside and gaps[k] > 1.5 * max(beside) + _SAME):
            found.append([])
        found[-1].append(dose)
    return found


def usual_gap(block: Sequence[GivenDose]) -> float:
    """Days from one planned dose of a block to the next; two for a single dose."""
    days = sorted({float(d.planned) for d in block})
    return median(b - a for a, b in pairwise(days)) if len(days) > 1 else 2.0


def infusion_days(dose: GivenDose) -> float:
    """Days over which a dose runs in; 0 for an injection or a bolus."""
    return dose.amount / dose.rate / 24 if dose.rate else float(dose.duration or 0)
