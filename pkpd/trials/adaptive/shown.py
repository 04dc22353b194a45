"""What figures of rules show: an output of chosen patients with their doses and holds, and of the cohort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...dosing.amount import number_text
from ...engine.code.library import outline_of
from ...engine.functions import Vector
from ...errors import StudyError, nearest
from ...output.tables import Table
from ...units import factor
from ..patients.cohort import Cohort
from ..patients.course import Course
from ..patients.spread import Patients
from .log import Log
from .replay import STATUSES, doses_of, held_spans
from .rules import HoldUntil, Rule
from .steering import dose_days

PERCENTILES = (5, 50, 95)


@dataclass(frozen=True, slots=True, eq=False)
class ShownPatient:
    """One patient: `values` at the times shown, `spans` of holds and stops as (first day, last day, "held" or
    "stopped"), and the status of each dose on `doses` (days).
    """

    number: int
    values: Vector
    spans: tuple[tuple[float, float, str], ...]
    doses: Vector
    statuses: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """An output of some patients over `times` (days); `thresholds` are (rule, what it says, level in the output's own
    unit).
    """

    arm: str
    output: str
    unit: str
    times: Vector
    thresholds: tuple[tuple[int, str, float], ...]
    patients: tuple[ShownPatient, ...]

    def table(self) -> Table:
        """Every point of the lines: arm, id, time (days), output, value, unit."""
        rows = [
            (self.arm, p.number, day, self.output, value, self.unit)
            for p in self.patients
            for day, value in zip(self.times.tolist(), p.values.tolist(), strict=True)
        ]
        names = ("arm", "id", "time", "output", "value", "unit")
        return Table(tuple(zip(names, zip(*rows, strict=True), strict=True)))


def shown(
    rules: Sequence[Rule],
    course: Course,
    patients: Patients,
    cohort: Cohort,
    log: Log,
    output: str,
    numbers: Sequence[int] = (),
    factors: Vector | None = None,
) -> Shown:
    """An output of the patients with these numbers (the first four who did not fail unless said); StudyError for an
    output that was not simulated, or a patient there is not.
    """
    k, unit = _output(course, output)
    failed = {f.patient for f in cohort.failures}
    everyone = range(patients.first, patients.first + patients.count)
    for number in numbers:
        if number not in everyone or number in failed:
            what = "failed" if number in failed else f"is not among {everyone[0]} to {everyone[-1]}"
            raise StudyError(f"patient {number} was asked for a figure and {what}")
    chosen = list(numbers) or [n for n in everyone if n not in failed][:4]
    if not chosen:
        raise StudyError("a figure of rules was asked for, and every patient failed")
    doses, days = doses_of(log, course, patients, factors), dose_days(course)
    end = float(course.times.max())
    own = np.flatnonzero(days <= end)
    found = [
        ShownPatient(
            number,
            cohort.values[number - patients.first, k],
            tuple(held_spans(log, number, end)),
            days[own],
            tuple(STATUSES[int(code)] for code in doses.status[number - patients.first, own]),
        )
        for number in chosen
    ]
    return Shown(log.arm, output, unit, course.times, _thresholds(rules, output, unit), tuple(found))


def output_table(course: Course, cohort: Cohort, output: str, arm: str = "") -> Table:
    """Median and 5-95 % range of an output over the patients who did not fail: arm, time (days), output, p5, p50, p95,
    unit, patients.
    """
    k, unit = _output(course, output)
    able = ~np.isnan(cohort.values[:, k]).any(axis=1)
    if not able.any():
        raise StudyError(f"the range of {output} was asked for, and every patient failed")
    ends = np.percentile(cohort.values[able, k], PERCENTILES, axis=0)
    n, count = len(course.times), int(able.sum())
    columns = [(f"p{p}", ends[j].tolist()) for j, p in enumerate(PERCENTILES)]
    head = (("arm", [arm] * n), ("time", course.times.tolist()), ("output", [output] * n))
    return Table((*head, *columns, ("unit", [unit] * n), ("patients", [count] * n)))


def _output(course: Course, output: str) -> tuple[int, str]:
    if output not in course.outputs:
        raise StudyError(f"the output '{output}' was not simulated{nearest(output, course.outputs)}")
    units = {o.name: o.unit for o in outline_of(course.model).outputs}
    return course.outputs.index(output), units[output]


def _thresholds(rules: Sequence[Rule], output: str, unit: str) -> tuple[tuple[int, str, float], ...]:
    found = list[tuple[int, str, float]]()
    for number, rule in enumerate(rules, 1):
        if rule.output == output:
            scale = factor(rule.unit, unit) if rule.unit else 1.0
            verb = rule.action.text.split()[0]
            found.append((number, f"{verb} at {rule.sign} {number_text(rule.level)}", rule.level * scale))
            if isinstance(rule.action, HoldUntil):
                text = f"held until {rule.action.sign} {number_text(rule.action.level)}"
                found.append((number, text, rule.action.level * scale))
    return tuple(found)
