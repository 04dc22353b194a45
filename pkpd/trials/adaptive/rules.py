"""A rule as a frozen value: what is looked at, on which visits, and what then happens to the doses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...dosing.amount import number_text
from ...engine.functions import Vector
from ...units import duration_text

SIGNS = (">=", "<=", ">", "<")


@dataclass(frozen=True, slots=True)
class HoldUntil:
    """No doses until a visit finds the rule's output on this side of a level, in the unit of the rule's own level."""

    sign: str
    level: float

    @property
    def text(self) -> str:
        return f"hold until {self.sign} {number_text(self.level)}"


@dataclass(frozen=True, slots=True)
class HoldFor:
    """No doses for a number of days from the visit on."""

    days: Fraction

    @property
    def text(self) -> str:
        return f"hold for {duration_text(self.days)}"


@dataclass(frozen=True, slots=True)
class Stop:
    """No doses ever again."""

    @property
    def text(self) -> str:
        return "stop"


@dataclass(frozen=True, slots=True)
class Resume:
    """Lift what other rules hold."""

    @property
    def text(self) -> str:
        return "resume"


@dataclass(frozen=True, slots=True)
class Limit:
    """An amount as prescribed: `unit` is flat, such as MIU, or on the basis of the dose, such as MIU/m2."""

    amount: float
    unit: str

    @property
    def text(self) -> str:
        return f"{number_text(self.amount)} {self.unit}"


@dataclass(frozen=True, slots=True)
class Reduce:
    """Doses smaller by a percentage of what they are now, but not below a limit."""

    percent: float
    limit: Limit | None = None

    @property
    def text(self) -> str:
        return f"reduce by {number_text(self.percent)} %" + (f" to at least {self.limit.text}" if self.limit else "")


@dataclass(frozen=True, slots=True)
class Raise:
    """Doses larger by a percentage of what they are now, but not above a limit."""

    percent: float
    limit: Limit | None = None

    @property
    def text(self) -> str:
        return f"raise by {number_text(self.percent)} %" + (f" to at most {self.limit.text}" if self.limit else "")


Action = HoldUntil | HoldFor | Stop | Resume | Reduce | Raise


@dataclass(frozen=True, slots=True)
class Rule:
    """`if OUTPUT SIGN LEVEL UNIT at VISITS: ACTION`; no `unit` means the output's own, no `visits` (days) every one."""

    output: str
    sign: str
    level: float
    unit: str
    visits: tuple[float, ...]
    action: Action

    @property
    def text(self) -> str:
        """The canonical text, which reads back as the same rule."""
        level = number_text(self.level) + (f" {self.unit}" if self.unit else "")
        days = ", ".join(number_text(day) for day in self.visits)
        visits = " ".join(("visits" if len(self.visits) > 1 else "visit", days)).rstrip()
        return f"if {self.output} {self.sign} {level} at {visits}: {self.action.text}"


def outputs_needed(rules: Sequence[Rule]) -> tuple[str, ...]:
    """The outputs that a course must simulate for these rules, each once."""
    return tuple(dict.fromkeys(rule.output for rule in rules))


def holds(sign: str, values: Vector, level: float) -> NDArray[np.bool_]:
    """Whether each value lies on that side of the level; never for NaN."""
    match sign:
        case ">":
            return np.asarray(values > level)
        case "<":
            return np.asarray(values < level)
        case ">=":
            return np.asarray(values >= level)
        case _:
            return np.asarray(values <= level)


def can_both_hold(rule: Rule, hold: HoldUntil) -> bool:
    """Whether some value both sets a hold and lifts it."""
    if rule.sign[0] == hold.sign[0]:
        return True
    low, high = (rule.level, hold.level) if rule.sign[0] == ">" else (hold.level, rule.level)
    return low < high or (low == high and len(rule.sign) == len(hold.sign) == 2)
