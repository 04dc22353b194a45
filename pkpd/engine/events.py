"""Doses as a patient receives them, turned into what happens to the states and when: jumps, infusion rates, resets,
steady states.

Lag and bioavailability belong to the dosed route. A rate given with the dose keeps the rate, so bioavailability
changes the duration; a fixed duration keeps the duration, so it changes the rate. A reset (or a steady-state record
that replaces) cancels what earlier records still had pending: additional doses, lagged doses and running infusions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..dosing.dose import Dose
from ..dosing.given import GivenDose, body_scale
from ..dosing.schedule import Schedule
from ..errors import SimulationError, UnitError
from ..model.outline import Outline
from ..units import IU_PER_MG, factor, unit
from .compile import Bound
from .functions import Vector

# Two moments closer than this many days (86 microseconds) are one: times computed as decimals differ by rounding only.
TIE = 1e-9
# An infusion this short (days) is over before anything else can happen; its two ends must never be one moment.
SHORT = 2 * TIE


@dataclass(frozen=True, slots=True)
class Action:
    """What happens at `time` (days): `amount` is added to `state`, or `rate` (per model time) starts or stops
    entering it; a reset sets the state `begin`, or the model's own at rest.
    """

    time: float
    state: int = -1
    amount: float = 0.0
    rate: float = 0.0
    reset: bool = False
    steady: Steady | None = None
    rank: int = 0
    begin: Vector | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Steady:
    """A periodic steady state to be reached: one dose every `interval` days; the state is wanted `phase` days after
    an arrival, with the numbers of `bound`.
    """

    interval: float
    phase: float
    state: int
    amount: float
    rate: float
    duration: float
    replaces: bool
    bound: Bound


@dataclass(frozen=True, slots=True)
class Delivery:
    """One dose on its route: where it goes, how much at once or at which rate, for how long (days)."""

    state: int
    amount: float
    rate: float
    duration: float
    lag: float


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A state of the model at `time` (days), after everything that happens then; `y` follows the model's states."""

    time: float
    y: Vector


def actions(
    bound: Bound, schedule: Schedule, bsa: float | None = None, weight: float | None = None
) -> tuple[Action, ...]:
    """Everything that happens, in time order, for a body surface area (m2) and weight (kg); missed doses do not happen.

    At a tie, what was pending comes before a record of that time. Raises SimulationError when a dose does not fit its
    route.
    """
    return listed_actions((dose, bound, float(body_scale(dose, bsa, weight))) for dose in schedule.doses)


def listed_actions(doses: Iterable[tuple[Dose, Bound, float]]) -> tuple[Action, ...]:
    """`actions` of doses in time order, each with the numbers that hold then and the size its amount is per."""
    found: list[Action] = []
    for dose, bound, body in doses:
        now = float(dose.time)
        if dose.status == "missed":
            continue
        if dose.reset or dose.steady_state == 1:
            # what arrives at this very time comes first, and is wiped out only then
            found = [a for a in found if a.time < now - TIE or (a.rank == 0 and a.amount and a.time <= now + TIE)]
        if dose.reset:
            found.append(Action(now, reset=True, rank=1, begin=bound.initial))
        if dose.gives:
            found += _dose_actions(deliver(bound, dose, body), dose, now, bound)
    return tuple(sorted(found, key=lambda a: (a.time, a.rank)))


def _dose_actions(delivery: Delivery, dose: Dose, now: float, bound: Bound) -> list[Action]:
    found = _steady_actions(dose, delivery, now, bound) if dose.steady_state else []
    if dose.amount == 0:  # a constant infusion at steady state ends where its record stands
        return found
    for k in range(dose.additional + 1):
        own = k == 0 and delivery.lag == 0
        found += _arrival(delivery, float(dose.time + k * dose.interval) + delivery.lag, rank=1 if own else 0)
    return found


def _arrival(delivery: Delivery, start: float, rank: int) -> list[Action]:
    if delivery.duration == 0:
        return [Action(start, delivery.state, amount=delivery.amount, rank=rank)]
    begin = Action(start, delivery.state, rate=delivery.rate, rank=rank)
    return [begin, Action(start + delivery.duration, delivery.state, rate=-delivery.rate)]


def _steady_actions(dose: Dose, delivery: Delivery, now: float, bound: Bound) -> list[Action]:
    """The steady state itself, and what implied earlier doses still owe: lagged arrivals and the rest of running
    infusions.
    """
    replaces = dose.steady_state == 1
    interval, lag, duration = float(dose.interval), delivery.lag, delivery.duration
    if 0 < interval < 1000 * TIE:
        raise SimulationError(f"a steady state of a dose every {interval:g} d was asked for; give an infusion instead")
    if interval == 0:  # a constant infusion is one whose every interval is filled, and it ends here
        steady = Steady(1.0, 0.0, delivery.state, 0.0, delivery.rate, 1.0, replaces, bound)
        return [Action(now, reset=replaces, steady=steady, rank=1, begin=bound.initial)]
    phase = (interval - lag) % interval
    steady = Steady(interval, phase, delivery.state, delivery.amount, delivery.rate, duration, replaces, bound)
    found = [Action(now, reset=replaces, steady=steady, rank=1, begin=bound.initial)]
    for k in range(1, math.ceil((lag + duration) / interval) + 1):
        arrival = now + lag - k * interval
        if arrival > now - TIE:
            found += _arrival(delivery, arrival, rank=2 if arrival <= now + TIE else 0)
        elif arrival + duration > now + TIE:
            found.append(Action(now, delivery.state, rate=delivery.rate, rank=2))
            found.append(Action(arrival + duration, delivery.state, rate=-delivery.rate))
    return found


def deliver(bound: Bound, dose: Dose, body: float = 1.0) -> Delivery:
    """A dose through its route, in the model's units, for the size `body` that its amount is per; SimulationError
    if its unit does not fit, or the model does not say what the dose leaves to it.
    """
    route = bound.route(dose.route)
    per_unit = body * to_route_unit(dose.unit, route.unit, route.name) * route.content
    amount, days = dose.amount * per_unit * route.bioavailability, float(dose.duration or 0)
    check_infusion(bound.model, dose, route.name)
    if dose.modelled:
        check_modelled(dose, route.name, route.rate, route.duration)
        days = route.duration if dose.modelled == "duration" else 0.0
    if dose.rate is not None or dose.modelled == "rate":
        hourly = None if dose.rate is None else dose.rate * per_unit / factor("h", bound.model.time)
        rate = route.rate * route.content if hourly is None else hourly
        days = amount / rate / bound.per_day if rate else 0.0  # nothing arrives by a route without content
    else:
        rate = amount / (days * bound.per_day) if days else 0.0
    if days <= SHORT and dose.amount:
        return Delivery(route.state, amount, 0.0, 0.0, route.lag)
    return Delivery(route.state, amount, rate, days, route.lag)


def check_infusion(model: Outline, dose: Dose, route: str) -> None:
    """SimulationError for an infusion straight into a state: only states that routes feed can be infused."""
    if (dose.duration is not None or dose.rate is not None or dose.modelled) and all(
        r.name != route for r in model.routes
    ):
        feeding = [r.name for r in model.routes if r.into == route]
        hint = f"; use {' or '.join(feeding)}" if feeding else "; declare one with m.route(name, into=..., unit=...)"
        raise SimulationError(f"an infusion straight into '{route}' was asked for, which takes a route{hint}")


def check_modelled(dose: Dose, route: str, rate: float, duration: float) -> None:
    """SimulationError unless the route says the rate or the duration that the dose leaves to it."""
    if not (rate if dose.modelled == "rate" else duration) > 0:
        raise SimulationError(
            f"the dose on day {float(dose.time):g} leaves its {dose.modelled} to the model, whose route '{route}' has "
            f"none above 0; declare one with m.route('{route}', ..., {dose.modelled}=...)"
        )


def to_route_unit(given: str, taken: str, route: str) -> float:
    """Units `taken` by the route in one unit given; a mass of IL-2 is turned into IU by the label's 1.1 mg = 18 MIU."""
    try:
        return factor(given, taken)
    except UnitError:
        if (
            unit(given).dimensionality == unit("mg").dimensionality
            and unit(taken).dimensionality == unit("IU").dimensionality
        ):
            return factor(given, "mg") * IU_PER_MG * factor("IU", taken)
        raise SimulationError(f"a dose in {given} cannot be given by route '{route}', which takes {taken}") from None


def last_dose(doses: Iterable[GivenDose], day: float) -> str:
    """The last dose at or before a day, for an error message."""
    given = [d for d in doses if float(d.time) <= day + TIE and d.amount]
    return f"{given[-1].amount:g} {given[-1].unit} on day {float(given[-1].time):g}" if given else "none"
