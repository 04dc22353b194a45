"""An event table as values: subjects, and what each record asks for."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

OBSERVATION, DOSE, OTHER, RESET, RESET_AND_DOSE = range(5)  # EVID


@dataclass(frozen=True, slots=True)
class Record:
    """One line of an event table, numbered from 1 with the header.

    `text` is TIME as written and `time` the same in days, exactly; `clock` never falls within a subject: a reset (EVID
    3 or 4) may start TIME again. `amount` is AMT in `unit` ("" is the unit of its route) and `compartment` CMT as
    written ("" is the model's first route). An infusion has a `rate` (per hour), a `duration` (days), or is `modelled`
    ("rate" for RATE -1, "duration" for -2). `interval` is II in days, `additional` ADDL, `steady_state` SS. `value` is
    DV, None where missing (MDV 1, or no number); `censored` is CENS (0, 1 below, -1 above), `limit` LIMIT, `kind` DVID.
    `covariates` follow the columns of the table, None where missing.
    """

    line: int
    text: str
    time: Fraction
    clock: Fraction
    evid: int = OBSERVATION
    amount: float = 0.0
    unit: str = ""
    compartment: str = ""
    rate: float | None = None
    duration: Fraction | None = None
    modelled: str = ""
    interval: Fraction = Fraction(0)
    additional: int = 0
    steady_state: int = 0
    value: float | None = None
    censored: int = 0
    limit: float | None = None
    kind: str = ""
    covariates: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """One ID, as written, and its records in the order of the table."""

    id: str
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class EventTable:
    """A whole table: where it comes from, the unit TIME was declared in (`h` or `d`), its subjects, the names of its
    covariates (every further column of numbers), the columns not used, what a reader should know, and the columns
    taken for a field by another name, (name, field) each.
    """

    origin: str
    time_unit: str
    subjects: tuple[Subject, ...]
    covariates: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
