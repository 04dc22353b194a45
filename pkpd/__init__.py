"""ODE models of low-dose interleukin-2: from a dosing schedule to Treg and NK trajectories.

Everything public is here and loaded only when it is used. Research software: no medical device, no advice on dosing a
person.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .dosing.dose import Dose
    from .dosing.library import load_schedule
    from .dosing.schedule import Schedule
    from .endpoints import Exposure, exposure
    from .engine.tolerances import Tolerances
    from .errors import PkpdError
    from .many import Many, simulate_many
    from .measures import Endpoint
    from .model.declaration import Model
    from .model.expressions import positive_part
    from .model.grammar import Builder, build
    from .model.registry import get_model
    from .output.tables import Table
    from .output.trajectory import Trajectory
    from .parameters import Parameter, Parameters, load_parameters
    from .references import bibliography, load_references
    from .sensitivity import Sensitivities, sensitivities
    from .shards.grid import LogGrid
    from .shards.progress import print_progress
    from .shards.run import summarise_many
    from .shards.summary import Summary
    from .simulation import default_parameters, simulate
    from .trials.study import Study, load_study

__version__ = "0.1.0"

# The home of every public name; a name's module is imported at its first use.
_HOMES = {
    "Builder": "model.grammar",
    "Dose": "dosing.dose",
    "Endpoint": "measures",
    "Exposure": "endpoints",
    "LogGrid": "shards.grid",
    "Many": "many",
    "Model": "model.declaration",
    "Parameter": "parameters",
    "Parameters": "parameters",
    "PkpdError": "errors",
    "Schedule": "dosing.schedule",
    "Sensitivities": "sensitivity",
    "Study": "trials.study",
    "Summary": "shards.summary",
    "Table": "output.tables",
    "Tolerances": "engine.tolerances",
    "Trajectory": "output.trajectory",
    "bibliography": "references",
    "build": "model.grammar",
    "default_parameters": "simulation",
    "exposure": "endpoints",
    "get_model": "model.registry",
    "load_parameters": "parameters",
    "load_references": "references",
    "load_schedule": "dosing.library",
    "load_study": "trials.study",
    "positive_part": "model.expressions",
    "print_progress": "shards.progress",
    "sensitivities": "sensitivity",
    "simulate": "simulation",
    "simulate_many": "many",
    "summarise_many": "shards.run",
}

__all__ = [
    "Builder",
    "Dose",
    "Endpoint",
    "Exposure",
    "LogGrid",
    "Many",
    "Model",
    "Parameter",
    "Parameters",
    "PkpdError",
    "Schedule",
    "Sensitivities",
    "Study",
    "Summary",
    "Table",
    "Tolerances",
    "Trajectory",
    "bibliography",
    "build",
    "default_parameters",
    "exposure",
    "get_model",
    "load_parameters",
    "load_references",
    "load_schedule",
    "load_study",
    "positive_part",
    "print_progress",
    "sensitivities",
    "simulate",
    "simulate_many",
    "summarise_many",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pkpd' has no attribute '{name}'")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
