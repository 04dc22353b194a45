"""What every engine has to solve: a model, its doses cut into stretches between restarts, sampling times, patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pkpd.dosing.library import load_schedule
from pkpd.dosing.schedule import Schedule
from pkpd.engine.compile import Bound, bind
from pkpd.engine.events import TIE, actions
from pkpd.model.declaration import Model
from pkpd.model.registry import get_model

from . import thirteen_states, workload

Vector = NDArray[np.float64]

PYTHON = "scipy"  # whose functions stand in plain Python: own parameters first, then derived ones
CYCLES = 6
# every engine that takes it gets, for a relative tolerance r, an absolute one of 0.01 r times a state's declared scale,
# which is the ratio of pkpd's defaults
ABSOLUTE = 1e-2
VARIED = {
    "il2": ("treg_activation", "linear_clearance", "sc_absorption", "treg_ec50", "nk_bright_growth", "central_volume"),
    "thirteen_states": tuple(workload.VARIED),
    "il2_minimal": (),
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one restart to the next, in model time: `amount` enters `state` at `begin`; `rows` of the samples lie in
    it, its end included; a sample at the time of a dose is taken before the dose.
    """

    begin: float
    end: float
    rows: slice
    state: int
    amount: float

    def stops(self, times: Vector) -> Vector:
        """The sampling times inside, and the end as the last."""
        inside = times[self.rows]
        return inside if len(inside) and inside[-1] == self.end else np.append(inside, self.end)


@dataclass(frozen=True, eq=False)
class Patient:
    """One patient's numbers in coherent units: the model's own parameters, `p` with the derived ones too, and initial
    values and scales of the states.
    """

    own: Vector
    p: Vector
    initial: Vector
    scale: Vector


@dataclass(frozen=True, eq=False)
class Case:
    """A model with doses, times (`days`, and `times` in the model's own) and patients; patient -1 is the typical one.

    `factors` hold one multiplier a patient for each parameter in `varied`.
    """

    name: str
    model: Model
    text: str
    schedule: Schedule
    bound: Bound
    days: Vector
    stretches: tuple[Stretch, ...]
    varied: tuple[str, ...]
    factors: Vector

    @property
    def times(self) -> Vector:
        """Sampling times in the model's unit of time."""
        return self.days * self.bound.per_day

    @cached_property
    def typical(self) -> Patient:
        """The patient with the model's default parameters."""
        b = self.bound
        return Patient(b.p[: len(self.model.parameters)], b.p, b.initial, b.scale)

    @cached_property
    def patients(self) -> tuple[Patient, ...]:
        """The population, one patient for each row of `factors`."""
        names = [d.name for d in self.model.parameters]
        places = [names.index(name) for name in self.varied]
        return tuple(_patient(self.bound, self.typical.own, places, row) for row in self.factors)

    @property
    def values(self) -> dict[str, Vector]:
        """The parameters that vary, in the units of the model's defaults, one value a patient."""
        typical = self.bound.parameters
        return {name: typical[name].value * self.factors[:, k] for k, name in enumerate(self.varied)}

    def first(self, count: int) -> Case:
        """The case with its first patients only."""
        return replace(self, factors=self.factors[:count])


def case(name: str, cycles: int = CYCLES, patients: int = 1000) -> Case:
    """`il2`, `thirteen_states` or another registered model under seven doses of 1 MIU a cycle of 28 days, sampled
    every 12 h.
    """
    model = thirteen_states.model() if name == "thirteen_states" else get_model(name)
    text = f"1 MIU every 2d x7, rest 14d, repeat {cycles}"
    schedule = load_schedule(text)
    bound = bind(model, model.defaults, PYTHON)
    days = np.linspace(0.0, 28.0 * cycles, 56 * cycles + 1)
    varied = VARIED[name]
    stretches = _stretches(bound, schedule, days)
    return Case(name, model, text, schedule, bound, days, stretches, varied, workload.factors(patients, varied))


def _stretches(bound: Bound, schedule: Schedule, days: Vector) -> tuple[Stretch, ...]:
    """From rest at time 0 to the first dose, where that is later, then from dose to dose to the last sample."""
    doses = actions(bound, schedule, bsa=1.8, weight=70)
    marks: Sequence[tuple[float, int, float]] = [(a.time, a.state, a.amount) for a in doses if a.time < days[-1]]
    marks = marks if marks[0][0] == 0 else [(0.0, 0, 0.0), *marks]
    found = []
    for k, (begin, state, amount) in enumerate(marks):
        end = marks[k + 1][0] if k + 1 < len(marks) else float(days[-1])
        rows = slice(*(int(np.searchsorted(days, edge + TIE)) for edge in (begin, end)))
        found.append(Stretch(begin * bound.per_day, end * bound.per_day, rows, state, amount))
    return tuple(found)


def _patient(bound: Bound, base: Vector, places: Sequence[int], factors: Vector) -> Patient:
    own = base.copy()
    own[places] *= factors
    fixed = bound.functions.fixed(own.tolist())
    return Patient(own, fixed.p, fixed.initial, fixed.scale)


def outputs(case: Case, patient: Patient, states: Vector) -> Vector:
    """Every output of the model in its unit, shape (times, outputs), from states of shape (times, states)."""
    count, function = len(case.model.outputs), case.bound.functions.output
    return np.stack([function(k, case.times, states, patient.p) for k in range(count)], axis=-1)
