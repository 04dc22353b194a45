"""A foreign SBML model as a model of ours, in the units it declares or as plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sympy

from ....dosing.amount import check_unit
from ....errors import ModelError, ScheduleError
from ....model.declaration import Expression, Model
from ....model.grammar import Builder, build
from ....parameters import Parameter
from .beginning import TIME, Beginning
from .contents import Contents, Item
from .doses import Given
from .names import Names


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a file holds, the names given, and where it comes from; `contents_of` names, by the id of a state, the
    parameter that turns pmol of a dose into numbers of that state.
    """

    contents: Contents
    given: Given
    names: Names
    origin: str
    beginning: Beginning
    contents_of: Mapping[str, str]

    @property
    def dosed(self) -> tuple[str, ...]:
        """The ids of states that doses reach, in the order of the file."""
        given = {s.state for s in self.given.shifts} | {i.state for i in self.given.infusions}
        return tuple(k for k in self.contents.items if k in given)


@dataclass(frozen=True, slots=True)
class Measure:
    """How quantities are measured: the unit of each item, that of the number it begins at, and of time; `per_time` is
    the name and value of what rates of plain numbers are multiplied by, per unit of time.
    """

    unit: Callable[[Item], str]
    start_unit: Callable[[Item], str]
    time: str
    per_time: tuple[str, float] | None = None


def foreign(contents: Contents, given: Given, names: Names, origin: str) -> Foreign:
    """Settle which items are states and how the numbers they begin at are called."""
    states = frozenset(contents.slopes) | {s.state for s in given.shifts}
    begun = {}
    for k, item in contents.items.items():
        own = k in contents.assigned or k in contents.initial or k in contents.reactions
        if not own and item.value and (k in states or item.divide or item.multiply):
            begun[k] = names.fresh(f"{item.name[:50]}_initial")
    dosed = {s.state for s in given.shifts} | {i.state for i in given.infusions}
    ways = {k: names.fresh(f"{contents.items[k].name[:50]}_per_pmol") for k in contents.items if k in dosed}
    return Foreign(contents, given, names, origin, Beginning(contents, states, begun), ways)


def foreign_model(file: Foreign, measure: Measure, name: str, meaning: str) -> Model:
    """The model; ModelError naming what is missing or where units disagree."""
    moving = file.beginning.moving
    _refuse_moving_sizes(file, moving)
    _refuse_timed_choices(file)

    def block(m: Builder) -> None:
        clock = m.time
        if measure.per_time is not None:
            rate = _parameter(
                m, file, measure.per_time[0], measure.per_time[1], f"1/{measure.time}", "one per unit of time"
            )
            clock = m.time * rate
        for item in file.contents.items.values():
            _declare(m, file, measure, item, moving, clock)
        for k, slope in file.contents.slopes.items():
            slope = slope.xreplace({TIME: clock})
            m.change(m[file.contents.items[k].name], slope * rate if measure.per_time is not None else slope)
        for k in file.dosed:
            _route(m, file, measure.unit(file.contents.items[k]), k)

    return build(name, block, time=measure.time, meaning=meaning)


def is_dose_unit(unit: str) -> bool:
    """Whether a dose can be written in a unit."""
    try:
        check_unit(unit)
    except ScheduleError:
        return False
    return True


def _route(m: Builder, file: Foreign, unit: str, identifier: str) -> None:
    """A route of the name of its state; doses into what is measured in no unit of doses are in pmol, one for one."""
    item = file.contents.items[identifier]
    if is_dose_unit(unit):
        m.route(item.name, into=m[item.name], unit=unit)
        return
    said = f"what a dose of 1 pmol adds to {item.name}"
    content = _parameter(m, file, file.contents_of[identifier], 1.0, f"{unit}/pmol", said)
    m.route(item.name, into=m[item.name], unit="pmol", content=content)


def _declare(
    m: Builder, file: Foreign, measure: Measure, item: Item, moving: frozenset[str], clock: Expression
) -> None:
    contents, unit = file.contents, measure.unit(item)
    start = file.beginning.numbers.get(item.id)
    if start is not None:
        said = f"initial value of {item.meaning}"
        _parameter(m, file, start, item.value or 0.0, measure.start_unit(item), said)
    if item.id in file.beginning.states:
        scale = _scale(file, item, measure)
        begin = file.beginning.start(item, moving)
        m.state(item.name, unit, initial=begin, scale=scale, meaning=item.meaning)
    elif item.id in contents.assigned or item.id in contents.reactions:
        formula = contents.assigned.get(item.id, contents.reactions.get(item.id))
        m.define(item.name, formula.xreplace({TIME: clock}), unit, item.meaning)
    elif item.id in contents.initial or start is not None:
        m.define(item.name, file.beginning.start(item, moving), unit, item.meaning)
    elif item.value is not None:
        _parameter(m, file, item.name, item.value, unit, item.meaning)
    else:
        return  # whatever uses it is refused, naming it
    if item.what.startswith("species") or item.id in file.beginning.states or item.id in contents.assigned:
        m.output(item.name, m[item.name], unit, item.meaning)


def _parameter(m: Builder, file: Foreign, name: str, value: float, unit: str, meaning: str) -> Expression:
    found = m.parameter(name, unit)
    where = f"as in {file.origin}"
    m.defaults.append(
        Parameter(name, value, unit, meaning, "assumed", ("assumed",), where, origin=f"{file.origin} [{name}]")
    )
    return found


def _scale(file: Foreign, item: Item, measure: Measure) -> Expression:
    """A size at which a state matters: what it begins at, else the most that a state in its unit begins at, else 1."""
    own = abs(file.beginning.value(item)) if _begins(file, item) else 0.0
    if own:
        return sympy.Float(own)
    alike = [file.contents.items[k] for k in file.beginning.states]
    unit = measure.unit(item)
    others = [abs(file.beginning.value(i)) for i in alike if _begins(file, i) and measure.unit(i) == unit]
    return sympy.Float(max([*others, 0.0]) or 1.0)


def _begins(file: Foreign, item: Item) -> bool:
    return item.value is not None or item.id in file.contents.initial


def _refuse_moving_sizes(file: Foreign, moving: frozenset[str]) -> None:
    contents = file.contents
    for item in contents.items.values():
        home = contents.items.get(item.compartment)
        ruled = item.id in contents.assigned
        if home is not None and home.name in moving and not ruled:
            raise ModelError(
                f"{home.what} changes its size, and {item.what} in it is a concentration, which is not read"
            )


def _refuse_timed_choices(file: Foreign) -> None:
    """The solver does not know of such moments, and could step over what happens between two of them."""
    contents = file.contents
    timed = {"time"}
    formulas = {**contents.assigned, **contents.reactions}
    while more := {
        contents.items[k].name
        for k, e in formulas.items()
        if contents.items[k].name not in timed and {s.name for s in e.free_symbols} & timed
    }:
        timed |= more
    for k, e in {**formulas, **contents.slopes}.items():
        for choice in e.atoms(sympy.Piecewise):
            if any({s.name for s in test.free_symbols} & timed for _, test in choice.args if test not in (True, False)):
                raise ModelError(
                    f"the formula of '{k}' changes at a given time (piecewise), which the solver could step over; "
                    "give it as a dose"
                )
