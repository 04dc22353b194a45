"""One piece of virtual patients, wherever it is simulated: bands keep few rows, endpoints need none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...engine.batch import Failure
from ...engine.functions import Vector
from ...engine.plan import Whole
from ...engine.workers import in_order, on_threads
from ...keyed import Keyed
from ...quantities import Measured
from ..adaptive.log import Event
from ..patients.course import Course
from ..patients.enrol import enrol
from ..patients.spread import Patients, Spread
from .ruled import Ruled, ruled_cohort
from .sampling import dosed

if TYPE_CHECKING:
    from ...model.declaration import Model

AHEAD = 32  # pieces under way at most, so that finished ones do not fill the memory


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What every piece of an arm is asked for: `rows` are those of each band. What is `ruled` decides on doses, by the
    outputs `watched` (at rows `watched_rows`).
    """

    course: Course
    spread: Spread
    bands: tuple[str, ...]
    rows: tuple[Whole, ...]
    quantities: tuple[Measured, ...]
    arm: str = ""
    ruled: Ruled | None = None
    watched: tuple[str, ...] = ()
    watched_rows: Whole = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Patients `first` to `first + count - 1` of an arm around its own typical values, or around those of a draw."""

    asked: Asked
    keyed: Keyed
    first: int
    count: int
    typical: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Bands' outputs, each of shape (patients, rows), and endpoints, shape (patients, quantities); NaN for those who
    failed. Around the typical values as they are also what was decided about doses, and the outputs that it was decided
    by, each of shape (patients, rows).
    """

    patients: Patients
    bands: tuple[Vector, ...]
    endpoints: Vector
    failures: tuple[Failure, ...]
    events: tuple[Event, ...] = ()
    watched: tuple[Vector, ...] = ()


def simulate_part(task: Task) -> Part:
    """Draw and simulate the patients of a task."""
    asked, course = task.asked, task.asked.course
    patients = enrol(course, asked.spread, task.keyed, task.first, task.count, dict(task.typical))
    found, events = ruled_cohort(asked.ruled, course, patients, asked.arm, drawn=bool(task.typical))
    values = {name: found.values[:, k] for k, name in enumerate(course.outputs)}
    given = dosed(course, patients, found.factors, float(course.times.max()))
    endpoints = np.full((patients.count, len(asked.quantities)), np.nan)
    for k, quantity in enumerate(asked.quantities):
        endpoints[:, k] = quantity.of(course.times, values, given)
    endpoints[[f.patient - task.first for f in found.failures]] = np.nan
    bands = tuple(values[name][:, rows] for name, rows in zip(asked.bands, asked.rows, strict=True))
    if task.typical:
        return Part(patients, bands, endpoints, found.failures)
    watched = tuple(values[name][:, asked.watched_rows] for name in asked.watched)
    return Part(patients, bands, endpoints, found.failures, events, watched)


def parts_of(
    tasks: Iterable[Task], model: Model | str, executor: Executor | None = None, threads: int | None = None
) -> Iterator[Part]:
    """What every task yields, in order, from any executor, or from `threads` (all cores unless said). SimulationError
    when a worker dies.
    """
    if executor is None:
        return on_threads(simulate_part, tasks, model, threads, ahead=2)
    return in_order(lambda task: executor.submit(simulate_part, task), tasks, "its patients were simulated", AHEAD)


def day_of(failure: Failure) -> float | None:
    """The day of a failure, None before the first."""
    return None if math.isnan(failure.day) else failure.day
