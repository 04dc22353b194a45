"""Doses as slots: the model holds as many events as the longest schedule needs, each condition fills them its route."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...dosing.given import body_scale, written_out
from ...dosing.schedule import Schedule
from ...engine.events import SHORT, to_route_unit
from ...errors import PkpdError
from ...model.declaration import Model, Route
from ...units import coherent_factor, exact, factor
from ..sbml.routes import route_of
from .measured import LATE

# The time of a slot that a condition leaves empty, in model time: after every sample.
NEVER = 1e9
MOST_SLOTS = 1000
# What a slot says beside its time and its amount.
EXTRA = {"dose": (), "infusion": ("duration",), "rated": ("rate",)}


@dataclass(frozen=True, slots=True)
class Entry:
    """What enters: a `dose` at once, an `infusion` over its duration, or one `rated`, at its rate; `time`, `amount` and
    `extra` (the duration or the rate) in the model's coherent units, before bioavailability.
    """

    kind: str
    route: str
    time: float
    amount: float
    extra: float = 0.0


@dataclass(frozen=True, slots=True)
class Slot:
    """One event of the model: the `number`-th of its kind and route, counted from 1."""

    kind: str
    route: str
    number: int

    def name(self, part: str) -> str:
        """The SBML parameter that holds its time, amount, duration or rate."""
        return f"{self.kind}_{self.route}_{self.number}_{part}"

    @property
    def text(self) -> str:
        """What it is, in words."""
        what = "infusion at a rate" if self.kind == "rated" else self.kind
        return f"{what} {self.number} by {self.route}"


def routes(model: Model) -> Mapping[str, Route]:
    """Routes and states that doses may go straight into, by name; "" is the first."""
    names = [*(r.name for r in model.routes), *(s.name for s in model.states)]
    return {name: route_of(model, name) for name in names} | {"": route_of(model, names[0])}


def entries(
    schedule: Schedule, size: Sequence[float | None], last: float, model: Model, known: Mapping[str, Route]
) -> tuple[Entry, ...]:
    """Everything given up to day `last`, for a body size (m2 and kg), in order of time; doses that enter at once and
    together are one.
    """
    day, merged = factor("d", model.time), dict[tuple[str, str, float, float], float]()
    for _, _, dose in written_out(schedule):
        if dose.status == "missed" or not dose.amount or float(dose.time) > last:
            continue
        if dose.route not in known:
            raise PkpdError(
                f"model {model.name} has no dose route '{dose.route}'; it has {', '.join(filter(None, known))}"
            )
        route = known[dose.route]
        unit = float(body_scale(dose, *size)) * to_route_unit(dose.unit, route.unit, route.name)
        unit *= coherent_factor(route.unit, model.time)
        time = float(dose.time + exact(LATE)) * day
        if dose.rate is not None:
            kind, extra = "rated", dose.rate * unit / factor("h", model.time)
        elif dose.duration is not None and dose.duration > SHORT:
            kind, extra = "infusion", float(dose.duration) * day
        else:
            kind, extra = "dose", 0.0
        key = kind, route.name, time, extra
        merged[key] = merged.get(key, 0.0) + dose.amount * unit
    listed = [Entry(kind, route, time, amount, extra) for (kind, route, time, extra), amount in merged.items()]
    return tuple(sorted(listed, key=lambda e: (e.time, e.kind, e.route, e.extra)))


def slots(courses: Iterable[Sequence[Entry]]) -> tuple[Slot, ...]:
    """As many slots of each kind and route as the course that fills most of them; PkpdError beyond 1000."""
    most: dict[tuple[str, str], int] = {}
    for course in courses:
        for key in {(e.kind, e.route) for e in course}:
            most[key] = max(most.get(key, 0), sum((e.kind, e.route) == key for e in course))
    if (count := sum(most.values())) > MOST_SLOTS:
        raise PkpdError(f"{count} doses would each need an event of the model, and {MOST_SLOTS} at most are written")
    return tuple(Slot(kind, route, k + 1) for (kind, route), count in sorted(most.items()) for k in range(count))


def filled(course: Sequence[Entry], listed: Sequence[Slot]) -> dict[str, float]:
    """The numbers of every slot in one course; empty ones hold nothing, at a time that never comes."""
    numbers: dict[str, float] = {}
    coming: dict[tuple[str, str], list[Entry]] = {}
    for entry in reversed(course):
        coming.setdefault((entry.kind, entry.route), []).append(entry)
    for slot in listed:
        left = coming.get((slot.kind, slot.route))
        entry = left.pop() if left else Entry(slot.kind, slot.route, NEVER, 0.0, 1.0)
        numbers |= {slot.name("time"): entry.time, slot.name("amount"): entry.amount}
        numbers |= {slot.name(part): entry.extra for part in EXTRA[slot.kind]}
    return numbers
