"""On which days a trial is simulated."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...engine.functions import Vector
from ...measures import Endpoint
from ..patients.course import Course
from ..run import Options, RunArm
from .attendance import windows

# Days between samples of an exposure. Treg dip for hours after each dose: samples once a day miss that, and find an
# area 4 % too large on the schedule of he2020, these one 0.1 % too large.
STEP = 0.25


def days_of(visits: Sequence[float], width: int, exposures: Sequence[Endpoint], starts: Sequence[float] = ()) -> Vector:
    """Every day on which anyone can come, and where exposures are wanted every `STEP` up to the last of them; `starts`
    are those of blocks of doses.
    """
    ranges = windows(visits, width, starts)
    days = {day + k for day, (low, high) in zip(visits, ranges, strict=True) for k in range(low, high + 1)}
    last = max(days)
    for endpoint in exposures:
        ends = [day for day in (endpoint.start, endpoint.end) if math.isfinite(day)]
        until = endpoint.end if math.isfinite(endpoint.end) else last
        days |= {*ends, *(k * STEP for k in range(int(until / STEP) + 1))}
    return np.array(sorted(days))


def courses_of(arms: Sequence[RunArm], options: Options, times: Vector, outputs: Sequence[str]) -> tuple[Course, ...]:
    """One course an arm, all at the same times and with the same outputs, each once."""
    names = tuple(dict.fromkeys(outputs))
    shared = (names, times, options.side, options.tolerances)
    return tuple(Course(options.model, a.schedule, a.parameters, *shared, a.bsa, a.weight) for a in arms)
