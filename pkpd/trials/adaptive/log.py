"""What rules decided: one row a decision, written as events.csv and read back without the rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...data import csv_rows
from ...dosing.amount import MAX_DAYS, number_text
from ...engine.events import TIE
from ...errors import FileError, StudyError, nearest
from ...output.tables import Table

COLUMNS = ("arm", "id", "day", "rule", "text", "output", "level", "action", "share", "status", "until")
ACTIONS = ("hold", "hold extended", "hold kept", "hold lifted", "resume", "reduce", "raise", "stop")
STATUSES = ("given", "held", "stopped")
LARGEST_SHARE = 1e9


@dataclass(frozen=True, slots=True)
class Event:
    """One decision about the patient `id` on a day. `rule` is its number from 1, `level` what it saw of its `output`
    in the output's own unit, NaN for a visit without a measurement.

    After it `share` of each dose is given, or nothing before day `until`: infinity for a hold until a level and after
    a stop, -infinity where nothing is held. `line` is that of the file it was read from, 0 for none.
    """

    id: int
    day: float
    rule: int
    text: str
    output: str
    level: float
    action: str
    share: float
    status: str
    until: float
    line: int = 0


@dataclass(frozen=True, slots=True)
class Log:
    """Decisions of an arm in order, for each patient in order of time; `visits` are the days on which they could be
    made, `origin` the file they come from.
    """

    arm: str
    visits: tuple[float, ...]
    events: tuple[Event, ...]
    origin: str = ""

    def table(self) -> Table:
        """The log as events.csv: one row a decision; day, share and until keep every bit, `until` is empty without an
        end on the calendar.
        """
        rows = [
            (
                self.arm,
                e.id,
                number_text(e.day),
                e.rule,
                e.text,
                e.output,
                None if math.isnan(e.level) else e.level,
                e.action,
                number_text(e.share),
                e.status,
                number_text(e.until) if math.isfinite(e.until) else None,
            )
            for e in self.events
        ]
        columns = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
        return Table(tuple(zip(COLUMNS, columns, strict=True)))

    def of(self, first: int, count: int) -> Log:
        """The decisions about patients `first` to `first + count - 1`."""
        return replace(self, events=tuple(e for e in self.events if first <= e.id < first + count))

    def where(self, event: Event) -> str:
        """File and line of an event, or patient and day for one that was not read."""
        return f"{self.origin} line {event.line}" if event.line else f"patient {event.id}, day {event.day:g}"


def joined(logs: Sequence[Log]) -> Log:
    """The logs of parts of one arm as one; StudyError when they are of different arms or visits."""
    if not logs or any((log.arm, log.visits) != (logs[0].arm, logs[0].visits) for log in logs):
        raise StudyError("logs are joined when they are of one arm with one list of visits")
    return replace(logs[0], events=tuple(event for log in logs for event in log.events))


def read_log(path: str | Path, visits: Sequence[float], arm: str = "") -> Log:
    """The decisions of one arm in an events.csv; FileError names file and line of what is damaged or does not fit.

    `visits` are the days on which decisions could be made. An arm need not be named where the file has one only.
    """
    file, lines = Path(path).name, _checked(path)
    arms = list(dict.fromkeys(cells[0] for _, cells in lines))
    if (arm and arms and arm not in arms) or (not arm and len(arms) > 1):
        hint = nearest(arm, arms) or f"; it has {', '.join(arms)}"
        raise FileError(f"{file} has no arm '{arm[:40]}'{hint}" if arm else f"{file}: name one of its arms{hint}")
    own = arm or (arms[0] if arms else "")
    days = tuple(sorted(float(day) for day in visits))
    events = [_event(cells, f"{file} line {n}", n, days) for n, cells in lines if cells[0] == own]
    _in_order(events, file)
    return Log(own, days, tuple(events), file)


def arms_in(path: str | Path) -> tuple[str, ...]:
    """The arms that an events.csv names; FileError when it is none."""
    return tuple(dict.fromkeys(cells[0] for _, cells in _checked(path)))


def _checked(path: str | Path) -> list[tuple[int, list[str]]]:
    """Cells by number of the line, without the header."""
    file = Path(path).name
    lines = csv_rows(path, file)
    if not lines or tuple(lines[0][1]) != COLUMNS:
        raise FileError(f"{file} is not a log of decisions: its first line must be {','.join(COLUMNS)}")
    for number, cells in lines[1:]:
        if len(cells) != len(COLUMNS):
            raise FileError(f"{file} line {number} has {len(cells)} cells where the header has {len(COLUMNS)}")
    return lines[1:]


def _event(cells: Sequence[str], where: str, line: int, visits: Sequence[float]) -> Event:
    cell = dict(zip(COLUMNS, cells, strict=True))
    action, status = (_word(cell[name], known, name, where) for name, known in _WORDS)
    day = _number(cell["day"], "day", where, MAX_DAYS)
    if not any(abs(day - visit) <= TIE for visit in visits):
        near = min(visits, key=lambda visit: abs(visit - day), default=None)
        hint = "there are no visits" if near is None else f"the nearest visit is day {near:g}"
        raise FileError(f"{where}: day {day:g} is no visit; {hint}")
    level = _number(cell["level"], "level", where, math.inf, -math.inf) if cell["level"] else math.nan
    until = _number(cell["until"], "until", where, 2.0 * MAX_DAYS) if cell["until"] else math.inf
    if cell["until"] and (status != "held" or until <= day):
        raise FileError(f"{where}: until day {until:g} is no end of a hold that begins on day {day:g}, status {status}")
    return Event(
        _whole(cell["id"], "id", where),
        day,
        _whole(cell["rule"], "rule", where),
        cell["text"],
        cell["output"],
        level,
        action,
        _number(cell["share"], "share", where, LARGEST_SHARE),
        status,
        -math.inf if status == "given" else until,
        line,
    )


_WORDS = (("action", ACTIONS), ("status", STATUSES))


def _in_order(events: Sequence[Event], file: str) -> None:
    last = dict[int, Event]()
    for event in events:
        before = last.get(event.id)
        if before and event.day < before.day:
            raise FileError(
                f"{file} line {event.line}: day {event.day:g} comes after day {before.day:g} of patient "
                f"{event.id}; decisions about a patient stand in order of time"
            )
        if before and before.status == "stopped":
            raise FileError(
                f"{file} line {event.line}: patient {event.id} was stopped on day {before.day:g} (line "
                f"{before.line}), and a stop is final"
            )
        last[event.id] = event


def _word(text: str, known: Sequence[str], what: str, where: str) -> str:
    if text not in known:
        hint = nearest(text, known) or f"; known are: {', '.join(known)}"
        raise FileError(f"{where}, column {what}: '{text[:40]}' is not known{hint}")
    return text


def _number(text: str, what: str, where: str, most: float, least: float = 0.0) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and least <= value <= most):
        raise FileError(f"{where}, column {what}: '{text[:40]}' is not a usable number")
    return value


def _whole(text: str, what: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise FileError(f"{where}, column {what}: '{text[:40]}' is not a whole number, 0 or more")
    return int(text)
