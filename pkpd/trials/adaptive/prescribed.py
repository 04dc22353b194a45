"""What rules need of the doses as prescribed: one record a dose, its number, and a limit as a share of each."""

from __future__ import annotations

import numpy as np

from ...dosing.amount import read_amount
from ...dosing.schedule import Schedule
from ...engine.functions import Vector
from ...errors import StudyError
from ...units import factor
from .rules import Limit


def separate(schedule: Schedule) -> None:
    """Refuse a schedule whose doses cannot be decided one by one; StudyError with the day of the record."""
    for dose in schedule.doses:
        if dose.additional:
            raise StudyError(
                f"rules decide on each dose, and the record of day {float(dose.time):g} stands for "
                f"{dose.additional + 1} doses; write them as a schedule text, such as 1 MIU daily x5"
            )


def numbers_of(schedule: Schedule) -> tuple[int, ...]:
    """The number of each of `schedule.doses` in planned order from 1, as `miss` and `move` count."""
    counted = sorted(enumerate(schedule.planned, 1), key=lambda item: item[1].time)
    return tuple(number for number, _ in counted)


def limit_shares(limit: Limit | None, schedule: Schedule) -> Vector:
    """A limit as a share of each dose as prescribed, shape (doses,), NaN where there is none; StudyError where the
    units are not of one kind.
    """
    found = np.full(len(schedule.doses), np.nan)
    if limit is None:
        return found
    _, unit, per = read_amount(limit.text)
    for k, dose in enumerate(schedule.doses):
        if dose.per != per:
            raise StudyError(
                f"the limit is {limit.text}, and the dose of day {float(dose.time):g} is prescribed in "
                f"{dose.prescribed_unit}; write the limit in that unit"
            )
        if dose.status != "missed" and dose.amount > 0:
            found[k] = limit.amount * factor(unit, dose.unit) / dose.amount
    return found
