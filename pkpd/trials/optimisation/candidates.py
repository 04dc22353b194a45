"""A candidate: one dose at one interval for some time, then a rest, over and over up to the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ...dosing.amount import number_text
from ...dosing.schedule import Schedule

DIGITS = 4  # significant digits of a dose: finer than anyone can draw up


@dataclass(frozen=True, slots=True)
class Pattern:
    """When doses fall: `cycles` cycles of `times` doses, one every `interval` days, a cycle beginning every `cycle`
    days; the last cycle has `last` doses. The same dose times give the same pattern, however they were asked for.
    """

    interval: Fraction
    times: int
    cycle: Fraction
    cycles: int
    last: int

    @property
    def doses(self) -> int:
        """The number of doses."""
        return self.times * (self.cycles - 1) + self.last


@dataclass(frozen=True, slots=True)
class Candidate:
    """`amount` in `unit` (such as MIU or MIU/m2) every `interval` days during the first `on` days of each cycle of `on`
    plus `off` days, from day 0; no dose falls on the `horizon` or later. All times are exact days.

    A dose is due at the start of a cycle even where `on` is shorter than the interval. Where the last interval of a
    cycle reaches beyond the rest, the next cycle waits for its end, so that no two doses are closer than the interval;
    without a rest the doses go on at the interval, whatever `on` says.
    """

    amount: float
    unit: str
    interval: Fraction
    on: Fraction
    off: Fraction
    horizon: Fraction

    @property
    def pattern(self) -> Pattern:
        """Its dose times, in the one form in which equal ones are equal."""
        times = _ceil(self.on / self.interval)
        cycle = max(self.on + self.off, times * self.interval)
        if self.off == 0 or cycle == times * self.interval:
            return _unbroken(self.interval, _ceil(self.horizon / self.interval))
        cycles = _ceil(self.horizon / cycle)
        if times == 1:
            return _unbroken(cycle, cycles)
        last = min(times, _ceil((self.horizon - (cycles - 1) * cycle) / self.interval))
        if cycles == 1:
            return _unbroken(self.interval, last)
        return Pattern(self.interval, times, cycle, cycles, last)

    @property
    def dose(self) -> str:
        """The dose as a schedule text has it: `1.5 MIU`."""
        return f"{number_text(self.amount)} {self.unit}"

    @property
    def key(self) -> tuple[str, Pattern]:
        """What tells it from others: two candidates with the same key are the same regimen."""
        return self.dose, self.pattern

    @property
    def schedule(self) -> Schedule:
        """Its doses as a schedule."""
        p = self.pattern
        if p.cycles == 1:
            return Schedule.every(self.dose, times=p.times, interval=p.interval)
        block = Schedule.every(self.dose, times=p.times, interval=p.interval).rest(p.cycle - p.times * p.interval)
        if p.last == p.times:
            return block.repeat(p.cycles)
        return block.repeat(p.cycles - 1).then(Schedule.every(self.dose, times=p.last, interval=p.interval))

    @property
    def text(self) -> str:
        """Its schedule in the schedule language."""
        return self.schedule.text


def rounded(amount: float, low: float, high: float) -> float:
    """An amount with four digits, within its range."""
    return min(max(float(f"{amount:.{DIGITS}g}"), low), high)


def _unbroken(interval: Fraction, count: int) -> Pattern:
    # one dose alone has no interval to the next
    gap = interval if count > 1 else Fraction(1)
    return Pattern(gap, count, count * gap, 1, count)


def _ceil(number: Fraction) -> int:
    return -(-number.numerator // number.denominator)
