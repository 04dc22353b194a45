"""Random numbers keyed by (seed, replicate, patient, name): each depends on nothing else, so neither workers nor the
number of patients nor the order of the draws can change it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .engine.functions import Vector
from .errors import ParameterError

LARGEST = 2**64 - 1
Words = NDArray[np.uint64]
_WORDS = 4  # Philox makes four words from each counter


@dataclass(frozen=True, slots=True)
class Keyed:
    """The numbers of one replicate of a seed; both are whole numbers from 0 to 2^64 - 1, else ParameterError. `prefix`
    goes before every name.
    """

    seed: int
    replicate: int = 0
    prefix: str = ""

    def __post_init__(self) -> None:
        for what, number in (("seed", self.seed), ("replicate", self.replicate)):
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= LARGEST:
                raise ParameterError(f"{what} is a whole number from 0 to 2^64 - 1, not {number!r:.40}")

    def uniforms(self, name: str, first: int, count: int, width: int = 1) -> Vector:
        """Uniform numbers inside (0, 1) of patients `first` to `first + count - 1`, shape (count, width); a wider
        request begins with the same columns.
        """
        return unit_interval(self.words(name, first, count, width))

    def normals(self, name: str, first: int, count: int, width: int = 1) -> Vector:
        """Standard normal deviates, otherwise as `uniforms`."""
        from scipy.special import ndtri

        return np.asarray(ndtri(self.uniforms(name, first, count, width)))

    def words(self, name: str, first: int, count: int, width: int) -> Words:
        """Words of 64 bits, shape (count, width): word k of a patient is word k mod 4 of counter (patient + 1, name,
        replicate, k div 4) under the key `seed`.
        """
        found = [np.zeros((count, 0), dtype=np.uint64)]
        for block in range(-(-width // _WORDS)):
            counter = np.array([first, _tag(self.prefix + name), self.replicate, block], dtype=np.uint64)
            raw = np.random.Philox(key=self.seed, counter=counter).random_raw(_WORDS * count)
            found.append(raw.reshape(count, _WORDS))
        return np.concatenate(found, axis=1)[:, :width]


def unit_interval(words: Words) -> Vector:
    """Words of 64 bits as numbers inside (0, 1)."""
    # 52 bits and a half: both ends of the unit interval are out of reach, and the sum is exact
    return np.asarray(((words >> np.uint64(12)).astype(float) + 0.5) * 2.0**-52)


def _tag(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
