"""A log of decisions taken up again: the doses of an earlier population, given without its rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import FileError, nearest
from ...output.provenance import read_record
from ..adaptive.log import Log, arms_in, read_log
from ..adaptive.text import read_rules
from ..record import Reader, to_record
from .ruled import Ruled
from .subject import Subject

RECORD = "run.json"


def logged_arms(
    path: str | Path, found: Subject, patients: int, seed: int, visits: Sequence[float] = ()
) -> dict[str, Ruled]:
    """What the events.csv of an earlier population says of each arm's doses. The run.json beside it tells at which
    visits, and the rules, which patients around draws of the typical values follow. FileError for a log that is
    damaged, or of another population than `patients` from `seed` in this run, or of other `visits` than named.
    """
    file, beside = Path(path).name, Path(path).with_name(RECORD)
    arms_in(path)
    record = read_record(beside, "population")
    _same(record, found, patients, seed, file)
    rules = Reader(record, f"{beside.name} beside {file}").table("rules")
    for name in arms_in(path):
        if name not in rules.names():
            hint = nearest(name, rules.names())
            raise FileError(f"{file} has the arm '{name[:40]}', whose doses no rules decided{hint}")
    ruled = dict[str, Ruled]()
    for name in rules.names():
        own = rules.table(name)
        days, texts = own.numbers("visits"), own.texts("rules")
        if visits and tuple(sorted(set(visits))) != days:
            shown = ", ".join(f"{day:g}" for day in days)
            raise FileError(f"{file} is of visits on days {shown}, and --visits names others; leave it out")
        log = read_log(path, days, name) if name in arms_in(path) else Log(name, days, (), file)
        ruled[name] = Ruled(read_rules(texts, f"{beside.name}, arm {name}"), days, _from_0(log, patients))
    if not ruled:
        raise FileError(f"{beside.name} beside {file} says of no arm that rules decided on its doses")
    return ruled


def _from_0(log: Log, patients: int) -> Log:
    for event in log.events:
        if not 1 <= event.id <= patients:
            raise FileError(f"{log.where(event)}: there is no patient {event.id}; there are 1 to {patients}")
    return replace(log, events=tuple(replace(event, id=event.id - 1) for event in log.events))


def _same(record: Mapping[str, Any], found: Subject, patients: int, seed: int, file: str) -> None:
    """Refuse the log of another population; what is simulated must be the same but for rules, draws and endpoints."""
    asked = to_record(found.run, "", {}) | {"patients": patients, "seed": seed, "days": max(found.run.times)}
    earlier = dict(record) | {"days": max(record.get("times") or [0.0])}
    for key in ("name", "patients", "seed", "side", "days"):
        if earlier.get(key) != asked[key]:
            raise FileError(
                f"{file} is of a population with {key} {_said(earlier.get(key))}, and {_said(asked[key])} was asked "
                f"for; repeat its command without the rules"
            )
    for key in ("model", "tolerances", "arms"):
        if _plain(earlier.get(key)) != _plain(asked[key]):
            what = {"arms": "other arms, schedules or parameters", "model": "another model"}.get(key, f"other {key}")
            raise FileError(f"{file} is of a population with {what}; repeat its command without the rules")


def _said(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value!s:.60}"


def _plain(value: object) -> object:
    """As JSON would give it back: lists for tuples."""
    if isinstance(value, Mapping):
        return {str(key): _plain(own) for key, own in value.items()}
    return [_plain(own) for own in value] if isinstance(value, list | tuple) else value
