"""Regimens by name or text as the arms of one run: the same patient, the same days, another schedule each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from ...data import built_in
from ...dosing.given import given
from ...dosing.library import load_schedule, read_schedules
from ...dosing.schedule import Schedule
from ...engine.code.library import outline_of
from ...engine.events import TIE
from ...errors import ScheduleError, SimulationError
from ...studies.study import Study
from ..regimen.sampling import treatment_end
from ..run import Options, Run, RunArm, sampling_times, schedule_run, study_run

MOST = 12  # regimens that a table and a figure can hold
AFTER = 28  # days after the last regimen's end, so that what it leaves behind is seen


def comparison_run(texts: Sequence[str], options: Options, study: Study | None = None) -> Run:
    """One arm for each schedule (name or text) in the model's own typical patient, or in that of a study's first arm
    with doses; over `options.days`, by default the end of the longest schedule rounded up to a week, and four weeks.

    PkpdError for fewer than two regimens or more than 12, two that are the same, what is no schedule, and days that end
    before the first dose interval of a regimen does.
    """
    shown = tuple(" ".join(text.split()) for text in texts)
    plans = tuple(schedule_of(text) for text in shown)
    _check(shown, plans, outline_of(options.model).routes[0].name)
    base, noted = _patient(plans[0], options, study)
    arms = tuple(
        replace(base, name=text, label=text, schedule_name=text, schedule=plan)
        for text, plan in zip(shown, plans, strict=True)
    )
    horizon = options.days if options.days is not None else usual_horizon(plans)
    notes = (*noted, *_horizon_notes(arms, float(horizon)))
    return Run(
        name="comparison",
        model=options.model,
        arms=arms,
        times=sampling_times(plans, horizon),
        visits=(),
        side="both",  # a dose that enters at once is at its highest right after it
        engine="compiled",
        tolerances=options.tolerances,
        sources=tuple(sorted(set(study.source))) if study else (),
        notes=notes,
    )


def schedule_of(text: str) -> Schedule:
    """The schedule of a name or a text; the name of a study is refused with the names of its schedules."""
    if text in built_in("study") and text not in read_schedules():
        from ...studies.study import load_study

        own = dict.fromkeys(arm.schedule_name for arm in load_study(text).arms)
        named = [name for name in own if name in read_schedules()]
        hint = f"; its schedules are {', '.join(named)}" if named else ""
        raise ScheduleError(f"'{text}' is a study, and a comparison takes schedules{hint}")
    return load_schedule(text)


def usual_horizon(plans: Sequence[Schedule]) -> Fraction:
    """Days: the end of the longest schedule rounded up to a week, and four weeks."""
    return Fraction(7 * math.ceil(max(plan.end for plan in plans) / 7) + AFTER)


def _patient(plan: Schedule, options: Options, study: Study | None) -> tuple[RunArm, tuple[str, ...]]:
    """The patient as an arm, whose schedule is of no matter, and what to know of the study's values."""
    if study is None:
        return schedule_run("patient", plan, options).arms[0], ()
    run = study_run(study, options)
    return next((arm for arm in run.arms if arm.schedule.doses), run.arms[0]), run.notes


def _check(texts: Sequence[str], plans: Sequence[Schedule], route: str) -> None:
    """`route` is the one that doses without a route take."""
    if not 2 <= len(texts) <= MOST:
        count = f"{len(texts)} regimen{'s' * (len(texts) != 1)}"
        raise ScheduleError(f"{count} cannot be compared; name 2 to {MOST}, for example he2020 '1 MIU daily x5'")
    seen: dict[tuple[object, ...], str] = {}
    for text, plan in zip(texts, plans, strict=True):
        doses = tuple(replace(d, route=d.route or route) for d in plan.doses)
        earlier = seen.setdefault(doses, text)
        if earlier == text and list(texts).count(text) > 1:
            raise ScheduleError(f"'{text[:60]}' stands there twice, and nothing could differ; name each regimen once")
        if earlier != text:
            raise ScheduleError(
                f"'{text[:60]}' gives the doses of '{earlier[:60]}', and nothing could differ; name each regimen once"
            )


def _horizon_notes(arms: Sequence[RunArm], horizon: float) -> tuple[str, ...]:
    """Sentences for regimens that the days cut short; SimulationError where they end within the first interval."""
    said = []
    for arm in arms:
        doses = [d for d in given(arm.schedule, arm.bsa, arm.weight) if d.amount > 0]
        if not doses:
            continue
        days = sorted({float(d.time) for d in doses})
        first = days[1] if len(days) > 1 else treatment_end(doses)
        if horizon < first - TIE:
            raise SimulationError(
                f"{horizon:g} days end before the first dose interval of '{arm.label[:60]}' does, on day {first:g}; "
                "give more with --days"
            )
        late = sum(day > horizon + TIE for day in days)
        if late:
            said.append(f"{arm.label}: {late} of {len(days)} doses come after day {horizon:g} and are not counted")
    return tuple(said)
