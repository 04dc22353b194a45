"""The whole analysis: vary, simulate, measure, and say how far to trust what was found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...engine.code.library import outline_of
from ...engine.functions import Vector
from ...errors import SimulationError, nearest
from ...model.outline import Outline
from ...parameters import Parameters
from ...quantities import Quantity, names, quantity
from ..evidence import without_data
from ..run import Run, RunArm
from .design import Design, design_of
from .evaluate import Evaluated, Followed, Progress, evaluate
from .indices import indices
from .ranges import ENDS, Range, ranges_of
from .result import Influence, Outcome, Timed
from .trust import trust_of

USUAL = ("treg_peak_fold", "nk_peak_fold")
QUANTILES = (0.05, 0.5, 0.95)


def influence(
    run: Run,
    quantities: Sequence[str] = (),
    *,
    arm: str = "",
    method: str = "sobol",
    over: str = "prior",
    vary: Sequence[str] = (),
    fixed: Sequence[str] = (),
    samples: int | None = None,
    seed: int = 1,
    second_order: bool = False,
    over_time: Sequence[str] = (),
    days: Sequence[float] = (),
    threads: int | None = None,
    progress: Progress | None = None,
) -> Influence:
    """Global sensitivity of quantities (names as `treg_peak_fold`, `nk_auc`, `selectivity`) of one arm of a run (the
    first with doses unless named), with the one-at-a-time runs of a tornado.

    `method` is "sobol" (first-order and total indices, `samples` a power of two, by default 256; runs: samples x
    (names + 2)) or "morris" (mu, mu* and sigma of `samples` trajectories, by default 50, on a grid of four levels from
    the 5 to the 95 % point of each range; runs: samples x (names + 1)). Parameters vary independently `over` their
    "prior", "bounds" or "spread" (see `ranges_of`); `fixed` ones do not, unless named in `vary`. `over_time` names
    outputs to follow at `days` (by default the visits of the run, else every week). Numbers are the same for the same
    seed, whatever the `threads`. Of the result, `table()`, `tornado()`, `over_time()`, `summary()` are tables;
    `outcomes[k].indices` has `values` and `errors` of shape (kinds, parameters). Raises PkpdError.
    """
    shape, own = outline_of(run.model), arm_of(run, arm)
    asked = _Asked(run, own, shape, _quantities(shape, quantities), _courses(shape, run, over_time, days))
    ranges = ranges_of(_declared(own, shape), over, vary, fixed)
    design = design_of(method, [r.name for r in ranges], samples, seed, second_order)
    return _analysed(asked, over, ranges, design, threads, progress)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Whom to simulate, and what to measure."""

    run: Run
    arm: RunArm
    shape: Outline
    quantities: tuple[Quantity, ...]
    courses: tuple[Followed, ...]

    @property
    def units(self) -> dict[str, str]:
        """The unit of each output."""
        return {o.name: o.unit for o in self.shape.outputs}


def _analysed(
    asked: _Asked,
    over: str,
    ranges: tuple[Range, ...],
    design: Design,
    threads: int | None,
    progress: Progress | None,
) -> Influence:
    one, values = _one_at_a_time(ranges), _values(ranges, _shares(design))
    whole, first = np.concatenate([one, values]), len(one)
    columns = {r.name: whole[:, k] for k, r in enumerate(ranges)}
    found = evaluate(asked.run, asked.arm, columns, asked.quantities, asked.courses, threads, progress)
    if (stop := next((f for f in found.failures if f.patient == 0), None)) is not None:
        raise SimulationError(f"arm {asked.arm.name} cannot be simulated at the reference values: {stop.reason}")
    outcomes = [_outcome(q, asked.units, design, found.numbers[:, k], first) for k, q in enumerate(asked.quantities)]
    return Influence(
        name=asked.run.name,
        arm=asked.arm.name,
        model=asked.shape.name,
        over=over,
        ranges=ranges,
        design=design,
        outcomes=tuple(outcomes),
        timed=_timed(asked, design, found, first),
        values=values,
        numbers=found.numbers[first:],
        failures=tuple(replace(f, patient=f.patient - first) for f in found.failures if f.patient >= first),
        end_failures=tuple(replace(f, patient=f.patient - 1) for f in found.failures if f.patient < first),
        notes=_notes(asked.arm, ranges, over),
        assumed=_assumed(asked),
    )


def arm_of(run: Run, name: str = "") -> RunArm:
    """The arm of a name, else the first that has doses; SimulationError where there is none."""
    known = [arm.name for arm in run.arms]
    if name and name not in known:
        hint = nearest(name, known) or f"; there are {', '.join(known)}"
        raise SimulationError(f"{run.name} has no arm '{name[:60]}'{hint}")
    found = [a for a in run.arms if a.name == name or (not name and any(d.amount > 0 for d in a.schedule.doses))]
    if not found:
        raise SimulationError(f"no arm of {run.name} has doses; name one of {', '.join(known)}")
    return found[0]


def _quantities(shape: Outline, texts: Sequence[str]) -> tuple[Quantity, ...]:
    outputs = [o.name for o in shape.outputs]
    usual = [name for name in USUAL if name in names(outputs)] or [f"{outputs[0]}_peak"]
    found = tuple(quantity(text, outputs) for text in texts or usual)
    given = [q.name for q in found]
    if len(set(given)) < len(given):
        raise SimulationError(f"a quantity is named twice in {', '.join(given)}")
    return found


def _courses(shape: Outline, run: Run, over_time: Sequence[str], days: Sequence[float]) -> tuple[Followed, ...]:
    outputs, horizon = [o.name for o in shape.outputs], run.times[-1]
    for name in over_time:
        if name not in outputs:
            raise SimulationError(f"model {shape.name} has no output '{name[:60]}' to follow{nearest(name, outputs)}")
    if days and not over_time:
        raise SimulationError("days were given to follow an output, and no output to follow; name one")
    weekly = tuple(7.0 * k for k in range(1, int(horizon // 7) + 1)) or (horizon,)
    own = tuple(sorted({float(day) for day in days})) or run.visits or weekly
    return tuple(Followed(name, own) for name in dict.fromkeys(over_time))


def _declared(arm: RunArm, shape: Outline) -> Parameters:
    """The arm's parameters that the model itself has."""
    known = {p.name for p in shape.parameters}
    return replace(arm.parameters, tables=tuple(t for t in arm.parameters.tables if t.name in known))


def _shares(design: Design) -> Vector:
    """Shares of the ranges: the grid of Morris lies between the ends, since those of a range may be far out."""
    return design.points if design.method == "sobol" else ENDS[0] + (ENDS[1] - ENDS[0]) * design.points


def _values(ranges: Sequence[Range], shares: Vector) -> Vector:
    return np.stack([r.at(shares[:, k]) for k, r in enumerate(ranges)], axis=1)


def _one_at_a_time(ranges: Sequence[Range]) -> Vector:
    """The reference, then each parameter at both ends of its range in turn."""
    here = np.tile([r.reference for r in ranges], (1 + 2 * len(ranges), 1))
    for k, r in enumerate(ranges):
        here[1 + 2 * k : 3 + 2 * k, k] = r.at(ENDS)
    return here


def _outcome(q: Quantity, units: Mapping[str, str], design: Design, numbers: Vector, first: int) -> Outcome:
    found = indices(design, numbers[first:], q.name)
    ends = numbers[1:first].reshape(-1, 2)
    spread = _spread(design, numbers[first:])
    return Outcome(q.name, q.label, q.unit(units), float(numbers[0]), spread, found, trust_of(found), ends)


def _spread(design: Design, numbers: Vector) -> tuple[float, ...]:
    """Mean, SD and quantiles over A and B, which are samples of the ranges; NaN where there are none."""
    if design.method != "sobol":
        return (math.nan,) * (2 + len(QUANTILES))
    blocks = numbers.reshape(design.samples, design.size)
    own = blocks[np.isfinite(blocks).all(axis=1)][:, [0, -1]].ravel()
    return (float(own.mean()), float(own.std(ddof=1)), *np.quantile(own, QUANTILES).tolist())


def _timed(asked: _Asked, design: Design, found: Evaluated, first: int) -> tuple[Timed, ...]:
    timed = []
    for course, values in zip(asked.courses, found.courses, strict=True):
        own = tuple(
            indices(design, values[first:, k], f"{course.output} on day {day:g}") for k, day in enumerate(course.days)
        )
        trusts = tuple(trust_of(one) for one in own)
        timed.append(Timed(course.output, asked.units[course.output], course.days, own, trusts))
    return tuple(timed)


def _assumed(asked: _Asked) -> tuple[tuple[str, str], ...]:
    """The quantities and outputs asked for that no data stand behind, each with a sentence that says so."""
    parameters, model = asked.arm.parameters, asked.run.model
    said = without_data(asked.quantities, parameters, model)
    for course in asked.courses:
        # by way of a quantity, since those are what the sentence is of
        one = quantity(f"{course.output}_mean", (course.output,))
        for text in without_data([one], parameters, model).values():
            said[course.output] = text
    return tuple(said.items())


def _notes(arm: RunArm, ranges: Sequence[Range], over: str) -> tuple[str, ...]:
    """What to know of the ranges."""
    said = ["parameters vary independently of each other"]
    if over == "prior":
        said[0] += ", over what was known before a fit: what the fitted rows have narrowed or tied together is not seen"
    tied = [r.name for r in ranges if arm.parameters[r.name].correlation]
    if over == "spread" and tied:
        said[0] += f", although the set gives correlations between patients for {', '.join(tied)}"
    beyond = [r.name for r in ranges if not r.low <= r.reference <= r.high]
    if beyond:
        said.append(f"the reference value lies outside the range of {', '.join(beyond)}")
    return tuple(said)
