"""A schedule as the fields of the page's builder, and the text those fields stand for."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ..dosing.amount import number_text
from ..dosing.dose import Dose
from ..dosing.schedule import Schedule
from ..dosing.steps import Course, Repeat, Rest, Step
from ..dosing.write import BARE_ROUTES
from ..errors import UnitError
from ..units import duration, plain


def builder_of(schedule: Schedule) -> dict[str, Any] | None:
    """Amount, unit, route, `over` (hours), interval (days), times, rest (days) and cycles of a schedule that is one
    course of doses, then perhaps one rest, then perhaps repeated; None for any other, for an infusion that is not iv,
    and where a length is no decimal number (8 h are 1/3 d), since the page has no field for it.

    Numbers are exact decimal texts, but `times` and `cycles`, which are whole; "" is an infusion or a rest that is not
    there.
    """
    course, rest, repeat = _parts(schedule.steps)
    if course is None or course.dose != _plain_dose(course.dose):
        return None
    dose = course.dose
    if dose.duration is not None and dose.route != "iv":
        return None
    over = None if dose.duration is None else dose.duration * 24
    spans = [_span(over, "h"), _span(course.interval, "d"), _span(rest.days if rest else None, "d")]
    if None in spans:
        return None
    return {
        "amount": number_text(dose.amount),
        "unit": dose.prescribed_unit,
        "route": dose.route,
        "over": spans[0],
        "interval": spans[1],
        "times": course.times,
        "rest": spans[2],
        "cycles": repeat.times if repeat else 1,
    }


def builder_text(fields: Mapping[str, Any]) -> str:
    """The schedule's text as the page writes it: `1 MIU sc every 2d x7, rest 14d, repeat 3`."""
    route = str(fields["route"])
    words = [fields["amount"], fields["unit"], route if route in ("", *BARE_ROUTES) else f"via {route}"]
    words += [f"over {fields['over']}h" if fields["over"] else "", f"every {fields['interval']}d x{fields['times']}"]
    steps = [" ".join(str(word) for word in words if word)]
    steps += [f"rest {fields['rest']}d"] if fields["rest"] else []
    steps += [f"repeat {fields['cycles']}"] if fields["cycles"] > 1 else []
    return ", ".join(steps)


def _parts(steps: tuple[Step, ...]) -> tuple[Course | None, Rest | None, Repeat | None]:
    """A course, a rest and a repeat in this order; None for what is not there, and no course where there is more."""
    match steps:
        case (Course() as course,):
            return course, None, None
        case (Course() as course, Rest() as rest):
            return course, rest, None
        case (Course() as course, Repeat() as repeat):
            return course, None, repeat
        case (Course() as course, Rest() as rest, Repeat() as repeat):
            return course, rest, repeat
    return None, None, None


def _plain_dose(dose: Dose) -> Dose:
    """The dose without a rate, a steady state or anything else that the builder has no field for."""
    return Dose(Fraction(0), dose.amount, dose.unit, dose.per, dose.route, dose.duration)


def _span(length: Fraction | None, unit: str) -> str | None:
    """A length in `unit` as a decimal, "" for none; None where no decimal reads back as it."""
    if length is None:
        return ""
    text = plain(length)
    try:
        same = "/" not in text and duration(f"{text}{unit}") == duration(f"1{unit}") * length
    except UnitError:
        same = False
    return text if same else None
