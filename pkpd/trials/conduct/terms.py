"""How a trial goes: values of params/conduct.toml, with a study's own over them and a user's changes over both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...data import find, read_toml
from ...errors import ParameterError, StudyError, nearest
from ...parameters import Parameter, Parameters, read_tables
from ...studies.study import Study
from ...units import same_dimension

_PREDNISONE = re.compile(r"prednisone_(?P<arm>\w+)_(?P<day>[0-9]+)\Z", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Conduct:
    """Tables of how a trial goes, checked; `conduct["dropout"]` is a value in the unit of conduct.toml. `prednisone`
    holds the course of each arm that has one: days and mg/day.

    To add a value, add its table to params/conduct.toml and read it where it is used.
    """

    tables: Parameters
    prednisone: tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...] = ()

    def __getitem__(self, name: str) -> float:
        return self.tables[name].value


def load_conduct(name_or_path: str | Path = "conduct") -> Parameters:
    """A conduct file, by default the built-in one, completed from it; errors name the file, the table and the nearest
    valid name.
    """
    own = _read(name_or_path)
    usual = _read("conduct")
    for table in own.tables:
        if table.name not in usual:
            raise ParameterError(f"{table.origin}: a trial has no value '{table.name}'{nearest(table.name, usual)}")
    return _checked(own.over(usual), usual)


def conduct_of(study: Study, changes: Sequence[tuple[str, str]] = (), base: Parameters | None = None) -> Conduct:
    """How a trial of a study goes: the built-in file (or `base`), the study's own tables over it, then `changes`
    (name, value) such as ("dropout", "0.1"). ParameterError or StudyError for an unknown name or an unusable value.
    """
    usual = load_conduct()
    for table in study.conduct.tables:
        if table.name not in usual:
            _check_prednisone(table, study, usual)
    merged = study.conduct.over(base or usual)
    named = Parameters(merged.tables, f"the conduct of {study.name}")
    return conduct_from(named.set("--conduct", **dict(changes)))


def conduct_from(tables: Parameters) -> Conduct:
    """The conduct that a whole set of tables says, such as those of a record; ParameterError for an unusable value."""
    usual = load_conduct()
    for name in usual:
        if name not in tables:
            raise ParameterError(f"{tables.origin} lacks the value '{name}' of how a trial goes")
    whole = _checked(tables, usual)
    return Conduct(whole, _courses(whole))


def _read(name_or_path: str | Path) -> Parameters:
    path = find(name_or_path, "conduct")
    return read_tables(read_toml(path, "conduct"), path.name)


def _checked(tables: Parameters, usual: Parameters) -> Parameters:
    """Every value in the usual unit, and inside the usual bounds."""
    found = []
    for table in tables.tables:
        like = next((t for t in usual.tables if t.name == table.name), table)
        value = table.in_unit(like.unit)
        if not like.bounds[0] <= value <= like.bounds[1]:
            raise ParameterError(
                f"{table.origin}: {table.name} = {table.text} lies outside {like.bounds[0]:g} to {like.bounds[1]:g} "
                f"{like.unit}".removesuffix(" 1")
            )
        if table.name in ("visit_window", "block_size") and value != round(value):
            raise ParameterError(f"{table.origin}: {table.name} is a whole number, not {value:g}")
        found.append(replace(table, value=value, unit=like.unit, bounds=like.bounds))
    return Parameters(tuple(found), tables.origin)


def _check_prednisone(table: Parameter, study: Study, usual: Parameters) -> None:
    match = _PREDNISONE.match(table.name)
    arms = [arm.name for arm in study.arms]
    if not match:
        raise StudyError(f"{table.origin}: a trial has no value '{table.name}'{nearest(table.name, usual)}")
    if match["arm"] not in arms:
        hint = nearest(match["arm"], arms) or f"; the arms are {', '.join(arms)}"
        raise StudyError(f"{table.origin}: the study has no arm '{match['arm']}'{hint}")
    if not same_dimension(table.unit, "mg/d") or table.value < 0:
        raise StudyError(f"{table.origin}: a dose of prednisone is in a unit like mg/d and not negative: {table.text}")


def _courses(tables: Parameters) -> tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...]:
    found: dict[str, dict[float, float]] = {}
    for table in tables.tables:
        if match := _PREDNISONE.match(table.name):
            found.setdefault(match["arm"], {})[float(match["day"])] = table.in_unit("mg/d")
    courses = []
    for arm, doses in found.items():
        days = sorted(doses)
        courses.append((arm, tuple(days), tuple(doses[day] for day in days)))
    return tuple(courses)
