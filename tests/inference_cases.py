"""Fits whose answers are known: formulas in the place of a model, and one compartment with its exact solution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from models import one_compartment

from pkpd.dosing.library import load_schedule
from pkpd.engine.functions import Vector
from pkpd.engine.tolerances import DEFAULT, Tolerances
from pkpd.inference.coordinates import coordinates
from pkpd.inference.fitted import Fitted
from pkpd.inference.objective import Objective, objective
from pkpd.inference.rows.likelihood import Likelihood
from pkpd.inference.rows.noise import Noise
from pkpd.inference.rows.predictor import Unsolved
from pkpd.inference.search.minimise import minimise
from pkpd.inference.search.multistart import Search
from pkpd.model.declaration import Model
from pkpd.parameters import Parameter, Parameters
from pkpd.studies.observation import Course, Observation, Observations


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """Predicts rows by `links` of values (vectors, names), with `derivatives` (rows, names); `fails` says where not."""

    links: Callable[[Vector], Vector]
    derivatives: Callable[[Vector], Vector]
    count: int
    fails: Callable[[Vector], Any] = lambda values: np.zeros(len(values), dtype=bool)
    tolerances: Tolerances = DEFAULT

    def many(self, values: Vector) -> tuple[Vector, tuple[tuple[int, str], ...]]:
        links, failed = self.links(values), np.flatnonzero(self.fails(values))
        links[failed] = np.nan
        return links, tuple((int(k), "no solution here") for k in failed)

    def one(self, values: Vector) -> Vector:
        links, failed = self.many(values[None, :])
        if failed:
            raise Unsolved(failed[0][1])
        return links[0]

    def slopes(self, values: Vector) -> tuple[Vector, Vector]:
        return self.one(values), self.derivatives(values)


def parameter(name: str, low: float, high: float, value: float, prior: tuple[float, float] | None = None) -> Parameter:
    """One in hours."""
    return Parameter(name, value, "h", name, "assumed", ("assumed",), bounds=(low, high), prior=prior)


def fitted_by(
    formula: Formula,
    observed: Sequence[float],
    sd: Sequence[float],
    parameters: Sequence[Parameter],
    bounded: Sequence[int] = (),
) -> Fitted:
    """The fit of a formula to independent rows with these SDs; those `bounded` say "more than"."""
    bound = np.array(bounded, dtype=np.int64)
    equal = np.setdiff1d(np.arange(len(observed)), bound)
    scatter = np.array(sd, dtype=float)
    known = Likelihood(
        equal,
        bound,
        np.array(observed, dtype=float),
        np.diag(1 / scatter[equal]),
        np.diag(scatter[equal]),
        np.zeros((len(bound), len(equal))),
        scatter[bound],
        np.ones(len(bound)),
        2 * float(np.log(scatter[equal]).sum()),
    )
    tables = Parameters(tuple(parameters), "cases")
    c = coordinates(tables, list(tables))
    rows = Observations(tuple(Observation("made", "y", "level", v) for v in observed), ())
    return _searched(Objective(rows, c, formula, known, ()), "formula", tables, Noise())  # type: ignore[arg-type]


def straight(
    design: Sequence[Sequence[float]],
    observed: Sequence[float],
    sd: Sequence[float],
    parameters: Sequence[Parameter],
    **fails: Any,
) -> Fitted:
    """The fit of rows that are linear in the parameters: everything about it is normal."""
    a = np.array(design, dtype=float)
    return fitted_by(Formula(lambda v: v @ a.T, lambda v: a, len(a), **fails), observed, sd, parameters)


def _searched(target: Objective, model: Model | str, tables: Parameters, noise: Noise) -> Fitted:
    found = minimise(target.problem, target.coordinates.start)
    return Fitted(model, tables, target, noise, True, Search((found,), found.evaluations, 0.0, ""), found.x, ("cases",))


@lru_cache
def two_rates() -> Fitted:
    """Two correlated parameters, no prior, bounds far away."""
    wide = [parameter("a", -50, 50, 0.5), parameter("b", -50, 50, 0.5)]
    return straight([[1, 0], [1, 1], [1, 2], [0.5, 3]], [1.1, 1.9, 3.2, 3.4], [0.2, 0.3, 0.2, 0.4], wide)


@lru_cache
def two_rates_with_priors() -> Fitted:
    """The same with a prior on each, away from what the rows say."""
    known = [parameter("a", -50, 50, 0.5, (0.4, 0.3)), parameter("b", -50, 50, 0.5, (1.5, 0.2))]
    return straight([[1, 0], [1, 1], [1, 2], [0.5, 3]], [1.1, 1.9, 3.2, 3.4], [0.2, 0.3, 0.2, 0.4], known)


DOSE = 100.0  # mg into a vein


def one_compartment_fit(rows: Sequence[tuple[str, float, float, str]]) -> Fitted:
    """Volume and clearance fitted to (study, hour, mg/L, bound) after a dose into a vein: a straight log."""
    model = one_compartment()
    shape = model.defaults
    tables = Parameters(
        tuple(
            replace(t, bounds=(t.value / 50, t.value * 50)) if t.name in ("volume", "clearance") else t
            for t in shape.tables
        ),
        "cases",
    )
    studies = list(dict.fromkeys(study for study, *_ in rows))
    dose = load_schedule(f"{DOSE:g} mg iv once")
    courses = tuple(Course(s, "", "once", dose, Parameters((), s)) for s in studies)
    seen = tuple(
        Observation(
            study, "concentration", "level", value, day_from=hour / 24, day_to=hour / 24, unit="mg/L", bound=bound,
            log_se=0.2, course=studies.index(study),
        )
        for study, hour, value, bound in rows
    )  # fmt: skip
    noise = Noise(between_studies=0.0)
    c = coordinates(tables, ["volume", "clearance"])
    return _searched(objective(Observations(seen, courses), model, tables, c, noise), model, tables, noise)
