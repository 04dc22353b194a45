"""What a population gives: bands, endpoints, and who the patients were, as tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...engine.batch import Failure
from ...engine.functions import Vector
from ...engine.plan import Whole
from ...errors import SimulationError, nearest
from ...output.tables import Table
from ...parameters import Parameters
from ...quantities import Measured
from ..patients.spread import Patients, Spread
from ..run import Run, RunArm
from ..uncertainty import Uncertainty
from .gather import SHARES, STATISTICS, Lines, Split
from .ruling import Ruling
from .sampling import Sampling
from .work import day_of


@dataclass(frozen=True, slots=True, eq=False)
class ArmPopulation:
    """One arm: `lines` of its population and their intervals over the draws, NaN without draws. `bands_low` and
    `bands_high` have the shapes of `lines.bands`; `endpoints` is of shape (patients, quantities), NaN for those who
    failed; `followed` are the days of doses after which IL-2 is sampled by the hour; `correlations` are Spearman's
    between what was drawn and the quantities, shape (drawn, quantities). `ruling` is what rules did, None without any.
    """

    arm: RunArm
    spread: Spread
    patients: Patients
    sampling: Sampling
    outputs: tuple[str, ...]
    units: tuple[str, ...]
    rows: tuple[Whole, ...]
    quantities: tuple[Measured, ...]
    quantity_units: tuple[str, ...]
    lines: Lines
    bands_low: tuple[Vector, ...]
    bands_high: tuple[Vector, ...]
    endpoints: Vector
    low: Vector
    high: Vector
    split: tuple[Split, ...]
    drawn: tuple[str, ...]
    correlations: Vector
    followed: tuple[float, ...] = ()
    draws_failed: tuple[tuple[int, Failure], ...] = ()
    draws_redrawn: int = 0
    ruling: Ruling | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the quantities."""
        return tuple(q.name for q in self.quantities)

    def days(self, output: str) -> Vector:
        """The days of the band of an output."""
        return self.sampling.times[self.rows[self._place(output)]]

    def band(self, output: str) -> Vector:
        """5, 50 and 95 % of an output over the patients, shape (3, days)."""
        return self.lines.bands[self._place(output)]

    def interval(self, output: str) -> tuple[Vector, Vector]:
        """Low and high of each of these over the draws, NaN without draws."""
        place = self._place(output)
        return self.bands_low[place], self.bands_high[place]

    def _place(self, output: str) -> int:
        if output not in self.outputs:
            raise SimulationError(f"'{output}' has no band here{nearest(output, self.outputs)}")
        return self.outputs.index(output)


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Virtual patients of every arm of a run. The same patients, by their numbers, are in every arm and around every
    draw of typical values.
    """

    run: Run
    seed: int
    arms: tuple[ArmPopulation, ...]
    uncertainty: Uncertainty | None
    more: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Patients an arm."""
        return self.arms[0].patients.count

    @property
    def draws(self) -> int:
        """Draws of typical values, 0 without uncertainty."""
        return len(self.uncertainty.draws.values) if self.uncertainty else 0

    @property
    def rulings(self) -> tuple[Ruling, ...]:
        """What rules did in each arm that has any."""
        return tuple(arm.ruling for arm in self.arms if arm.ruling)

    @property
    def bands(self) -> Table:
        """arm, time, side, output, statistic (p05, p50, p95 over patients), value, its 90 % interval over the draws
        (low, high), unit.
        """
        rows = [row for arm in self.arms for row in _band_rows(arm, self.run.side)]
        return _table(("arm", "time", "side", "output", "statistic", "value", "low", "high", "unit"), rows)

    @property
    def endpoints(self) -> Table:
        """arm, id, quantity, value, unit: one row a patient and quantity; those who failed have none."""
        rows = [row for arm in self.arms for row in _endpoint_rows(arm)]
        return _table(("arm", "id", "quantity", "value", "unit"), rows)

    def table(self) -> Table:
        """Quantiles of every endpoint over the patients, each with its 90 % interval over the draws: arm, quantity,
        statistic, value, low, high, unit, patients (with a number).
        """
        rows = [row for arm in self.arms for row in _quantile_rows(arm)]
        return _table(("arm", "quantity", "statistic", "value", "low", "high", "unit", "patients"), rows)

    @property
    def spread(self) -> Table:
        """The split of each endpoint's variance, two rows each: from patients, and from uncertain typical values."""
        rows = [
            (arm.arm.name, name, own.scale, source, _known(variance), _known(share))
            for arm in self.arms
            for name, own in zip(arm.names, arm.split, strict=True)
            for source, variance, share in zip(
                ("patients", "typical values"), (own.patients, own.typical), own.shares, strict=True
            )
        ]
        return _table(("arm", "quantity", "scale", "source", "variance", "share"), rows if self.draws else [])

    @property
    def correlations(self) -> Table:
        """Spearman's rank correlation of every drawn parameter with every endpoint: arm, parameter, quantity, value."""
        rows = [
            (arm.arm.name, parameter, name, _known(arm.correlations[j, k]))
            for arm in self.arms
            for j, parameter in enumerate(arm.drawn)
            for k, name in enumerate(arm.names)
        ]
        return _table(("arm", "parameter", "quantity", "correlation"), rows)

    @property
    def patients(self) -> Table:
        """arm, id, covariates, then drawn parameters with their unit, those of later blocks of doses by block."""
        columns = [_patient_columns(arm) for arm in self.arms]
        names = dict.fromkeys(name for own in columns for name in own)
        return Table(
            tuple(
                (name, [v for own, arm in zip(columns, self.arms, strict=True) for v in own.get(name, _none(arm))])
                for name in names
            )
        )

    @property
    def drawn(self) -> Table:
        """What differs between patients, as declared and as drawn: arm, parameter, typical value, SD of the log between
        patients and between blocks of doses, percentiles of the patients, unit.
        """
        rows = [row for arm in self.arms for row in _drawn_rows(arm)]
        return _table(("arm", "parameter", "typical", "sd_log", "occasion_sd_log", *STATISTICS, "unit"), rows)

    @property
    def failures(self) -> Table:
        """arm, draw (empty for the patients around the typical values as they are), id, event, day, reason: who could
        not be simulated, and who was drawn again for want of a steady baseline.
        """
        rows = [row for arm in self.arms for row in _failure_rows(arm)]
        return _table(("arm", "draw", "id", "event", "day", "reason"), rows)


REDRAWN = "no steady baseline with the parameters drawn first"


def _band_rows(arm: ArmPopulation, side: str) -> Iterator[tuple[object, ...]]:
    for output, unit in zip(arm.outputs, arm.units, strict=True):
        days, band, (low, high) = arm.days(output).tolist(), arm.band(output), arm.interval(output)
        for k, statistic in enumerate(STATISTICS):
            for row, day in enumerate(days):
                ends = _known(low[k, row]), _known(high[k, row])
                yield arm.arm.name, day, side, output, statistic, float(band[k, row]), *ends, unit


def _endpoint_rows(arm: ArmPopulation) -> Iterator[tuple[object, ...]]:
    failed = {f.patient for f in arm.lines.failures}
    for number, own in enumerate(arm.endpoints.tolist(), arm.patients.first):
        if number not in failed:
            for name, value, unit in zip(arm.names, own, arm.quantity_units, strict=True):
                yield arm.arm.name, number + 1, name, _known(value), unit


def _quantile_rows(arm: ArmPopulation) -> Iterator[tuple[object, ...]]:
    for j, (name, unit) in enumerate(zip(arm.names, arm.quantity_units, strict=True)):
        told = sum(math.isfinite(v) for v in arm.endpoints[:, j].tolist())
        for k, statistic in enumerate(STATISTICS):
            values = (arm.lines.quantiles[k, j], arm.low[k, j], arm.high[k, j])
            yield arm.arm.name, name, statistic, *map(_known, values), unit, told


def _patient_columns(arm: ArmPopulation) -> dict[str, Sequence[object]]:
    own, parameters = arm.patients, arm.arm.parameters
    again = {*own.redrawn}
    columns: dict[str, Sequence[object]] = {
        "arm": [arm.arm.name] * own.count,
        "id": list(range(own.first + 1, own.first + own.count + 1)),
        "redrawn": ["yes" if own.first + k in again else "no" for k in range(own.count)],
        **own.labels,
    }
    columns |= {_head(parameters, name): column.tolist() for name, column in own.values.items()}
    for number, block in enumerate(own.blocks, 1):
        columns |= {_head(parameters, name, number): column.tolist() for name, column in block.items()}
    return columns


def _drawn_rows(arm: ArmPopulation) -> Iterator[tuple[object, ...]]:
    own, parameters = arm.patients, arm.arm.parameters
    sds, occasions = dict(zip(arm.spread.names, arm.spread.sd, strict=True)), dict(arm.spread.occasions)
    first: Mapping[str, Vector] = own.blocks[0] if own.blocks else {}
    for name in dict.fromkeys((*sds, *own.values, *occasions)):
        values = own.values.get(name, first.get(name))
        ends = [None] * 3 if values is None else np.quantile(values, SHARES).tolist()
        yield (
            *(arm.arm.name, name, parameters[name].value, sds.get(name), occasions.get(name)),
            *(*ends, parameters[name].unit),
        )


def _head(parameters: Parameters, name: str, block: int = 0) -> str:
    return name + (f" block {block}" if block else "") + f" [{parameters[name].unit}]"


def _none(arm: ArmPopulation) -> list[None]:
    return [None] * arm.patients.count


def _failure_rows(arm: ArmPopulation) -> Iterator[tuple[object, ...]]:
    for f in arm.lines.failures:
        yield arm.arm.name, None, f.patient + 1, "failed", day_of(f), f.reason
    for number in arm.patients.redrawn:
        yield arm.arm.name, None, number + 1, "redrawn", None, REDRAWN
    for draw, f in arm.draws_failed:
        yield arm.arm.name, draw, f.patient + 1, "failed", day_of(f), f.reason


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _table(names: Sequence[str], rows: Sequence[tuple[object, ...]]) -> Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return Table(tuple(zip(names, columns, strict=True)))
