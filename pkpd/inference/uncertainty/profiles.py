"""Profile likelihood: how much worse the best fit becomes as one parameter is held away from its best value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral

import numpy as np

from ...engine.functions import Vector
from ...errors import InferenceError, nearest
from ..coordinates import Coordinates
from ..fitted import Fitted
from ..information import AT_BOUND, information
from ..objective import PENALTY, FailedSolves, Objective
from ..search.minimise import Halt, Problem, minimise
from ..search.parallel import Watch, each

RISE = 3.841458820694124  # of -2 log likelihood, chi-square with one degree of freedom, 95 %
AIM = 0.7  # rise from one point to the next
STEEP = 1.5  # a greater rise than this takes half the step instead
HALVINGS = 8
LOWER = 0.02  # so much below the best is a better optimum, and not the end of a search
# A refit ends when this many evaluations together have gained less than ENOUGH, which no interval can show.
PATIENT, ENOUGH = 8, 1e-3
RESTARTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """`values` of a parameter in `unit`, ascending, its best among them, and `costs`: the rise of -2 log likelihood
    (and of the priors of the other parameters) there over the best, all others fitted again.

    `low` and `high` are where the rise crosses 3.84, a 95 % interval; None where it does not before the bound, or
    before the model can no longer be simulated. `verdict` is "identified" (both), "one-sided: only above" (only values
    above `high` are excluded), "one-sided: only below" (only those below `low`), or "flat" (none).
    """

    name: str
    unit: str
    values: Vector
    costs: Vector
    low: float | None
    high: float | None

    @property
    def verdict(self) -> str:
        """What the rows say of the parameter."""
        if self.low is not None:
            return "identified" if self.high is not None else "one-sided: only below"
        return "one-sided: only above" if self.high is not None else "flat"


def profile(
    fitted: Fitted,
    names: str | Sequence[str] = (),
    *,
    own_prior: bool = False,
    points: int = 40,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Profile, ...]:
    """Profiles of the parameters named, in a list or in one text with commas (all that were varied unless said), the
    same on any number of threads.

    Unless `own_prior`, the prior of the profiled parameter is dropped, or every parameter with a prior would look
    identified; the priors of the others stay. So its best value differs from the fitted one. Each profile walks outward
    from it in steps that raise -2 log likelihood by about 0.7, at most `points` of them to each side, until the rise
    passes 3.84 or the bound is reached. Where a better optimum turns up, the walk starts again from there. Ctrl-C keeps
    the profiles that finished. `progress(done, all)` is called in the calling thread. Raises InferenceError for a name
    that was not varied.
    """
    listed = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
    asked = tuple(dict.fromkeys(listed)) or fitted.names
    for name in asked:
        if name not in fitted.names:
            raise InferenceError(f"'{name}' was not varied in this fit{nearest(name, fitted.names)}")
    number: object = points
    if not isinstance(number, Integral) or number < 1:
        raise InferenceError(f"{number!r:.60} points make no profile; give 1 or more")

    def one(name: str, watch: Watch) -> Profile:
        k = fitted.names.index(name)
        return _profile(_without_prior(fitted.objective, k, own_prior), fitted.x, k, points, watch)

    return tuple(p for p in each(one, asked, threads, progress) if p is not None)


def _without_prior(target: Objective, k: int, keep: bool) -> Objective:
    """The objective with a count of failures of its own, and without the prior of `k` unless that is kept."""
    c = target.coordinates
    sd = c.sd if keep else np.where(np.arange(len(c.names)) == k, np.nan, c.sd)
    return replace(target, coordinates=replace(c, sd=sd), failed=FailedSolves())


@dataclass(slots=True, eq=False)
class _Patience:
    """Ends a refit that gains no more."""

    other: Watch
    best: float = np.inf
    since: int = 0

    def watch(self, x: Vector, cost: float) -> None:
        self.other(x, cost)
        self.since += 1
        if cost < self.best - ENOUGH:
            self.best, self.since = cost, 0
        if self.since >= PATIENT:
            raise Halt


@dataclass(slots=True, eq=False)
class _Side:
    """Points of one side, from the best outward; `better` is a point below the best, which ends the walk."""

    x: list[Vector]
    costs: list[float]
    better: Vector | None = None

    @property
    def crossing(self) -> tuple[Vector, Vector, float] | None:
        """The points before and after the crossing, and the share of the way between them; the root of the rise is
        nearly straight there.
        """
        if self.costs[-1] - self.costs[0] < RISE:
            return None
        before, after = (np.sqrt(max(c - self.costs[0], 0.0)) for c in self.costs[-2:])
        return self.x[-2], self.x[-1], float((np.sqrt(RISE) - before) / (after - before))


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    """What is the same at every point of a walk along coordinate `k`."""

    target: Objective
    k: int
    points: int
    watch: Watch
    others: Vector = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "others", np.arange(len(self.target.coordinates.names)) != self.k)

    def refit(self, start: Vector) -> tuple[Vector, float]:
        """The best point with coordinate `k` as in `start`, and its cost."""
        c, o = self.target.coordinates, self.others
        self.watch(start, np.inf)
        if not o.any():
            return start, float((self.target.residuals(start) ** 2).sum())

        def full(part: Vector) -> Vector:
            x = start.copy()
            x[o] = part
            return x

        problem = Problem(
            tuple(n for n, kept in zip(c.names, o, strict=True) if kept),
            c.low[o],
            c.high[o],
            lambda part: self.target.residuals(full(part)),
            lambda part: self.target.jacobian(full(part))[:, o],
        )
        found = minimise(problem, start[o], watch=_Patience(self.watch).watch)
        return full(found.x), found.cost

    def outward(self, best: Vector, cost: float, sign: int, step: float) -> _Side:
        """Walk to one side."""
        c, k = self.target.coordinates, self.k
        side, halved = _Side([best], [cost]), 0
        end = (c.high if sign > 0 else c.low)[k]
        while len(side.x) <= self.points and abs(end - side.x[-1][k]) > AT_BOUND * (c.high - c.low)[k]:
            to = side.x[-1][k] + sign * step
            if sign * (end - to) < step / 4:
                to = end
            x, now = self.refit(_ahead(side, k, to, c))
            rise = now - side.costs[-1]
            if (rise > STEEP or now >= PENALTY**2) and halved < HALVINGS:
                step, halved = abs(to - side.x[-1][k]) / 2, halved + 1
                continue
            if now >= PENALTY**2:
                return side
            halved = 0
            side.x.append(x)
            side.costs.append(now)
            if now < cost - LOWER:
                side.better = x
                return side
            if now - cost > RISE:
                return side
            step *= float(np.clip(AIM / max(rise, 1e-9), 0.5, 2.0))
        return side


def _ahead(side: _Side, k: int, to: float, c: Coordinates) -> Vector:
    """Where the next point is expected: along the line through the last two."""
    x = side.x[-1].copy()
    if len(side.x) > 1 and (apart := x[k] - side.x[-2][k]) != 0:
        x = np.clip(x + (x - side.x[-2]) * (to - x[k]) / apart, c.low, c.high)
    x[k] = to
    return x


def _profile(target: Objective, x: Vector, k: int, points: int, watch: Watch) -> Profile:
    """Both sides of one parameter, again from a better optimum where one turns up."""
    walk = _Walk(target, k, points, watch)
    for _ in range(RESTARTS + 1):
        found = minimise(target.problem, x, watch=_Patience(watch).watch)
        step = _first_step(target, found.x, k)
        below = walk.outward(found.x, found.cost, -1, step)
        above = _Side([found.x], [found.cost])
        if below.better is None:
            above = walk.outward(found.x, found.cost, 1, step)
        better = below.better if below.better is not None else above.better
        if better is None:
            break
        x = better
    return _assembled(below, above, k, target.coordinates)


def _first_step(target: Objective, x: Vector, k: int) -> float:
    """The step that raises a parabola by AIM, at most a tenth of the width between the bounds."""
    c = target.coordinates
    known = information(target.jacobian(x), x, c)
    se, most = known.se[k], float((c.high - c.low)[k]) / 10
    return most if not np.isfinite(se) or se <= 0 else min(most, float(se) * np.sqrt(AIM))


def _assembled(below: _Side, above: _Side, k: int, c: Coordinates) -> Profile:
    """The profile of both sides together, in the parameter's unit."""
    along = [*below.x[:0:-1], *above.x]
    costs = np.array([*below.costs[:0:-1], *above.costs])
    ends: list[float | None] = []
    for side in (below, above):
        cross = side.crossing
        if cross is None:
            ends.append(None)
            continue
        before, after, share = cross
        ends.append(float(c.to_values(before + share * (after - before))[k]))
    table = c.tables[k]
    values = c.to_values(np.array(along))[:, k]
    return Profile(table.name, table.unit, values, costs - costs.min(), ends[0], ends[1])
