"""From what was prescribed to what was given: every dose written out, with its amount for one body size."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from ..errors import ScheduleError, UnitError
from ..units import exact, factor
from .amount import number_text
from .dose import Dose
from .schedule import Schedule


@dataclass(frozen=True, slots=True)
class GivenDose:
    """One dose as prescribed and as given.

    `number` counts the planned doses from 1, as `miss` and `move` do; `extra` is 0, or k for the k-th
    additional dose of a record. `time` and `planned` are days; `amount` is what was given in `unit`, 0 when
    missed, `prescribed` is in `prescribed_unit`. An infusion has a `duration` (days) or a `rate` (`unit` per
    hour, for this body size).
    """

    number: int
    extra: int
    time: Fraction
    planned: Fraction
    status: str
    route: str
    prescribed: float
    prescribed_unit: str
    amount: float
    unit: str
    duration: Fraction | None
    rate: float | None


def given(schedule: Schedule, bsa: float | None = None, weight: float | None = None) -> tuple[GivenDose, ...]:
    """Every dose of `schedule` in order of time, missed ones included, for a `bsa` (m2) and `weight` (kg).

    Additional doses (ADDL) are written out up to a reset or SS=1 that cancels them; bare resets, and the
    doses imagined before a steady state, are not listed. ScheduleError when a dose per m2 or per kg lacks its
    body size.
    """
    listed: list[GivenDose] = []
    for number, extra, dose in written_out(schedule):
        scale = body_scale(dose, bsa, weight)
        amount = 0.0 if dose.status == "missed" else _scaled(dose.amount, scale)
        rate = None if dose.rate is None else _scaled(dose.rate, scale)
        listed.append(
            GivenDose(
                number,
                extra,
                dose.time,
                dose.scheduled,
                dose.status,
                dose.route,
                dose.amount,
                dose.prescribed_unit,
                amount,
                dose.unit,
                dose.duration,
                rate,
            )
        )
    return tuple(listed)


def _scaled(value: float, scale: Fraction) -> float:
    return value if scale == 1 else float(exact(value) * scale)


def body_scale(dose: Dose, bsa: float | None = None, weight: float | None = None) -> Fraction:
    """What amount and rate of `dose` are multiplied by: 1, body surface area (m2) or weight (kg), exactly."""
    if not dose.per:
        return Fraction(1)
    what, size, unit = ("body surface area", bsa, "m2") if dose.per == "m2" else ("weight", weight, "kg")
    shown = f"a dose of {number_text(dose.amount)} {dose.prescribed_unit}"
    if size is None:
        raise ScheduleError(f"{shown} on day {float(dose.time):g} needs the {what} in {unit}, which was not given")
    if not (math.isfinite(size) and 0 < size < 1e4):
        raise ScheduleError(f"{shown} needs the {what} in {unit}, but {size:g} {unit} was given")
    return exact(size)


def total_given(doses: Iterable[GivenDose]) -> tuple[tuple[float, str], ...]:
    """Total amount with its unit; more than one only where units do not convert, such as IU and mg."""
    return _add_up((dose.amount, dose.unit, "") for dose in doses)


def total_prescribed(schedule: Schedule) -> tuple[tuple[float, str], ...]:
    """Total of the doses not missed, in units as prescribed: `((21.0, "MIU"),)` or `((84.0, "MIU/m2"),)`."""
    kept = (dose for _, _, dose in written_out(schedule) if dose.status != "missed")
    return _add_up((dose.amount, dose.unit, dose.per) for dose in kept)


def written_out(schedule: Schedule) -> list[tuple[int, int, Dose]]:
    """(number, extra, dose) in order of time, as `given` lists them.

    An additional dose falls away after a later reset or SS=1, and still counts at the same time.
    """
    numbered = []
    number = 0
    for dose in schedule.planned:
        number += dose.gives
        numbered.append((number, dose))
    numbered.sort(key=lambda pair: pair[1].time)
    listed: list[tuple[int, int, Dose]] = []
    stop: Fraction | None = None
    for number, dose in reversed(numbered):
        for extra in range(dose.additional if dose.gives else -1, -1, -1):
            later = dose.shifted(dose.interval * extra) if extra else dose
            if extra == 0 or stop is None or later.time <= stop:
                listed.append((number, extra, later))
        if dose.reset or dose.steady_state == 1:
            stop = dose.time
    listed.reverse()
    # Additional doses come before a record at the same time.
    return sorted(listed, key=lambda item: (item[2].time, item[1] == 0))


def _add_up(amounts: Iterable[tuple[float, str, str]]) -> tuple[tuple[float, str], ...]:
    """Sums in the first unit of each kind, exact in decimals, so that three doses of 0.1 are 0.3."""
    sums: dict[tuple[str, str], Fraction] = {}
    for (amount, unit, per), times in Counter(amounts).items():
        for known, basis in sums:
            if basis == per and (scale := _conversion(unit, known)):
                sums[known, basis] += exact(amount) * times * scale
                break
        else:
            sums[unit, per] = exact(amount) * times
    return tuple((float(total), f"{unit}/{per}" if per else unit) for (unit, per), total in sums.items())


def _conversion(unit: str, known: str) -> Fraction | None:
    try:
        return exact(factor(unit, known))
    except UnitError:
        return None
