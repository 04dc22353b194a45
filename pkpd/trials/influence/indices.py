"""From the numbers of a design to indices, by SALib; blocks with a failed run are left out and counted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine.functions import Vector
from ...errors import SimulationError
from .design import LEVELS, MISSING, Design, problem_of, seed_of

KINDS = {"sobol": ("first", "total"), "morris": ("mu", "mu_star", "sigma")}
MAIN = {"sobol": "total", "morris": "mu_star"}
LEVEL, WIDTH = 0.95, 1.959963984540054  # of confidence, and the standard errors to each side that it is
LEAST = 4  # whole blocks of which anything can be said
RESAMPLES = 100  # of the bootstrap; the half width of an interval is then known to about 7 %
STILL = 1e-6  # share of its size that a number moves by the solver's own error


@dataclass(frozen=True, slots=True, eq=False)
class Indices:
    """The indices of one number: `values` and the half widths `errors` of their 95 % intervals, both of shape
    (len(kinds), len(names)).

    Kinds are "first" and "total" (Sobol), or "mu", "mu_star" and "sigma" (Morris, in the number's own unit, per move
    across the whole cube; sigma has no error, NaN). `pairs` and `pair_errors`, shape (names, names) above the diagonal,
    hold second-order indices where they were asked for. `sum_first` is the sum of the first-order ones, with the half
    width `sum_error`; `heaviest` is the share of the variance that the most extreme run makes. `used` blocks count,
    `dropped` ones held a failed run. Where the number never moves, all are NaN.
    """

    method: str
    names: tuple[str, ...]
    values: Vector
    errors: Vector
    used: int
    dropped: int
    sum_first: float = math.nan
    sum_error: float = math.nan
    heaviest: float = math.nan
    pairs: Vector | None = None
    pair_errors: Vector | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the rows of `values` are."""
        return KINDS[self.method]

    @property
    def main(self) -> Vector:
        """What ranks parameters: total indices, or mu*; shape (names,)."""
        return self[MAIN[self.method]]

    @property
    def main_errors(self) -> Vector:
        """The half widths of `main`."""
        return np.asarray(self.errors[self.kinds.index(MAIN[self.method])])

    @property
    def still(self) -> bool:
        """Whether the number never moved, so that nothing can be said."""
        return bool(np.isnan(self.values).all())

    @property
    def order(self) -> tuple[int, ...]:
        """Numbers of the names, the most influential first."""
        return tuple(int(k) for k in np.argsort(-np.nan_to_num(self.main), kind="stable"))

    def __getitem__(self, kind: str) -> Vector:
        if kind not in self.kinds:
            raise SimulationError(
                f"there is no index '{kind[:40]}' of method {self.method}, only {', '.join(self.kinds)}"
            )
        return np.asarray(self.values[self.kinds.index(kind)])


def indices(design: Design, numbers: Vector, what: str = "the number") -> Indices:
    """Indices from the numbers of all runs of a design, shape (runs,), NaN where a run failed.

    SimulationError where fewer than half of the blocks are left, since the rest would not tell of the ranges asked for.
    """
    if numbers.shape != (len(design.points),):
        raise SimulationError(f"{what} has shape {numbers.shape}, and the design has {len(design.points)} runs")
    whole = numbers.reshape(design.samples, design.size)
    kept = np.isfinite(whole).all(axis=1)
    used, dropped = int(kept.sum()), int((~kept).sum())
    if used < max(LEAST, design.samples / 2):
        failed = int((~np.isfinite(numbers)).sum())
        raise SimulationError(
            f"{failed} of the {len(numbers)} runs give no number for {what}, which leaves {used} whole blocks of "
            f"{design.samples}, and half of them ({LEAST} or more) are needed; vary fewer parameters or narrow "
            "their ranges"
        )
    y = whole[kept].ravel()
    if np.ptp(y) <= STILL * np.abs(y).max():
        blank = np.full((len(KINDS[design.method]), len(design.names)), np.nan)
        return Indices(design.method, design.names, blank, blank, used, dropped)
    return _METHODS[design.method](design, y, np.repeat(kept, design.size), used, dropped)


def _sobol(design: Design, y: Vector, rows: Vector, used: int, dropped: int) -> Indices:
    problem, second = problem_of(design.names), design.second_order
    found = _analyser("sobol").analyze(
        problem,
        y,
        calc_second_order=second,
        num_resamples=RESAMPLES,
        conf_level=LEVEL,
        keep_resamples=True,
        seed=seed_of(design.seed, 1),
    )
    values, errors = (np.array([found[k + end] for k in ("S1", "ST")], dtype=float) for end in ("", "_conf"))
    sums = np.asarray(found["S1_conf_all"]).sum(axis=1)
    pairs = (np.asarray(found["S2"]), np.asarray(found["S2_conf"])) if second else (None, None)
    total = float(values[0].sum()), WIDTH * float(sums.std(ddof=1))
    squares = (ends := y.reshape(used, -1)[:, [0, -1]].ravel()) - ends.mean()
    heaviest = float((squares**2).max() / (squares**2).sum())
    return Indices("sobol", design.names, values, errors, used, dropped, *total, heaviest, *pairs)


def _morris(design: Design, y: Vector, rows: Vector, used: int, dropped: int) -> Indices:
    found = _analyser("morris").analyze(
        problem_of(design.names),
        design.points[rows],
        y,
        num_resamples=RESAMPLES,
        conf_level=LEVEL,
        num_levels=LEVELS,
        seed=seed_of(design.seed, 1),
    )
    values = np.array([np.asarray(found[k], dtype=float) for k in KINDS["morris"]])
    # SALib gives no interval of mu; it is a mean of independent effects
    errors = np.stack(
        [WIDTH * values[2] / math.sqrt(used), np.asarray(found["mu_star_conf"], dtype=float), 0 * values[2]]
    )
    errors[2] = np.nan
    return Indices("morris", design.names, values, errors, used, dropped)


_METHODS: dict[str, Callable[[Design, Vector, Vector, int, int], Indices]] = {"sobol": _sobol, "morris": _morris}


def _analyser(method: str) -> Any:
    try:
        from SALib.analyze import morris, sobol
    except ImportError:
        raise SimulationError(MISSING) from None
    return {"morris": morris, "sobol": sobol}[method]
