"""Small models shared by tests: linear ones whose exact solution is known, saturable, failing and refused ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest
import sympy

from pkpd.errors import PkpdError
from pkpd.model.declaration import Expression, Model
from pkpd.model.grammar import Builder, build

# Values of the linear models, in h and L: no two rates are equal, and the slowest half-life is 7 h.
KA, CL, V1, Q, V2 = 0.9, 4.0, 10.0, 3.0, 15.0


def _routes(m: Builder) -> None:
    depot, central = m["depot"], m["central"]
    for name, into in (("sc", depot), ("iv", central)):
        share = m.parameter(f"{name}_bioavailability", "1", value=1.0)
        lag = m.parameter(f"{name}_lag", "h", value=0.0)
        m.route(name, into=into, unit="mg", bioavailability=share, lag=lag)


def depot_and_centre(m: Builder) -> None:
    """First-order absorption from a depot and linear elimination from the centre; routes `sc` and `iv`."""
    depot = m.state("depot", "mg", scale=1, meaning="drug at the injection site")
    central = m.state("central", "mg", scale=1, meaning="drug in plasma")
    volume = m.parameter("volume", "L", value=V1)
    m.flow("absorption", m.parameter("ka", "1/h", value=KA) * depot, out_of=depot, into=central)
    m.flow("elimination", m.parameter("clearance", "L/h", value=CL) / volume * central, out_of=central)
    m.output("concentration", central / volume, "mg/L", "plasma concentration")
    m.output("amount_left", depot, "mg", "drug at the injection site")
    _routes(m)


def periphery(m: Builder) -> None:
    """A second compartment that exchanges with the centre."""
    outer = m.state("peripheral", "mg", scale=1, meaning="drug outside plasma")
    between = m.parameter("q", "L/h", value=Q)
    m.flow("out", between * m["central"] / m["volume"], out_of=m["central"], into=outer)
    m.flow("back", between * outer / m.parameter("outer_volume", "L", value=V2), out_of=outer, into=m["central"])


@lru_cache
def one_compartment(time: str = "h") -> Model:
    """Depot and centre; `time` is the model's internal unit of time and must not matter."""
    return build("one_compartment", depot_and_centre, time=time)


@lru_cache
def two_compartments(time: str = "h") -> Model:
    """Depot, centre and periphery."""
    return build("two_compartments", depot_and_centre, periphery, time=time)


@lru_cache
def saturable(time: str = "h") -> Model:
    """One compartment with Michaelis-Menten elimination beside a baseline held by constant production."""

    def block(m: Builder) -> None:
        base, volume = m.parameter("base", "mg", value=2.0), m.parameter("volume", "L", value=V1)
        central = m.state("central", "mg", initial=base, scale=1, meaning="drug in plasma")
        vmax, half = m.parameter("vmax", "mg/h", value=3.0), m.parameter("half", "mg", value=4.0)
        m.flow("elimination", vmax * central / (half + central), out_of=central)
        m.flow("production", vmax * base / (half + base), into=central)
        m.output("concentration", central / volume, "mg/L", "plasma concentration", fold=True)
        m.route("iv", into=central, unit="mg")

    return build("saturable", block, time=time)


def _with_a_still_state(name: str, initial: float, slope: Callable[[Builder, Expression], Expression]) -> Model:
    def block(m: Builder) -> None:
        growing = m.state("growing", "mg", initial=initial, scale=1)
        m.state("still", "pM", initial=7, scale=1)
        m.change(growing, slope(m, growing))
        m.output("growing", growing, "mg")
        m.route("iv", into=growing, unit="mg")

    return build(name, block)


@lru_cache
def explodes() -> Model:
    """y' = k y^2 from 0.1 mg: 1 / (10 - t/10) mg after t hours without drug."""
    return _with_a_still_state("explodes", 0.1, lambda m, y: m.parameter("k", "1/h/mg", value=0.1) * y**2)


@lru_cache
def divides_by_zero() -> Model:
    """y' = -k / y from 1 mg: sqrt(1 - t/25) mg after t hours without drug."""
    return _with_a_still_state("divides_by_zero", 1, lambda m, y: -m.parameter("k", "mg2/h", value=0.02) / y)


@lru_cache
def not_a_number() -> Model:
    """The root of a negative number, from the first moment on."""

    def slope(m: Builder, y: Expression) -> Expression:
        return -m.parameter("k", "1/h", value=1) * sympy.sqrt(y**2 - m.parameter("a", "mg2", value=4))

    return _with_a_still_state("not_a_number", 1, slope)


@lru_cache
def falls() -> Model:
    """y' = -1 per day."""

    def block(m: Builder) -> None:
        level = m.state("level", "mg", initial=1)
        m.change(level, -m.parameter("loss", "mg/d", value=1))
        m.output("level", level, "mg")
        m.route("iv", into=level, unit="mg")

    return build("falls", block)


def decay(m: Builder) -> None:
    """x' = -k x from 1 mg; what other blocks here add to."""
    x = m.state("x", "mg", initial=1)
    m.flow("loss", m.parameter("k", "1/h", value=0.1) * x, out_of=x)
    m.output("x", x, "mg")


def refused(block: Callable[[Builder], Any], *said: str, time: str = "h") -> None:
    """The block on top of `decay` is refused in one sentence that contains each of `said`."""
    with pytest.raises(PkpdError) as caught:
        build("mine", decay, block, time=time)
    for part in said:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


# each makes a model: linear, saturable, without end, and failing ones
SMALL = (one_compartment, two_compartments, saturable, explodes, divides_by_zero, not_a_number, falls)
