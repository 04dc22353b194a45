"""The 27 nonlinear regressions of NIST: data, two starts, certified values, and their models as sums of squares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np

from pkpd.engine.functions import Vector
from pkpd.inference.search.minimise import Problem

FOLDER = Path(__file__).parent / "data" / "nist"
# A residual that overflows counts as this: far above any datum, and its square still sums.
FAR = 1e30


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """One file: `y` and `x` of shapes (data,) and (variables, data), starts and certified values (parameters,)."""

    name: str
    y: Vector
    x: Vector
    first: Vector
    second: Vector
    certified: Vector
    squares: float

    def residuals(self, b: Vector) -> Vector:
        """Model less data, held within FAR; of `Nelson`, of the logarithm of the data."""
        y = np.log(self.y) if self.name == "Nelson" else self.y
        with np.errstate(all="ignore"):
            away = MODELS[self.name](b, *self.x) - y
            # these two let no NaN through
            return np.fmax(np.fmin(away, FAR), -FAR)

    def problem(self) -> Problem:
        """The regression without bounds and without derivatives, as lmfit's own tests pose it."""
        count = len(self.first)
        names = tuple(f"b{k + 1}" for k in range(count))
        return Problem(names, np.full(count, -np.inf), np.full(count, np.inf), self.residuals)

    def same(self) -> Iterator[Vector]:
        """The certified values, and those with equal terms of a sum in another order, which are the same curve."""
        groups = TERMS.get(self.name, ())
        for order in permutations(groups):
            moved = self.certified.copy()
            for group, other in zip(groups, order, strict=True):
                moved[list(group)] = self.certified[list(other)]
            yield moved

    def digits(self, b: Vector) -> float:
        """Matching digits of the worst parameter: -log10 of its relative error."""
        apart = [np.max(np.abs(b - values) / np.abs(values)) for values in self.same()]
        # no file certifies more than eleven digits
        return float(-np.log10(max(min(apart), 1e-11)))


def read(name: str) -> Regression:
    """A file of the folder; its sections are found by the words NIST puts before them."""
    text = (FOLDER / f"{name}.dat").read_text("ascii")
    rows = re.findall(r"^ *b\d+ *=((?: +\S+){4}) *$", text, re.MULTILINE)
    values = np.array([row.split() for row in rows], dtype=float)
    squares = re.search(r"Residual Sum of Squares: *(\S+)", text)
    assert squares is not None, name
    # the last "Data:" heads the columns; the first describes them
    lines = text.rpartition("Data:")[2].splitlines()[1:]
    data = np.array([line.split() for line in lines if line.strip()], dtype=float).T
    return Regression(name, data[0], data[1:], values[:, 0], values[:, 1], values[:, 2], float(squares[1]))


def names() -> list[str]:
    """The 27 names, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.dat"))


Model = Callable[..., Vector]


def _chwirut(b: Vector, x: Vector) -> Vector:
    return np.exp(-b[0] * x) / (b[1] + b[2] * x)


def _enso(b: Vector, x: Vector) -> Vector:
    turn = 2 * np.pi * x
    year = b[1] * np.cos(turn / 12) + b[2] * np.sin(turn / 12)
    second = b[4] * np.cos(turn / b[3]) + b[5] * np.sin(turn / b[3])
    third = b[7] * np.cos(turn / b[6]) + b[8] * np.sin(turn / b[6])
    return b[0] + year + second + third


def _gauss(b: Vector, x: Vector) -> Vector:
    bells = b[2] * np.exp(-(((x - b[3]) / b[4]) ** 2)) + b[5] * np.exp(-(((x - b[6]) / b[7]) ** 2))
    return b[0] * np.exp(-b[1] * x) + bells


def _lanczos(b: Vector, x: Vector) -> Vector:
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def _cubics(b: Vector, x: Vector) -> Vector:
    return (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def _saturating(b: Vector, x: Vector) -> Vector:
    return b[0] * (1 - np.exp(-b[1] * x))


MODELS: dict[str, Model] = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": _saturating,
    "Chwirut1": _chwirut,
    "Chwirut2": _chwirut,
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "ENSO": _enso,
    "Eckerle4": lambda b, x: b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": _gauss,
    "Gauss2": _gauss,
    "Gauss3": _gauss,
    "Hahn1": _cubics,
    "Kirby2": lambda b, x: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Lanczos1": _lanczos,
    "Lanczos2": _lanczos,
    "Lanczos3": _lanczos,
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * np.exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4]),
    "Misra1a": _saturating,
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Misra1c": lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda b, time, heat: b[0] - b[1] * time * np.exp(-b[2] * heat),
    "Rat42": lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi,
    "Thurber": _cubics,
}
# Parameters of terms that may change places.
TERMS: dict[str, tuple[tuple[int, ...], ...]] = {
    "ENSO": ((3, 4, 5), (6, 7, 8)),
    "Gauss1": ((2, 3, 4), (5, 6, 7)),
    "Gauss2": ((2, 3, 4), (5, 6, 7)),
    "Gauss3": ((2, 3, 4), (5, 6, 7)),
    "Lanczos1": ((0, 1), (2, 3), (4, 5)),
    "Lanczos2": ((0, 1), (2, 3), (4, 5)),
    "Lanczos3": ((0, 1), (2, 3), (4, 5)),
    "MGH17": ((1, 3), (2, 4)),
}
