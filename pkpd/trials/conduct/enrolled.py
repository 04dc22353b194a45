"""One replicate before anyone is simulated: everything that chance decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...engine.functions import Vector
from ...engine.plan import Whole
from ...keyed import Keyed
from ..patients.enrol import enrol
from ..patients.spread import Patients
from .assay import noise_of
from .attendance import allocation, leaving, offsets, windows
from .plan import Plan
from .result import Marks


@dataclass(frozen=True, slots=True, eq=False)
class Enrolled:
    """One replicate before anyone is simulated; shapes begin with patients.

    `days` on which each comes (NaN after leaving) and `rows` of the times of the plan, shape (patients, visits);
    `missing` doses, shape (patients, doses of the longest schedule); `noise` on what is measured, and `heard` on what
    rules look at, shape (patients, visits, outputs).
    """

    patients: Patients
    draw: int
    arm: Whole
    left: Vector
    days: Vector
    rows: Whole
    missing: Marks
    antibodies: Marks
    noise: Vector
    heard: Vector


def enrolled(plan: Plan, replicate: int) -> Enrolled:
    """Everything of one replicate that chance decides."""
    keyed, n, conduct = Keyed(plan.seed, replicate), plan.patients, plan.conduct
    draw, typical = _typical(plan, keyed)
    arm = allocation(keyed, plan.sizes, int(conduct["block_size"]))
    left = leaving(keyed, n, conduct["dropout"], plan.days)
    ranges = windows(plan.visits, int(conduct["visit_window"]), plan.starts)
    days = np.array(plan.visits) + offsets(keyed, n, ranges)
    doses = max(len(course.schedule.doses) for course in plan.courses)
    dosed = np.array([any(d.gives for d in course.schedule.doses) for course in plan.courses])
    return Enrolled(
        patients=enrol(plan.widest, plan.spread, keyed, 0, n, typical),
        draw=draw,
        arm=arm,
        left=left,
        days=np.where(days > left[:, None], np.nan, days),
        rows=np.searchsorted(plan.times, days),
        missing=keyed.uniforms("dose missed", 0, n, doses) < conduct["missed_doses"],
        antibodies=(keyed.uniforms("antibodies", 0, n)[:, 0] < conduct["antibodies"]) & dosed[arm],
        noise=noise_of(plan.assays, keyed, n, len(plan.visits)),
        heard=noise_of(plan.rules.assays, keyed, n, len(plan.visits)),
    )


def _typical(plan: Plan, keyed: Keyed) -> tuple[int, dict[str, float] | None]:
    """The number of the draw that a replicate takes, and its values; -1 and none without uncertainty."""
    if not plan.typical:
        return -1, None
    count = len(next(iter(plan.typical.values())))
    draw = int(keyed.uniforms("draw", 0, 1)[0, 0] * count)
    return draw, {name: float(column[draw]) for name, column in plan.typical.items()}
