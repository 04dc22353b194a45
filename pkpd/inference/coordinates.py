"""Parameters as a fit moves them: logs where a value is positive by nature, with bounds and priors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..engine.functions import Vector
from ..errors import InferenceError, nearest
from ..parameters import Parameter, Parameters


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """The varied parameters, each in its unit in the set; `x` is the log of a value where `logs` says so, else itself.

    `low` and `high` bound x; `centre` and `sd` are the normal prior of x, NaN where there is none.
    """

    tables: tuple[Parameter, ...]
    logs: NDArray[np.bool_]
    low: Vector
    high: Vector
    centre: Vector
    sd: Vector

    @property
    def names(self) -> tuple[str, ...]:
        """The varied parameters, in order."""
        return tuple(t.name for t in self.tables)

    @property
    def start(self) -> Vector:
        """x of the values as they stand in the set, moved inside their bounds."""
        held = [min(max(t.value, t.bounds[0]), t.bounds[1]) for t in self.tables]  # before a log, which 0 has none of
        return np.clip(self.to_x(np.array(held)), self.low, self.high)

    def to_x(self, values: Vector) -> Vector:
        """Coordinates of values, shape (..., names)."""
        return np.where(self.logs, np.log(np.where(self.logs, values, 1.0)), values)

    def to_values(self, x: Vector) -> Vector:
        """Values at coordinates, shape (..., names), each in its unit in the set and, at a bound, not beyond it."""
        values = np.where(self.logs, np.exp(np.where(self.logs, x, 0.0)), x)
        low, high = np.array([t.bounds for t in self.tables]).T
        # the exponential of the log of a bound may lie a rounding beyond it
        return np.where(x <= self.low, np.fmax(values, low), np.where(x >= self.high, np.fmin(values, high), values))

    def slopes(self, x: Vector) -> Vector:
        """How fast values move with x."""
        return np.where(self.logs, self.to_values(x), 1.0)

    def interval(self, x: Vector, se: Vector, width: float = 1.959963984540054) -> tuple[Vector, Vector]:
        """Values at x less and plus `width` standard errors (by default 95 %), held inside the bounds."""
        low = np.clip(x - width * se, self.low, self.high)
        return self.to_values(low), self.to_values(np.clip(x + width * se, self.low, self.high))


def coordinates(parameters: Parameters, names: Sequence[str], *, priors: bool = True) -> Coordinates:
    """Coordinates of the parameters named, with their bounds and, where `priors`, what the file says of them.

    InferenceError for a name the set does not hold, one named twice, or one without finite bounds.
    """
    if not names:
        raise InferenceError("no parameter is varied; name some, for example treg_activation,treg_feedback")
    for name in names:
        if name not in parameters:
            raise InferenceError(
                f"there is no parameter '{name}' to vary in {parameters.origin}{nearest(name, parameters)}"
            )
        if list(names).count(name) > 1:
            raise InferenceError(f"'{name}' is varied twice")
        low, high = parameters[name].bounds
        if not np.isfinite([low, high]).all() or low >= high:
            raise InferenceError(f"{name} cannot be varied, because {parameters.origin} gives it no bounds [low, high]")
    tables = tuple(parameters[name] for name in names)
    logs = np.array([t.bounds[0] > 0 for t in tables])
    plain = Coordinates(tables, logs, *(np.full(len(tables), np.nan) for _ in range(4)))
    lowest, highest = (plain.to_x(np.array([t.bounds[k] for t in tables])) for k in (0, 1))
    said = [t.prior if priors and t.prior is not None else (np.nan, np.nan) for t in tables]
    centre = np.array([np.log(m) if is_log else m for (m, _), is_log in zip(said, logs, strict=True)])
    return Coordinates(tables, logs, lowest, highest, centre, np.array([s for _, s in said]))
