"""Waiting for work on threads: in the order it ends, and through Ctrl-C."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from pkpd.engine.workers import as_ended, drained, in_order, on_threads
from pkpd.errors import SimulationError


def test_futures_come_as_they_end() -> None:
    first, second = Future[int](), Future[int]()
    waiting = as_ended([first, second], 0.01)
    assert next(waiting) is None  # neither has ended
    second.set_result(2)
    assert next(waiting) is second
    first.set_result(1)
    assert list(waiting) == [first]
    assert list(as_ended([first, second], 1.0)) == [first, second]
    assert list(as_ended([], 1.0)) == []


def test_no_future_stays_locked_while_others_are_waited_for() -> None:
    """As `concurrent.futures.wait` would leave them when it is interrupted half way."""
    futures = [Future[int]() for _ in range(50)]
    waiting = as_ended(futures, 0.01)
    next(waiting)
    waiting.close()  # as a KeyboardInterrupt leaves it
    setter = threading.Thread(target=lambda: [future.set_result(0) for future in futures], daemon=True)
    setter.start()
    setter.join(timeout=10)
    assert not setter.is_alive() and all(future.done() for future in futures)


def test_a_pool_is_drained_through_interruptions() -> None:
    class Interrupted(ThreadPoolExecutor):
        left = 2

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            if self.left:
                self.left -= 1
                raise KeyboardInterrupt
            super().shutdown(wait, cancel_futures=cancel_futures)

    pool = Interrupted(1)
    done = pool.submit(lambda: 3)
    drained(pool)
    assert pool.left == 0 and done.result() == 3


def test_results_keep_the_order_of_their_items() -> None:
    assert list(on_threads(lambda k: k * k, range(20), "il2_minimal", 3, ahead=2)) == [k * k for k in range(20)]
    with pytest.raises(SimulationError, match="0 threads cannot work"):
        list(on_threads(abs, range(3), "il2_minimal", 0))
    with ThreadPoolExecutor(2) as pool:
        assert list(in_order(lambda k: pool.submit(str, k), range(5), "it was done", 2)) == ["0", "1", "2", "3", "4"]
