"""The ways a dose takes into an exported model, as expressions, and the numbers of doses as named quantities."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...model.declaration import Expression, Model, symbol
from ...units import coherent_factor
from .page import Page, Said


@dataclass(frozen=True, slots=True)
class Way:
    """A route, or straight into a state: doses of `unit` times `share` and `content` reach `into` after `lag`; `rate`
    and `duration` are those of doses that leave theirs to the model.
    """

    name: str
    into: str
    unit: str
    share: Expression
    lag: Expression
    content: Expression
    rate: Expression
    duration: Expression


def way_of(model: Model, name: str) -> Way:
    """The way of that name, which must be one of the routes or states of the model."""
    from sympy import Integer

    one, zero = Integer(1), Integer(0)
    for r in model.routes:
        if r.name == name:
            return Way(r.name, r.into, r.unit, r.bioavailability, r.lag, r.content, r.rate, r.duration)
    state = next(s for s in model.states if s.name == name)
    return Way(name, name, state.unit, one, zero, one, zero, zero)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The amounts, rates and durations of doses, each a named constant that other tools can change."""

    page: Page
    _made: dict[tuple[str, float, str], Expression] = field(default_factory=dict)

    def amount(self, way: Way, amount: float) -> Expression:
        """An amount in the unit of the way."""
        return self._constant(f"{way.name}_dose", amount, way.unit, "dose")

    def rate(self, way: Way, rate: float) -> Expression:
        """A rate in the unit of the way per model time."""
        return self._constant(f"{way.name}_rate", rate, f"{way.unit}/{self.page.model.time}", "rate")

    def modelled_rate(self, way: Way) -> Expression:
        """The rate that the model says; a bare number is in the unit of the way per model time."""
        return self.rate(way, float(way.rate)) if way.rate.is_number else way.rate

    def duration(self, way: Way, duration: Expression) -> Expression:
        """A duration in model time, which stays as it is where it is more than a number."""
        if not duration.is_number:
            return duration
        return self._constant(f"{way.name}_duration", float(duration), self.page.model.time, "duration")

    def counter(self, way: Way) -> Expression:
        """How many infusions of one kind run; it starts at 0."""
        identity = self.page.table.free(f"{way.name}_infusions")
        self.page.units[identity] = "1"
        said = Said("infusion", identity, "1", f"infusions by {way.name} of one kind that run now")
        self.page.quantity(identity, "dimensionless", said, 0.0)
        return symbol(identity)

    def _constant(self, name: str, value: float, unit: str, what: str) -> Expression:
        if (name, value, unit) not in self._made:
            count = sum(key[0] == name for key in self._made)
            identity = self.page.table.free(f"{name}_{count + 1}")
            self.page.units[identity] = unit
            said = Said("dose", identity, unit, f"{what} of {value:g} {unit}", (), {"value": repr(value)})
            size = value * coherent_factor(unit, self.page.model.time)
            self.page.quantity(identity, self.page.table.coherent(unit), said, size, constant=True)
            self._made[name, value, unit] = symbol(identity)
        return self._made[name, value, unit]
