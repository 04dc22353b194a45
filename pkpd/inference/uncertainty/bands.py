"""Bands around the lines of a run: every arm simulated with draws of its parameters, and quantiles of each output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...engine.batch import simulate_piece
from ...engine.functions import Vector
from ...engine.run import Rows
from ...engine.workers import on_threads
from ...errors import InferenceError
from ...many import piece_of, pieces, with_sizes
from ...output.tables import Table, stack
from ...output.trajectory import Trajectory
from ...parameters import Parameters
from .coverage import unvaried

if TYPE_CHECKING:
    from ...dosing.schedule import Schedule
    from ...engine.tolerances import Tolerances
    from .draws import Draws

COUNT = 200  # draws; the 5 and 95 % quantiles of so many lie within about 2 % of theirs
SHARES = (0.05, 0.5, 0.95)
# Numbers held at once: outputs of all draws, and rows of one call of the kernel, which keeps all states at each.
MOST_NUMBERS, MOST_ROWS = 20_000_000, 500_000
PIECE = 32  # draws in one call: few enough to share between cores


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """One arm as draws meet it: who is simulated, on which schedule, and the parameters `held` at the arm's own values
    whatever the draws say (those of a study's own patients, and those a user set).
    """

    schedule: Schedule
    parameters: Parameters
    bsa: float | None = None
    weight: float | None = None
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """90 % range of the outputs of one arm.

    `values` has shape (outputs, 3, rows): the 5, 50 and 95 % quantiles, each in its output's unit, at the rows of the
    arm's trajectory. `draws` counts those used, `failed` those without numbers. `varied` names what the draws vary and
    `unvaried` the parameters with a prior that they do not.
    """

    arm: str
    times: Vector
    sides: tuple[str, ...]
    outputs: tuple[str, ...]
    units: tuple[str, ...]
    values: Vector
    draws: int
    failed: int
    varied: tuple[str, ...] = ()
    unvaried: tuple[str, ...] = ()

    def __getitem__(self, output: str) -> Vector:
        """Low, median and high of an output, shape (3, rows)."""
        band: Vector = self.values[self.outputs.index(output)]
        return band

    def table(self) -> Table:
        """A tidy table: arm, time (days), side, output, low, median, high, unit."""
        n = len(self.times)
        low, median, high = (self.values[:, k].ravel().tolist() for k in range(3))
        return Table(
            (
                ("arm", [self.arm] * n * len(self.outputs)),
                ("time", self.times.tolist() * len(self.outputs)),
                ("side", list(self.sides) * len(self.outputs)),
                ("output", [name for name in self.outputs for _ in range(n)]),
                ("low", low),
                ("median", median),
                ("high", high),
                ("unit", [unit for unit in self.units for _ in range(n)]),
            )
        )


def bands_csv(bands: Sequence[Band]) -> bytes:
    """The bands of all arms as one CSV file."""
    return stack([band.table() for band in bands]).to_csv().encode()


def thinned(draws: Draws, count: int = COUNT) -> Draws:
    """At most `count` of the draws, evenly spaced, so that every part of a chain is among them."""
    if count < 1:
        raise InferenceError(f"{count} draws cannot make a band; give 1 or more")
    if len(draws.values) <= count:
        return draws
    kept = np.round(np.linspace(0, len(draws.values) - 1, count)).astype(int)
    return replace(draws, values=draws.values[kept], lines=tuple(draws.lines[k] for k in kept) if draws.lines else ())


def without(draws: Draws, names: Sequence[str]) -> Draws | None:
    """The draws less some parameters; None where no other is left."""
    kept = [k for k, name in enumerate(draws.names) if name not in names]
    own, units = (tuple(texts[k] for k in kept) for texts in (draws.names, draws.units))
    return replace(draws, names=own, units=units, values=draws.values[:, kept]) if kept else None


def bands(
    trajectories: Sequence[Trajectory], patients: Sequence[Patient], model: str, draws: Draws, tolerances: Tolerances
) -> tuple[Band, ...]:
    """The band of each arm at the rows of its trajectory, always by the compiled engine.

    A draw that cannot be simulated in an arm is counted and left out. InferenceError where none can, or where an arm
    has too many rows; other PkpdErrors for draws that are not the model's.
    """
    pairs = zip(trajectories, patients, strict=True)
    return tuple(_band(trajectory, patient, model, draws, tolerances) for trajectory, patient in pairs)


def _band(trajectory: Trajectory, patient: Patient, model: str, draws: Draws, tolerances: Tolerances) -> Band:
    names, count = trajectory.outputs, len(draws.values)
    columns = _columns(draws, patient)
    found = np.empty((len(names), len(SHARES), len(trajectory.times)))
    size = MOST_NUMBERS // (count * len(trajectory.times))
    if size < 1:
        raise InferenceError(
            f"arm '{trajectory.arm}' has {len(trajectory.times)} times, and a band of {count} draws can have at most "
            f"{MOST_NUMBERS // count}; choose a longer step"
        )
    failed: set[int] = set()
    for first in range(0, len(names), size):
        outputs = names[first : first + size]
        values, missing = _simulated(trajectory, patient, model, columns, outputs, tolerances)
        failed |= missing
        good = [k for k in range(count) if k not in missing]
        if not good:
            raise InferenceError(f"none of the {count} draws of {draws.origin} can be simulated")
        found[first : first + size] = np.moveaxis(np.quantile(values[good], SHARES, axis=0), 0, 1)
    units = tuple(trajectory.unit(name) for name in names)
    used = count - len(failed)
    rest = unvaried(draws.names, patient.parameters)
    own = (trajectory.arm, trajectory.times, trajectory.sides)
    return Band(*own, names, units, found, used, len(failed), draws.names, rest)


def _simulated(
    trajectory: Trajectory,
    patient: Patient,
    model: str,
    columns: dict[str, Vector],
    outputs: Sequence[str],
    tolerances: Tolerances,
) -> tuple[Vector, set[int]]:
    """Outputs of every draw, shape (draws, outputs, rows), and the numbers of those that failed."""
    posts = np.array([side == "post" for side in trajectory.sides])
    times = trajectory.times
    whole = piece_of(model, patient.schedule, patient.parameters, columns, outputs, times, "pre", tolerances)
    whole = with_sizes(replace(whole, rows=Rows(times, posts.astype(np.int64))), patient.bsa, patient.weight)
    # pieces that keep few enough states; the numbers do not depend on how draws are cut
    size = min(PIECE, max(1, MOST_ROWS // len(times)))
    found = list(on_threads(simulate_piece, pieces(whole, size), model))
    failed = {failure.patient for some in found for failure in some.failures}
    return np.concatenate([some.values for some in found]), failed


def _columns(draws: Draws, patient: Patient) -> dict[str, Vector]:
    """What differs between the draws in this arm, in the units of its parameters."""
    values = draws.in_units_of(patient.parameters)
    columns = {name: values[:, k] for k, name in enumerate(draws.names) if name not in patient.held}
    # where everything is held, as many equal patients as draws keep the shape
    return columns or {draws.names[0]: np.full(len(values), patient.parameters[draws.names[0]].value)}


def held(own: Parameters, fitted: Parameters, draws: Draws) -> tuple[str, ...]:
    """Drawn parameters that an arm has from elsewhere than from the set that the draws belong to."""
    both = (name for name in draws.names if name in fitted and name in own)
    return tuple(name for name in both if own[name] != fitted[name])
