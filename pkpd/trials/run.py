"""A run as a value: arms with resolved schedules and parameters, times, engine; and its simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..dosing.schedule import Schedule
from ..engine.code.library import outline_of
from ..engine.tolerances import DEFAULT, Tolerances
from ..errors import ParameterError, SimulationError, nearest
from ..model.outline import Outline
from ..model.registry import MODELS
from ..output.trajectory import Trajectory
from ..parameters import Parameters
from ..simulation import MAX_TIMES, grid, simulate, sized
from ..studies.study import Study
from ..units import duration

# Days after each dose at which IL-2 is drawn: every half hour around the peak (about 4 h), sparser on the way down.
AFTER_DOSE = tuple(Fraction(half, 48) for half in (*range(1, 17), *range(18, 25, 2), 28, 32, 36, 40, 44))


@dataclass(frozen=True, slots=True, eq=False)
class RunArm:
    """One arm with everything resolved: nothing is looked up again when it is simulated.

    `bsa` (m2) and `weight` (kg) are what doses per m2 and per kg follow, where known.
    """

    name: str
    label: str
    schedule_name: str
    schedule: Schedule
    parameters: Parameters
    bsa: float | None = None
    weight: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What was asked: `times` and `visits` in days; `sources` are keys of references.toml beyond those of the
    parameters.
    """

    name: str
    model: str
    arms: tuple[RunArm, ...]
    times: tuple[float, ...]
    visits: tuple[float, ...]
    side: str
    engine: str
    tolerances: Tolerances
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may change about any run; empty means the study's or the model's own."""

    model: str = "il2"
    parameters: Parameters | None = None
    changes: tuple[tuple[str, str], ...] = ()
    days: Fraction | None = None
    step: Fraction | None = None
    times: tuple[float, ...] = ()
    side: str = "pre"
    bsa: float | None = None
    weight: float | None = None
    engine: str = "compiled"
    tolerances: Tolerances = DEFAULT


PLAIN = Options()


def study_run(study: Study, options: Options = PLAIN) -> Run:
    """The run of a study: parameters are the model's or the options' file, then the study's, then the arm's, then what
    the options change one by one. What a study says of its patients thus outlives another parameter file.
    """
    model = outline_of(options.model)
    arms, notes = [], []
    for arm in study.arms:
        own = arm.parameters.over(study.parameters)
        known, unknown = _split(own, model)
        notes += unknown
        notes += [
            f"{options.parameters.origin}: {name} is not used, since the study says its own; --set overrides it"
            for name in (options.parameters or ())
            if options.parameters and name in known
        ]
        name = arm.name
        arms.append(_arm(name, arm.label, arm.schedule_name, arm.schedule, model, options, known, own, study.name))
    notes += rule_notes(study)
    until = options.days if options.days is not None else duration(study.days)
    visits = tuple(v for v in study.visits if v <= until)
    times = options.times or sampling_times([a.schedule for a in arms], until, options.step, visits)
    said = tuple(dict.fromkeys(notes))
    return _run(study.name, tuple(arms), times, visits, options, tuple(sorted(set(study.source))), said)


def rule_notes(study: Study) -> tuple[str, ...]:
    """What to say of the rules of a study's arms where none are followed."""
    names = [arm.name for arm in study.arms if arm.rules]
    where = f"arm {names[0]}" if len(names) == 1 else f"arms {', '.join(names)}"
    said = f"{where}: its rules need patients: pkpd population and pkpd trial follow them"
    return (said if len(names) == 1 else said.replace("its rules", "their rules"),) if names else ()


def schedule_run(name: str, schedule: Schedule, options: Options = PLAIN) -> Run:
    """The run of one schedule, by its name or text, in one patient with the model's own parameters."""
    model = outline_of(options.model)
    none = Parameters((), f"the parameters of {model.name}")
    arm = _arm(name if name.isidentifier() else "patient", name, name, schedule, model, options, none, none, "")
    until = options.days if options.days is not None else duration(float(grid(schedule, None, "1d")[-1]))
    visits = options.times or _visits(float(until))
    times = options.times or sampling_times([schedule], until, options.step, visits)
    return _run(name, (arm,), times, tuple(sorted(set(visits))), options)


def simulate_run(run: Run) -> tuple[Trajectory, ...]:
    """One trajectory an arm, at the run's own times."""
    rows = len(run.times) * len(run.arms)
    if rows > MAX_TIMES:
        raise SimulationError(f"{rows} times were asked for in {len(run.arms)} arms; at most {MAX_TIMES} are possible")
    return tuple(simulate_arm(run, arm, run.times) for arm in run.arms)


def simulate_arm(run: Run, arm: RunArm, times: Sequence[float], side: str = "") -> Trajectory:
    """One arm of a run at any times (days), on the run's side of each dose or another."""
    return simulate(
        arm.schedule,
        run.model,
        arm.parameters,
        times=times,
        side=side or run.side,
        engine=run.engine,
        tolerances=run.tolerances,
        bsa=arm.bsa,
        weight=arm.weight,
        arm=arm.name,
    )


def sampling_times(
    schedules: Sequence[Schedule], until: Fraction, step: Fraction | None = None, visits: Sequence[float] = ()
) -> tuple[float, ...]:
    """Days to sample: every `step` and the visits; without a step, every 6 hours and densely after each dose."""
    times = {float(t) for t in grid(Schedule.none(), until, step or "6h")} | set(visits)
    if step is None:
        doses = [d.time for s in schedules for d in s.doses]
        times |= {float(day + h) for day in doses for h in (Fraction(0), *AFTER_DOSE) if day + h <= until}
    return tuple(sorted(times))


def _run(
    name: str,
    arms: tuple[RunArm, ...],
    times: tuple[float, ...],
    visits: tuple[float, ...],
    options: Options,
    sources: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Run:
    o = options
    return Run(name, o.model, arms, times, visits, o.side, o.engine, o.tolerances, sources, notes)


def _arm(
    name: str,
    label: str,
    schedule_name: str,
    schedule: Schedule,
    model: Outline,
    options: Options,
    known: Parameters,
    said: Parameters,
    study: str,
) -> RunArm:
    """An arm with its parameters and body size; a size the model has no use for (`said`) still holds for doses."""
    base = model.defaults
    if options.parameters is not None:
        check_set(options.parameters, model)
        base = options.parameters.over(base)
    full = known.over(base).set("--set", **dict(options.changes))
    origin = f"{study}, arm {name}" if study else options.parameters.origin if options.parameters else base.origin
    values, body = sized(Parameters(full.tables, origin, model.name), options.bsa, options.weight)
    for size, unit in (("bsa", "m2"), ("weight", "kg")):
        if body[size] is None and size in said:
            body[size] = said[size].in_unit(unit)
    return RunArm(name, label, schedule_name, schedule, values, body["bsa"], body["weight"])


def check_set(parameters: Parameters, model: Outline) -> None:
    """Refuse a set made for another built-in model: equal names there need not mean the same."""
    if parameters.model in MODELS and model.name in MODELS and parameters.model != model.name:
        raise ParameterError(f"{parameters.origin} holds parameters of model {parameters.model}, not of {model.name}")
    declared = [d.name for d in model.parameters]
    for name in parameters:
        if name not in declared:
            hint = nearest(name, declared)
            raise ParameterError(f"{parameters.origin} [{name}]: model {model.name} has no such parameter{hint}")


def _split(own: Parameters, model: Outline) -> tuple[Parameters, list[str]]:
    """The study's parameters that the model has, and a note for each that it has not."""
    declared = [d.name for d in model.parameters]
    kept = tuple(t for t in own.tables if t.name in declared)
    notes = [
        f"model {model.name} has no parameter '{name}', so the study's value is not used{nearest(name, declared)}"
        for name in own
        if name not in declared
    ]
    return Parameters(kept, own.origin), notes


def _visits(until: float) -> tuple[float, ...]:
    """Days to print: up to sixteen or so, at a round interval."""
    step = next((s for s in (1.0, 2.0, 7.0, 14.0) if until / s <= 16), 28.0)
    return tuple(k * step for k in range(int(until // step) + 1))
