"""From doses and parameters to states at the rows asked for, by the engine asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np

from ..errors import SimulationError
from .code.memory import DONE, TOO_MANY
from .compile import Bound
from .events import TIE, Action, Moment, Steady
from .functions import Vector
from .infusions import Infusions, running_at
from .native import NativeFunctions
from .plan import Plan, Whole, plan_of
from .run import MAX_STEPS, Patients, Rows, Solved, prepare
from .tolerances import DEFAULT, FINE, Stopped, Tolerances


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """States at the rows asked for, shape (rows, states), in coherent units; the state at the end; how many steps were
    taken and how many of them rejected, None where the engine does not tell.
    """

    states: Vector
    end: Moment
    steps: tuple[int, int] | None = None


def integrate(
    bound: Bound,
    actions: Sequence[Action],
    rows: Rows,
    engine: str = "compiled",
    tolerances: Tolerances = DEFAULT,
    start: Moment | None = None,
    last_dose: Callable[[float], str] = lambda day: "not known",
    begin: float | None = None,
) -> Course:
    """The course of one patient through what the doses do.

    Without `start` the model begins at rest on day `begin`, by default 0 or earlier if the first dose or time is; with
    it, only what happens later than `start.time` is applied, and infusions that run then go on. Raises SimulationError
    telling the day, the last dose and every state when the solver fails.
    """
    first = _first(bound, actions, rows, start, begin)
    coming = [a for a in actions if not start or a.time > first.time]
    running = running_at(actions, first.time) if start else ()
    solver = _compiled if engine == "compiled" else _scipy
    try:
        return solver(bound, coming, running, rows, engine, tolerances, first)
    except Stopped as stop:
        raise SimulationError(failure(bound, engine, stop, last_dose)) from None


def failure(bound: Bound, engine: str, stop: Stopped, last_dose: Callable[[float], str]) -> str:
    """Where and why a solver stopped, the last dose, every state, and what to try."""
    day = stop.time / bound.per_day
    other = "scipy-radau" if engine == "compiled" else "compiled"
    return (
        f"the engine '{engine}' stopped on day {day:.6g} ({stop.reason}); last dose: {last_dose(day)}; "
        f"states there: {bound.state_text(stop.y)}; "
        f"try --engine {other}, a smaller tolerance, or parameters inside their bounds"
    )


def arranged(rows: Rows) -> tuple[Whole, Rows]:
    """The order in which rows are reached, and the rows in that order."""
    order = np.lexsort((rows.post, rows.times))
    return order, Rows(rows.times[order], rows.post[order])


def stopped(status: Whole, final: Vector) -> Stopped | None:
    """Why a patient was not stepped to the end, from the kernel's report; None if it was."""
    if status[0] == DONE:
        return None
    many = f"more than {MAX_STEPS} steps"
    reason = many if status[0] == TOO_MANY else "a state grows without bound, or is no longer a number"
    return Stopped(float(final[-1]), final[:-1], reason)


def _compiled(
    bound: Bound,
    actions: Sequence[Action],
    running: Infusions,
    rows: Rows,
    engine: str,
    tolerances: Tolerances,
    first: Moment,
) -> Course:
    order, sorted_rows = arranged(rows)
    end = max([first.time, *sorted_rows.times[-1:]])
    plan = patient_plan(bound, actions, end, running)
    solved = _solved(bound, plan, first.y[None], first.time, sorted_rows, end, tolerances)
    states = np.empty((len(order), len(bound.initial)))
    states[order] = solved.states[0, :, : len(order)].T
    # A restart leaves out exactly what has happened, which may lie a rounding after the last time asked for.
    happened = max((a.time for a in actions if a.time <= end + TIE), default=end)
    steps = int(solved.status[0, 1]), int(solved.status[0, 2])
    return Course(states, Moment(float(max(end, happened)), solved.final[0, :-1]), steps)


def patient_plan(bound: Bound, actions: Sequence[Action], end: float, running: Infusions = ()) -> Plan:
    """The plan of one patient up to day `end`; raises Stopped or SimulationError where no steady state is found."""
    entered = cast(NativeFunctions, bound.functions).code.entered
    return plan_of(actions, running, bound.initial, entered, bound.per_day, end, _steady)


def _steady(steady: Steady, day: float) -> Vector:
    """The state of a steady-state record on a day."""
    from .steady import steady_state

    try:
        return steady_state(steady.bound, steady, partial(_period, steady.bound))
    except Stopped as stop:
        raise Stopped(day * steady.bound.per_day, stop.y, f"looking for the steady state: {stop.reason}") from None


def _period(bound: Bound, ys: Vector, running: Infusions, doses: tuple[Action, ...], days: float) -> Vector:
    """The states after `days` of plain doses and infusions, what falls on the end left out."""
    coming = [a for a in doses if a.time == 0 or a.time < days - TIE]
    rows, count = Rows(np.array([days]), np.zeros(1, dtype=np.int64)), len(ys)
    plan = patient_plan(bound, coming, days, running).repeated(count)
    return np.array(_solved(bound, plan, ys, 0.0, rows, days, FINE).states[:, :, 0])


def _solved(
    bound: Bound, plan: Plan, ys: Vector, begin: float, rows: Rows, end: float, tolerances: Tolerances
) -> Solved:
    """The bound model stepped from each of the states `ys`; raises Stopped where one does not come to the end."""
    count = len(ys)
    patients = Patients(np.tile(bound.p, (count, 1)), ys, np.tile(bound.scale, (count, 1)), np.full(count, begin))
    functions = cast(NativeFunctions, bound.functions)
    solved = prepare(functions, patients, plan, rows, end, bound.per_day, tolerances).run()
    for status, final in zip(solved.status, solved.final, strict=True):
        if stop := stopped(status, final):
            raise stop
    return solved


def _scipy(
    bound: Bound,
    actions: Sequence[Action],
    running: Infusions,
    rows: Rows,
    engine: str,
    tolerances: Tolerances,
    first: Moment,
) -> Course:
    from .solve import through
    from .stepping import Stepper

    order, place = np.unique(rows.times, return_inverse=True)
    before, after, end = through(Stepper(bound, engine, tolerances), first, running, actions, order)
    return Course(np.where(rows.post[:, None] == 1, after[place], before[place]), end)


def _first(bound: Bound, actions: Sequence[Action], rows: Rows, start: Moment | None, rest: float | None) -> Moment:
    """Where to begin; SimulationError when that is later than a row, or the state is another model's."""
    earliest = float(min(rows.times, default=0.0))
    early = min([0.0, earliest, *(a.time for a in actions[:1])])
    begin = start.time if start else early if rest is None else rest
    if len(rows.times) and earliest < begin - TIE:
        raise SimulationError(f"a time of {earliest:g} d lies before the start on day {begin:g}")
    first = start or Moment(begin, bound.initial)
    if len(first.y) != len(bound.initial):
        raise SimulationError(f"the start has {len(first.y)} states and model {bound.model.name} {len(bound.initial)}")
    return first
