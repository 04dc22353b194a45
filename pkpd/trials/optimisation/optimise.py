"""From a task to its result: search, map, and how sure the ranking is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .account import Account, Budget, Progress, opened
from .found import best_regimens, check_found, listed, pareto_front
from .polish import polish
from .ranking import Ranking, ranked
from .search import search
from .task import Task, Tried
from .window import Window, window_around

if TYPE_CHECKING:
    from ...inference.uncertainty.draws import Draws


PLAIN = Budget()


@dataclass(frozen=True, slots=True, eq=False)
class Optimised:
    """Everything tried in order; the regimens `listed` (the best of one goal, or some of the front), the whole `front`
    (of one goal, the best regimens); the map and the ranking, None where there is none. `stopped` says what ended the
    search early: "evaluations", "seconds", "interrupted", or "".
    """

    task: Task
    tried: tuple[Tried, ...]
    listed: tuple[Tried, ...]
    front: tuple[Tried, ...]
    window: Window | None
    ranking: Ranking | None
    stopped: str
    seconds: float
    seed: int

    @property
    def failed(self) -> tuple[Tried, ...]:
        """Candidates that could not be simulated."""
        return tuple(t for t in self.tried if t.stopped)


def optimise(
    task: Task,
    budget: Budget = PLAIN,
    *,
    seed: int = 1,
    draws: Draws | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    ranking_progress: Callable[[int, int], None] | None = None,
) -> Optimised:
    """Search for the best regimens in the typical patient, map the best one's surroundings, and rank under the draws.

    The same seed gives the same result whatever the threads, unless seconds or an interruption end the search; then
    what was found so far stands. SimulationError where no candidate meets everything.
    """
    begin = time.monotonic()
    with opened(task, budget, threads, progress) as account:
        window = _searched(account, seed)
    tried = tuple(account.tried.values())
    check_found(task, tried)
    chosen = tuple(listed(task, tried))
    found: Ranking | None = None
    if draws is not None and account.stopped != "interrupted":
        try:
            found = ranked(task, chosen, draws, threads=threads, progress=ranking_progress)
        except KeyboardInterrupt:
            account.stopped = "interrupted"
    front = tuple(pareto_front(task, tried)) if len(task.goals) > 1 else chosen
    spent = time.monotonic() - begin
    return Optimised(task, tried, chosen, front, window, found, account.stopped, spent, seed)


def _searched(account: Account, seed: int) -> Window | None:
    """Search, map around the best regimen of the first goal, polish, and map again where another one is best now; an
    interruption keeps what was tried.
    """
    task = account.task
    try:
        search(account, seed)
        if not any(task.meets(t) for t in account.tried.values()) and not account.late():
            polish(account)
        check_found(task, list(account.tried.values()))
        window = None if account.late() else window_around(account, _best(account))
        if not account.late():
            polish(account)
            best = _best(account).candidate
            if window is not None and (best.on, best.off) != (window.on, window.off) and not account.late():
                window = window_around(account, _best(account))
        return window
    except KeyboardInterrupt:
        account.stopped = "interrupted"
    return None


def _best(account: Account) -> Tried:
    """The best regimen for the first goal."""
    task, tried = account.task, account.tried.values()
    return (best_regimens(task, tried, 1) if len(task.goals) == 1 else pareto_front(task, tried))[0]
