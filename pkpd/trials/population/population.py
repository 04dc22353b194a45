"""A population on every arm of a study: the same virtual patients around typical values and around each draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...dosing.given import given
from ...dosing.schedule import Schedule
from ...engine.batch import Failure
from ...engine.code.library import outline_of
from ...engine.functions import Vector
from ...errors import SimulationError
from ...inference.uncertainty.bands import thinned
from ...inference.uncertainty.draws import default_draws
from ...keyed import Keyed
from ...shards.progress import Pace, Progress
from ...studies.covariates import Covariate
from ...studies.study import Study
from ..adaptive.log import Log
from ..adaptive.rules import outputs_needed
from ..adaptive.steering import steering
from ..patients.cohort import pieces_of
from ..patients.course import Course
from ..patients.spread import Patients, spread_of
from ..run import PLAIN, Options, Run, RunArm
from ..uncertainty import Uncertainty, uncertainty_of
from .gather import Lines, interval, lines_of, split
from .logged import logged_arms
from .result import ArmPopulation, Population
from .ruled import Ruled, ruled_arms
from .ruling import Ruling
from .sampling import Sampling, followed, sampling
from .subject import subject
from .wanted import quantities_of, shown, slow, within_hours
from .work import Asked, Part, Task, parts_of

if TYPE_CHECKING:
    from ...inference.uncertainty.draws import Draws

MOST = 20_000  # patients an arm, all of whom are held at once
DRAWS = 40
PATIENTS = 1000


def population(
    study_or_schedule: Study | Schedule | str,
    patients: int = PATIENTS,
    seed: int = 1,
    *,
    options: Options = PLAIN,
    quantities: Sequence[str] = (),
    draws: Draws | str | None = "default",
    draw_count: int = DRAWS,
    rules: Sequence[str] = (),
    visits: Sequence[float] = (),
    arm_rules: bool = True,
    events: str | Path | None = None,
    executor: Executor | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Population:
    """Virtual patients of every arm of a study, or of one schedule in the model's own population.

    The same patients are simulated around the parameters as they are, and again around each of `draw_count` of the
    `draws` ("default" are those that come with the model where no other set is given; None for none), so that how
    patients differ is kept apart from how uncertain their typical values are. `quantities` adds endpoints by name.
    `rules` (texts) decide on doses at `visits` (days) in every arm with doses, beside those of the study's arms unless
    not `arm_rules`; or patients get the doses that a file of `events` tells. Work and numbers are as in
    `simulate_many`: a patient is the same whoever works and whoever else is drawn. PkpdError for what does not fit.
    """
    found = subject(study_or_schedule, options)
    if events is None:
        ruled = ruled_arms(found, rules, visits, own=arm_rules)
    else:
        ruled = logged_arms(events, found, patients, seed, visits)
    uncertainty = _asked_uncertainty(found.run, options, draws)
    own = Settings(patients, seed, tuple(quantities), draw_count, ruled)
    return simulate_population(found.run, found.covariates, own, uncertainty, executor, threads, progress)


def _asked_uncertainty(run: Run, options: Options, draws: Draws | str | None) -> Uncertainty | None:
    base = outline_of(options.model).defaults
    whole = base if options.parameters is None else options.parameters.over(base)
    if isinstance(draws, str):
        draws = default_draws(options.model) if options.parameters is None else None
    if draws is None:
        return None
    return uncertainty_of(run, draws, whole, [name for name, _ in options.changes])[0]


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """How many patients and draws, from which seed, what is asked of them, and what decides on the doses of an arm."""

    patients: int = PATIENTS
    seed: int = 1
    quantities: tuple[str, ...] = ()
    draws: int = DRAWS
    ruled: Mapping[str, Ruled] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Keyed(self.seed)
        if not 2 <= self.patients <= MOST:
            raise SimulationError(
                f"a population has 2 to {MOST} patients an arm, not {self.patients}; summarise_many takes more"
            )


def simulate_population(
    run: Run,
    covariates: Sequence[Covariate] = (),
    settings: Settings = Settings(),
    uncertainty: Uncertainty | None = None,
    executor: Executor | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Population:
    """`population` of a run whose arms are resolved."""
    own = uncertainty and replace(uncertainty, draws=thinned(uncertainty.draws, settings.draws))
    plans = [_plan(run, k, covariates, settings, own) for k in range(len(run.arms))]
    tasks = [task for plan in plans for tasks in plan.tasks(settings) for task in tasks]
    parts = _told(parts_of(tasks, run.model, executor, threads), sum(t.count for t in tasks), progress)
    arms = tuple(_arm(plan, [_lines(parts, tasks) for tasks in plan.tasks(settings)]) for plan in plans)
    return Population(run, settings.seed, arms, own, settings.quantities)


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """One arm: what to ask for, and the typical values of each draw."""

    arm: RunArm
    asked: Asked
    sampling: Sampling
    followed: tuple[float, ...]
    units: Mapping[str, str]
    typical: tuple[tuple[tuple[str, float], ...], ...]

    def tasks(self, settings: Settings) -> Iterator[list[Task]]:
        """The pieces of the population as it is, then those around each draw."""
        for typical in ((), *self.typical):
            keyed = Keyed(settings.seed)
            yield [Task(self.asked, keyed, *piece, typical) for piece in pieces_of(settings.patients)]


def _plan(
    run: Run, place: int, covariates: Sequence[Covariate], settings: Settings, uncertainty: Uncertainty | None
) -> _Plan:
    arm, outline, horizon = run.arms[place], outline_of(run.model), max(run.times)
    doses = [d for d in given(arm.schedule, arm.bsa, arm.weight) if float(d.time) < horizon]
    outputs = [o.name for o in outline.outputs]
    quantities = quantities_of(outputs, doses, horizon, settings.quantities)
    ruled = settings.ruled.get(arm.name)
    days = [*run.visits, *(ruled.visits if ruled else ()), *(day for q in quantities for day in q.days)]
    late = next((day for day in days if not 0 <= day <= horizon), None)
    if late is not None:
        raise SimulationError(f"day {late:g} was asked for, and the days simulated are 0 to {horizon:g}; choose --days")
    own = sampling(doses, horizon, days, fine=within_hours(quantities))
    bands = shown(outputs)
    rows = tuple(own.hourly if name == "il2" else own.daily if slow(name) else own.every for name in bands)
    watched = tuple(o for o in outputs_needed(ruled.rules) if o in outputs) if ruled else ()
    needed = tuple(dict.fromkeys((*bands, *(o for q in quantities for o in q.outputs), *watched)))
    sized = (run.side, run.tolerances, arm.bsa, arm.weight)
    course = Course(run.model, arm.schedule, arm.parameters, needed, own.times, *sized)
    if ruled:  # what does not fit is refused before anybody is simulated
        steering(ruled.rules, course, Patients(0, 1, {}), ruled.visits)
    spread = spread_of(arm.parameters, covariates)
    asked = Asked(course, spread, bands, rows, quantities, arm.name, ruled, watched, own.daily)
    units = {o.name: o.unit for o in outline.outputs}
    return _Plan(arm, asked, own, tuple(followed(doses)), units, _typical(arm, place, uncertainty))


def _typical(arm: RunArm, place: int, uncertainty: Uncertainty | None) -> tuple[tuple[tuple[str, float], ...], ...]:
    if uncertainty is None:
        return ()
    draws, held = uncertainty.draws, uncertainty.held[place]
    values = draws.in_units_of(arm.parameters).tolist()
    return tuple(
        tuple((name, v) for name, v in zip(draws.names, row, strict=True) if name not in held) for row in values
    )


def _told(parts: Iterator[Part], total: int, progress: Progress | None) -> Iterator[Part]:
    """The parts, telling how many patients are done."""
    pace, done = Pace(), 0
    pace.mark(0)
    for part in parts:
        done += part.patients.count
        pace.mark(done)
        if progress:
            progress(done, total, pace.left(total - done))
        yield part


def _lines(parts: Iterator[Part], tasks: Sequence[Task]) -> tuple[Lines, list[Part]]:
    """The lines of one population, and its pieces where it is around the typical values as they are."""
    own = [next(parts) for _ in tasks]
    return lines_of(own), [] if tasks[0].typical else own


def _arm(plan: _Plan, found: Sequence[tuple[Lines, list[Part]]]) -> ArmPopulation:
    (lines, parts), drawn = found[0], [own for own, _ in found[1:]]
    patients, endpoints = _joined(parts), np.concatenate([part.endpoints for part in parts])
    if len(lines.failures) == patients.count:
        first = lines.failures[0]
        raise SimulationError(f"none of {patients.count} patients could be simulated; the first: {first.reason}")
    ends = [_interval([own.bands[k] for own in drawn], lines.bands[k]) for k in range(len(lines.bands))]
    low, high = _interval([own.quantiles for own in drawn], lines.quantiles)
    quantities = plan.asked.quantities
    names, correlations = _correlations(patients, endpoints)
    return ArmPopulation(
        arm=plan.arm,
        spread=plan.asked.spread,
        patients=patients,
        sampling=plan.sampling,
        outputs=plan.asked.bands,
        units=tuple(plan.units[name] for name in plan.asked.bands),
        rows=plan.asked.rows,
        quantities=quantities,
        quantity_units=tuple(q.unit(plan.units) for q in quantities),
        lines=lines,
        bands_low=tuple(low for low, _ in ends),
        bands_high=tuple(high for _, high in ends),
        endpoints=endpoints,
        low=low,
        high=high,
        split=split(lines.moments, [own.moments for own in drawn]),
        drawn=names,
        correlations=correlations,
        followed=plan.followed,
        draws_failed=tuple((k, f) for k, own in enumerate(drawn, 1) for f in own.failures),
        draws_redrawn=sum(len(own.redrawn) for own in drawn),
        ruling=_ruling(plan, parts, patients, lines.failures) if plan.asked.ruled else None,
    )


def _ruling(plan: _Plan, parts: Sequence[Part], patients: Patients, failures: tuple[Failure, ...]) -> Ruling:
    asked, ruled = plan.asked, plan.asked.ruled
    assert ruled is not None
    log = Log(asked.arm, ruled.visits, tuple(event for part in parts for event in part.events))
    values = np.stack([np.concatenate([part.watched[k] for part in parts]) for k in range(len(asked.watched))], axis=1)
    days = asked.course.times[asked.watched_rows]
    return Ruling(ruled, asked.course, patients, failures, log, asked.watched, days, values)


def _interval(drawn: Sequence[Vector], base: Vector) -> tuple[Vector, Vector]:
    if not drawn:
        return np.full(base.shape, np.nan), np.full(base.shape, np.nan)
    return interval(np.array(drawn))


def _joined(parts: Sequence[Part]) -> Patients:
    """The patients of all pieces as one."""
    own = [part.patients for part in parts]
    return Patients(
        own[0].first,
        sum(p.count for p in own),
        {name: np.concatenate([p.values[name] for p in own]) for name in own[0].values},
        tuple(
            {name: np.concatenate([p.blocks[k][name] for p in own]) for name in block}
            for k, block in enumerate(own[0].blocks)
        ),
        {name: tuple(level for p in own for level in p.labels[name]) for name in own[0].labels},
        tuple(number for p in own for number in p.redrawn),
    )


def _correlations(patients: Patients, endpoints: Vector) -> tuple[tuple[str, ...], Vector]:
    """Spearman's rank correlations of what was drawn with each endpoint; NaN where either does not vary."""
    from scipy.stats import rankdata

    varied = {name: column for name, column in patients.values.items() if np.ptp(column) > 0}
    ranks = [rankdata(column) for column in varied.values()]
    found = np.full((len(varied), endpoints.shape[1]), np.nan)
    for k, column in enumerate(endpoints.T):
        told = np.isfinite(column)
        if told.sum() < 3 or np.ptp(column[told]) <= 1e-9 * np.abs(column[told]).max():
            continue
        rank = rankdata(column[told])
        for j, values in enumerate(varied.values()):
            if np.ptp(values[told]) > 0:
                own = ranks[j] if told.all() else rankdata(values[told])
                found[j, k] = np.corrcoef(own, rank)[0, 1]
    return tuple(varied), found
