"""libRoadRunner (CVODE): the equations as rate rules in Antimony text, turned into SBML; a new `simulate` at each dose,
which starts the integrator anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from .cases import ABSOLUTE, Case, Patient, Vector
from .equations import equations


class RoadRunner:
    """Loaded models, one for each tolerance; each state has its own absolute tolerance."""

    name = "libRoadRunner"

    def __init__(self, case: Case) -> None:
        import antimony  # type: ignore[import-not-found, unused-ignore]
        import roadrunner  # type: ignore[import-not-found, unused-ignore]

        self.case, self.made = case, equations(case.model)
        antimony.clearPreviousLoads()
        if antimony.loadAntimonyString(antimony_text(case)) < 0:
            raise ValueError(antimony.getLastError())
        self.library, self.sbml = roadrunner, antimony.getSBMLString(antimony.getMainModuleName())
        self.states = [str(s) for s in self.made.states]
        self.plan = [(s, [s.begin, *s.stops(case.times).tolist()]) for s in case.stretches]
        self.engine = lru_cache(maxsize=32)(self._engine)

    def _engine(self, rtol: float) -> Any:
        """A loaded model, its integrator at one tolerance, and the places of states and constants in it."""
        engine = self.library.RoadRunner(self.sbml)
        engine.timeCourseSelections = self.states
        integrator = engine.getIntegrator()
        integrator.setValue("relative_tolerance", rtol)
        integrator.setValue("maximum_num_steps", 100_000)
        for state, scale in zip(self.states, self.case.typical.scale, strict=True):
            integrator.setIndividualTolerance(state, rtol * ABSOLUTE * scale)
        ids = list(engine.model.getGlobalParameterIds())
        return engine, [ids.index(str(name)) for name in (*self.made.states, *self.made.names)]

    def one(self, patient: Patient, rtol: float) -> Callable[[], Vector]:
        """A call without arguments that simulates the patient: states of shape (times, states)."""
        engine, places = self.engine(rtol)
        initial, numbers = patient.initial, [*patient.initial, *self.made.constants(patient.p)]

        def run() -> Vector:
            engine.model.setGlobalParameterValues(places, numbers)
            out = np.empty((len(self.case.times), len(initial)))
            out[0] = initial
            for s, times in self.plan:
                if s.amount:
                    engine.model[self.states[s.state]] += s.amount
                out[s.rows] = engine.simulate(times=times)[1 : 1 + s.rows.stop - s.rows.start]
            return out

        return run

    def many(self, patients: Iterable[Patient], rtol: float) -> Callable[[], list[Vector]]:
        """The patients one after the other in the same engine."""
        runs = [self.one(p, rtol) for p in patients]
        return lambda: [run() for run in runs]


def antimony_text(case: Case) -> str:
    """The model as rate rules, with the typical patient's numbers."""
    made, typical = equations(case.model), case.typical
    lines = [f"y{k}' = {e}".replace("**", "^").replace("Max(", "max(") for k, e in enumerate(made.slopes)]
    lines += [f"{name} = {value!r}" for name, value in zip(made.states, typical.initial.tolist(), strict=True)]
    lines += [f"{name} = {value!r}" for name, value in zip(made.names, made.constants(typical.p).tolist(), strict=True)]
    return "\n".join([f"model {case.name}", *(f"  {line}" for line in lines), "end"])
