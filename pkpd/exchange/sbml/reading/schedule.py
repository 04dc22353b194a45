"""The doses that events of an SBML file give, as a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from ....dosing.dose import Dose
from ....dosing.schedule import Schedule
from ....units import duration, exact
from .foreign import Foreign, is_dose_unit

DOSES = "its events are doses: pkpd simulate --model FILE without a schedule"


def schedule_of(
    file: Foreign, time: str, size: float, units: Mapping[str, str], sizes: Mapping[str, float]
) -> Schedule | None:
    """The doses of a file's events, whose clock counts `size` of the unit `time`; None if there are none.

    `units` are those of states by name; the number of an amount in the file is `sizes` times that in its unit.
    """
    day = duration(f"1{time}") * exact(repr(float(size)))
    found = [Dose(_days(moment, day), 0.0, "pmol", reset=True) for moment in file.given.resets]
    for s in file.given.shifts:
        name = file.contents.items[s.state].name
        found.append(Dose(_days(s.time, day), *_amount(s.amount, units[name], sizes[name]), route=name))
    for i in file.given.infusions:
        name, lasts = file.contents.items[i.state].name, _days(i.duration, day)
        amount, unit = _amount(i.rate * i.duration, units[name], sizes[name])
        found.append(Dose(_days(i.time, day), amount, unit, route=name, duration=lasts))
    return Schedule.of(*found) if found else None


def _days(value: float, day: Fraction) -> Fraction:
    return exact(repr(float(value))) * day


def _amount(number: float, unit: str, size: float) -> tuple[float, str]:
    """A number of the file as an amount, with 15 digits where these give the same number; in pmol, one for one, where
    the unit is none of doses.
    """
    if not is_dose_unit(unit):
        return number, "pmol"
    rounded = float(f"{number / size:.15g}")
    return rounded if rounded * size == number else number / size, unit


def event_notes(file: Foreign, units: Mapping[str, str]) -> tuple[str, ...]:
    """What a reader should know of the events."""
    notes = tuple(f"{what} never happens: its trigger is true from the beginning" for what in file.given.never)
    if not (file.dosed or file.given.resets):
        return notes
    if any(not is_dose_unit(units[file.contents.items[k].name]) for k in file.dosed):
        notes += ("doses into states without a unit of doses are in pmol, 1 for 1 of the file",)
    return (*notes, f"{DOSES} gives them, with numbers for amounts and times, which follow no parameter")
