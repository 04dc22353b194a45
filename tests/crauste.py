"""CD8 T cells against a pathogen (Crauste et al., 2017), written in our grammar, and the benchmark's own tables.

The pathogen grows by its square, so for many parameter vectors inside the declared bounds it is infinite within days.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from pkpd.dosing.library import load_schedule
from pkpd.engine.functions import Vector
from pkpd.engine.tolerances import Tolerances
from pkpd.inference.coordinates import coordinates
from pkpd.inference.objective import Objective, in_order
from pkpd.inference.rows.predictor import predictor
from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build
from pkpd.parameters import Parameters
from pkpd.studies.observation import Course, Observation, Observations

FOLDER = Path(__file__).parent / "data" / "crauste2017"
NAIVE = 8090.0  # cells on day 0
OUTPUTS = ("naive", "early", "late", "memory")
# The collection's names of what is observed.
OBSERVED = {
    "observable_Naive": "naive",
    "observable_EarlyEffector": "early",
    "observable_LateEffector": "late",
    "observable_Memory": "memory",
}
UNITS = {
    "delta_NE": "1/d",
    "delta_EL": "1/d",
    "delta_LM": "1/d",
    "rho_E": "1/d",
    "rho_P": "1/d",
    "mu_N": "1/d",
    "mu_P": "1/d",
    "mu_EE": "1/d/cells",
    "mu_LE": "1/d/cells",
    "mu_LL": "1/d/cells",
    "mu_PE": "1/d/cells",
    "mu_PL": "1/d/cells",
}


def table(name: str) -> list[dict[str, str]]:
    """Rows of a table of the benchmark, by its first word."""
    path = FOLDER / f"{name}_Crauste_CellSystems2017.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def equations(m: Builder) -> None:
    """Naive cells turn into early effectors, these into late ones and these into memory; the pathogen, in multiples of
    its inoculum, drives the first step and the growth of early effectors.
    """
    p = {name: m.parameter(name, unit, value=nominal()[name]) for name, unit in UNITS.items()}
    naive = m.state("N", "cells", initial=NAIVE, scale=100, meaning="naive cells")
    early, late, memory = (m.state(name, "cells", scale=100, meaning=f"{said} cells") for name, said in KINDS)
    pathogen = m.state("P", "1", initial=1, scale=1, meaning="pathogen relative to its inoculum")
    m.flow("death_of_naive", p["mu_N"] * naive, out_of=naive)
    m.flow("activation", p["delta_NE"] * naive * pathogen, out_of=naive, into=early)
    m.flow("growth_of_early", p["rho_E"] * early * pathogen, into=early)
    m.flow("competition_of_early", p["mu_EE"] * early**2, out_of=early)
    m.flow("contraction", p["delta_EL"] * early, out_of=early, into=late)
    m.flow("competition_of_late", p["mu_LL"] * late**2, out_of=late)
    m.flow("competition_of_both", p["mu_LE"] * early * late, out_of=late)
    m.flow("memory_made", p["delta_LM"] * late, out_of=late, into=memory)
    m.flow("growth_of_pathogen", p["rho_P"] * pathogen**2, into=pathogen)
    m.flow("killed_by_early", p["mu_PE"] * early * pathogen, out_of=pathogen)
    m.flow("killed_by_late", p["mu_PL"] * late * pathogen, out_of=pathogen)
    m.flow("death_of_pathogen", p["mu_P"] * pathogen, out_of=pathogen)
    for name, state in zip(OUTPUTS, (naive, early, late, memory), strict=True):
        m.output(name, state, "cells", f"{name} CD8 T cells")
    m.output("pathogen", pathogen, "1", "pathogen relative to its inoculum")


KINDS = (("E", "early effector"), ("L", "late effector"), ("M", "memory"))


@lru_cache
def nominal() -> dict[str, float]:
    """The values at the published optimum."""
    return {row["parameterId"]: float(row["nominalValue"]) for row in table("parameters")}


@lru_cache
def model() -> Model:
    """The model in days, with the published optimum as its values."""
    return build("crauste2017", equations, time="d", meaning="CD8 T cells against a pathogen that grows by its square")


@lru_cache
def parameters() -> Parameters:
    """The published optimum with the bounds of the benchmark, which no unit changes."""
    bounds = {row["parameterId"]: (float(row["lowerBound"]), float(row["upperBound"])) for row in table("parameters")}
    own = model().defaults
    return replace(own, tables=tuple(replace(t, bounds=bounds[t.name]) for t in own.tables))


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """The 21 rows: `output` by name, and day, cells measured, their SD, and the reference simulation, shape (rows,)."""

    output: tuple[str, ...]
    day: Vector
    cells: Vector
    sd: Vector
    reference: Vector

    @property
    def days(self) -> Vector:
        """Every day with a row, once."""
        return np.unique(self.day)

    def of(self, values: Vector) -> Vector:
        """What each row sees of outputs at `days`, shape (days, OUTPUTS, ...)."""
        return values[np.searchsorted(self.days, self.day), [OUTPUTS.index(name) for name in self.output]]


@lru_cache
def data() -> Data:
    """Measurements beside the reference simulation, which has the same rows in the same order."""
    rows, simulated = table("measurementData"), table("simulatedData")
    for row, other in zip(rows, simulated, strict=True):
        assert [row[k] for k in ("observableId", "time")] == [other[k] for k in ("observableId", "time")]
    return Data(
        tuple(OBSERVED[row["observableId"]] for row in rows),
        *(np.array([float(row[k]) for row in rows]) for k in ("time", "measurement", "noiseParameters")),
        np.array([float(row["simulation"]) for row in simulated]),
    )


def slopes(p: dict[str, float], y: Vector) -> Vector:
    """Rates of change of N, E, L, M and P, written out by hand from the reactions of the benchmark's SBML file."""
    n, e, l, _, b = y  # noqa: E741  the states of the publication
    return np.array(
        [
            -p["mu_N"] * n - p["delta_NE"] * n * b,
            p["delta_NE"] * n * b + p["rho_E"] * e * b - p["mu_EE"] * e * e - p["delta_EL"] * e,
            p["delta_EL"] * e - p["mu_LL"] * l * l - p["mu_LE"] * e * l - p["delta_LM"] * l,
            p["delta_LM"] * l,
            p["rho_P"] * b * b - p["mu_PE"] * e * b - p["mu_PL"] * l * b - p["mu_P"] * b,
        ]
    )


@dataclass(frozen=True, slots=True, eq=False)
class Normal:
    """Errors as the benchmark has them: normal, on the scale of cells, with known SDs. It stands in the place of
    `pkpd.inference.rows.likelihood.Likelihood`, whose errors are normal in the log.
    """

    cells: Vector
    sd: Vector

    @property
    def count(self) -> int:
        return len(self.cells)

    def residuals(self, links: Vector) -> Vector:
        return (self.cells - np.exp(links)) / self.sd

    def jacobian(self, links: Vector, slopes: Vector) -> Vector:
        return -(np.exp(links) / self.sd)[:, None] * slopes

    def deviance(self, links: Vector) -> Vector:
        constant = 2 * np.log(self.sd).sum() + self.count * np.log(2 * np.pi)
        return np.asarray((self.residuals(links) ** 2).sum(axis=-1) + constant)


@lru_cache
def observations() -> Observations:
    """The rows as observations of one course without doses; their errors are those of logs, SD over value."""
    d, study = data(), "crauste2017"
    course = Course(study, "", "none", load_schedule("none"), Parameters((), study))
    rows = zip(d.output, d.day.tolist(), d.cells.tolist(), (d.sd / d.cells).tolist(), strict=True)
    seen = (
        Observation(study, name, "level", cells, day_from=day, day_to=day, unit="cells", log_se=se, course=0)
        for name, day, cells, se in rows
    )
    return Observations(tuple(seen), (course,), origin="measurementData_Crauste_CellSystems2017.tsv")


def target(tolerances: Tolerances, **begin: float) -> Objective:
    """The benchmark's objective: its rows, its errors, every parameter varied within its bounds as a log, from the
    published optimum with some values changed.
    """
    d, names, base = data(), tuple(UNITS), parameters().set(**begin)
    predicts = predictor(observations(), model(), base, names, tolerances)
    own = coordinates(base, names, priors=False)
    return Objective(observations(), own, predicts, Normal(d.cells, d.sd), in_order(predicts))  # type: ignore[arg-type]
