"""Work shared between threads, or handed to an executor, and gathered in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from ..errors import SimulationError
from .compile import functions

if TYPE_CHECKING:
    from ..model.declaration import Model

Item = TypeVar("Item")
Result = TypeVar("Result")


def thread_count(threads: int | None) -> int:
    """How many threads are meant: every core where nobody says; SimulationError below 1."""
    count = threads if threads is not None else os.cpu_count() or 1
    if count < 1:
        raise SimulationError(f"{count} threads cannot work; give 1 or more")
    return count


def on_threads(
    task: Callable[[Item], Result],
    items: Iterable[Item],
    model: Model | str,
    threads: int | None = None,
    ahead: int | None = None,
) -> Iterator[Result]:
    """`task` of every item, in order, on `threads` (all cores unless said); at most `ahead` items a thread are under
    way, where finished ones would fill the memory.
    """
    count = thread_count(threads)
    if count == 1:
        yield from map(task, items)
        return
    functions(model)  # compiled once, before several threads ask for it
    with ThreadPoolExecutor(count) as pool:
        most = None if ahead is None else ahead * count
        yield from in_order(lambda item: pool.submit(task, item), items, "its work was done", most)


def as_ended(futures: Sequence[Future[Result]], notice: float) -> Iterator[Future[Result] | None]:
    """Futures as they end, and None whenever none has for `notice` seconds.

    `concurrent.futures.wait` takes the lock of every future in turn; a Ctrl-C meanwhile would leave some of them locked
    for ever, and the threads that have results to give with them. Here there is one queue to wait for.
    """
    ended = SimpleQueue[Future[Result]]()
    for future in futures:
        future.add_done_callback(ended.put)
    left = len(futures)
    while left:
        try:
            found: Future[Result] | None = ended.get(timeout=notice)
            left -= 1
        except Empty:
            found = None
        yield found


def drained(pool: Executor) -> None:
    """Wait for what a pool has under way, through any further Ctrl-C: threads cannot be ended otherwise."""
    while True:
        try:
            pool.shutdown()
            return
        except KeyboardInterrupt:
            continue


def in_order(
    submit: Callable[[Item], Future[Result]], items: Iterable[Item], done: str, ahead: int | None = None
) -> Iterator[Result]:
    """What every item yields, in order, from workers that `submit` hands it to, at most `ahead` of them under way.
    SimulationError when a worker dies before what is to be `done` ("its patients were simulated").
    """
    waiting = deque[Future[Result]]()
    try:
        # one by one, because Dask's `map` takes no generator and warns of a long list
        for item in items:
            waiting.append(submit(item))
            if ahead is not None and len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenExecutor as error:
        waiting.clear()  # the pool ends them itself, and CPython's trips over one that is cancelled meanwhile
        raise SimulationError(f"a worker process ended before {done}: {error}") from None
    finally:
        for future in waiting:
            future.cancel()
