"""What an analysis of influence found, and its tables."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine.batch import Failure
from ...engine.functions import Vector
from ...output.tables import Table
from .design import Design
from .indices import STILL, Indices
from .ranges import ENDS, Range
from .trust import Trust


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One quantity: its value at the reference, its mean, SD and 5, 50 and 95 % quantiles over the ranges (NaN for
    Morris, whose grid is no sample), its indices and how far to trust them.

    `ends`, shape (names, 2), are its values with one parameter at the 5 and the 95 % point of its range and the rest at
    the reference; NaN where that run failed.
    """

    name: str
    label: str
    unit: str
    reference: float
    spread: tuple[float, ...]
    indices: Indices
    trust: Trust
    ends: Vector

    @property
    def widths(self) -> Vector:
        """How far apart both ends are, shape (names,); 0 where one is missing."""
        return np.nan_to_num(np.abs(self.ends[:, 1] - self.ends[:, 0]))

    @property
    def moves(self) -> bool:
        """Whether any parameter alone moves it by more than the solver's own error."""
        return bool(self.widths.max() > STILL * abs(self.reference))


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """An output over time: one set of indices, with trust, a day."""

    output: str
    unit: str
    days: tuple[float, ...]
    indices: tuple[Indices, ...]
    trusts: tuple[Trust, ...]

    def of(self, kind: str) -> Vector:
        """Indices of one kind, shape (names, days)."""
        return np.stack([found[kind] for found in self.indices], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Influence:
    """Which parameters decide quantities of one arm; `table()` holds the indices.

    `ranges` say over what (`over`: prior, bounds or spread) parameters were varied, `design` at which points.
    `numbers`, shape (runs, quantities), and `values`, shape (runs, names), are the quantities and the parameters at
    those points, in their order. `failures` number the runs of the design from 0; those of the one-at-a-time runs are
    `end_failures`, numbered (from 0) two a parameter, low end first. `notes` are for the user; `assumed` names the
    quantities and outputs that no data stand behind, each with a sentence that says so.
    """

    name: str
    arm: str
    model: str
    over: str
    ranges: tuple[Range, ...]
    design: Design
    outcomes: tuple[Outcome, ...]
    timed: tuple[Timed, ...]
    values: Vector
    numbers: Vector
    failures: tuple[Failure, ...]
    end_failures: tuple[Failure, ...]
    notes: tuple[str, ...]
    assumed: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The varied parameters."""
        return self.design.names

    def table(self) -> Table:
        """One row an index: quantity, parameter, with (the other of a pair), index, value, error (half the 95 %
        interval), low, high, unit, rank, apart (from the next in rank that matters: yes, no).
        """
        return _table(INDEX, (row for o in self.outcomes for row in _index_rows((o.name,), o.indices, o.trust, o.unit)))

    def over_time(self) -> Table:
        """The same with output and day in place of the quantity."""
        days = ((t, k) for t in self.timed for k in range(len(t.days)))
        rows = (row for t, k in days for row in _index_rows((t.output, t.days[k]), t.indices[k], t.trusts[k], t.unit))
        return _table(("output", "day", *INDEX[1:]), rows)

    def tornado(self) -> Table:
        """One row a quantity and parameter, widest first: parameter values at both ends and the quantity there."""
        return _table(TORNADO, (row for o in self.outcomes for row in self._bars(o)))

    def summary(self) -> Table:
        """One row a quantity: reference, mean, SD, quantiles, blocks used and dropped, the sum of first-order indices,
        the share of the variance that one run makes, samples needed (-1: no sensible number would do) and doubts.
        """
        rows = ((o.name, o.label, o.unit, o.reference, *o.spread, *_trust(o.indices, o.trust)) for o in self.outcomes)
        return _table((*SUMMARY, *TRUST), rows)

    def daily(self) -> Table:
        """One row a day of each output followed: blocks used and dropped, and so on, as in `summary`."""
        rows = (
            (t.output, day, t.unit, *_trust(found, trust))
            for t in self.timed
            for day, found, trust in zip(t.days, t.indices, t.trusts, strict=True)
        )
        return _table(("output", "day", "unit", *TRUST), rows)

    def varied(self) -> Table:
        """One row a parameter: its distribution, both ends, and its reference value."""
        ends = [r.at(ENDS).tolist() for r in self.ranges]
        rows = (
            (r.name, r.unit, r.law, r.low, r.high, r.centre, r.sd, *e, r.reference)
            for r, e in zip(self.ranges, ends, strict=True)
        )
        return _table(VARIED, rows)

    def samples(self) -> Table:
        """One row a run of the design: its block, the parameters and the quantities."""
        blocks = np.arange(len(self.values)) // self.design.size
        own = [(r.name, self.values[:, k].tolist()) for k, r in enumerate(self.ranges)]
        found = [(o.name, _plain(self.numbers[:, k].tolist())) for k, o in enumerate(self.outcomes)]
        return Table((("run", list(range(len(blocks)))), ("block", blocks.tolist()), *own, *found))

    def failed(self) -> Table:
        """One row a failed run: of the design or of the one-at-a-time runs, its number, the day and why."""
        both = (("design", self.failures), ("one at a time", self.end_failures))
        return _table(FAILED, ((what, f.patient, f.day, f.reason) for what, some in both for f in some))

    def _bars(self, o: Outcome) -> Iterator[tuple[Any, ...]]:
        for rank, k in enumerate(np.argsort(-o.widths, kind="stable").tolist(), 1):
            r = self.ranges[k]
            low, high = r.at(ENDS).tolist()
            yield (o.name, rank, r.name, r.unit, low, r.reference, high, *o.ends[k].tolist(), o.reference, o.unit)


INDEX = ("quantity", "parameter", "with", "index", "value", "error", "low", "high", "unit", "rank", "apart")
TORNADO = (
    *("quantity", "rank", "parameter", "parameter_unit", "parameter_low", "parameter_reference", "parameter_high"),
    *("at_low", "at_high", "at_reference", "unit"),
)
SUMMARY = ("quantity", "label", "unit", "reference", "mean", "sd", "p5", "median", "p95")
TRUST = ("used", "dropped", "first_sum", "first_sum_error", "heaviest_run", "samples_needed", "doubts")
VARIED = ("parameter", "unit", "law", "low", "high", "centre", "sd", "p5", "p95", "reference")
FAILED = ("runs", "run", "day", "reason")


def _index_rows(head: tuple[Any, ...], found: Indices, trust: Trust, unit: str) -> Iterator[tuple[Any, ...]]:
    rank = {k: place for place, k in enumerate(found.order, 1)}
    own = unit if found.method == "morris" else "1"
    for k, name in enumerate(found.names):
        for kind, values, errors in zip(found.kinds, found.values, found.errors, strict=True):
            ends = values[k] - errors[k], values[k] + errors[k]
            ranked = None if found.still else rank[k]
            yield (*head, name, "", kind, values[k], errors[k], *ends, own, ranked, trust.apart[k])
    if found.pairs is not None and found.pair_errors is not None:
        for j, k in itertools.combinations(range(len(found.names)), 2):
            value, error = float(found.pairs[j, k]), float(found.pair_errors[j, k])
            names = found.names[j], found.names[k]
            yield (*head, *names, "second", value, error, value - error, value + error, own, None, "")


def _trust(found: Indices, trust: Trust) -> tuple[Any, ...]:
    numbers = found.used, found.dropped, found.sum_first, found.sum_error, found.heaviest
    return (*numbers, trust.needed, "; ".join(trust.doubts))


def _table(names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return Table(tuple((name, _plain(column)) for name, column in zip(names, columns, strict=True)))


def _plain(column: Sequence[Any]) -> list[Any]:
    """Blanks for numbers that are none, and Python's own numbers."""
    plain = [float(v) if isinstance(v, float) else v for v in column]
    return [None if isinstance(v, float) and math.isnan(v) else v for v in plain]
