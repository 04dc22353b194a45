"""What a run says in words and tables: exposure after the first and last dose of each block, cells at each visit,
every arm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..dosing.blocks import blocks, usual_gap
from ..dosing.given import GivenDose, given
from ..dosing.sentence import sentence
from ..endpoints import Exposure, at_visit, exposure
from ..engine.events import TIE
from ..model.registry import MODELS
from ..output.tables import aligned
from ..output.trajectory import Trajectory
from ..units import miu
from .run import Run, RunArm, simulate_arm

if TYPE_CHECKING:
    from ..inference.uncertainty.bands import Band

CELLS = ("treg", "nk", "cd56bright")
HIGHEST = 3.0  # MIU/m2 a day: the largest dose of low-dose IL-2 behind the parameters
USUAL_BSA = 1.8  # m2, where nobody says
FINE = 1 / 288  # days; samples every five minutes tell Tmax to the digit that is printed


def summary(run: Run, trajectories: Sequence[Trajectory], bands: Sequence[Band] = ()) -> str:
    """The tables of a run as text, ready to print; with one band an arm, the visits show their 90 % range."""
    parts = [f"{run.name}: model {run.model}, engine {run.engine}, relative tolerance {run.tolerances.relative:g}"]
    own: Sequence[Band | None] = bands or [None] * len(run.arms)
    for arm, trajectory, band in zip(run.arms, trajectories, own, strict=True):
        parts.append(f"{arm.label}: {sentence(arm.schedule)}" if len(run.arms) > 1 else sentence(arm.schedule))
        visits = _visit_text(run, trajectory) if band is None else _banded_text(run, trajectory, band)
        parts += [text for text in (_exposure_text(run, arm, trajectory), visits) if text]
    return "\n\n".join(parts)


def beyond_evidence(run: Run) -> list[str]:
    """A sentence for each arm of a built-in model that is given more in a day than any of the evidence."""
    said = []
    for arm in run.arms if run.model in MODELS else ():
        days: dict[int, float] = {}
        for dose in given(arm.schedule, arm.bsa, arm.weight):
            days[int(dose.time)] = days.get(int(dose.time), 0.0) + dose.amount * miu(dose.unit)
        largest = max(days.values(), default=0.0) / (arm.bsa or USUAL_BSA)
        if largest > HIGHEST * (1 + 1e-9):
            said.append(f"{arm.name}: {largest:.3g} MIU/m2 in a day; above {HIGHEST:g} MIU/m2 the model extrapolates")
    return said


def drug_output(trajectory: Trajectory) -> str:
    """The output that stands for exposure: plasma IL-2 where the model has it, else its first output."""
    return "il2" if "il2" in trajectory.outputs else trajectory.outputs[0]


def exposures(run: Run, arm: RunArm, trajectory: Trajectory) -> list[Exposure]:
    """Exposure after the first and the last dose of each block, where its interval is simulated to the end; from a
    simulation of its own sampled every five minutes.
    """
    spans = [(day, tau) for day, tau in _spans(trajectory.doses) if day + tau <= run.times[-1] + TIE]
    if not spans:
        return []
    grids = [np.linspace(day, day + tau, int(np.clip(tau / FINE, 60, 5000)) + 1) for day, tau in spans]
    fine = simulate_arm(run, arm, np.unique(np.concatenate(grids)).tolist(), side="both")
    return [exposure(fine, day, tau, drug_output(trajectory)) for day, tau in spans]


def _spans(doses: Sequence[GivenDose]) -> list[tuple[float, float]]:
    """Day of the first and last dose given in each block, with the days to the next dose (for the last, from the one
    before).
    """
    spans = []
    for block in blocks(doses):
        days = sorted({float(d.time) for d in block if d.amount > 0})
        gaps = [b - a for a, b in pairwise(days)] or [usual_gap(block)]
        spans += list(zip(days[:1] + days[1:][-1:], (gaps[0], gaps[-1]), strict=False))
    return spans


def _exposure_text(run: Run, arm: RunArm, trajectory: Trajectory) -> str:
    found, name = exposures(run, arm, trajectory), drug_output(trajectory)
    unit = trajectory.unit(name)
    if not trajectory.doses:
        return f"{name} stays at {trajectory.rest(name):.3g} {unit}"
    beyond = [f"{day:g}" for day, _ in _spans(trajectory.doses) if day not in {e.day for e in found}]
    missing = f"Not shown, since the days to the next dose are not all simulated: day {', '.join(beyond)}"
    if not found:
        return missing if beyond else ""
    head = ["dose on day", f"Cmax {unit}", "Tmax h", f"AUC {unit} h", "over h", "half-life h", f"trough {unit}"]
    rows = [
        [f"{e.day:g}", _show(e.cmax), _digit(e.tmax), _show(e.auc), f"{24 * e.interval:g}", _digit(e.half_life)]
        for e in found
    ]
    rows = [[*row, _show(e.trough)] for row, e in zip(rows, found, strict=True)]
    if "il2_iu_per_ml" in trajectory.outputs:
        per = trajectory.rest("il2_iu_per_ml") / trajectory.rest("il2")
        head.insert(2, "IU/mL")
        rows = [[*row[:2], _show(e.cmax * per), *row[2:]] for row, e in zip(rows, found, strict=True)]
    title = f"Exposure ({name}) after the first and last dose of each block"
    said = ["Half-life: of the fall from 1/2 to 1/20 of the peak.", *([missing] if beyond else [])]
    return f"{title}\n{aligned([head, *rows])}\n\n" + "\n".join(said)


def _visit_text(run: Run, trajectory: Trajectory) -> str:
    names, sampled = _shown(trajectory), _sampled(run, trajectory)
    if not sampled:
        return ""
    head = ["day", *(_title(trajectory, n) for n in names)]
    least = {n: _least(trajectory, n) for n in names}
    shown = [[_above(at_visit(trajectory, n, day), least[n]) for n in names] for day in sampled]
    rows = [[f"{day:g}", *map(_show, values)] for day, values in zip(sampled, shown, strict=True)]
    return f"{_side(run)} the dose, or at the visit\n{aligned([head, *rows])}"


def _banded_text(run: Run, trajectory: Trajectory, band: Band) -> str:
    """Values with their 90 % range beside them: counts in one table, folds in another, so that lines stay short."""
    names, sampled = _shown(trajectory), _sampled(run, trajectory)
    folds = [n for n in names if n.endswith("_fold")]
    parts = []
    for some in ([n for n in names if n not in folds], folds):
        head = ["day", *(text for n in some for text in (_title(trajectory, n), "90 % range"))]
        rows = [[f"{day:g}", *(t for n in some for t in _with_range(trajectory, band, n, day))] for day in sampled]
        if some and rows:
            title = f"{_side(run)} the dose, or at the visit, with the 90 % range of {band.draws} draws"
            parts.append(f"{title}\n{aligned([head, *rows])}")
    return "\n\n".join(parts)


def _with_range(trajectory: Trajectory, band: Band, name: str, day: float) -> tuple[str, str]:
    least, visit = _least(trajectory, name), int(np.flatnonzero(np.abs(trajectory.times - day) <= TIE)[0])
    low, _, high = (_show(_above(float(v), least)) for v in band[name][:, visit])
    return _show(_above(at_visit(trajectory, name, day), least)), f"{low}-{high}"


def _shown(trajectory: Trajectory) -> list[str]:
    cells = [c for c in CELLS if c in trajectory.outputs] or list(trajectory.outputs[:6])
    return [n for c in cells for n in (c, f"{c}_fold") if n in trajectory.outputs]


def _sampled(run: Run, trajectory: Trajectory) -> list[float]:
    return [v for v in run.visits if np.any(np.abs(trajectory.times - v) <= TIE)]


def _title(trajectory: Trajectory, name: str) -> str:
    fold = name.endswith("_fold")
    return name.removesuffix("_fold") + " fold" if fold else f"{name} {trajectory.unit(name)}"


def _least(trajectory: Trajectory, name: str) -> float:
    """Below it stands only rounding."""
    return 1e-9 * float(np.max(np.abs(trajectory[name])))


def _above(value: float, least: float) -> float:
    return value if abs(value) > least else 0.0


def _side(run: Run) -> str:
    return "After" if run.side == "post" else "Before"


def _show(value: float) -> str:
    """Three significant digits."""
    return "0" if value == 0 else f"{value:#.3g}".rstrip(".") if math.isfinite(value) else "-"


def _digit(hours: float) -> str:
    """One decimal; a time that cannot be told is a dash."""
    return f"{hours:.1f}" if math.isfinite(hours) else "-"
