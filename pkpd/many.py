"""Thousands of patients in one call: outputs as arrays, on all cores, on a pool of processes or on a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .dosing.library import load_schedule
from .dosing.schedule import Schedule
from .engine.batch import Failure, Found, Piece, simulate_piece
from .engine.code.library import outline_of
from .engine.compile import own_vector
from .engine.functions import Vector
from .engine.plan import Whole
from .engine.run import Rows
from .engine.tolerances import DEFAULT, Tolerances
from .engine.workers import in_order, on_threads
from .errors import ParameterError, SimulationError, nearest
from .model.outline import Outline
from .parameters import Parameters
from .simulation import checked_times, grid
from .units import coherent_factor, factor

if TYPE_CHECKING:
    from .model.declaration import Model

PIECE = 128  # patients in one call of the kernel: few enough to share between cores, enough to fill its lanes


@dataclass(frozen=True, slots=True, eq=False)
class Many:
    """Outputs of many patients. `many["treg"]` has shape (patients, times), in the output's own unit, NaN for patients
    who failed; `failures` says who, when and why; `steps` holds (steps, rejected steps) of each patient.
    """

    outputs: tuple[str, ...]
    units: tuple[str, ...]
    times: Vector
    side: str
    values: Vector
    steps: Whole
    failures: tuple[Failure, ...]

    def __getitem__(self, name: str) -> Vector:
        if name not in self.outputs:
            raise SimulationError(f"'{name}' was not among the outputs asked for{nearest(name, self.outputs)}")
        return self.values[:, self.outputs.index(name)]


def simulate_many(
    schedule: Schedule | str,
    model: Model | str = "il2",
    parameters: Parameters | None = None,
    values: Mapping[str, Sequence[float] | Vector] | None = None,
    *,
    outputs: Sequence[str] = (),
    times: Sequence[float] | Vector | None = None,
    days: float | str | None = None,
    step: float | str = "1d",
    side: str = "pre",
    tolerances: Tolerances = DEFAULT,
    executor: Executor | None = None,
    threads: int | None = None,
) -> Many:
    """Simulate many patients who get the same schedule, with the compiled engine.

    `values` gives parameters that differ between patients, one number a patient in the unit the parameter has in
    `parameters` (by default the model's own); body size (`bsa`, `weight`) among them also sizes the doses. `outputs`
    are all of the model's unless named; times and `side` ("pre" or "post") are as in `simulate`. The work is shared by
    `threads` (all cores unless said), or by any executor of `concurrent.futures`; a patient's numbers are the same, to
    the last bit, whoever else is simulated and wherever. A patient who fails is reported in `failures`, and the others
    finish. Raises PkpdError.
    """
    plan = load_schedule(schedule) if isinstance(schedule, str) else schedule
    if side not in ("pre", "post"):
        raise SimulationError(f"side '{side}' is neither pre nor post{nearest(side, ('pre', 'post'))}")
    asked = checked_times(times) if times is not None else grid(plan, days, step)
    whole = piece_of(model, plan, parameters, values or {}, outputs, asked, side, tolerances)
    found = list(_shared(whole, executor, threads))
    shape = outline_of(model)
    return Many(
        outputs=tuple(shape.outputs[k].name for k in whole.outputs),
        units=tuple(shape.outputs[k].unit for k in whole.outputs),
        times=asked,
        side=side,
        values=np.concatenate([f.values for f in found]),
        steps=np.concatenate([f.steps for f in found]),
        failures=tuple(failure for f in found for failure in f.failures),
    )


def piece_of(
    model: Model | str,
    schedule: Schedule,
    parameters: Parameters | None,
    values: Mapping[str, Sequence[float] | Vector],
    outputs: Sequence[str],
    times: Vector,
    side: str,
    tolerances: Tolerances,
) -> Piece:
    """All patients as one piece, everything resolved; PkpdError for what does not fit."""
    shape = outline_of(model)
    base = shape.defaults if parameters is None else parameters.over(shape.defaults)
    own = own_matrix(shape, base, values)
    sizes = np.stack([_column(shape, base, own, *size) for size in (("bsa", "m2"), ("weight", "kg"))], axis=1)
    posts = np.full(len(times), int(side == "post"))
    numbers = output_numbers(shape, outputs)
    return Piece(model, schedule, own, sizes, Rows(times, posts), numbers, tolerances, base.origin)


def with_sizes(whole: Piece, bsa: float | None, weight: float | None) -> Piece:
    """Patients with a body size that was stated (m2 and kg), where their parameters do not say it: doses need it also
    where the model itself has no use for it.
    """
    stated = np.array([np.nan if size is None else size for size in (bsa, weight)])
    return replace(whole, sizes=np.where(np.isnan(whole.sizes), stated, whole.sizes))


def pieces(whole: Piece, size: int = PIECE) -> Iterator[Piece]:
    """The patients of a piece in pieces of fixed size, so that the same patients share a call wherever it runs."""
    for first in range(0, len(whole.own), size):
        rows = slice(first, first + size)
        yield replace(whole, own=whole.own[rows], sizes=whole.sizes[rows], first=whole.first + first)


def own_matrix(model: Outline, base: Parameters, values: Mapping[str, Sequence[float] | Vector]) -> Vector:
    """Parameters in the model's order and coherent units, one row a patient; NaN and unknown names are refused."""
    columns = {name: np.asarray(column, dtype=float) for name, column in values.items()}
    counts = {column.shape for column in columns.values()}
    if len(counts) > 1 or any(len(shape) != 1 or shape == (0,) for shape in counts):
        shown = ", ".join(f"{name} {column.shape}" for name, column in columns.items())
        raise ParameterError(f"values of patients are lists of one length, with one number a patient, found {shown}")
    own = np.tile(own_vector(model, base), (next(iter(counts))[0] if counts else 1, 1))
    declared = [d.name for d in model.parameters]
    for name, column in columns.items():
        if name not in declared:
            raise ParameterError(f"model {model.name} has no parameter '{name}'{nearest(name, declared)}")
        if not np.all(np.isfinite(column)):
            patient = int(np.argmin(np.isfinite(column)))
            raise ParameterError(f"{name} of patient {patient} (counted from 0) is {column[patient]:g}, not a number")
        unit = model.parameters[declared.index(name)].unit
        scale = factor(base[name].unit, unit) * coherent_factor(unit, model.time)
        own[:, declared.index(name)] = column * scale
        low = int(np.argmin(column))
        if column[low] < 0 <= base[name].bounds[0]:
            raise ParameterError(f"{name} of patient {low} (counted from 0) is {column[low]:g} and cannot be negative")
    return own


def output_numbers(model: Outline, outputs: Sequence[str]) -> tuple[int, ...]:
    """Which outputs are meant; SimulationError with the nearest name."""
    names = [o.name for o in model.outputs]
    for name in outputs:
        if name not in names:
            raise SimulationError(f"model {model.name} has no output '{name}'{nearest(name, names)}")
    return tuple(names.index(name) for name in outputs) if outputs else tuple(range(len(names)))


def _shared(whole: Piece, executor: Executor | None, threads: int | None) -> Iterator[Found]:
    """What every piece yields, in order."""
    if executor is None:
        return on_threads(simulate_piece, pieces(whole), whole.model, threads)
    return in_order(lambda piece: executor.submit(simulate_piece, piece), pieces(whole), "its patients were simulated")


def _column(model: Outline, base: Parameters, own: Vector, name: str, unit: str) -> Vector:
    """Body size of each patient in a unit, NaN where the model does not know it."""
    declared = [d.name for d in model.parameters]
    if name not in declared:
        return np.full(len(own), base[name].in_unit(unit) if name in base else np.nan)
    k = declared.index(name)
    return own[:, k] / (coherent_factor(model.parameters[k].unit, model.time) * factor(unit, model.parameters[k].unit))
