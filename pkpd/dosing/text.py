"""Reading the schedule language: `1 MIU sc every 2d x7, rest 14d, repeat 3`.

    schedule = "none" | list
    list     = step { ("," | "then" | ", then") step }
    step     = doses | "(" list ")" | "rest" TIME | "repeat" N | "miss" N... | "move" N... "by" TIME
    doses    = AMOUNT and, in any order, [ROUTE], ["over" TIME | "at" RATE], and one of "once", "daily" COUNT,
               "weekly" COUNT, "every" TIME COUNT, "on" DAY... ("xN weeks" | "for" TIME)
    ROUTE    = "sc" | "iv" | "via" NAME
    COUNT    = "xN" | "for" TIME

`repeat`, `miss` and `move` look back over everything before them in their own list. Nothing is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

from ..errors import PkpdError, ScheduleError, UnitError
from ..units import duration
from .amount import span
from .dose import Dose
from .schedule import Schedule, dose_numbers, weekday_numbers
from .steps import MAX_NESTING, Course, Group, Miss, Move, Repeat, Rest, Step, Weekly
from .words import Token, fault, tokens
from .write import BARE_ROUTES, MAX_TEXT

_STEPS = ("rest", "repeat", "miss", "move")
_PATTERNS = ("once", "daily", "weekly", "every", "on")
_OPTIONS = ("via", "over", "at", *BARE_ROUTES)
_KEYWORDS = frozenset((*_STEPS, *_PATTERNS, *_OPTIONS, "then", "for", "by", "none"))
_TIMES = ("s", "min", "h", "d", "wk", "day", "days", "hours", "minutes", "week", "weeks")
_COUNT = re.compile(r"[xX×]([0-9]{0,9})\Z")
_T = TypeVar("_T")
_Pattern = tuple[Fraction, int] | tuple[tuple[int, ...], int]


def parse(text: str) -> Schedule:
    """The schedule that `text` describes; ScheduleError or UnitError naming the word it stumbled over."""
    return Schedule(steps_of(text))


def steps_of(text: str) -> tuple[Step, ...]:
    """The steps of a schedule, none of them laid out; errors as `parse`, but for what only the doses show."""
    if len(text) > MAX_TEXT:
        raise ScheduleError(f"the schedule text has {len(text)} characters; at most {MAX_TEXT} are read")
    reader = _Reader(tokens(text))
    if reader.peek.kind == "end":
        raise ScheduleError("the schedule text is empty; write for example 1 MIU daily x5, or none for placebo")
    if reader.peek.word == "none" and len(reader.left) == 2:
        return ()
    steps = reader.steps(0)
    if reader.peek.kind != "end":
        if reader.peek.text == ")":
            raise fault(reader.peek, "closes nothing")
        raise fault(reader.peek, "is not expected; put a comma before the next step")
    return steps


class _Reader:
    """The words still to be read; each method reads one part of the language and leaves the rest."""

    def __init__(self, words: list[Token]) -> None:
        self.left = words[::-1]

    @property
    def peek(self) -> Token:
        return self.left[-1]

    def next(self) -> Token:
        return self.left.pop() if len(self.left) > 1 else self.left[-1]

    def steps(self, depth: int) -> tuple[Step, ...]:
        if self.peek.word == "repeat":
            raise fault(self.peek, "has nothing before it in its list")
        steps = [self.step(depth)]
        while self.peek.text == "," or self.peek.word == "then":
            comma = self.next()
            if comma.text == "," and self.peek.word == "then":
                self.next()
            steps.append(self.step(depth))
        return tuple(steps)

    def step(self, depth: int) -> Step:
        token = self.peek
        if token.kind == "number":
            return self.doses()
        self.next()
        match token.word:
            case "(":
                return self.group(token, depth + 1)
            case "rest":
                return Rest(self.time("a rest"))
            case "repeat":
                return Repeat(self.whole("how many times in all"))
            case "miss":
                return Miss(self.numbers("missed"))
            case "move":
                numbers = self.numbers("moved")
                self.keyword("by", "how far the dose moves")
                return Move(numbers, self.time("a move", negative=True))
            case _:
                known = "doses (1 MIU daily x5), rest, repeat, miss, move or a list in parentheses"
                raise fault(token, f"starts no step; a step is {known}", _STEPS)

    def group(self, opening: Token, depth: int) -> Group:
        if depth > MAX_NESTING:
            raise fault(opening, f"opens a list more than {MAX_NESTING} deep; write it with fewer parentheses")
        steps = self.steps(depth)
        if self.peek.text != ")":
            raise fault(self.peek, f"was found where the list opened at character {opening.place} should close")
        self.next()
        return Group(steps)

    def doses(self) -> Course | Weekly:
        start = self.peek
        amount = self.quantity("is not an amount; write for example 1 MIU, 0.4 MIU/m2 or 10000 IU/kg")
        route, over, rate, pattern = "", None, None, None
        while self.peek.kind == "name" and self.peek.word != "then":
            token = self.next()
            if token.word in (*BARE_ROUTES, "via") and not route:
                route = self.route(token)
            elif token.word == "over" and over is None:
                over = self.time("an infusion")
            elif token.word == "at" and rate is None:
                rate = self.quantity("is not a rate; write for example 1 MIU/h")
            elif token.word in _PATTERNS and pattern is None:
                pattern = self.pattern(token)
            else:
                raise self.not_for_doses(token)
        if pattern is None:
            raise fault(self.peek, "was found where the doses need once, daily x5, every 2d x7 or on mon x4 weeks")
        dose = self.located(start, lambda: Dose.of(amount, route=route, over=over, at=rate))
        first, times = pattern
        return Weekly(dose, first, times) if isinstance(first, tuple) else Course(dose, first, times)

    def not_for_doses(self, token: Token) -> ScheduleError:
        if token.word in _STEPS:
            return fault(token, "starts a step of its own; put a comma before it")
        if token.word in (*_PATTERNS, *_OPTIONS):
            return fault(token, "is said twice for the same doses; put a comma before the next ones")
        known = (*_PATTERNS, *_OPTIONS)
        return fault(token, "is no word for doses; write for example 1 MIU sc every 2d x7", known)

    def quantity(self, why: str) -> str:
        number = self.next()
        if number.kind != "number" or "/" in number.text:
            raise fault(number, why)
        if self.peek.kind != "name" or self.peek.word in _KEYWORDS:
            why = f"was found where the unit of {number.text[:40]} is needed"
            raise fault(self.peek, f"{why}; use IU, kIU, MIU or a mass, alone, /m2 or /kg")
        return f"{number.text} {self.next().text}"

    def route(self, token: Token) -> str:
        if token.word in BARE_ROUTES:
            return token.word
        name = self.next()
        if name.kind != "name":
            raise fault(name, "is not the name of a route; write for example via depot")
        return name.text

    def pattern(self, token: Token) -> _Pattern:
        match token.word:
            case "once":
                return Fraction(1), 1
            case "daily":
                return Fraction(1), self.count(Fraction(1))
            case "weekly":
                return Fraction(7), self.count(Fraction(7))
            case "every":
                interval = self.time("the interval between doses")
                return interval, self.count(interval)
        names = []
        while self.peek.kind == "name" and self.peek.word != "for" and not _COUNT.match(self.peek.word):
            names.append(self.next())
        first = names[0] if names else self.peek
        days = self.located(first, lambda: weekday_numbers(tuple(name.text for name in names)))
        return days, self.count(Fraction(7), bare=False)

    def count(self, interval: Fraction, bare: bool = True) -> int:
        """How many intervals: `x7`, or `for 14d`; for weekdays `x4 weeks`."""
        token = self.next()
        if token.word == "for":
            lasts = self.time("how long the doses go on")
            if (lasts / interval).denominator != 1:
                raise fault(token, "is followed by a time that is no whole number of intervals")
            return int(lasts / interval)
        match = _COUNT.match(token.text)
        if token.kind != "name" or not match:
            raise fault(token, f"was found where a count is needed: {'x7' if bare else 'x4 weeks'} or for 14d")
        digits = Token("number", match[1], token.place) if match[1] else self.next()
        times = self.whole_of(digits, "a count")
        if not bare:
            week = self.next()
            if week.word not in ("week", "weeks", "wk"):
                raise fault(week, f"was found where weeks is needed: x{times} weeks", ("weeks",))
        return times

    def time(self, what: str, negative: bool = False) -> Fraction:
        number = self.next()
        if number.kind != "number":
            raise fault(number, f"was found where a time is needed for {what}; write for example 14d or 12h")
        unit = "d"
        if self.peek.kind == "name" and self.peek.word not in _KEYWORDS and not _COUNT.match(self.peek.word):
            name = self.next()
            if not _is_time(name.text):
                raise fault(name, "is not a unit of time; use s, min, h, d or wk", _TIMES)
            unit = name.text
        return self.located(number, lambda: span(f"{number.text} {unit}", what, negative))

    def numbers(self, what: str) -> tuple[int, ...]:
        numbers = [self.whole(f"the number of a dose to be {what}")]
        while self.peek.kind == "number":
            numbers.append(self.whole(f"the number of a dose to be {what}"))
        return dose_numbers(tuple(numbers), what)

    def whole(self, what: str) -> int:
        return self.whole_of(self.next(), what)

    def whole_of(self, token: Token, what: str) -> int:
        if token.kind != "number" or not re.fullmatch(r"0*[1-9][0-9]{0,8}", token.text):
            raise fault(token, f"was found where {what} is needed: a whole number, 1 or more")
        return int(token.text)

    def keyword(self, word: str, what: str) -> None:
        token = self.next()
        if token.word != word:
            raise fault(token, f"was found where '{word}' should say {what}", (word,))

    def located(self, token: Token, read: Callable[[], _T]) -> _T:
        """What `read` returns; its refusal gains the place of `token`."""
        try:
            return read()
        except PkpdError as error:
            raise type(error)(f"{error} (character {token.place} of the schedule)") from None


def _is_time(name: str) -> bool:
    try:
        duration(f"1 {name}")
    except UnitError:
        return False
    return True
