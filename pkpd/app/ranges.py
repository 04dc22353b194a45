"""Bands around the curves of one ask: how uncertain the parameters are, or how much patients differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.functions import Vector
from ..engine.workers import on_threads
from ..errors import nearest
from ..inference.uncertainty.bands import SHARES
from ..inference.uncertainty.coverage import narrow, outside
from ..keyed import Keyed
from ..output.trajectory import Trajectory
from ..trials.patients.cohort import pieces_of, simulate_cohort
from ..trials.patients.course import Course
from ..trials.patients.enrol import enrol
from ..trials.patients.spread import Spread, spread_of
from ..trials.run import Run
from ..trials.uncertainty import Uncertainty, run_bands, uncertainty_of
from .answer import curve_names, simulated
from .asked import Ask, AskError, blamed, read_ask
from .command import bands_command
from .offered import Offer

KINDS = ("uncertainty", "population")
PATIENTS, MOST_PATIENTS = 200, 500
MOST_SEED = 2**32 - 1
MOST_ROWS = 2000  # times of a band; of more, some are left out
PIECE = 64  # patients in one call, so that cores share them; the numbers do not depend on it
_KEYS = ("ask", "kind", "patients", "seed")


@dataclass(frozen=True, slots=True)
class BandAsk:
    """A band asked for; `patients` and `seed` are those of a population."""

    ask: Ask
    kind: str
    patients: int = PATIENTS
    seed: int = 1


def read_bands(body: object, offer: Offer) -> BandAsk:
    """A band from JSON; AskError for what it does not know."""
    if not isinstance(body, Mapping):
        raise AskError("a request for bands is an object with the keys ask and kind")
    for key in body:
        if key not in _KEYS:
            raise AskError(f"a request for bands has the unknown key '{str(key)[:40]}'{nearest(str(key)[:40], _KEYS)}")
    kind = body.get("kind", "uncertainty")
    if kind not in KINDS:
        raise AskError(f"bands are of the kind {' or '.join(KINDS)}, not '{str(kind)[:40]}'", "kind")
    patients = _whole(body.get("patients", PATIENTS), 2, MOST_PATIENTS, "patients")
    seed = _whole(body.get("seed", 1), 0, MOST_SEED, "seed")
    return BandAsk(read_ask(body.get("ask", {}), offer), kind, patients, seed)


def ranges(body: object, offer: Offer) -> dict[str, Any]:
    """What `POST /api/bands` answers: 5, 50 and 95 % at the times of the curves; every number is finite. `count` are
    the draws or patients behind it, `failed` those without numbers. AskError names the part at fault.
    """
    asked = read_bands(body, offer)
    ask, notes = asked.ask, list[str]()
    run, (whole,) = simulated(ask, offer)
    step = -(-len(whole.times) // MOST_ROWS)
    trajectory = _thinned(whole, step)
    if step > 1:
        notes.append(f"the bands are shown at one in {step} of the {len(whole.times)} times of the table")
    names = curve_names(ask, trajectory.outputs)
    with blamed("", ask):
        if asked.kind == "uncertainty":
            values, count, failed = _uncertain(run, trajectory, names, ask, offer, notes)
        else:
            values, count, failed = _population(run, trajectory, names, asked)
    return {
        "kind": asked.kind,
        "times": trajectory.times.tolist(),
        "bands": {name: _band(trajectory.unit(name), own) for name, own in zip(names, values, strict=True)},
        "count": count,
        "failed": failed,
        "notes": notes,
        "command": bands_command(ask, offer, asked.kind, asked.patients, asked.seed),
    }


def _whole(value: object, least: int, most: int, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise AskError(f"{field} is a whole number from {least} to {most}", field)
    return value


def _thinned(trajectory: Trajectory, step: int) -> Trajectory:
    """Every so many rows, and the last."""
    times = trajectory.times
    return trajectory if step == 1 else trajectory.at(np.append(times[::step], times[-1]))


def _uncertain(
    run: Run, trajectory: Trajectory, names: Sequence[str], ask: Ask, offer: Offer, notes: list[str]
) -> tuple[list[Vector], int, int]:
    """Quantiles over draws of the parameters, each of shape (3, rows)."""
    found, said = drawn_for(run, ask, offer)
    notes += said
    (band,) = run_bands(run, (trajectory,), found)
    return [band[name] for name in names], band.draws, band.failed


def drawn_for(run: Run, ask: Ask, offer: Offer) -> tuple[Uncertainty, list[str]]:
    """The draws that a run is repeated with, and what to know of them; AskError where there are none, or where they
    vary only what the ask changes.
    """
    if (offered := offer.draws.get((ask.model, ask.set))) is None:
        raise AskError(f"there are no draws of the parameters of model {ask.model}, set '{ask.set}'", "set")
    base = offer.base(ask.model, ask.set)
    found, said = uncertainty_of(run, offered.draws, base, [name for name, _ in ask.changes])
    if found is None:
        raise AskError(said[-1], "changes")
    return found, [*said, *(text for text in (narrow(offered.draws, base), outside(offered.draws, base)) if text)]


def _population(
    run: Run, trajectory: Trajectory, names: Sequence[str], asked: BandAsk
) -> tuple[list[Vector], int, int]:
    """Quantiles over virtual patients around the typical values, each of shape (3, rows)."""
    arm = run.arms[0]
    own = (run.side, run.tolerances, arm.bsa, arm.weight)
    course = Course(run.model, arm.schedule, arm.parameters, tuple(names), trajectory.times, *own)
    spread = spread_of(arm.parameters)
    tasks = [_Task(course, spread, Keyed(asked.seed), *piece) for piece in pieces_of(asked.patients, PIECE)]
    found = np.concatenate(list(on_threads(_simulated, tasks, run.model)))
    kept = found[np.isfinite(found).all(axis=(1, 2))]
    if not len(kept):
        raise AskError(f"none of the {asked.patients} virtual patients can be simulated")
    values = [np.quantile(kept[:, k], SHARES, axis=0) for k in range(len(names))]
    return values, len(kept), len(found) - len(kept)


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Some of the patients."""

    course: Course
    spread: Spread
    keyed: Keyed
    first: int
    count: int


def _simulated(task: _Task) -> Vector:
    """Outputs of patients, shape (patients, outputs, rows), NaN for those who failed."""
    patients = enrol(task.course, task.spread, task.keyed, task.first, task.count)
    return simulate_cohort(task.course, patients).values


def _band(unit: str, values: Vector) -> dict[str, Any]:
    low, median, high = values.tolist()
    return {"unit": unit, "low": low, "median": median, "high": high}
