"""Models and schedules that go to SBML and back: one of a user, and one with all that routes can say."""

from __future__ import annotations

import sympy

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.model.grammar import Builder


def readme(m: Builder) -> None:
    """The model that the README declares."""
    ka = m.parameter("ka", "1/h", value=1.0, bounds=(0.1, 10), meaning="absorption rate")
    cl = m.parameter("CL", "L/h", value=5.0, bounds=(0.5, 50), meaning="clearance")
    v = m.parameter("V", "L", value=50.0, bounds=(5, 500), meaning="volume")
    depot, central = m.state("depot", "mg"), m.state("central", "mg")
    m.flow("absorption", ka * depot, out_of=depot, into=central)
    m.flow("elimination", cl / v * central, out_of=central)
    m.route("oral", into=depot, unit="mg")
    m.output("conc", central / v, "mg/L", "concentration")


def rich(m: Builder) -> None:
    """Routes with all that a route can say, names that are words of formulas, and numbers that need 17 digits."""
    ka, e = m.parameter("ka", "1/h", value=0.7), m.parameter("e", "1/h", value=0.1 + 0.2)
    share, pi = m.parameter("F1", "1", value=0.5), m.parameter("pi", "L", value=11 / 7, bounds=(1.0, 3.0))
    wt = m.parameter("wt", "kg", value=70.0, covariate=True)
    depot = m.state("depot", "mg", scale=1.0)
    central = m.state("central", "ug", scale=m.parameter("size", "mg", value=3.0) / 7, meaning="drug in plasma")
    begin = m.define("begin", sympy.Rational(2, 3) * share, "1", "where the effect begins")
    effect = m.state("effect", "1", initial=begin)
    m.flow("absorption", ka * depot, out_of=depot, into=central)
    m.flow("elimination", e * central * 2 / 3, out_of=central)
    m.change(effect, e * (sympy.Max(begin / 3, 1 - central / m["size"]) - effect))
    late = m.parameter("exp", "h", value=2.0)
    m.route("oral", into=depot, unit="mg", bioavailability=share * (1 / 7), lag=late / 3 + late)
    speed = m.parameter("speed", "mg/h", value=16.0)
    m.route("iv", into=central, unit="mg", bioavailability=1.0, rate=speed, duration=1.75, lag=sympy.Rational(1, 3))
    m.output("conc", central / pi, "ng/mL", "concentration")
    m.output("effect", effect, "%", fold=True)
    m.output("per_weight", central / wt, "ng/g")
    m.require(share * 2, 1, "no more than everything arrives")


PLANS = (
    parse("100 mg via oral daily x5, miss 3, move 4 by 6h"),
    parse("40 mg iv over 2h every 12h x3"),
    parse("40 mg iv at 30 mg/h every 1h x3"),
    Schedule.of(
        Dose.of("50 mg", route="iv", modelled="rate"), Dose.of("3 mg", time="2h", route="iv", modelled="duration")
    ),
    Schedule.of(
        Dose.of("1 mg", route="oral", interval="1d", additional=3),
        Dose.of("9 mg", time="2h", route="iv", over="7h"),
        Dose.of("2 mg", time="5h", route="central", reset=True),
        Dose.of("900 ug", time="1/3 d", route="iv"),
        Dose.of("4 mg", time="53h", route="oral"),
        Dose.of("4 mg", time=3, route="oral", reset=True),
        length="30d",
    ),
)
