"""One goal: the dose of the best regimens is refined by a bounded search of its own, towards the limits if need be."""

from __future__ import annotations

import math

from .account import Account, Job, Spent
from .candidates import Candidate
from .found import best_regimens, nearest_regimens
from .task import Tried

STEPS = 22  # both ends, then golden sections and parabolas: the range shrinks about ten thousandfold
PATTERNS = 10


def reserve(account: Account) -> int:
    """Evaluations kept for the polish, which one goal and a dose that is any number of a range have."""
    return min(account.budget.evaluations // 4, STEPS * PATTERNS) if _fits(account) else 0


def polish(account: Account) -> None:
    """Refine the dose of the best regimens with the evaluations kept for it, one job for each; where none meets
    everything, of those that fail least. Nothing where it does not fit.
    """
    if not _fits(account):
        return
    tried = account.tried.values()
    best = best_regimens(account.task, tried, PATTERNS) or nearest_regimens(account.task, tried, PATTERNS)
    kept = reserve(account)
    count = min(len(best), max(1, kept // STEPS))
    steps = min(STEPS, kept // count) if count else 0
    if steps >= 5:  # fewer find nothing
        account.run([_job(account, one, steps) for one in best[:count]])


def _fits(account: Account) -> bool:
    return len(account.task.goals) == 1 and not account.task.space.levels


def _job(account: Account, start: Tried, steps: int) -> Job:
    """A bounded search over the dose of one regimen; what it tried, also when it had to stop."""
    task, found = account.task, list[Tried]()
    own, space = start.candidate, account.task.space
    floor = max(abs(task.losses(start.values)[0]), 1.0)

    def loss(amount: float) -> float:
        candidate: Candidate = space.candidate(float(amount), own.interval, own.on, own.off)
        tried = account.one(candidate, "polish")
        found.append(tried)
        # what fails is worse than whatever holds, and the worse the more it fails
        missed = sum(task.violations(tried.limited))
        value = task.losses(tried.values)[0]
        if missed or not math.isfinite(value):
            return 1e6 * floor * (1.0 + min(missed, 1e6))
        return value

    def job() -> list[Tried]:
        from scipy.optimize import minimize_scalar

        try:
            ends, fine = (space.low, space.high), 1e-5 * (space.high - space.low)
            # which the bounded search comes close to, and never tries
            for amount in ends:
                loss(amount)
            minimize_scalar(loss, bounds=ends, method="bounded", options={"maxiter": steps - 2, "xatol": fine})
        except Spent:
            pass
        return found

    return job
