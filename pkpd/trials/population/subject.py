"""Who a population is of: a study with the covariates and rules of its arms, or a schedule on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...data import built_in
from ...dosing.library import load_schedule, schedule_names
from ...dosing.schedule import Schedule
from ...errors import ScheduleError, SimulationError, nearest
from ...studies.covariates import Covariate
from ...studies.study import Study, load_study
from ..run import PLAIN, Options, Run, rule_notes, schedule_run, study_run

WEEK = 7


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A run with the covariates of its patients, the texts of the rules of its arms by the arm's name, and the days on
    which rules decide unless others are named: the study's visits, or every week of a schedule.
    """

    run: Run
    covariates: tuple[Covariate, ...] = ()
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    visits: tuple[float, ...] = ()


def subject(asked: Study | Schedule | str, options: Options = PLAIN) -> Subject:
    """The run of a study (by name, file or value) or else of a schedule, with what is known of its patients."""
    found = subject_of(asked) if isinstance(asked, str) else asked
    if options.side not in ("pre", "post"):
        raise SimulationError(f"a population is sampled on one side of each dose, pre or post, not '{options.side}'")
    if isinstance(found, Study):
        run, told = study_run(found, options), rule_notes(found)
        run = replace(run, notes=tuple(note for note in run.notes if note not in told))
        rules = {arm.name: arm.rules for arm in found.arms if arm.rules}
        return Subject(run, found.covariates, rules, run.visits)
    name = " ".join(asked.split()) if isinstance(asked, str) else "schedule"
    run = schedule_run(name, found, options)
    weeks = int(max(run.times)) // WEEK
    return Subject(run, visits=tuple(float(WEEK * k) for k in range(1, weeks + 1)))


def subject_of(text: str) -> Study | Schedule:
    """A study where the text is the name of one or a file of ours, else a schedule by its name or text."""
    name = text.strip()
    studies, schedules = built_in("study"), schedule_names()
    if name in studies or name.endswith(".toml"):
        return load_study(name)
    if name.isidentifier() and name not in schedules and name.lower() != "none":
        raise ScheduleError(
            f"'{name[:60]}' is neither a study nor a named schedule{nearest(name, (*studies, *schedules))}"
        )
    return load_schedule(text)
