"""Patients with a steady baseline: those who have none are drawn again, and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ...engine.code.library import outline_of
from ...engine.compile import feasible, functions
from ...engine.functions import Vector, parts
from ...engine.native import NativeFunctions
from ...keyed import Keyed
from ...many import own_matrix
from .cohort import Course
from .spread import Patients, Spread, patients_of

ATTEMPTS = 50  # a patient for whom all of these fail is reported when simulated


def enrol(
    course: Course,
    spread: Spread,
    keyed: Keyed,
    first: int,
    count: int,
    typical: Mapping[str, float] | None = None,
) -> Patients:
    """Patients `first` to `first + count - 1`, as `patients_of` draws them, each drawn again until the model has a
    steady baseline for them. What a patient becomes depends on seed, replicate, number and typical values alone.
    """
    blocks = len(course.block_starts)
    found = patients_of(spread, course.parameters, keyed, first, count, blocks, typical)
    again = np.flatnonzero(~_steady(course, found))
    if not len(again):
        return found
    values = {name: column.copy() for name, column in found.values.items()}
    changed = [{name: column.copy() for name, column in block.items()} for block in found.blocks]
    labels = {name: list(levels) for name, levels in found.labels.items()}
    for k in again.tolist():
        one = _retried(course, spread, keyed, first + k, typical)
        for own, new in ((values, one.values), *zip(changed, one.blocks, strict=True)):
            for name in own:
                own[name][k] = new[name][0]
        for name in labels:
            labels[name][k] = one.labels[name][0]
    told = {name: tuple(levels) for name, levels in labels.items()}
    who = tuple((first + again).tolist())
    return replace(found, values=values, blocks=tuple(changed), labels=told, redrawn=who)


def _retried(
    course: Course, spread: Spread, keyed: Keyed, number: int, typical: Mapping[str, float] | None
) -> Patients:
    blocks = len(course.block_starts)
    for attempt in range(1, ATTEMPTS + 1):
        one = patients_of(spread, course.parameters, keyed, number, 1, blocks, typical, attempt)
        if _steady(course, one)[0]:
            break
    return one


def _steady(course: Course, patients: Patients) -> NDArray[np.bool_]:
    """Whether the model has a baseline for each patient, in every block of doses."""
    able = np.ones(patients.count, dtype=bool)
    for block in patients.blocks or ({},):
        values = dict(patients.values) | dict(block)
        if values:
            able &= _feasible(course, values)
    return able


def _feasible(course: Course, values: Mapping[str, Vector]) -> NDArray[np.bool_]:
    code = cast(NativeFunctions, functions(course.model))
    model = outline_of(course.model)
    own = own_matrix(model, course.parameters.over(model.defaults), values)
    fixed = parts(code.fixed_many(own), code.code.layout.parameters, code.outline)
    return feasible(fixed)
