"""What the outputs are, from scipy at a relative tolerance of 1e-12, and how far a solution is from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .cases import Case, Patient, Stretch, Vector, outputs
from .python_peer import Scipy

FINE, FINER = 1e-12, 1e-13
AGREEMENT = 1e-10


class Reference:
    """Outputs of the typical patient and of the first few of the population.

    The error of a solution is, over all outputs and sampling times, the largest |y - reference| / max over time of
    |reference|.
    """

    def __init__(self, case: Case, patients: int) -> None:
        self.case, self.few = case, case.patients[:patients]
        solve = Scipy(case, "LSODA")
        self.typical_states = solve.one(case.typical, FINE)()
        self.typical = outputs(case, case.typical, self.typical_states)
        self.known = [outputs(case, p, solve.one(p, FINE)()) for p in self.few]

    def error(self, states: Vector) -> float:
        """The error of the typical patient's states; infinite where they are not numbers."""
        return self._error(self.case.typical, states, self.typical)

    def error_many(self, states: Sequence[Vector] | Vector) -> float:
        """The largest error among the patients whose reference is known; `states` begin with these."""
        pairs = zip(self.few, states, self.known, strict=False)
        return max(self._error(p, y, known) for p, y, known in pairs)

    def agreement(self, quick: bool) -> float:
        """How far a second solution is from the reference: DOP853 from sample to sample; when `quick`, LSODA again at
        a finer tolerance.
        """
        case = self.case if quick else sample_by_sample(self.case)
        return self.error(Scipy(case, "LSODA" if quick else "DOP853").one(case.typical, FINER)())

    def _error(self, patient: Patient, states: Vector, known: Vector) -> float:
        found = np.abs(outputs(self.case, patient, np.asarray(states)) - known).max(axis=0) / np.abs(known).max(axis=0)
        worst = float(found.max())
        return worst if np.isfinite(worst) else float("inf")


def sample_by_sample(case: Case) -> Case:
    """The case with a restart at every sampling time too, so that no solver interpolates."""
    return replace(case, stretches=tuple(part for s in case.stretches for part in _cut(s, case.times)))


def _cut(s: Stretch, times: Vector) -> list[Stretch]:
    stops = s.stops(times)
    begins = [s.begin, *stops[:-1].tolist()]
    found = []
    for k, (begin, end) in enumerate(zip(begins, stops.tolist(), strict=True)):
        first = min(s.rows.start + k, s.rows.stop)
        rows = slice(first, min(first + 1, s.rows.stop))
        found.append(Stretch(begin, end, rows, s.state, s.amount if k == 0 else 0.0))
    return found
