"""Plans of many patients at once: body size, lag and bioavailability differ, the schedule is the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..dosing.dose import Dose
from ..dosing.given import body_scale
from ..dosing.schedule import Schedule
from ..errors import SimulationError
from ..model.outline import Outline
from ..units import coherent_factor, factor
from .compile import state_route
from .events import SHORT, TIE, check_infusion, check_modelled, to_route_unit
from .functions import ROUTE, Vector
from .plan import Plan, Whole

Size = tuple[float | None, float | None]  # bsa in m2, weight in kg


@dataclass(frozen=True, slots=True, eq=False)
class ManyRoutes:
    """Routes of many patients: the state each route feeds and its unit, then one row a patient and one column a route:
    what one unit of dose adds before bioavailability, bioavailability, and lag in days.
    """

    names: tuple[str, ...]
    states: tuple[int, ...]
    units: tuple[str, ...]
    content: Vector
    bioavailability: Vector
    lag: Vector
    rate: Vector
    duration: Vector

    def index(self, name: str, model: Outline) -> int:
        """The number of a route, the first one for an empty name; SimulationError with the nearest name. Behind the
        routes come the states, which a dose may be given straight into.
        """
        routes = len(model.routes)
        if name in self.names[:routes] or (routes and not name):
            return self.names.index(name) if name else 0
        return routes + state_route(model, name)


@dataclass(frozen=True, slots=True, eq=False)
class _Arrival:
    """Something that reaches a state: when (days) for each patient, and the amount, or the rate that starts or ends."""

    time: Vector
    state: int
    amount: Vector | None = None
    rate: Vector | None = None
    starts: int = -1  # for the end of an infusion: which arrival began it


def many_routes(model: Outline, routes: Vector) -> ManyRoutes:
    """The routes of many patients, from what their parameters fix for each route."""
    index = {s.name: i for i, s in enumerate(model.states)}
    units = np.array([coherent_factor(r.unit, model.time) for r in model.routes])
    straight = np.array([coherent_factor(s.unit, model.time) for s in model.states])
    one, day = np.ones((len(routes), len(straight))), factor("d", model.time)
    share, lag, content, rate, duration = (routes[:, k::ROUTE] for k in range(ROUTE))
    return ManyRoutes(
        names=(*(r.name for r in model.routes), *index),
        states=(*(index[r.into] for r in model.routes), *index.values()),
        units=(*(r.unit for r in model.routes), *(s.unit for s in model.states)),
        content=np.hstack([content * units, one * straight]),
        bioavailability=np.hstack([share, one]),
        lag=np.hstack([lag / day, 0 * one]),
        rate=np.hstack([rate / units, 0 * one]),
        duration=np.hstack([duration / day, 0 * one]),
    )


def unmodelled(schedule: Schedule, routes: ManyRoutes, model: Outline) -> dict[int, str]:
    """The patients whose routes lack a rate or duration that a dose leaves to the model, with the reason of each."""
    found: dict[int, str] = {}
    for dose in schedule.doses:
        if dose.modelled and dose.status != "missed":
            r = routes.index(dose.route, model)
            check_infusion(model, dose, routes.names[r])
            for k in range(len(routes.rate)):
                try:
                    check_modelled(dose, routes.names[r], float(routes.rate[k, r]), float(routes.duration[k, r]))
                except SimulationError as error:
                    found.setdefault(k, str(error))
    return found


def is_plain(schedule: Schedule) -> bool:
    """Whether every dose only adds: no reset and no steady state, whose course depends on the patient."""
    return not any(d.reset or d.steady_state for d in schedule.doses)


def plain_plans(
    schedule: Schedule,
    routes: ManyRoutes,
    sizes: Sequence[Size],
    entered: Sequence[int],
    model: Outline,
    factors: Vector | None = None,
    stretch: tuple[float, float] | None = None,
) -> list[tuple[Whole, Plan]]:
    """The plans of a plain schedule, each with the numbers of the patients who share it; `sizes` are (bsa in m2, weight
    in kg) of each patient, `factors` the share of each dose that each is given, shape (patients, doses), and `stretch`
    the first and last day of a part of the course. The same numbers, to the last bit, as `plan_of` finds for each
    patient alone.
    """
    patients, states, per_day = len(sizes), len(model.states), factor("d", model.time)
    arrivals = _all_arrivals(schedule, routes, sizes, model, factors)
    if stretch is not None:
        arrivals = [_within(arrival, *stretch) for arrival in arrivals]
    if not arrivals:
        times = np.zeros((patients, 0))
        return [(np.arange(patients), _plan([], times, [], states, entered, per_day))]
    times = np.stack([a.time for a in arrivals], axis=1)
    order = np.argsort(times, axis=1, kind="stable")
    groups = _groups(np.take_along_axis(times, order, axis=1))
    kinds, kind = np.unique(np.hstack([order, groups]), axis=0, return_inverse=True)
    plans = []
    for k, shape in enumerate(kinds):
        own = np.flatnonzero(kind.ravel() == k)
        listed: list[list[int]] = [[] for _ in range(int(shape[-1]) + 1)]
        for column, group in zip(*np.split(shape, 2), strict=True):
            listed[group].append(int(column))
        mine = [_of(a, own) for a in arrivals]
        plans.append((own, _plan(mine, times[own], listed, states, entered, per_day)))
    return plans


def _all_arrivals(
    schedule: Schedule, routes: ManyRoutes, sizes: Sequence[Size], model: Outline, factors: Vector | None
) -> list[_Arrival]:
    body, arrivals = dict[str, Vector](), list[_Arrival]()
    for k, dose in enumerate(schedule.doses):
        if dose.status != "missed" and dose.gives:
            if dose.per not in body:
                body[dose.per] = np.array([float(body_scale(dose, *size)) for size in sizes])
            share = None if factors is None else factors[:, k]
            arrivals += _arrivals(dose, routes, body[dose.per], model, len(arrivals), share)
    return arrivals


def _within(arrival: _Arrival, begin: float, end: float) -> _Arrival:
    """An arrival as a stretch of the course meets it: what came before is over, what runs goes on, and what arrives at
    the end belongs to the next stretch.
    """
    time, amount = arrival.time, arrival.amount
    if amount is not None:
        amount = np.where((time >= begin - TIE) & (time < end - TIE), amount, 0.0)
    return _Arrival(np.maximum(time, begin), arrival.state, amount, arrival.rate, arrival.starts)


def _arrivals(
    dose: Dose, routes: ManyRoutes, body: Vector, model: Outline, before: int, share: Vector | None
) -> list[_Arrival]:
    """What one record brings, `before` arrivals being known already (the arithmetic of `events.deliver`); `share` of it
    is given.
    """
    r, time = routes.index(dose.route, model), model.time
    per_unit = body * to_route_unit(dose.unit, routes.units[r], routes.names[r]) * routes.content[:, r]
    amount, lag, per_day = dose.amount * per_unit * routes.bioavailability[:, r], routes.lag[:, r], factor("d", time)
    amount = amount if share is None else amount * share
    check_infusion(model, dose, routes.names[r])
    days = routes.duration[:, r] if dose.modelled == "duration" else np.full(len(body), float(dose.duration or 0))
    rate = amount / (days * per_day) if dose.duration or dose.modelled == "duration" else np.zeros(len(body))
    if dose.rate is not None or dose.modelled == "rate":
        own = routes.rate[:, r] * routes.content[:, r]
        rate = own if dose.rate is None else dose.rate * per_unit / factor("h", time)
        days = np.where(rate > 0, amount, 0.0) / np.where(rate > 0, rate, 1.0) / per_day
    found, state, fast = list[_Arrival](), routes.states[r], days <= SHORT
    for k in range(dose.additional + 1):
        start = float(dose.time + k * dose.interval) + lag
        if np.any(fast):
            found.append(_Arrival(start, state, amount=np.where(fast, amount, 0.0)))
        if not np.all(fast):
            found.append(_Arrival(start, state, rate=np.where(fast, 0.0, rate)))
            found.append(_Arrival(np.where(fast, start, start + days), state, starts=before + len(found) - 1))
    return found


def _groups(times: Vector) -> Whole:
    """The moment each arrival belongs to, for times ascending along each row (see `infusions.grouped`)."""
    first, group = times[:, 0].copy(), np.zeros(times.shape, dtype=np.int64)
    for k in range(1, times.shape[1]):
        later = times[:, k] > first + TIE
        first = np.where(later, times[:, k], first)
        group[:, k] = group[:, k - 1] + later
    return group


def _of(arrival: _Arrival, patients: Whole) -> _Arrival:
    amount = None if arrival.amount is None else arrival.amount[patients]
    rate = None if arrival.rate is None else arrival.rate[patients]
    return _Arrival(arrival.time[patients], arrival.state, amount, rate, arrival.starts)


def _plan(
    arrivals: Sequence[_Arrival],
    times: Vector,
    groups: Sequence[Sequence[int]],
    states: int,
    entered: Sequence[int],
    per_day: float,
) -> Plan:
    """The plan of patients for whom the arrivals come in these groups."""
    patients = len(times)
    added: list[list[tuple[int, Vector]]] = []
    rates, running = [np.zeros((patients, len(entered)))], list[int]()
    for group in groups:
        into = sorted({arrivals[k].state for k in group if arrivals[k].amount is not None})
        amounts = [[a for k in group if (a := arrivals[k].amount) is not None and arrivals[k].state == s] for s in into]
        added.append([(s, _sum(a, patients)) for s, a in zip(into, amounts, strict=True)])
        running += [k for k in group if arrivals[k].rate is not None]
        running = [k for k in running if k not in {arrivals[j].starts for j in group}]
        now = [[r for k in running if (r := arrivals[k].rate) is not None and arrivals[k].state == s] for s in entered]
        rates.append(np.stack([_sum(r, patients) for r in now], axis=1) if entered else rates[0])
    flat = [entry for stop in added for entry in stop]
    return Plan(
        stop_time=np.stack([times[:, g].min(axis=1) for g in groups], axis=1) * per_day if groups else times,
        stop_set=np.full(len(groups), -1, dtype=np.int64),
        stop_add=np.cumsum([0, *map(len, added)]).astype(np.int64),
        add_state=np.array([s for s, _ in flat], dtype=np.int64),
        add_amount=np.stack([a for _, a in flat], axis=1) if flat else np.zeros((patients, 0)),
        rate=np.stack(rates, axis=1),
        vectors=np.zeros((patients, 0, states)),
    )


def _sum(parts: Sequence[Vector], patients: int) -> Vector:
    """The sum for each patient, correctly rounded."""
    if len(parts) < 2:
        return parts[0] if parts else np.zeros(patients)
    return np.array([math.fsum(column) for column in zip(*parts, strict=True)])


def stacked(plans: Sequence[Plan]) -> list[tuple[Whole, Plan]]:
    """Plans of single patients joined where they share their shape, with the numbers of the patients."""
    shapes: dict[tuple[bytes, ...], list[int]] = {}
    for k, plan in enumerate(plans):
        shapes.setdefault(plan.shape, []).append(k)
    joined = []
    for own in shapes.values():
        first = plans[own[0]]

        def rows(part: Callable[[Plan], Vector], own: Sequence[int] = own) -> Vector:
            return np.concatenate([part(plans[k]) for k in own])

        plan = Plan(
            rows(lambda p: p.stop_time),
            first.stop_set,
            first.stop_add,
            first.add_state,
            rows(lambda p: p.add_amount),
            rows(lambda p: p.rate),
            rows(lambda p: p.vectors),
        )
        joined.append((np.array(own), plan))
    return joined
