"""Rules at work on a cohort.

At every visit after day 0 and before the doses of that time, for each patient who has not failed:

1. A hold for a time is over when its time is. A hold until a level is lifted when the visit finds that level.
2. The rules act in order, each on its own visits, where its condition holds. All see the same measured levels.
   * hold: nothing is given from this visit on. Each rule has its own hold, and a patient is held as long as any stands.
     Met again, a hold for a time begins anew.
   * resume: lifts the holds of other rules that were set at earlier visits. A hold set at this visit stands.
   * reduce, raise: change the share of each dose that is given, by a percentage of the present share. A limit is an
     amount as prescribed: no dose still to come goes beyond it through this rule, and a rule neither raises what it is
     to reduce nor the reverse.
   * stop: nothing is given ever again, and nothing more is decided about the patient.
3. Hold wins over raise: while a patient is held nothing is given, but reduce and raise still change the share that is
   given afterwards. Two changes at one visit act one after the other.

A visit without a measurement (NaN) sets nothing and lifts nothing; holds for a time run on. On day 0 nothing is
decided, since nothing has been given. Doses before a visit never change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...engine.code.library import outline_of
from ...engine.events import TIE
from ...engine.functions import Vector
from ...errors import PkpdError, StudyError, nearest
from ...units import factor
from ..patients.course import Course
from ..patients.spread import Patients
from .log import Event, Log
from .prescribed import limit_shares, separate
from .rules import HoldFor, HoldUntil, Raise, Reduce, Resume, Rule, Stop, holds, outputs_needed

_Found = tuple[tuple[int, int, int], Event]  # the key is patient, phase and rule
_LIFTED, _ACTED, _KEPT = range(3)


class Noise(Protocol):
    """What a visit measures: from its number in the list of visits as given (from 0), the names of the outputs that
    rules look at and their true values, shape (patients, outputs), to the measured ones, NaN for none.
    """

    def __call__(self, visit: int, outputs: tuple[str, ...], values: Vector) -> Vector: ...


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A rule made ready for a course: the column of its output among the outputs needed, the number that turns its
    unit into the output's own, and its limit as a share of each dose (NaN for none).
    """

    number: int
    rule: Rule
    column: int
    scale: float
    limits: Vector
    visits: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Steering:
    """Rules with what they have decided so far; `steer` is what `simulate_cohort` asks at each visit, once."""

    course: Course
    first: int
    visits: tuple[float, ...]
    rules: tuple[Bound, ...]
    base: Vector
    noise: Noise | None
    arm: str
    given: Vector
    share: Vector
    until: Vector  # per patient and rule: the day on which its hold ends, infinity for a level, -infinity for none
    stopped: NDArray[np.bool_]
    days: Vector
    places: tuple[int, ...]  # of the visits in the list that was given
    events: list[Event] = field(default_factory=list)
    last: float = -math.inf

    def steer(self, day: float, levels: Vector) -> Vector:
        """The share of every dose that each patient gets from `day` on, shape (patients, doses), from the levels of the
        course's outputs there, shape (patients, outputs).
        """
        visit = int(np.argmin([abs(day - known) for known in self.visits]))
        day = self.visits[visit]
        if day <= self.last:
            raise StudyError(
                f"these rules were asked on day {day:g} after day {self.last:g}; they steer one simulation"
            )
        self.last = day
        alive = ~np.isnan(levels).any(axis=1)
        seen = self._measured(visit, levels)
        rows = alive & ~self.stopped
        self.until[self.until <= day + TIE] = -math.inf
        fresh = np.zeros_like(self.until, dtype=bool)
        found = self._lift(day, seen, rows)
        for k, bound in enumerate(self.rules):
            if visit in bound.visits:
                met = holds(bound.rule.sign, seen[:, bound.column], bound.rule.level * bound.scale)
                for patient in np.flatnonzero(met & rows & ~self.stopped).tolist():
                    found += self._act(patient, k, day, seen, fresh)
        kept = (self.until > day + TIE) & ~fresh & (rows & ~self.stopped)[:, None]
        for patient, k in np.argwhere(kept).tolist():
            found.append(((patient, _KEPT, k), self._event(patient, k, day, seen, "hold kept")))
        self.events += [event for _, event in sorted(found, key=lambda item: item[0])]
        return self._shares(day)

    def log(self) -> Log:
        """What was decided so far, for each patient in order of time."""
        return Log(self.arm, self.visits, tuple(sorted(self.events, key=lambda e: e.id)))

    def _measured(self, visit: int, levels: Vector) -> Vector:
        names = outputs_needed([bound.rule for bound in self.rules])
        true = levels[:, [self.course.outputs.index(name) for name in names]]
        if self.noise is None:
            return true
        measured = np.asarray(self.noise(self.places[visit], names, true.copy()), dtype=float)
        if measured.shape != true.shape:
            raise StudyError(f"measured levels have the shape {measured.shape}; rules need {true.shape}")
        return measured

    def _lift(self, day: float, seen: Vector, rows: NDArray[np.bool_]) -> list[_Found]:
        found = list[_Found]()
        for k, bound in enumerate(self.rules):
            if isinstance(hold := bound.rule.action, HoldUntil):
                over = holds(hold.sign, seen[:, bound.column], hold.level * bound.scale)
                for patient in np.flatnonzero(over & rows & (self.until[:, k] == math.inf)).tolist():
                    self.until[patient, k] = -math.inf
                    found.append(((patient, _LIFTED, k), self._event(patient, k, day, seen, "hold lifted")))
        return found

    def _act(self, patient: int, k: int, day: float, seen: Vector, fresh: NDArray[np.bool_]) -> list[_Found]:
        """What one rule does to one patient; nothing where nothing changes."""
        action, held = self.rules[k].rule.action, self.until[patient]
        said = ""
        if isinstance(action, HoldUntil) and held[k] != math.inf:
            held[k], fresh[patient, k], said = math.inf, True, "hold"
        elif isinstance(action, HoldFor):
            said = "hold extended" if held[k] > day + TIE else "hold"
            held[k], fresh[patient, k] = day + float(action.days), True
        elif isinstance(action, Stop):
            self.stopped[patient], said = True, "stop"
        elif isinstance(action, Resume):
            others = (held > day + TIE) & ~fresh[patient]
            others[k] = False
            held[others] = -math.inf
            said = "resume" if others.any() else ""
        elif isinstance(action, Reduce | Raise):
            changed = self._changed(patient, k, day)
            said = ("raise" if isinstance(action, Raise) else "reduce") if changed != self.share[patient] else ""
            self.share[patient] = changed
        return [((patient, _ACTED, k), self._event(patient, k, day, seen, said))] if said else []

    def _changed(self, patient: int, k: int, day: float) -> float:
        """The share after a reduction or a raise, within the limits of the doses still to come."""
        action, now = self.rules[k].rule.action, float(self.share[patient])
        to_come = self.rules[k].limits[self.days >= day - TIE]
        limits = to_come[~np.isnan(to_come)]
        if isinstance(action, Raise):
            return max(now, min(now * (1 + action.percent / 100), float(limits.min(initial=math.inf))))
        percent = action.percent if isinstance(action, Reduce) else 0.0
        return min(now, max(now * (1 - percent / 100), float(limits.max(initial=0.0))))

    def _event(self, patient: int, k: int, day: float, seen: Vector, action: str) -> Event:
        bound, until = self.rules[k], float(self.until[patient].max(initial=-math.inf))
        status = "stopped" if self.stopped[patient] else "held" if until > day + TIE else "given"
        until = math.inf if status == "stopped" else until if status == "held" else -math.inf
        level, share = float(seen[patient, bound.column]), float(self.share[patient])
        return Event(
            self.first + patient,
            day,
            bound.number,
            bound.rule.text,
            bound.rule.output,
            level,
            action,
            share,
            status,
            until,
        )

    def _shares(self, day: float) -> Vector:
        until = np.where(self.stopped, math.inf, self.until.max(axis=1, initial=-math.inf))
        self.given = given_from(self.base, self.given, self.days, day, self.share, until)
        return self.given.copy()


def dose_days(course: Course) -> Vector:
    """Day of each dose of a course, in the order of the columns of factors."""
    return np.array([float(dose.time) for dose in course.schedule.doses])


def given_from(base: Vector, before: Vector, days: Vector, day: float, share: Vector, until: Vector) -> Vector:
    """The share of each dose, shape (patients, doses): `before` up to `day`, and from then on the `share` of `base`,
    or nothing before the day `until`; both have shape (patients,).
    """
    open_ = days[None, :] >= until[:, None] - TIE
    after = base * np.where(open_, share[:, None], 0.0)
    return np.where(days[None, :] >= day - TIE, after, before)


def steering(
    rules: Sequence[Rule],
    course: Course,
    patients: Patients,
    visits: Sequence[float],
    noise: Noise | None = None,
    *,
    factors: Vector | None = None,
    arm: str = "",
) -> Steering:
    """Rules ready to steer the doses of these patients once. `factors`, shape (patients, doses), say what share of each
    dose is given without rules, all of it unless said; StudyError for a rule that does not fit the course.
    """
    separate(course.schedule)
    days = visit_days(visits, course)
    names = outputs_needed(rules)
    bound = tuple(_bound(number, rule, course, names, days) for number, rule in enumerate(rules, 1))
    shape = patients.count, len(course.schedule.doses)
    base = np.ones(shape) if factors is None else np.array(factors, dtype=float)
    if base.shape != shape:
        raise StudyError(f"factors have the shape {base.shape}; {shape[0]} patients and {shape[1]} doses need {shape}")
    until = np.full((patients.count, len(rules)), -math.inf)
    stopped = np.zeros(patients.count, dtype=bool)
    places = tuple(int(np.argmin([abs(day - float(one)) for one in visits])) for day in days)
    doses, share = dose_days(course), np.ones(patients.count)
    return Steering(
        course, patients.first, days, bound, base, noise, arm, base.copy(), share, until, stopped, doses, places
    )


def visit_days(visits: Sequence[float], course: Course) -> tuple[float, ...]:
    """The visits on which something can be decided: after day 0 and up to the last time, in order and each once."""
    last = float(course.times.max())
    return tuple(sorted({float(day) for day in visits if TIE < day <= last + TIE}))


def _bound(number: int, rule: Rule, course: Course, names: tuple[str, ...], visits: tuple[float, ...]) -> Bound:
    where = f"rule {number} ({rule.text})"
    outputs = {output.name: output.unit for output in outline_of(course.model).outputs}
    if rule.output not in outputs:
        raise StudyError(f"{where}: the model has no output '{rule.output}'{nearest(rule.output, outputs)}")
    if rule.output not in course.outputs:
        raise StudyError(f"{where} needs the output {rule.output}, and only {', '.join(course.outputs)} are simulated")
    try:
        scale = factor(rule.unit, outputs[rule.output]) if rule.unit else 1.0
        limits = limit_shares(rule.action.limit if isinstance(rule.action, Reduce | Raise) else None, course.schedule)
    except PkpdError as error:
        raise StudyError(f"{where}: {error}") from None
    own = tuple(k for k, day in enumerate(visits) if _named(day, rule.visits))
    for day in rule.visits:
        if not any(abs(day - visit) <= TIE for visit in visits):
            near = min(visits, key=lambda visit: abs(visit - day), default=None)
            hint = "there are none after day 0" if near is None else f"the nearest is day {near:g}"
            raise StudyError(f"{where}: day {day:g} is no visit; {hint}")
    return Bound(number, rule, names.index(rule.output), scale, limits, own)


def _named(day: float, visits: Sequence[float]) -> bool:
    return not visits or any(abs(day - visit) <= TIE for visit in visits)
