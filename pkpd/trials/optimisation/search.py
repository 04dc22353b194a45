"""The search itself: every candidate where they are few, else NSGA-II over whole and real numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from ...errors import SimulationError
from .account import Account
from .candidates import Candidate
from .polish import reserve
from .space import Space
from .task import Tried

# Candidates of one generation: a dozen generations where the budget allows, and no more than help.
FEWEST, MOST, GENERATIONS = 8, 60, 12
IDLE = 10  # generations without a new candidate after which the search has come to rest
WORST = 1e30  # stands for "no number", which the optimiser cannot take


def search(account: Account, seed: int) -> None:
    """Fill the account with candidates; the same seed tries the same ones, unless time or somebody stops it."""
    space = account.task.space
    if space.count <= account.budget.evaluations:
        account.batch(_all(space), "all")
        return
    _evolve(account, seed, account.budget.evaluations - reserve(account))


def _all(space: Space) -> list[Candidate]:
    choices = product(space.levels, space.intervals, space.on, space.off)
    return [space.candidate(*choice) for choice in choices]


def _evolve(account: Account, seed: int, until: int) -> None:
    """Generations until so many candidates were tried."""
    size = min(MOST, max(FEWEST, until // GENERATIONS))
    problem, algorithm, evaluated = _algorithm(account.task.space, len(account.task.goals), size, seed, account)
    idle = 0
    while idle < IDLE and len(account.tried) < until:
        population = algorithm.ask()
        if population is None or not len(population):
            return
        before = len(account.tried)
        candidates = [_candidate(account.task.space, one.X) for one in population]
        if not account.batch(candidates, "search"):
            return
        idle = 0 if len(account.tried) > before else idle + 1
        evaluated(problem, population, *_scores(account, [account.tried[c.key] for c in candidates]))
        algorithm.tell(infills=population)


def _algorithm(space: Space, goals: int, size: int, seed: int, account: Account) -> tuple[Any, Any, Any]:
    """The problem, NSGA-II over its real and whole numbers, and what hands it values; SimulationError without pymoo."""
    try:
        from pymoo.algorithms.moo.nsga2 import RankAndCrowdingSurvival, binary_tournament
        from pymoo.core.evaluator import Evaluator
        from pymoo.core.mixed import (
            MixedVariableDuplicateElimination,
            MixedVariableGA,
            MixedVariableMating,
            MixedVariableSampling,
        )
        from pymoo.core.problem import Problem
        from pymoo.operators.selection.tournament import TournamentSelection
        from pymoo.problems.static import StaticProblem
    except ImportError:
        raise SimulationError(
            'the search needs the package pymoo, which is not installed; pip install "pkpd[optimise]"'
        ) from None
    constraints = len(account.task.constraints)
    problem = Problem(vars=_variables(space), n_obj=goals, n_ieq_constr=constraints)
    distinct = MixedVariableDuplicateElimination()
    mating = MixedVariableMating(
        selection=TournamentSelection(func_comp=binary_tournament), eliminate_duplicates=distinct
    )
    algorithm = MixedVariableGA(
        pop_size=size,
        sampling=MixedVariableSampling(),
        mating=mating,
        eliminate_duplicates=distinct,
        survival=RankAndCrowdingSurvival(),
        output=None,
        advance_after_initial_infill=True,
    )
    algorithm.tournament_type = "comp_by_dom_and_crowding"
    algorithm.setup(problem, seed=seed, termination=("n_gen", 10**9), verbose=False)

    def evaluated(problem: Any, population: Any, losses: Any, violations: Any) -> None:
        Evaluator().eval(StaticProblem(problem, F=losses, G=violations), population)

    return problem, algorithm, evaluated


def _variables(space: Space) -> dict[str, Any]:
    """What there is to choose: a real dose, and places in the lists of everything else that has more than one value."""
    from pymoo.core.variable import Integer, Real

    lists: dict[str, Sequence[Any]] = {
        "level": space.levels,
        "interval": space.intervals,
        "on": space.on,
        "off": space.off,
    }
    found = {name: Integer(bounds=(0, len(values) - 1)) for name, values in lists.items() if len(values) > 1}
    return found if space.levels else {"dose": Real(bounds=(space.low, space.high)), **found}


def _candidate(space: Space, x: Mapping[str, Any]) -> Candidate:
    def chosen(values: tuple[Fraction, ...], name: str) -> Fraction:
        return values[int(x.get(name, 0))]

    amount = space.levels[int(x.get("level", 0))] if space.levels else float(x["dose"])
    return space.candidate(
        amount, chosen(space.intervals, "interval"), chosen(space.on, "on"), chosen(space.off, "off")
    )


def _scores(account: Account, tried: Sequence[Tried]) -> tuple[Any, Any]:
    """Losses, shape (candidates, goals), and violations, shape (candidates, constraints)."""
    task = account.task
    losses = np.array([[_finite(v) for v in task.losses(t.values)] for t in tried])
    violations = np.array([[_finite(v) for v in task.violations(t.limited)] for t in tried])
    return losses, violations.reshape(len(tried), len(task.constraints))


def _finite(value: float) -> float:
    return value if math.isfinite(value) else WORST
