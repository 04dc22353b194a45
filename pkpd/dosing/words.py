"""Cutting a schedule text into numbers, names and marks, each with its place for errors to point at."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import ScheduleError, nearest

_TOKEN = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?(?:/[0-9]+)?)"
    r"|(?P<name>[A-Za-zµμ%_×][A-Za-z0-9µμ%_^×]*(?:/[A-Za-z0-9µμ%_^]+)*)"
    r"|(?P<mark>[(),])"
    r"|(?P<space>\s+)"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text, and the character it starts at, counted from 1."""

    kind: str  # "number", "name", "mark" or "end"
    text: str
    place: int

    @property
    def word(self) -> str:
        """The text in lower case, as keywords are compared."""
        return self.text.lower()


def tokens(text: str) -> list[Token]:
    """The words of `text`, and an end mark; ScheduleError at a character the language does not use."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise fault(
                Token("mark", text[at], at + 1),
                "is not used in a schedule; write for example 1 MIU every 2d x7, rest 14d",
            )
        if match.lastgroup != "space":
            found.append(Token(str(match.lastgroup), match[0], at + 1))
        at = match.end()
    return [*found, Token("end", "", len(text) + 1)]


def fault(token: Token, why: str, words: Iterable[str] = ()) -> ScheduleError:
    """A ScheduleError that names the word, its place, and the nearest of `words`."""
    shown = f"'{token.text[:40]}'" if token.kind != "end" else "the end"
    return ScheduleError(f"in the schedule, {shown} at character {token.place} {why}{nearest(token.text[:40], words)}")
