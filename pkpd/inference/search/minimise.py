"""One search for the least sum of squares, from one start: lmfit, and the best point it ever saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.functions import Vector
from ...errors import InferenceError, nearest

if TYPE_CHECKING:
    from lmfit import Minimizer, Parameters

# lmfit's leastsq carries bounds through a sine, whose slope is zero at a bound: a fit that touches one stays there.
# least_squares keeps bounds as they are, so it is the default and finishes every global search.
LOCAL = ("least_squares", "leastsq")
WIDE = ("differential_evolution", "basinhopping", "dual_annealing")
METHODS = LOCAL + WIDE
SEED = 20140227  # of the global methods, so that a fit repeats
# Relative change of the sum, and of the point, below which a search ends; the default of 1e-8 stops in long valleys.
CLOSE = 1e-12
# Differences step by this share of a value to each side: wrong by its square, and by a solver's error divided by it.
SHARE = 1e-4
INSIDE = 1e-3  # how far inside a bound a start is put, as a share of the width between bounds
FINISH = 0.2  # share of the evaluations that a global method leaves for the search that finishes it
# Evaluations for each parameter and one more, unless the caller says: twice what the slowest regression of NIST takes.
PATIENCE, WIDE_PATIENCE = 5_000, 50_000
# A local search is stuck once so many, for each parameter and one more, have not made the sum better by this share:
# scipy goes round for ever where the sum is flat, or where a pole makes its step no number.
STALE, BETTER = 100, 1e-6
SPENT, STUCK, LEVEL = "evaluations ran out", "stuck: no step makes the sum smaller", "the sum is level"
ENDLESS = 10**9  # for lmfit's own count, since evaluations are counted here


class Halt(Exception):
    """What `watch` raises to end a search; `minimise` catches it and returns the best point so far."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A sum of squares over `names`, in coordinates of its own (logs where the caller says so).

    `low` and `high` have shape (names,), infinite where unbounded. `residuals` takes a point of shape (names,) and
    returns finite numbers, always equally many; `jacobian` their derivatives, shape (residuals, names). Without it,
    derivatives are differences. A search ends when a step changes the sum, or the point, by less than the share
    `close`: no finer than the residuals are exact.
    """

    names: tuple[str, ...]
    low: Vector
    high: Vector
    residuals: Callable[[Vector], Vector]
    jacobian: Callable[[Vector], Vector] | None = None
    close: float = CLOSE


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where a search ended: the best point of all it evaluated, shape (names,), and the sum of squares there.

    `start` is where it began, `evaluations` how many residuals it took (differences included, `jacobian` calls not),
    `jacobian` the derivatives at `x`, shape (residuals, names), if known. `converged` is False after a `Halt`, or when
    evaluations ran out.
    """

    x: Vector
    cost: float
    start: Vector
    evaluations: int
    converged: bool
    message: str
    jacobian: Vector | None


@dataclass(slots=True, eq=False)
class _Seen:
    """Every evaluation of a search passes here; `limit` is how many it may make, `size` what counts as a large step."""

    problem: Problem
    watch: Callable[[Vector, float], None] | None
    limit: int
    size: Vector
    evaluations: int = 0
    x: Vector = field(default_factory=lambda: np.empty(0))
    cost: float = np.inf
    local: bool = False
    why: str = "halted"
    mark: tuple[int, float] = (0, np.inf)

    def residuals(self, x: Vector) -> Vector:
        if not np.isfinite(x).all():
            # what scipy tries next where every derivative is zero, as it is where a search begins at its end
            self.why = LEVEL
            raise Halt
        if self.evaluations >= self.limit:
            self.why = SPENT
            raise Halt
        if self.local and self.evaluations - self.mark[0] > STALE * (len(x) + 1):
            self.why = STUCK
            raise Halt
        away = np.asarray(self.problem.residuals(x.copy()), dtype=float)
        cost = float(away @ away)
        self.evaluations += 1
        if not self.x.size or cost < self.cost:
            self.x, self.cost = x, cost
        if cost < self.mark[1] * (1 - BETTER):
            self.mark = (self.evaluations, cost)
        if self.watch is not None:
            self.watch(x.copy(), cost)
        return away

    def jacobian(self, x: Vector) -> Vector:
        if self.problem.jacobian is not None:
            # copied, since lmfit scales it in place
            return np.array(self.problem.jacobian(x.copy()), dtype=float)
        return np.stack([self._slope(x, k) for k in range(len(x))], axis=1)

    def _slope(self, x: Vector, k: int) -> Vector:
        """Differences around a point, or beside it where a bound is near."""
        step = SHARE * max(abs(x[k]), self.size[k])
        down, up = x.copy(), x.copy()
        down[k] = max(x[k] - step, self.problem.low[k])
        up[k] = min(x[k] + step, self.problem.high[k])
        apart: Vector = (self.residuals(up) - self.residuals(down)) / (up[k] - down[k])
        return apart


def minimise(
    problem: Problem,
    start: Vector,
    *,
    method: str = "least_squares",
    evaluations: int | None = None,
    watch: Callable[[Vector, float], None] | None = None,
) -> Found:
    """Search from `start`, shape (names,), which is put a little inside where it lies on or outside a bound.

    `method` is "least_squares", "leastsq", or one of the global "differential_evolution", "basinhopping" and
    "dual_annealing", which need finite bounds and are finished by least_squares. `evaluations` limits the residuals
    taken. `watch(x, cost)` hears of each of them, and ends the search by raising `Halt`. The best point evaluated is
    returned, however the search ended. Raises InferenceError for a method, start or bounds that cannot be used.
    """
    _check(problem, start, method, evaluations)
    begin = inside(problem, start)
    patience = WIDE_PATIENCE if method in WIDE else PATIENCE
    limit = patience * (len(begin) + 1) if evaluations is None else evaluations
    seen = _Seen(problem, watch, limit, _size(problem, begin))
    try:
        if method in WIDE:
            seen.limit = max(1, int(limit * (1 - FINISH)))
            _globally(seen, begin, method)
            seen.limit, method = limit, LOCAL[0]
            converged, message, jacobian = _locally(seen, inside(problem, seen.x), method)
        else:
            converged, message, jacobian = _locally(seen, begin, method)
    except Halt:
        converged, message, jacobian = seen.why == LEVEL, seen.why, None
    return Found(seen.x, seen.cost, begin, seen.evaluations, converged, message, jacobian)


def inside(problem: Problem, x: Vector) -> Vector:
    """The point itself, or moved a little inside bounds that it lies on or beyond."""
    low, high = problem.low, problem.high
    size = np.maximum.reduce([np.abs(x), _finite(low), _finite(high)])
    width = np.where(np.isfinite(high - low), high - low, np.where(size > 0, size, 1.0))
    moved = np.where(x <= low, low + INSIDE * width, x)
    return np.where(x >= high, high - INSIDE * width, moved)


def _finite(bounds: Vector) -> Vector:
    return np.where(np.isfinite(bounds), np.abs(bounds), 0.0)


def _size(problem: Problem, begin: Vector) -> Vector:
    """What a value is measured by where it passes near zero: a share of its start and of its bounds, else 1."""
    width = problem.high - problem.low
    size = np.maximum(0.1 * np.abs(begin), np.where(np.isfinite(width), 0.01 * width, 0.0))
    return np.where(size > 0, size, 1.0)


def _point(parameters: Parameters) -> Vector:
    return np.array([parameter.value for parameter in parameters.values()], dtype=float)


def _minimizer(seen: _Seen, begin: Vector) -> Minimizer:
    """lmfit's minimiser; parameters go by number, so that no text of ours is a name in its expressions."""
    from lmfit import Minimizer, Parameters

    parameters = Parameters()
    bounds = zip(begin, seen.problem.low, seen.problem.high, strict=True)
    for number, (value, low, high) in enumerate(bounds):
        parameters.add(f"p{number}", value=float(value), min=float(low), max=float(high))
    fit = Minimizer(lambda values: seen.residuals(_point(values)), parameters, calc_covar=False)
    # lmfit derives uncertainties even so, and fails or warns where the sum is flat
    fit._calculate_uncertainties_correlations = lambda: None
    return fit


def _locally(seen: _Seen, begin: Vector, method: str) -> tuple[bool, str, Vector | None]:
    """Whether it converged, lmfit's message, and the derivatives at the best point if known."""
    fit = _minimizer(seen, begin)
    seen.local, seen.mark = True, (seen.evaluations, np.inf)
    given: dict[str, Any] = {"ftol": seen.problem.close, "xtol": seen.problem.close}
    slopes = {"Dfun" if method == "leastsq" else "jac": lambda values: seen.jacobian(_point(values))}
    if method == "leastsq" and (count := len(seen.residuals(begin))) < len(begin):
        raise InferenceError(f"leastsq cannot fit {len(begin)} parameters to {count} residuals; use least_squares")
    if method == "least_squares":
        # gtol is absolute, so it would mean something else in every unit; sizes come from the derivatives
        given |= {"gtol": None, "x_scale": "jac"}
    # lmfit's leastsq changes numpy's settings and does not restore them after an exception
    with np.errstate(all="ignore"):
        try:
            found = getattr(fit, method)(max_nfev=ENDLESS, **given, **slopes)
        except np.linalg.LinAlgError as error:
            return False, f"the derivatives could not be used: {error}", None
    jacobian = getattr(found, "jac", None)
    if jacobian is None or not np.array_equal(_point(found.params), seen.x):
        # by differences, it would take evaluations that may find a better point yet
        jacobian = None if seen.problem.jacobian is None else seen.jacobian(seen.x)
    return bool(found.success), str(found.message), jacobian


def _globally(seen: _Seen, begin: Vector, method: str) -> None:
    """A search over the whole box, which ends by itself or when its evaluations are spent."""
    fit = _minimizer(seen, begin)
    given: dict[str, Any] = {"seed": SEED}
    if method == "differential_evolution":
        given["polish"] = False
    if method == "dual_annealing":
        given["x0"] = begin
    try:
        with np.errstate(all="ignore"):
            fit.minimize(method=method, max_nfev=ENDLESS, **given)
    except Halt:
        if seen.why != SPENT:
            raise
        seen.why = "halted"


def _check(problem: Problem, start: Vector, method: str, evaluations: int | None) -> None:
    """InferenceError for what cannot be searched."""
    if method not in METHODS:
        hint = nearest(method, METHODS) or f"; there are {', '.join(METHODS)}"
        raise InferenceError(f"there is no method '{method}' of fitting{hint}")
    if evaluations is not None and evaluations < 1:
        raise InferenceError(f"{evaluations} evaluations cannot find anything; give 1 or more")
    count = len(problem.names)
    if count == 0:
        raise InferenceError("no parameter is free; name at least one to fit")
    if np.shape(start) != (count,) or not np.all(np.isfinite(start)):
        raise InferenceError(f"a start must be {count} finite numbers, found {np.asarray(start).tolist()}")
    for name, low, high in zip(problem.names, problem.low, problem.high, strict=True):
        if not low < high:
            raise InferenceError(f"{name} has bounds from {low:g} to {high:g}; the first must be the smaller")
        if method in WIDE and not np.isfinite(high - low):
            raise InferenceError(
                f"method '{method}' needs finite bounds, and {name} goes from {low:g} to {high:g}; "
                "give bounds, or use least_squares"
            )
