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
    from .exchange.events.planned import events_of
    from .exchange.events.reading import read_event_text, read_events
    from .exchange.events.record import EventTable
    from .exchange.events.simulate import EventRun, simulate_events
    from .exchange.events.writing import write_events
    from .exchange.petab.problem import petab_problem, write_petab
    from .exchange.sbml.antimony import antimony_text
    from .exchange.sbml.reading.imported import read_sbml
    from .exchange.sbml.writing import sbml_text
    from .inference.fitted import Fitted
    from .inference.fitting import FitSettings, fit
    from .inference.prediction import predict
    from .inference.rows.noise import Noise
    from .inference.search.budget import Budget
    from .inference.uncertainty.draws import Draws, read_draws
    from .inference.uncertainty.profiles import profile
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
    from .studies.events import EventReading
    from .studies.library import load_observations
    from .studies.observation import Observation, Observations
    from .studies.study import Study, load_study
    from .trials.adaptive.text import read_rules
    from .trials.comparison.compare import Comparison, compare
    from .trials.comparison.regimens import comparison_run
    from .trials.conduct.result import VirtualTrial
    from .trials.conduct.terms import Conduct, conduct_of
    from .trials.conduct.trial import virtual_trial
    from .trials.influence.analysis import influence
    from .trials.influence.result import Influence
    from .trials.population.population import population
    from .trials.population.result import Population
    from .trials.predictive.vpc import Vpc, visual_check
    from .trials.run import Options, schedule_run, study_run

__version__ = "0.1.0"

# The home of every public name; a name's module is imported at its first use.
_HOMES = {
    "Budget": "inference.search.budget",
    "Builder": "model.grammar",
    "Comparison": "trials.comparison.compare",
    "Conduct": "trials.conduct.terms",
    "Dose": "dosing.dose",
    "Draws": "inference.uncertainty.draws",
    "Endpoint": "measures",
    "EventReading": "studies.events",
    "EventRun": "exchange.events.simulate",
    "EventTable": "exchange.events.record",
    "Exposure": "endpoints",
    "FitSettings": "inference.fitting",
    "Fitted": "inference.fitted",
    "Influence": "trials.influence.result",
    "LogGrid": "shards.grid",
    "Many": "many",
    "Model": "model.declaration",
    "Noise": "inference.rows.noise",
    "Observation": "studies.observation",
    "Observations": "studies.observation",
    "Options": "trials.run",
    "Parameter": "parameters",
    "Parameters": "parameters",
    "PkpdError": "errors",
    "Population": "trials.population.result",
    "Schedule": "dosing.schedule",
    "Sensitivities": "sensitivity",
    "Study": "studies.study",
    "Summary": "shards.summary",
    "Table": "output.tables",
    "Tolerances": "engine.tolerances",
    "Trajectory": "output.trajectory",
    "VirtualTrial": "trials.conduct.result",
    "Vpc": "trials.predictive.vpc",
    "antimony_text": "exchange.sbml.antimony",
    "bibliography": "references",
    "build": "model.grammar",
    "compare": "trials.comparison.compare",
    "comparison_run": "trials.comparison.regimens",
    "conduct_of": "trials.conduct.terms",
    "default_parameters": "simulation",
    "events_of": "exchange.events.planned",
    "exposure": "endpoints",
    "fit": "inference.fitting",
    "get_model": "model.registry",
    "influence": "trials.influence.analysis",
    "load_observations": "studies.library",
    "load_parameters": "parameters",
    "load_references": "references",
    "load_schedule": "dosing.library",
    "load_study": "studies.study",
    "petab_problem": "exchange.petab.problem",
    "population": "trials.population.population",
    "positive_part": "model.expressions",
    "predict": "inference.prediction",
    "print_progress": "shards.progress",
    "profile": "inference.uncertainty.profiles",
    "read_draws": "inference.uncertainty.draws",
    "read_event_text": "exchange.events.reading",
    "read_events": "exchange.events.reading",
    "read_rules": "trials.adaptive.text",
    "read_sbml": "exchange.sbml.reading.imported",
    "sbml_text": "exchange.sbml.writing",
    "schedule_run": "trials.run",
    "sensitivities": "sensitivity",
    "simulate": "simulation",
    "simulate_events": "exchange.events.simulate",
    "simulate_many": "many",
    "study_run": "trials.run",
    "summarise_many": "shards.run",
    "virtual_trial": "trials.conduct.trial",
    "visual_check": "trials.predictive.vpc",
    "write_events": "exchange.events.writing",
    "write_petab": "exchange.petab.problem",
}

__all__ = [
    "Budget",
    "Builder",
    "Comparison",
    "Conduct",
    "Dose",
    "Draws",
    "Endpoint",
    "EventReading",
    "EventRun",
    "EventTable",
    "Exposure",
    "FitSettings",
    "Fitted",
    "Influence",
    "LogGrid",
    "Many",
    "Model",
    "Noise",
    "Observation",
    "Observations",
    "Options",
    "Parameter",
    "Parameters",
    "PkpdError",
    "Population",
    "Schedule",
    "Sensitivities",
    "Study",
    "Summary",
    "Table",
    "Tolerances",
    "Trajectory",
    "VirtualTrial",
    "Vpc",
    "antimony_text",
    "bibliography",
    "build",
    "compare",
    "comparison_run",
    "conduct_of",
    "default_parameters",
    "events_of",
    "exposure",
    "fit",
    "get_model",
    "influence",
    "load_observations",
    "load_parameters",
    "load_references",
    "load_schedule",
    "load_study",
    "petab_problem",
    "population",
    "positive_part",
    "predict",
    "print_progress",
    "profile",
    "read_draws",
    "read_event_text",
    "read_events",
    "read_rules",
    "read_sbml",
    "sbml_text",
    "schedule_run",
    "sensitivities",
    "simulate",
    "simulate_events",
    "simulate_many",
    "study_run",
    "summarise_many",
    "virtual_trial",
    "visual_check",
    "write_events",
    "write_petab",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pkpd' has no attribute '{name}'")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
