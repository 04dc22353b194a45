"""What a search has tried and may still spend; a whole batch of candidates is tried at once, on a pool of threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from ...engine.compile import functions
from ...engine.workers import thread_count
from ...errors import SimulationError
from .candidates import Candidate, Pattern
from .task import Task, Tried, attempt

Key = tuple[str, Pattern]
Job = Callable[[], list[Tried]]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Budget:
    """Candidates to try, and seconds (None is without limit); SimulationError unless both are above 0."""

    evaluations: int = 2000
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.evaluations < 1 or (self.seconds is not None and not self.seconds > 0):
            raise SimulationError("a budget is one evaluation or more, and more than 0 seconds")


class Spent(Exception):
    """Nothing more may be tried; what was found so far stands."""


@dataclass(slots=True, eq=False)
class Account:
    """Every candidate tried, in an order that does not depend on the threads. `stopped` says why the search ended
    early: "evaluations", "seconds" or "interrupted"; "" where it did not. `leader` is the best so far of the
    first goal.
    """

    task: Task
    budget: Budget
    pool: ThreadPoolExecutor
    progress: Progress | None = None
    tried: dict[Key, Tried] = field(default_factory=dict)
    stopped: str = ""
    leader: Tried | None = None
    begin: float = field(default_factory=time.monotonic)

    def left(self) -> int:
        """How many more candidates the search may try; those of the map and the polish are counted apart."""
        return self.budget.evaluations - len(self.tried)

    def late(self) -> bool:
        """Whether the seconds are over, or somebody stopped the search."""
        over = self.budget.seconds is not None and time.monotonic() - self.begin >= self.budget.seconds
        return over or self.stopped in ("interrupted", "seconds")

    def one(self, candidate: Candidate, stage: str) -> Tried:
        """A candidate tried on this thread, without counting it; Spent when the search is over."""
        known = self.tried.get(candidate.key)
        if known is None and self.late():
            raise Spent
        return known or attempt(self.task, candidate, stage)

    def batch(self, candidates: Iterable[Candidate], stage: str, *, free: bool = False) -> bool:
        """Try those that are new; whether all were tried. Those beyond the budget are left out, unless `free`."""
        new = {c.key: c for c in candidates if c.key not in self.tried}
        wanted = list(new.values())
        if not free and len(wanted) > self.left():
            wanted, self.stopped = wanted[: self.left()], self.stopped or "evaluations"
        self.run([self._job(c, stage) for c in wanted])
        return all(key in self.tried for key in new)

    def run(self, jobs: Sequence[Job]) -> None:
        """Do jobs on the pool and keep what they tried, in the order of the jobs; an interruption ends them early."""
        futures = [self.pool.submit(job) for job in jobs]
        try:
            for future in futures:
                self._keep(future.result())
                if self.progress is not None:
                    self.progress(len(self.tried), self.budget.evaluations, self.best())
        except KeyboardInterrupt:
            self.stopped = "interrupted"
            for future in futures:
                future.cancel()
            self._gather(futures)
        except BaseException:
            for future in futures:
                future.cancel()
            raise
        if not self.stopped and self.late():
            self.stopped = "seconds"

    def best(self) -> str:
        """The best value of the first goal so far, in words; "" where no candidate meets all constraints."""
        goal = self.task.goals[0].quantity
        leader = self.leader
        return "" if leader is None else f"{goal.name} {self.task.value(leader.values, goal):.4g}"

    def _gather(self, futures: Sequence[Future[list[Tried]]]) -> None:
        """What was under way when somebody interrupted ends, and is kept."""
        for future in futures:
            if not future.cancelled():
                self._keep(future.result())

    def _keep(self, found: list[Tried]) -> None:
        for one in found:
            if self.tried.setdefault(one.candidate.key, one) is one and self.task.meets(one):
                first = self.task.losses(one.values)[0]
                if self.leader is None or first < self.task.losses(self.leader.values)[0]:
                    self.leader = one

    def _job(self, candidate: Candidate, stage: str) -> Job:
        def job() -> list[Tried]:
            try:
                return [self.one(candidate, stage)]
            except Spent:
                return []

        return job


@contextmanager
def opened(task: Task, budget: Budget, threads: int | None, progress: Progress | None) -> Iterator[Account]:
    """An account whose pool of threads (every core unless said) lasts as long as the block."""
    count = thread_count(threads)
    functions(task.model)  # compiled once, before several threads ask for it
    with ThreadPoolExecutor(count) as pool:
        yield Account(task, budget, pool, progress)
