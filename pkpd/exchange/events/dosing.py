"""The dose records of a subject as a schedule of ours, for the routes and states of a model."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ...dosing.dose import Dose
from ...dosing.schedule import Schedule
from ...engine.events import check_infusion, to_route_unit
from ...errors import PkpdError, SimulationError, nearest
from ...model.outline import Outline
from .record import DOSE, RESET, RESET_AND_DOSE, EventTable, Record, Subject

DOSING = (DOSE, RESET, RESET_AND_DOSE)


def dose_records(subject: Subject) -> tuple[Record, ...]:
    """The records that do something to the subject, in the order of the table."""
    return tuple(r for r in subject.records if r.evid in DOSING)


def shift(subject: Subject) -> Fraction:
    """Days by which a subject's clock is put on, so that no dose lies before day 0, where schedules begin."""
    return -min([Fraction(0), *(r.clock for r in dose_records(subject))])


def schedule_of(table: EventTable, subject: Subject, model: Outline, amount_unit: str = "") -> Schedule:
    """What the records of a subject give, in the order of the table, on a clock put on by `shift`.

    An amount is in the unit of its record, else in `amount_unit`, else in that of its route. CMT is a route or a state
    by name, or a state by number, from 1 in the model's order; a state that one route feeds is given by that route.
    Raises PkpdError naming the line.
    """
    later = shift(subject)
    doses = [_dose(table, record, model, amount_unit, later) for record in dose_records(subject)]
    try:
        return Schedule.of(*doses)
    except PkpdError as error:
        raise type(error)(f"{table.origin}, ID {subject.id[:40]}: {error}") from None


def _dose(table: EventTable, record: Record, model: Outline, amount_unit: str, later: Fraction) -> Dose:
    try:
        route = route_of(record.compartment, model)
        unit = record.unit or amount_unit or _unit(route, model)
        if record.evid == RESET:
            return Dose(record.clock + later, 0.0, unit, route=route, reset=True)
        dose = Dose(
            time=record.clock + later,
            amount=record.amount,
            unit=unit,
            route=route,
            duration=record.duration,
            rate=record.rate,
            steady_state=record.steady_state,
            interval=record.interval if record.steady_state or record.additional else Fraction(0),
            additional=record.additional,
            reset=record.evid == RESET_AND_DOSE,
            modelled=record.modelled,
        )
        name = route or _first(model)
        to_route_unit(unit, _units(model)[name], name)
        check_infusion(model, dose, name)
        return dose
    except PkpdError as error:
        raise type(error)(f"{table.origin}, line {record.line}: {error}") from None


def route_of(compartment: str, model: Outline) -> str:
    """The route, or the state without a route, that a CMT names; SimulationError with the nearest."""
    routes, states = [r.name for r in model.routes], [s.name for s in model.states]
    if not compartment or compartment in routes:
        return compartment
    own = {r.name: r.into for r in model.routes}
    named = compartment
    if compartment.isascii() and compartment.isdigit():
        number = int(compartment[:9])
        if not 1 <= number <= len(states):
            raise SimulationError(f"CMT {compartment[:40]} was asked for; model {model.name} {_compartments(states)}")
        named = states[number - 1]
    if named not in states:
        hint = nearest(named, [*routes, *states]) or f"; model {model.name} {_compartments([*routes, *states])}"
        raise SimulationError(f"CMT '{named[:40]}' is no route or state of model {model.name}{hint}")
    if own.get(named, named) != named:  # a route called like a state, but into another one
        raise SimulationError(
            f"CMT '{compartment[:40]}' is the state {named}, but the route {named} goes into {own[named]}: rename one"
        )
    feeding = [r.name for r in model.routes if r.into == named]
    if len(feeding) > 1:
        said = " or ".join(feeding)
        raise SimulationError(f"CMT '{compartment}' is the state {named}, which several routes feed: say {said}")
    return feeding[0] if feeding else named


def understood(table: EventTable, model: Outline, amount_unit: str = "") -> tuple[str, ...]:
    """What was taken for granted of a table, as sentences: columns by other names, the unit of AMT, and the route of a
    dose that names none.
    """
    said = [f"the column {name} is read as {field}" for name, field in table.aliases]
    doses = [r for s in table.subjects for r in dose_records(s) if r.evid != RESET]
    if not amount_unit:
        taken = {route_of(r.compartment, model) or _first(model) for r in doses if not r.unit}
        said += [f"AMT is read in {_units(model)[name]}, the unit of {name}" for name in sorted(taken)]
    bare = [r.line for r in doses if not r.compartment]
    if bare and len(model.routes) > 1:
        where = f"line {bare[0]}" + f" and {len(bare) - 1} more" * (len(bare) > 1)
        said.append(f"doses without CMT go by {_first(model)}, the first route: {where}")
    return tuple(said)


def _compartments(names: Sequence[str]) -> str:
    return "has " + ", ".join(f"{k} {name}" for k, name in enumerate(names, 1))


def _unit(route: str, model: Outline) -> str:
    """The unit of an amount that says none: that of its route, or of the state it goes straight into."""
    return _units(model)[route or _first(model)]


def _units(model: Outline) -> dict[str, str]:
    """What each route takes, and each state."""
    return {s.name: s.unit for s in model.states} | {r.name: r.unit for r in model.routes}


def _first(model: Outline) -> str:
    """Where a dose goes that says nothing: the first route, or the first state of a model without routes."""
    return (model.routes or model.states)[0].name
