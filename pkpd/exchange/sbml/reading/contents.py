"""What a foreign SBML model holds, as plain items with formulas: quantities that stay, follow, begin and change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy

from ....errors import ModelError
from ....model.declaration import Expression, symbol
from .formulas import condition, formula, literal
from .names import Names

Formulas = Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class Item:
    """A quantity of the file: its id, its name here, and its number at time 0, if it has one, in `unit`.

    `unit` and `start_unit` are libsbml's, the latter of the number; `compartment` is the id of the compartment in which
    its symbol is a concentration ("" for anything else). The number is divided by the size of `divide`, or multiplied
    by that of `multiply`, to give what the symbol stands for.
    """

    id: str
    name: str
    what: str
    meaning: str
    value: float | None
    unit: Any
    start_unit: Any = None
    compartment: str = ""
    divide: str = ""
    multiply: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """What an event does at a time (of the file's clock): new values by id. `first` tells whether it also happens when
    that time is 0 or earlier, `at_once` whether values are those of the moment at which it was triggered, `priority`
    which of several at one time comes first (the highest), None where the file leaves it open.
    """

    id: str
    time: Expression
    values: Formulas
    first: bool
    at_once: bool
    priority: Expression | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """The items of a file by id, and formulas by id: `assigned` at every time, `initial` at time 0, `slopes` (per unit
    of time of the file) and `reactions`, and what happens at given times.
    """

    items: Mapping[str, Item]
    assigned: Formulas
    initial: Formulas
    slopes: Formulas
    reactions: Formulas
    events: tuple[Event, ...]

    @property
    def by_name(self) -> Mapping[str, Item]:
        """Items by the names that stand in formulas."""
        return {i.name: i for i in self.items.values()}


@dataclass(slots=True)
class _Reader:
    """Reads the parts of one libsbml model; formulas use `symbols` and the clock."""

    model: Any
    names: Names
    clock: Expression
    items: dict[str, Item] = field(default_factory=dict)

    def formula(self, holder: Any, what: str) -> Expression:
        symbols = {k: symbol(i.name) for k, i in self.items.items()}
        return formula(holder.getMath() if holder is not None else None, symbols, self.clock, what)

    def add(self, part: Any, kind: str, value: float | None, unit: Any, **more: Any) -> None:
        identifier = part.getId()
        name = self.names.claim(identifier)
        meaning = " ".join(part.getName().split())[:200] or f"{kind} {identifier}"
        self.items[identifier] = Item(identifier, name, f"{kind} '{identifier}'", meaning, value, unit, **more)


def read_contents(model: Any, names: Names, clock: Expression) -> Contents:
    """The contents of a libsbml model of Level 3; ModelError naming what models here cannot hold."""
    reader = _Reader(model, names, clock)
    for part in _list(model, "Compartment"):
        reader.add(part, "compartment", _number(part.getSize(), part.isSetSize()), part.getDerivedUnitDefinition())
    for part in _list(model, "Parameter"):
        reader.add(part, "parameter", _number(part.getValue(), part.isSetValue()), part.getDerivedUnitDefinition())
    for part in _list(model, "Species"):
        _species(reader, part)
    _references(reader)
    for part in _list(model, "Reaction"):
        reader.add(part, "reaction", None, None)
    reactions = {p.getId(): _rate(reader, p) for p in _list(model, "Reaction")}
    assigned, slopes = _rules(reader)
    initial = {
        p.getSymbol(): reader.formula(p, f"the initial assignment of '{p.getSymbol()}'")
        for p in _list(model, "InitialAssignment")
    }
    events = tuple(_event(reader, part) for part in _list(model, "Event"))
    for identifier, change in _changes(reader).items():
        slopes.setdefault(identifier, change)
    return Contents(reader.items, assigned, initial, slopes, reactions, events)


def _list(parent: Any, kind: str) -> list[Any]:
    count = getattr(parent, "getNumSpecies" if kind == "Species" else f"getNum{kind}s")()
    return [getattr(parent, f"get{kind}")(k) for k in range(count)]


def _number(value: float, given: bool) -> float | None:
    return float(value) if given and not math.isnan(value) else None


def _species(reader: _Reader, part: Any) -> None:
    """A species; its symbol is a concentration unless it has only substance units or its compartment has no size."""
    compartment = reader.model.getCompartment(part.getCompartment())
    sized = compartment is not None and compartment.getSpatialDimensionsAsDouble() > 0
    concentration = sized and not part.getHasOnlySubstanceUnits()
    amount = _number(part.getInitialAmount(), part.isSetInitialAmount())
    given = _number(part.getInitialConcentration(), part.isSetInitialConcentration())
    home = part.getCompartment()
    reader.add(
        part,
        "species",
        given if amount is None else amount,
        part.getDerivedUnitDefinition(),
        compartment=home if concentration else "",
        divide=home if concentration and amount is not None else "",
        multiply=home if sized and not concentration and amount is None and given is not None else "",
    )


def _references(reader: _Reader) -> None:
    """Stoichiometries that have an id and so may stand in formulas."""
    for reaction in _list(reader.model, "Reaction"):
        for part in [*_list(reaction, "Reactant"), *_list(reaction, "Product")]:
            if part.isSetId():
                reader.add(part, "stoichiometry", _number(part.getStoichiometry(), part.isSetStoichiometry()), None)


def _rate(reader: _Reader, reaction: Any) -> Expression:
    what = f"reaction '{reaction.getId()}'"
    if reaction.isSetFast() and reaction.getFast():
        raise ModelError(f"{what} is fast, an equilibrium at every moment, which models here cannot hold")
    if reaction.getKineticLaw() is None:
        raise ModelError(f"{what} has no kinetic law")
    return reader.formula(reaction.getKineticLaw(), what)


def _rules(reader: _Reader) -> tuple[dict[str, Expression], dict[str, Expression]]:
    assigned: dict[str, Expression] = {}
    slopes: dict[str, Expression] = {}
    for rule in _list(reader.model, "Rule"):
        if rule.isAlgebraic():
            raise ModelError(
                f"an algebraic rule (number {len(assigned) + len(slopes) + 1}) has no place in models here"
            )
        found = reader.formula(rule, f"the rule of '{rule.getVariable()}'")
        (assigned if rule.isAssignment() else slopes)[rule.getVariable()] = found
    return assigned, slopes


def _changes(reader: _Reader) -> Formulas:
    """What reactions do to each species they change, per unit of time."""
    found: dict[str, Expression] = {}
    for reaction in _list(reader.model, "Reaction"):
        rate = symbol(reader.items[reaction.getId()].name)
        for sign, kind in ((-1, "Reactant"), (1, "Product")):
            for part in _list(reaction, kind):
                species = reader.model.getSpecies(part.getSpecies())
                if species is None or species.getBoundaryCondition() or species.getConstant():
                    continue
                term = sign * _stoichiometry(reader, part) * rate * _conversion(reader, species)
                home = reader.items[species.getId()].compartment
                term = term / symbol(reader.items[home].name) if home else term
                found[species.getId()] = found.get(species.getId(), 0) + term
    return found


def _event(reader: _Reader, part: Any) -> Event:
    """An event that happens at one time, which its trigger says as `time >= constants`."""
    what = f"event '{part.getId() or part.getName()}'"
    symbols = {k: symbol(i.name) for k, i in reader.items.items()}
    trigger = part.getTrigger()
    test = condition(
        trigger.getMath() if trigger is not None else None, symbols, reader.clock, f"the trigger of {what}"
    )
    if not isinstance(test, sympy.Ge | sympy.Gt | sympy.Le | sympy.Lt) or test.gts != reader.clock:
        raise ModelError(f"{what} is not a dose at a given time: its trigger is not of the form time >= constant")
    time, delayed = test.lts, part.getDelay() is not None
    if delayed:
        time = time + reader.formula(part.getDelay(), f"the delay of {what}")
    values = {
        a.getVariable(): reader.formula(a, f"what {what} makes of '{a.getVariable()}'")
        for a in _list(part, "EventAssignment")
    }
    strict = isinstance(test, sympy.Gt | sympy.Lt)
    at_once = bool(part.getUseValuesFromTriggerTime())
    if delayed and at_once:
        raise ModelError(f"{what} is delayed and uses values of the time of its trigger, which models here cannot hold")
    said = part.getPriority()
    priority = None if said is None else reader.formula(said, f"the priority of {what}")
    return Event(what, time, values, strict or not trigger.getInitialValue(), at_once, priority)


def _stoichiometry(reader: _Reader, part: Any) -> Expression:
    if part.isSetId():
        return symbol(reader.items[part.getId()].name)
    value = _number(part.getStoichiometry(), part.isSetStoichiometry())
    return literal(1.0 if value is None else value, f"the stoichiometry of '{part.getSpecies()}'")


def _conversion(reader: _Reader, species: Any) -> Expression:
    """The factor from the extent of reactions to the amount of a species."""
    for holder in (species, reader.model):
        if holder.isSetConversionFactor():
            return symbol(reader.items[holder.getConversionFactor()].name)
    return 1
