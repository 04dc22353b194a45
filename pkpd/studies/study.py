"""A study as data: population, arms with regimen, covariates and baselines, visits. File in, frozen value out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..data import find, only_keys, read_toml
from ..dosing.library import load_schedule
from ..dosing.schedule import Schedule
from ..errors import PkpdError, StudyError
from ..parameters import Parameters, read_tables
from .cells import read_cells
from .covariates import Covariate, read_covariates
from .observation import Observation
from .outcomes import Outcome, read_outcomes
from .reading import Frame, Row, read_native
from .sources import sources

UNSAID = Parameters((), "")
# The name of a study becomes that of a folder.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,59}\Z")


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One arm: its schedule by name or text and as a value, the number randomised, its own parameter values, and the
    texts of rules by which doses are held or changed at visits.
    """

    name: str
    label: str
    n: int
    schedule_name: str
    schedule: Schedule
    parameters: Parameters
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """A study to run: `days` of follow-up, `visits` in days (a sample on a dosing day is taken before the dose).

    `observations` are the rows of the CSV file of the same name beside the study file, if there is one;
    `load_observations` also says which course each was sampled in. `count_scale` is the log SD of a shift that all
    counts of the study share once dosing has begun; `covariates` have levels, such as sex; `conduct` says how a trial
    of it goes, where it differs from conduct.toml; `outcomes` are clinical ones as printed.
    """

    name: str
    meaning: str
    source: tuple[str, ...]
    population: str
    days: float
    visits: tuple[float, ...]
    arms: tuple[Arm, ...]
    parameters: Parameters
    observations: tuple[Observation, ...] = ()
    count_scale: float = 0.0
    covariates: tuple[Covariate, ...] = ()
    conduct: Parameters = UNSAID
    outcomes: tuple[Outcome, ...] = ()


def load_study(name_or_path: str | Path) -> Study:
    """A study by its built-in name ("he2020") or file, with what was observed in it; errors name the file, the table or
    line, and the nearest valid name.
    """
    return read_study(name_or_path)[0]


def read_study(name_or_path: str | Path) -> tuple[Study, tuple[Row, ...]]:
    """A study, and the rows of the CSV file beside it with the schedule and body size of each."""
    path = find(name_or_path, "study")
    study, table = _study(path), path.with_suffix(".csv")
    if not table.is_file():
        return study, ()
    arms = {arm.name: (arm.schedule_name, arm.schedule) for arm in study.arms}
    rows = read_native(read_cells(table), Frame(study.name, arms, study.source))
    return replace(study, observations=tuple(row.observation for row in rows)), rows


def _study(path: Path) -> Study:
    table = read_toml(path, "study")
    optional = ("source", "population", "parameters", "count_scale", "covariates", "conduct", "outcomes")
    only_keys(table, optional, ("name", "meaning", "days", "visits", "arms"), path.name)
    for key in ("name", "meaning", "population"):
        if not isinstance(table.get(key, ""), str):
            raise StudyError(f"{path.name}: {key} is text, not {table[key]!r}")
    if not _NAME.match(table["name"]):
        raise StudyError(f"{path.name}: name is letters, digits, - and _, up to 60 of them, not {table['name']!r:.80}")
    days = _number(table["days"], f"{path.name}: days")
    visits = table["visits"]
    if not isinstance(visits, list) or not visits:
        raise StudyError(f"{path.name}: visits is a list of days, not {visits!r}")
    own = read_tables(_tables(table.get("parameters", {}), path.name), f"{path.name} [parameters]")
    if not isinstance(table["arms"], Mapping) or not table["arms"]:
        raise StudyError(f"{path.name}: a study has at least one table [arms.NAME]")
    return Study(
        name=table["name"],
        meaning=table["meaning"],
        source=sources(table.get("source", []), path.name),
        population=table.get("population", ""),
        days=days,
        visits=tuple(_visit(v, days, path.name) for v in visits),
        arms=tuple(_arm(name, arm, f"{path.name} [arms.{name}]") for name, arm in table["arms"].items()),
        parameters=own,
        count_scale=_scale(table.get("count_scale", 0.0), path.name),
        covariates=read_covariates(table.get("covariates", {}), path.name),
        conduct=read_tables(_tables(table.get("conduct", {}), path.name), f"{path.name} [conduct]"),
        outcomes=read_outcomes(table.get("outcomes", {}), table["arms"], days, path.name),
    )


def _arm(name: str, table: Any, where: str) -> Arm:
    only_keys(table, ("label", "n", "parameters", "rules"), ("schedule",), where)
    n, schedule, label = table.get("n", 1), table["schedule"], table.get("label", name)
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise StudyError(f"{where}: n is the number of patients, 1 or more, not {n!r}")
    if not isinstance(schedule, str) or not isinstance(label, str):
        raise StudyError(f"{where}: schedule and label are text")
    try:
        plan = load_schedule(schedule)
    except PkpdError as error:
        raise StudyError(f"{where}: {error}") from None
    own = read_tables(_tables(table.get("parameters", {}), where), f"{where} [parameters]")
    rules = table.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
        raise StudyError(f"{where}: rules is a list of texts, one a rule, not {rules!r:.80}")
    return Arm(name, label, n, schedule, plan, own, tuple(rules))


def _tables(found: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        raise StudyError(f"{where}: parameters are tables, one a parameter, not {found!r}")
    return found


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 36525:
        raise StudyError(f"{what} is a number of days above 0, up to 36525, not {value!r}")
    return float(value)


def _scale(value: Any, where: str) -> float:
    # a log SD of 5 is a factor of 150 either way
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 5:
        raise StudyError(f"{where}: count_scale is a log SD from 0 to 5, not {value!r}")
    return float(value)


def _visit(value: Any, days: float, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= days:
        raise StudyError(f"{where}: a visit is a day from 0 to {days:g}, not {value!r}")
    return float(value)
