"""A dosing schedule: a frozen value made with a few words (`every`, `then`, `rest`, `repeat`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from ..errors import ScheduleError, nearest
from ..units import duration
from .amount import MAX_DAYS, MAX_DOSES, Time, span, whole
from .dose import Dose
from .steps import (
    WEEKDAYS,
    Course,
    Group,
    Listed,
    Miss,
    Move,
    Repeat,
    Rest,
    Step,
    Weekly,
    lay_out,
    tidy,
)
from .write import write


@dataclass(frozen=True, slots=True, repr=False)
class Schedule:
    """Doses at exact times and a length, both in days; `then`, `rest` and `repeat` go on where it ends.

    `doses` are sorted by time, missed ones included; `planned` are in the order that `miss` and `move` count in. Two
    schedules are equal when their doses and length are, however they were made. Every method returns a new schedule
    and raises ScheduleError or UnitError.
    """

    steps: tuple[Step, ...] = field(default=(), compare=False)
    doses: tuple[Dose, ...] = field(init=False)
    planned: tuple[Dose, ...] = field(init=False, compare=False)
    length: Fraction = field(init=False)

    def __post_init__(self) -> None:
        steps = tidy(self.steps)
        doses, length = lay_out(steps)
        if len(doses) + sum(dose.additional for dose in doses) > MAX_DOSES:
            raise ScheduleError(f"the schedule has more than {MAX_DOSES} doses with its additional ones")
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "planned", tuple(doses))
        object.__setattr__(self, "doses", tuple(sorted(doses, key=lambda dose: dose.time)))
        object.__setattr__(self, "length", length)

    @classmethod
    def none(cls) -> Schedule:
        """No doses and no length: placebo."""
        return cls()

    @classmethod
    def every(
        cls,
        amount: str,
        *,
        times: int,
        days: Time | None = None,
        hours: int | float | Fraction | None = None,
        interval: Time | None = None,
        route: str = "",
        over: Time | None = None,
        at: str | None = None,
    ) -> Schedule:
        """`times` doses, one every `days`, `hours` or `interval` ("12h"); lasts to the last interval's end.

        `amount` is such as "1 MIU", "0.4 MIU/m2" or "10000 IU/kg"; `route` "" is the model's first; `over`
        ("2h", or days) or `at` ("1 MIU/h") make each dose an infusion.
        """
        said = [value for value in (days, hours, interval) if value is not None]
        if len(said) != 1:
            raise ScheduleError(f"every was given {len(said)} intervals; give one of days, hours or interval")
        gap = span(said[0] if hours is None else duration(hours) / 24, "the interval between doses")
        dose = Dose.of(amount, route=route, over=over, at=at)
        return cls((Course(dose, gap, whole(times, "the number of doses")),))

    @classmethod
    def daily(
        cls, amount: str, *, times: int, route: str = "", over: Time | None = None, at: str | None = None
    ) -> Schedule:
        """`times` doses, one a day; arguments as in `every`."""
        return cls.every(amount, days=1, times=times, route=route, over=over, at=at)

    @classmethod
    def once(cls, amount: str, *, route: str = "", over: Time | None = None, at: str | None = None) -> Schedule:
        """One dose; lasts one day, so that what follows starts on the next. Arguments as in `every`."""
        return cls.daily(amount, times=1, route=route, over=over, at=at)

    @classmethod
    def weekdays(
        cls,
        *names: str,
        amount: str,
        weeks: int,
        route: str = "",
        over: Time | None = None,
        at: str | None = None,
    ) -> Schedule:
        """Doses on days of the week ("mon", "wed") for `weeks` weeks; day 0 is the first one named."""
        dose = Dose.of(amount, route=route, over=over, at=at)
        return cls((Weekly(dose, weekday_numbers(names), whole(weeks, "the number of weeks")),))

    @classmethod
    def of(cls, *doses: Dose, length: Time | None = None) -> Schedule:
        """Explicit records (with SS, II, ADDL, reset); records at the same time keep the order given.

        `length` in days, if not given, is the end of the last record's interval, or its time if it has none.
        """
        ordered = tuple(sorted(doses, key=lambda dose: dose.scheduled))
        ends = [dose.scheduled + dose.interval * (dose.additional + 1) for dose in ordered]
        lasts = max(ends, default=Fraction(0)) if length is None else duration(length)
        if not max((dose.scheduled for dose in ordered), default=Fraction(0)) <= lasts <= MAX_DAYS:
            asked = f"a length of {float(lasts):g} days was asked for"
            raise ScheduleError(f"{asked}; it must reach the last dose, and at most {MAX_DAYS}")
        return cls((Listed(ordered, lasts),)) if ordered else cls.none().rest(lasts)

    def rest(self, days: Time) -> Schedule:
        """Followed by days without a dose: a number, or a text such as "14d"."""
        return self if duration(days) == 0 else Schedule((*self.steps, Rest(span(days, "a rest"))))

    def then(self, other: Schedule) -> Schedule:
        """Followed by `other`, which starts where this one ends."""
        return Schedule((*self.steps, Group(other.steps)))

    def repeat(self, times: int) -> Schedule:
        """The whole `times` times in all: `s.repeat(2) == s.then(s)`."""
        return Schedule((*self.steps, Repeat(whole(times, "how many times in all"))))

    def miss(self, *numbers: int) -> Schedule:
        """With these doses not given; they count from 1 in planned order, and stay in the list as missed."""
        return Schedule((*self.steps, Miss(dose_numbers(numbers, "missed"))))

    def move(self, *numbers: int, by: Time) -> Schedule:
        """With these doses given later by `by` ("1d", "-6h", or days), never before day 0.

        Other doses, the length and the numbering stay as planned, even when it passes another or the end.
        """
        return Schedule((*self.steps, Move(dose_numbers(numbers, "moved"), span(by, "a move", negative=True))))

    @property
    def text(self) -> str:
        """The canonical text in the schedule language; ScheduleError when it was made from records."""
        return write(self.steps)

    @property
    def end(self) -> Fraction:
        """Day from which nothing more comes: the length, or the end of the last dose or infusion if later."""
        last = [dose.time + dose.interval * dose.additional + dose.infusion for dose in self.doses]
        return max(self.length, *last) if last else self.length

    def __repr__(self) -> str:
        try:
            return f"<Schedule {self.text}>"
        except ScheduleError:
            return f"<Schedule of {len(self.doses)} records over {float(self.length):g} d>"


def weekday_numbers(names: tuple[str, ...]) -> tuple[int, ...]:
    """`("wed", "Friday", "mon")` as (2, 4, 0): in order from the first one named."""
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    known = {word: day for words in (WEEKDAYS, full) for day, word in enumerate(words)}
    for name in names:
        if name.lower() not in known:
            raise ScheduleError(f"'{name[:40]}' is not a day of the week{nearest(name, known)}")
    days = [known[name.lower()] for name in names]
    if not days or len(set(days)) < len(days):
        raise ScheduleError(
            f"doses were asked for on '{' '.join(names)}'; name one or more days of the week, each once"
        )
    return tuple(sorted(days, key=lambda day: (day - days[0]) % 7))


def dose_numbers(numbers: tuple[int, ...], what: str) -> tuple[int, ...]:
    """Dose numbers from 1, in order, each once; ScheduleError otherwise."""
    if not numbers:
        raise ScheduleError(f"no dose was named to be {what}; give its number, counted from 1")
    return tuple(sorted({whole(number, "the number of a dose") for number in numbers}))
