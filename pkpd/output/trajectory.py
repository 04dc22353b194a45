"""The result of one simulation: states over time, outputs by name, tidy tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..dosing.blocks import infusion_days
from ..dosing.given import GivenDose
from ..engine.compile import Bound
from ..engine.events import Moment
from ..engine.functions import Vector
from ..errors import SimulationError, nearest
from .tables import Table


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """One patient or arm. `times` (days) has one entry a row, as asked for; `sides` says "pre", "post" or "both" for
    each row.

    `trajectory["treg"]` is an output in its own unit, shape (rows,); `states` has shape (rows, states) in coherent
    units; `end` is the state after the last time, from which a simulation can go on; `steps` says how many steps were
    taken and how many of them rejected, where the engine tells.
    """

    bound: Bound
    doses: tuple[GivenDose, ...]
    times: Vector
    sides: tuple[str, ...]
    states: Vector
    end: Moment
    arm: str = ""
    id: str = "1"
    steps: tuple[int, int] | None = None

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of everything that can be asked for."""
        return tuple(o.name for o in self.bound.model.outputs)

    def __getitem__(self, name: str) -> Vector:
        values = self._evaluate(name, self.times, self.states)
        if not np.all(np.isfinite(values)):
            row = int(np.argmin(np.isfinite(values)))
            raise SimulationError(f"output '{name}' is not a finite number on day {self.times[row]:g}")
        return values

    def unit(self, name: str) -> str:
        """The unit of an output, as text; SimulationError with the nearest name."""
        for output in self.bound.model.outputs:
            if output.name == name:
                return output.unit
        raise SimulationError(f"model {self.bound.model.name} has no output '{name}'{nearest(name, self.outputs)}")

    def rest(self, name: str) -> float:
        """The output without drug, in its own unit."""
        return float(self._evaluate(name, np.zeros(1), self.bound.initial[None, :])[0])

    def at(self, times: Sequence[float] | Vector) -> Trajectory:
        """Only the rows at these times, which must be among those simulated."""
        wanted = np.isin(self.times, np.asarray(times, dtype=float))
        rows = np.flatnonzero(wanted)
        return replace(self, times=self.times[rows], sides=tuple(self.sides[i] for i in rows), states=self.states[rows])

    def table(self, outputs: Sequence[str] = ()) -> Table:
        """A tidy long table: arm, id, time (days), side, output, value, unit."""
        names = tuple(outputs) or self.outputs
        n = len(self.times)
        columns = (
            ("arm", [self.arm] * n * len(names)),
            ("id", [self.id] * n * len(names)),
            ("time", [float(t) for t in self.times] * len(names)),
            ("side", list(self.sides) * len(names)),
            ("output", [name for name in names for _ in range(n)]),
            ("value", [float(v) for name in names for v in self[name]]),
            ("unit", [self.unit(name) for name in names for _ in range(n)]),
        )
        return Table(columns)

    def wide(self, outputs: Sequence[str] = ()) -> Table:
        """One row a time and one column an output: arm, id, time (days), side, then the outputs in their own units."""
        n = len(self.times)
        head = (
            ("arm", [self.arm] * n),
            ("id", [self.id] * n),
            ("time", self.times.tolist()),
            ("side", list(self.sides)),
        )
        return Table((*head, *((name, self[name].tolist()) for name in tuple(outputs) or self.outputs)))

    def dose_table(self) -> Table:
        """What was prescribed and what was given, one row a dose; times in days, duration of an infusion in hours."""
        columns: dict[str, Sequence[object]] = {
            "arm": [self.arm for _ in self.doses],
            "id": [self.id for _ in self.doses],
            "dose": [d.number for d in self.doses],
            "time": [float(d.time) for d in self.doses],
            "planned": [float(d.planned) for d in self.doses],
            "status": [d.status for d in self.doses],
            "route": [self.bound.route(d.route).name for d in self.doses],
            "prescribed": [d.prescribed for d in self.doses],
            "prescribed_unit": [d.prescribed_unit for d in self.doses],
            "given": [d.amount for d in self.doses],
            "unit": [d.unit for d in self.doses],
            "hours": [infusion_days(d) * 24 for d in self.doses],
        }
        return Table(tuple(columns.items()))

    def _evaluate(self, name: str, times: Vector, states: Vector) -> Vector:
        self.unit(name)  # SimulationError for a name that is no output
        clock = times * self.bound.per_day
        return self.bound.functions.output(self.outputs.index(name), clock, states, self.bound.p)
