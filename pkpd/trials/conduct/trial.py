"""A virtual trial: a study run many times with virtual patients, as a trial would go and be analysed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ...engine.functions import Vector
from ...engine.parcel import pack
from ...engine.workers import in_order, on_threads
from ...measures import Endpoint
from ...shards.progress import Pace, Progress
from ...studies.study import Study
from ..adaptive.rules import Rule
from ..run import PLAIN, Options
from .plan import Plan
from .planning import Asked, Planned, plan_of
from .result import Attendance, Statistics, VirtualTrial
from .terms import Conduct
from .work import Done, replicates_of, run_packed, run_replicates

if TYPE_CHECKING:
    from ...inference.uncertainty.draws import Draws

Whole = TypeVar("Whole", Statistics, Attendance)


def virtual_trial(
    study: Study,
    options: Options = PLAIN,
    *,
    replicates: int = 1000,
    seed: int = 1,
    patients: int | None = None,
    conduct: Conduct | None = None,
    draws: Draws | None = None,
    outputs: Sequence[str] = (),
    exposures: Sequence[Endpoint] | None = None,
    rules: Sequence[Rule] = (),
    arm_rules: bool = True,
    executor: Executor | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> VirtualTrial:
    """Run a study `replicates` times with virtual patients; raises PkpdError.

    Patients of all arms come from one population: parameters are the model's or the options' file, the study's over
    them (of its arms only as `pooled` says), then the options' changes. `patients` go into each arm, by default the
    study's n; `conduct` is by default `conduct_of(study)`. Each replicate takes one of the `draws` as typical values.
    `outputs` are measured at visits, by default `OUTPUTS`; `exposures` of the course, by default area and peak of
    `treg_fold` up to the day of each linked outcome. `rules` decide on doses at visits, on the planned day, after those
    that an arm of the study has itself (unless `arm_rules` is false). Numbers do not depend on `threads` (all cores
    unless said) or executor. `progress` is told replicates done, all, seconds left.
    """
    what = tuple(outputs), exposures, tuple(rules), arm_rules
    asked = Asked(study, options, seed, replicates, patients, conduct, draws, *what)
    planned = plan_of(asked)
    return _result(asked, planned, list(_done(planned.plan, replicates, executor, threads, progress)))


def _result(asked: Asked, planned: Planned, done: Sequence[Done]) -> VirtualTrial:
    plan = planned.plan
    return VirtualTrial(
        study=asked.study.name,
        model=asked.options.model,
        seed=asked.seed,
        replicates=asked.replicates,
        arms=plan.arms,
        sizes=plan.sizes,
        control=plan.arms[plan.control].name if plan.control >= 0 else "",
        visits=plan.visits,
        side=asked.options.side,
        outputs=tuple(output.name for output in plan.measured),
        units=tuple(output.unit for output in plan.measured),
        conduct=plan.conduct,
        parameters=plan.arms[0].parameters,
        drawn=planned.drawn,
        draw=np.concatenate([d.draw for d in done]),
        statistics=_joined(Statistics, [d.statistics for d in done]),
        attendance=_joined(Attendance, [d.attendance for d in done]),
        exposures={name: np.concatenate([d.exposures[name] for d in done]) for name in done[0].exposures},
        lost=tuple(lost for d in done for lost in d.lost),
        example=done[0].example,
        rules=plan.rules.rules,
        notes=planned.notes,
    )


def _joined(kind: type[Whole], parts: Sequence[Whole]) -> Whole:
    columns: dict[str, Vector] = {
        f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(kind)
    }
    return kind(**columns)  # type: ignore[arg-type]


def _done(
    plan: Plan, replicates: int, executor: Executor | None, threads: int | None, progress: Progress | None
) -> Iterator[Done]:
    """What every unit of work yields, in order, telling progress."""
    size, pace = replicates_of(plan), Pace()
    units = [(first, min(size, replicates - first)) for first in range(0, replicates, size)]
    pace.mark(0)
    for (first, count), done in zip(units, _shared(plan, units, executor, threads), strict=True):
        pace.mark(first + count)
        if progress:
            progress(first + count, replicates, pace.left(replicates - first - count))
        yield done


def _shared(
    plan: Plan, units: Sequence[tuple[int, int]], executor: Executor | None, threads: int | None
) -> Iterator[Done]:
    if executor is None:
        return on_threads(lambda unit: run_replicates(plan, *unit), units, plan.courses[0].model, threads)
    packed = pack(plan)
    return in_order(lambda unit: executor.submit(run_packed, packed, *unit), units, "its replicates were done")
