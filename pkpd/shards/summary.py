"""The summary of a run over shards: quantiles over time and of endpoints, and who failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..engine.batch import Failure
from ..engine.functions import Vector
from ..errors import SimulationError, nearest
from ..measures import Endpoint
from ..output.tables import Table
from .grid import LogGrid
from .request import Request
from .tally import Tally

SHOWN = 100  # failures that are told one by one; all of them are counted
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What patients add to a summary: their tally, how many failed, and the first of those."""

    tally: Tally
    failed: int
    failures: tuple[Failure, ...]

    def merged(self, later: Part) -> Part:
        """Both together; the other one's patients come after ours."""
        failures = (self.failures + later.failures)[:SHOWN]
        return Part(self.tally.merged(later.tally), self.failed + later.failed, failures)


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """What is known of all patients. `summary.quantile("treg", 0.5)` has one number a time (days in `times`), that of
    an endpoint (by its name, or the endpoint itself) has shape (); all are in the unit `units[name]`.

    `grid.text` states the resolution of quantiles. The `failed` patients enter no number; the first hundred are told in
    `failures`.
    """

    patients: int
    failed: int
    failures: tuple[Failure, ...]
    outputs: tuple[str, ...]
    endpoints: tuple[str, ...]
    units: dict[str, str]
    times: Vector
    side: str
    tally: Tally

    @property
    def grid(self) -> LogGrid:
        """The log grid of the quantiles."""
        return self.tally.grid

    def quantile(self, what: str | Endpoint, share: float) -> Vector:
        """The smallest value that at least this share of the patients does not exceed, as exact as the grid is."""
        if not 0 <= share <= 1:
            raise SimulationError(f"a quantile is a share from 0 to 1, not {share:g}")
        return self._shaped(what, [self.tally.quantile(k, share) for k in self._columns(what)])

    def mean(self, what: str | Endpoint) -> Vector:
        """The mean over patients."""
        return self._shaped(what, [self.tally.mean(k) for k in self._columns(what)])

    def lowest(self, what: str | Endpoint) -> Vector:
        """The smallest value of any patient, exactly."""
        return self.quantile(what, 0)

    def highest(self, what: str | Endpoint) -> Vector:
        """The largest value of any patient, exactly."""
        return self.quantile(what, 1)

    def missing(self, what: str | Endpoint) -> Vector:
        """How many patients have no such number: those who failed, and those whose number is not finite."""
        return self._shaped(what, [self.patients - int(self.tally.present[k]) for k in self._columns(what)])

    def table(self, quantiles: Sequence[float] = QUANTILES) -> Table:
        """A tidy table: name, time (days; empty for an endpoint), statistic, value, unit."""
        statistics = {f"q{share:g}": [self.quantile(n, share).ravel() for n in self.names] for share in quantiles}
        for statistic in ("mean", "lowest", "highest", "missing"):
            statistics[statistic] = [getattr(self, statistic)(n).ravel() for n in self.names]
        rows = [
            (name, self.times[row] if name in self.outputs else None, statistic, found[k][row], self.units[name])
            for k, name in enumerate(self.names)
            for row in range(len(self._columns(name)))
            for statistic, found in statistics.items()
        ]
        heads = ("name", "time", "statistic", "value", "unit")
        return Table(tuple((head, list(column)) for head, column in zip(heads, zip(*rows, strict=True), strict=True)))

    @property
    def names(self) -> tuple[str, ...]:
        """Outputs, then endpoints."""
        return self.outputs + self.endpoints

    def _columns(self, what: str | Endpoint) -> range:
        """The columns of the tally that belong to a name: outputs time by time, then endpoints."""
        name, rows = what if isinstance(what, str) else what.name, len(self.times)
        if name in self.outputs:
            first = self.outputs.index(name) * rows
            return range(first, first + rows)
        if name not in self.endpoints:
            hint = nearest(name, self.names) or f"; it has {', '.join(self.names)}"
            raise SimulationError(f"the summary has no '{name}'{hint}")
        first = len(self.outputs) * rows + self.endpoints.index(name)
        return range(first, first + 1)

    def _shaped(self, what: str | Endpoint, values: Sequence[float]) -> Vector:
        name = what if isinstance(what, str) else what.name
        found = np.array(values, dtype=float)
        return found if name in self.outputs else found.reshape(())


def summary_of(request: Request, whole: Part) -> Summary:
    """The summary of all shards of a request."""
    units, endpoints = request.unit_of, tuple(e.name for e in request.endpoints)
    return Summary(
        patients=request.patients,
        failed=whole.failed,
        failures=whole.failures,
        outputs=request.outputs,
        endpoints=endpoints,
        units={n: units[n] for n in request.outputs} | {e.name: e.unit(units[e.output]) for e in request.endpoints},
        times=request.times,
        side=request.side,
        tally=whole.tally,
    )
