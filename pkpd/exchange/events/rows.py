"""One row of an event table as a record: the rules of EVID, AMT, RATE, DUR, II, ADDL, SS, MDV, CENS and LIMIT."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from ...dosing.amount import MAX_DAYS, MAX_DOSES, check_unit, usable
from ...errors import FileError, ScheduleError
from .numbers import number
from .record import DOSE, OBSERVATION, OTHER, RESET_AND_DOSE, Record

NOTHING = Fraction(0)
_MODELLED = {-1.0: "rate", -2.0: "duration"}


class Row(NamedTuple):
    """The cells of one row as values, None where missing; times in days, `rate` per hour or the code -1 or -2."""

    line: int
    id: str
    text: str
    time: Fraction
    dv: float | None
    amt: float | None
    evid: int | None
    cmt: str
    rate: float | None
    dur: Fraction | None
    ii: Fraction | None
    addl: int | None
    ss: int | None
    mdv: int | None
    cens: int | None
    limit: float | None
    dvid: str
    unit: str
    covariates: tuple[float | None, ...]


def to_record(row: Row, origin: str) -> Record:
    """The record of a row, its clock still TIME itself; FileError names line and ID where the row makes no sense."""
    evid = _evid(row, origin)
    if row.cmt.startswith("-"):
        raise fault(
            row, origin, f"CMT {row.cmt} asks to switch a compartment off, which is not supported; write EVID 3"
        )
    if evid in (DOSE, RESET_AND_DOSE):
        return _dose(row, evid, origin)
    if row.amt:
        raise fault(row, origin, f"AMT is {row.amt:g} with EVID {evid}; a dose has EVID 1, or 4 to reset before it")
    if evid != OBSERVATION:
        return _plain(row, evid)
    return _observation(row, origin)


def fault(row: Row, origin: str, sentence: str) -> FileError:
    """The error of a row."""
    return FileError(f"{origin} line {row.line} (ID {row.id[:40]}): {sentence}")


def ignored(row: Row, record: Record) -> bool:
    """Whether a row that gives no dose asks for something that only a dose has."""
    dosing = row.rate or row.dur or row.ii or row.addl or row.ss
    return bool(dosing) and record.evid not in (DOSE, RESET_AND_DOSE)


@lru_cache(maxsize=4096)
def compartment(cell: str) -> str:
    """CMT as written, "" for 0; a number such as 2.0 as 2; ValueError for 1.5."""
    try:
        value = number(cell)
    except ValueError:
        return cell
    if value is None or value == 0:
        return ""
    if value != int(value) or abs(value) > 1e9:
        raise ValueError(cell)
    return str(int(value))


def _evid(row: Row, origin: str) -> int:
    """EVID as given, or what the rest of the row says: a dose, a row without a value, else an observation."""
    if row.evid is not None:
        if not 0 <= row.evid <= 4:
            raise fault(row, origin, f"EVID is {row.evid}; it is 0, 1, 2, 3 or 4")
        return row.evid
    if not (row.amt or row.rate or row.ss):
        return OTHER if row.mdv == 1 else OBSERVATION
    if row.dv and row.mdv != 1:
        raise fault(
            row, origin, f"the row has AMT {row.amt or 0:g} and DV {row.dv:g} but no EVID; write them in two rows"
        )
    return DOSE


def _plain(row: Row, evid: int) -> Record:
    return Record(
        row.line, row.text, row.time, row.time, evid, compartment=row.cmt, kind=row.dvid, covariates=row.covariates
    )


def _observation(row: Row, origin: str) -> Record:
    value = None if row.mdv == 1 else row.dv
    censored, limit = (row.cens or 0, row.limit) if value is not None else (0, None)
    if row.cens not in (None, 0, 1, -1):
        raise fault(row, origin, f"CENS is {row.cens}; it is 0, 1 (below DV) or -1 (above DV)")
    if row.cens and row.mdv != 1 and row.dv is None:
        raise fault(row, origin, f"CENS is {row.cens} without DV; write the limit of quantification in DV")
    if censored and limit is not None and value is not None and (value - limit) * censored < 0:
        side = "below" if censored == 1 else "above"
        raise fault(row, origin, f"LIMIT is {limit:g} and DV {value:g}; with CENS {censored} LIMIT is {side} DV")
    return Record(
        row.line,
        row.text,
        row.time,
        row.time,
        OBSERVATION,
        compartment=row.cmt,
        value=value,
        censored=censored,
        limit=limit,
        kind=row.dvid,
        covariates=row.covariates,
    )


def _dose(row: Row, evid: int, origin: str) -> Record:
    _check_amount(row, evid, origin)
    _check_infusion(row, origin)
    _check_repeats(row, origin)
    if row.unit:
        try:
            check_unit(row.unit)
        except ScheduleError as error:
            raise fault(row, origin, str(error)) from None
    return Record(
        row.line,
        row.text,
        row.time,
        row.time,
        evid,
        row.amt or 0.0,
        row.unit,
        row.cmt,
        row.rate if row.rate and row.rate > 0 else None,
        row.dur or None,
        _MODELLED.get(row.rate or 0.0, ""),
        row.ii or NOTHING,
        row.addl or 0,
        row.ss or 0,
        kind=row.dvid,
        covariates=row.covariates,
    )


def _check_amount(row: Row, evid: int, origin: str) -> None:
    amount = row.amt or 0.0
    if amount < 0:
        raise fault(row, origin, f"AMT is {amount:g}; a dose is positive")
    constant = row.ss and not row.ii and (row.rate or 0) > 0
    if amount == 0 and not constant:
        found = "no AMT" if row.amt is None else "AMT 0"
        instead = "EVID 3 for a reset alone" if evid == RESET_AND_DOSE else "EVID 2 for a row that gives nothing"
        raise fault(row, origin, f"EVID {evid} is a dose but has {found}; write the amount, or {instead}")
    if amount and not usable(amount):
        raise fault(row, origin, f"AMT is {amount:g}; write an amount of ordinary size")


def _check_infusion(row: Row, origin: str) -> None:
    rate, over = row.rate or 0.0, row.dur or NOTHING
    if rate < 0 and rate not in _MODELLED:
        raise fault(row, origin, f"RATE is {rate:g}; it is positive, 0, -1 (modelled) or -2 (modelled duration)")
    if over < 0:
        raise fault(
            row, origin, f"DUR is {float(over):g} d; a duration is positive, and one left to the model is RATE -2"
        )
    if rate and over:
        raise fault(row, origin, "the dose has both a RATE and a DUR; write one of them and 0 in the other")
    if rate > 0 and not usable(rate):
        raise fault(row, origin, f"RATE is {rate:g} per hour; write a rate of ordinary size")
    if over > MAX_DAYS or (rate > 0 and (row.amt or 0) / rate > 24 * MAX_DAYS):
        raise fault(row, origin, f"the infusion takes more than {MAX_DAYS} days; check RATE or DUR")


def _check_repeats(row: Row, origin: str) -> None:
    interval, additional, steady = row.ii or NOTHING, row.addl or 0, row.ss or 0
    if interval < 0:
        raise fault(row, origin, f"II is {float(interval):g} d; an interval is positive")
    if not 0 <= additional < MAX_DOSES:
        raise fault(row, origin, f"ADDL is {additional}; it is 0 or more, and below {MAX_DOSES}")
    if steady not in (0, 1, 2):
        raise fault(row, origin, f"SS is {steady}; it is 0, 1 or 2")
    if additional and not interval:
        raise fault(row, origin, f"ADDL is {additional} without II; write the interval between the doses in II")
    if steady and not interval and row.amt:
        constant = "a constant infusion at steady state has AMT 0, RATE above 0 and II 0"
        raise fault(
            row, origin, f"SS is {steady} with AMT {row.amt:g} and no II; write the interval in II ({constant})"
        )
    if row.time + interval * additional > MAX_DAYS:
        raise fault(
            row, origin, f"the last of {additional} additional doses is after day {MAX_DAYS}; check ADDL and II"
        )
