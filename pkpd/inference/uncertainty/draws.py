"""Draws of parameters: many vectors that a fit leaves plausible, as a table that a trial can run through."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...data import csv_rows, folder
from ...engine.functions import Vector
from ...engine.plan import Whole
from ...errors import FileError, InferenceError, ParameterError, UnitError, nearest
from ...parameters import Parameters
from ...units import factor, unit

if TYPE_CHECKING:
    from ..fitted import Fitted

WIDER = 8  # proposals for each draw by weights
FREEDOM = 5  # of Student's t of those proposals, so that tails of the likelihood are not missed
_COLUMN = re.compile(r"([A-Za-z]\w*) \[([^\[\]]+)\]\Z", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Vectors of parameters: `values` has shape (draws, names), each column in its unit of `units`.

    `kind` is "covariance", "bootstrap", "posterior", or "file" where they were read. `rejected` counts what was drawn
    and could not be used; `effective` is how many independent draws these are worth, None where all are. `said` is what
    chains say of their convergence, and they have not converged where that is `doubtful`. `lines` are those of the file
    that draws were read from.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: Vector
    kind: str
    origin: str
    rejected: int = 0
    effective: float | None = None
    said: str = ""
    doubtful: bool = False
    lines: tuple[int, ...] = ()

    def place(self, k: int) -> str:
        """Where a draw (counted from 0) stands: file and line, else its number."""
        return f"{self.origin} line {self.lines[k]}" if self.lines else f"{self.origin}: draw {k + 1}"

    def in_units_of(self, parameters: Parameters) -> Vector:
        """The values in the units of a set, same shape; ParameterError for a name it lacks, another kind of unit, or a
        negative value of what cannot be negative.
        """
        factors = []
        for name, own in zip(self.names, self.units, strict=True):
            if name not in parameters:
                raise ParameterError(
                    f"{self.origin}: {parameters.origin} has no parameter '{name}' to draw{nearest(name, parameters)}"
                )
            try:
                factors.append(factor(own, parameters[name].unit))
            except UnitError as error:
                raise ParameterError(
                    f"{self.origin}: {name} of {parameters.origin} is in another unit: {error}"
                ) from None
        values = np.asarray(self.values * np.array(factors))
        positive = np.array([parameters[name].bounds[0] >= 0 for name in self.names])
        for k, j in np.argwhere((values < 0) & positive)[:1].tolist():
            found = f"{self.names[j]} is {self.values[k, j]:g} {self.units[j]}".removesuffix(" 1")
            raise ParameterError(f"{self.place(k)}: {found} and cannot be negative; correct or remove the draw")
        return values


def covariance_draws(
    fitted: Fitted, count: int = 500, seed: int = 1, *, exact: bool = False, threads: int | None = None
) -> Draws:
    """`count` vectors of the fitted parameters, the same for the same seed; `kind` is "covariance".

    They are normal in the coordinates of the fit, with its covariance: a parameter at a bound stays there, one about
    which nothing is known is uniform between its bounds. What falls outside the bounds, or cannot be simulated, is
    drawn again and counted in `rejected`. A draw is the same however many are asked for.

    With `exact`, eight times as many are drawn from Student's t around the fit, simulated, and `count` of them kept
    with probabilities that follow likelihood and prior, none twice; `kind` is "posterior", and `effective` says how
    many independent draws the weights leave: far below `count`, they do not follow the posterior. Parameters at a bound
    move too then, and draws depend on `count`. Raises InferenceError where too few
    vectors can be simulated.
    """
    if count < 1 or seed < 0:
        raise InferenceError(f"{count} draws with seed {seed} cannot be made; give 1 or more, and a seed from 0")
    if exact:
        return _weighted(fitted, count, seed, threads)
    from .cloud import normal_cloud, scattered  # scipy, which reading draws goes without

    x, rejected = scattered(fitted, normal_cloud(fitted), count, (seed,), threads)
    return drawn(fitted, x, "covariance", rejected)


def drawn(fitted: Fitted, x: Vector, kind: str, rejected: int = 0, effective: float | None = None) -> Draws:
    """Draws of a fit from its coordinates, shape (draws, names)."""
    c = fitted.coordinates
    origin = f"fit of {fitted.model_name} to {', '.join(fitted.data)}"
    return Draws(c.names, tuple(t.unit for t in c.tables), c.to_values(x), kind, origin, rejected, effective)


def _weighted(fitted: Fitted, count: int, seed: int, threads: int | None) -> Draws:
    """Sampling, importance, resampling."""
    from ..search.parallel import costs
    from .cloud import random_of, wide_cloud

    cloud = wide_cloud(fitted, freedom=FREEDOM)
    tried = [cloud.one(random_of(seed, 1, k)) for k in range(1, WIDER * count + 1)]
    x = np.array([point for point, _ in tried])
    cost = costs(fitted.objective, x, threads)
    failed = int((~np.isfinite(cost)).sum())
    if len(x) - failed < count:
        raise InferenceError(
            f"only {len(x) - failed} of {len(x)} vectors around the fit can be simulated, fewer than {count} draws"
        )
    log_weight = -cost / 2 - cloud.log_density(x)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    kept = chosen(weight, count, float(random_of(seed, 2).random()))
    rejected = sum(outside for _, outside in tried) + failed
    return drawn(fitted, x[kept], "posterior", rejected, float(1 / (weight**2).sum()))


def chosen(weight: Vector, count: int, offset: float) -> Whole:
    """Systematic resampling without replacement: `count` different numbers, each with a chance of `count` times its
    weight; what has a chance above 1 is taken, and leaves the rest to the others. `offset` lies in [0, 1).
    """
    share = weight * (count / weight.sum())
    sure = np.zeros(len(weight), dtype=bool)
    while (share[~sure] > 1).any():
        sure |= share > 1
        rest = weight[~sure].sum()
        share = np.where(sure, 1.0, weight * ((count - sure.sum()) / rest if rest > 0 else 0.0))
    # a comb of width 1 over shares of at most 1 meets none twice
    edges = np.concatenate([[0.0], np.cumsum(share)]) * (1 + 1e-12)
    return np.flatnonzero(np.diff(np.floor(edges + offset)) >= 1)


def write_draws(draws: Draws) -> bytes:
    """A CSV file: a column a parameter, `treg_ec50 [pM]`, after the number of the draw; nine digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["draw", *(f"{n} [{u}]" for n, u in zip(draws.names, draws.units, strict=True))])
    writer.writerows([number, *(f"{v:.9g}" for v in row)] for number, row in enumerate(draws.values.tolist(), 1))
    return text.getvalue().encode()


def read_draws(path: str | Path) -> Draws:
    """Draws as `write_draws` wrote them; FileError names file, line and column of what is no unit or finite number."""
    file = Path(path).name
    lines = csv_rows(path, file)
    if not lines:
        raise FileError(f"{file} is empty; draws begin with a line such as draw,treg_ec50 [pM]")
    (top, header), *rows = lines
    names, units = _columns(header, f"{file} line {top}")
    if not rows:
        raise FileError(f"{file} has a header and no draw below it")
    values = np.array([_numbers(row, header, f"{file} line {n}") for n, row in rows])
    return Draws(names, units, values, "file", file, lines=tuple(n for n, _ in rows))


def default_draws(model: str) -> Draws | None:
    """The draws that come with a built-in model, or None."""
    path = folder() / "draws" / f"{model}.csv"
    # a name with a folder in it is none of ours
    return read_draws(path) if Path(model).name == model and path.is_file() else None


def _columns(header: list[str], where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and units of a header; FileError for a column that does not say both."""
    if header[0] != "draw":
        raise FileError(f"{where}: the first column is 'draw', the number of the draw, not '{header[0][:40]}'")
    if len(header) < 2:
        raise FileError(f"{where}: there is no parameter beside 'draw'; name one, such as treg_ec50 [pM]")
    found: dict[str, str] = {}
    for number, text in enumerate(header[1:], 2):
        match = _COLUMN.match(text)
        if match is None:
            raise FileError(f"{where}, column {number}: '{text[:40]}' is not a name and a unit, such as treg_ec50 [pM]")
        try:
            unit(match[2])
        except UnitError as error:
            raise FileError(f"{where}, column {number} ({match[1]}): {error}") from None
        if match[1] in found:
            raise FileError(f"{where}: there are two columns of {match[1]}")
        found[match[1]] = match[2]
    return tuple(found), tuple(found.values())


def _numbers(row: list[str], header: list[str], where: str) -> list[float]:
    """The values of one draw; FileError for a cell that is not a finite number."""
    if len(row) != len(header):
        raise FileError(f"{where} has {len(row)} cells where the header has {len(header)}")
    values = []
    for number, (text, name) in enumerate(zip(row[1:], header[1:], strict=True), 2):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise FileError(f"{where}, column {number} ({name}): '{text[:40]}' is not a finite number")
        values.append(value)
    return values
