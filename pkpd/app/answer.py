"""The answer to one ask: curves, doses, breaks, schedule, endpoints, notes and command, as JSON takes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..dosing.blocks import blocks, infusion_days, usual_gap
from ..dosing.given import GivenDose
from ..dosing.schedule import Schedule
from ..dosing.sentence import sentence
from ..engine.events import TIE
from ..errors import ScheduleError
from ..model.registry import MODELS
from ..output.trajectory import Trajectory
from ..trials.run import Run, simulate_run
from ..trials.summary import beyond_evidence
from .asked import Ask, blamed, run_of, shown
from .builder import builder_of
from .command import command
from .endpoints import endpoints_of
from .offered import Offer

LONG_BREAK = 3.0  # days, as in the figures: a shorter one (a weekend) is not shaded


def simulated(ask: Ask, offer: Offer) -> tuple[Run, tuple[Trajectory, ...]]:
    """The run of an ask and its trajectory, as `pkpd simulate` has them; AskError names the part at fault."""
    run = run_of(ask, offer)
    with blamed("", ask):
        return run, simulate_run(run)


def answer(ask: Ask, offer: Offer) -> dict[str, Any]:
    """What `POST /api/simulate` answers; every number is finite or None. AskError names the part at fault."""
    run, (trajectory,) = simulated(ask, offer)
    schedule = run.arms[0].schedule
    with blamed("", ask):
        return {
            "ask": ask.to_tables(),
            "days": run.times[-1],
            "times": trajectory.times.tolist(),
            "curves": {name: _curve(trajectory, name) for name in curve_names(ask, trajectory.outputs)},
            "doses": doses_of(trajectory),
            "rests": rests_of(trajectory),
            "schedule": {
                "text": _canonical(schedule),
                "sentence": sentence(schedule),
                "builder": builder_of(schedule),
            },
            "endpoints": endpoints_of(run, trajectory),
            "notes": notes_of(run),
            "command": command(ask, offer),
        }


def curve_names(ask: Ask, outputs: tuple[str, ...]) -> tuple[str, ...]:
    """The outputs asked for, each with its fold where a model with these outputs has one."""
    both = (o for name in shown(ask, outputs) for o in (name, f"{name}_fold"))
    return tuple(dict.fromkeys(name for name in both if name in outputs))


def notes_of(run: Run) -> list[str]:
    """What a user should know and did not ask, as the command line says it."""
    said = [*run.notes, *beyond_evidence(run)]
    for arm in run.arms if run.model in MODELS else ():
        for p in arm.parameters.tables:
            if p.outside:
                low, high = p.bounds
                said.append(f"{arm.name}: {p.name} = {p.text} lies outside its bounds {low:g} to {high:g}")
    return said


def doses_of(trajectory: Trajectory) -> list[dict[str, Any]]:
    """The doses within the simulated time, missed ones included; times in days, `hours` of an infusion."""
    end = float(trajectory.times[-1])
    return [
        {
            "time": float(d.time),
            "prescribed": d.prescribed,
            "prescribed_unit": d.prescribed_unit,
            "given": d.amount,
            "unit": d.unit,
            "route": trajectory.bound.route(d.route).name,
            "status": d.status,
            "hours": infusion_days(d) * 24,
        }
        for d in trajectory.doses
        if float(d.time) <= end + TIE
    ]


def rests_of(trajectory: Trajectory) -> list[list[float]]:
    """First and last day of each break between blocks within the simulated time, as the figures shade them."""
    end = float(trajectory.times[-1])
    return [[start, min(until, end)] for start, until in _breaks(trajectory.doses) if start < end]


def _breaks(doses: Sequence[GivenDose]) -> list[tuple[float, float]]:
    # the rule of output/plots/timeline.py, which cannot be imported without matplotlib
    found = []
    for block, following in pairwise(blocks(doses)):
        start = max(float(d.time) + max(usual_gap(block), infusion_days(d)) for d in block)
        until = min(float(d.time) for d in following)
        if until - start > LONG_BREAK:
            found.append((start, until))
    return found


def _curve(trajectory: Trajectory, name: str) -> dict[str, Any]:
    rest = trajectory.rest(name)
    return {
        "unit": trajectory.unit(name),
        "values": trajectory[name].tolist(),
        "rest": rest if math.isfinite(rest) else None,
    }


def _canonical(schedule: Schedule) -> str:
    try:
        return schedule.text
    except ScheduleError:  # too long to be read back
        return ""
