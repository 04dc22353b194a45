"""Many searches beside each other: in a fixed order, on threads, and those that finished are kept on Ctrl-C."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

import numpy as np

from ...engine.functions import Vector
from ...engine.workers import as_ended, drained, thread_count
from ..objective import Objective
from .minimise import Halt

Item = TypeVar("Item")
Result = TypeVar("Result")
Watch = Callable[[Vector, float], None]

NOTICE = 0.2  # seconds after which Ctrl-C is heard at the latest
PIECE = 64  # vectors in one call of the kernel, as many as keep its lanes full and every thread busy


def each(
    task: Callable[[Item, Watch], Result],
    items: Sequence[Item],
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Result | None]:
    """`task(item, watch)` of every item, in their order, on `threads` (all cores unless said).

    `watch` goes to `minimise`, or is called now and then; it raises Halt. `progress(done, all)` is called in the
    calling thread. Ctrl-C, or a KeyboardInterrupt from `progress`, ends the searches under way; items not finished by
    then are None. Raises what a task raises.
    """
    count, stop = thread_count(threads), Event()

    def watch(x: Vector, cost: float) -> None:
        if stop.is_set():
            raise Halt

    def one(item: Item) -> Result | None:
        if stop.is_set():
            return None
        try:
            result = task(item, watch)
        except Halt:
            return None
        return None if stop.is_set() else result

    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(one, item) for item in items]
        try:
            _follow(futures, progress)
        except KeyboardInterrupt:
            stop.set()
        except BaseException:
            stop.set()
            raise
        finally:
            drained(pool)
    return [future.result() for future in futures]


def _follow(futures: Sequence[Future[Result]], progress: Callable[[int, int], None] | None) -> None:
    """Wait for all, and tell of each that ends; what one raises is raised here."""
    done = 0
    for future in as_ended(futures, NOTICE):
        if future is not None:
            future.result()
            done += 1
            if progress is not None:
                progress(done, len(futures))


def costs(target: Objective, x: Vector, threads: int | None = None) -> Vector:
    """`Objective.cost_many` on all cores; x has shape (vectors, names)."""
    pieces = np.array_split(x, max(1, -(-len(x) // PIECE)))
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        return np.concatenate(list(pool.map(target.cost_many, pieces)))
