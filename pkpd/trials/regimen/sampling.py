"""When to look at a regimen so that peaks, troughs and areas are found: often after each dose, seldom otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...dosing.blocks import blocks, infusion_days, usual_gap
from ...dosing.given import GivenDose
from ...engine.events import TIE
from ...engine.functions import Vector
from ...engine.run import Rows
from ...errors import SimulationError
from ...units import miu

STEP = 0.25  # days between samples where nothing has just happened
# Hours after a dose (or the end of an infusion): minutes tell a bolus and the end of a lag, quarter hours the peak
# under the skin, half hours the nadir of cells that leave blood.
HOURS = (
    *(k / 20 for k in range(1, 21)),
    *(k / 4 for k in range(5, 21)),
    *(k / 2 for k in range(11, 25)),
    *(float(h) for h in range(13, 25)),
    *(float(h) for h in range(26, 49, 2)),
)
MOST = 100_000  # rows of one regimen


def evaluation_rows(doses: Sequence[GivenDose], horizon: float, days: Sequence[float] = ()) -> Rows:
    """Rows from day 0 to `horizon`, both sides of every dose, with `days` among them; sorted by time, before a dose
    first. SimulationError where there would be too many.
    """
    moments = np.unique([t for d in doses if d.amount > 0 for t in (float(d.time), float(d.time) + infusion_days(d))])
    after = (moments[:, None] + np.array((0.0, *HOURS)) / 24).ravel()
    usual = np.append(np.arange(0.0, horizon, STEP), horizon)
    found = np.concatenate([usual, after, np.asarray(days, dtype=float)])
    times = _distinct(found[(found >= 0) & (found <= horizon)], np.concatenate([moments, [horizon], days]))
    posts = moments[moments <= horizon]
    if len(times) + len(posts) > MOST:
        raise SimulationError(
            f"{len(moments)} doses over {horizon:g} days need {len(times)} times, and at most {MOST} are possible; "
            "choose a shorter horizon"
        )
    whole = np.concatenate([times, posts])
    sides = np.concatenate([np.zeros(len(times)), np.ones(len(posts))]).astype(np.int64)
    order = np.lexsort((sides, whole))
    return Rows(whole[order], sides[order])


def treatment_end(doses: Sequence[GivenDose]) -> float:
    """Day on which the last interval between doses would be over; 0 without doses."""
    given = [d for d in doses if d.amount > 0]
    if not given:
        return 0.0
    last = blocks(given)[-1]
    return max(float(d.time) + max(usual_gap(last), infusion_days(d)) for d in last)


def total_miu(doses: Sequence[GivenDose], horizon: float) -> float:
    """IL-2 given up to a day, in MIU; mass by the label's activity."""
    return float(sum(d.amount * miu(d.unit) for d in doses if float(d.time) <= horizon + TIE))


def injections(doses: Sequence[GivenDose], horizon: float) -> int:
    """Doses given up to a day, missed ones left out."""
    return sum(d.amount > 0 and float(d.time) <= horizon + TIE for d in doses)


def _distinct(times: Vector, kept: Vector) -> Vector:
    """Times in order; of those that rounding alone parts, the one among `kept`, which must be found bit for bit."""
    near = np.sort(kept)
    place = np.clip(np.searchsorted(near, times), 1, max(len(near) - 1, 1))
    for k in (place - 1, np.minimum(place, len(near) - 1)):
        times = np.where(np.abs(times - near[k]) <= TIE, near[k], times)
    return np.unique(times)
