"""One dose record."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from fractions import Fraction

from ..errors import ScheduleError
from ..units import duration, exact
from .amount import MAX_DAYS, MAX_DOSES, Time, check_unit, read_amount, read_rate, span, usable

_ROUTE = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]{0,39})?\Z")


SIDES = ("pre", "post", "both")  # of a dose, for a sample taken at its time


@dataclass(frozen=True, slots=True)
class Dose:
    """One record: `amount` in `unit` (flat, per m2 or per kg) at `time` (days, exact) by `route`.

    `route` "" is the model's first route; the name of a state gives straight into it. `duration` (days) or `rate`
    (`unit` per hour, on the same basis as the amount) make it an infusion, and so does `modelled`, "rate" or
    "duration", which the route then says (RATE -1 and -2). `steady_state` is NONMEM's SS, `interval` (days) its II,
    `additional` its ADDL; `reset` is EVID 3 when the amount is 0, else EVID 4. A constant infusion at steady state has
    amount 0, interval 0 and a rate. `status` is given, missed (it stays in the list, nothing is given) or moved, and
    then `planned` is the time it was moved from. Raises ScheduleError or UnitError.
    """

    time: Fraction
    amount: float
    unit: str
    per: str = ""
    route: str = ""
    duration: Fraction | None = None
    rate: float | None = None
    steady_state: int = 0
    interval: Fraction = Fraction(0)
    additional: int = 0
    reset: bool = False
    status: str = "given"
    planned: Fraction | None = None
    modelled: str = ""

    def __post_init__(self) -> None:
        for name in ("time", "duration", "interval", "planned"):
            value = getattr(self, name)
            if value is not None and type(value) is not Fraction:
                object.__setattr__(self, name, exact(value))
        # a whole number may be too large for a float, and is then refused below
        object.__setattr__(self, "amount", float(self.amount) if abs(self.amount) < 1e300 else math.inf)
        _check_times(self)
        _check_amount(self)
        _check_kind(self)

    @classmethod
    def of(
        cls,
        amount: str,
        *,
        time: Time = 0,
        route: str = "",
        over: Time | None = None,
        at: str | None = None,
        steady_state: int = 0,
        interval: Time = 0,
        additional: int = 0,
        reset: bool = False,
        modelled: str = "",
    ) -> Dose:
        """A record from texts: `Dose.of("1 MIU", time="6h", over="2h")`; `at` is a rate such as "1 MIU/h"."""
        value, unit, per = read_amount(amount)
        return cls(
            duration(time),
            value,
            unit,
            per,
            route,
            None if over is None else span(over, "an infusion"),
            None if at is None else read_rate(at, unit, per),
            steady_state,
            duration(interval),
            additional,
            reset,
            modelled=modelled,
        )

    @property
    def scheduled(self) -> Fraction:
        """Day on which the dose was planned, whether moved or not."""
        return self.time if self.planned is None else self.planned

    @property
    def gives(self) -> bool:
        """Whether the record is a dose at all, rather than a bare reset."""
        return self.amount > 0 or not self.reset

    @property
    def prescribed_unit(self) -> str:
        """Unit of the amount as prescribed: `MIU`, `MIU/m2`, `IU/kg`."""
        return f"{self.unit}/{self.per}" if self.per else self.unit

    @property
    def infusion(self) -> Fraction:
        """Days over which the amount runs in before bioavailability, 0 for a bolus or an injection, and where the
        model says it.
        """
        if self.rate is not None:
            return exact(self.amount) / exact(self.rate) / 24
        return self.duration or Fraction(0)

    def shifted(self, days: Fraction) -> Dose:
        """The same record, `days` later."""
        planned = None if self.planned is None else self.planned + days
        return replace(self, time=self.time + days, planned=planned)


def _check_times(dose: Dose) -> None:
    if not 0 <= dose.time <= MAX_DAYS:
        raise ScheduleError(f"a dose was asked for on day {float(dose.time):g}; doses are on days 0 to {MAX_DAYS}")
    if dose.duration is not None and not 0 < dose.duration <= MAX_DAYS:
        raise ScheduleError(f"an infusion over {float(dose.duration):g} days was asked for; it must be longer than 0")
    if dose.interval < 0 or dose.time + dose.interval * dose.additional > MAX_DAYS:
        every = f"{dose.additional} additional doses every {float(dose.interval):g} days"
        raise ScheduleError(f"{every} were asked for; an interval is not negative, and the last day is {MAX_DAYS}")


def _check_amount(dose: Dose) -> None:
    check_unit(dose.unit)
    if dose.per not in ("", "m2", "kg"):
        raise ScheduleError(f"an amount per '{dose.per}' was asked for; it is flat, per m2 or per kg")
    constant = dose.steady_state > 0 and dose.interval == 0 and dose.rate is not None
    if not (usable(dose.amount) or (dose.amount == 0 and (dose.reset or constant))):
        raise ScheduleError(
            f"a dose of {dose.amount:g} {dose.prescribed_unit} was asked for; a dose is positive and finite"
        )
    if dose.rate is not None and not usable(dose.rate):
        raise ScheduleError(
            f"a rate of {dose.rate:g} {dose.prescribed_unit}/h was asked for; a rate is positive and finite"
        )
    if (dose.rate is not None) + (dose.duration is not None) + bool(dose.modelled) > 1:
        raise ScheduleError("a dose was given more than one of duration, rate and modelled; give one of them")
    if dose.modelled not in ("", "rate", "duration"):
        raise ScheduleError(f"'{dose.modelled[:40]}' cannot be left to the model; its rate or its duration can")
    if dose.rate is not None and dose.amount / dose.rate > 24 * MAX_DAYS:
        raise ScheduleError(f"{dose.amount:g} {dose.unit} at {dose.rate:g} per hour takes more than {MAX_DAYS} days")


def _check_kind(dose: Dose) -> None:
    if not _ROUTE.match(dose.route):
        raise ScheduleError(f"'{dose.route[:40]}' is not a route; a route is a name such as sc, iv or depot")
    moved = dose.status == "moved"
    if dose.status not in ("given", "missed", "moved") or (dose.planned is not None) != moved:
        raise ScheduleError(
            f"a dose has status '{dose.status[:40]}'; it is given, missed, or moved with the planned time"
        )
    if dose.steady_state not in (0, 1, 2):
        raise ScheduleError(f"SS {dose.steady_state} was asked for; it is 0, 1 or 2")
    if not 0 <= dose.additional < MAX_DOSES:
        raise ScheduleError(f"ADDL {dose.additional} was asked for; it is 0 or more, and below {MAX_DOSES}")
    if dose.additional and dose.interval == 0:
        raise ScheduleError(f"{dose.additional} additional doses were asked for without an interval between them")
    if dose.steady_state and dose.interval == 0 and dose.amount > 0:
        raise ScheduleError(
            "a steady state was asked for without an interval; only a constant infusion of amount 0 has none"
        )
    special = dose.steady_state or dose.additional or dose.reset
    if special and dose.status != "given":
        raise ScheduleError("a steady-state, reset or additional-dose record can be neither missed nor moved")
    runs = dose.rate is not None or dose.duration is not None or dose.modelled
    if not dose.gives and (dose.steady_state or dose.additional or runs):
        raise ScheduleError("a reset of amount 0 has no steady state, additional doses or infusion")
