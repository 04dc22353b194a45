"""Our schedules as event tables: doses as given to one body, and the times wanted as records of EVID 0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from ...dosing.amount import Time, number_text
from ...dosing.dose import Dose
from ...dosing.given import body_scale
from ...dosing.schedule import Schedule
from ...errors import FileError, ScheduleError
from ...units import duration, exact
from .columns import time_word
from .numbers import PER_DAY, decimal
from .record import DOSE, OBSERVATION, RESET, RESET_AND_DOSE, EventTable, Record, Subject

SIDES = ("pre", "post", "both")


def events_of(
    schedule: Schedule,
    *,
    id: str = "1",
    bsa: float | None = None,
    weight: float | None = None,
    covariates: Mapping[str, float | None] | None = None,
    samples: Sequence[Time] = (),
    side: str = "pre",
    time_unit: str = "",
    origin: str = "a schedule",
) -> EventTable:
    """The table of one subject who gets `schedule`; several are put together by `merged`.

    `bsa` (m2) and `weight` (kg) size doses per m2 and per kg, and are written as covariates with `covariates`.
    `samples` (days, or texts such as "6h") become records of EVID 0, at the time of a dose before it, after it or both
    by `side`. TIME is in `time_unit`, `h` or `d`, by default the first of the two in which every time is a decimal.
    What a table cannot hold is said in its notes: missed and moved doses, doses per body size, a time that is no
    decimal, the length. ScheduleError when a dose lacks its body size.
    """
    if side not in SIDES:
        raise ScheduleError(f"samples were asked for '{side[:40]}' a dose; it is pre, post or both")
    times = sorted(duration(sample) for sample in samples)
    doses = [dose for dose in schedule.doses if dose.status != "missed"]
    unit = time_word(time_unit, "the caller") if time_unit else _exact_unit(doses, times)
    sizes = {"bsa": bsa, "weight": weight}
    own = {name: size for name, size in sizes.items() if size is not None} | dict(covariates or {})
    records = [(dose.time, 1, _dose(dose, body_scale(dose, bsa, weight), unit)) for dose in doses]
    for rank in [rank for rank, name in ((0, "pre"), (2, "post")) if side in (name, "both")]:
        records += [(time, rank, _record(time, unit)) for time in times]
    records.sort(key=lambda item: item[:2])
    numbers = tuple(own.values())
    kept = tuple(replace(record, line=line, covariates=numbers) for line, (_, _, record) in enumerate(records, 2))
    subjects = (Subject(id, kept),) if kept else ()
    notes = (*_notes(schedule, id), *_ties(doses, times if side != "post" else ()), *_rounded(doses, times, unit))
    return EventTable(origin, unit, subjects, tuple(own) if kept else (), (), notes)


def merged(tables: Iterable[EventTable], *, origin: str = "schedules") -> EventTable:
    """One table of the subjects of several, in order, with all their covariates (missing where a table has not one).

    FileError when their units of TIME differ or an ID is in two of them.
    """
    parts = tuple(tables)
    names = tuple(dict.fromkeys(name for part in parts for name in part.covariates))
    line = 2
    subjects: dict[str, Subject] = {}
    for part in parts:
        if part.time_unit != parts[0].time_unit:
            found = f"{parts[0].origin} is in {parts[0].time_unit} and {part.origin} in {part.time_unit}"
            raise FileError(
                f"tables to be merged have one unit of TIME, but {found}; make them with the same time_unit"
            )
        places = [part.covariates.index(name) if name in part.covariates else None for name in names]
        for subject in part.subjects:
            if subject.id in subjects:
                raise FileError(
                    f"ID {subject.id[:40]} is in two of the tables to be merged; give each subject its own ID"
                )
            records = []
            for record in subject.records:
                values = tuple(None if k is None else record.covariates[k] for k in places)
                records.append(replace(record, line=line, covariates=values))
                line += 1
            subjects[subject.id] = Subject(subject.id, tuple(records))
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    unused = tuple(dict.fromkeys(name for part in parts for name in part.unused))
    return EventTable(origin, parts[0].time_unit if parts else "h", tuple(subjects.values()), names, unused, notes)


def _record(time: Fraction, unit: str) -> Record:
    text, held = _held(time, unit)
    return Record(0, text, held, held, OBSERVATION)


def _dose(dose: Dose, scale: Fraction, unit: str) -> Record:
    """A dose as it is given; a bare reset has no amount and so no unit."""
    record = _record(dose.time, unit)
    if not dose.gives:
        return replace(record, evid=RESET, compartment=dose.route)
    return replace(
        record,
        evid=RESET_AND_DOSE if dose.reset else DOSE,
        amount=_scaled(dose.amount, scale),
        unit=dose.unit,
        compartment=dose.route,
        rate=None if dose.rate is None else _scaled(dose.rate, scale),
        duration=None if dose.duration is None else _held(dose.duration, unit)[1],
        modelled=dose.modelled,
        interval=_held(dose.interval, unit)[1],
        additional=dose.additional,
        steady_state=dose.steady_state,
    )


def _scaled(value: float, scale: Fraction) -> float:
    return value if scale == 1 else float(exact(value) * scale)


def _held(days: Fraction, unit: str) -> tuple[str, Fraction]:
    """A time as a table in `unit` holds it: its text, and the days which that text is."""
    text = decimal(days * PER_DAY[unit])
    return text, exact(text) / PER_DAY[unit]


def _times(doses: Iterable[Dose], samples: Iterable[Fraction]) -> Iterable[Fraction]:
    for dose in doses:
        yield from (dose.time, dose.duration or Fraction(0), dose.interval)
    yield from samples


def _exact_unit(doses: Sequence[Dose], samples: Sequence[Fraction]) -> str:
    times = set(_times(doses, samples))
    for unit in ("h", "d"):
        if all(_held(time, unit)[1] == time for time in times):
            return unit
    return "h"


def _rounded(doses: Sequence[Dose], samples: Sequence[Fraction], unit: str) -> list[str]:
    inexact = sorted(time for time in set(_times(doses, samples)) if _held(time, unit)[1] != time)
    if not inexact:
        return []
    first = inexact[0]
    found = f"{len(inexact)} time{'s' * (len(inexact) != 1)}"
    return [
        f"{found} are no decimals in {unit} and are rounded, the first from {first} d to {_held(first, unit)[0]} {unit}"
    ]


def _notes(schedule: Schedule, id: str) -> list[str]:
    """What of a schedule the records do not hold."""
    try:
        made = f"doses as in '{schedule.text}'"
    except ScheduleError:
        made = f"{len(schedule.doses)} dose record{'s' * (len(schedule.doses) != 1)}"
    notes = [f"{made}, which last to day {decimal(schedule.length)}"]
    sized = dict.fromkeys(f"{number_text(d.amount)} {d.prescribed_unit}" for d in schedule.doses if d.per)
    if sized:
        notes.append(f"AMT is the amount given; prescribed were {', '.join(list(sized)[:5])}")
    for status, done in (("missed", "left out"), ("moved", "at the time they were moved to")):
        count = sum(dose.status == status for dose in schedule.doses)
        if count:
            notes.append(f"ID {id}: {count} {status} dose{'s' * (count != 1)} {done}")
    return notes


def _ties(doses: Sequence[Dose], samples: Sequence[Fraction]) -> list[str]:
    """A note on samples before a dose that is an additional one: those come first at their time."""
    tied = set()
    for dose in doses:
        for time in samples if dose.additional else ():
            passed = (time - dose.time) / dose.interval
            if passed.denominator == 1 and 1 <= passed <= dose.additional:
                tied.add(time)
    if not tied:
        return []
    times = ", ".join(f"{decimal(time)} d" for time in sorted(tied)[:5])
    return [f"samples at {times} come after the additional dose (ADDL) of that time, as in any event table"]
