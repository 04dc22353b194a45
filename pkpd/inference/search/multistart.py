"""Searches from many starts: on threads, within a budget, and never lost when interrupted."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from ...engine.functions import Vector
from ...engine.workers import as_ended, drained
from ...errors import InferenceError
from .budget import Account, Budget, Progress, Trail
from .minimise import Found, Problem, minimise
from .starts import starts

__all__ = ["Budget", "Progress", "Search", "multistart", "starts"]

NOTICE = 0.2  # seconds between two reports of progress


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """Searches from many starts, `found` best first (ties in the order of the starts): the waterfall.

    `evaluations` and `seconds` are those of all; `stopped` says what ended them early: "evaluations" or "seconds" of
    the budget, "interrupted" by Ctrl-C, or "". Starts that had not begun by then are left out.
    """

    found: tuple[Found, ...]
    evaluations: int
    seconds: float
    stopped: str

    @property
    def best(self) -> Found:
        """The one with the least sum of squares."""
        return self.found[0]

    def agreeing(self, within: float) -> int:
        """How many starts ended with a sum of squares at most this much above the least, the best included."""
        return sum(one.cost <= self.best.cost + within for one in self.found)


def multistart(
    problem: Problem,
    starting: Sequence[Vector],
    *,
    method: str = "least_squares",
    budget: Budget | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Search:
    """`minimise` from every start, in their order, on `threads` (all cores unless said).

    Without a budget's end the result is the same whatever the number of threads. The first start always runs. Ctrl-C,
    or a KeyboardInterrupt from `progress` or from the residuals, ends every start at its next evaluation, and the best
    points so far are returned. `progress` is called in the calling thread, at the end of each start and at most every
    0.2 s between. Raises InferenceError as `minimise` does, and what the residuals raise.
    """
    count = threads if threads is not None else os.cpu_count() or 1
    if count < 1 or not len(starting):
        raise InferenceError(f"{len(starting)} starts on {count} threads cannot be searched; give 1 or more of each")
    account = Account(budget or Budget())
    trails = [Trail(account) for _ in starting]
    with ThreadPoolExecutor(min(count, len(starting))) as pool:
        futures: list[Future[Found | None]] = []
        try:
            for number, start in enumerate(starting):
                futures.append(pool.submit(_one, problem, start, method, trails[number], number == 0))
            _follow(futures, account, progress)
        except KeyboardInterrupt:
            account.stop("interrupted")
        except BaseException:
            account.stop("failed")
            raise
        finally:
            drained(pool)
    ended = [found for future in futures if (found := future.result()) is not None]
    if not ended:
        # before the first residual was known there is nothing to keep
        raise KeyboardInterrupt
    ended.sort(key=lambda found: (math.isnan(found.cost), found.cost))
    return Search(tuple(ended), account.evaluations, account.seconds(), account.stopped)


def _one(problem: Problem, start: Vector, method: str, trail: Trail, first: bool) -> Found | None:
    """One start's search; None when the account was spent before it began."""
    if trail.account.stopped and not first:
        return None
    try:
        return minimise(problem, start, method=method, watch=trail.watch)
    except KeyboardInterrupt:
        trail.account.stop("interrupted")
        if not trail.x.size:
            return None
        return Found(trail.x, trail.cost, start, trail.evaluations, False, "interrupted", None)
    except BaseException:
        trail.account.stop("failed")
        raise


def _follow(
    futures: Sequence[Future[Found | None]], account: Account, progress: Callable[[Progress], None] | None
) -> None:
    """Wait for all starts, and tell of each that ends; what one raises is raised here."""
    done = 0
    for future in as_ended(futures, NOTICE):
        if future is not None:
            done += future.result() is not None
        if progress is not None:
            progress(account.progress(done, len(futures)))
