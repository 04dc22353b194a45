"""Rules that decide on doses in a trial: they see what the laboratory reports at the visit, on the day planned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...engine.functions import Vector
from ..adaptive.cohort import adaptive_cohort
from ..adaptive.log import Event
from ..patients.cohort import Cohort, simulate_cohort
from ..patients.spread import Patients
from .assay import Assay, reported
from .plan import FOLD, Plan


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What rules learn of the patients of an arm: `noise` has shape (patients, visits, assays), as drawn for the
    samples of each visit, and nothing is learnt of those who `left` before, shape (patients,).
    """

    visits: tuple[float, ...]
    assays: tuple[Assay, ...]
    noise: Vector
    left: Vector

    def __call__(self, visit: int, outputs: tuple[str, ...], values: Vector) -> Vector:
        """Measured levels, shape (patients, outputs); a fold is over the patient's own measured baseline."""
        found = np.full(values.shape, np.nan)
        known = [assay.output for assay in self.assays]
        for j, name in enumerate(outputs):
            k = known.index(name.removesuffix(FOLD))
            noise = self.noise[:, visit, k]
            if name.endswith(FOLD):
                found[:, j] = values[:, j] * noise / self.noise[:, 0, k]
            else:
                found[:, j] = reported(values[:, j : j + 1], noise[:, None], self.assays[k : k + 1])[0][:, 0]
        return np.where((self.visits[visit] > self.left)[:, None], np.nan, found)


def followed(
    plan: Plan, arm: int, patients: Patients, factors: Vector, noise: Vector, left: Vector
) -> tuple[Cohort, tuple[Event, ...]]:
    """Patients of an arm through their course, and what rules decided of them; `factors` are the doses given without
    rules.
    """
    course = plan.courses[arm]
    rules = plan.rules.rules.get(plan.arms[arm].name, ())
    if not rules:
        return simulate_cohort(course, patients, factors), ()
    heard = Heard(plan.visits, plan.rules.assays, noise, left)
    cohort, log = adaptive_cohort(rules, course, patients, plan.visits, factors, heard, arm=plan.arms[arm].name)
    return cohort, log.events
