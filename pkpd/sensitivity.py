"""How outputs move with parameters: derivatives of one patient's trajectory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from .dosing.given import given
from .dosing.library import load_schedule
from .dosing.schedule import Schedule
from .engine.batch import Piece, simulate_piece
from .engine.code.library import outline_of
from .engine.compile import bind, own_vector
from .engine.events import last_dose
from .engine.functions import Vector
from .engine.integrate import failure
from .engine.run import Rows
from .engine.sensitivity import Patient, Slopes, forward
from .engine.tolerances import DEFAULT, Stopped, Tolerances
from .errors import ParameterError, SimulationError, nearest
from .many import output_numbers, piece_of
from .model.outline import Outline
from .parameters import Parameters
from .simulation import checked_times, grid, sized
from .units import coherent_factor, factor

if TYPE_CHECKING:
    from .model.declaration import Model

METHODS = ("forward", "differences")
# Share of a parameter's value to each side in central differences: wrong by its square, and by the solver's own error
# divided by it.
SHARE = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivities:
    """Outputs at `times` (days), shape (times, outputs) in their own units, and `slopes`, shape (times, outputs,
    parameters): how much an output moves per unit of a parameter, in the unit the parameter has in the set.
    """

    outputs: tuple[str, ...]
    parameters: tuple[str, ...]
    times: Vector
    values: Vector
    slopes: Vector

    def of(self, output: str, parameter: str) -> Vector:
        """The derivative of an output with respect to a parameter at every time; SimulationError if not among them."""
        for name, names in ((output, self.outputs), (parameter, self.parameters)):
            if name not in names:
                raise SimulationError(f"'{name}' is not among {', '.join(names)}{nearest(name, names)}")
        return self.slopes[:, self.outputs.index(output), self.parameters.index(parameter)]


def sensitivities(
    schedule: Schedule | str,
    model: Model | str = "il2",
    parameters: Parameters | None = None,
    names: Sequence[str] = (),
    *,
    outputs: Sequence[str] = (),
    times: Sequence[float] | Vector | None = None,
    days: float | str | None = None,
    step: float | str = "1d",
    side: str = "pre",
    method: str = "forward",
    tolerances: Tolerances = DEFAULT,
    bsa: float | None = None,
    weight: float | None = None,
) -> Sensitivities:
    """Derivatives of outputs with respect to the parameters named, for one patient; arguments are as in `simulate`.

    "forward" carries the derivatives through the solution: one pass, as exact as the solution itself. "differences"
    simulates each parameter a little up and down in one batch; it also knows steady-state records, and needs tight
    tolerances. Raises PkpdError.
    """
    plan = load_schedule(schedule) if isinstance(schedule, str) else schedule
    shape = outline_of(model)
    _check_word("method", method, METHODS)
    _check_word("side", side, ("pre", "post"))
    values, body = sized(shape.defaults if parameters is None else parameters.over(shape.defaults), bsa, weight)
    asked = checked_times(times) if times is not None else grid(plan, days, step)
    _check(shape, values, plan, names)
    numbers = output_numbers(shape, outputs)
    rows = Rows(asked, np.full(len(asked), int(side == "post"), dtype=np.int64))
    wanted = tuple(shape.outputs[k].name for k in numbers)
    if method == "differences":
        whole = piece_of(model, plan, values, _beside(values, names), wanted, asked, side, tolerances)
        return _differences(_sized(whole, body), values, names, wanted)
    patient = Patient(bind(model, values), own_vector(shape, values), plan, (body["bsa"], body["weight"]))
    found = _followed(model, patient, names, rows, numbers, tolerances)
    return Sensitivities(wanted, tuple(names), asked, found.values, found.slopes * _units(shape, values, names))


def _followed(
    model: Model | str,
    patient: Patient,
    names: Sequence[str],
    rows: Rows,
    numbers: Sequence[int],
    tolerances: Tolerances,
) -> Slopes:
    """Forward sensitivities; SimulationError with day, last dose and states where the solver fails."""
    declared, (bsa, weight) = [d.name for d in patient.bound.model.parameters], patient.size
    try:
        return forward(model, patient, [declared.index(name) for name in names], rows, numbers, tolerances)
    except Stopped as stop:
        said = partial(last_dose, given(patient.schedule, bsa=bsa, weight=weight))
        raise SimulationError(failure(patient.bound, "compiled", stop, said)) from None


def _units(model: Outline, values: Parameters, names: Sequence[str]) -> Vector:
    """Coherent units in one unit of each parameter as it stands in the set."""
    declared = {d.name: d.unit for d in model.parameters}
    return np.array([factor(values[n].unit, declared[n]) * coherent_factor(declared[n], model.time) for n in names])


def _check_word(what: str, word: str, known: Sequence[str]) -> None:
    """SimulationError with the nearest word unless it is known."""
    if word not in known:
        hint = nearest(word, known) or f"; there are {' and '.join(known)}"
        raise SimulationError(f"there is no {what} '{word}' here{hint}")


def _check(model: Outline, values: Parameters, plan: Schedule, names: Sequence[str]) -> None:
    """Refuse what has no derivative here."""
    declared = [d.name for d in model.parameters]
    if not names:
        raise ParameterError("no parameter was named; give names such as ('treg_ec50',)")
    for name in names:
        if name not in declared:
            raise ParameterError(f"model {model.name} has no parameter '{name}'{nearest(name, declared)}")
        per = {"bsa": "m2", "weight": "kg"}.get(name)
        if per and any(d.per == per for d in plan.doses):
            raise ParameterError(f"doses per {per} change with {name}, which has no derivative here; give flat doses")
    if len(set(names)) < len(names):
        raise ParameterError(f"a parameter is named twice in {', '.join(names)}")


def _beside(values: Parameters, names: Sequence[str]) -> dict[str, Vector]:
    """Values of patients: as they stand, then each parameter a little up, then each a little down."""
    here = np.array([values[name].value for name in names])
    if not np.all(here):
        zero = names[int(np.argmin(np.abs(here)))]
        raise ParameterError(f"{zero} is 0, so a share of it is no step; use method='forward'")
    moves = np.vstack([np.zeros(len(names)), *(sign * np.diag(np.abs(here) * SHARE) for sign in (1, -1))])
    return dict(zip(names, (here + moves).T, strict=True))


def _sized(piece: Piece, body: Mapping[str, float | None]) -> Piece:
    """The piece with the body size given where the model knows none."""
    size = np.array([np.nan if body[name] is None else body[name] for name in ("bsa", "weight")], dtype=float)
    return replace(piece, sizes=np.where(np.isnan(piece.sizes), size, piece.sizes))


def _differences(piece: Piece, values: Parameters, names: Sequence[str], outputs: Sequence[str]) -> Sensitivities:
    """Central differences, all in one batch; the middle is simulated too."""
    found = simulate_piece(piece)
    if found.failures:
        raise SimulationError(found.failures[0].reason)
    up, down = np.split(found.values[1:], 2)
    apart = 2 * SHARE * np.abs([values[name].value for name in names])
    slopes = ((up - down) / apart[:, None, None]).transpose(2, 1, 0)
    return Sensitivities(tuple(outputs), tuple(names), piece.rows.times, found.values[0].T, slopes)
