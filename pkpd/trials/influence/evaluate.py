"""Quantities and courses of many parameter vectors in one arm, in blocks of fixed size on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...dosing.given import GivenDose, given
from ...engine.batch import Failure, Piece, simulate_piece
from ...engine.functions import Vector
from ...engine.workers import on_threads
from ...errors import SimulationError
from ...many import piece_of, pieces, with_sizes
from ...quantities import Dosed, Quantity
from ..regimen.sampling import evaluation_rows, injections, total_miu, treatment_end
from ..run import Run, RunArm

PIECE = 64  # runs in one call: few enough to share between cores and to keep their states
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Followed:
    """An output to follow at some days."""

    output: str
    days: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """`numbers` of shape (runs, quantities), and for each course values of shape (runs, days); NaN for runs that failed
    and for quantities that have no number. `failures` say which run (from 0), when and why.
    """

    numbers: Vector
    courses: tuple[Vector, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What every block is asked for: quantities with the outputs they need, and rows of each course."""

    quantities: tuple[Quantity, ...]
    outputs: tuple[str, ...]
    courses: tuple[tuple[str, Vector], ...]
    dosed: Callable[[Vector], Dosed]


def evaluate(
    run: Run,
    arm: RunArm,
    columns: Mapping[str, Vector],
    quantities: Sequence[Quantity],
    courses: Sequence[Followed] = (),
    threads: int | None = None,
    progress: Progress | None = None,
) -> Evaluated:
    """Quantities and courses of one arm, for parameters that differ between runs: `columns` holds one number a run, in
    the units of the arm's parameters.

    A run's numbers are the same whatever else is run and on however many `threads` (all cores unless said);
    `progress(done, runs)` is called in the calling thread. PkpdError for what does not fit.
    """
    horizon, doses = run.times[-1], given(arm.schedule, bsa=arm.bsa, weight=arm.weight)
    days = [day for q in quantities for day in q.days] + [day for c in courses for day in c.days]
    if any(not 0 <= day <= horizon for day in days):
        late = next(day for day in days if not 0 <= day <= horizon)
        raise SimulationError(f"day {late:g} was asked for, and the run goes from day 0 to {horizon:g}; choose --days")
    until = min(treatment_end(doses), horizon)
    rows = evaluation_rows(doses, horizon, [*days, until])
    before = np.flatnonzero(rows.post == 0)
    places = tuple(
        (c.output, np.array([before[np.abs(rows.times[before] - d).argmin()] for d in c.days])) for c in courses
    )
    outputs = tuple(dict.fromkeys([o for q in quantities for o in q.outputs] + [c.output for c in courses]))
    whole = piece_of(run.model, arm.schedule, arm.parameters, columns, outputs, rows.times, "pre", run.tolerances)
    whole = with_sizes(replace(whole, rows=rows), arm.bsa, arm.weight)
    asked = _Asked(tuple(quantities), outputs, places, _dosing(arm, doses, horizon, until))
    return _gathered(list(_found(whole, asked, threads, progress)))


_Part = tuple[Vector, tuple[Vector, ...], tuple[Failure, ...]]


def _found(whole: Piece, asked: _Asked, threads: int | None, progress: Progress | None) -> Iterator[_Part]:
    """The numbers of each block, in order; what was simulated is dropped once it is counted."""
    done, total = 0, len(whole.own)
    for part in on_threads(lambda piece: _block(piece, asked), pieces(whole, PIECE), whole.model, threads):
        yield part
        done += len(part[0])
        if progress is not None:
            progress(done, total)


def _block(piece: Piece, asked: _Asked) -> _Part:
    found = simulate_piece(piece)
    values = {name: found.values[:, k] for k, name in enumerate(asked.outputs)}
    dosed = asked.dosed(piece.sizes)
    numbers = np.stack([q.of(piece.rows.times, values, dosed) for q in asked.quantities], axis=1)
    # what only doses decide has a number even where the run failed
    numbers[[f.patient - piece.first for f in found.failures]] = np.nan
    return numbers, tuple(values[output][:, rows] for output, rows in asked.courses), found.failures


def _gathered(parts: Sequence[_Part]) -> Evaluated:
    numbers, courses, failures = zip(*parts, strict=True)
    whole = tuple(np.concatenate(course) for course in zip(*courses, strict=True))
    return Evaluated(np.concatenate(numbers), whole, tuple(f for some in failures for f in some))


def _dosing(arm: RunArm, doses: Sequence[GivenDose], horizon: float, until: float) -> Callable[[Vector], Dosed]:
    """What patients of some sizes, shape (patients, 2) in m2 and kg, are given."""
    number = float(injections(doses, horizon))
    scaled = any(dose.per for dose in arm.schedule.doses)

    def dosed(sizes: Vector) -> Dosed:
        if not scaled:
            return Dosed(np.full(len(sizes), total_miu(doses, horizon)), np.full(len(sizes), number), until)
        totals = [total_miu(given(arm.schedule, *_size(size)), horizon) for size in sizes]
        return Dosed(np.array(totals), np.full(len(sizes), number), until)

    return dosed


def _size(size: Vector) -> tuple[float | None, float | None]:
    bsa, weight = (None if np.isnan(v) else float(v) for v in size)
    return bsa, weight
