"""pkpd itself: a prepared call of its compiled engine, like for like with the peers, and the calls users make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import pkpd
from pkpd.engine.compile import bind
from pkpd.engine.events import actions
from pkpd.engine.integrate import patient_plan
from pkpd.engine.native import native_functions
from pkpd.engine.run import Job, Patients, Rows, prepare
from pkpd.engine.tolerances import Tolerances
from pkpd.many import simulate_many

from .cases import ABSOLUTE, Case, Patient, Vector


class Pkpd:
    """The compiled program of the case's model with the case's doses."""

    name = "pkpd compiled"

    def __init__(self, case: Case) -> None:
        self.case, self.functions = case, native_functions(case.model)
        bound = bind(case.model, case.model.defaults)
        doses = actions(bound, case.schedule, bsa=1.8, weight=70)
        self.plan = patient_plan(bound, doses, float(case.days[-1]))

    def one(self, patient: Patient, rtol: float) -> Callable[[], Vector]:
        """A call without arguments that simulates the patient: states of shape (times, states)."""
        job, rows = self._job([patient], rtol), len(self.case.days)
        return lambda: job.run().states[0, :, :rows].T

    def many(self, patients: Sequence[Patient], rtol: float) -> Callable[[], Vector]:
        """All patients in one call of the kernel: states of shape (patients, times, states)."""
        job, rows = self._job(patients, rtol), len(self.case.days)
        return lambda: job.run().states[:, :, :rows].transpose(0, 2, 1)

    def _job(self, patients: Sequence[Patient], rtol: float) -> Job:
        case, count = self.case, len(patients)
        fixed = [self.functions.fixed(p.own.tolist()) for p in patients]
        p, initial, scale = (np.array([getattr(f, name) for f in fixed]) for name in ("p", "initial", "scale"))
        repeated = {name: np.repeat(getattr(self.plan, name), count, axis=0) for name in PER_PATIENT}
        plan = replace(self.plan, **repeated)
        rows = Rows(case.days, np.zeros(len(case.days), dtype=np.int64))
        numbers = Patients(p, initial, scale, np.zeros(count))
        end, tolerances = float(case.days[-1]), Tolerances(rtol, rtol * ABSOLUTE)
        return prepare(self.functions, numbers, plan, rows, end, case.bound.per_day, tolerances)


PER_PATIENT = ("stop_time", "add_amount", "rate", "vectors")


def whole_call(case: Case) -> Callable[[], Any]:
    """`pkpd.simulate` from the text of the schedule to every output of the typical patient."""
    outputs = [o.name for o in case.model.outputs]

    def run() -> Any:
        found = pkpd.simulate(case.text, case.model, times=case.days)
        return [found[name] for name in outputs]

    return run


def population_call(case: Case, threads: int) -> Callable[[], Any]:
    """`simulate_many` from parameter values to every output of every patient."""
    values = case.values
    return lambda: simulate_many(case.text, case.model, values=values, times=case.days, threads=threads)
