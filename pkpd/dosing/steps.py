"""The steps a schedule is made of, and how they become doses at exact times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from ..errors import ScheduleError
from ..units import duration_text
from .amount import MAX_DAYS, MAX_DOSES
from .dose import Dose

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_NESTING = 20


@dataclass(frozen=True, slots=True)
class Course:
    """`times` doses, one at the start of each `interval` (days); lasts `times` intervals."""

    dose: Dose
    interval: Fraction
    times: int


@dataclass(frozen=True, slots=True)
class Weekly:
    """Doses on `days` of the week (0 is Monday), the first of them on day 0; lasts `weeks` weeks."""

    dose: Dose
    days: tuple[int, ...]
    weeks: int


@dataclass(frozen=True, slots=True)
class Listed:
    """Explicit records in planned order, and how many days they last."""

    doses: tuple[Dose, ...]
    length: Fraction


@dataclass(frozen=True, slots=True)
class Rest:
    """Days without a dose."""

    days: Fraction


@dataclass(frozen=True, slots=True)
class Repeat:
    """Everything before it in its list, `times` times in all."""

    times: int


@dataclass(frozen=True, slots=True)
class Miss:
    """Doses not given, by number from 1 in planned order among all doses before it in its list."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """Doses given `by` days later (earlier when negative), numbered as in Miss; nothing else shifts."""

    numbers: tuple[int, ...]
    by: Fraction


@dataclass(frozen=True, slots=True)
class Group:
    """A list of its own: its repeat, miss and move see only what is inside."""

    steps: tuple[Step, ...]


Step = Course | Weekly | Listed | Rest | Repeat | Miss | Move | Group
_LOOKS_BACK = (Repeat, Miss, Move)


def tidy(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The same steps without what changes nothing: repeating once, and needless parentheses.

    Needless are those around the first steps, and those around steps that never look back.
    """
    flat: list[Step] = []
    for step in steps:
        if not isinstance(step, Group):
            if not (isinstance(step, Repeat) and (step.times == 1 or not flat)):
                flat.append(step)
            continue
        inner = tidy(step.steps)
        if flat and any(isinstance(s, _LOOKS_BACK) for s in inner):
            flat.append(Group(inner))
        else:
            flat.extend(inner)
    if _depth(flat) > MAX_NESTING:
        raise ScheduleError(f"the schedule nests lists more than {MAX_NESTING} deep; write it with fewer parentheses")
    return tuple(flat)


def _depth(steps: Iterable[Step]) -> int:
    return max((1 + _depth(s.steps) for s in steps if isinstance(s, Group)), default=0)


def count(steps: Iterable[Step]) -> int:
    """How many doses `steps` plan, missed ones too, without laying any out."""
    total = 0
    for step in steps:
        match step:
            case Course(times=times):
                total += times
            case Weekly(days=days, weeks=weeks):
                total += len(days) * weeks
            case Listed(doses=doses):
                total += len(doses)
            case Repeat(times=times):
                total *= times
            case Group(steps=inner):
                total += count(inner)
    return total


def lay_out(steps: Iterable[Step]) -> tuple[list[Dose], Fraction]:
    """The doses of `steps` in planned order, and the length in days."""
    doses: list[Dose] = []
    length = Fraction(0)
    for step in steps:
        if isinstance(step, Repeat):
            _refuse_too_much(len(doses) * step.times, length * step.times)
            once = tuple(doses)
            doses.extend(dose.shifted(length * k) for k in range(1, step.times) for dose in once)
            length *= step.times
        elif isinstance(step, Miss):
            for at in _positions(doses, step.numbers, "missed"):
                doses[at] = _missed(doses[at])
        elif isinstance(step, Move):
            for number, at in zip(step.numbers, _positions(doses, step.numbers, "moved"), strict=True):
                doses[at] = _moved(doses[at], step.by, number)
        else:
            block, lasts = _block(step)
            _refuse_too_much(len(doses) + len(block), length + lasts)
            doses.extend(dose.shifted(length) for dose in block)
            length += lasts
    return doses, length


def _block(step: Course | Weekly | Listed | Rest | Group) -> tuple[list[Dose], Fraction]:
    if isinstance(step, Group):
        return lay_out(step.steps)
    if isinstance(step, Rest):
        return [], step.days
    if isinstance(step, Listed):
        return list(step.doses), step.length
    if isinstance(step, Course):
        _refuse_too_much(step.times, step.interval * step.times)
        return [step.dose.shifted(step.interval * k) for k in range(step.times)], step.interval * step.times
    _refuse_too_much(len(step.days) * step.weeks, Fraction(7 * step.weeks))
    days = [(day - step.days[0]) % 7 for day in step.days]
    return [step.dose.shifted(Fraction(7 * week + d)) for week in range(step.weeks) for d in days], Fraction(
        7 * step.weeks
    )


def _refuse_too_much(doses: int, length: Fraction) -> None:
    if doses > MAX_DOSES:
        raise ScheduleError(f"the schedule has {doses} doses; at most {MAX_DOSES} can be given")
    if length > MAX_DAYS:
        raise ScheduleError(f"the schedule lasts {float(length):.6g} days; at most {MAX_DAYS} can be simulated")
    if length.denominator > 10**60:
        raise ScheduleError(
            "the schedule adds up times with too many different denominators; write them in days, h or min"
        )


def _positions(doses: list[Dose], numbers: tuple[int, ...], what: str) -> list[int]:
    """Where in `doses` the dose numbers stand; a bare reset is not a dose and has no number."""
    given = [at for at, dose in enumerate(doses) if dose.gives]
    for number in numbers:
        if not 1 <= number <= len(given):
            last = f"the last is dose {len(given)}" if given else "there is no dose before it"
            raise ScheduleError(f"dose {number} is to be {what}, but {last}; doses are counted from 1")
        dose = doses[given[number - 1]]
        if dose.steady_state or dose.additional or dose.reset:
            raise ScheduleError(
                f"dose {number} is a steady-state, reset or additional-dose record, so it cannot be {what}"
            )
    return [given[number - 1] for number in numbers]


def _missed(dose: Dose) -> Dose:
    return replace(dose, time=dose.scheduled, planned=None, status="missed")


def _moved(dose: Dose, by: Fraction, number: int) -> Dose:
    if dose.status == "missed":
        raise ScheduleError(f"dose {number} is missed, so it cannot be moved")
    time = dose.time + by
    if time < 0:
        start = f"day {float(dose.time):g} by {duration_text(by)}"
        raise ScheduleError(f"dose {number} is to be moved from {start}, which is before day 0 of its list")
    if time == dose.scheduled:
        return replace(dose, time=time, planned=None, status="given")
    return replace(dose, time=time, planned=dose.scheduled, status="moved")
