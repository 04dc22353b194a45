"""The route of a dose into an exported model, and the numbers of doses as named quantities."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...model.declaration import Expression, Model, Route, symbol
from ...units import coherent_factor
from .page import Page, Said


def route_of(model: Model, name: str) -> Route:
    """The route of that name, or one straight into the state of that name; it must be one of the two."""
    from sympy import Integer

    for route in model.routes:
        if route.name == name:
            return route
    one, zero = Integer(1), Integer(0)
    state = next(s for s in model.states if s.name == name)
    return Route(name, name, state.unit, one, zero, one, zero, zero)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The amounts, rates and durations of doses, each a named constant that other tools can change."""

    page: Page
    _made: dict[tuple[str, float, str], Expression] = field(default_factory=dict)

    def amount(self, route: Route, amount: float) -> Expression:
        """An amount in the unit of the route."""
        return self._constant(f"{route.name}_dose", amount, route.unit, "dose")

    def rate(self, route: Route, rate: float) -> Expression:
        """A rate in the unit of the route per model time."""
        return self._constant(f"{route.name}_rate", rate, f"{route.unit}/{self.page.model.time}", "rate")

    def modelled_rate(self, route: Route) -> Expression:
        """The rate that the model says; a bare number is in the unit of the route per model time."""
        return self.rate(route, float(route.rate)) if route.rate.is_number else route.rate

    def duration(self, route: Route, duration: Expression) -> Expression:
        """A duration in model time, which stays as it is where it is more than a number."""
        if not duration.is_number:
            return duration
        return self._constant(f"{route.name}_duration", float(duration), self.page.model.time, "duration")

    def counter(self, route: Route) -> Expression:
        """How many infusions of one kind run; it starts at 0."""
        identity = self.page.table.free(f"{route.name}_infusions")
        self.page.units[identity] = "1"
        said = Said("infusion", identity, "1", f"infusions by {route.name} of one kind that run now")
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
