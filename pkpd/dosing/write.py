"""Steps written in the schedule language, in the one form that `parse` reads back to the same steps."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ScheduleError
from ..units import duration_text
from .amount import number_text
from .dose import Dose
from .steps import WEEKDAYS, Course, Group, Listed, Miss, Move, Repeat, Rest, Step, Weekly

MAX_TEXT = 10_000
BARE_ROUTES = ("sc", "iv")  # routes that need no `via`


def write(steps: Sequence[Step]) -> str:
    """The canonical text of `steps`; ScheduleError for dose records, and for a text too long to read back."""
    text = _list(steps) if steps else "none"
    if len(text) > MAX_TEXT:
        raise ScheduleError(
            f"the text of this schedule has {len(text)} characters; at most {MAX_TEXT} can be read back"
        )
    return text


def _list(steps: Sequence[Step]) -> str:
    text = _step(steps[0])
    for step in steps[1:]:
        text += (", then " if isinstance(step, Course | Weekly | Group) else ", ") + _step(step)
    return text


def _step(step: Step) -> str:
    match step:
        case Course(dose):
            return f"{dose_text(dose)} {_course(step)}"
        case Weekly(dose, days, weeks):
            named = " ".join(WEEKDAYS[day] for day in days)
            return f"{dose_text(dose)} on {named} x{weeks} week{'s' if weeks > 1 else ''}"
        case Rest(days):
            return f"rest {duration_text(days)}"
        case Repeat(times):
            return f"repeat {times}"
        case Miss(numbers):
            return f"miss {_numbers(numbers)}"
        case Move(numbers, by):
            return f"move {_numbers(numbers)} by {duration_text(by)}"
        case Group(steps):
            return f"({_list(steps)})"
        case Listed():
            raise ScheduleError(
                "this schedule was made from dose records, which no schedule text can hold; use to_records"
            )


def _course(step: Course) -> str:
    if step.interval == 1:
        return "once" if step.times == 1 else f"daily x{step.times}"
    return f"every {duration_text(step.interval)} x{step.times}"


def _numbers(numbers: tuple[int, ...]) -> str:
    return " ".join(str(number) for number in numbers)


def dose_text(dose: Dose) -> str:
    """`18 MIU iv at 1 MIU/h`: the amount, route and infusion of a dose as the language writes them."""
    words = [number_text(dose.amount), dose.prescribed_unit]
    if dose.route:
        words.append(dose.route if dose.route in BARE_ROUTES else f"via {dose.route}")
    if dose.duration is not None:
        words.append(f"over {duration_text(dose.duration)}")
    if dose.rate is not None:
        words.append(f"at {number_text(dose.rate)} {dose.prescribed_unit}/h")
    return " ".join(words)
