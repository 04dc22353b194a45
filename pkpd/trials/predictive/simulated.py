"""Every row of the data as simulated patients would show it, replicate after replicate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...engine.batch import Failure
from ...engine.functions import Vector
from ...engine.plan import Whole
from ...engine.workers import on_threads
from ...inference.rows.predictor import link
from ...inference.rows.sampling import Sampling
from ...keyed import Keyed
from ...model.declaration import Model
from ...parameters import Parameters
from ...shards.progress import Pace, Progress
from ..patients.cohort import pieces_of, simulate_cohort
from ..patients.course import Course, block_starts
from ..patients.spread import Patients
from .drawn import Drawn
from .rows import Checked, Data, link_sd

_LARGEST = 700.0  # a link beyond it is a number of no size


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """`links` of all rows in the units of the model's outputs, shape (replicates, rows), NaN for patients who failed;
    `failed` tells each of those: replicate, number of the patient, day, reason.
    """

    links: Vector
    failed: tuple[tuple[int, int, float, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """Patients of one course, replicate after replicate, from place `first` of `members` times replicates on; `rows`
    are the numbers of the rows to fill in.
    """

    sampling: Sampling
    course: Course
    patients: Patients
    first: int
    members: tuple[int, ...]
    rows: tuple[int, ...]


def simulated(
    data: Data,
    model: Model | str,
    sets: Sequence[Parameters],
    drawn: Sequence[Drawn],
    seed: int | None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Simulated:
    """Simulate the patients of every course, whose parameters are `sets` and `drawn`; with a `seed` each row gets an
    error of its own, else none.
    """
    links = np.full((len(drawn[0].redrawn), len(data.rows)), np.nan)
    jobs = [job for k in range(len(data.samplings)) for job in _jobs(data, model, sets[k], drawn[k], k)]
    total, done, pace, failed = sum(job.patients.count for job in jobs), 0, Pace(), list[tuple[int, int, float, str]]()
    pace.mark(0)
    # each job fills in cells of its own
    worked = on_threads(lambda one: _run(one, data.rows, links), jobs, model, threads)
    for job, failures in zip(jobs, worked, strict=True):
        failed += [_told(job, failure) for failure in failures]
        done += job.patients.count
        pace.mark(done)
        if progress:
            progress(done, total, pace.left(total - done))
    if seed is not None:
        links += _errors(data, links, seed)
    return Simulated(links, tuple(sorted(failed)))


def _jobs(data: Data, model: Model | str, parameters: Parameters, drawn: Drawn, k: int) -> Iterator[_Job]:
    sampling, members = data.samplings[k], data.members[k]
    if not members:
        return
    c = sampling.course
    names = tuple(str(name) for name in dict.fromkeys(s.observation.output for s in sampling.sampled))
    course = Course(model, c.schedule, parameters, names, sampling.rows.times, bsa=c.bsa, weight=c.weight)
    rows = tuple(n for n, row in enumerate(data.rows) if row.sampling == k)
    whole = drawn.of(members, len(block_starts(c.schedule)))
    for first, count in pieces_of(whole.count):
        yield _Job(sampling, course, _part(whole, first, count), first, members, rows)


def _part(whole: Patients, first: int, count: int) -> Patients:
    part = slice(first, first + count)
    blocks = tuple({name: column[part] for name, column in block.items()} for block in whole.blocks)
    return Patients(first, count, {name: column[part] for name, column in whole.values.items()}, blocks)


def _run(job: _Job, rows: Sequence[Checked], links: Vector) -> list[Failure]:
    """Simulate a job and fill in the links of its rows; who failed, by place."""
    series, failures = _series(job)
    number = {name: j for j, name in enumerate(job.course.outputs)}
    replicate, member = np.divmod(job.first + np.arange(job.patients.count), len(job.members))
    for n in job.rows:
        own = np.flatnonzero(member == job.members.index(rows[n].patient))
        if len(own):
            sampled = job.sampling.sampled[rows[n].place]
            found = link(sampled, series[own, number[sampled.observation.output]])[0] + rows[n].shift
            links[replicate[own], n] = np.clip(found, -_LARGEST, _LARGEST)
    return failures


def _series(job: _Job) -> tuple[Vector, list[Failure]]:
    """Outputs at all samples of a course, shape (patients, outputs, samples), before and after doses."""
    times, posts = job.sampling.rows.times, job.sampling.rows.post
    series = np.full((job.patients.count, len(job.course.outputs), len(times)), np.nan)
    failures: dict[int, Failure] = {}
    for side in ("pre", "post"):
        own: Whole = np.flatnonzero(posts == (side == "post"))
        if len(own):
            c = job.course
            course = Course(
                c.model, c.schedule, c.parameters, c.outputs, times[own], side, c.tolerances, c.bsa, c.weight
            )
            cohort = simulate_cohort(course, job.patients)
            series[:, :, own] = cohort.values
            failures |= {f.patient: f for f in cohort.failures}
    for place in failures:
        series[place - job.first] = np.nan
    return series, list(failures.values())


def _told(job: _Job, failure: Failure) -> tuple[int, int, float, str]:
    replicate, member = divmod(failure.patient, len(job.members))
    return replicate, job.members[member], failure.day, failure.reason


def _errors(data: Data, links: Vector, seed: int) -> Vector:
    """Own errors of the rows; those of a patient depend on seed, replicate, number and the place among own rows."""
    count, width = len(data.patients), max(row.order for row in data.rows) + 1
    who, order = np.array([(row.patient, row.order) for row in data.rows]).T
    deviates = np.array([Keyed(seed, r).normals("own error", 0, count, width)[who, order] for r in range(len(links))])
    for n, row in enumerate(data.rows):
        deviates[:, n] *= link_sd(row.observation.form, row.sd, links[:, n])
    return deviates
