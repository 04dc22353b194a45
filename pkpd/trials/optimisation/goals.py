"""Goals such as `max treg_auc` and constraints such as `nk_peak_fold<2`, read strictly."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...errors import SimulationError, nearest
from ...quantities import Quantity

SENSES = ("max", "min")
_GOAL = re.compile(r"\s*(\S+)\s+(\S+)\s*\Z")
_SIGN = re.compile(r"(<=|>=|<|>)")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\Z", re.ASCII)

Named = Callable[[str], Quantity]


@dataclass(frozen=True, slots=True)
class Goal:
    """A quantity to make as large ("max") or as small ("min") as possible."""

    sense: str
    quantity: Quantity

    @property
    def text(self) -> str:
        """As it is written: `max treg_auc`."""
        return f"{self.sense} {self.quantity.name}"

    def loss(self, value: float) -> float:
        """What a search makes small; infinite where there is no number."""
        return (-value if self.sense == "max" else value) if math.isfinite(value) else math.inf


@dataclass(frozen=True, slots=True)
class Constraint:
    """A limit on a quantity; `sign` is one of <, <=, > and >=, `limit` is in the quantity's own unit."""

    quantity: Quantity
    sign: str
    limit: float

    @property
    def text(self) -> str:
        """As it is written: `nk_peak_fold<2`."""
        return f"{self.quantity.name}{self.sign}{self.limit:g}"

    def margin(self, value: float) -> float:
        """How far a value lies on the right side of the limit, in its unit; below 0 on the wrong side."""
        return self.limit - value if self.sign[0] == "<" else value - self.limit

    def holds(self, value: float) -> bool:
        """Whether a value meets it; one that is no number does not."""
        margin = self.margin(value)
        return margin >= 0 if self.sign.endswith("=") else margin > 0

    def violation(self, value: float) -> float:
        """By how much a value fails, as a share of the limit (0 where it holds); infinite where there is no number."""
        if self.holds(value):
            return 0.0
        # at the limit of a strict sign nothing is missing, and it fails all the same
        return max(-self.margin(value) / (abs(self.limit) or 1.0), 1e-12) if math.isfinite(value) else math.inf


def read_goals(texts: Sequence[str], named: Named) -> tuple[Goal, ...]:
    """Goals from their texts; SimulationError for none, for what is no goal, and for one that is named twice."""
    if not texts:
        raise SimulationError("there is no goal to search for; give one such as 'max treg_auc'")
    goals = tuple(_goal(text, named) for text in texts)
    for k, goal in enumerate(goals):
        for other in goals[:k]:
            if _same(goal.quantity, other.quantity):
                what = "is named twice" if goal.sense == other.sense else "contradicts itself"
                raise SimulationError(f"the goal of {goal.quantity.name} {what}: '{other.text}' and '{goal.text}'")
    return goals


def read_constraints(texts: Sequence[str], named: Named) -> tuple[Constraint, ...]:
    """Constraints from their texts; SimulationError for what is none, and for limits that contradict each other."""
    found = tuple(_constraint(text, named) for text in texts)
    for k, one in enumerate(found):
        for other in found[:k]:
            if _same(one.quantity, other.quantity):
                _check_pair(other, one)
    return found


def _goal(text: str, named: Named) -> Goal:
    match = _GOAL.match(text)
    if not match:
        raise SimulationError(f"'{text[:60]}' is not a goal; write max or min and a quantity, such as 'max treg_auc'")
    if match[1] not in SENSES:
        hint = nearest(match[1], SENSES) or "; it is max or min"
        raise SimulationError(f"the goal '{text[:60]}' begins with '{match[1][:20]}'{hint}")
    return Goal(match[1], named(match[2]))


def _constraint(text: str, named: Named) -> Constraint:
    parts = [part.strip() for part in _SIGN.split(text)]
    if len(parts) != 3 or not parts[0] or not parts[2]:
        many = "; write each limit as a constraint of its own" if len(parts) > 3 else ""
        raise SimulationError(
            f"'{text[:60]}' is not a constraint{many or '; write a quantity, one of < <= > >=, and a number'}"
            ", such as 'nk_peak_fold<2'"
        )
    quantity, sign, number = parts
    if _NUMBER.match(quantity):
        raise SimulationError(f"the constraint '{text[:60]}' begins with a number; write the quantity first")
    found = named(quantity)
    if not _NUMBER.match(number) or not math.isfinite(float(number)):
        raise SimulationError(
            f"the constraint '{text[:60]}' compares with '{number[:20]}'; write a plain number, in the unit of "
            f"{found.name}"
        )
    return Constraint(found, sign, float(number))


def _check_pair(a: Constraint, b: Constraint) -> None:
    """SimulationError where no number can meet both; the same limit twice is refused too."""
    if a.sign[0] == b.sign[0]:
        if (a.sign, a.limit) == (b.sign, b.limit):
            raise SimulationError(f"the constraint '{a.text}' is given twice")
        return
    above, below = (a, b) if a.sign[0] == ">" else (b, a)
    open_end = not (above.sign.endswith("=") and below.sign.endswith("="))
    if above.limit > below.limit or (above.limit == below.limit and open_end):
        raise SimulationError(f"the constraints '{a.text}' and '{b.text}' contradict each other: no number meets both")


def _same(a: Quantity, b: Quantity) -> bool:
    """Whether two names mean one number, as treg_peak_fold and treg_fold_peak do."""
    if not a.parts or a.sort == "linked":
        return a.name == b.name
    return (a.sort, a.parts) == (b.sort, b.parts)
