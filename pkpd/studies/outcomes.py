"""Clinical outcomes of a study as printed: how many of how many responded in each of two arms."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..data import only_keys
from ..errors import StudyError, nearest
from .sources import sources

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")
_P = re.compile(r"0\.[0-9]{1,6}\Z")
_TEXTS = ("label", "control", "where")


@dataclass(frozen=True, slots=True)
class ArmCount:
    """Responders of one arm, among those analysed and (where printed) those randomised."""

    arm: str
    responders: int
    analysed: int
    randomised: int | None = None

    def among(self, per: str) -> int | None:
        """The number of patients per "analysed" or "randomised"; None where it was not printed."""
        return self.analysed if per == "analysed" else self.randomised


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome in the `active` and the `control` arm.

    `day` is that of the visit, or the last day of a window, None where it was not printed. Only a `linked` outcome may
    follow the model; the others are plain rates, `safety` ones too. `p_printed` is the source's own p, with
    `p_decimals` digits after the point.
    """

    name: str
    label: str
    day: float | None
    linked: bool
    safety: bool
    active: ArmCount
    control: ArmCount
    p_printed: float | None
    p_decimals: int
    source: tuple[str, ...]
    where: str

    @property
    def arms(self) -> tuple[ArmCount, ArmCount]:
        """The active and then the control arm."""
        return self.active, self.control


def read_outcomes(tables: Any, arms: Collection[str], days: float, where: str) -> tuple[Outcome, ...]:
    """The outcomes of a study file's tables [outcomes.NAME], for a study with these arms and days of follow-up; `where`
    names the file. FileError for a wrong key, StudyError for a wrong value, each with file and table.
    """
    if not isinstance(tables, Mapping):
        raise StudyError(f"{where}: outcomes are tables [outcomes.NAME], not {tables!r:.40}")
    return tuple(_outcome(name, table, arms, days, f"{where} [outcomes.{name}]") for name, table in tables.items())


def _outcome(name: str, table: Any, arms: Collection[str], days: float, where: str) -> Outcome:
    only_keys(table, ("day", "linked", "safety", "p_printed"), (*_TEXTS, "source", "arms"), where)
    if not _NAME.match(name):
        raise StudyError(f"{where}: the name is small letters, digits and _, up to 60 of them")
    for key in _TEXTS:
        if not isinstance(table[key], str) or not table[key]:
            raise StudyError(f"{where}: {key} is text, not {table[key]!r:.40}")
    linked, safety = (_truth(table.get(key, False), key, where) for key in ("linked", "safety"))
    day = _day(table.get("day"), days, where)
    if linked and (safety or day is None):
        why = "safety is reported as observed only" if safety else "the exposure runs until its day, which is not given"
        raise StudyError(f"{where}: this outcome cannot be linked: {why}")
    active, control = _arms(table["arms"], table["control"], arms, where)
    p, decimals = _printed(table.get("p_printed"), where)
    source = sources(table["source"], where, printed=True)
    return Outcome(name, table["label"], day, linked, safety, active, control, p, decimals, source, table["where"])


def _arms(tables: Any, control: str, known: Collection[str], where: str) -> tuple[ArmCount, ArmCount]:
    if not isinstance(tables, Mapping) or len(tables) != 2:
        found = f"{len(tables)} of them" if isinstance(tables, Mapping) else f"{tables!r:.40}"
        raise StudyError(f"{where}: arms are two tables, one an arm that is compared, not {found}")
    for arm in tables:
        if arm not in known:
            hint = nearest(arm, known) or f"; it has: {', '.join(known)}"
            raise StudyError(f"{where}: the study has no arm '{arm:.40}'{hint}")
    if control not in tables:
        raise StudyError(f"{where}: control '{control:.40}' is none of its arms {', '.join(tables)}")
    read = {arm: _count(arm, table, f"{where[:-1]}.arms.{arm}]") for arm, table in tables.items()}
    active = next(arm for arm in read if arm != control)
    return read[active], read[control]


def _count(arm: str, table: Any, where: str) -> ArmCount:
    only_keys(table, ("randomised",), ("responders", "analysed"), where)
    for key, number in table.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < (key != "responders"):
            least = 0 if key == "responders" else 1
            raise StudyError(f"{where}: {key} is a whole number of patients, {least} or more, not {number!r:.40}")
    responders, analysed, randomised = table["responders"], table["analysed"], table.get("randomised")
    if responders > analysed:
        raise StudyError(f"{where}: {responders} responders are more than the {analysed} patients analysed")
    if randomised is not None and analysed > randomised:
        raise StudyError(f"{where}: {analysed} patients analysed are more than the {randomised} randomised")
    return ArmCount(arm, responders, analysed, randomised)


def _truth(value: Any, key: str, where: str) -> bool:
    if not isinstance(value, bool):
        raise StudyError(f"{where}: {key} is true or false, not {value!r:.40}")
    return value


def _day(value: Any, days: float, where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= days:
        raise StudyError(f"{where}: day is above 0 and at most the study's last day, {days:g}, not {value!r:.40}")
    return float(value)


def _printed(value: Any, where: str) -> tuple[float | None, int]:
    """The p and its decimals; a number would lose the zeros it ends with."""
    if value is None:
        return None, 0
    if not isinstance(value, str) or not _P.match(value):
        raise StudyError(f'{where}: p_printed is text such as "0.050", which keeps its digits, not {value!r:.40}')
    return float(value), len(value) - 2
