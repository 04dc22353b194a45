"""Forward sensitivities: the solution of one patient with its derivatives along parameters, in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from ..dosing.schedule import Schedule
from .code.library import code_of
from .code.memory import DONE
from .compile import Bound
from .events import TIE
from .functions import Vector, parts
from .integrate import arranged, stopped
from .moved import moved_actions, moved_plan
from .native import NativeFunctions
from .plan import Plan, Whole
from .plans import stacked
from .run import Patients, Rows, Solved, prepare
from .tolerances import Stopped, Tolerances

if TYPE_CHECKING:
    from ..model.declaration import Model


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Outputs at rows, shape (rows, outputs), and their derivatives along parameters in coherent units, shape (rows,
    outputs, parameters).
    """

    values: Vector
    slopes: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """A bound model with its own parameters in coherent units, a schedule, and (bsa in m2, weight in kg)."""

    bound: Bound
    own: Sequence[float]
    schedule: Schedule
    size: tuple[float | None, float | None]


def forward(
    model: Model | str,
    patient: Patient,
    along: Sequence[int],
    rows: Rows,
    outputs: Sequence[int],
    tolerances: Tolerances,
) -> Slopes:
    """Outputs and their derivatives along the parameters numbered `along`, for one patient.

    The steps are those of the values alone, so the derivatives are those of the computed solution; doses, infusions and
    resets carry theirs, and where a lag or the end of an infusion moves, the state jumps by the difference of its
    slopes. Raises Stopped where the patient cannot be simulated, SimulationError for a steady-state record.
    """
    bound, code = patient.bound, NativeFunctions(code_of(model, sensitive=True))
    fixed = code.fixed_many(np.hstack([np.tile(patient.own, (len(along), 1)), np.eye(len(patient.own))[list(along)]]))
    half, shape = fixed.shape[1] // 2, code.outline
    value, moves = (parts(part, code.code.layout.parameters // 2, shape) for part in np.split(fixed, [half], axis=1))
    order, wanted = arranged(rows)
    begin = min(0.0, float(wanted.times[0]))
    end = max(begin, float(wanted.times[-1]))
    rest = np.hstack([value.initial, moves.initial])
    plans, speeds = _plans(patient, moves.routes, rest, code.code.entered, end)
    found = Slopes(np.empty((len(order), len(outputs))), np.empty((len(order), len(outputs), len(along))))
    p = np.hstack([value.p, moves.p])
    for items, plan in stacked(plans):
        patients = Patients(p[items], rest[items], value.scale[items], np.full(len(items), begin))
        speed = np.concatenate([speeds[k] for k in items])
        job = prepare(code, patients, plan, wanted, end, bound.per_day, tolerances, speed)
        _read(code, job.run(), patients.p, wanted.times * bound.per_day, order, outputs, items, found)
    return found


def _plans(
    patient: Patient, routes: Vector, rest: Vector, entered: Sequence[int], end: float
) -> tuple[list[Plan], list[Vector]]:
    """The plan along each parameter, and how fast its stops move."""
    bound, found = patient.bound, list[tuple[Plan, Vector]]()
    known: dict[tuple[bytes, bytes], tuple[Plan, Vector]] = {}
    resets = any(dose.reset for dose in patient.schedule.doses)
    for moving, initial in zip(routes, rest, strict=True):
        # most parameters move no route, so their plans are one; a reset sets the state, which they do move
        key = (moving.tobytes(), initial.tobytes() if resets else b"")
        if key not in known:
            moved = moved_actions(bound, patient.schedule, patient.size, moving)
            known[key] = moved_plan(moved, initial, entered, bound.per_day, end + TIE)
        found.append(known[key])
    return [plan for plan, _ in found], [speed for _, speed in found]


def _read(
    code: NativeFunctions,
    solved: Solved,
    p: Vector,
    clock: Vector,
    order: Whole,
    outputs: Sequence[int],
    items: Whole,
    found: Slopes,
) -> None:
    """Outputs and derivatives from states, into `found`."""
    n = code.code.layout.moved
    if solved.status[0, 0] != DONE:
        stop = cast(Stopped, stopped(solved.status[0], solved.final[0]))
        raise Stopped(stop.time, stop.y[:n], stop.reason)
    padded = np.zeros(solved.states.shape[2])
    padded[: len(clock)] = clock
    count = len(code.outline.outputs)
    for j, k in enumerate(outputs):
        found.values[order, j] = code.outputs(k, padded, solved.states[:1], p[:1])[0, : len(clock)]
        slope = code.outputs(count + k, padded, solved.states, p)[:, : len(clock)]
        found.slopes[order[:, None], j, items] = slope.T
