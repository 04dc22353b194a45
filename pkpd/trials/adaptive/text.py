"""Reading rules: `if eosinophils_fold > 3 at visit: hold until < 1.5`.

    rule   = "if" OUTPUT SIGN NUMBER [UNIT] "at" ("visit" | "visits") [DAY {"," DAY}] ":" action
    action = "hold" "until" SIGN NUMBER | "hold" "for" TIME | "stop" | "resume"
           | "reduce" "by" NUMBER "%" ["to" "at" "least" AMOUNT] | "raise" "by" NUMBER "%" ["to" "at" "most" AMOUNT]
    SIGN   = ">" | "<" | ">=" | "<="

A number without a unit is in the output's own unit; the level that lifts a hold is in the unit of the level that set
it. Nothing is evaluated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ...dosing.amount import MAX_DAYS, number_text, read_amount, span, usable
from ...dosing.words import Token
from ...errors import PkpdError, StudyError, nearest
from ...units import unit
from .rules import SIGNS, Action, HoldFor, HoldUntil, Limit, Raise, Reduce, Resume, Rule, Stop, can_both_hold

MAX_TEXT = 500  # characters
MAX_RULES = 50
LARGEST = 1e30  # a level beyond it is a slip of the pen
MOST_PERCENT = 1000.0
ACTIONS = ("hold", "stop", "reduce", "raise", "resume")
EXAMPLE = "if eosinophils_fold > 3 at visit: hold until < 1.5"
_TOKEN = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?(?![0-9.]))"
    r"|(?P<name>(?:%|[A-Za-zµμ_][A-Za-z0-9µμ_^]*)(?:/[A-Za-z0-9µμ_^]+)*)"
    r"|(?P<mark>[<>]=?|[:,])"
    r"|(?P<space>\s+)"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}\Z", re.ASCII)
_T = TypeVar("_T")


def read_rule(text: str) -> Rule:
    """The rule that `text` states; StudyError naming the word it stumbled over and the nearest valid one."""
    if len(text) > MAX_TEXT:
        raise StudyError(f"the rule has {len(text)} characters; at most {MAX_TEXT} are read")
    reader = _Reader(_tokens(text))
    if reader.peek.kind == "end":
        raise StudyError(f"the rule is empty; write for example {EXAMPLE}")
    return reader.rule()


def read_rules(texts: Sequence[str], where: str = "") -> tuple[Rule, ...]:
    """Several rules in order; errors say `where` and which, and refuse a rule twice and a resume that nothing needs."""
    before = f"{where}: " if where else ""
    if len(texts) > MAX_RULES:
        raise StudyError(f"{before}{len(texts)} rules were given; at most {MAX_RULES} are read")
    rules = list[Rule]()
    for number, text in enumerate(texts, 1):
        try:
            rule = read_rule(text)
        except StudyError as error:
            raise StudyError(f"{before}rule {number}: {error}") from None
        if rule in rules:
            raise StudyError(f"{before}rule {number} is the same as rule {rules.index(rule) + 1}: {rule.text}")
        rules.append(rule)
    holding = any(isinstance(rule.action, HoldUntil | HoldFor) for rule in rules)
    for number, rule in enumerate(rules, 1):
        if isinstance(rule.action, Resume) and not holding:
            raise StudyError(f"{before}rule {number} resumes, but no rule holds: {rule.text}")
    return tuple(rules)


def _tokens(text: str) -> list[Token]:
    found, at = list[Token](), 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise _fault(Token("mark", text[at], at + 1), f"is not used in a rule; write for example {EXAMPLE}")
        if match.lastgroup != "space":
            found.append(Token(str(match.lastgroup), match[0], at + 1))
        at = match.end()
    return [*found, Token("end", "", len(text) + 1)]


def _fault(token: Token, why: str, words: Iterable[str] = ()) -> StudyError:
    shown = f"'{token.text[:40]}'" if token.kind != "end" else "the end"
    return StudyError(f"in the rule, {shown} at character {token.place} {why}{nearest(token.text[:40], words)}")


class _Reader:
    """The words still to be read; each method reads one part of the language and leaves the rest."""

    def __init__(self, words: list[Token]) -> None:
        self.left = words[::-1]

    @property
    def peek(self) -> Token:
        return self.left[-1]

    def next(self) -> Token:
        return self.left.pop() if len(self.left) > 1 else self.left[-1]

    def rule(self) -> Rule:
        start = self.peek
        self.keyword("if", f"begin a rule, such as {EXAMPLE}")
        output = self.next()
        if output.kind != "name" or not _NAME.match(output.text):
            raise _fault(output, "is not the name of an output, such as eosinophils_fold")
        sign, level = self.sign(), self.level()
        measure = "" if self.peek.word == "at" else self.unit()
        self.keyword("at", "come before visit")
        visits = self.visits()
        if self.peek.text != ":":
            raise _fault(self.peek, "was found where ':' and an action should follow")
        self.next()
        found = Rule(output.text, sign, level, measure, visits, self.action())
        if self.peek.kind != "end":
            raise _fault(self.peek, "is not expected after the action")
        if isinstance(found.action, HoldUntil) and can_both_hold(found, found.action):
            raise _fault(
                start,
                f"begins a rule that holds when {found.output} {sign} {number_text(level)} and lifts the hold when "
                f"{found.action.sign} {number_text(found.action.level)}; no value may do both",
            )
        return found

    def action(self) -> Action:
        token = self.next()
        match token.word:
            case "hold":
                return self.hold()
            case "stop":
                return Stop()
            case "resume":
                return Resume()
            case "reduce":
                return Reduce(self.percent(100.0, "reduce"), self.limit("least"))
            case "raise":
                return Raise(self.percent(MOST_PERCENT, "raise"), self.limit("most"))
            case _:
                raise _fault(token, f"is no action; actions are {', '.join(ACTIONS)}", ACTIONS)

    def hold(self) -> HoldUntil | HoldFor:
        token = self.next()
        if token.word == "until":
            return HoldUntil(self.sign(), self.level())
        if token.word != "for":
            raise _fault(token, "was found where until < 1.5 or for 14d should say how long", ("until", "for"))
        number = self.next()
        if number.kind != "number":
            raise _fault(number, "was found where a length of time is needed; write for example 14d")
        name = self.next().text if self.peek.kind == "name" else "d"
        return HoldFor(self.located(number, lambda: span(f"{number.text} {name}", "a hold")))

    def percent(self, most: float, word: str) -> float:
        self.keyword("by", f"say how much to {word}")
        token, value = self.peek, self.level()
        if self.peek.text != "%":
            raise _fault(self.peek, f"was found where % should follow {number_text(value)}")
        self.next()
        if not 0 < value <= most or (word == "reduce" and value == most):
            raise _fault(
                token, f"is no percentage to {word} by; it lies above 0 and below {most + (word == 'raise'):g}"
            )
        return value

    def limit(self, word: str) -> Limit | None:
        if self.peek.word != "to":
            return None
        self.next()
        self.keyword("at", f"come before {word}")
        self.keyword(word, "say on which side the limit lies")
        number = self.next()
        if number.kind != "number" or self.peek.kind != "name":
            token = number if number.kind != "number" else self.peek
            raise _fault(token, "was found where an amount is needed; write for example 2 MIU or 1 MIU/m2")
        text = f"{number.text} {self.next().text}"
        value, base, per = self.located(number, lambda: read_amount(text))
        if not usable(value):
            raise _fault(number, "is no amount; an amount is positive and finite")
        return Limit(value, f"{base}/{per}" if per else base)

    def visits(self) -> tuple[float, ...]:
        token = self.next()
        if token.word not in ("visit", "visits"):
            raise _fault(token, "was found where visit or visits is needed", ("visit", "visits"))
        days = list[float]()
        while self.peek.kind == "number":
            token, day = self.peek, self.level()
            if not 0 < day <= MAX_DAYS or day in days:
                why = "is named twice" if day in days else f"is no day after the first dose, up to {MAX_DAYS}"
                raise _fault(token, why)
            days.append(day)
            if self.peek.text != ",":
                break
            self.next()
            if self.peek.kind != "number":
                raise _fault(self.peek, "was found where another day should follow the comma")
        return tuple(sorted(days))

    def sign(self) -> str:
        token = self.next()
        if token.text not in SIGNS:
            raise _fault(token, f"was found where one of {', '.join(SIGNS)} is needed")
        return token.text

    def level(self) -> float:
        token = self.next()
        value = float(token.text) if token.kind == "number" else math.nan
        if not abs(value) < LARGEST:
            raise _fault(token, "was found where a number is needed")
        return value

    def unit(self) -> str:
        token = self.next()
        if token.kind != "name":
            raise _fault(token, "was found where a unit, or at visit, should follow")
        if near := nearest(token.word, ("at",)):
            raise _fault(token, f"is not expected here{near}")
        self.located(token, lambda: unit(token.text))
        return token.text

    def keyword(self, word: str, why: str) -> None:
        token = self.next()
        if token.word != word:
            raise _fault(token, f"was found where '{word}' should {why}", (word,))

    def located(self, token: Token, read: Callable[[], _T]) -> _T:
        """What `read` returns; its refusal gains the place of `token`."""
        try:
            return read()
        except PkpdError as error:
            raise StudyError(f"{error} (character {token.place} of the rule)") from None
