"""Exact amounts in linear compartments, as sums of exponentials evaluated with 40 digits.

Compartments are `depot`, `central` and, in the structure `two`, `peripheral`. An amount that enters one of them is
found later in another as a sum of terms c exp(-l t); doses, infusions and endless series of either follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

from mpmath import MPContext

M = MPContext()  # a context of its own: no other user of mpmath sees these digits
M.dps = 40

Terms = tuple[tuple[Any, Any], ...]  # coefficients c and exponents l (1/h)
Number = int | float | str | Fraction
RATES = {"ka": "1.1", "k": "0.17", "k12": "0.3", "k21": "0.12"}  # 1/h; no two exponents are equal
VOLUME = "12"  # L
STATES = {"one": ("depot", "central"), "two": ("depot", "central", "peripheral")}
FOREVER = Fraction(10**9)  # h


def exact(number: Number) -> Fraction:
    """A number as written: 0.1 is a tenth."""
    return number if isinstance(number, Fraction) else Fraction(str(number))


def real(number: Number) -> Any:
    """The number with 40 digits."""
    found = exact(number)
    return M.mpf(found.numerator) / found.denominator


@dataclass(frozen=True)
class Arrival:
    """`amount` (mg, after bioavailability) enters `into` at `start` (h) over `hours`, brought by the dose record with
    number `record`, counted from 1 in the table without its observations.

    It counts from that record until the record `until`, which resets. With `every`, the same amount also came every so
    many hours before `start`, without beginning. With `forever`, `amount` is a rate (mg/h) that ran without beginning
    until `start`.
    """

    into: str
    start: Number
    amount: Number
    hours: Number = 0
    record: int = 1
    until: int = 0
    every: Number = 0
    forever: bool = False


def one(ka: Any, k: Any) -> dict[tuple[str, str], Terms]:
    """First-order absorption and elimination (1/h): what a unit in the first compartment leaves in the second."""
    share = ka / (ka - k)
    return {
        ("depot", "depot"): ((1, ka),),
        ("depot", "central"): ((share, k), (-share, ka)),
        ("central", "central"): ((1, k),),
    }


def two(ka: Any, k: Any, k12: Any, k21: Any) -> dict[tuple[str, str], Terms]:
    """The same with a peripheral compartment that exchanges with the central one (1/h)."""
    total = k + k12 + k21
    root = M.sqrt(total**2 - 4 * k * k21)
    a, b = (total + root) / 2, (total - root) / 2
    both = 1 / ((a - ka) * (b - ka)), 1 / ((ka - a) * (b - a)), 1 / ((ka - b) * (a - b))
    fast, slow = (a - k21) / (a - b), (k21 - b) / (a - b)
    return {
        ("depot", "depot"): ((1, ka),),
        ("depot", "central"): tuple((ka * (k21 - x) * c, x) for x, c in zip((ka, a, b), both, strict=True)),
        ("depot", "peripheral"): tuple((ka * k12 * c, x) for x, c in zip((ka, a, b), both, strict=True)),
        ("central", "central"): ((fast, a), (slow, b)),
        ("central", "peripheral"): ((-k12 / (a - b), a), (k12 / (a - b), b)),
        ("peripheral", "central"): ((-k21 / (a - b), a), (k21 / (a - b), b)),
        ("peripheral", "peripheral"): ((slow, a), (fast, b)),
    }


def bolus(terms: Terms, age: Fraction) -> Any:
    """Left of a unit that entered `age` hours ago."""
    return M.fsum(c * M.exp(-x * real(age)) for c, x in terms)


def infusion(terms: Terms, age: Fraction, hours: Fraction) -> Any:
    """Left of a rate of one that began `age` hours ago and lasts `hours`."""
    run = min(age, hours)
    return M.fsum(-c * M.expm1(-x * real(run)) / x * M.exp(-x * real(age - run)) for c, x in terms)


def boluses(terms: Terms, age: Fraction, every: Fraction) -> Any:
    """Left of units that entered `age`, `age + every`, `age + 2 every` ... hours ago: a geometric series."""
    return M.fsum(c * M.exp(-x * real(age)) / -M.expm1(-x * real(every)) for c, x in terms)


def infusions(terms: Terms, age: Fraction, hours: Fraction, every: Fraction) -> Any:
    """The same of rates of one that last `hours` each: the first `running` still do, the others have ended."""
    running = max(ceil((hours - age) / every), 0)
    found = []
    for c, x in terms:
        gap = -M.expm1(-x * real(every))
        young = running - M.exp(-x * real(age)) * -M.expm1(-x * real(running * every)) / gap
        old = M.exp(-x * real(age + running * every)) * M.expm1(x * real(hours)) / gap
        found.append(c / x * (young + old))
    return M.fsum(found)


def unit_terms(structure: str, elimination: Number = 1) -> dict[tuple[str, str], Terms]:
    """The terms of a structure with its elimination multiplied."""
    k = real(RATES["k"]) * real(elimination)
    if structure == "one":
        return one(real(RATES["ka"]), k)
    return two(real(RATES["ka"]), k, real(RATES["k12"]), real(RATES["k21"]))


Course = tuple[tuple[Number, Number], ...]  # elimination is multiplied by the second up to the first (h)


def amounts(arrival: Arrival, time: Fraction, structure: str, course: Course = ()) -> dict[str, Any]:
    """What an arrival has left in each compartment (mg) at `time`, at or after its start if it is a single one."""
    if not (arrival.every or arrival.forever):
        return _single(arrival, time, structure, course or ((FOREVER, 1),))
    assert not course, "a series without beginning has no course"
    terms = unit_terms(structure)
    return {to: _series(arrival, time, terms[into, to]) for into, to in terms if into == arrival.into}


def _series(arrival: Arrival, time: Fraction, terms: Terms) -> Any:
    age, every, hours = time - exact(arrival.start), exact(arrival.every), exact(arrival.hours)
    amount = real(arrival.amount)
    if arrival.forever:
        return amount * M.fsum(c / x * M.exp(-x * real(age)) for c, x in terms)
    if age < 0:  # the last ones are still to come
        age %= every
    if hours == 0:
        return amount * boluses(terms, age, every)
    return amount / real(hours) * infusions(terms, age, hours, every)


def _single(arrival: Arrival, time: Fraction, structure: str, course: Course) -> dict[str, Any]:
    """From one change of the elimination to the next, with what was there and what the infusion adds meanwhile."""
    start, hours = exact(arrival.start), exact(arrival.hours)
    found = dict.fromkeys(STATES[structure], M.mpf(0))
    if hours == 0:
        found[arrival.into] = real(arrival.amount)
    now = start
    for end, elimination in course:
        stop = min(exact(end), time)
        if stop <= now:
            continue
        terms, before = unit_terms(structure, elimination), found
        found = {to: _carried(before, terms, to, stop - now) for to in before}
        left = start + hours - now
        for to in before if left > 0 else ():
            rate = real(arrival.amount) / real(hours)
            found[to] += rate * infusion(terms.get((arrival.into, to), ()), stop - now, left)
        now = stop
    return found


def _carried(before: Mapping[str, Any], terms: Mapping[tuple[str, str], Terms], to: str, hours: Fraction) -> Any:
    return M.fsum(amount * bolus(terms.get((into, to), ()), hours) for into, amount in before.items())


def total(parts: list[dict[str, Any]], structure: str) -> dict[str, Any]:
    """Every compartment's amount (mg), then `concentration` (mg/L), of all arrivals together."""
    found = {state: M.fsum(part.get(state, 0) for part in parts) for state in STATES[structure]}
    return found | {"concentration": found["central"] / real(VOLUME)}
