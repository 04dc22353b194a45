"""Patients with a steady baseline: those who have none are drawn again, and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ...engine.compile import feasible, functions
from ...engine.functions import Vector, parts
from ...engine.native import NativeFunctions
from ...keyed import Keyed
from .columns import shared
from .course import Course
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
    again = left = np.flatnonzero(~_steady(course, found))
    for attempt in range(1, ATTEMPTS + 1):
        if not len(left):
            break
        # all from the first to the last of them at once: a call costs more than a patient
        low, width = int(left[0]), int(left[-1] - left[0]) + 1
        new = patients_of(spread, course.parameters, keyed, first + low, width, blocks, typical, attempt)
        able = _steady(course, new)[left - low] | (attempt == ATTEMPTS)
        found = _exchanged(found, new, left[able], low)
        left = left[~able]
    return replace(found, redrawn=tuple((first + again).tolist()))


def _exchanged(found: Patients, new: Patients, who: NDArray[np.intp], low: int) -> Patients:
    """The patients with some of them, by their place, from others who begin at the place `low`."""

    def mixed(own: Mapping[str, Vector], other: Mapping[str, Vector]) -> dict[str, Vector]:
        columns = {name: column.copy() for name, column in own.items()}
        for name, column in columns.items():
            column[who] = other[name][who - low]
        return columns

    labels = {name: list(levels) for name, levels in found.labels.items()}
    for name, levels in labels.items():
        for k in who.tolist():
            levels[k] = new.labels[name][k - low]
    return replace(
        found,
        values=mixed(found.values, new.values),
        blocks=tuple(mixed(own, other) for own, other in zip(found.blocks, new.blocks, strict=True)),
        labels={name: tuple(levels) for name, levels in labels.items()},
    )


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
    own = shared(course).own(values)
    fixed = parts(code.fixed_many(own), code.code.layout.parameters, code.outline)
    return feasible(fixed)
