"""From a trajectory to the numbers people report: exposure after a dose, counts and folds at visits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .engine.events import TIE
from .engine.functions import Vector
from .errors import SimulationError
from .output.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Exposure:
    """Exposure to one output between a dose and the next, in the output's unit; times in hours after the dose.

    `half_life` is NaN where the level does not fall to a quarter of its peak within the interval, or never rises.
    """

    day: float
    interval: float
    cmax: float
    tmax: float
    auc: float
    half_life: float
    trough: float
    unit: str


def exposure(trajectory: Trajectory, day: float, interval: float, output: str = "il2") -> Exposure:
    """Exposure over `interval` days from a dose on `day`, from the rows sampled there; SimulationError when there are
    too few.

    AUC is linear while the level rises and logarithmic while it falls (the usual non-compartmental rule). Half-life
    is the slope of the log of the level above its drug-free value, between half and one twentieth of the peak.
    """
    times, end, sides = trajectory.times, day + interval, np.array(trajectory.sides)
    rows = (times >= day - TIE) & (times <= end + TIE)
    # The interval begins after its own dose and ends before the next one.
    post = np.any((sides == "post") & (np.abs(times - day) <= TIE))
    if post:
        rows &= ~((sides == "pre") & (np.abs(times - day) <= TIE))
    rows &= ~((sides == "post") & (np.abs(times - end) <= TIE))
    if not post and _enters_at_once(trajectory, day):
        raise SimulationError(f"the dose on day {day:g} enters at once, so its exposure needs samples with side='both'")
    hours = (trajectory.times[rows] - day) * 24
    level = trajectory[output][rows]
    if len(hours) < 3 or hours[-1] < interval * 24 - 1e-6:
        raise SimulationError(
            f"too few times between day {day:g} and day {day + interval:g} to tell the exposure to {output}"
        )
    peak = int(np.argmax(level))
    above = level - trajectory.rest(output)
    return Exposure(
        day=day,
        interval=interval,
        cmax=float(level[peak]),
        tmax=float(hours[peak]) if above[peak] > 0 else math.nan,
        auc=_auc(hours, level),
        half_life=_half_life(hours[peak:], above[peak:]),
        trough=float(level[-1]),
        unit=trajectory.unit(output),
    )


def _auc(hours: Vector, level: Vector) -> float:
    width, left, right = np.diff(hours), level[:-1], level[1:]
    falling = (right < left) & (right > 0)
    with np.errstate(all="ignore"):
        log_rule = (left - right) / np.log(left / right)
    # Where two levels agree to rounding the logarithmic rule is 0/0 and the linear one is exact.
    use_log = falling & (left - right > 1e-9 * left)
    return float(np.sum(width * np.where(use_log, log_rule, (left + right) / 2)))


def _enters_at_once(trajectory: Trajectory, day: float) -> bool:
    """Whether a dose on a day reaches its state at that very time: no infusion, no lag."""
    given = [d for d in trajectory.doses if d.amount > 0 and abs(float(d.time) - day) <= TIE]
    return any(d.rate is None and not d.duration and trajectory.bound.route(d.route).lag == 0 for d in given)


def _half_life(hours: Vector, above: Vector) -> float:
    """From half of the peak to a twentieth, or to the end where that is not reached but a quarter is."""
    if not above.size or above[0] <= 0 or above.min() > above[0] / 4:
        return math.nan
    low = above <= above[0] / 20
    last = int(np.argmax(low)) if low.any() else len(above)
    use = (above <= above[0] / 2) & (np.arange(len(above)) <= last) & (above > 0)
    if use.sum() < 3:
        return math.nan
    return float(math.log(2) / -np.polyfit(hours[use], np.log(above[use]), 1)[0])


def at_visit(trajectory: Trajectory, output: str, day: float) -> float:
    """The output on a day, before the dose if one is given then; SimulationError when that time was not simulated."""
    rows = np.flatnonzero(np.abs(trajectory.times - day) <= TIE)
    if not rows.size:
        raise SimulationError(f"day {day:g} was not simulated")
    return float(trajectory[output][rows[0]])
