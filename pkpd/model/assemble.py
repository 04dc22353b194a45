"""From raw declarations to a checked model: names resolved, definitions sorted, folds added, every unit verified."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ..errors import ModelError, nearest
from ..units import unit
from .declaration import Definition, Expression, Model, Output, symbol
from .dimensions import Units, alike, check, unit_of


def assemble(draft: Model, folds: tuple[str, ...]) -> Model:
    """The checked model of a draft whose `rates` still hold every definition; ModelError names what is wrong and
    where.
    """
    if not draft.states:
        raise ModelError(f"model {draft.name} has no state: declare one with m.state(name, unit)")
    draft = _with_starts(draft)
    derived, rates = _classified(draft, _ordered(draft.rates, draft.name))
    model = replace(draft, derived=derived, rates=rates)
    model = replace(model, outputs=_with_folds(model, folds))
    _check_names(model)
    _check_units(model)
    return model


def units_of(model: Model) -> Units:
    """The unit of every name the equations of a model may use, its clock included."""
    declared = model.parameters + model.derived + model.states + model.rates
    return {d.name: d.unit for d in declared} | {"time": model.time}


def expanded(model: Model, expression: Expression, *, rest: bool = False) -> Expression:
    """The expression with rates written out in states and parameters; at `rest`, states replaced by their initial
    values too.
    """
    for rate in reversed(model.rates):
        expression = expression.subs(symbol(rate.name), rate.expression)
    if rest:
        expression = expression.subs({symbol(s.name): s.initial for s in model.states}, simultaneous=True)
    return expression


def _ordered(definitions: tuple[Definition, ...], model: str) -> tuple[Definition, ...]:
    """Sorted so that each uses only earlier ones; ModelError for a circle."""
    waiting, done, names = list(definitions), [], {d.name for d in definitions}
    ready: set[str] = set()
    while waiting:
        free = [d for d in waiting if {s.name for s in d.expression.free_symbols} & names <= ready]
        if not free:
            raise ModelError(f"model {model}: {', '.join(d.name for d in waiting)} are defined in a circle")
        done += free
        ready |= {d.name for d in free}
        waiting = [d for d in waiting if d not in free]
    return tuple(done)


def _classified(
    draft: Model, definitions: tuple[Definition, ...]
) -> tuple[tuple[Definition, ...], tuple[Definition, ...]]:
    """Definitions of parameters only, and those that change in time."""
    moving = {s.name for s in draft.states} | {"time"}
    derived, rates = [], []
    for definition in definitions:
        if {s.name for s in definition.expression.free_symbols} & moving:
            moving.add(definition.name)
            rates.append(definition)
        else:
            derived.append(definition)
    return tuple(derived), tuple(rates)


def _with_starts(draft: Model) -> Model:
    """Initial values that are bare numbers become derived parameters with the state's unit, so that they carry one."""
    states, starts = [], []
    for s in draft.states:
        if s.initial.is_number and s.initial != 0 and s.unit != "1":
            name = f"{s.name}_initial"
            if name in units_of(draft):
                raise ModelError(f"model {draft.name}: '{name}' is taken, so '{s.name}' cannot start at a bare number")
            starts.append(Definition(name, s.unit, s.initial, f"initial value of {s.name}", ""))
            s = replace(s, initial=symbol(name))
        states.append(s)
    return replace(draft, states=tuple(states), rates=(*draft.rates, *starts))


def _with_folds(model: Model, folds: tuple[str, ...]) -> tuple[Output, ...]:
    outputs: list[Output] = []
    for output in model.outputs:
        outputs.append(output)
        if output.name in folds:
            rest = expanded(model, output.expression, rest=True)
            if rest == 0:
                raise ModelError(f"model {model.name}: '{output.name}' is 0 at rest, so it has no fold of baseline")
            meaning = f"{output.meaning or output.name}, fold of the patient's own baseline"
            outputs.append(Output(f"{output.name}_fold", "1", output.expression / rest, meaning))
    return tuple(outputs)


def _check_names(model: Model) -> None:
    known = set(units_of(model))
    fixed = {d.name for d in model.parameters + model.derived}
    states = {s.name for s in model.states}
    for where, expression, allowed in _expressions(model, known, fixed):
        for name in sorted(s.name for s in expression.free_symbols):
            if name not in known:
                raise ModelError(f"{where} uses '{name}', which is not declared{nearest(name, known)}")
            if name not in allowed:
                raise ModelError(f"{where} uses '{name}', which changes in time; only parameters may stand there")
    for target in (*(c.state for c in model.changes), *(r.into for r in model.routes)):
        if target not in states:
            hint = nearest(target, states)
            raise ModelError(f"model {model.name}: '{target}' cannot change, since it is not a state{hint}")


def _expressions(model: Model, known: set[str], fixed: set[str]) -> list[tuple[str, Expression, set[str]]]:
    """Every expression of the model with the place it stands in and the names allowed there."""
    places = [(f"'{d.name}'", d.expression, known) for d in model.derived + model.rates]
    places += [(f"d({c.state})/dt", c.term, known) for c in model.changes]
    places += [(f"output '{o.name}'", o.expression, known) for o in model.outputs]
    for s in model.states:
        places += [(f"the initial value of '{s.name}'", s.initial, fixed), (f"the scale of '{s.name}'", s.scale, fixed)]
    for r in model.routes:
        places += [(f"route '{r.name}'", e, fixed) for e in (r.bioavailability, r.lag, r.content, r.rate, r.duration)]
    return places + [
        (f"requirement '{q.meaning}'", e, fixed) for q in model.requirements for e in (q.smaller, q.larger)
    ]


def _check_units(model: Model) -> None:
    agrees = partial(check, units=units_of(model))
    for d in model.derived + model.rates:
        if d.expression.is_number:  # a bare number is in the declared unit
            continue
        agrees(d.expression, d.unit, where=f"model {model.name}, '{d.name}'")
    unit_by_state = {s.name: s.unit for s in model.states}
    for s in model.states:
        for what, expression in (("initial value", s.initial), ("scale", s.scale)):
            if not expression.is_number:  # a bare number is in the state's own unit
                agrees(expression, s.unit, where=f"model {model.name}, the {what} of '{s.name}'")
    for c in model.changes:
        agrees(c.term, f"{unit_by_state[c.state]}/{model.time}", where=f"model {model.name}, d({c.state})/dt")
    for o in model.outputs:
        agrees(o.expression, o.unit, where=f"model {model.name}, output '{o.name}'")
    for r in model.routes:
        where = f"model {model.name}, route '{r.name}'"
        agrees(r.bioavailability, "1", where=f"{where}, bioavailability")
        timed = (("lag", r.lag, model.time), ("rate", r.rate, f"{r.unit}/{model.time}"))
        for what, expression, wanted in (*timed, ("duration", r.duration, model.time)):
            if not expression.is_number:  # a bare number is in the unit wanted
                agrees(expression, wanted, where=f"{where}, {what}")
        delivered = unit(r.unit) * unit_of(r.content, units_of(model), where)
        if delivered.dimensionality != unit(unit_by_state[r.into]).dimensionality:
            raise ModelError(
                f"{where}: a dose in {r.unit} arrives as {delivered:~}, but '{r.into}' is in {unit_by_state[r.into]}"
            )
    for q in model.requirements:
        where = f"model {model.name}, requirement '{q.meaning}'"
        alike((q.smaller, q.larger), units_of(model), where)
