"""The main numbers of a run for `pkpd report`: the peak after the first dose, and the highest cells of each arm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..inference.uncertainty.bands import Band
    from ..output.trajectory import Trajectory
    from ..trials.run import Run, RunArm

Row = tuple[str, str, str, str, str]
CELLS = ("treg", "nk", "cd56bright")
OTHERS = 3  # outputs of a model that has none of these


def run_numbers(run: Run, found: Sequence[Trajectory], bands: Sequence[Band]) -> tuple[Row, ...]:
    """Arm, what, value with its unit, 90 % range and day, of each arm that is given doses, as `pkpd run` prints them.

    Cells are those of the visit where they are highest, or of all times where there are no visits.
    """
    own: Sequence[Band | None] = bands or [None] * len(run.arms)
    rows: list[Row] = []
    for arm, trajectory, band in zip(run.arms, found, own, strict=True):
        if trajectory.doses:
            rows += [*_exposed(run, arm, trajectory), *_highest(run, arm, trajectory, band)]
    return tuple(rows)


def _exposed(run: Run, arm: RunArm, trajectory: Trajectory) -> Iterator[Row]:
    from ..trials.summary import drug_output, exposures

    for e in exposures(run, arm, trajectory)[:1]:
        what = f"{drug_output(trajectory)}, peak after the first dose"
        yield arm.label, what, f"{_digits(e.cmax)} {e.unit}", "", f"{e.day:g}"


def _highest(run: Run, arm: RunArm, trajectory: Trajectory, band: Band | None) -> Iterator[Row]:
    from ..endpoints import at_visit

    visits = [v for v in run.visits if _row(trajectory, v) is not None]
    where = "at a visit" if visits else "at any time"
    for name in _outputs(trajectory):
        values = [at_visit(trajectory, name, day) for day in visits or trajectory.times]
        best = int(np.argmax(values))
        day = float((visits or trajectory.times)[best])
        unit = "-fold" if name.endswith("_fold") else f" {trajectory.unit(name)}".removesuffix(" 1")
        shown = f"{name.removesuffix('_fold')}, highest {where}"
        yield arm.label, shown, f"{_digits(values[best])}{unit}", _range(trajectory, band, name, day), f"{day:g}"


def _outputs(trajectory: Trajectory) -> list[str]:
    cells = [c for c in CELLS if c in trajectory.outputs] or list(trajectory.outputs[:OTHERS])
    return [f"{c}_fold" if f"{c}_fold" in trajectory.outputs else c for c in cells]


def _range(trajectory: Trajectory, band: Band | None, name: str, day: float) -> str:
    if band is None:
        return ""
    low, _, high = band[name][:, _row(trajectory, day)]
    return f"{_digits(float(low))} to {_digits(float(high))}"


def _row(trajectory: Trajectory, day: float) -> int | None:
    from ..engine.events import TIE

    found = np.flatnonzero(np.abs(trajectory.times - day) <= TIE)
    return int(found[0]) if found.size else None


def _digits(value: float) -> str:
    """Three significant digits."""
    return f"{value:#.3g}".rstrip(".")
