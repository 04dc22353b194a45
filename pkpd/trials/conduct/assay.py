"""What the laboratory reports of a level: day-to-day and assay variation around it, and limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...engine.functions import Vector
from ...inference.rows.sampling import family
from ...keyed import Keyed
from ...model.outline import Named
from ...units import factor, same_dimension
from .result import Marks
from .terms import Conduct

PERCENT = "%"


@dataclass(frozen=True, slots=True)
class Assay:
    """One output as it is measured: log SDs of `biology` (from day to day, within a patient) and of the `assay`, the
    lower `limit` in the output's unit (0 for none), the `highest` that it can be, and whether it is a `count` of cells.
    """

    output: str
    biology: float
    assay: float
    limit: float
    count: bool
    highest: float = math.inf

    @property
    def sd(self) -> float:
        """Log SD of both together."""
        return math.hypot(self.biology, self.assay)


def assay_of(output: Named, conduct: Conduct) -> Assay:
    """How an output of a model is measured."""
    kind = family(output.name)
    count = same_dimension(output.unit, "cells/uL")
    if output.unit == PERCENT:
        return Assay(output.name, conduct["biology_percent"], conduct["assay_percent"], 0.0, False, 100.0)
    name = f"assay_{kind}" if f"assay_{kind}" in conduct.tables else "assay_other"
    limit = conduct.tables["limit_count" if count else "limit_il2"]
    limited = (count or kind == "il2") and same_dimension(output.unit, limit.unit)
    lowest = limit.value * factor(limit.unit, output.unit) if limited else 0.0
    return Assay(output.name, conduct["biology"], conduct[name], lowest, count)


def noise_of(assays: Sequence[Assay], keyed: Keyed, count: int, visits: int) -> Vector:
    """Factors on the levels of patients 0 to `count` - 1, shape (patients, visits, outputs); independent of each other.
    What a patient meets at a visit depends on seed, replicate, patient, output and visit alone.
    """
    found = np.empty((count, visits, len(assays)))
    for k, assay in enumerate(assays):
        # one request for both: columns of a visit stand side by side, so that more visits change none
        deviates = keyed.normals(f"measured {assay.output}", 0, count, 2 * visits)
        found[:, :, k] = assay.biology * deviates[:, ::2] + assay.assay * deviates[:, 1::2]
    return _exp(found)


def reported(levels: Vector, noise: Vector, assays: Sequence[Assay]) -> tuple[Vector, Marks]:
    """What is reported of levels, and what lies below its limit, both of their shape (..., outputs): half the limit is
    reported of that. A percentage stops at 100. NaN where nothing was sampled.
    """
    limits = np.array([assay.limit for assay in assays])
    values = np.minimum(levels * noise, [assay.highest for assay in assays])
    with np.errstate(invalid="ignore"):
        below = np.asarray(values < limits)
    return np.where(below, limits / 2, values), below


def _exp(logs: Vector) -> Vector:
    # math.exp, because numpy's may round the end of an array differently from its middle
    return np.array([math.exp(x) for x in logs.ravel().tolist()]).reshape(logs.shape)
