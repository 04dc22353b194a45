"""What a search is about, and what trying one candidate gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...dosing.given import given
from ...engine.tolerances import DEFAULT, Tolerances
from ...model.registry import MODELS
from ...parameters import Parameters
from ...quantities import Quantity
from ..regimen.evaluate import Evaluated, evaluate_regimen
from ..regimen.sampling import total_miu
from ..summary import HIGHEST, USUAL_BSA
from .candidates import Candidate
from .goals import Constraint, Goal
from .holding import Holding, kept
from .space import Space

if TYPE_CHECKING:
    from ...inference.uncertainty.draws import Draws
    from ...model.declaration import Model


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is searched for and in whom: one patient with fixed parameters. `quantities` are all that are told of a
    candidate: those of goals and constraints, then what it costs in drug and injections. With `holding`, constraints
    are judged under its draws; goals stay those of the typical patient.
    """

    model: Model | str
    parameters: Parameters
    space: Space
    goals: tuple[Goal, ...]
    constraints: tuple[Constraint, ...]
    quantities: tuple[Quantity, ...]
    bsa: float | None = None
    weight: float | None = None
    held: tuple[str, ...] = ()
    tolerances: Tolerances = DEFAULT
    holding: Holding | None = None

    def value(self, values: Sequence[float], quantity: Quantity) -> float:
        """The number of a quantity among those of a candidate."""
        return values[[q.name for q in self.quantities].index(quantity.name)]

    def losses(self, values: Sequence[float]) -> tuple[float, ...]:
        """What the search makes small, one a goal."""
        return tuple(goal.loss(self.value(values, goal.quantity)) for goal in self.goals)

    def limited(self, values: Sequence[float]) -> tuple[float, ...]:
        """The numbers that constraints look at, one a constraint."""
        return tuple(self.value(values, c.quantity) for c in self.constraints)

    def violations(self, limited: Sequence[float]) -> tuple[float, ...]:
        """By how much each constraint fails, 0 where it holds, from the numbers that they look at."""
        return tuple(c.violation(value) for c, value in zip(self.constraints, limited, strict=True))

    def meets(self, tried: Tried) -> bool:
        """Whether every constraint holds and every goal has a number."""
        return not any(self.violations(tried.limited)) and all(map(math.isfinite, self.losses(tried.values)))


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A candidate, its quantities in the order of the task, the numbers `limited` that must meet the constraints (the
    same quantities, or those that the share of draws of the task keeps within), why it could not be simulated (or ""),
    and the `stage` of the search that tried it.
    """

    candidate: Candidate
    values: tuple[float, ...]
    limited: tuple[float, ...]
    stopped: str
    stage: str


def evaluated(task: Task, candidate: Candidate, draws: Draws | None, threads: int | None = None) -> Evaluated:
    """The quantities of the task for one candidate, in its patient and for each of the draws."""
    return evaluate_regimen(
        candidate.schedule,
        task.quantities,
        task.model,
        task.parameters,
        draws,
        horizon=float(task.space.horizon),
        bsa=task.bsa,
        weight=task.weight,
        held=task.held,
        tolerances=task.tolerances,
        threads=threads,
    )


def attempt(task: Task, candidate: Candidate, stage: str) -> Tried:
    """Simulate one candidate on this thread; PkpdError where its doses do not fit the model."""
    holding = task.holding
    found = evaluated(task, candidate, None if holding is None else holding.draws, 1)
    values = tuple(found.typical.tolist())
    limited = task.limited(values)
    if holding is not None:
        names = [q.name for q in task.quantities]
        columns = [found.values[:, names.index(c.quantity.name)] for c in task.constraints]
        limited = tuple(kept(v, c.sign, holding.share) for v, c in zip(columns, task.constraints, strict=True))
    return Tried(candidate, values, limited, found.stopped, stage)


def kept_name(task: Task, one: Constraint) -> str:
    """What a number that a constraint looks at is called: the quantity, or `nk_peak_fold, 90 % of draws below`."""
    if task.holding is None:
        return one.quantity.name
    side = "below" if one.sign[0] == "<" else "above"
    return f"{one.quantity.name}, {100 * task.holding.share:g} % of draws {side}"


def told(goals: Sequence[Goal], constraints: Sequence[Constraint], more: Sequence[Quantity]) -> tuple[Quantity, ...]:
    """Each quantity once, by name."""
    named = [*(g.quantity for g in goals), *(c.quantity for c in constraints), *more]
    return tuple({q.name: q for q in named}.values())


def most_a_day(task: Task, candidate: Candidate) -> float:
    """The largest amount in one day, MIU/m2; NaN for a model that is not ours, of which nothing is known."""
    if task.model not in MODELS:
        return math.nan
    days: dict[int, list[object]] = {}
    doses = given(candidate.schedule, task.bsa, task.weight)
    for dose in doses:
        days.setdefault(int(dose.time), []).append(dose)
    most = max(len(some) for some in days.values())
    return total_miu(doses[:1], math.inf) * most / (task.bsa or USUAL_BSA)


def beyond(task: Task, candidate: Candidate) -> bool:
    """Whether a candidate gives more in a day than any of the evidence behind the parameters."""
    return most_a_day(task, candidate) > HIGHEST * (1 + 1e-9)
