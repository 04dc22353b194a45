"""Whole fits, from study files to the best point: with derivatives carried along, and by the same search without them.

Every search begins at the same points and minimises the same sum of squares. Differences take two simulations for each
parameter and derivative. With scipy's LSODA they are what one writes without pkpd's engine: it fits one study only,
from the first start, and its time is multiplied by the number of starts, since Python's threads would not share the
work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from calibrate_reference import STARTS, evidence, reference_fit, varied

import pkpd
from pkpd.inference.fitted import Fitted
from pkpd.inference.objective import Objective
from pkpd.inference.rows.predictor import link
from pkpd.inference.search.minimise import Problem
from pkpd.inference.search.multistart import Budget, Search, multistart, starts

from .cases import Vector
from .patients import RTOL
from .rows import AS_ASKED, Effort, Row
from .timing import Times, rounds

REFERENCE, ONE_STUDY = "reference fit of il2", "fit of one study"
FORWARD = "pkpd.fit"
DIFFERENCES, LSODA = "the same search, differences", "the same, scipy LSODA, differences"
NAMES = ("treg_activation", "treg_feedback")
LONGEST = 300.0  # seconds after which a search by differences is stopped


def fits(effort: Effort) -> list[Row]:
    """The reference fit and a fit of hao2020, each first by `pkpd.fit`, all code compiled; when quick, without the
    peers that take a minute.
    """
    warm = pkpd.FitSettings(starts=1, budget=Budget(evaluations=2))
    pkpd.fit(evidence("il2"), "il2", pkpd.load_parameters("il2"), varied("il2"), settings=warm)
    count = pkpd.FitSettings().starts
    whole, row = _ours(REFERENCE, lambda: reference_fit("il2"), STARTS, effort)
    one, other = _ours(ONE_STUDY, lambda: pkpd.fit(["hao2020"], "il2", vary=NAMES), count, effort)
    if effort.quick:
        return [row, other, _differences(ONE_STUDY, one, count)]
    rows = [row, _differences(REFERENCE, whole, STARTS), other, _differences(ONE_STUDY, one, count)]
    return [*rows, _lsoda(one, count)]


def _ours(case: str, call: Callable[[], Fitted], count: int, effort: Effort) -> tuple[Fitted, Row]:
    """The whole call, files read and checked."""
    found = list[Fitted]()
    times = rounds({case: lambda: found.append(call())}, effort.repeats, effort.budget)[case]
    last = found[-1]
    return last, Row(case, FORWARD, AS_ASKED, RTOL, times=times, note=_note(last.search, len(last.names), count))


def _differences(case: str, fitted: Fitted, count: int) -> Row:
    """Once, since it takes long; the budget of evaluations is left out, since differences are evaluations too."""
    target = fitted.objective
    problem = replace(target.problem, jacobian=None)
    return _searched(case, DIFFERENCES, problem, _begin(target, count), len(fitted.names))


def _lsoda(fitted: Fitted, count: int) -> Row:
    """The first start, and its time as many times as there are starts."""
    problem = replace(fitted.objective.problem, jacobian=None, residuals=_scipy_residuals(fitted.objective))
    row = _searched(ONE_STUDY, LSODA, problem, _begin(fitted.objective, count)[:1], len(fitted.names))
    assert row.times
    every = Times(row.times.best * count, row.times.median * count, 1)
    return replace(row, times=every, note=f"{row.note}; time of one start x {count}")


def _searched(case: str, engine: str, problem: Problem, begin: Sequence[Vector], names: int) -> Row:
    clock = time.perf_counter()
    found = multistart(problem, begin, budget=Budget(seconds=LONGEST))
    seconds = time.perf_counter() - clock
    return Row(case, engine, AS_ASKED, RTOL, times=Times(seconds, seconds, 1), note=_note(found, names, len(begin)))


def _begin(target: Objective, count: int) -> list[Vector]:
    """Where `pkpd.fit` begins."""
    return starts(target.problem, target.coordinates.start, count, 1, lambda x: not target.obstacle(x))


def _note(found: Search, names: int, count: int) -> str:
    ended = f", stopped after {found.seconds:.0f} s" if found.stopped else ""
    begun = f"{count} starts" if count > 1 else "1 start"
    return f"{names} parameters, {begun}, {found.evaluations} simulations, cost {found.best.cost:.4f}{ended}"


def _scipy_residuals(target: Objective) -> Callable[[Vector], Vector]:
    """Residuals of rows and priors, each course simulated with scipy's LSODA."""
    base = pkpd.load_parameters("il2")
    tolerances = target.predictor.tolerances

    def residuals(x: Vector) -> Vector:
        values = dict(zip(target.coordinates.names, target.coordinates.to_values(x).tolist(), strict=True))
        links = np.zeros(target.predictor.count)
        for course in target.predictor.courses:
            made = course.sampling
            full = pkpd.Parameters(made.course.parameters.tables, "").over(base.set("fit", **values))
            asked: dict[str, Any] = {"times": made.rows.times, "engine": "scipy", "tolerances": tolerances}
            asked |= {"bsa": made.course.bsa, "weight": made.course.weight}
            found = pkpd.simulate(made.course.schedule, "il2", full, **asked)
            for sampled, number in zip(made.sampled, course.numbers, strict=True):
                links[number] = link(sampled, found[sampled.observation.output])[0]
        return np.concatenate([target.likelihood.residuals(links), target.prior_residuals(x)])

    return residuals
