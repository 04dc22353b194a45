"""How many doses a schedule's text plans, counted in its words before any dose is laid out.

Laying out the most that the language allows takes seconds, which one request must not cost, nor each row of a file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from math import ceil

from ..dosing.amount import MAX_DOSES
from ..dosing.words import tokens
from ..errors import PkpdError
from ..units import duration

_COUNT = re.compile(r"[x×]([0-9]*)\Z")
_AHEAD = 8  # words after one that belong to it: all days of a week and their count
_GAPS = {"daily": Fraction(1), "weekly": Fraction(7)}


def planned_doses(text: str) -> int:
    """The doses of a text, missed ones too; never fewer than it has, and 0 for a name or what cannot be read."""
    try:
        return _planned([token.word for token in tokens(text)])
    except PkpdError:  # its reader says what is wrong
        return 0


def many(count: int) -> str:
    """A count in figures, as far as anyone reads them."""
    return str(count) if count < MAX_DOSES else f"{MAX_DOSES} or more"


def _planned(words: Sequence[str]) -> int:
    # of each list still open; doses a time, and days from one time to the next
    lists, each, gap = [0], 1, Fraction(1)
    for place, word in enumerate(words):
        rest = words[place + 1 : place + 1 + _AHEAD]
        if place and words[place - 1] == "via":
            continue  # a route may be called like any of these words
        if word == "(":
            lists.append(0)
        elif word == ")" and len(lists) > 1:
            lists[-2:] = [sum(lists[-2:])]
        elif word == "repeat":
            lists[-1] *= _whole(rest[0])
        elif word == "once":
            lists[-1] += 1
        elif word == "on":
            each = next((k for k, other in enumerate(rest) if other == "for" or _COUNT.match(other)), 1)
            gap = Fraction(7)
        elif word in _GAPS or word == "every":
            each, gap = 1, _GAPS.get(word) or _time(rest)
        elif word == "for":
            lists[-1] += each * ceil(_time(rest) / gap)
        elif count := _COUNT.match(word):
            lists[-1] += each * _whole(count[1] or rest[0])
    return sum(lists)


def _whole(word: str) -> int:
    return int(word) if word.isdecimal() and len(word) < 10 else 1


def _time(words: Sequence[str]) -> Fraction:
    """A time of more than nothing, in days where no unit follows."""
    for text in (" ".join(words[:2]), f"{words[0]} d"):
        try:
            return duration(text) or Fraction(1)
        except PkpdError:
            continue
    return Fraction(1)
