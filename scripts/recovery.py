"""Do fits find what made their data, and do 95 % intervals hold it as often as they say?

python scripts/recovery.py [--replicates 200] [--seed 1] [--model il2] [--workers N] [--json FILE]

Data of three dose levels are simulated from known values with the errors that a fit assumes, and fitted from the
middle of the bounds. A 95 % interval should hold the truth in 90 to 98 % of the fits. Three cases: each row has an
error of its own, and only a baseline is shared; rows also share the shifts of `pkpd.Noise`; and the truth is drawn from
the priors, which the fit then uses. A fit that is not valid, or a parameter at a bound, has no interval and counts as
one that misses.

Intervals are Wald's, symmetric in logs. They hold only where the rows identify every varied parameter: visits during
dosing, at its end and on the way back tell growth from loss and feedback, three dose levels tell them from the shift
that a study shares, and levels after the first dose tell absorption.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # processes share the cores already

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

import pkpd  # noqa: E402
from pkpd.inference.coordinates import coordinates  # noqa: E402
from pkpd.inference.objective import Objective, objective  # noqa: E402
from pkpd.inference.rows.noise import covariance, from_link  # noqa: E402
from pkpd.output.tables import aligned  # noqa: E402
from pkpd.studies.observation import Course  # noqa: E402

Vector = NDArray[np.float64]
RANGE = (0.90, 0.98)
DOSES = (0.3, 1.0, 3.0)  # MIU
REGIMEN = "{} MIU every 2d x7, rest 14d, repeat 2"
COUNTED = (0, 2, 5, 9, 14, 21, 28, 33)  # days with a count, the first without drug
FOLDED = (3, 7, 12, 18, 24, 42)  # days with a fold of the baseline
LEVELS = (2, 4, 8, 14)  # hours after the first dose
CELLS_SE, LEVEL_SE = 0.10, 0.25  # log standard errors of the means of a dose level


@dataclass(frozen=True)
class Design:
    """What is observed and what is varied: cells of `cells` by count and fold, and IL-2 where `levels`."""

    model: str
    names: tuple[str, ...]
    cells: tuple[str, ...]
    levels: bool


@dataclass(frozen=True)
class Case:
    """How data are drawn and fitted. `priors`: the truth is drawn from them and the fit uses them, else it is the
    shipped set and the fit is of maximum likelihood.
    """

    name: str
    design: Design
    noise: pkpd.Noise
    priors: bool


@dataclass(frozen=True)
class Outcome:
    """One fit in the coordinates of its parameters, shape (names,): truth, estimate and ends of the interval, NaN where
    there is none. `trouble` says why the fit is not valid; `refused` counts truths drawn before it that had no steady
    state.
    """

    truth: Vector
    found: Vector
    low: Vector
    high: Vector
    trouble: str
    refused: int = 0

    @property
    def held(self) -> NDArray[np.bool_]:
        """Which intervals hold the truth; none of a fit that is not valid."""
        return (self.low <= self.truth) & (self.truth <= self.high) & (not self.trouble)


@dataclass(frozen=True)
class Line:
    """One parameter over all fits of a case. `bias` and `width` are of logs, over the fits with an interval."""

    parameter: str
    truth: float | None
    bias: float
    bias_se: float
    width: float
    at_bound: int
    coverage: float


@dataclass(frozen=True)
class Result:
    """A case: its parameters, the coverage of all intervals together, why fits were not valid, and how many truths were
    drawn again.
    """

    case: str
    fits: int
    lines: tuple[Line, ...]
    coverage: float
    invalid: tuple[str, ...]
    refused: int
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every parameter, and all together, lie in the range."""
        return all(RANGE[0] <= c <= RANGE[1] for c in (self.coverage, *(line.coverage for line in self.lines)))


IL2 = Design(
    "il2",
    ("treg_activation", "treg_feedback", "treg_loss", "nk_bright_growth", "nk_bright_feedback", "sc_absorption"),
    ("treg", "nk", "cd56bright"),
    True,
)
MINIMAL = Design("il2_minimal", ("treg_growth", "treg_feedback", "nk_growth"), ("treg", "nk"), False)
DESIGNS = {d.model: d for d in (IL2, MINIMAL)}


def cases(design: Design) -> tuple[Case, ...]:
    """The three cases of a design."""
    alone, shared = pkpd.Noise(between_studies=0, between_assays=0), pkpd.Noise()
    return (
        Case("errors of each row", design, alone, False),
        Case("and shared shifts", design, shared, False),
        Case("and truths drawn from the priors", design, shared, True),
    )


def rows(design: Design) -> pkpd.Observations:
    """One study of three arms; every value is 1 until it is drawn."""
    courses, found = [], list[pkpd.Observation]()
    for number, dose in enumerate(DOSES):
        text = REGIMEN.format(f"{dose:g}")
        courses.append(Course("made", text, text, pkpd.load_schedule(text), pkpd.Parameters((), "recovery")))
        made = partial(pkpd.Observation, "made", value=1.0, arm=text, course=number, origin="recovery")
        for form, days in (("count", COUNTED), ("fold", FOLDED)):
            for output in design.cells:
                found += [made(output, form, day_from=d, day_to=d, log_se=CELLS_SE) for d in days]
        for hour in LEVELS if design.levels else ():
            day = hour / 24
            found.append(made("il2", "level", unit="pM", day_from=day, day_to=day, log_se=LEVEL_SE))
    return pkpd.Observations(tuple(found), tuple(courses), origin="recovery")


def truth(case: Case, target: Objective, random: np.random.Generator) -> tuple[Vector, int]:
    """The shipped values; or a draw from the priors within the bounds, and how many before it had no steady state."""
    own, refused = target.coordinates, 0
    if not case.priors:
        return own.start, 0
    while True:
        x = random.normal(own.centre, own.sd)
        if ((own.low <= x) & (x <= own.high)).all():
            if not target.obstacle(x):
                return x, refused
            refused += 1


def drawn(case: Case, target: Objective, x: Vector, random: np.random.Generator) -> pkpd.Observations:
    """The rows with what the model gives at x, and errors from the covariance that a fit assumes."""
    links = target.predictor.one(target.coordinates.to_values(x))
    root = np.linalg.cholesky(covariance(target.sampled, case.noise, {}))
    seen = links + root @ random.standard_normal(len(links))
    made = zip(target.rows, seen.tolist(), strict=True)
    return replace(target.observations, rows=tuple(replace(r, value=from_link(r.form, v)) for r, v in made))


def replicate(case: Case, seed: int, number: int) -> Outcome:
    """One data set and its fit from the middle of the bounds; the same whatever else is run."""
    model, names = case.design.model, case.design.names
    base = pkpd.load_parameters(model)
    own = coordinates(base, names, priors=case.priors)
    target = objective(rows(case.design), model, base, own, case.noise)
    random = np.random.default_rng((seed, number))
    x, refused = truth(case, target, random)
    data = drawn(case, target, x, random)
    middle = own.to_values((own.low + own.high) / 2).tolist()
    begin = base.set("middle of the bounds", **dict(zip(names, middle, strict=True)))
    settings = pkpd.FitSettings(starts=1, threads=1)
    try:
        found = pkpd.fit(data, model, begin, names, noise=case.noise, priors=case.priors, settings=settings)
    except pkpd.PkpdError as error:
        none = np.full(len(names), np.nan)
        return Outcome(x, none, none, none, f"no fit: {error}", refused)
    low, high = (own.to_x(ends) for ends in found.interval)
    return Outcome(x, found.x, low, high, "; ".join(found.trouble), refused)


def outcomes(case: Case, replicates: int, seed: int, workers: int = 1) -> list[Outcome]:
    """Every replicate, in order; the numbers do not depend on `workers`."""
    one, numbers = partial(replicate, case, seed), range(replicates)
    if workers == 1:
        return list(map(one, numbers))
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(one, numbers, chunksize=4))


def summary(case: Case, found: Sequence[Outcome], seconds: float) -> Result:
    """What all fits of a case say together."""
    lines = tuple(_line(case, name, k, found) for k, name in enumerate(case.design.names))
    coverage = float(np.mean([o.held for o in found]))
    invalid = tuple(f"replicate {k}: {o.trouble}" for k, o in enumerate(found) if o.trouble)
    refused = sum(o.refused for o in found)
    return Result(case.name, len(found), lines, coverage, invalid, refused, seconds)


def _line(case: Case, name: str, k: int, found: Sequence[Outcome]) -> Line:
    usable = [o for o in found if not o.trouble and np.isfinite(o.low[k])]
    coverage = float(np.mean([o.held[k] for o in found]))
    at_bound = sum(not o.trouble and not np.isfinite(o.low[k]) for o in found)
    known = None if case.priors else pkpd.load_parameters(case.design.model)[name].value
    if len(usable) < 2:
        return Line(name, known, np.nan, np.nan, np.nan, at_bound, coverage)
    apart = np.array([o.found[k] - o.truth[k] for o in usable])
    width = float(np.mean([o.high[k] - o.low[k] for o in usable]))
    se = float(apart.std(ddof=1) / np.sqrt(len(apart)))
    return Line(name, known, float(apart.mean()), se, width, at_bound, coverage)


def table(result: Result) -> str:
    """A case as text, with its verdict."""
    head = ("parameter", "truth", "bias of log", "its SE", "width of log", "at bound", "coverage", "")
    body = [
        (
            line.parameter,
            "drawn" if line.truth is None else f"{line.truth:.4g}",
            f"{line.bias:+.4f}",
            f"{line.bias_se:.4f}",
            f"{line.width:.3f}",
            str(line.at_bound),
            f"{100 * line.coverage:.1f} %",
            "" if RANGE[0] <= line.coverage <= RANGE[1] else "outside",
        )
        for line in result.lines
    ]
    verdict = "PASS" if result.passed else "MISS"
    said = f"all together {100 * result.coverage:.1f} %; every one in 90 to 98 %: {verdict}"
    ended = f"{result.fits} fits in {result.seconds:.0f} s, {len(result.invalid)} not valid"
    if result.refused:
        ended += f"; {result.refused} truths without a steady state at rest were drawn again"
    return "\n".join([result.case, aligned([head, *body]), said, ended, *result.invalid[:10], ""])


def false_alarm(replicates: int) -> float:
    """How often an interval that holds the truth in exactly 95 % of all fits is found outside the range by chance."""
    from scipy.stats import binom

    share = np.arange(replicates + 1) / replicates
    outside = (share < RANGE[0]) | (share > RANGE[1])
    return float(binom.pmf(np.arange(replicates + 1), replicates, 0.95)[outside].sum())


def main() -> None:
    """Run every case, print its table, and write them as JSON if a file is named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", choices=list(DESIGNS), default="il2")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number to this file too")
    asked = parser.parse_args()
    design = DESIGNS[asked.model]
    chance = 100 * false_alarm(asked.replicates)
    print(f"{asked.model}: {len(rows(design).rows)} rows of one study with arms of {', '.join(map(str, DOSES))} MIU")
    print(f"Where coverage is 95 %, a parameter is found outside 90 to 98 % by chance {chance:.1f} times in 100.\n")
    results = []
    for case in cases(design):
        begin = time.perf_counter()
        found = outcomes(case, asked.replicates, asked.seed, asked.workers)
        results.append(summary(case, found, time.perf_counter() - begin))
        print(table(results[-1]), flush=True)
    if asked.json:
        every = [asdict(r) | {"passed": r.passed} for r in results]
        written = {"model": asked.model, "seed": asked.seed, "cases": every}
        asked.json.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    sys.exit(not all(r.passed for r in results))


if __name__ == "__main__":
    main()
