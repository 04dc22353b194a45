"""Quantities of one regimen in one patient, for the parameters as they are and for each of many draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...dosing.given import given
from ...engine.batch import Failure, Piece, simulate_piece
from ...engine.code.library import outline_of
from ...engine.events import TIE
from ...engine.functions import Vector
from ...engine.tolerances import DEFAULT
from ...engine.workers import on_threads
from ...errors import SimulationError
from ...many import piece_of, pieces, with_sizes
from ...quantities import Dosed, Measured
from ...simulation import sized
from .sampling import evaluation_rows, injections, total_miu, treatment_end

if TYPE_CHECKING:
    from ...dosing.schedule import Schedule
    from ...engine.tolerances import Tolerances
    from ...inference.uncertainty.draws import Draws
    from ...model.declaration import Model
    from ...parameters import Parameters

PIECE = 32  # draws in one call: few enough to share between cores, and to hold all their times at once


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """Quantities of one regimen: `typical` of shape (quantities,) with the parameters as they are, `values` of shape
    (draws, quantities), NaN where a number cannot be told. `stopped` says why the parameters as they are could not be
    simulated (empty where they could); `failures` are the draws that could not, counted from 0.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    typical: Vector
    values: Vector
    stopped: str = ""
    failures: tuple[Failure, ...] = ()


def evaluate_regimen(
    schedule: Schedule,
    quantities: Sequence[Measured],
    model: Model | str,
    parameters: Parameters,
    draws: Draws | None = None,
    *,
    horizon: float,
    bsa: float | None = None,
    weight: float | None = None,
    held: Sequence[str] = (),
    tolerances: Tolerances = DEFAULT,
    threads: int | None = None,
) -> Evaluated:
    """Quantities from day 0 to `horizon` (days) of a regimen, for `parameters` (laid over the model's own) and for each
    of the `draws`, less the names `held` at the parameters' own values.

    `bsa` (m2) and `weight` (kg) size the doses, and the model where it knows them; else the parameters say. The numbers
    of a draw are the same whatever else is drawn and however many `threads` (all cores unless said) share the work.
    Raises PkpdError for what does not fit; what cannot be simulated is told in the result.
    """
    shape = outline_of(model)
    base, body = sized(parameters.over(shape.defaults), bsa, weight)
    doses = given(schedule, **body)
    days = _days(quantities, horizon)
    until = min(treatment_end(doses), horizon)
    dosed = (total_miu(doses, horizon), float(injections(doses, horizon)), until)
    columns = _columns(base, draws, held)
    outputs = list(dict.fromkeys(o for q in quantities for o in q.outputs))
    rows = evaluation_rows(doses, horizon, [*days, until])
    count = 1 + (len(draws.values) if draws is not None else 0)
    names, units = tuple(q.name for q in quantities), {o.name: o.unit for o in shape.outputs}
    own = tuple(q.unit(units) for q in quantities)
    if not outputs:
        fixed = np.stack([_numbers(q, rows.times, {}, dosed, count) for q in quantities], axis=1)
        return Evaluated(names, own, fixed[0], fixed[1:])
    whole = piece_of(model, schedule, base, columns, outputs, rows.times, "pre", tolerances)
    whole = with_sizes(replace(whole, rows=rows), **body)
    return _gathered(names, own, list(_found(whole, outputs, quantities, dosed, threads)))


def _days(quantities: Sequence[Measured], horizon: float) -> list[float]:
    """The days that quantities look at; SimulationError for one after the horizon."""
    days = [day for q in quantities for day in q.days]
    if not 0 < horizon < np.inf or any(not 0 <= day <= horizon + TIE for day in days):
        late = f", and a quantity looks at day {max(days):g}" if days else ""
        raise SimulationError(f"the days compared are 0 to {horizon:g}{late}; choose a longer horizon")
    return days


_Part = tuple[Vector, tuple[Failure, ...]]


def _found(
    whole: Piece,
    outputs: Sequence[str],
    quantities: Sequence[Measured],
    dosed: tuple[float, float, float],
    threads: int | None,
) -> Iterator[_Part]:
    """The numbers of each block of draws, in order; simulated values of a block are dropped once it is counted."""

    def one(piece: Piece) -> _Part:
        found = simulate_piece(piece)
        values = {name: found.values[:, k] for k, name in enumerate(outputs)}
        own = [_numbers(q, piece.rows.times, values, dosed, len(piece.own)) for q in quantities]
        return np.stack(own, axis=1), found.failures

    return on_threads(one, pieces(whole, PIECE), whole.model, threads)


def _gathered(names: tuple[str, ...], units: tuple[str, ...], parts: Sequence[_Part]) -> Evaluated:
    """Patient 0 has the parameters as they are, the others are draws."""
    numbers = np.concatenate([part for part, _ in parts])
    failures = [failure for _, some in parts for failure in some]
    # a patient without a baseline fails before any day
    stopped = next((f"day {f.day:g}: {f.reason}".removeprefix("day nan: ") for f in failures if not f.patient), "")
    rest = tuple(replace(f, patient=f.patient - 1) for f in failures if f.patient > 0)
    numbers[[f.patient for f in failures]] = np.nan
    return Evaluated(names, units, numbers[0], numbers[1:], stopped, rest)


def _numbers(
    q: Measured, times: Vector, values: dict[str, Vector], dosed: tuple[float, float, float], count: int
) -> Vector:
    total, number, until = dosed
    return q.of(times, values, Dosed(np.full(count, total), np.full(count, number), until))


def _columns(base: Parameters, draws: Draws | None, held: Sequence[str]) -> dict[str, Vector]:
    """What differs between patients, the first of whom has the parameters as they are."""
    if draws is None:
        return {}
    values = draws.in_units_of(base)
    own = {
        name: np.concatenate([[base[name].value], values[:, k]])
        for k, name in enumerate(draws.names)
        if name not in held
    }
    first = draws.names[0]
    # where everything is held, as many equal patients as draws keep the shape
    return own or {first: np.full(len(values) + 1, base[first].value)}
