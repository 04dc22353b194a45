"""A schedule as one English sentence, to be read by whoever gives the injections."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from ..units import duration_text
from .amount import number_text
from .dose import Dose
from .given import total_prescribed, written_out
from .schedule import Schedule
from .steps import Course, Group, Listed, Miss, Move, Repeat, Rest, Step, Weekly

_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_UNITS = {"d": "day", "h": "hour", "min": "minute"}


def sentence(schedule: Schedule) -> str:
    """`1 MIU under the skin every 2 days, 7 doses, then 14 days rest: 7 doses, 7 MIU over 28 days.`"""
    if not schedule.steps:
        return "No doses."
    text = f"{_list(schedule.steps)}: {_count(schedule)}."
    return text[0].upper() + text[1:]


def _count(schedule: Schedule) -> str:
    """`21 doses, 21 MIU over 84 days`; without the number of doses where the one step before it says it."""
    doses = [dose for _, _, dose in written_out(schedule)]
    lasts = f"over {_span(schedule.length)}"
    if not doses:
        return f"no doses {lasts}"
    said = len(schedule.steps) == 1 and isinstance(schedule.steps[0], Course | Weekly)
    parts = [] if said else [_plural(len(doses), "dose")]
    for status in ("missed", "moved"):
        if some := sum(dose.status == status for dose in doses):
            parts.append(f"{some} of them {status}")
    totals = [f"{number_text(total)} {unit.replace('/', ' per ')}" for total, unit in total_prescribed(schedule)]
    given = " given" if len(parts) > 1 else ""
    return ", ".join([*parts, f"{_and(totals)}{given} {lasts}"])


def _list(steps: Sequence[Step]) -> str:
    text = _step(steps[0])
    for before, step in pairwise(steps):
        looks_back = isinstance(step, Repeat | Miss | Move)
        mark = "; " if looks_back or isinstance(before, Repeat | Miss | Move) else ", "
        text += mark + ("" if looks_back else "then ") + _step(step)
    return text


def _step(step: Step) -> str:
    match step:
        case Course(dose, interval, times):
            often = f"every {_span(interval, one='')}, {_plural(times, 'dose')}"
            return f"{_dose(dose)} once" if interval == times == 1 else f"{_dose(dose)} {often}"
        case Weekly(dose, days, weeks):
            named = _and([_DAYS[day] for day in days])
            return f"{_dose(dose)} on {named} for {_plural(weeks, 'week')}, {_plural(weeks * len(days), 'dose')}"
        case Rest(days):
            return f"{_span(days)} rest"
        case Repeat(times):
            return f"the whole {times} times"
        case Miss(numbers):
            return f"{_numbered(numbers)} missed"
        case Move(numbers, by):
            return f"{_numbered(numbers)} given {_span(abs(by))} {'early' if by < 0 else 'late'}"
        case Group(steps):
            return f"({_list(steps)})"
        case Listed(doses):
            return f"a list of {_plural(len(doses), 'dose record')}"


def _dose(dose: Dose) -> str:
    amount = f"{number_text(dose.amount)} {dose.unit}" + (f" per {dose.per}" if dose.per else "")
    return " ".join(word for word in (amount, _route(dose), _infusion(dose)) if word)


def _route(dose: Dose) -> str:
    runs = dose.duration is not None or dose.rate is not None
    names = {"": "", "sc": "under the skin", "iv": "into a vein" if runs else "as an intravenous bolus"}
    return names.get(dose.route, f"by the route {dose.route}")


def _infusion(dose: Dose) -> str:
    if dose.duration is not None:
        return f"over {_span(dose.duration)}"
    return (
        f"at {number_text(dose.rate)} {dose.prescribed_unit.replace('/', ' per ')} per hour"
        if dose.rate is not None
        else ""
    )


def _numbered(numbers: tuple[int, ...]) -> str:
    return f"dose{'s' if len(numbers) > 1 else ''} {_and([str(number) for number in numbers])}"


def _span(days: Fraction, one: str = "1 ") -> str:
    """`14 days`, `12 hours`, and for one of a unit `1 day`, or `day` when `one` is empty."""
    written = duration_text(days)
    number = written.rstrip("dhmin")
    unit = _UNITS[written.removeprefix(number)]
    return f"{one}{unit}" if number == "1" else f"{number} {unit}s"


def _plural(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _and(words: Sequence[str]) -> str:
    *first, last = words or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last
