"""What a run says in words and tables: exposure after the first and last dose of each block, cells at each visit,
every arm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..dosing.blocks import blocks, usual_gap
from ..dosing.given import GivenDose
from ..dosing.sentence import sentence
from ..endpoints import Exposure, at_visit, exposure
from ..engine.events import TIE
from ..output.tables import aligned
from ..output.trajectory import Trajectory
from .run import Run, RunArm, simulate_arm

CELLS = ("treg", "nk", "cd56bright")
FINE = 1 / 288  # days; samples every five minutes tell Tmax to the digit that is printed


def summary(run: Run, trajectories: Sequence[Trajectory]) -> str:
    """The tables of a run as text, ready to print."""
    parts = [f"{run.name}: model {run.model}, engine {run.engine}, relative tolerance {run.tolerances.relative:g}"]
    for arm, trajectory in zip(run.arms, trajectories, strict=True):
        parts.append(f"{arm.label}: {sentence(arm.schedule)}" if len(run.arms) > 1 else sentence(arm.schedule))
        parts += [text for text in (_exposure_text(run, arm, trajectory), _visit_text(run, trajectory)) if text]
    return "\n\n".join(parts)


def drug_output(trajectory: Trajectory) -> str:
    """The output that stands for exposure: plasma IL-2 where the model has it, else its first output."""
    return "il2" if "il2" in trajectory.outputs else trajectory.outputs[0]


def exposures(run: Run, arm: RunArm, trajectory: Trajectory) -> list[Exposure]:
    """Exposure after the first and the last dose of each block, from a simulation of its own sampled every five
    minutes.
    """
    spans = _spans(trajectory.doses, run.times[-1])
    if not spans:
        return []
    grids = [np.linspace(day, day + tau, int(np.clip(tau / FINE, 60, 5000)) + 1) for day, tau in spans]
    fine = simulate_arm(run, arm, np.unique(np.concatenate(grids)).tolist(), side="both")
    return [exposure(fine, day, tau, drug_output(trajectory)) for day, tau in spans]


def _spans(doses: Sequence[GivenDose], until: float) -> list[tuple[float, float]]:
    """Day of the first and last dose given in each block, with the days to the next dose (for the last, from the one
    before), where those days are simulated.
    """
    spans = []
    for block in blocks(doses):
        given = [d for d in block if d.amount > 0]
        days = sorted({float(d.time) for d in given})
        gaps = [b - a for a, b in pairwise(days)] or [usual_gap(block)]
        spans += [(day, gap) for day, gap in zip(days[:1] + days[1:][-1:], (gaps[0], gaps[-1]), strict=False)]
    return [(day, gap) for day, gap in spans if day + gap <= until + TIE]


def _exposure_text(run: Run, arm: RunArm, trajectory: Trajectory) -> str:
    found, name = exposures(run, arm, trajectory), drug_output(trajectory)
    unit = trajectory.unit(name)
    if not trajectory.doses:
        return f"{name} stays at {trajectory.rest(name):.3g} {unit}"
    if not found:
        return ""
    head = ["dose on day", f"Cmax {unit}", "Tmax h", f"AUC {unit} h", "over h", "half-life h", f"trough {unit}"]
    rows = [
        [
            f"{e.day:g}",
            _show(e.cmax),
            _digit(e.tmax),
            _show(e.auc),
            f"{e.interval * 24:g}",
            _digit(e.half_life),
            _show(e.trough),
        ]
        for e in found
    ]
    if "il2_iu_per_ml" in trajectory.outputs:
        per = trajectory.rest("il2_iu_per_ml") / trajectory.rest("il2")
        head.insert(2, "IU/mL")
        rows = [[*row[:2], _show(e.cmax * per), *row[2:]] for row, e in zip(rows, found, strict=True)]
    return f"Exposure ({name}) after the first and last dose of each block\n{aligned([head, *rows])}"


def _visit_text(run: Run, trajectory: Trajectory) -> str:
    cells = [c for c in CELLS if c in trajectory.outputs] or list(trajectory.outputs[:6])
    names = [n for c in cells for n in (c, f"{c}_fold") if n in trajectory.outputs]
    sampled = [v for v in run.visits if np.any(np.abs(trajectory.times - v) <= TIE)]
    if not sampled:
        return ""
    head = [
        "day",
        *(n.removesuffix("_fold") + " fold" if n.endswith("_fold") else f"{n} {trajectory.unit(n)}" for n in names),
    ]
    rows = [[f"{day:g}", *(_show(at_visit(trajectory, n, day)) for n in names)] for day in sampled]
    side = "After" if run.side == "post" else "Before"
    return f"{side} the dose, or at the visit\n{aligned([head, *rows])}"


def _show(value: float) -> str:
    """Three significant digits."""
    return f"{value:#.3g}".rstrip(".") if math.isfinite(value) else "-"


def _digit(hours: float) -> str:
    """One decimal; a time that cannot be told is a dash."""
    return f"{hours:.1f}" if math.isfinite(hours) else "-"
