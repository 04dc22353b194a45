"""Patients drawn from log-normal spreads of parameters; each number is keyed by (seed, replicate, patient, name)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..engine.functions import Vector
from ..errors import ParameterError, nearest
from ..parameters import Parameters

LARGEST_SPREAD = 10.0
LARGEST_SEED = 2**64 - 1


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
        """Standard normal deviates of a parameter, shape (count,).

        Philox makes four words from each counter; the first word of counter (patient + 1, name, replicate, 0) under the
        key `seed` is the patient's.
        """
        from scipy.special import ndtri

        counter = np.array([first, _tag(name), self.replicate, 0], dtype=np.uint64)
        words = np.random.Philox(key=self.seed, counter=counter).random_raw(4 * count)[::4]
        # 52 bits and a half: both ends of the unit interval are out of reach, and the sum is exact
        return np.asarray(ndtri(((words >> np.uint64(12)).astype(float) + 0.5) * 2.0**-52))


def draw_of(parameters: Parameters, spread: Mapping[str, float] | None, seed: int, replicate: int = 0) -> Draw:
    """What varies: `spread` by name, or else every parameter that has one; ParameterError for what cannot vary."""
    for what, number in (("seed", seed), ("replicate", replicate)):
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= LARGEST_SEED:
            raise ParameterError(f"{what} is a whole number from 0 to 2^64 - 1, not {number!r:.40}")
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
    typical = tuple(parameters[name].value for name in names)
    return Draw(names, typical, tuple(float(asked[name]) for name in names), seed, replicate)


def _log_normal(typical: float, spread: float, deviates: Vector) -> Vector:
    # math.exp, because numpy's may round the end of an array differently from its middle
    return np.array([typical * math.exp(spread * z) for z in deviates.tolist()])


def _tag(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
