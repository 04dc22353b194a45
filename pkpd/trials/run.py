"""A run as a value: arms with resolved schedules and parameters, times, engine. Simulated, written down, and read
back to be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..dosing.records import from_records, to_records
from ..dosing.schedule import Schedule
from ..engine.stepping import DEFAULT, Tolerances
from ..errors import FileError, PkpdError
from ..model.declaration import Model
from ..model.registry import MODELS, get_model
from ..output.tables import stack
from ..output.trajectory import Trajectory
from ..parameters import Parameters, read_tables
from ..simulation import default_parameters, grid, simulate
from ..units import duration
from .study import Study

# Hours after each dose at which IL-2 is drawn: dense around the peak (about 4 h), sparse on the way down.
AFTER_DOSE = ("30min", "1h", "2h", "3h", "4h", "5h", "6h", "8h", "10h", "12h", "15h", "18h")


@dataclass(frozen=True, slots=True, eq=False)
class RunArm:
    """One arm with everything resolved: nothing is looked up again when it is simulated."""

    name: str
    label: str
    schedule_name: str
    schedule: Schedule
    parameters: Parameters


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
    engine: str = "scipy"
    tolerances: Tolerances = DEFAULT


PLAIN = Options()


def study_run(study: Study, options: Options = PLAIN) -> Run:
    """The run of a study: parameters are the model's, then the study's, then the arm's, then what the options
    change.
    """
    model = get_model(options.model)
    arms, notes = [], []
    for arm in study.arms:
        own = arm.parameters.over(study.parameters)
        known, unknown = _split(own, model)
        notes += [f"model {model.name} has no parameter '{name}', so the study's value is not used" for name in unknown]
        parameters = _resolved(model, options, known, f"{study.name}, arm {arm.name}")
        arms.append(RunArm(arm.name, arm.label, arm.schedule_name, arm.schedule, parameters))
    until = options.days if options.days is not None else duration(study.days)
    visits = tuple(v for v in study.visits if v <= until)
    times = options.times or sampling_times([a.schedule for a in arms], until, options.step, visits)
    sources = tuple(sorted({*study.source}))
    return Run(
        study.name,
        options.model,
        tuple(arms),
        times,
        visits,
        options.side,
        options.engine,
        options.tolerances,
        sources,
        tuple(dict.fromkeys(notes)),
    )


def schedule_run(name: str, schedule: Schedule, options: Options = PLAIN) -> Run:
    """The run of one schedule, by its name or text, in one patient with the model's own parameters."""
    model = get_model(options.model)
    origin = options.parameters.origin if options.parameters else f"the parameters of {model.name}"
    parameters = _resolved(model, options, None, origin)
    until = options.days if options.days is not None else duration(float(grid(schedule, None, "1d")[-1]))
    visits = options.times or _visits(float(until))
    times = options.times or sampling_times([schedule], until, options.step, visits)
    arm = RunArm(name if name.isidentifier() else "schedule", name, name, schedule, parameters)
    return Run(
        name, options.model, (arm,), times, tuple(sorted(set(visits))), options.side, options.engine, options.tolerances
    )


def sampling_times(
    schedules: Sequence[Schedule], until: Fraction, step: Fraction | None = None, visits: Sequence[float] = ()
) -> tuple[float, ...]:
    """Days to sample: every `step` and the visits; without a step, every 6 hours and densely after each dose."""
    times = {float(t) for t in grid(Schedule.none(), until, step or "6h")} | set(visits)
    if step is None:
        after = [duration(text) for text in AFTER_DOSE]
        times |= {
            float(d.time + h) for s in schedules for d in s.doses for h in (Fraction(0), *after) if d.time + h <= until
        }
    return tuple(sorted(times))


def simulate_run(run: Run) -> tuple[Trajectory, ...]:
    """One trajectory an arm, at the run's own times."""
    return tuple(simulate_arm(run, arm, run.times) for arm in run.arms)


def simulate_arm(run: Run, arm: RunArm, times: Sequence[float], side: str = "") -> Trajectory:
    """One arm of a run at any times (days), on the run's side of each dose or another."""
    return simulate(
        arm.schedule,
        get_model(run.model),
        arm.parameters,
        times=times,
        side=side or run.side,
        engine=run.engine,
        tolerances=run.tolerances,
        arm=arm.name,
    )


def csv_files(trajectories: Sequence[Trajectory], wide: bool = False) -> dict[str, bytes]:
    """The tables of a run as files: every output of every arm, and the doses (none for a placebo arm)."""
    tables = [t.wide() if wide else t.table() for t in trajectories]
    doses = stack([t.dose_table() for t in trajectories])
    return {"trajectories.csv": stack(tables).to_csv().encode(), "doses.csv": doses.to_csv().encode()}


def to_record(run: Run, command: str) -> dict[str, Any]:
    """The run as plain tables for `run.json`: enough to repeat it without any other file, except a user's own model."""
    arms = {
        a.name: {
            "label": a.label,
            "schedule": {"name": a.schedule_name, "records": to_records(a.schedule)},
            "parameters": {"origin": a.parameters.origin, "tables": a.parameters.to_tables()},
        }
        for a in run.arms
    }
    return {
        "kind": "run",
        "name": run.name,
        "command": command,
        "model": {"name": run.model, "fingerprint": get_model(run.model).fingerprint},
        "engine": run.engine,
        "tolerances": {"relative": run.tolerances.relative, "absolute": run.tolerances.absolute},
        "seed": None,
        "side": run.side,
        "visits": list(run.visits),
        "sources": list(run.sources),
        "arms": arms,
        "times": list(run.times),
    }


def from_record(record: Mapping[str, Any], where: str, model: str = "") -> Run:
    """The run of a `run.json`. A user's model is used only when the same `model` is named again; FileError when the
    record is damaged.
    """
    try:
        asked = str(record["model"]["name"])
        if asked not in MODELS and asked != model:
            raise FileError(
                f"{where} was made with the model '{asked}', which is a Python file: "
                "name it again with --model to run it"
            )
        arms = tuple(_arm(name, arm, where) for name, arm in record["arms"].items())
        return Run(
            name=str(record["name"]),
            model=asked,
            arms=arms,
            times=tuple(float(t) for t in record["times"]),
            visits=tuple(float(v) for v in record["visits"]),
            side=str(record["side"]),
            engine=str(record["engine"]),
            tolerances=Tolerances(float(record["tolerances"]["relative"]), float(record["tolerances"]["absolute"])),
            sources=tuple(str(s) for s in record["sources"]),
        )
    except PkpdError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileError(f"{where} is damaged: {type(error).__name__} at {error}") from None


def _arm(name: str, table: Mapping[str, Any], where: str) -> RunArm:
    parameters = read_tables(table["parameters"]["tables"], str(table["parameters"]["origin"]))
    return RunArm(
        str(name),
        str(table["label"]),
        str(table["schedule"]["name"]),
        from_records(table["schedule"]["records"]),
        parameters,
    )


def _split(own: Parameters, model: Model) -> tuple[Parameters, list[str]]:
    declared = {d.name for d in model.parameters}
    kept = tuple(t for t in own.tables if t.name in declared)
    return Parameters(kept, own.origin), [name for name in own if name not in declared]


def _resolved(model: Model, options: Options, own: Parameters | None, origin: str) -> Parameters:
    base = default_parameters(model)
    if options.parameters is not None:
        base = options.parameters.over(base)
    full = own.over(base) if own else base
    full = full.set("--set", **dict(options.changes))
    return Parameters(full.tables, origin, model.name)


def _visits(until: float) -> tuple[float, ...]:
    step = next((s for s in (1.0, 2.0, 7.0, 14.0) if until / s <= 16), 28.0)
    return tuple(k * step for k in range(int(until // step) + 1))
