"""What counts as one moment: restarts between doses a rounding apart, and where a sample has two sides."""

from __future__ import annotations

from fractions import Fraction

import models
import pytest

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.simulation import simulate


def test_a_restart_never_repeats_a_dose() -> None:
    """Two doses a rounding apart, the run stopped just before them: both count once, together or in two parts."""
    near = Schedule.of(*(Dose(Fraction(10**10 + k, 10**10), 100, "mg", route="iv") for k in (9, 18)), length=3)
    whole = simulate(near, models.one_compartment(), times=[2.0])
    first = simulate(near, models.one_compartment(), times=[1.0])
    rest = simulate(near, models.one_compartment(), times=[2.0], start=first.end)
    # ten times the default relative tolerance
    assert rest.states == pytest.approx(whole.states, rel=1e-5)


def test_both_sides_are_told_only_where_something_enters() -> None:
    """One row at a missed dose and at the end of an infusion, two where a dose is given."""
    plan = parse("10 mg iv over 6h daily x3, miss 2")
    t = simulate(plan, models.one_compartment(), times=[0.0, 0.25, 1.0, 2.0], side="both")
    assert list(zip(t.times.tolist(), t.sides, strict=True)) == [
        (0.0, "pre"),
        (0.0, "post"),
        (0.25, "both"),
        (1.0, "both"),
        (2.0, "pre"),
        (2.0, "post"),
    ]
