"""What a virtual trial sees at its visits, over the replicates: the numbers of report, table and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...trials.conduct.result import VirtualTrial
from ...trials.conduct.tables import quantiles
from ..tables import Table

Vector = npt.NDArray[np.float64]
_COLUMNS = ("arm", "day", "output", "unit", "statistic", "value", "low", "high", "replicates")


@dataclass(frozen=True, slots=True)
class Spread:
    """A number over the replicates: median, and 5 and 95 %; NaN where none has it, `told` of them do."""

    low: float
    value: float
    high: float
    told: int


@dataclass(frozen=True, slots=True)
class Share:
    """The share of replicates with p below alpha, among the `told` that have a p; NaN where none has."""

    value: float
    told: int


@dataclass(frozen=True, slots=True)
class Visit:
    """One output of one arm at one visit. `mean` and `sd` are in `unit`; `fold` is the geometric mean of each patient's
    fold of the own measured baseline, `log_sd` the SD of its log; `below` counts values below the limit of the assay in
    all replicates.
    """

    arm: str
    day: float
    output: str
    unit: str
    n: Spread
    mean: Spread
    sd: Spread
    fold: Spread
    log_sd: Spread
    baseline: Share
    control: Share
    below: int


def visits_of(trial: VirtualTrial, alpha: float = 0.05) -> dict[tuple[str, str], tuple[Visit, ...]]:
    """All visits by (arm, output), in order of day."""
    s = trial.statistics
    n, mean, sd, fold, log_sd = map(_spreads, (s.n.astype(float), s.mean, s.sd, np.exp(s.log_mean), s.log_sd))
    baseline, control = (_shares(p, alpha) for p in (s.p_baseline, s.p_control))
    below = s.below.sum(axis=0)

    def visit(a: int, v: int, k: int) -> Visit:
        at = a, v, k
        return Visit(
            trial.arms[a].name,
            trial.visits[v],
            trial.outputs[k],
            trial.units[k],
            n.at(at),
            mean.at(at),
            sd.at(at),
            fold.at(at),
            log_sd.at(at),
            baseline.at(at),
            control.at(at),
            int(below[at]),
        )

    return {
        (arm.name, output): tuple(visit(a, v, k) for v in range(len(trial.visits)))
        for a, arm in enumerate(trial.arms)
        for k, output in enumerate(trial.outputs)
    }


def visits_table(visits: Sequence[Visit]) -> Table:
    """One row a number: `value`, for a statistic over the replicates its median with 5 and 95 % (`low`, `high`), for
    "significant against ..." the share of `replicates` with a p, for "below limit" the count in all replicates.
    """
    rows = []
    for v in visits:
        where = (v.arm, v.day, v.output)
        for name, unit, own in (
            ("n", "1", v.n),
            ("mean", v.unit, v.mean),
            ("sd", v.unit, v.sd),
            ("fold", "1", v.fold),
            ("log_sd", "1", v.log_sd),
        ):
            rows.append((*where, unit, name, *map(_cell, (own.value, own.low, own.high)), own.told))
        for name, share in (("baseline", v.baseline), ("control", v.control)):
            rows.append((*where, "1", f"significant against {name}", _cell(share.value), None, None, share.told))
        rows.append((*where, "1", "below limit", v.below, None, None, v.n.told))
    return Table(tuple((name, [row[k] for row in rows]) for k, name in enumerate(_COLUMNS)))


@dataclass(frozen=True, slots=True, eq=False)
class _Spreads:
    """Quantiles over the replicates, shape (3, arms, visits, outputs), and how many have a number."""

    values: Vector
    told: npt.NDArray[np.int64]

    def at(self, at: tuple[int, int, int]) -> Spread:
        low, value, high = self.values[(slice(None), *at)].tolist()
        return Spread(low, value, high, int(self.told[at]))


@dataclass(frozen=True, slots=True, eq=False)
class _Shares:
    """Shares of replicates, shape (arms, visits, outputs), and how many have a p."""

    values: Vector
    told: npt.NDArray[np.int64]

    def at(self, at: tuple[int, int, int]) -> Share:
        return Share(float(self.values[at]), int(self.told[at]))


def _spreads(values: Vector) -> _Spreads:
    return _Spreads(quantiles(values), np.isfinite(values).sum(axis=0))


def _shares(p: Vector, alpha: float) -> _Shares:
    there = np.isfinite(p)
    told = there.sum(axis=0)
    hits = (np.where(there, p, 1.0) < alpha).sum(axis=0)
    return _Shares(np.where(told > 0, hits / np.maximum(told, 1), np.nan), told)


def _cell(value: float) -> float | None:
    return value if np.isfinite(value) else None
