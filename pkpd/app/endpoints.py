"""The rows of the endpoint table: what was given, exposure after the first and the last dose, peaks of cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..dosing.blocks import blocks
from ..dosing.given import GivenDose, total_given
from ..endpoints import Exposure
from ..engine.events import TIE
from ..output.trajectory import Trajectory
from ..quantities import Dosed, names, quantity
from ..trials.run import Run
from ..trials.summary import drug_output, exposures

CELLS = ("treg", "nk", "cd56bright", "eosinophils")
OTHERS = 4  # outputs of a model that has none of these
# number of the comparison -> what the table calls it
COMPARED = {"treg_gain": "area", "selectivity": "selectivity"}
_EXPOSURE = {"cmax": "{0}", "tmax": "h", "auc": "{0}*h", "half_life": "h", "trough": "{0}"}
_ROUNDING = 1e-9  # of a level; a rise by less is none


def endpoints_of(run: Run, trajectory: Trajectory) -> list[dict[str, Any]]:
    """Rows of id, output, what, day, value and unit of one arm, up to the last time simulated.

    `id` is the same for the same kind of number in every regimen. `value` is None where it cannot be told, and `day`
    where the number is of no day. Exposure is left out where the days to the next dose are not all simulated. `area`
    and `selectivity` are `treg_gain` and `selectivity` of `pkpd compare`, at the rows of the trajectory.
    """
    end = run.times[-1]
    doses = [d for d in trajectory.doses if float(d.time) <= end + TIE]
    return [
        *_given(doses),
        *_exposed(run, trajectory, doses),
        *_peaks(trajectory),
        *_compared(trajectory, len([d for d in doses if d.amount > 0]), end),
    ]


def _row(name: str, output: str, what: str, day: float | None, value: float, unit: str) -> dict[str, Any]:
    shown = float(value) if math.isfinite(value) else None
    return {"id": name, "output": output, "what": what, "day": day, "value": shown, "unit": unit}


def _given(doses: Sequence[GivenDose]) -> Iterator[dict[str, Any]]:
    kept = [d for d in doses if d.amount > 0]
    for k, (total, unit) in enumerate(total_given(kept), 1):
        yield _row("total_given" if k == 1 else f"total_given.{k}", "", "total_given", None, total, unit)
    yield _row("doses", "", "doses", None, float(len(kept)), "1")


def _exposed(run: Run, trajectory: Trajectory, doses: Sequence[GivenDose]) -> Iterator[dict[str, Any]]:
    drug = drug_output(trajectory)
    for which, found in _first_and_last(run, trajectory, doses):
        for what, unit in _EXPOSURE.items():
            name = f"{drug}.{what}.{which}"
            yield _row(name, drug, what, found.day, getattr(found, what), unit.format(found.unit))


def _first_and_last(run: Run, trajectory: Trajectory, doses: Sequence[GivenDose]) -> Iterator[tuple[str, Exposure]]:
    """Exposure after the first and the last dose given, as far as it is simulated."""
    given = [block for block in blocks(doses) if any(d.amount > 0 for d in block)]
    if not given:
        return
    days = [float(d.time) for d in doses if d.amount > 0]
    first, last = min(days), max(days)
    # only the blocks needed, since every day looked at is simulated at every five minutes
    some = given[:1] if len(given) == 1 else [given[0], given[-1]]
    found = [e for block in some for e in exposures(run, run.arms[0], replace(trajectory, doses=tuple(block)))]
    for which, day in (("first", first), ("last", last)):
        own = [e for e in found if abs(e.day - day) <= TIE]
        if own and (which == "first" or last > first):
            yield which, own[0]


def _peaks(trajectory: Trajectory) -> Iterator[dict[str, Any]]:
    """Peaks of cells and of their folds, and the folds at the end."""
    known, drug = trajectory.outputs, drug_output(trajectory)
    cells = [c for c in CELLS if c in known]
    plain = [o for o in known if o != drug and not o.endswith("_fold")][:OTHERS]
    for cell in cells or plain:
        fold, unit = f"{cell}_fold", trajectory.unit(cell)
        if unit != "1" or fold not in known:  # what has no unit of its own is a fold already
            peak, day = _peak(trajectory, cell)
            yield _row(f"{cell}.peak", cell, "peak", day, peak, unit)
        if fold in known:
            peak, day = _peak(trajectory, fold)
            yield _row(f"{cell}.peak_fold", cell, "peak_fold", day, peak, "1")
            yield _row(f"{cell}.peak_day", cell, "peak_day", None, math.nan if day is None else day, "d")
            end = float(trajectory.times[-1])
            yield _row(f"{cell}.end_fold", cell, "end_fold", end, trajectory[fold][-1], "1")


def _peak(trajectory: Trajectory, output: str) -> tuple[float, float | None]:
    """The highest value and its day, None where nothing rises."""
    values = trajectory[output]
    row = int(np.argmax(values))
    rises = values[row] - values[0] > _ROUNDING * abs(values[row])
    return float(values[row]), float(trajectory.times[row]) if rises else None


def _compared(trajectory: Trajectory, injections: int, end: float) -> Iterator[dict[str, Any]]:
    known = trajectory.outputs
    if len(trajectory.times) < 2:
        return
    dosed = Dosed(np.zeros(1), np.full(1, float(injections)), end)
    units = {name: trajectory.unit(name) for name in known}
    for name, what in COMPARED.items():
        if name in names(known):
            found = quantity(name, known)
            values = {output: trajectory[output][None, :] for output in found.outputs}
            value = float(found.of(trajectory.times, values, dosed)[0])
            yield _row(f"treg.{what}", "treg", what, None, value, found.unit(units))
