"""One scenario: an event table, and the arrivals that must follow from it, written down by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from exact import STATES, Arrival, Course, Number, amounts, exact, total

SC, IV, OUTER = 1, 2, 3  # CMT: depot, central, peripheral
COLUMNS = ("AMT", "EVID", "CMT", "RATE", "DUR", "II", "ADDL", "SS", "RENAL")
OPTIONAL = ("RATE", "DUR", "RENAL")  # a table has DUR or RATE, and RENAL only if something in it changes
# Lag (h), bioavailability, modelled rate (mg/h) and modelled duration (h) of the routes into depot (1) and central (2).
VALUES = {"F1": 1, "ALAG1": 0, "R1": 25, "D1": 4, "F2": 1, "ALAG2": 0, "R2": 25, "D2": 4}


@dataclass(frozen=True)
class Row:
    """A record at `time` (h), `clock` hours after the first record of its subject, with the columns that it fills."""

    time: Fraction
    clock: Fraction
    columns: Mapping[str, Number] = field(default_factory=dict)

    @property
    def evid(self) -> int:
        return int(self.columns.get("EVID", 0))


def observation(time: Number, **columns: Number) -> Row:
    """EVID 0; further columns by their names."""
    return Row(exact(time), exact(time), {"EVID": 0} | columns)


def dose(time: Number, amount: Number = 100, cmt: int = IV, **columns: Number) -> Row:
    """EVID 1 unless said; further columns by their names (RATE=20, II=12, ADDL=3, SS=1)."""
    return Row(exact(time), exact(time), {"EVID": 1, "AMT": amount, "CMT": cmt} | columns)


def event(time: Number, evid: int, **columns: Number) -> Row:
    """EVID 2 or 3."""
    return Row(exact(time), exact(time), {"EVID": evid} | columns)


def again(hours: Number, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Rows whose TIME was started again when the clock stood at `hours`."""
    return tuple(replace(row, clock=row.time + exact(hours)) for row in rows)


def observed(*doses: Row, until: int = 48, step: int = 2, also: tuple[Number, ...] = ()) -> tuple[Row, ...]:
    """The rows with observations every `step` hours and `also`, and before and after the rows of each time."""
    times = {Fraction(t) for t in range(0, until + 1, step)} | {exact(t) for t in also} | {row.time for row in doses}
    found: list[Row] = []
    for time in sorted(times):
        here = [row for row in doses if row.time == time]
        found += [observation(time), *here, observation(time)] if here else [observation(time)]
    return tuple(found)


def changing(rows: tuple[Row, ...], course: Course) -> tuple[Row, ...]:
    """The rows with RENAL such that, each value holding since the row before, it follows the course."""

    def value(row: Row) -> Number:
        return next(value for until, value in course if row.clock <= exact(until))

    return tuple(replace(row, columns={**row.columns, "RENAL": value(row)}) for row in rows)


@dataclass(frozen=True)
class Subject:
    """The rows of one ID, what arrives, and the course of the covariate RENAL if it changes."""

    rows: tuple[Row, ...]
    arrivals: tuple[Arrival, ...]
    course: Course = ()

    def solution(self, structure: str) -> list[dict[str, Any]]:
        """The exact amounts and the concentration right after each row."""
        places = [n for n, row in enumerate(self.rows) if row.evid]  # of the records that are no observations

        def counts(arrival: Arrival, place: int) -> bool:
            row = self.rows[place]
            begun = place >= places[arrival.record - 1] and (bool(arrival.every) or row.clock >= exact(arrival.start))
            return begun and not (arrival.until and place >= places[arrival.until - 1])

        found = []
        for place, row in enumerate(self.rows):
            here = [a for a in self.arrivals if counts(a, place)]
            found.append(total([amounts(a, row.clock, structure, self.course) for a in here], structure))
        return found


@dataclass(frozen=True)
class Scenario:
    """What is shown, the subjects with their IDs, the structure, and the values of routes that are not as usual."""

    name: str
    shows: str
    subjects: Mapping[str, Subject]
    structure: str = "one"
    changes: Mapping[str, Number] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Number]:
        return VALUES | dict(self.changes)

    @property
    def outputs(self) -> tuple[str, ...]:
        return (*STATES[self.structure], "concentration")

    @cached_property
    def rows(self) -> list[tuple[str, Row, dict[str, Any]]]:
        """ID, record and exact solution of every line."""
        return [
            (name, row, level)
            for name, subject in self.subjects.items()
            for row, level in zip(subject.rows, subject.solution(self.structure), strict=True)
        ]

    @property
    def peaks(self) -> dict[str, float]:
        """The largest exact value of each output, or of any amount where an output is nothing throughout."""
        found = {name: float(max(level[name] for _, _, level in self.rows)) for name in self.outputs}
        return {name: peak or max(found.values()) or 1.0 for name, peak in found.items()}

    def events(self) -> str:
        """The event table as CSV."""
        used = {name for _, row, _ in self.rows for name in row.columns}
        rate = () if "DUR" in used else ("RATE",)
        columns = [name for name in COLUMNS if name not in OPTIONAL or name in used or name in rate]
        lines = [",".join(("ID", "TIME", *columns))]
        for name, row, _ in self.rows:
            cells = [_text(row.columns[c]) if c in row.columns else "." for c in columns]
            lines.append(",".join((name, _text(row.time), *cells)))
        return "\n".join(lines) + "\n"

    def solution(self) -> str:
        """The exact solution right after every record as CSV, with 17 digits."""
        lines = [",".join(("ID", "TIME", "EVID", *self.outputs))]
        for name, row, level in self.rows:
            lines.append(
                ",".join((name, _text(row.time), str(row.evid), *(f"{float(level[o]):.17g}" for o in self.outputs)))
            )
        return "\n".join(lines) + "\n"


def _text(number: Number) -> str:
    return f"{float(exact(number)):.12g}"


def scenario(
    name: str, shows: str, rows: tuple[Row, ...], *arrivals: Arrival, structure: str = "one", **changes: Number
) -> Scenario:
    """A scenario of one subject with constant covariates; further words change values of the routes."""
    return Scenario(name, shows, {"1": Subject(rows, arrivals)}, structure, changes)
