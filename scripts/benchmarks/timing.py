"""Times of several calls, taken in turns so that whatever else the machine does hits all of them alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

SHORTEST = 5e-3  # seconds: a quicker call is repeated within one measurement


@dataclass(frozen=True)
class Times:
    """Seconds of one call: the best and the median of the measurements."""

    best: float
    median: float
    count: int

    def per(self, patients: int) -> Times:
        """The times of one patient, when the call simulates several."""
        return Times(self.best / patients, self.median / patients, self.count)


def rounds(calls: Mapping[Any, Callable[[], Any]], repeats: int, budget: float) -> dict[Any, Times]:
    """Times of every call after one to warm it up: `repeats` rounds of all in turn, but a call that has used up
    `budget` seconds is left out after the second; one that alone takes longer than that is called once only.
    """
    with quiet():
        warm = {key: _once(call, 1) for key, call in calls.items()}
        numbers = {key: max(1, int(SHORTEST / max(warm[key], 1e-9))) for key in calls}
        found = {key: [warm[key]] if warm[key] > budget else [] for key in calls}
        fewest = {key: 1 if warm[key] > budget else 2 for key in calls}
        for _ in range(repeats):
            for key, call in calls.items():
                if len(found[key]) < fewest[key] or (sum(found[key]) + warm[key]) * numbers[key] < budget:
                    found[key].append(_once(call, numbers[key]))
    return {key: Times(min(times), statistics.median(times), len(times)) for key, times in found.items()}


def _once(call: Callable[[], Any], number: int) -> float:
    begin = time.perf_counter()
    for _ in range(number):
        call()
    return (time.perf_counter() - begin) / number


@contextmanager
def quiet() -> Any:
    """Without garbage collection."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
