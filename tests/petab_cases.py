"""A cohort with every form of row, and PEtab problems run by libRoadRunner and judged by petab, without our engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pkpd.engine.tolerances import FINE
from pkpd.exchange.petab.problem import PetabProblem, petab_problem
from pkpd.inference.coordinates import coordinates
from pkpd.inference.fitting import parameters_of
from pkpd.inference.objective import objective
from pkpd.inference.rows.noise import Noise
from pkpd.model.declaration import Model
from pkpd.parameters import Parameters
from pkpd.studies.library import load_observations
from pkpd.studies.observation import Observations

VARY = ("treg_growth", "treg_feedback", "nk_half_amount")
ALONE = Noise(between_studies=0, between_assays=0, between_patients=0, baseline=0)  # no row shares anything

HEAD = "study,arm,n,bsa,regimen,output,form,day,day_from,day_to,timing,visits,side,bound,unit,value,spread,spread_value"
DAILY, LARGE = "0.5 MIU daily x5", "1.5 MIU/m2 sc every 2d x4"
MIXED = "1 MIU sc daily x4, then 0.5 MIU iv daily x2"
HELD = f"""\
a,low,12,,{DAILY},treg,count,0,,,,,,=,cells/uL,28,SD,9
a,low,12,,{DAILY},treg,count,0,,,,,post,=,cells/mL,29000,SD,9000
a,low,12,,{DAILY},treg,fold,5,,,,,,=,,2.3,SD,0.8
a,low,12,,{DAILY},treg_fold,fold,4,,,,,,=,,2.1,SD,0.8
a,low,12,,{DAILY},nk,percent_change,6.5,,,,,,=,,35,SD,20
a,low,12,,{DAILY},treg_percent_cd4,percent,6,,,,,,=,%,7.5,SD,2
b,high,9,1.7,{LARGE},treg_percent_cd4,ratio,8,,,,,,=,,0.09,log_SD,0.4
b,high,9,1.7,{LARGE},treg_percent_cd4,fold,8,,,,,,=,,1.9,SD,0.5
b,high,9,1.7,{LARGE},drug,level,2,,,,,post,=,MIU,2.2,log_SD,0.3
b,high,9,1.7,{LARGE},drug,level,2,,,,,,=,MIU,0.00002,log_SD,0.3
c,mixed,9,2.1,"{MIXED}",nk,count,7,,,,,,=,cells/uL,600,SD,190
"""
LOST = f"""\
a,low,12,,{DAILY},treg,fold,,0,10,maximum,2;5;7,,=,,3.1,SD,0.8
a,low,12,,{DAILY},treg,fold,,0,10,mean,,,=,,2.1,SD,0.8
a,low,12,,{DAILY},nk,count,5,,,,,,<,cells/uL,500,SD,90
"""


def cohort(folder: Path, rows: str = HELD + LOST) -> str:
    """A cohort table of these rows."""
    path = folder / "cohort.csv"
    path.write_text(f"{HEAD}\n{rows}")
    return str(path)


def laid_out(problem: PetabProblem, folder: Path) -> Path:
    """The files of a problem on disk; its YAML file."""
    for name, text in problem.files.items():
        (folder / name).write_text(text)
    return folder / "problem.yaml"


def simulated(petab: Any, sbml: str, nominal: Mapping[str, float]) -> Any:
    """The measurement table of a petab.v1.Problem with what libRoadRunner simulates in place of the measurements."""
    from petab.v1.math import sympify_petab

    found = petab.measurement_df.rename(columns={"measurement": "simulation"}).copy()
    for condition, rows in found.groupby("simulationConditionId"):
        own = petab.condition_df.loc[condition].drop("conditionName").to_dict()
        values = {k: nominal[v] if isinstance(v, str) and v in nominal else float(v) for k, v in own.items()}
        times = np.unique(rows["time"])
        names, series = _run(sbml, {**nominal, **values}, times)
        for index, row in rows.iterrows():
            formula = sympify_petab(petab.observable_df.loc[row["observableId"], "observableFormula"])
            at = dict(zip(names, series[int(np.searchsorted(times, row["time"]))], strict=True))
            found.loc[index, "simulation"] = float(formula.subs({s: at[s.name] for s in formula.free_symbols}))
    return found


def _run(sbml: str, values: Mapping[str, float], times: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Every parameter of the SBML model at these times, after the values were written into it."""
    import libsbml
    import roadrunner

    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    for name, value in values.items():
        if (parameter := model.getParameter(name)) is not None:
            parameter.setValue(value)
    runner = roadrunner.RoadRunner(libsbml.writeSBMLToString(document))
    runner.integrator.relative_tolerance = 1e-10
    runner.integrator.absolute_tolerance = 1e-12
    names = list(runner.model.getGlobalParameterIds())
    runner.timeCourseSelections = names
    asked = times if times[0] == 0 else np.concatenate([[0.0], times])
    if len(asked) == 1:
        asked = np.array([0.0, 1.0])
    found = np.array(runner.simulate(times=asked.tolist()))
    return names, found[len(found) - len(times) :] if times[0] != 0 else found[: len(times)]


def own_log_likelihood(
    rows: Observations,
    held: int,
    values: Mapping[str, float],
    model: Model | str = "il2_minimal",
    base: Parameters | None = None,
) -> float:
    """The log density that our objective gives the first `held` rows at values, without anything that rows share."""
    base = parameters_of(model, base)
    varied = coordinates(base, tuple(values), priors=False)
    some = Observations(rows.rows[:held], rows.courses, (), rows.origin)
    target = objective(some, model, base, varied, ALONE, FINE)
    return float(-target.likelihood.deviance(target.predictor.one(np.array(list(values.values())))) / 2)


def log_likelihood(problem: PetabProblem, folder: Path, at: Mapping[str, float]) -> float:
    """The log density of the logs of all rows, by petab's own sum over what libRoadRunner simulates at these values."""
    from petab.v1 import Problem
    from petab.v1.calculate import calculate_llh

    petab = Problem.from_yaml(str(laid_out(problem, folder)))
    table = simulated(petab, problem.files["model.xml"], at)
    found = calculate_llh(petab.measurement_df, table, petab.observable_df, petab.parameter_df)
    return float(found + np.log(petab.measurement_df["measurement"]).sum())


def written(folder: Path, version: int = 1) -> PetabProblem:
    """The problem of the cohort."""
    return petab_problem([cohort(folder)], "il2_minimal", None, VARY, version=version)


def observed(folder: Path) -> Observations:
    """The rows of the cohort that a fit uses."""
    return load_observations(cohort(folder)).only("fit")


INFUSED = """\
a,x,9,,100 mg iv over 5h daily x3,concentration,level,0.2,,,,,,=,mg/L,2.5,log_SD,0.3
a,x,9,,100 mg iv over 5h daily x3,concentration,level,1,,,,,,=,mg/L,0.0015,log_SD,0.3
a,x,9,,100 mg iv over 5h daily x3,concentration,level,2.3,,,,,,=,mg/L,2,log_SD,0.3
a,y,9,,80 mg iv at 10 mg/h daily x3,concentration,level,0.2,,,,,,=,mg/L,1.6,log_SD,0.3
a,y,9,,80 mg iv at 10 mg/h daily x3,concentration,level,1.25,,,,,,=,mg/L,1.8,log_SD,0.3
a,z,9,,"50 mg sc every 12h x2, then 50 mg iv over 24h daily x3",concentration,level,0.3,,,,,,=,mg/L,0.4,log_SD,0.3
a,z,9,,"50 mg sc every 12h x2, then 50 mg iv over 24h daily x3",concentration,level,2.9,,,,,,=,mg/L,0.4,log_SD,0.3
"""


def bounded(model: Model, **bounds: tuple[float, float]) -> Parameters:
    """The model's own values, with bounds for those that are varied."""
    tables = tuple(replace(t, bounds=bounds.get(t.name, t.bounds)) for t in model.defaults.tables)
    return replace(model.defaults, tables=tables)
