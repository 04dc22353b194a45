"""The friendly call: schedule, model, parameters and times in, trajectory out."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .dosing import given as giving
from .dosing.dose import SIDES
from .dosing.library import load_schedule
from .dosing.schedule import Schedule
from .engine import check_engine
from .engine.code.library import outline_of
from .engine.compile import bind
from .engine.events import TIE, Action, Moment, actions, last_dose
from .engine.functions import Vector
from .engine.integrate import integrate
from .engine.run import Rows
from .engine.tolerances import DEFAULT, Tolerances
from .errors import SimulationError, nearest
from .output.trajectory import Trajectory
from .parameters import Parameters
from .units import duration

if TYPE_CHECKING:
    from .model.declaration import Model

MAX_TIMES = 200_000


def default_parameters(model: Model | str) -> Parameters:
    """The parameters that come with a model: its file in `params/`, or the values given in its own code."""
    return outline_of(model).defaults


def simulate(
    schedule: Schedule | str,
    model: Model | str = "il2",
    parameters: Parameters | None = None,
    *,
    times: Sequence[float] | Vector | None = None,
    days: float | str | None = None,
    step: float | str = "6h",
    side: str = "pre",
    engine: str = "compiled",
    tolerances: Tolerances = DEFAULT,
    bsa: float | None = None,
    weight: float | None = None,
    start: Moment | None = None,
    arm: str = "",
    id: str = "1",
) -> Trajectory:
    """Simulate one patient; every result is in the unit of its output.

    `schedule` is a `Schedule`, a name in the schedule file, or its text ("1 MIU every 2d x7"). `times` are days, in
    any order, and come back bit for bit; without them every `step` up to `days` (by default the length of the
    schedule, or 14 days after its last dose if that is later). `side` tells whether a sample at the time of a dose is
    taken before ("pre", the default), after, or both. `bsa` (m2) and `weight` (kg) size doses per m2 and per kg, and
    the model where it knows them; else its parameters say. `start` continues from `Trajectory.end`, after everything
    that happened at that time. Raises PkpdError.
    """
    check_engine(engine)
    plan = load_schedule(schedule) if isinstance(schedule, str) else schedule
    own = default_parameters(model)
    values, body = sized(own if parameters is None else parameters.over(own), bsa, weight)
    bound = bind(model, values, engine)
    doses, events = giving.given(plan, **body), actions(bound, plan, **body)
    asked = checked_times(times) if times is not None else grid(plan, days, step)
    rows, sides = _sides(side, asked, events, doses)
    wanted = Rows(asked[rows], np.array([side == "post" for side in sides], dtype=np.int64))
    course = integrate(bound, events, wanted, engine, tolerances, start, partial(last_dose, doses))
    return Trajectory(bound, doses, asked[rows], tuple(sides), course.states, course.end, arm, id, course.steps)


def sized(values: Parameters, bsa: float | None, weight: float | None) -> tuple[Parameters, dict[str, float | None]]:
    """Parameters with the body size given, where they hold one, and the size that doses follow: given, or theirs."""
    body = {}
    for name, size, unit in (("bsa", bsa, "m2"), ("weight", weight, "kg")):
        if size is not None and not 0 < size < 1e4:
            raise SimulationError(f"{name} is a size above 0 in {unit}, not {size:g}")
        if size is not None and name in values and values[name].in_unit(unit) != size:
            values = values.set(f"--{name}", **{name: f"{size!r} {unit}"})
        body[name] = size if size is not None else values[name].in_unit(unit) if name in values else None
    return values, body


def grid(schedule: Schedule, days: float | str | Fraction | None = None, step: float | str | Fraction = "6h") -> Vector:
    """Sampling times in days: 0, step, 2 step, ... up to and including `days`, each the nearest float to the exact
    time.
    """
    last = max((d.time for d in schedule.doses), default=Fraction(0))
    until = max(schedule.length, last + 14) if days is None else duration(days)
    every = duration(step)
    if every <= 0 or until < 0:
        raise SimulationError(f"times every {step} up to {float(until):g} days cannot be made: both must be above 0")
    count = until // every
    if count > MAX_TIMES:
        raise SimulationError(
            f"{count} times were asked for (every {step} up to {float(until):g} d); at most {MAX_TIMES} are possible"
        )
    exact_times = [k * every for k in range(count + 1)]
    return np.array([float(t) for t in exact_times + ([until] if exact_times[-1] < until else [])])


def checked_times(times: Sequence[float] | Vector) -> Vector:
    try:
        asked = np.atleast_1d(np.asarray(times, dtype=float))
    except (TypeError, ValueError):
        raise SimulationError(f"times are numbers of days, not {times!s:.60}") from None
    if asked.ndim != 1 or not len(asked) or not np.all(np.isfinite(asked)):
        raise SimulationError("times must be one or more finite numbers of days")
    return asked


def _sides(
    side: str, asked: Vector, events: Sequence[Action], doses: Sequence[giving.GivenDose]
) -> tuple[NDArray[np.intp], list[str]]:
    """Row numbers into `asked`, and the side of each: with "both", two rows where something happens and one
    elsewhere.
    """
    if side not in SIDES:
        raise SimulationError(f"side '{side}' is none of {', '.join(SIDES)}{nearest(side, SIDES)}")
    if side != "both":
        return np.arange(len(asked)), [side] * len(asked)
    entering = [a.time for a in events if a.amount or a.reset or a.steady]
    moments = np.unique([*entering, *(float(d.time) for d in doses if d.amount > 0)])
    rows, sides = [], []
    for row, time in enumerate(asked):
        k = int(np.searchsorted(moments, time - TIE))
        tied = k < len(moments) and moments[k] <= time + TIE
        rows += [row, row] if tied else [row]
        sides += ["pre", "post"] if tied else ["both"]
    return np.array(rows), sides
