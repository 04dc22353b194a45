"""The results of a virtual trial as tidy tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.functions import Vector
from ...output.tables import Table
from .analysis import log_folds
from .result import VirtualTrial

SIGNIFICANT = 0.05
SHARES = (5, 50, 95)


def statistics_table(trial: VirtualTrial) -> Table:
    """One row a replicate, arm, visit and output."""
    s, (reps, arms, visits, outputs) = trial.statistics, trial.statistics.n.shape
    rep, arm, visit, output = (axis.ravel() for axis in np.indices((reps, arms, visits, outputs)))
    return Table(
        (
            ("rep", (rep + 1).tolist()),
            ("arm", [trial.arms[k].name for k in arm.tolist()]),
            ("day", [trial.visits[k] for k in visit.tolist()]),
            ("output", [trial.outputs[k] for k in output.tolist()]),
            ("n", s.n.ravel().tolist()),
            ("mean", _cells(s.mean)),
            ("sd", _cells(s.sd)),
            ("unit", [trial.units[k] for k in output.tolist()]),
            ("fold", _cells(np.exp(s.log_mean))),
            ("log_sd", _cells(s.log_sd)),
            ("p_baseline", _cells(s.p_baseline)),
            ("p_control", _cells(s.p_control)),
            ("below", s.below.ravel().tolist()),
        )
    )


def summary_table(trial: VirtualTrial) -> Table:
    """One row an arm, visit and output: quantiles over the replicates, and shares of replicates with p < 0.05."""
    s = trial.statistics
    _, arms, visits, outputs = s.n.shape
    arm, visit, output = (axis.ravel() for axis in np.indices((arms, visits, outputs)))
    columns: list[tuple[str, Any]] = [
        ("arm", [trial.arms[k].name for k in arm.tolist()]),
        ("day", [trial.visits[k] for k in visit.tolist()]),
        ("output", [trial.outputs[k] for k in output.tolist()]),
        ("unit", [trial.units[k] for k in output.tolist()]),
        ("n", np.median(s.n, axis=0).ravel().tolist()),
    ]
    for name, values in (("mean", s.mean), ("sd", s.sd), ("fold", np.exp(s.log_mean)), ("log_sd", s.log_sd)):
        for label, row in zip(("low", "median", "high"), quantiles(values), strict=True):
            columns.append((f"{name}_{label}", _cells(row)))
    for name, p in (("baseline", s.p_baseline), ("control", s.p_control)):
        columns.append((f"power_{name}", _cells(power(p))))
    columns.append(("below", s.below.sum(axis=0).ravel().tolist()))
    return Table(tuple(columns))


def quantiles(values: Vector) -> Vector:
    """5, 50 and 95 % over the replicates that have a number, shape (3, ...); NaN where none has."""
    flat = values.reshape(len(values), -1)
    found = np.full((len(SHARES), flat.shape[1]), np.nan)
    for k in range(flat.shape[1]):
        own = flat[np.isfinite(flat[:, k]), k]
        if len(own):
            found[:, k] = np.percentile(own, SHARES)
    return found.reshape(len(SHARES), *values.shape[1:])


def power(p: Vector) -> Vector:
    """Share of replicates with p < 0.05 among those with a p; NaN where none has one."""
    there = np.isfinite(p)
    counted = np.where(there, p, 1.0) < SIGNIFICANT
    tests = there.sum(axis=0)
    return np.where(tests > 0, counted.sum(axis=0) / np.maximum(tests, 1), np.nan)


def example_table(trial: VirtualTrial) -> Table:
    """All samples of the first replicate."""
    e = trial.example
    folds = np.exp(log_folds(e.measured[None])[0])
    seen = np.isfinite(e.measured)
    patient, visit, output = (axis.tolist() for axis in np.nonzero(seen))
    return Table(
        (
            ("rep", [1] * len(patient)),
            ("arm", [trial.arms[int(e.arm[k])].name for k in patient]),
            ("id", [k + 1 for k in patient]),
            ("time", e.days[patient, visit].tolist()),
            ("side", [trial.side] * len(patient)),
            ("output", [trial.outputs[k] for k in output]),
            ("value", e.measured[seen].tolist()),
            ("unit", [trial.units[k] for k in output]),
            ("visit", [trial.visits[k] for k in visit]),
            ("below", e.below[seen].astype(int).tolist()),
            ("level", e.levels[seen].tolist()),
            ("fold", _cells(folds[seen])),
        )
    )


def attendance_table(trial: VirtualTrial) -> Table:
    """Every patient of every replicate."""
    a = trial.attendance
    reps, patients = a.arm.shape
    rep, patient = (axis.ravel() for axis in np.indices((reps, patients)))
    columns: list[tuple[str, Any]] = [
        ("rep", (rep + 1).tolist()),
        ("arm", [trial.arms[k].name for k in a.arm.ravel().tolist()]),
        ("id", (patient + 1).tolist()),
        ("left", _cells(a.left)),
        ("given", a.given.ravel().tolist()),
        ("missed", a.missed.ravel().tolist()),
    ]
    for name in ("antibodies", "failed", "redrawn"):
        columns.append((name, getattr(a, name).ravel().astype(int).tolist()))
    columns += [(name, _cells(values)) for name, values in trial.exposures.items()]
    return Table(tuple(columns))


def counts_table(trial: VirtualTrial) -> Table:
    """Totals over the replicates, one row an arm."""
    a, s = trial.attendance, trial.statistics
    mine = [a.arm == k for k in range(len(trial.arms))]
    counted = {
        "dropped": a.dropped,
        "doses_given": a.given,
        "doses_missed": a.missed,
        "antibodies": a.antibodies,
        "failed": a.failed,
        "redrawn": a.redrawn,
    }
    columns: list[tuple[str, Any]] = [
        ("arm", [arm.name for arm in trial.arms]),
        ("label", [arm.label for arm in trial.arms]),
        ("randomised", list(trial.sizes)),
        ("replicates", [trial.replicates] * len(trial.arms)),
    ]
    columns += [(name, [int(values[own].sum()) for own in mine]) for name, values in counted.items()]
    for name, cells in (("samples", s.n), ("below", s.below)):
        columns.append((name, [int(cells[:, k].sum()) for k in range(len(trial.arms))]))
    return Table(tuple(columns))


def _cells(values: Vector) -> list[float | None]:
    """Numbers, and None for what is none: an empty cell."""
    return [float(v) if np.isfinite(v) else None for v in values.ravel().tolist()]
