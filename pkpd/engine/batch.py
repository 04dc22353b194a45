"""Many patients of one model and one schedule, in pieces of fixed size; what a patient gets depends on no other."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..dosing.schedule import Schedule
from ..errors import ParameterError, SimulationError
from ..parameters import Parameters
from ..units import factor
from .code.memory import DONE
from .compile import Bound, bound_of, feasible, functions
from .events import actions
from .functions import Fixed, Vector, parts
from .integrate import arranged, patient_plan, stopped
from .native import NativeFunctions
from .parcel import pack, unpack
from .plan import Plan, Whole
from .plans import is_plain, many_routes, plain_plans, stacked, unmodelled
from .run import Patients, Rows, prepare
from .tolerances import Stopped, Tolerances

if TYPE_CHECKING:
    from ..model.declaration import Model


@dataclass(frozen=True, slots=True, eq=False)
class Failure:
    """A patient who could not be simulated to the end: number from 0, day (NaN before the first), and why."""

    patient: int
    day: float
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Patients to be simulated in one call: everything a worker elsewhere needs, and nothing of the others.

    `own` holds parameters in the model's order and coherent units, one row a patient; `sizes` bsa (m2) and weight (kg),
    NaN where not known; `outputs` are numbers of outputs. A piece may be a later stretch of its patients' course: from
    day `begin` with the states `start`, shape (patients, states); a dose that arrives on its last day belongs to the
    next stretch. `factors`, shape (patients, records of the schedule), say what share of each dose a patient gets.
    """

    model: Model | str
    schedule: Schedule
    own: Vector
    sizes: Vector
    rows: Rows
    outputs: tuple[int, ...]
    tolerances: Tolerances
    origin: str
    first: int = 0
    begin: float | None = None
    start: Vector | None = None
    factors: Vector | None = None

    def __reduce__(self) -> tuple[object, ...]:
        # the model goes packed, so that a worker elsewhere compiles it once and not once a piece
        return _arrived, (pack(self.model), *(getattr(self, f.name) for f in fields(self)[1:]))


def _arrived(model: bytes, *others: Any) -> Piece:
    return Piece(unpack(model), *others)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Outputs of the patients of a piece, shape (patients, outputs, rows), NaN for those who failed; (steps, rejected
    steps) of each; the state of each at the last row, shape (patients, states).
    """

    values: Vector
    steps: Whole
    failures: tuple[Failure, ...]
    final: Vector


def simulate_piece(piece: Piece) -> Found:
    """Simulate the patients of a piece with the compiled engine; a patient who fails is reported, the rest finish."""
    code = cast(NativeFunctions, functions(piece.model))
    fixed = parts(code.fixed_many(piece.own), code.code.layout.parameters, code.outline)
    shape = len(piece.own), len(piece.outputs), len(piece.rows.times)
    final = np.full((len(piece.own), len(code.outline.states)), np.nan)
    report = _Report(piece.first, np.empty(shape), np.zeros((len(piece.own), 2), dtype=np.int64), final, [])
    for own, plan in _plans(code, piece, fixed, _able(code, piece, fixed, report), report):
        _solve(code, piece, own, plan, fixed, report)
    failures = tuple(sorted(report.failures, key=lambda f: f.patient))
    return Found(report.values, report.steps, failures, report.final)


@dataclass(frozen=True, slots=True, eq=False)
class _Report:
    """What is filled in while the patients of a piece are simulated; the first of them has the number `first`."""

    first: int
    values: Vector
    steps: Whole
    final: Vector
    failures: list[Failure]

    def failed(self, patient: int, day: float, reason: str) -> None:
        """Note that a patient of the piece has no numbers, and why."""
        self.values[patient] = self.final[patient] = np.nan
        self.failures.append(Failure(self.first + patient, day, reason))


def _bound(code: NativeFunctions, piece: Piece, fixed: Fixed, k: int) -> Bound:
    return bound_of(code, fixed.of(k), Parameters((), piece.origin))


def _able(code: NativeFunctions, piece: Piece, fixed: Fixed, report: _Report) -> Whole:
    """The patients whose parameters have a baseline; the others are reported."""
    able = feasible(fixed)
    for k in np.flatnonzero(~able).tolist():
        try:
            _bound(code, piece, fixed, k)
            able[k] = True
        except ParameterError as error:
            report.failed(k, float("nan"), str(error))
    return np.flatnonzero(able)


def _plans(code: NativeFunctions, piece: Piece, fixed: Fixed, able: Whole, report: _Report) -> list[tuple[Whole, Plan]]:
    """Plans with the patients of the piece who share them."""
    if not len(able):
        return []
    if is_plain(piece.schedule):
        model = code.outline
        sizes = [_size(piece.sizes[k]) for k in able]
        factors = None if piece.factors is None else piece.factors[able]
        routes, stretch = many_routes(model, fixed.routes[able]), _stretch(piece)
        if lacking := unmodelled(piece.schedule, routes, model):
            if len(lacking) == len(able):  # nobody's route says it: the model's fault, not a patient's
                raise SimulationError(lacking[0])
            for k, reason in lacking.items():
                report.failed(int(able[k]), float("nan"), reason)
            return _plans(code, piece, fixed, np.delete(able, list(lacking)), report)
        found = plain_plans(piece.schedule, routes, sizes, code.code.entered, model, factors, stretch)
        return [(able[own], plan) for own, plan in found]
    if piece.factors is not None or piece.begin is not None:
        raise SimulationError(
            "a schedule with resets or steady states cannot be taken in stretches, nor be given in part"
        )
    planned, plans = list[int](), list[Plan]()
    for k in able.tolist():
        bound = _bound(code, piece, fixed, k)
        try:
            plans.append(patient_plan(bound, actions(bound, piece.schedule, *_size(piece.sizes[k])), _end(piece.rows)))
            planned.append(k)
        except SimulationError as error:
            report.failed(k, float("nan"), str(error))
        except Stopped as stop:
            report.failed(k, stop.time / bound.per_day, stop.reason)
    return [(np.array(planned)[own], plan) for own, plan in stacked(plans)]


def _solve(code: NativeFunctions, piece: Piece, own: Whole, plan: Plan, fixed: Fixed, report: _Report) -> None:
    """Step the patients who share a plan, and report their outputs, steps and failures."""
    order, rows = arranged(piece.rows)
    begin, per_day = _begin(piece, rows), factor("d", code.outline.time)
    y = (fixed.initial if piece.start is None else piece.start)[own]
    patients = Patients(fixed.p[own], y, fixed.scale[own], np.full(len(own), begin))
    solved = prepare(code, patients, plan, rows, _end(rows), per_day, piece.tolerances).run()
    clock = np.zeros(solved.states.shape[2])
    clock[: len(order)] = rows.times * per_day
    back = np.argsort(order)  # rows as they were asked for
    for j, k in enumerate(piece.outputs):
        report.values[own, j] = code.outputs(k, clock, solved.states, patients.p)[:, back]
    report.steps[own] = solved.status[:, 1:]
    report.final[own] = solved.final[:, :-1]
    _check_numbers(code, piece, own[solved.status[:, 0] == DONE], report)
    for j in np.flatnonzero(solved.status[:, 0] != DONE).tolist():
        stop = cast(Stopped, stopped(solved.status[j], solved.final[j]))
        text = _bound(code, piece, fixed, int(own[j])).state_text(stop.y)
        report.failed(int(own[j]), stop.time / per_day, f"{stop.reason}; states there: {text}")


def _check_numbers(code: NativeFunctions, piece: Piece, own: Whole, report: _Report) -> None:
    """Report patients with an output that is no number, such as a fold of a baseline of 0."""
    finite = np.isfinite(report.values[own])
    for patient in own[~finite.all(axis=(1, 2))].tolist():
        j, row = np.argwhere(~np.isfinite(report.values[patient]))[0]
        name, day = code.outline.outputs[piece.outputs[j]].name, float(piece.rows.times[row])
        report.failed(patient, day, f"output '{name}' is not a finite number")


def _begin(piece: Piece, rows: Rows) -> float:
    return min(0.0, float(rows.times.min())) if piece.begin is None else piece.begin


def _stretch(piece: Piece) -> tuple[float, float] | None:
    """First and last day of a piece that is a part of its patients' course."""
    return None if piece.begin is None else (piece.begin, float(piece.rows.times.max()))


def _end(rows: Rows) -> float:
    return float(max([min(0.0, *rows.times), *rows.times]))


def _size(row: Vector) -> tuple[float | None, float | None]:
    bsa, weight = (None if np.isnan(v) else float(v) for v in row)
    return bsa, weight
