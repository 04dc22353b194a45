"""One piece of virtual patients, wherever it is simulated: bands keep few rows, endpoints need none."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ...engine.batch import Failure
from ...engine.compile import functions
from ...engine.functions import Vector
from ...engine.plan import Whole
from ...errors import SimulationError
from ...keyed import Keyed
from ...quantities import Measured
from .cohort import Course, Steer, simulate_cohort
from .enrol import enrol
from .sampling import dosed
from .spread import Patients, Spread

AHEAD = 32  # pieces under way at most, so that finished ones do not fill the memory
Rules = Callable[[Course, Patients], Steer]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What every piece of an arm is asked for: `rows` are those of each band. `rules` decide on doses at `visits`."""

    course: Course
    spread: Spread
    bands: tuple[str, ...]
    rows: tuple[Whole, ...]
    quantities: tuple[Measured, ...]
    visits: tuple[float, ...] = ()
    rules: Rules | None = None


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
    failed.
    """

    patients: Patients
    bands: tuple[Vector, ...]
    endpoints: Vector
    failures: tuple[Failure, ...]


def simulate_part(task: Task) -> Part:
    """Draw and simulate the patients of a task."""
    asked, course = task.asked, task.asked.course
    patients = enrol(course, asked.spread, task.keyed, task.first, task.count, dict(task.typical))
    steer = asked.rules(course, patients) if asked.rules else None
    found = simulate_cohort(course, patients, None, asked.visits, steer)
    values = {name: found.values[:, k] for k, name in enumerate(course.outputs)}
    given = dosed(course, patients, found.factors, float(course.times.max()))
    endpoints = np.full((patients.count, len(asked.quantities)), np.nan)
    for k, quantity in enumerate(asked.quantities):
        endpoints[:, k] = quantity.of(course.times, values, given)
    endpoints[[f.patient - task.first for f in found.failures]] = np.nan
    bands = tuple(values[name][:, rows] for name, rows in zip(asked.bands, asked.rows, strict=True))
    return Part(patients, bands, endpoints, found.failures)


def in_order(
    tasks: Iterable[Task], model: object, executor: Executor | None = None, threads: int | None = None
) -> Iterator[Part]:
    """What every task yields, in order, from any executor, or from `threads` (all cores unless said). SimulationError
    when a worker dies.
    """
    count = threads if threads is not None else os.cpu_count() or 1
    if count < 1:
        raise SimulationError(f"{count} threads cannot work; give 1 or more")
    if executor is not None:
        yield from _submitted(tasks, executor)
    elif count == 1:
        yield from map(simulate_part, tasks)
    else:
        functions(model)  # type: ignore[arg-type]  # compiled once, before several threads ask for it
        with ThreadPoolExecutor(count) as pool:
            yield from _submitted(tasks, pool, 2 * count)


def _submitted(tasks: Iterable[Task], pool: Executor, ahead: int = AHEAD) -> Iterator[Part]:
    waiting = deque[Future[Part]]()
    try:
        for task in tasks:
            waiting.append(pool.submit(simulate_part, task))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenExecutor as error:
        raise SimulationError(f"a worker process ended before its patients were simulated: {error}") from None
    finally:
        for future in waiting:
            future.cancel()


def day_of(failure: Failure) -> float | None:
    """The day of a failure, None before the first."""
    return None if math.isnan(failure.day) else failure.day
