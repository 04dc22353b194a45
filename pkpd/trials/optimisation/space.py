"""The ranges that a search goes over: `dose 0.2..3 MIU`, `interval 1..7 d`, `on 1..8 wk`, `off 0..4 wk`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...dosing.amount import MAX_DAYS, read_amount, usable
from ...errors import PkpdError, SimulationError, nearest
from ...units import duration, duration_text, exact
from .candidates import Candidate, rounded

DEFAULTS = {"dose": "dose 0.2..3 MIU", "interval": "interval 1..7 d", "on": "on 1..8 wk", "off": "off 0..4 wk"}
MOST_VALUES, MOST_DOSES = 1000, 2000
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?"
_RANGE = re.compile(
    rf"\s*(?P<name>[A-Za-z_]+)\s+(?P<low>{_NUMBER})(?:\s*\.\.\s*(?P<high>{_NUMBER}))?\s*(?P<unit>[A-Za-zµμ]\S*)"
    rf"(?:\s+step\s+(?P<step>{_NUMBER}))?\s*\Z",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Space:
    """Doses between `low` and `high` in `unit` (only the `levels`, where there are any), and the intervals, times on
    and times off to choose from, in exact days; `said` are the ranges in words, `assumed` the names left at their
    defaults.
    """

    unit: str
    low: float
    high: float
    levels: tuple[float, ...]
    intervals: tuple[Fraction, ...]
    on: tuple[Fraction, ...]
    off: tuple[Fraction, ...]
    horizon: Fraction
    said: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def count(self) -> float:
        """How many candidates there are; infinite where the dose is any number of a range."""
        doses = len(self.levels) or math.inf
        return doses * len(self.intervals) * len(self.on) * len(self.off)

    def candidate(self, amount: float, interval: Fraction, on: Fraction, off: Fraction) -> Candidate:
        """One of the candidates, its dose with four digits where it is any number of a range."""
        own = amount if self.levels else rounded(amount, self.low, self.high)
        # a rest that would begin at the end is none
        rest = off if on < self.horizon else Fraction(0)
        return Candidate(own, self.unit, interval, on, rest, self.horizon)

    def doses(self, most: int) -> tuple[float, ...]:
        """At most so many doses over the range, evenly spaced, both ends among them."""
        if self.levels:
            return tuple(self.levels[k] for k in spread(len(self.levels), most))
        step = (self.high - self.low) / (most - 1)
        return tuple(rounded(self.low + k * step, self.low, self.high) for k in range(most))


def read_space(texts: Sequence[str], horizon: Fraction) -> Space:
    """The space of these ranges up to a horizon (days); a range not named is at its default. SimulationError, naming
    the range, for what is none, is empty, or is named twice.
    """
    found: dict[str, re.Match[str]] = {}
    for text in texts:
        match = _matched(text)
        if match["name"] in found:
            raise SimulationError(f"the range of {match['name']} is given twice, the second time as '{text[:60]}'")
        found[match["name"]] = match
    assumed = tuple(name for name in DEFAULTS if name not in found)
    ranges = {name: found.get(name) or _matched(text) for name, text in DEFAULTS.items()}
    unit, low, high, levels = _doses(ranges["dose"])
    intervals, on, off = (_days(ranges[name]) for name in ("interval", "on", "off"))
    most = horizon / min(intervals)
    if most > MOST_DOSES:
        raise SimulationError(
            f"a dose every {duration_text(min(intervals))} makes {int(most)} doses in {float(horizon):g} days, and at "
            f"most {MOST_DOSES} can be searched over; choose longer intervals or fewer days"
        )
    said = tuple(" ".join(match.group(0).split()) for match in ranges.values())
    return Space(unit, low, high, levels, intervals, on, off, horizon, said, assumed)


def spread(count: int, most: int) -> list[int]:
    """At most so many of `count` numbers from 0, evenly spaced, both ends among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(k * (count - 1) / (most - 1)) for k in range(most)})


def _matched(text: str) -> re.Match[str]:
    match = _RANGE.match(text)
    if not match:
        raise SimulationError(
            f"'{text[:60]}' is not a range; write a name, numbers and a unit, such as 'dose 0.2..3 MIU' or "
            "'interval 12..48 h step 12'"
        )
    if match["name"] not in DEFAULTS:
        hint = nearest(match["name"], DEFAULTS) or f"; there are {', '.join(DEFAULTS)}"
        raise SimulationError(f"'{text[:60]}': there is no '{match['name'][:20]}' to search over{hint}")
    numbers = {part: None if match[part] is None else float(match[part]) for part in ("low", "high", "step")}
    low, high, step = numbers["low"], numbers["high"], numbers["step"]
    if low is not None and high is not None and not low <= high:
        raise SimulationError(f"the range '{text[:60]}' is empty: it begins above its end")
    if step is not None and not step > 0:
        raise SimulationError(f"the range '{text[:60]}' goes in steps of {step:g}; a step is above 0")
    if step is not None and high is None:
        raise SimulationError(f"'{text[:60]}' has a step and no end; write a range such as 'interval 1..7 d step 2'")
    return match


def _doses(match: re.Match[str]) -> tuple[str, float, float, tuple[float, ...]]:
    """Unit, ends and levels of the doses."""
    shown, top = match.group(0).strip()[:60], match["high"] or match["low"]
    try:
        _, unit, per = read_amount(f"{match['low']} {match['unit']}")
    except PkpdError as error:
        raise SimulationError(f"the range '{shown}': {error}") from None
    low, high = float(match["low"]), float(top)
    if not (usable(low) and usable(high)):
        raise SimulationError(f"the range '{shown}' reaches {low:g} {unit}; a dose is above 0, and of a usable size")
    levels: tuple[float, ...] = ()
    if match["step"] or low == high:
        levels = tuple(float(v) for v in _steps(match["low"], top, match["step"] or "1", shown))
    return (f"{unit}/{per}" if per else unit), low, levels[-1] if levels else high, levels


def _days(match: re.Match[str]) -> tuple[Fraction, ...]:
    """Lengths of time in days; in steps of one of their unit unless the range says otherwise."""
    shown, name = match.group(0).strip()[:60], match["name"]
    try:
        day = duration(f"1 {match['unit']}")
    except PkpdError as error:
        raise SimulationError(f"the range '{shown}': {error}") from None
    found = tuple(v * day for v in _steps(match["low"], match["high"] or match["low"], match["step"] or "1", shown))
    least = "0 or more" if name == "off" else "above 0"
    if found[0] < 0 or (found[0] == 0 and name != "off") or found[-1] > MAX_DAYS:
        raise SimulationError(f"the range '{shown}': {name} is {least}, and at most {MAX_DAYS} days")
    return found


def _steps(low: str, high: str, step: str, shown: str) -> list[Fraction]:
    """Numbers from low in steps up to high, exactly as written."""
    first, last, gap = exact(low), exact(high), exact(step)
    count = (last - first) // gap + 1
    if count > MOST_VALUES:
        raise SimulationError(f"the range '{shown}' has {count} values, and at most {MOST_VALUES} are possible")
    return [first + k * gap for k in range(count)]
