"""Patients through a schedule: stretch by stretch where parameters change between blocks of doses, or doses are decided
at visits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...engine.batch import Failure, Found, Piece, simulate_piece
from ...engine.events import TIE
from ...engine.functions import Vector
from ...engine.plan import Whole
from ...engine.run import Rows
from .columns import shared
from .course import Course
from .spread import Patients

PIECE = 512  # patients in one call of the kernel: many, because a call costs as much as tens of them


class Steer(Protocol):
    """What decides on doses at visits: from a day, the levels of all outputs of the cohort there, shape (patients,
    outputs), NaN for those who failed, to the share of every dose of the schedule that each patient gets from then on,
    shape (patients, doses).
    """

    def __call__(self, day: float, levels: Vector) -> Vector: ...


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Outputs of patients, shape (patients, outputs, times), NaN for those who failed, who are told in `failures` by
    their own numbers; `factors` the share of each dose that each was given, shape (patients, doses).
    """

    values: Vector
    failures: tuple[Failure, ...]
    factors: Vector


def simulate_cohort(
    course: Course,
    patients: Patients,
    factors: Vector | None = None,
    visits: Sequence[float] = (),
    steer: Steer | None = None,
) -> Cohort:
    """The patients of an arm from rest to the last time.

    `factors` say what share of each dose each patient is given, shape (patients, doses), all of it unless said. At each
    of the `visits` (days) `steer` may change them for what comes later; a dose at the time of a visit comes after it. A
    patient who fails is reported, and the others finish.
    """
    share = np.ones((patients.count, len(course.schedule.doses))) if factors is None else factors.copy()
    failures = list[Failure]()
    values = np.full((patients.count, len(course.outputs), len(course.times)), np.nan)
    alive: Whole = np.arange(patients.count)
    state: Vector | None = None
    ends = _ends(course, patients, visits if steer else ())
    begin = min(0.0, float(course.times.min()))
    for end in ends:
        stretch = _Stretch(course, patients, begin, end, end == ends[-1])
        found, rows = stretch.run(alive, share, state)
        _put(values, alive, rows, found.values[:, :, : len(rows)])
        failures += [replace(f, patient=patients.first + int(alive[f.patient])) for f in found.failures]
        kept = np.setdiff1d(np.arange(len(alive)), [f.patient for f in found.failures])
        if steer and any(abs(end - day) <= TIE for day in visits):
            levels = np.full(values.shape[:2], np.nan)
            levels[alive] = found.values[:, :, len(rows)]
            share = steer(end, levels)
        alive, state, begin = alive[kept], found.final[kept], end
        if not len(alive):
            break
    return Cohort(_hidden(values, failures, patients.first), tuple(sorted(failures, key=lambda f: f.patient)), share)


def _put(values: Vector, alive: Whole, rows: Whole, found: Vector) -> None:
    """Fill in the rows of a stretch."""
    if len(alive) == len(values) and len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        values[:, :, rows[0] : rows[-1] + 1] = found  # several times as fast where nothing is picked out
    else:
        values[np.ix_(alive, np.arange(values.shape[1]), rows)] = found


def _hidden(values: Vector, failures: Sequence[Failure], first: int) -> Vector:
    """No number of a patient who failed later is kept."""
    values[[f.patient - first for f in failures]] = np.nan
    return values


def _ends(course: Course, patients: Patients, visits: Sequence[float]) -> list[float]:
    """Days on which a stretch ends: where parameters change, where doses are decided, and the last time."""
    last = float(course.times.max())
    # a dose at the end of a stretch belongs to the next one, so a sample after it needs the stretch to go on
    last += 3 * TIE if course.side == "post" else 0.0
    changes = course.block_starts[1:] if len(patients.blocks) > 1 else ()
    inner = sorted(day for day in {*changes, *visits} if TIE < day < last - TIE)
    apart = [day for k, day in enumerate(inner) if k == 0 or day > inner[k - 1] + TIE]
    return [*apart, last]


@dataclass(frozen=True, slots=True, eq=False)
class _Stretch:
    """Part of a course between two days; on a border, rows before doses belong to the earlier part."""

    course: Course
    patients: Patients
    begin: float
    end: float
    final: bool

    def run(self, alive: Whole, share: Vector, state: Vector | None) -> tuple[Found, Whole]:
        """What the patients still alive give, and which times of the course its first rows are; one row more at the
        end.
        """
        rows = np.flatnonzero(self._own())
        times = np.append(self.course.times[rows], self.end)
        posts = np.full(len(times), int(self.course.side == "post"))
        posts[-1] = 0
        return simulate_piece(self._piece(alive, Rows(times, posts), share[alive], state)), rows

    def _own(self) -> NDArray[np.bool_]:
        t, first = self.course.times, self.begin <= TIE
        if self.course.side == "post":
            return np.asarray(((t >= self.begin - TIE) | first) & ((t < self.end - TIE) | self.final))
        return np.asarray(((t > self.begin + TIE) | first) & ((t <= self.end + TIE) | self.final))

    def _piece(self, alive: Whole, rows: Rows, share: Vector, state: Vector | None) -> Piece:
        c, common = self.course, shared(self.course)
        changed = dict(self.patients.values) | dict(self._block())
        columns = {name: column[alive] for name, column in changed.items()}
        own = common.own(columns or {c.parameters.tables[0].name: np.full(len(alive), c.parameters.tables[0].value)})
        known, sizes = np.array([[np.nan if size is None else size for size in (c.bsa, c.weight)]]), common.sizes(own)
        sizes = np.where(np.isnan(sizes), known, sizes)
        origin = common.whole.origin
        return Piece(
            *(c.model, c.schedule, own, sizes, rows, common.outputs, c.tolerances, origin),
            begin=self.begin,
            start=state,
            factors=share,
        )

    def _block(self) -> Mapping[str, Vector]:
        """What holds since the last block of doses that began before this stretch ends."""
        if not self.patients.blocks:
            return {}
        begun = sum(day <= self.begin + TIE for day in self.course.block_starts)
        return self.patients.blocks[min(max(begun, 1), len(self.patients.blocks)) - 1]


def pieces_of(count: int, size: int = PIECE) -> list[tuple[int, int]]:
    """(first, count) of the pieces in which patients are simulated; their numbers do not depend on it."""
    return [(first, min(size, count - first)) for first in range(0, count, size)]
