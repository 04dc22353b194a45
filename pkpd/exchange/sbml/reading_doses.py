"""Events of an SBML file as doses: amounts added to states, constants switched on and off as infusions, resets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import sympy

from ...errors import ModelError
from ...model.declaration import Expression, symbol
from .reading_contents import Contents, Happening, Item
from .reading_values import Beginning


@dataclass(frozen=True, slots=True)
class Shift:
    """`amount`, a number of the file, is added to the state of that id at `time` (of the file's clock)."""

    time: float
    state: str
    amount: float


@dataclass(frozen=True, slots=True)
class Infusion:
    """`rate` enters a state from `time` for `duration`, all in numbers of the file; `switch` is what events changed."""

    time: float
    state: str
    switch: str
    rate: float
    duration: float


@dataclass(frozen=True, slots=True)
class Given:
    """What events do: added amounts, infusions, and times at which everything begins again."""

    shifts: tuple[Shift, ...] = ()
    infusions: tuple[Infusion, ...] = ()
    resets: tuple[float, ...] = ()
    never: tuple[str, ...] = ()


def read_doses(contents: Contents) -> tuple[Contents, Given]:
    """The contents without what events switch, and what the events do; ModelError for an event that is no dose."""
    beginning = Beginning(contents, frozenset(), {})
    timed = sorted(
        ((beginning.number(h.time, f"the time of {h.id}"), h) for h in contents.events), key=lambda pair: pair[0]
    )
    _refuse_clashes(timed)
    never = tuple(h.id for time, h in timed if time <= 0 and not h.first)
    happening = [(max(time, 0.0), h) for time, h in timed if h.id not in never]
    switches = {k for _, h in happening for k in h.values if k not in contents.slopes and _linear(contents, k)}
    resets = tuple(time for time, h in happening if _resets(contents, h, beginning))
    shifts = [
        Shift(time, k, _amount(contents, beginning, h, k))
        for time, h in happening
        if time not in resets or not _resets(contents, h, beginning)
        for k in h.values
        if k not in switches
    ]
    infusions = [i for k in sorted(switches) for i in _infusions(contents, beginning, k, happening)]
    return _without(contents, switches, beginning), Given(tuple(shifts), tuple(infusions), resets, never)


def _refuse_clashes(timed: Iterable[tuple[float, Happening]]) -> None:
    """Events at one time that use values of their trigger overwrite each other: they do not add up as doses do."""
    for (before, a), (after, b) in pairwise(timed):
        if before == after and (a.at_once or b.at_once) and a.values.keys() & b.values.keys():
            raise ModelError(f"{a.id} and {b.id} change the same at one time, and one would overwrite the other")


def _linear(contents: Contents, identifier: str) -> bool:
    """Whether a constant only stands as a factor of terms of rates of change, so that it can switch infusions."""
    own = symbol(contents.items[identifier].name)
    elsewhere = [*contents.assigned.values(), *contents.initial.values(), *contents.reactions.values()]
    if identifier in contents.assigned or any(own in e.free_symbols for e in elsewhere):
        return False
    terms = [sympy.diff(e, own) for e in contents.slopes.values() if own in e.free_symbols]
    constant = {symbol(i.name) for i in _constants(contents)} - {own}
    return bool(terms) and all(t.free_symbols <= constant for t in terms)


def _constants(contents: Contents) -> list[Item]:
    changed = {k for h in contents.events for k in h.values} | contents.slopes.keys() | contents.reactions.keys()
    moving = Beginning(contents, frozenset(changed & contents.items.keys()), {}).moving
    return [i for i in contents.items.values() if i.name not in moving]


def _resets(contents: Contents, h: Happening, beginning: Beginning) -> bool:
    """Whether an event sets every state to its initial value."""
    return (
        bool(contents.slopes)
        and contents.slopes.keys() <= h.values.keys()
        and all(
            h.values[k] == contents.initial.get(k)
            or (k not in contents.initial and h.values[k].is_number and float(h.values[k]) == contents.items[k].value)
            for k in contents.slopes
        )
    )


def _amount(contents: Contents, beginning: Beginning, h: Happening, identifier: str) -> float:
    """What an event adds to a state."""
    own = symbol(contents.items[identifier].name)
    added = sympy.expand(h.values[identifier] - own)
    constant = {symbol(i.name) for i in _constants(contents)}
    if identifier in contents.assigned or not added.free_symbols <= constant:
        raise ModelError(
            f"{h.id} is no dose: it must add constants to '{identifier}', as in {identifier} = {identifier} + amount"
        )
    amount = beginning.number(added, f"what {h.id} adds to '{identifier}'")
    if amount <= 0:
        raise ModelError(f"{h.id} adds {amount:g} to '{identifier}'; a dose is above 0")
    return amount


def _infusions(
    contents: Contents, beginning: Beginning, switch: str, happening: Iterable[tuple[float, Happening]]
) -> list[Infusion]:
    """The times during which a constant is above what it begins at."""
    item = contents.items[switch]
    own, base = symbol(item.name), beginning.value(item)
    level = base
    levels: list[tuple[float, float]] = []
    for time, h in happening:
        if switch in h.values:
            value = h.values[switch].xreplace({own: sympy.Float(level)})
            level = beginning.number(value, f"what {h.id} makes of '{switch}'")
            levels.append((time, level))
    if level != base or any(value < base for _, value in levels):
        raise ModelError(f"events change {item.what}, and not as infusions do, which end as they began")
    found: list[Infusion] = []
    for state, slope in contents.slopes.items():
        if own in slope.free_symbols:
            one = beginning.number(sympy.diff(slope, own), f"the rate by {item.what}")
            found += [
                Infusion(start, state, switch, (value - base) * one, stop - start)
                for (start, value), (stop, _) in pairwise(levels)
                if value > base and stop > start
            ]
    return found


def _without(contents: Contents, switches: set[str], beginning: Beginning) -> Contents:
    """The contents with switches at what they begin at."""
    values: Mapping[Expression, Expression] = {}
    for k in switches:
        base = beginning.value(contents.items[k])
        values = {**values, symbol(contents.items[k].name): sympy.Integer(0) if base == 0 else sympy.Float(base)}
    items = {k: i for k, i in contents.items.items() if k not in switches}
    slopes = {k: e.xreplace(values) for k, e in contents.slopes.items()}
    return replace(contents, items=items, slopes=slopes)
