"""A schedule as SBML events, so that what an infusion or injection does follows the parameters.

A dose adds to its state when the time reaches that of its record plus the lag. An infusion adds 1 to the count of those
of its kind that run when it starts, and takes it away when it ends; the count times one rate enters the state, so that
totals are exact however infusions overlap. Amounts, lag, bioavailability and content stay symbols in triggers and
assignments. Events compute with the values of the moment they happen, so that events at one time all count; a reset
comes before the doses of its time. What a reset cancels is left out, found from the numbers at the time of writing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from ...dosing.dose import Dose
from ...dosing.given import body_scale
from ...dosing.schedule import Schedule
from ...engine.compile import Bound
from ...engine.events import TIE, Delivery, deliver, to_route_unit
from ...errors import ScheduleError
from ...model.declaration import Expression, Route, symbol
from ...units import coherent_factor, exact, factor
from .page import Page
from .routes import Numbers, route_of

Body = Mapping[str, float | None]  # bsa in m2 and weight in kg, of doses per m2 and per kg


@dataclass(frozen=True, slots=True)
class DoseEvent:
    """On `day`, which is `time` (days) and then `after` (in model time): `change` is added to `target`, or all is reset
    for an empty target.
    """

    day: float
    time: Fraction
    after: tuple[Expression, ...]
    target: str
    change: Expression
    said: str


@dataclass(frozen=True, slots=True)
class Doses:
    """The doses of one page: their numbers, and by state and kind of infusion the count of those that run and their
    rate.
    """

    page: Page
    bound: Bound
    numbers: Numbers
    running: dict[tuple[str, Expression, Expression], tuple[Expression, Expression]] = field(default_factory=dict)

    def of(self, dose: Dose, body: float) -> list[DoseEvent]:
        """What a dose and its additional ones do, for the size `body` that its amount is per."""
        delivery = deliver(self.bound, dose, body)
        route = route_of(self.page.model, self.bound.route(dose.route).name)
        size = body * to_route_unit(dose.unit, route.unit, route.name)
        amount = self.numbers.amount(route, dose.amount * size)
        said = f"{dose.amount:g} {dose.prescribed_unit} {route.name}"
        found = []
        for k in range(dose.additional + 1):
            time = dose.time + k * dose.interval
            first = DoseEvent(
                float(time) + delivery.lag,
                time,
                (route.lag,),
                route.into,
                amount * route.bioavailability * route.content,
                said,
            )
            found += [first] if delivery.duration == 0 else self._infusion(first, dose, route, amount, size, delivery)
        return found

    def _infusion(
        self, first: DoseEvent, dose: Dose, route: Route, amount: Expression, size: float, delivery: Delivery
    ) -> list[DoseEvent]:
        """Bioavailability scales the duration of an infusion with a rate, and the rate of one with a duration."""
        time = self.page.model.time
        if dose.rate is not None or dose.modelled == "rate":
            given = None if dose.rate is None else self.numbers.rate(route, dose.rate * size / factor("h", time))
            speed = self.numbers.modelled_rate(route) if given is None else given
            lasts, rate = amount * route.bioavailability / speed, speed * route.content
        else:
            length = route.duration if dose.duration is None else _number(_in_time(dose.duration, time))
            lasts = self.numbers.duration(route, length)
            rate = amount * route.bioavailability * route.content / lasts
        key = (route.into, lasts, rate)
        if key not in self.running:
            self.running[key] = (self.numbers.counter(route), rate)
        count = self.running[key][0].name
        begin = replace(first, target=count, change=_number(1), said=f"{first.said}, begins")
        end = replace(begin, day=first.day + delivery.duration, after=(route.lag, lasts), change=_number(-1))
        return [begin, replace(end, said=f"{first.said}, ends")]

    def entering(self) -> dict[str, Expression]:
        """What infusions add to the rate of change of each state."""
        found: dict[str, Expression] = {}
        for (into, _, _), (count, rate) in self.running.items():
            found[into] = found.get(into, 0) + count * rate
        return found


def add_doses(page: Page, bound: Bound, schedule: Schedule, body: Body) -> dict[str, Expression]:
    """Write the events of a schedule; returns what infusions add to the rate of change of each state.

    Raises ScheduleError for steady states, which no event can hold, and PkpdError for a dose that does not fit.
    """
    doses = Doses(page, bound, Numbers(page))
    found: list[DoseEvent] = []
    for dose in schedule.doses:
        if dose.status == "missed":
            continue
        if dose.steady_state:
            raise ScheduleError(
                f"a steady state (SS={dose.steady_state}) was asked for on day {float(dose.time):g}, which SBML cannot "
                "hold; give the doses themselves, as many as it takes to be steady"
            )
        now = float(dose.time)
        if dose.reset:
            found = [h for h in found if h.day < now - TIE]
            found.append(DoseEvent(now, dose.time, (), "", _number(0), "reset"))
        if dose.gives:
            found += doses.of(dose, float(body_scale(dose, **body)))
    _write(doses, _joined(found))
    return doses.entering()


def _joined(found: Sequence[DoseEvent]) -> list[DoseEvent]:
    """In order of time, with one for what happens to one target at one time."""
    joined: dict[tuple[Fraction, tuple[Expression, ...], str], DoseEvent] = {}
    for h in sorted(found, key=lambda h: h.day):
        key = (h.time, h.after, h.target)
        earlier = joined.get(key)
        joined[key] = h if earlier is None else _both(earlier, h)
    return [h for h in joined.values() if h.change != 0 or not h.target]


def _both(a: DoseEvent, b: DoseEvent) -> DoseEvent:
    return a if not a.target else replace(a, change=a.change + b.change, said=f"{a.said}; {b.said}")


def _write(doses: Doses, events: Sequence[DoseEvent]) -> None:
    """Priorities only where a reset needs them: not every tool knows them."""
    ranked = any(not h.target for h in events)
    for number, h in enumerate(events, 1):
        event = _event(doses.page, number, h)
        if ranked:
            event.createPriority().setMath(doses.page.maths.number(0.0 if h.target else 1.0))
        if h.target:
            unit = doses.page.table.coherent(doses.page.units[h.target])
            _assign(doses.page, event, h.target, symbol(h.target) + h.change, unit)
            continue
        for state in doses.page.model.states:
            _assign(doses.page, event, state.name, *_beginning(doses.page, state.name))
        for count, _ in doses.running.values():
            _assign(doses.page, event, count.name, _number(0), "dimensionless")


def _event(page: Page, number: int, h: DoseEvent) -> Any:
    """An event that happens once, from the very beginning on if that is its time."""
    event, time = page.sbml.createEvent(), page.model.time
    event.setId(page.table.free(f"event_{number}"))
    event.setName(f"{h.said}, record of day {float(h.time):g}")
    event.setUseValuesFromTriggerTime(False)
    trigger = event.createTrigger()
    trigger.setInitialValue(False)
    trigger.setPersistent(True)
    trigger.setMath(page.maths.reached(_in_time(h.time, time), h.after, page.table.coherent(time)))
    return event


def _assign(page: Page, event: Any, target: str, value: Expression, unit: str) -> None:
    assignment = event.createEventAssignment()
    assignment.setVariable(target)
    assignment.setMath(page.maths.tree(value, unit))


def _beginning(page: Page, name: str) -> tuple[Expression, str]:
    """The initial value of a state, with the id of its unit."""
    state = next(s for s in page.model.states if s.name == name)
    size = coherent_factor(state.unit, page.model.time) if state.initial.is_number else 1
    return state.initial * size, page.table.coherent(state.unit)


def _in_time(days: Fraction, time: str) -> float:
    return float(days * exact(factor("d", time)))


def _number(value: float) -> Expression:
    from sympy import sympify

    return sympify(value)
