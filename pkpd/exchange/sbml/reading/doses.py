"""Events of an SBML file as doses: amounts added to states, constants switched on and off as infusions, resets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import sympy

from ....errors import ModelError
from ....model.declaration import Expression, symbol
from .beginning import Beginning
from .contents import Contents, Event


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
    stays = _constants(contents)
    timed = sorted(
        ((_fixed(h.time, stays, beginning, f"the time of {h.id}"), h) for h in contents.events),
        key=lambda pair: pair[0],
    )
    _refuse_clashes(contents, timed, beginning)
    never = tuple(h.id for time, h in timed if time <= 0 and not h.first)
    happening = [(max(time, 0.0), h) for time, h in timed if h.id not in never]
    switches = {k for _, h in happening for k in h.values if k not in contents.slopes and _linear(contents, k, stays)}
    resets = tuple(time for time, h in happening if _resets(contents, h, beginning))
    shifts = [
        Shift(time, k, _amount(contents, beginning, h, k, stays))
        for time, h in happening
        if time not in resets or not _resets(contents, h, beginning)
        for k in h.values
        if k not in switches
    ]
    shifts = [s for s in shifts if s.amount]  # a dose of which nothing arrives
    infusions = [i for k in sorted(switches) for i in _infusions(contents, beginning, k, happening, stays)]
    infusions = [part for i in infusions for part in _parted(i, resets) if part.rate]
    return _without(contents, switches, beginning), Given(tuple(shifts), tuple(infusions), resets, never)


def _fixed(e: Expression, stays: frozenset[Expression], beginning: Beginning, what: str) -> float:
    """An expression of constants as a number; ModelError where it changes in time."""
    if moving := sorted(str(s) for s in e.free_symbols - stays):
        raise ModelError(f"{what} follows '{moving[0]}', which changes in time; a dose follows constants")
    return beginning.number(e, what)


def _refuse_clashes(contents: Contents, timed: Iterable[tuple[float, Event]], beginning: Beginning) -> None:
    """Events at one time that use values of their trigger overwrite each other: they do not add up as doses do. After
    a reset they do, if it comes first.
    """
    for _, group in groupby(timed, key=lambda pair: pair[0]):
        together = [h for _, h in group]
        first: dict[str, Event] = {}
        for h in together:
            for k in h.values:
                other = first.setdefault(k, h)
                if other is not h and (h.at_once or other.at_once):
                    raise ModelError(
                        f"{other.id} and {h.id} change the same at one time, and one would overwrite the other"
                    )
        for reset in (h for h in together if _resets(contents, h, beginning)):
            for h in together:
                meet = h.values.keys() & reset.values.keys() and not _resets(contents, h, beginning)
                if meet and not _before(reset, h, beginning):
                    raise ModelError(f"{reset.id} resets all at the time of {h.id}, and its priority is not the higher")


def _before(a: Event, b: Event, beginning: Beginning) -> bool:
    if a.priority is None or b.priority is None:
        return False
    return beginning.number(a.priority, f"the priority of {a.id}") > beginning.number(
        b.priority, f"the priority of {b.id}"
    )


def _linear(contents: Contents, identifier: str, stays: frozenset[Expression]) -> bool:
    """Whether a constant only stands as a factor of terms of rates of change, so that it can switch infusions."""
    own = symbol(contents.items[identifier].name)
    elsewhere = [*contents.assigned.values(), *contents.initial.values(), *contents.reactions.values()]
    if identifier in contents.assigned or any(own in e.free_symbols for e in elsewhere):
        return False
    terms = [sympy.diff(e, own) for e in contents.slopes.values() if own in e.free_symbols]
    return bool(terms) and all(t.free_symbols <= stays - {own} for t in terms)


def _constants(contents: Contents) -> frozenset[Expression]:
    """The symbols of everything that neither events nor rates of change move."""
    changed = {k for h in contents.events for k in h.values} | contents.slopes.keys() | contents.reactions.keys()
    moving = Beginning(contents, frozenset(changed & contents.items.keys()), {}).moving
    return frozenset(symbol(i.name) for i in contents.items.values() if i.name not in moving)


def _resets(contents: Contents, h: Event, beginning: Beginning) -> bool:
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


def _amount(contents: Contents, beginning: Beginning, h: Event, identifier: str, stays: frozenset[Expression]) -> float:
    """What an event adds to a state."""
    own = symbol(contents.items[identifier].name)
    added = sympy.expand(h.values[identifier] - own)
    if identifier in contents.assigned or not added.free_symbols <= stays:
        raise ModelError(
            f"{h.id} is no dose: it must add constants to '{identifier}', as in {identifier} = {identifier} + amount"
        )
    amount = beginning.number(added, f"what {h.id} adds to '{identifier}'")
    if amount < 0:
        raise ModelError(f"{h.id} adds {amount:g} to '{identifier}'; a dose is above 0")
    return amount


def _infusions(
    contents: Contents,
    beginning: Beginning,
    switch: str,
    happening: Iterable[tuple[float, Event]],
    stays: frozenset[Expression],
) -> list[Infusion]:
    """The times during which a constant is above what it begins at."""
    item = contents.items[switch]
    own, base = symbol(item.name), beginning.value(item)
    level = base
    levels: list[tuple[float, float]] = []
    for time, h in happening:
        if switch in h.values:
            value = h.values[switch].xreplace({own: sympy.Float(level)})
            level = _fixed(value, stays, beginning, f"what {h.id} makes of '{switch}'")
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


def _parted(infusion: Infusion, resets: Iterable[float]) -> list[Infusion]:
    """An infusion in parts, where a reset sets the states but does not stop it; a reset among doses would."""
    stop = infusion.time + infusion.duration
    edges = [infusion.time, *sorted({t for t in resets if infusion.time < t < stop}), stop]
    if len(edges) == 2:
        return [infusion]
    return [replace(infusion, time=begin, duration=end - begin) for begin, end in pairwise(edges)]


def _without(contents: Contents, switches: set[str], beginning: Beginning) -> Contents:
    """The contents with switches at what they begin at."""
    values: Mapping[Expression, Expression] = {}
    for k in switches:
        base = beginning.value(contents.items[k])
        values = {**values, symbol(contents.items[k].name): sympy.Integer(0) if base == 0 else sympy.Float(base)}
    items = {k: i for k, i in contents.items.items() if k not in switches}
    slopes = {k: e.xreplace(values) for k, e in contents.slopes.items()}
    return replace(contents, items=items, slopes=slopes)
