"""One shard: its patients drawn, simulated and counted; what a worker does, here or elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..engine.batch import Failure, Found, simulate_piece
from ..engine.functions import Vector
from ..engine.parcel import unpack
from ..many import piece_of, pieces
from .request import SHARD, Request
from .summary import SHOWN, Part
from .tally import tally_of


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """What comes back of a shard: its part of the summary and, where patients are kept (`parquet`), what was drawn for
    each, its endpoints, and all failures; columns by name, shape (patients,).
    """

    part: Part
    drawn: dict[str, Vector]
    endpoints: dict[str, Vector]
    failures: tuple[Failure, ...]


def simulate_packed(packed: bytes, shard: int) -> Finished:
    """`simulate_shard` for a request that arrives packed."""
    return simulate_shard(unpack(packed), shard)


def simulate_shard(request: Request, shard: int) -> Finished:
    """Draw, simulate and count the patients of a shard (from 0); patients who fail are reported, the others finish."""
    first = shard * SHARD
    drawn = request.draw.values(first, request.patients_in(shard))
    shared = (request.simulated, request.times, request.side, request.tolerances)
    whole = replace(piece_of(request.model, request.schedule, request.parameters, drawn, *shared), first=first)
    columns, failures = list[Vector](), list[Failure]()
    # piece by piece, so that no more than one piece's trajectories are held
    for piece in pieces(whole):
        found = simulate_piece(piece)
        columns.append(_columns(request, found))
        failures += found.failures
    values = np.concatenate(columns, axis=1)
    part = Part(tally_of(values, request.grid), len(failures), tuple(failures[:SHOWN]))
    if not request.parquet:
        return Finished(part, {}, {}, ())
    rows = values[len(values) - len(request.endpoints) :]
    endpoints = {e.name: row for e, row in zip(request.endpoints, rows, strict=True)}
    return Finished(part, drawn, endpoints, tuple(failures))


def _columns(request: Request, found: Found) -> Vector:
    """Every number that is summarised, shape (columns, patients): outputs time by time, then endpoints."""
    names = request.simulated
    over_time = found.values[:, : len(request.outputs)].reshape(len(found.values), -1)
    measured = [e.of(request.times, found.values[:, names.index(e.output)]) for e in request.endpoints]
    return np.concatenate([over_time.T, np.array(measured).reshape(len(measured), len(found.values))])
