"""Endpoints of many patients at once: from an output over time to one number a patient, each with a printable name.

To add one, write a function of (days, values, level) and name it in `MEASURES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .engine.events import TIE
from .engine.functions import Vector
from .errors import SimulationError, nearest

HUGE = 1e300  # beyond this a number is no result, and sums of such numbers overflow


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One number a patient, from `output` between the days `start` and `end` (by default all that is simulated);
    `level` is in the output's own unit.
    """

    measure: str
    output: str
    start: float = -math.inf
    end: float = math.inf
    level: float | None = None

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            hint = nearest(self.measure, MEASURES) or f"; known are: {', '.join(MEASURES)}"
            raise SimulationError(f"there is no endpoint '{self.measure}'{hint}")
        if not self.start <= self.end or (self.level is not None and not math.isfinite(self.level)):
            raise SimulationError(
                f"endpoint '{self.name}' cannot be told: its days or its level are not usable numbers"
            )

    @classmethod
    def peak(cls, output: str, start: float = -math.inf, end: float = math.inf) -> Endpoint:
        """The highest value at the sampled times."""
        return cls("peak", output, start, end)

    @classmethod
    def trough(cls, output: str, start: float = -math.inf, end: float = math.inf) -> Endpoint:
        """The lowest value at the sampled times."""
        return cls("trough", output, start, end)

    @classmethod
    def mean(cls, output: str, start: float = -math.inf, end: float = math.inf) -> Endpoint:
        """The mean over time, linear between samples."""
        return cls("mean", output, start, end)

    @classmethod
    def area(cls, output: str, start: float = -math.inf, end: float = math.inf) -> Endpoint:
        """The area under the curve, linear between samples, in the output's unit times days."""
        return cls("area", output, start, end)

    @classmethod
    def on(cls, output: str, day: float) -> Endpoint:
        """The value on a day."""
        return cls("value", output, day, day)

    @classmethod
    def days_above(cls, output: str, level: float, start: float = -math.inf, end: float = math.inf) -> Endpoint:
        """For how many days the output lies above a level (in its own unit), linear between samples."""
        return cls("days above", output, start, end, level)

    @property
    def name(self) -> str:
        """Such as "peak of treg, day 0 to 14", "treg on day 84", "days with il2 above 100"."""
        if self.measure == "value":
            return f"{self.output} on day {self.start:g}"
        window = "" if self.start == -math.inf and self.end == math.inf else f", day {self.start:g} to {self.end:g}"
        if self.measure == "days above":
            return f"days with {self.output} above {self.level:g}{window}"
        return f"{self.measure} of {self.output}{window}"

    def unit(self, unit: str) -> str:
        """The unit of the endpoint, from that of the output."""
        area = "d" if unit == "1" else f"{unit}*d"
        return {"area": area, "days above": "d"}.get(self.measure, unit)

    def rows(self, times: Vector) -> NDArray[np.intp]:
        """Numbers of the rows within the window, in order of time; SimulationError when they are too few."""
        first, last = max(self.start, float(times.min())), min(self.end, float(times.max()))
        rows = np.argsort(times, kind="stable")
        rows = rows[(times[rows] >= first - TIE) & (times[rows] <= last + TIE)]
        ends = (day for day in (self.start, self.end) if math.isfinite(day))
        at_ends = all(np.any(np.abs(times - day) <= TIE) for day in ends)
        if not len(rows) or not at_ends or (self.measure not in AT_SAMPLES and not first < last):
            found = f"{float(times.min()):g} to {float(times.max()):g}"
            raise SimulationError(
                f"endpoint '{self.name}' needs its days among the times of the simulation, which has {len(times)} "
                f"from day {found}; add them to times"
            )
        return rows

    def of(self, times: Vector, values: Vector) -> Vector:
        """The endpoint of each patient, from values of shape (patients, times); NaN where a value is unusable."""
        rows = self.rows(times)
        with np.errstate(invalid="ignore"):
            level = np.where(np.abs(values[:, rows]) < HUGE, values[:, rows], np.nan)
        return MEASURES[self.measure](times[rows], level, self.level)


def _highest(days: Vector, values: Vector, level: float | None) -> Vector:
    return np.asarray(values.max(axis=1))


def _lowest(days: Vector, values: Vector, level: float | None) -> Vector:
    return np.asarray(values.min(axis=1))


def _area(days: Vector, values: Vector, level: float | None) -> Vector:
    return _row_sums(np.diff(days) * (values[:, :-1] + values[:, 1:]) / 2)


def _mean(days: Vector, values: Vector, level: float | None) -> Vector:
    return _area(days, values, level) / float(days[-1] - days[0])


def _value(days: Vector, values: Vector, level: float | None) -> Vector:
    return values[:, 0]


def _days_above(days: Vector, values: Vector, level: float | None) -> Vector:
    if level is None:
        raise SimulationError("days above a level need the level, in the output's own unit")
    low, high = np.minimum(values[:, :-1], values[:, 1:]), np.maximum(values[:, :-1], values[:, 1:])
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = (high - level) / (high - low)
    share = np.where(low > level, 1.0, np.where(high > level, crossing, 0.0))
    return _row_sums(np.diff(days) * np.where(np.isnan(low), np.nan, share))


def _row_sums(parts: Vector) -> Vector:
    """Column by column, so that the bits depend neither on the shape of the array nor on the processor."""
    total = np.zeros(len(parts))
    for column in parts.T:
        total += column
    return total


Measure = Callable[[Vector, Vector, float | None], Vector]
MEASURES: dict[str, Measure] = {
    "peak": _highest,
    "trough": _lowest,
    "mean": _mean,
    "area": _area,
    "value": _value,
    "days above": _days_above,
}
AT_SAMPLES = ("peak", "trough", "value")  # need no stretch of time
