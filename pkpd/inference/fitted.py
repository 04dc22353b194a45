"""The result of a fit as a value: parameters with intervals, predictions beside observations, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..engine.functions import Vector
from ..parameters import Parameter, Parameters
from ..references import load_references
from ..studies.observation import Observation
from .coordinates import Coordinates
from .information import Information, information
from .objective import Objective
from .rows.noise import Noise
from .search.multistart import Search

if TYPE_CHECKING:
    from ..model.declaration import Model

# Two starts that end within this of each other in -2 log likelihood found the same optimum, for any use of it.
SAME = 0.1


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fit. `x` is the best point in the coordinates of `objective.coordinates`; `base` the set it began from; `data`
    names the files or studies; `left_out` are rows that could not be used; `warnings` say what to know before trusting
    it.
    """

    model: Model | str
    base: Parameters
    objective: Objective
    noise: Noise
    priors: bool
    search: Search
    x: Vector
    data: tuple[str, ...]
    left_out: tuple[Observation, ...] = ()
    warnings: tuple[str, ...] = ()
    seed: int = 1

    @property
    def coordinates(self) -> Coordinates:
        """The varied parameters, with bounds and priors."""
        return self.objective.coordinates

    @property
    def names(self) -> tuple[str, ...]:
        """The varied parameters, in order."""
        return self.coordinates.names

    @property
    def values(self) -> Vector:
        """Fitted values, each in its unit in the set."""
        return self.coordinates.to_values(self.x)

    @cached_property
    def information(self) -> Information:
        """What the rows and the priors say about the parameters, at the fitted values."""
        return information(self.objective.jacobian(self.x), self.x, self.coordinates)

    @property
    def interval(self) -> tuple[Vector, Vector]:
        """Lower and upper ends of 95 % intervals, in each parameter's unit; NaN at a bound."""
        return self.coordinates.interval(self.x, self.information.se)

    @cached_property
    def links(self) -> Vector:
        """Predictions of the rows on the scale of their errors."""
        return self.objective.predictor.one(self.values)

    @property
    def cost(self) -> float:
        """What was minimised: squares of the residuals of rows and priors."""
        return float((self.objective.residuals(self.x) ** 2).sum())

    @property
    def agreeing(self) -> int:
        """How many starts ended within 0.1 of the best in -2 log likelihood and prior, the best included."""
        return self.search.agreeing(SAME)

    @property
    def deviance(self) -> float:
        """-2 log likelihood of the rows alone."""
        return float(self.objective.likelihood.deviance(self.links))

    @property
    def aicc(self) -> float | None:
        """Akaike's criterion for small samples, on the likelihood alone; None where rows are too few to define it."""
        n, k = self.objective.likelihood.count, len(self.names)
        return self.deviance + 2 * k + 2 * k * (k + 1) / (n - k - 1) if n - k - 1 > 0 else None

    @property
    def parameters(self) -> Parameters:
        """The set with the fitted values, whose `source` names the fit and its data."""
        tables = dict(zip(self.names, self.values.tolist(), strict=True))
        return replace(
            self.base,
            tables=tuple(self._table(t, tables[t.name]) if t.name in tables else t for t in self.base.tables),
            origin=f"fit of {self.model_name} to {', '.join(self.data)}",
        )

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """Parameters that nothing is known about: no information, or at a bound that costs nothing to leave."""
        known = self.information
        found = []
        for k, name in enumerate(self.names):
            away = self.x.copy()
            away[k] = (self.coordinates.low[k] + self.coordinates.high[k]) / 2
            at_bound = bool(known.low[k] or known.high[k])
            level = at_bound and float((self.objective.residuals(away) ** 2).sum()) < self.cost + SAME
            if level or np.isinf(known.se[k]):
                found.append(name)
        return tuple(found)

    @property
    def model_name(self) -> str:
        """The model, as it was named."""
        return self.model if isinstance(self.model, str) else self.model.name

    @property
    def trouble(self) -> tuple[str, ...]:
        """Why the fit is not valid, in sentences; empty where it is."""
        found = []
        if self.search.stopped:
            found.append(f"the search was stopped ({self.search.stopped}) before every start had finished")
        if not self.search.best.converged:
            found.append(f"the best start did not converge ({self.search.best.message})")
        if self.unknown:
            found.append(f"nothing is known about {', '.join(self.unknown)}: hold them fixed, or give them a prior")
        if len(self.search.found) > 2 and self.agreeing < 2:
            found.append("no two starts reached the same optimum: use more starts")
        return tuple(found)

    def _table(self, table: Parameter, value: float) -> Parameter:
        known = load_references()
        keys = sorted({k for row in self.objective.rows for k in _keys(row.source) if k in known})
        said = f"fit of {self.model_name} to {', '.join(self.data)}"
        low, high = (ends[self.names.index(table.name)] for ends in self.interval)
        shown = (
            f"95 % interval {low:.3g} to {high:.3g}" if np.isfinite([low, high]).all() else "no interval: at a bound"
        )
        start = f"start {table.value:g} {table.unit}".removesuffix(" 1")
        share = float(self.information.prior_share[self.names.index(table.name)])
        # a value that the rows taught nothing about is called fitted all the same
        left = f"; share of variance left from the prior {100 * share:.0f} %" if np.isfinite(share) else ""
        where = f"{said}; {shown}{left}; {start}"
        return replace(table, value=value, basis="fitted", source=(said, *keys), where=where)


def _keys(source: str) -> Sequence[str]:
    return [key.strip() for key in source.replace(";", ",").split(",")]
