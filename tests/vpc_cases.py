"""Cohorts for predictive checks: simulated from the model itself, or from a wrong one, patient by patient.

`python tests/vpc_cases.py` writes tests/data/vpc_cohort.csv, the example cohort: 16 virtual patients of two arms, drawn
from the reference set of `il2` with seed `SEED`, with the residual errors of a fit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from models import CL, V1, one_compartment

from pkpd.dosing.library import load_schedule
from pkpd.engine.code.library import outline_of
from pkpd.inference.rows.noise import RESIDUAL
from pkpd.keyed import Keyed
from pkpd.parameters import Parameters, load_parameters
from pkpd.studies.library import load_observations
from pkpd.trials.patients.cohort import simulate_cohort
from pkpd.trials.patients.course import Course
from pkpd.trials.patients.enrol import enrol
from pkpd.trials.patients.spread import spread_of
from pkpd.trials.predictive.settings import Settings
from pkpd.trials.predictive.vpc import Vpc, visual_check

COHORT = Path(__file__).parent / "data" / "vpc_cohort.csv"
ARMS = {"low": "0.5 MIU daily x5, then 0.5 MIU every 7d x4", "high": "1.5 MIU daily x5, then 1.5 MIU every 7d x4"}
SEED = 2
DAYS = (0.0, 5.0, 12.0, 19.0, 26.0)
MG_DAY = 24 * CL / V1  # rate of decay of `tank`, 1/d
SPREAD = 0.3  # log SD of its volume, at a fixed rate of decay
HEAD = "arm,id,regimen,output,form,day,value,unit"


def reference(changes: Mapping[str, float] | None = None) -> Parameters:
    """The reference set, with some values multiplied."""
    found = load_parameters("il2")
    return found.set("set", **{name: found[name].value * by for name, by in (changes or {}).items()})


def cohort_text(
    seed: int,
    each: int = 8,
    changes: Mapping[str, float] | None = None,
    arms: Mapping[str, str] = ARMS,
    outputs: Sequence[str] = ("treg", "nk"),
    days: Sequence[float] = DAYS,
) -> str:
    """A tidy CSV of `each` patients an arm: counts, with the error of one patient's sample."""
    lines = [HEAD]
    for number, (arm, regimen) in enumerate(arms.items()):
        own = reference(changes)
        course = Course("il2", load_schedule(regimen), own, tuple(outputs), np.array(days))
        keyed = Keyed(seed, number, "cohort ")
        patients = enrol(course, spread_of(own), keyed, 0, each)
        found = simulate_cohort(course, patients)
        assert not found.failures
        errors = keyed.normals("error", 0, each, len(outputs) * len(days))
        for k in range(each):
            for j, output in enumerate(outputs):
                for t, day in enumerate(days):
                    factor = math.exp(RESIDUAL[output] * errors[k, j * len(days) + t])
                    value = found.values[k, j, t] * factor
                    lines.append(f'{arm},P{k + 1},"{regimen}",{output},count,{day:g},{value:.4g},cells/uL')
    return "\n".join(lines) + "\n"


def cohort_file(text: str) -> Path:
    path = Path("cohort.csv")
    path.write_text(text, encoding="utf-8")
    return path


def checked(text: str, parameters: Parameters | None = None, **settings: object) -> Vpc:
    own = Settings(**{"replicates": 100, **settings})  # type: ignore[arg-type]
    return visual_check(load_observations(cohort_file(text)), "il2", parameters or reference(), own)


def tank(spread: float = SPREAD) -> Parameters:
    """Volume and clearance that vary together, so that each patient has the same rate of decay."""
    base = outline_of(one_compartment()).defaults
    varied = {"volume": (), "clearance": (("volume", 1.0),)}
    tables = tuple(
        replace(t, spread=spread, correlation=varied[t.name]) if t.name in varied and spread else t for t in base.tables
    )
    return replace(base, tables=tables)


def in_tank(values: Sequence[tuple[str, float, float, str]], spread: float = SPREAD, **settings: object) -> Vpc:
    """Rows (id, dose in mg, day, value or bound) of the linear model."""
    lines = ["id,regimen,output,form,day,side,value,bound,unit"]
    for who, dose, day, value in values:
        bound = value[0] if value[0] in "<>" else "="
        lines.append(f"{who},{dose:g} mg iv once,concentration,level,{day:g},post,{value.strip('<>')},{bound},mg/L")
    own = Settings(**{"replicates": 3000, "stratify": "none", **settings})  # type: ignore[arg-type]
    return visual_check(load_observations(cohort_file("\n".join(lines) + "\n")), one_compartment(), tank(spread), own)


if __name__ == "__main__":
    COHORT.write_text(cohort_text(SEED), encoding="utf-8")
