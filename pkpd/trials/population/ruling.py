"""What rules did to the patients of an arm: decisions, doses, where patients stood, and how much was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...engine.batch import Failure
from ...engine.functions import Vector
from ...output.tables import Table
from ..adaptive.follow import standing_table
from ..adaptive.log import Log
from ..adaptive.replay import STATUSES, Doses, dose_table, doses_of, held_spans
from ..adaptive.shown import Shown, output_table, shown
from ..patients.cohort import Cohort
from ..patients.course import Course
from ..patients.spread import Patients
from .gather import SHARES, STATISTICS
from .ruled import Ruled
from .sampling import dosed

FEW = 4  # patients on a figure
ACTIONS = {"stopped": "stop", "held": "hold", "reduced": "reduce", "raised": "raise"}
_Number = tuple[str, str, float | None, str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Ruling:
    """An arm whose doses are `ruled`, around the typical values as they are. `log` numbers patients from 0, tables and
    figures from 1; `values` are the outputs `watched` on `days`, shape (patients, outputs, days).
    """

    ruled: Ruled
    course: Course
    patients: Patients
    failures: tuple[Failure, ...]
    log: Log
    watched: tuple[str, ...]
    days: Vector
    values: Vector

    @property
    def horizon(self) -> float:
        """The last day simulated."""
        return float(self.course.times.max())

    @property
    def last(self) -> float:
        """The day of the last dose planned, or the last day simulated if that is earlier."""
        return min(self.horizon, max(float(dose.time) for dose in self.course.schedule.doses))

    @property
    def usable(self) -> list[int]:
        """Numbers, from 0, of the patients who did not fail."""
        failed = {f.patient for f in self.failures}
        return [n for n in range(self.patients.first, self.patients.first + self.patients.count) if n not in failed]

    def events(self) -> Table:
        """events.csv: one row a decision, from which the doses can be given again."""
        return replace(self.log, events=tuple(replace(e, id=e.id + 1) for e in self.log.events)).table()

    def doses(self) -> Table:
        """doses.csv: arm, id, number, time (days), share and amount as prescribed, unit, status; those who failed have
        none.
        """
        own = doses_of(self.log, self.course, self.patients)
        whole = dose_table(replace(own, first=own.first + 1), self.course, self.log.arm)
        usable = {n + 1 for n in self.usable}
        kept = [k for k, number in enumerate(whole["id"]) if number in usable]
        return Table(tuple((name, [column[k] for k in kept]) for name, column in whole.columns))

    def standing(self) -> Table:
        """standing.csv: how many patients are on full doses, reduced, raised, held, stopped, from each day on."""
        return standing_table(self.log, self.patients, self.horizon, [f.patient for f in self.failures])

    def shown(self, output: str) -> Shown:
        """An output of a few patients, those first about whom something was decided, of each kind if there is one."""
        course, cohort = self._looked_at()
        own = shown(self.ruled.rules, course, self.patients, cohort, self.log, output, self._few())
        # holds and doses are those of the whole course, whose times the figure shows
        return replace(own, patients=tuple(replace(p, number=p.number + 1) for p in own.patients))

    def range(self, output: str) -> Table:
        """Median and 5-95 % of an output over the patients who did not fail."""
        course, cohort = self._looked_at()
        return output_table(course, cohort, output, self.log.arm)

    def levels(self) -> Table:
        """levels.csv, the lines of the figures: arm, time (days), output, line (p05, p50, p95, patient 7), value,
        unit.
        """
        rows = list[tuple[object, ...]]()
        for output in self.watched:
            ranges, few = self.range(output), self.shown(output)
            lines = [(name, ranges[f"p{float(name[1:]):g}"]) for name in STATISTICS]
            lines += [(f"patient {p.number}", p.values.tolist()) for p in few.patients]
            for name, values in lines:
                for day, value in zip(self.days.tolist(), values, strict=True):
                    rows.append((self.log.arm, day, output, name, value, few.unit))
        names = ("arm", "time", "output", "line", "value", "unit")
        return Table(tuple(zip(names, zip(*rows, strict=True), strict=True)))

    def numbers(self) -> Table:
        """rules.csv: arm, quantity, statistic, value, unit, and how many patients it is of. Of those held, reduced,
        raised or stopped, a decision need not change a dose that was still to come; the `share` is of those of whom it
        did. Days held are theirs, and end with the last dose planned.
        """
        own, usable = doses_of(self.log, self.course, self.patients), self._rows()
        number, who = float(len(self.log.events)), len({e.id for e in self.log.events})
        rows: list[_Number] = [("decisions", "number", number, "1", who)]
        for name, action in ACTIONS.items():
            decided = len({e.id for e in self.log.events if e.action == action} & set(self.usable))
            count = int(self._had(own, name)[usable].sum())
            rows += [(name, "decided", float(decided), "1", len(usable))]
            rows += [(name, "dose changed", float(count), "1", len(usable))]
            rows += [(name, "share", count / len(usable), "1", len(usable))]
        rows += _three("days_held", self._days_held(own), "d")
        given, plan = self._given(own)[usable], self._given(self._planned())[usable]
        rows += _three("il2_given", given, "MIU") + _three("il2_planned", plan, "MIU")
        rows += _three("il2_share", given / np.where(plan > 0, plan, np.nan), "1")
        names = ("arm", "quantity", "statistic", "value", "unit", "patients")
        columns = zip(*((self.log.arm, *row) for row in rows), strict=True)
        return Table(tuple(zip(names, columns, strict=True)))

    def _rows(self) -> list[int]:
        return [n - self.patients.first for n in self.usable]

    def _had(self, own: Doses, status: str) -> Vector:
        inside = np.array([float(dose.time) < self.horizon for dose in self.course.schedule.doses])
        return np.asarray((own.status[:, inside] == STATUSES.index(status)).any(axis=1))

    def _days_held(self, own: Doses) -> Vector:
        """Days of those of whom a dose was held."""
        had, logs, by_id = self._had(own, "held"), self._by_patient(), dict[int, list[float]]()
        for n in self.usable:
            if had[n - self.patients.first]:
                spans = held_spans(logs[n], n, self.last)
                by_id[n] = [until - day for day, until, status in spans if status == "held"]
        return np.array([sum(days) for days in by_id.values()])

    def _by_patient(self) -> dict[int, Log]:
        found = dict[int, list[int]]()
        for k, event in enumerate(self.log.events):
            found.setdefault(event.id, []).append(k)
        return {n: replace(self.log, events=tuple(self.log.events[k] for k in own)) for n, own in found.items()}

    def _planned(self) -> Doses:
        return doses_of(replace(self.log, events=()), self.course, self.patients)

    def _given(self, own: Doses) -> Vector:
        return dosed(self.course, self.patients, own.shares, self.horizon).total

    def _few(self) -> list[int]:
        usable = set(self.usable)
        events = [e for e in self.log.events if e.id in usable]
        first = [next((e.id for e in events if e.action == action), None) for action in ACTIONS.values()]
        wanted = [n for n in first if n is not None] + sorted({e.id for e in events}) + sorted(usable)
        return sorted(list(dict.fromkeys(wanted))[:FEW])

    def _looked_at(self) -> tuple[Course, Cohort]:
        """The course and cohort of the outputs watched alone."""
        course = replace(self.course, outputs=self.watched, times=self.days)
        return course, Cohort(self.values, self.failures, np.zeros((self.patients.count, 0)))


def _three(name: str, values: Vector, unit: str) -> list[_Number]:
    """5, 50 and 95 % of what is known; nothing where nothing is."""
    known: Sequence[float] = values[np.isfinite(values)].tolist()
    ends = np.quantile(known, SHARES).tolist() if known else [None] * len(SHARES)
    return [(name, statistic, end, unit, len(known)) for statistic, end in zip(STATISTICS, ends, strict=True)]
