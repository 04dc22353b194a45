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
    from .engine.stepping import Tolerances
    from .errors import PkpdError
    from .model.declaration import Model
    from .model.expressions import positive_part
    from .model.grammar import Builder, build
    from .model.registry import get_model
    from .output.tables import Table
    from .output.trajectory import Trajectory
    from .parameters import Parameter, Parameters, load_parameters
    from .references import bibliography, load_references
    from .simulation import default_parameters, simulate
    from .trials.study import Study, load_study

__version__ = "0.1.0"

# The home of every public name; a name's module is imported at its first use.
_HOMES = {
    "Builder": "model.grammar",
    "Dose": "dosing.dose",
    "Exposure": "endpoints",
    "Model": "model.declaration",
    "Parameter": "parameters",
    "Parameters": "parameters",
    "PkpdError": "errors",
    "Schedule": "dosing.schedule",
    "Study": "trials.study",
    "Table": "output.tables",
    "Tolerances": "engine.stepping",
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
    "simulate": "simulation",
}

__all__ = [
    "Builder",
    "Dose",
    "Exposure",
    "Model",
    "Parameter",
    "Parameters",
    "PkpdError",
    "Schedule",
    "Study",
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
    "simulate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pkpd' has no attribute '{name}'")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
