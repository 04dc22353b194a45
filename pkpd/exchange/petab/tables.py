"""The tables of a PEtab problem, version 1 or 2, as text: numbers in full, so that they are read back the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Cell = str | float


@dataclass(frozen=True, slots=True)
class Condition:
    """Who got what: parameters of the model with a number, or with the name of a fitted parameter."""

    name: str
    meaning: str
    values: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Observable:
    """A formula over the model's outputs, with a log-normal error that each measurement states."""

    name: str
    meaning: str
    formula: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row; `time` in the model's, `value` as the observable shows it, `sigma` the SD of its log."""

    observable: str
    condition: str
    time: float
    value: float
    sigma: float
    origin: str


@dataclass(frozen=True, slots=True)
class Varied:
    """A parameter to estimate, in the units of the SBML model; `log` where its log is searched, and then the prior is
    the mean and SD of the log (of the value otherwise), None where there is none.
    """

    name: str
    meaning: str
    log: bool
    low: float
    high: float
    nominal: float
    prior: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything but the model."""

    conditions: tuple[Condition, ...]
    observables: tuple[Observable, ...]
    measurements: tuple[Measurement, ...]
    parameters: tuple[Varied, ...]


def written(tables: Tables, version: int, model: str) -> dict[str, str]:
    """The tables and `problem.yaml` by name, for a model in model.xml."""
    if version == 1:
        found = {"conditions.tsv": _wide_conditions(tables.conditions)}
    else:
        found = {"conditions.tsv": _long_conditions(tables.conditions)}
        found |= {"experiments.tsv": _experiments(tables.conditions)}
    return found | {
        "observables.tsv": _observables(tables.observables, version),
        "measurements.tsv": _measurements(tables, version),
        "parameters.tsv": _parameters(tables.parameters, version),
        "problem.yaml": _YAML[version].format(model=re.sub(r"\W", "_", f"model_{model}", flags=re.ASCII)),
    }


def has_experiment(condition: Condition, version: int) -> bool:
    """Whether measurements name it: in version 2, a condition that changes nothing is none."""
    return version == 1 or bool(condition.values)


def _tsv(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    lines = [head, *([_cell(value) for value in row] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def _cell(value: Cell) -> str:
    return repr(float(value)) if isinstance(value, int | float) else " ".join(value.replace('"', "'").split())


def _wide_conditions(conditions: Sequence[Condition]) -> str:
    names = list(dict.fromkeys(name for c in conditions for name in c.values))
    rows = [[c.name, c.meaning, *(c.values[name] for name in names)] for c in conditions]
    return _tsv(["conditionId", "conditionName", *names], rows)


def _long_conditions(conditions: Sequence[Condition]) -> str:
    rows = [[c.name, name, value] for c in conditions for name, value in c.values.items()]
    return _tsv(["conditionId", "targetId", "targetValue"], rows)


def _experiments(conditions: Sequence[Condition]) -> str:
    rows: list[list[Cell]] = [[f"of_{c.name}", 0.0, c.name] for c in conditions if has_experiment(c, 2)]
    return _tsv(["experimentId", "time", "conditionId"], rows)


def _observables(observables: Sequence[Observable], version: int) -> str:
    head = ["observableId", "observableName", "observableFormula", "noiseFormula", "noiseDistribution"]
    rows: list[list[Cell]] = []
    for o in observables:
        noise = f"noiseParameter1_{o.name}"
        rest = ["normal", "log"] if version == 1 else ["log-normal", noise]
        rows.append([o.name, o.meaning, o.formula, noise, *rest])
    return _tsv([*head, "observableTransformation" if version == 1 else "noisePlaceholders"], rows)


def _measurements(tables: Tables, version: int) -> str:
    head = ["observableId", "simulationConditionId" if version == 1 else "experimentId"]
    named = {
        c.name: c.name if version == 1 else f"of_{c.name}" for c in tables.conditions if has_experiment(c, version)
    }
    rows: list[list[Cell]] = [
        [m.observable, named.get(m.condition, ""), m.time, m.value, m.sigma, m.origin] for m in tables.measurements
    ]
    return _tsv([*head, "time", "measurement", "noiseParameters", "datasetId"], rows)


def _parameters(varied: Sequence[Varied], version: int) -> str:
    head = ["parameterId", "parameterName", "lowerBound", "upperBound", "nominalValue", "estimate"]
    head += ["parameterScale"] if version == 1 else []
    with_priors = any(p.prior is not None for p in varied)
    if with_priors:  # columns for none would make a likelihood a posterior
        head += list(_PRIOR_COLUMNS[version])
    rows = []
    for p in varied:
        row: list[Cell] = [p.name, p.meaning, p.low, p.high, p.nominal, "1" if version == 1 else "true"]
        row += [("log" if p.log else "lin")] if version == 1 else []
        rows.append(row + (_prior(p, version) if with_priors else []))
    return _tsv(head, rows)


_PRIOR_COLUMNS = {1: ("objectivePriorType", "objectivePriorParameters"), 2: ("priorDistribution", "priorParameters")}


def _prior(varied: Varied, version: int) -> list[Cell]:
    """The normal prior of the coordinate that is searched; empty is uniform within the bounds."""
    if varied.prior is None:
        return ["", ""]
    kind = "parameterScaleNormal" if version == 1 else "log-normal" if varied.log else "normal"
    return [kind, ";".join(repr(float(value)) for value in varied.prior)]


_YAML = {
    1: """\
# What this problem leaves out of the fit that it was written from is said in README.txt.
format_version: 1
parameter_file: parameters.tsv
problems:
  - sbml_files: [model.xml]
    condition_files: [conditions.tsv]
    observable_files: [observables.tsv]
    measurement_files: [measurements.tsv]
""",
    2: """\
# What this problem leaves out of the fit that it was written from is said in README.txt.
format_version: 2.0.0
model_files:
  {model}:
    location: model.xml
    language: sbml
parameter_files: [parameters.tsv]
condition_files: [conditions.tsv]
experiment_files: [experiments.tsv]
observable_files: [observables.tsv]
measurement_files: [measurements.tsv]
""",
}
