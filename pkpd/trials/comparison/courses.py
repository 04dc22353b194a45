"""The courses behind a comparison: outputs of every regimen over time, with the range of the draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...inference.uncertainty.bands import Band
from ...output.tables import Table, stack
from ...output.trajectory import Trajectory
from ..run import Run, simulate_run

if TYPE_CHECKING:
    from ..uncertainty import Uncertainty

SHOWN = ("il2", "treg_fold", "nk_fold", "cd56bright_fold", "eosinophils_fold")


def shown_outputs(known: Sequence[str]) -> tuple[str, ...]:
    """The outputs that are drawn, of those a model has: IL-2 and the folds of cells, else its first five."""
    return tuple(name for name in SHOWN if name in known) or tuple(known[: len(SHOWN)])


def courses_of(run: Run, uncertainty: Uncertainty | None = None) -> tuple[tuple[Trajectory, ...], tuple[Band, ...]]:
    """One trajectory a regimen at the run's own times, and one band each where there are draws. Raises PkpdError."""
    trajectories = simulate_run(run)
    if uncertainty is None:
        return trajectories, ()
    from ..uncertainty import run_bands

    return trajectories, run_bands(run, trajectories, uncertainty)


def lettered(trajectories: Sequence[Trajectory]) -> tuple[Trajectory, ...]:
    """The same courses, each called by its letter and name: `A: he2020`."""
    return tuple(replace(t, arm=f"{chr(ord('A') + k)}: {t.arm}") for k, t in enumerate(trajectories))


def courses_csv(trajectories: Sequence[Trajectory], bands: Sequence[Band]) -> bytes:
    """A tidy table: regimen, time (days), side, output, value, low, high (5 and 95 % of draws, empty without), unit."""
    own: Sequence[Band | None] = bands or [None] * len(trajectories)
    return stack([_table(t, band) for t, band in zip(trajectories, own, strict=True)]).to_csv().encode()


def _table(t: Trajectory, band: Band | None) -> Table:
    names, count = shown_outputs(t.outputs), len(t.times)
    ends = [[None] * count if band is None else band[name][end].tolist() for end in (0, 2) for name in names]
    columns: dict[str, Sequence[object]] = {
        "regimen": [t.arm] * count * len(names),
        "time": t.times.tolist() * len(names),
        "side": list(t.sides) * len(names),
        "output": [name for name in names for _ in range(count)],
        "value": [v for name in names for v in t[name].tolist()],
        "low": [v for some in ends[: len(names)] for v in some],
        "high": [v for some in ends[len(names) :] for v in some],
        "unit": [t.unit(name) for name in names for _ in range(count)],
    }
    return Table(tuple(columns.items()))
