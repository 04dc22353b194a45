"""The slots of a model as SBML events, each filled by parameters that a condition says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import PkpdError
from ...model.declaration import Expression, Route, symbol
from ..sbml.page import Page, Said
from .slots import EXTRA, Slot


def add_slots(
    page: Page, listed: Sequence[Slot], known: Mapping[str, Route], numbers: Mapping[str, float]
) -> dict[str, Expression]:
    """Add the parameters and events of all slots, filled with `numbers`; what infusions add to the rate of change of
    each state is returned.
    """
    into = [known[route].into for route in {s.route for s in listed if s.kind == "dose"}]
    entering: dict[str, Expression] = {}
    for slot in listed:
        route = known[slot.route]
        units = {"time": page.model.time, "amount": route.unit}
        units |= {"duration": page.model.time, "rate": f"{route.unit}/{page.model.time}"}
        for part in ("time", "amount", *EXTRA[slot.kind]):
            name = slot.name(part)
            add_quantity(page, name, units[part], numbers[name], f"{part} of {slot.text}", "dose")
        if slot.kind == "dose":
            # doses of two routes may enter together, and then each adds to what the other left
            _enter(page, slot, route, late=into.count(route.into) > 1)
        else:
            inflow = _run_in(page, slot, route)
            entering[route.into] = entering.get(route.into, 0) + inflow
    return entering


def add_quantity(
    page: Page, name: str, unit: str, value: float | None, meaning: str, kind: str, *, own: bool = False
) -> None:
    """A parameter of the SBML model in the coherent unit of `unit` (or that unit itself, where `own`); PkpdError where
    its name is taken.
    """
    if page.sbml.getElementBySId(name) is not None:
        raise PkpdError(f"model {page.model.name} has a '{name}' of its own, and PEtab needs that name for a {kind}")
    place = page.table.own(unit) if own else page.table.coherent(unit)
    page.quantity(name, place, Said(kind, name, unit, meaning), value, constant=kind != "infusion")
    page.units[name] = unit


def _enter(page: Page, slot: Slot, route: Route, *, late: bool) -> None:
    amount = symbol(slot.name("amount")) * route.bioavailability * route.content
    _event(page, slot.name("enters"), _start(slot, route), route.into, symbol(route.into) + amount, late=late)


def _start(slot: Slot, route: Route) -> Expression:
    return symbol(slot.name("time")) + route.lag


def _run_in(page: Page, slot: Slot, route: Route) -> Expression:
    """The rate at which an infusion enters: bioavailability scales the rate of one with a duration, and the duration of
    one with a rate.
    """
    inflow, amount = slot.name("inflow"), symbol(slot.name("amount")) * route.bioavailability
    if slot.kind == "infusion":
        lasts = symbol(slot.name("duration"))
        rate = amount * route.content / lasts
    else:
        lasts, rate = amount / symbol(slot.name("rate")), symbol(slot.name("rate")) * route.content
    state = next(s for s in page.model.states if s.name == route.into)
    add_quantity(page, inflow, f"{state.unit}/{page.model.time}", 0.0, f"inflow of {slot.text}", "infusion")
    _event(page, slot.name("begins"), _start(slot, route), inflow, rate)
    _event(page, slot.name("ends"), _start(slot, route) + lasts, inflow, 0 * rate)
    return symbol(inflow)


def _event(page: Page, name: str, time: Expression, target: str, value: Expression, *, late: bool = False) -> None:
    event = page.sbml.createEvent()
    event.setId(name)
    event.setUseValuesFromTriggerTime(not late)
    trigger = event.createTrigger()
    trigger.setInitialValue(True)
    trigger.setPersistent(True)
    trigger.setMath(page.maths.tree(symbol("time") >= time))
    assignment = event.createEventAssignment()
    assignment.setVariable(target)
    assignment.setMath(page.maths.tree(value, page.sbml.getParameter(target).getUnits()))
