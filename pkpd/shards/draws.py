"""Patients drawn from log-normal spreads of parameters; each number is keyed by (seed, replicate, patient, name)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..engine.functions import Vector
from ..errors import ParameterError, nearest
from ..keyed import Keyed
from ..parameters import Parameters

LARGEST_SPREAD = 10.0


@dataclass(frozen=True, slots=True)
class Draw:
    """What varies between patients: names, typical values (each in its parameter's unit) and SDs of the log.

    The value of a parameter of a patient depends on nothing else: not on what else varies, nor on how many patients are
    drawn, nor on the order in which they are.
    """

    names: tuple[str, ...]
    typical: tuple[float, ...]
    spread: tuple[float, ...]
    seed: int
    replicate: int = 0

    def values(self, first: int, count: int) -> dict[str, Vector]:
        """Values of patients `first` (from 0) to `first + count - 1`, shape (count,), in the parameters' units."""
        return {
            name: _log_normal(typical, spread, self.deviates(name, first, count))
            for name, typical, spread in zip(self.names, self.typical, self.spread, strict=True)
        }

    def deviates(self, name: str, first: int, count: int) -> Vector:
        """Standard normal deviates of a parameter, shape (count,)."""
        return np.asarray(Keyed(self.seed, self.replicate).normals(name, first, count)[:, 0])


def draw_of(parameters: Parameters, spread: Mapping[str, float] | None, seed: int, replicate: int = 0) -> Draw:
    """What varies: `spread` by name, or else every parameter that has one; ParameterError for what cannot vary."""
    Keyed(seed, replicate)
    asked = spread if spread is not None else {t.name: t.spread for t in parameters.tables if t.spread}
    if not asked:
        raise ParameterError(
            f"nothing differs between patients: no parameter of {parameters.origin} has a spread; "
            "give spread={name: SD of the log}"
        )
    for name, sd in asked.items():
        if name not in parameters:
            raise ParameterError(f"a spread was given for '{name}', which is no parameter{nearest(name, parameters)}")
        if not 0 <= sd <= LARGEST_SPREAD:
            raise ParameterError(f"the spread of {name} is an SD of the log from 0 to {LARGEST_SPREAD:g}, not {sd:g}")
        if not parameters[name].value > 0:
            raise ParameterError(f"{name} = {parameters[name].text} has no log, so it cannot have a spread of {sd:g}")
    names = tuple(name for name in parameters if name in asked)
    typical = tuple(parameters[name].centre(asked[name]) for name in names)
    return Draw(names, typical, tuple(float(asked[name]) for name in names), seed, replicate)


def _log_normal(typical: float, spread: float, deviates: Vector) -> Vector:
    # math.exp, because numpy's may round the end of an array differently from its middle
    return np.array([typical * math.exp(spread * z) for z in deviates.tolist()])
