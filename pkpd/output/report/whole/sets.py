"""The parameters and schedules that a record holds, as values; equal ones are told once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ....dosing.records import from_records
from ....dosing.schedule import Schedule
from ....errors import FileError, PkpdError
from ....parameters import Parameters, read_tables
from .result import Result

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OwnSet:
    """A set of parameters and whose it is."""

    whose: str
    model: str
    values: Parameters


@dataclass(frozen=True, slots=True)
class Given:
    """What an arm is given: who, its schedule and the body size that doses are for."""

    arm: str
    schedule: Schedule
    bsa: float | None = None
    weight: float | None = None


def sets_of(result: Result) -> tuple[OwnSet, ...]:
    """Every set of a record, with the arm or the part of the fit that it is; FileError when it is damaged."""
    return _told(result, _sets)


def schedules_of(result: Result) -> tuple[Given, ...]:
    """Every schedule of a record; FileError when it is damaged."""
    return _told(result, _schedules)


def _told(result: Result, read: Callable[[Mapping[str, Any]], Sequence[T]]) -> tuple[T, ...]:
    try:
        return tuple(read(result.record))
    except (PkpdError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise FileError(f"the record of {result.label} is damaged: {type(error).__name__}, {error}") from None


def _sets(record: Mapping[str, Any]) -> list[OwnSet]:
    model = str(record.get("model", {}).get("name", ""))
    return [OwnSet(whose, model, _set(table, whose)) for whose, table in _set_tables(record)]


def _set_tables(record: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    own = record.get("parameters")
    if isinstance(own, dict) and "tables" in own:
        return [("", own)]
    if isinstance(own, dict):
        return [(f"{part} values", own[part]) for part in ("fitted", "start") if part in own]
    if isinstance(arm := record.get("arm"), dict):
        return [(f"arm {arm['name']}", arm["parameters"])]
    arms = record.get("arms", {})
    return [(f"arm {name}", arm["parameters"]) for name, arm in arms.items() if "parameters" in arm]


def _set(table: Mapping[str, Any], where: str) -> Parameters:
    return read_tables(table["tables"], str(table["origin"] or where), bounded=False)


def _schedules(record: Mapping[str, Any]) -> list[Given]:
    if isinstance(arm := record.get("arm"), dict):
        return [_given(str(arm["name"]), arm)]
    if arms := record.get("arms"):
        return [_given(str(arm.get("label", name)), arm) for name, arm in arms.items()]
    observations = record.get("observations", {})
    courses = observations.get("courses", []) if isinstance(observations, dict) else []
    if isinstance(courses, list) and courses:
        return [_course(course) for course in courses]
    found = record.get("result", {}).get("regimens", []) if record["kind"] == "optimisation" else []
    return [Given(f"regimen {k}", from_records(r), **_body(record)) for k, r in enumerate(found, 1)]


def _course(course: Mapping[str, Any]) -> Given:
    name = ", ".join(str(course[key]) for key in ("study", "arm") if course[key])
    return Given(name, from_records(course["schedule"]), **_body(course))


def _given(name: str, arm: Mapping[str, Any]) -> Given:
    return Given(name, from_records(arm["schedule"]["records"]), **_body(arm))


def _body(table: Mapping[str, Any]) -> dict[str, float | None]:
    body = table.get("body") or {}
    return {key: float(value) if isinstance(value := body.get(key), int | float) else None for key in ("bsa", "weight")}


def validated_set(result: Result) -> OwnSet | None:
    """The set to hold against evidence: of a run that before any study, of a fit the fitted one, else the first."""
    if isinstance(own := result.record.get("validation"), dict):
        return OwnSet(result.label, result.model, _told(result, lambda r: [_set(own, result.label)])[0])
    found = sets_of(result)
    return replace(found[0], whose=result.label) if found else None


def differences(a: Parameters, b: Parameters) -> list[tuple[str, str, str]]:
    """Name, value in `a` and value in `b` of whatever differs between two sets."""
    names = dict.fromkeys([*a, *b])
    told = [(n, a[n].text if n in a else "-", b[n].text if n in b else "-") for n in names]
    return [row for row in told if row[1] != row[2]]


def grouped(sets: Sequence[OwnSet]) -> list[tuple[OwnSet, list[str]]]:
    """One set for all that are equal in model and values, with whose they are."""
    found: list[tuple[OwnSet, list[str]]] = []
    for one in sets:
        for other, whose in found:
            if equal(other, one):
                whose.append(one.whose)
                break
        else:
            found.append((one, [one.whose]))
    return found


def equal(a: OwnSet, b: OwnSet) -> bool:
    """Whether two sets are equal in model and values, whoever they are of."""
    return a.model == b.model and _told_of(a.values) == _told_of(b.values)


def _told_of(values: Parameters) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(t.name, t.text, t.basis, t.source) for t in values.tables]
