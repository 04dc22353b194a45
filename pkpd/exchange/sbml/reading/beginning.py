"""What the items of a file are at time 0, as numbers of the file and as expressions of constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy

from ....errors import ModelError
from ....model.declaration import Expression, symbol
from .contents import Contents, Item
from .growth import MAX_NODES

TIME = symbol("time")


@dataclass(slots=True)
class Beginning:
    """Time 0 of a file: `states` are the ids that change by themselves or by events; `numbers` are the names of the
    parameters that hold the numbers states begin at, by id.
    """

    contents: Contents
    states: frozenset[str]
    numbers: Mapping[str, str]
    _values: dict[str, float] = field(default_factory=dict)
    _starts: dict[str, Expression] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    @property
    def moving(self) -> frozenset[str]:
        """Names of everything that changes in time."""
        names = {self.contents.items[k].name for k in self.states} | {"time"}
        formulas = {self.contents.items[k].name: e for k, e in self._formulas().items()}
        while more := {n for n, e in formulas.items() if n not in names and _names(e) & names}:
            names |= more
        return frozenset(names)

    def expression(self, e: Expression, moving: frozenset[str]) -> Expression:
        """An expression at time 0, of names that stay."""
        by_name = self.contents.by_name
        found = {symbol(n): self.start(by_name[n], moving) for n in sorted(_names(e) & moving) if n != "time"}
        # counted before it is written out: each formula may hold another one twice, and so on
        sizes = {name: _nodes(start) for name, start in found.items()}
        if sum(sizes.get(part, 1) for part in sympy.preorder_traversal(e)) > MAX_NODES:
            raise ModelError(f"written out, a formula at time 0 has more than {MAX_NODES} parts")
        return e.xreplace(found | {TIME: sympy.Integer(0)})

    def start(self, item: Item, moving: frozenset[str]) -> Expression:
        """What an item begins at, of names that stay; `moving` is the same each time."""
        if item.id not in self._starts:
            self._starts[item.id] = self._start(item, moving)
        return self._starts[item.id]

    def _start(self, item: Item, moving: frozenset[str]) -> Expression:
        with self._inside(item):
            own = self.contents.assigned.get(item.id, self.contents.reactions.get(item.id))
            own = self.contents.initial.get(item.id) if own is None else own
            if own is not None:
                return self.expression(own, moving)
            if item.value is None:
                raise ModelError(f"{item.what} has no initial value")
            if item.value == 0:
                return sympy.Integer(0)
            found = symbol(self.numbers[item.id])
            for size, power in ((item.divide, -1), (item.multiply, 1)):
                if size:
                    home = self.contents.items[size]
                    found *= (self.start(home, moving) if home.name in moving else symbol(home.name)) ** power
            return found

    def value(self, item: Item) -> float:
        """The number of an item at time 0, in the numbers of the file."""
        if item.id not in self._values:
            with self._inside(item):
                own = self.contents.assigned.get(item.id, self.contents.reactions.get(item.id))
                own = self.contents.initial.get(item.id) if own is None else own
                self._values[item.id] = self._own_number(item) if own is None else self.number(own, item.what)
        return self._values[item.id]

    def number(self, e: Expression, what: str) -> float:
        """An expression at time 0 as a number."""
        by_name = self.contents.by_name
        values = {symbol(n): sympy.Float(self.value(by_name[n])) for n in sorted(_names(e) - {"time"})}
        return as_number(e, values | {TIME: sympy.Float(0)}, what)

    def _own_number(self, item: Item) -> float:
        if item.value is None:
            raise ModelError(f"{item.what} has no value")
        found = item.value
        if item.divide:
            found /= self.value(self.contents.items[item.divide])
        return found * self.value(self.contents.items[item.multiply]) if item.multiply else found

    def _formulas(self) -> Mapping[str, Expression]:
        return {**self.contents.assigned, **self.contents.reactions}

    def _inside(self, item: Item) -> _Guard:
        return _Guard(self._open, item)


@dataclass(frozen=True, slots=True)
class _Guard:
    """Notices a quantity that is defined by itself."""

    open: list[str]
    item: Item

    def __enter__(self) -> None:
        if self.item.id in self.open:
            raise ModelError(f"{self.item.what} is defined in a circle")
        if len(self.open) > 100:
            raise ModelError(f"{self.item.what} is defined through more than 100 others in a row")
        self.open.append(self.item.id)

    def __exit__(self, *_: object) -> None:
        self.open.pop()


def as_number(e: Expression, values: Mapping[Expression, Expression], what: str) -> float:
    """An expression with numbers for its symbols; ModelError unless it is then a finite number."""
    try:
        found = float(e.xreplace(dict(values)))
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        found = float("nan")
    if not abs(found) < 1e300:
        raise ModelError(f"{what} is no finite number at time 0")
    return found


def _nodes(e: Expression) -> int:
    return sum(1 for _ in sympy.preorder_traversal(e))


def _names(e: Expression) -> set[str]:
    return {s.name for s in e.free_symbols}
