"""What a search of many starts may spend, what it has spent, and how far it is."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from ...engine.functions import Vector
from ...errors import InferenceError
from .minimise import Halt


@dataclass(frozen=True, slots=True)
class Budget:
    """Residual evaluations and seconds of all starts together; None is without limit.

    Starts under way end at their next evaluation once either is spent, so there may be an evaluation more per thread.
    Raises InferenceError for a limit that is not a number above 0.
    """

    evaluations: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        limits: tuple[tuple[str, object], ...] = (("evaluations", self.evaluations), ("seconds", self.seconds))
        for what, limit in limits:
            if limit is None:
                continue
            if isinstance(limit, bool) or not isinstance(limit, int | float | np.integer):
                raise InferenceError(f"a budget of {what} is a number above 0, or None, not {limit!r:.60}")
            if not limit > 0:
                raise InferenceError(f"a budget of {limit:g} {what} is none; give more than 0, or leave it out")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is: starts finished of all, the least sum of squares yet, evaluations, seconds since it began,
    and seconds left if the other starts take as long; NaN while no start has finished and the budget has no end.
    """

    starts_done: int
    starts: int
    best: float
    evaluations: int
    seconds: float
    seconds_left: float


@dataclass(slots=True, eq=False)
class Account:
    """What all starts have spent. `stopped` says why they must end: "evaluations", "seconds", "interrupted",
    "failed", or "" while they may go on.
    """

    budget: Budget
    begin: float = field(default_factory=time.monotonic)
    evaluations: int = 0
    best: float = math.inf
    stopped: str = ""
    lock: Lock = field(default_factory=Lock)

    def seconds(self) -> float:
        """Seconds since the search began."""
        return time.monotonic() - self.begin

    def stop(self, why: str) -> None:
        """Make every start end at its next evaluation; the first reason stands, unless a start failed."""
        with self.lock:
            if not self.stopped or why == "failed":
                self.stopped = why

    def spend(self, cost: float) -> None:
        """Count an evaluation; Halt when it was the last."""
        with self.lock:
            self.evaluations += 1
            self.best = min(self.best, cost)
            if not self.stopped:
                self.stopped = self._spent()
            if self.stopped:
                raise Halt

    def _spent(self) -> str:
        if self.budget.evaluations is not None and self.evaluations >= self.budget.evaluations:
            return "evaluations"
        if self.budget.seconds is not None and self.seconds() >= self.budget.seconds:
            return "seconds"
        return ""

    def progress(self, done: int, starts: int) -> Progress:
        """How far the search is with so many starts done."""
        seconds = self.seconds()
        left = [seconds / done * (starts - done)] if done else []
        if self.budget.seconds is not None:
            left.append(max(0.0, self.budget.seconds - seconds))
        if self.budget.evaluations is not None and self.evaluations:
            left.append(seconds / self.evaluations * max(0, self.budget.evaluations - self.evaluations))
        return Progress(done, starts, self.best, self.evaluations, seconds, min(left, default=math.nan))


@dataclass(slots=True, eq=False)
class Trail:
    """One start's best point, kept outside its search so that an interruption cannot lose it."""

    account: Account
    x: Vector = field(default_factory=lambda: np.empty(0))
    cost: float = math.inf
    evaluations: int = 0

    def watch(self, x: Vector, cost: float) -> None:
        """Remember a point; Halt when the account is spent."""
        self.evaluations += 1
        if not self.x.size or cost < self.cost:
            self.x, self.cost = x, cost
        self.account.spend(cost)
