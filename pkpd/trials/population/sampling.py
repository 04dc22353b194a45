"""When virtual patients are looked at, and what they were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from ...dosing.blocks import blocks
from ...dosing.dose import Dose
from ...dosing.given import GivenDose, given
from ...engine.events import TIE
from ...engine.functions import Vector
from ...engine.plan import Whole
from ...errors import SimulationError
from ...parameters import Parameters
from ...quantities import Dosed
from ...units import factor, miu
from ..patients.course import Course
from ..patients.spread import Patients
from ..regimen.sampling import evaluation_rows, injections, total_miu, treatment_end
from ..run import AFTER_DOSE

STEP = 0.25  # days between samples while treated, so that peaks and areas of cells miss little
AFTER = 7.0  # days after treatment in which levels still move fast
SHORT = 21.0  # days of a course that is sampled like this to its end
MOST_DAYS = 400  # days of a band; a longer course is sampled at a longer step
MOST_BLOCKS = 6  # blocks whose first and last dose are followed by the hour
MOST = 20_000  # rows of one patient


@dataclass(frozen=True, slots=True, eq=False)
class Sampling:
    """Times in days at which an arm is simulated; `daily` and `hourly` are the rows of bands of cells and of IL-2."""

    times: Vector
    daily: Whole
    hourly: Whole

    @property
    def every(self) -> Whole:
        """All rows, for outputs of which nothing is known."""
        return np.arange(len(self.times))


def sampling(doses: Sequence[GivenDose], horizon: float, days: Sequence[float] = (), *, fine: bool = False) -> Sampling:
    """Daily rows, every six hours while treated, and the hours after the first and last dose of each block (`fine`: the
    minutes and hours after every dose, as a comparison has them); `days` are among the daily rows. SimulationError
    where there would be too many.
    """
    step = max(1, -(-int(horizon) // MOST_DAYS)) if horizon > SHORT else STEP
    daily = np.unique([*np.arange(0.0, horizon, step), horizon, *days])
    close = np.unique([t + float(h) for t in followed(doses) for h in (Fraction(0), *AFTER_DOSE)])
    close = close[(close >= 0) & (close <= horizon)]
    treated = min(treatment_end(doses) + AFTER, horizon) if treatment_end(doses) > 0 else 0.0
    often = np.arange(0.0, treated, max(STEP, treated / 4 / MOST_DAYS))
    after = evaluation_rows(doses, horizon).times if fine else ()
    times = _apart(np.concatenate([daily, close, often, after]), daily)
    if len(times) > MOST:
        raise SimulationError(f"{len(times)} times a patient are too many, at most {MOST} are possible; shorten --days")
    own = np.flatnonzero(np.isin(times, daily))
    return Sampling(times, own, np.flatnonzero(np.isin(times, daily) | np.isin(times, close)))


def followed(doses: Sequence[GivenDose]) -> list[float]:
    """Days of the first and last dose given in each block; of many blocks, in the first and last few."""
    own = [sorted({float(d.time) for d in block if d.amount > 0}) for block in blocks(doses)]
    own = [days for days in own if days]
    if len(own) > MOST_BLOCKS:
        own = [*own[: MOST_BLOCKS // 2], *own[-(MOST_BLOCKS // 2) :]]
    return sorted({day for days in own for day in (days[0], days[-1])})


def dosed(course: Course, patients: Patients, factors: Vector, horizon: float) -> Dosed:
    """What each patient was given up to a day: in MIU, with their own body size, and in the share of each dose that
    `factors` say, shape (patients, doses).
    """
    bsa, weight = (_size(course, patients, *what) for what in (("bsa", "m2"), ("weight", "kg")))
    plan, (one, two, three, shots, end) = course.schedule, _planned(course, horizon)
    per_m2, per_kg = two - one, three - one
    total = np.full(patients.count, one - per_m2 - per_kg)
    # a size that no dose needs may be unknown
    total = total + (per_m2 * bsa if per_m2 else 0.0) + (per_kg * weight if per_kg else 0.0)
    number = np.full(patients.count, shots)
    for k in np.flatnonzero((factors != 1).any(axis=0)).tolist():
        dose = plan.doses[k]
        times, size = _times(dose, horizon), {"m2": bsa, "kg": weight}.get(dose.per, 1.0)
        total = total - (1 - factors[:, k]) * times * dose.amount * size * miu(dose.unit)
        number = number - times * (factors[:, k] == 0)
    return Dosed(total, number, end)


@lru_cache(maxsize=64)
def _planned(course: Course, horizon: float) -> tuple[float, float, float, float, float]:
    """MIU planned for three body sizes, injections, and the day on which treatment ends."""
    # doses grow in proportion with either size, so three sizes tell all others
    flat, wide, heavy = (given(course.schedule, *sizes) for sizes in ((1.0, 1.0), (2.0, 1.0), (1.0, 2.0)))
    one, two, three = (total_miu(doses, horizon) for doses in (flat, wide, heavy))
    return one, two, three, float(injections(flat, horizon)), min(treatment_end(flat), horizon)


def _times(dose: Dose, horizon: float) -> int:
    if dose.status == "missed":
        return 0
    days = [float(dose.time + dose.interval * k) for k in range(dose.additional + 1)]
    return sum(day <= horizon + TIE for day in days)


def _size(course: Course, patients: Patients, name: str, unit: str) -> Vector:
    """Body size of each patient, NaN where it is not known."""
    parameters: Parameters = course.parameters
    if name in parameters:
        own = patients.values.get(name, np.full(patients.count, parameters[name].value))
        return np.asarray(own * factor(parameters[name].unit, unit))
    known = course.bsa if name == "bsa" else course.weight
    return np.full(patients.count, np.nan if known is None else known)


def _apart(times: Vector, kept: Vector) -> Vector:
    """Times in order; what rounding alone parts from one of `kept` becomes that one."""
    place = np.clip(np.searchsorted(kept, times), 1, max(len(kept) - 1, 1))
    for k in (place - 1, np.minimum(place, len(kept) - 1)):
        times = np.where(np.abs(times - kept[k]) <= TIE, kept[k], times)
    return np.unique(times)
