"""A sentence about dosing, such as `daily x5, then every 2 weeks` or `every other day x 7, two weeks off, x 3`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from ...dosing.amount import MAX_DAYS, MAX_DOSES
from ...units import exact
from .cells import plain


class Unread(Exception):
    """Why a cell cannot be turned into a regimen, in one sentence; kept with the row, never shown to a user as such."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`times` doses every `interval` days (0: no end is told); then a `rest`, the whole `cycles` times (0: no end is
    told), or then one dose every `then` days, `then_times` of them, the first `then` days after the very first dose.
    """

    interval: Fraction
    times: int = 0
    rest: Fraction = Fraction(0)
    cycles: int = 1
    then: Fraction = Fraction(0)
    then_times: int = 0
    note: str = ""

    @property
    def regular(self) -> bool:
        """Whether it is one row of equally spaced doses."""
        return not self.rest and not self.then


@dataclass(slots=True)
class _Clause:
    """What one clause says: interval, number of doses or how many days they last, days off, cycles."""

    after: bool = False
    interval: Fraction | None = None
    times: int = 0
    lasts: Fraction = Fraction(0)
    rest: Fraction = Fraction(0)
    cycles: int = 0
    month: bool = False


_WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_N = r"(\d{1,5}(?:\.\d{1,4})?)"
_UNIT = r"(hours?|hrs?|h|days?|d|weeks?|wks?|w|months?|mo)\b"
_UNIT_DAYS = {"h": Fraction(1, 24), "d": Fraction(1), "w": Fraction(7), "m": Fraction(28)}
_FIXED = (
    (
        r"(two|2|three|3|four|4) times (a|per|each) day|(twice|thrice) (a |per )?(daily|day)|\b[bt]\.?i\.?d\b\.?",
        None,
    ),
    (r"every (other|second|2nd) week|fortnightly|every fortnight", Fraction(14)),
    (r"every (other|second|2nd) day|(on )?alternate days?|alternating days|\bq\.?o\.?d\b\.?", Fraction(2)),
    (r"twice (weekly|a week|per week)|2 times (a|per) week", Fraction(7, 2)),
    (r"(once )?(monthly|(a|per) month|every month|each month)", Fraction(28)),
    (r"(once )?(weekly|(a|per) week|every week|each week|\bqw\b)", Fraction(7)),
    (r"(once )?(daily|(a|per) day|every day|each day)|\bq\.?d\b\.?", Fraction(1)),
)
_FILLERS = re.compile(
    r"\b(sc|s\.c\.|iv|i\.v\.|subcutaneous(ly)?|intravenous(ly)?|injections?|injected|doses?|dosing|given|low-dose"
    r"|il-2|the|an?|of|at|in|for|and|with|by|consecutive|continuous(ly)?|infusions?|courses?|treatment|therapy|fixed"
    r"|total|repeated|repeat|bolus|each|maintenance|induction|on|over|up|to|x|low|dose|was|were|days?"
    r"|(until )?steady state)\b|[().:+-]"
)


def read_plan(sentence: str, infused: bool = False, every: Fraction | None = None) -> Plan:
    """The plan a sentence tells, `every` days where it names no interval; Unread naming what was not understood."""
    text = _reworded(plain(sentence).lower())
    if not text:
        raise Unread("how often the drug is given is not said")
    clauses = []
    for part in re.split(r"\s*(?:[,;]|\b(?=then\b|followed by\b|and then\b))\s*", text):
        if part.strip():
            clauses.append(_clause(part, text, infused))
    if clauses and clauses[0].interval is None and (clauses[0].lasts or clauses[0].times):
        clauses[0].interval = every
    return _plan(clauses, text)


def _reworded(text: str) -> str:
    """Numbers as digits; courses and days of a week as doses and days off; a comma before a second interval."""
    for value, word in enumerate(_WORDS, 1):
        text = re.sub(rf"\b{word}\b(?! other)", str(value), text)
    text = re.sub(r"(\d)\s*-\s*(day|week|month|hour|h|d)\b", r"\1 \2", text)
    text = re.sub(
        r"\bthrice weekly|\b3 times (weekly|(a|per|each) week)|\bt\.?i\.?w\b\.?", "every 2 days x 3, 1 day off,", text
    )
    text = re.sub(
        r"\b(daily )?([2-6]) days (weekly|(a|per|each) week)",
        lambda m: f"daily x {m[2]}, {7 - int(m[2])} day off,",
        text,
    )
    text = re.sub(r"\b(\d{1,3}) days? (courses?|cycles?)\b", r"daily x \1,", text)
    # "weekly thereafter" is "then weekly"
    text = re.sub(r"([^,;]+?)\s+(thereafter|afterwards?)\b", r"then \1", text)
    return re.sub(r"(x ?\d+( days)?|for \d+ \w+|\d+ doses)\s+(?=every|each|monthly|weekly|q\d)", r"\1, ", text)


def _clause(part: str, text: str, infused: bool) -> _Clause:
    """One clause, word by word; every word must be understood."""
    found, left = _Clause(), part
    left, found.after = _cut(left, r"(and )?\b(then|followed by)\b")[:2]
    if (
        cut := _take(
            left, r"\b(single|1|one) (dose|injection|bolus|infusion)\b|\bonce\b(?! (a|daily|weekly|every|monthly|per))"
        )
    )[1]:
        left, found.interval, found.times = cut[0], Fraction(1), 1
    left = _rest(left, found)
    left = _interval(left, found)
    left = _count(left, found)
    if infused and found.interval is None and found.lasts and not found.rest:
        found.interval = Fraction(1)
    if rest := re.sub(r"\s+", " ", _FILLERS.sub(" ", left)).strip():
        raise Unread(f"'{rest[:60]}' in the schedule '{text[:80]}' is not understood")
    return found


def _take(text: str, rule: str) -> tuple[str, re.Match[str] | None]:
    match = re.search(rule, text)
    return (f"{text[: match.start()]} | {text[match.end() :]}".replace("|", " "), match) if match else (text, None)


def _cut(text: str, rule: str) -> tuple[str, bool]:
    left, match = _take(text, rule)
    return left, match is not None


def _rest(left: str, found: _Clause) -> str:
    off = r"(?:off|rest|break|pause)"
    before, after = (
        rf"{_N}\s*{_UNIT}\s*(?:of )?(?:{off}|without(?: drug| il-2)?)",
        rf"{off}\s*(?:of|for)?\s*{_N}\s*{_UNIT}",
    )
    left, match = _take(left, rf"{before}|{after}")
    if match:
        found.rest = _time(match[1] or match[3], match[2] or match[4])
    left, match = _take(left, rf"{_N}\s*{_UNIT}\s*(?:on|of treatment|treatment)\b")
    if match:
        found.lasts = _time(match[1], match[2])
    return left


def _interval(left: str, found: _Clause) -> str:
    if (cut := _take(left, rf"\bq\s*{_N}\s*{_UNIT}|\b(?:every|each)\s+{_N}\s*{_UNIT}"))[1]:
        left, match = cut
        assert match is not None
        found.interval = _time(match[1] or match[3], match[2] or match[4])
        found.month = (match[2] or match[4]).startswith("m")
        return left
    for rule, days in _FIXED:
        cut = _take(left, rule)
        if cut[1]:
            found.interval = days if days is not None else _daily(cut[1][0])
            found.month = "month" in cut[1][0]
            return cut[0]
    return left


def _daily(words: str) -> Fraction:
    if re.search(r"thrice|three|3|\bt", words) and not words.startswith("tw"):
        return Fraction(1, 3)
    return Fraction(1, 4) if re.search(r"four|4", words) else Fraction(1, 2)


def _count(left: str, found: _Clause) -> str:
    left, match = _take(
        left,
        rf"(?:x|for|repeated|repeat|,)?\s*{_N}\s*(?:cycles|courses|blocks|rounds)\b|(?:repeated|repeat)\s*(?:x)?\s*{_N}(?:\s*times)?\b",
    )
    if match:
        found.cycles = _whole(match[1] or match[2])
    if (cut := _take(left, r"\bdays?\s+(\d{1,4})\s*(?:to|-|through)\s*(\d{1,4})\b"))[1]:
        left, match = cut
        assert match is not None
        found.lasts = Fraction(max(int(match[2]) - int(match[1]) + 1, 1))
    if (cut := _take(left, rf"(?:\bx|\bfor|\bduring|\bover)?\s*{_N}\s*(?:consecutive\s*)?{_UNIT}"))[1]:
        left, match = cut
        assert match is not None
        found.lasts = _time(match[1], match[2])
    if (cut := _take(left, r"\bx\s*(\d{1,6})\b|\b(\d{1,6})\s*(?:daily )?(?:doses|injections|infusions|times)\b"))[1]:
        left, match = cut
        assert match is not None
        found.times = _whole(match[1] or match[2])
    return left


def _whole(text: str) -> int:
    value = float(text)
    if value != int(value) or not 1 <= value <= MAX_DOSES:
        raise Unread(f"{text} is no number of doses")
    return int(value)


def _time(value: str, unit: str) -> Fraction:
    days = exact(value) * _UNIT_DAYS[unit[0]]
    if not 0 < days <= MAX_DAYS:
        raise Unread(f"{value} {unit} is no length of time for doses")
    return days


def _number(clause: _Clause) -> int:
    """How many doses a clause says there are, 0 where it does not."""
    if clause.times or not clause.lasts or clause.interval is None:
        return clause.times
    if clause.lasts < clause.interval:
        raise Unread(f"{float(clause.lasts):g} days are shorter than the interval between doses")
    return int(clause.lasts / clause.interval)


def _plan(clauses: list[_Clause], text: str) -> Plan:
    """The clauses put together: doses, then a rest and cycles, a course repeated, or maintenance doses."""
    unclear = Unread(f"the schedule '{text[:80]}' is not regular enough to be read")
    if not clauses or clauses[0].interval is None:
        raise unclear
    first, interval = clauses[0], clauses[0].interval
    rest, cycles, repeat = first.rest, first.cycles, None
    for clause in clauses[1:]:
        if clause.interval is not None:
            if repeat is not None or rest:
                raise unclear
            repeat = clause
        elif clause.rest and not rest:
            rest, cycles = clause.rest, clause.cycles or cycles
        elif clause.cycles or (clause.times and (rest or repeat)):
            cycles = clause.cycles or clause.times
        elif clause.lasts and rest and _number(first):
            cycles = max(int(clause.lasts / (rest + interval * _number(first))), 1)
        elif clause.lasts or clause.times:
            target = repeat or first
            target.lasts, target.times = clause.lasts or target.lasts, clause.times or target.times
        else:
            raise unclear
    month = "a month is taken as 28 days" if any(clause.month for clause in clauses) else ""
    times = _number(first)
    if repeat is None and not rest:
        return Plan(interval, times * max(cycles, 1) if times else 0, note=month)
    if not times:
        raise unclear
    if repeat is None:
        return Plan(interval, times, rest, cycles, note=month)
    return _repeated(interval, times, repeat, cycles, month, unclear)


def _repeated(interval: Fraction, times: int, repeat: _Clause, cycles: int, note: str, unclear: Unread) -> Plan:
    """A course and what its second interval means: maintenance doses after `then`, else courses again."""
    assert repeat.interval is not None
    if repeat.after:
        said = "the first maintenance dose is taken one interval after the first dose of all"
        return Plan(
            interval,
            times,
            then=repeat.interval,
            then_times=_number(repeat),
            note="; ".join(filter(None, (said, note))),
        )
    rest = repeat.interval - interval * times
    if rest <= 0:
        raise unclear
    again = repeat.cycles or cycles or _number(repeat)
    return Plan(interval, times, rest, again, note=note)
