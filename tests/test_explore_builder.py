"""The schedule builder's fields: what they hold, and that their text is the same schedule."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.app.builder import builder_of, builder_text
from pkpd.dosing.dose import Dose
from pkpd.dosing.library import read_schedules
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse

HE2020 = "1 MIU sc every 2d x7, rest 14d, repeat 3"


def fields(**changes: Any) -> dict[str, Any]:
    """The builder's fields of one daily dose, changed."""
    one = {"amount": "1", "unit": "MIU", "route": "", "over": "", "interval": "1", "times": 1, "rest": "", "cycles": 1}
    return one | changes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HE2020, fields(route="sc", interval="2", times=7, rest="14", cycles=3)),
        ("1 MIU once", fields()),
        ("0.4 MIU/m2 sc daily x5", fields(amount="0.4", unit="MIU/m2", route="sc", times=5)),
        ("10000 IU/kg daily x5, repeat 2", fields(amount="10000", unit="IU/kg", times=5, cycles=2)),
        ("1 MIU iv over 90min every 12h x14", fields(route="iv", over="1.5", interval="0.5", times=14)),
        ("1 MIU every 7d x1, repeat 4", fields(interval="7", cycles=4)),
        ("1 MIU weekly x3, rest 12h", fields(interval="7", times=3, rest="0.5")),
        ("(1 MIU daily x5, rest 2d), repeat 2", fields(times=5, rest="2", cycles=2)),
        ("5 ug via depot once", fields(amount="5", unit="ug", route="depot")),
    ],
)
def test_a_simple_schedule_becomes_its_fields(text: str, expected: dict[str, Any]) -> None:
    assert builder_of(parse(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "none",
        "rest 3d",
        "rest 3d, then 1 MIU daily x5",
        "1 MIU on mon wed x4 weeks",
        "1 MIU daily x5, then 2 MIU daily x5",
        "1 MIU daily x5, miss 2",
        "1 MIU daily x5, move 2 by 6h",
        "1 MIU daily x5, repeat 2, rest 3d",
        "1 MIU daily x5, rest 3d, rest 3d",
        "1 MIU daily x5, repeat 2, repeat 2",
        "1 MIU iv at 1 MIU/h daily x5",
        "1 MIU sc over 2h daily x5",
        "1 MIU every 8h x5",
        "1 MIU iv over 20min once",
        "1 MIU daily x5, rest 1h",
        "1 MIU daily x5, (rest 2d, repeat 2)",
    ],
)
def test_anything_else_has_no_fields(text: str) -> None:
    assert builder_of(parse(text)) is None


def test_dose_records_have_no_fields() -> None:
    assert builder_of(Schedule.of(Dose.of("1 MIU"))) is None


def test_the_page_writes_the_index_trial_as_its_file_does() -> None:
    found = builder_of(parse(HE2020))
    assert found is not None
    assert builder_text(found) == HE2020


def test_most_named_schedules_can_be_built() -> None:
    # the fields are the page's main way in, so a change that loses them for the named ones is a fault
    named = read_schedules()
    built = [name for name, known in named.items() if builder_of(known.schedule)]
    assert "he2020" in built
    assert len(built) > len(named) / 2


AMOUNTS = st.floats(1e-6, 1e6, allow_nan=False).map(lambda value: float(f"{value:.6g}"))
# lengths that are decimals, of days and of hours
DAYS = st.integers(1, 4000).map(lambda n: Fraction(n, 64))
QUARTERS = st.integers(1, 400).map(lambda n: Fraction(n, 96))


@given(
    amount=AMOUNTS,
    unit=st.sampled_from(["MIU", "IU", "MIU/m2", "IU/kg", "ug"]),
    route=st.sampled_from(["", "sc", "iv", "depot"]),
    over=st.none() | QUARTERS,
    interval=DAYS,
    times=st.integers(1, 20),
    rest=st.none() | DAYS,
    cycles=st.integers(1, 4),
)
@settings(deadline=None, derandomize=True, max_examples=150)
def test_the_text_of_the_fields_is_the_same_schedule(
    amount: float,
    unit: str,
    route: str,
    over: Fraction | None,
    interval: Fraction,
    times: int,
    rest: Fraction | None,
    cycles: int,
) -> None:
    plan = Schedule.every(
        f"{amount!r} {unit}", times=times, interval=interval, route=route, over=over if route == "iv" else None
    )
    plan = (plan.rest(rest) if rest else plan).repeat(cycles)
    found = builder_of(plan)
    assert found is not None
    again = parse(builder_text(found))
    assert again == plan
    assert again.text == plan.text
    assert builder_of(again) == found
