"""A search written down for `run.json`: what was asked, in whom, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...dosing.records import to_records
from ...engine.code.library import outline_of
from ...parameters import by_hand
from ..record import digests, head, set_table
from .optimise import Optimised
from .task import Task


def patient_text(task: Task) -> str:
    """Who was simulated, in words: `a typical patient of model il2, its own parameters, 1.8 m2 and 70 kg`."""
    shape, own = outline_of(task.model), task.parameters
    name = task.model if isinstance(task.model, str) else shape.name
    origin = "its own parameters" if own.origin == shape.defaults.origin else own.origin
    # "set to" begins the sentence that a single change writes into a parameter, and maybe one of its own
    news = [t for t in own.tables if by_hand(t.where) and t != shape.defaults[t.name]]
    changed = [f"{t.name} = {t.text}" for t in news]
    said = f", changed: {', '.join(changed)}" if changed else ""
    sizes = [f"{v:g} {unit}" for v, unit in ((task.bsa, "m2"), (task.weight, "kg")) if v is not None]
    return f"a typical patient of model {name}, {origin}{said}" + (f", {' and '.join(sizes)}" if sizes else "")


def to_record(
    found: Optimised, command: str, settings: Mapping[str, Any], tables: Mapping[str, bytes]
) -> dict[str, Any]:
    """The search as plain tables; `tables` are its CSV files."""
    task, ranking = found.task, found.ranking
    return {
        **head("optimisation", "optimise", command, task.model, found.seed, task.tolerances),
        "settings": dict(settings),
        "goals": [goal.text for goal in task.goals],
        "constraints": [c.text for c in task.constraints],
        "ranges": list(task.space.said),
        "days": float(task.space.horizon),
        "body": {"bsa": task.bsa, "weight": task.weight},
        "parameters": set_table(task.parameters),
        "result": {
            "candidates": len(found.tried),
            "failed": len(found.failed),
            "ended": found.stopped,
            "regimens": [to_records(one.candidate.schedule) for one in found.listed],
        },
        "holding": None
        if task.holding is None
        else {"share": task.holding.share, "draws": len(task.holding.draws.values), "of": task.holding.of},
        "draws": None if ranking is None else {"origin": ranking.origin, "count": ranking.draws},
        "tables": digests(tables),
    }
