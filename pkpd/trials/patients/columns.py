"""Parameters of patients in the model's order: what all patients of a course share is worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ...engine.code.library import outline_of
from ...engine.compile import own_vector
from ...engine.functions import Vector
from ...many import output_numbers, own_matrix
from ...model.outline import Outline
from ...parameters import Parameters
from ...units import coherent_factor, factor

if TYPE_CHECKING:
    from .course import Course

SIZES = (("bsa", "m2"), ("weight", "kg"))


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What is the same for all patients: parameters completed from the model's, one row of them in coherent units, and
    for each name its place, the number that makes its unit coherent, and whether it may be below 0; the numbers of the
    outputs.
    """

    model: Outline
    whole: Parameters
    row: Vector
    places: Mapping[str, tuple[int, float, bool]]
    outputs: tuple[int, ...]

    def own(self, values: Mapping[str, Vector]) -> Vector:
        """As `own_matrix`: one row a patient, from columns in the units of the set."""
        if any(self._wrong(name, column) for name, column in values.items()):
            return own_matrix(self.model, self.whole, values)  # which says what is wrong
        own = np.tile(self.row, (len(next(iter(values.values()))), 1))
        for name, column in values.items():
            place, scale, _ = self.places[name]
            own[:, place] = column * scale
        return own

    def sizes(self, own: Vector) -> Vector:
        """bsa (m2) and weight (kg) of each patient, shape (patients, 2), NaN where the parameters do not say."""
        found = np.full((len(own), len(SIZES)), np.nan)
        for j, (name, unit) in enumerate(SIZES):
            if name in self.places:
                k = self.places[name][0]
                declared = self.model.parameters[k].unit
                found[:, j] = own[:, k] / (coherent_factor(declared, self.model.time) * factor(unit, declared))
            elif name in self.whole:
                found[:, j] = self.whole[name].in_unit(unit)
        return found

    def _wrong(self, name: str, column: Vector) -> bool:
        if name not in self.places or not np.isfinite(column).all():
            return True
        return not self.places[name][2] and bool(column.min() < 0)


@lru_cache(maxsize=64)
def shared(course: Course) -> Shared:
    """What the patients of a course share; asked for again, it is not worked out again."""
    model = outline_of(course.model)
    whole = course.parameters.over(model.defaults)
    row = np.array(own_vector(model, whole))
    places = {}
    for k, declared in enumerate(model.parameters):
        known = whole[declared.name]
        scale = factor(known.unit, declared.unit) * coherent_factor(declared.unit, model.time)
        places[declared.name] = k, scale, not known.bounds[0] >= 0
    return Shared(model, whole, row, places, output_numbers(model, course.outputs))
