"""Random schedules, dose records and schedule texts, for every test that needs them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.steps import WEEKDAYS
from pkpd.errors import ScheduleError

UNITS = ("MIU", "IU", "kIU", "ug", "nmol")
BASES = ("", "/m2", "/kg")

days = st.one_of(
    st.integers(1, 21).map(Fraction),
    st.builds(Fraction, st.integers(1, 48), st.sampled_from((24, 1440, 7))),
    st.floats(0.01, 30).map(lambda value: Fraction(str(value))),
)
numbers = st.one_of(st.integers(1, 2_000_000).map(float), st.floats(1e-6, 1e9))


@st.composite
def amounts(draw: st.DrawFn, units: tuple[str, ...] = UNITS, bases: tuple[str, ...] = BASES) -> tuple[str, str]:
    """An amount such as `0.4 MIU/m2`, and its unit."""
    unit = draw(st.sampled_from(units)) + draw(st.sampled_from(bases))
    return f"{draw(numbers)!r} {unit}", unit


@st.composite
def routes(draw: st.DrawFn, unit: str, names: tuple[str, ...] = ("", "sc", "iv", "depot")) -> dict[str, Any]:
    """Keyword arguments of a route, with an infusion over a time or at a rate in some of them."""
    said: dict[str, Any] = {"route": draw(st.sampled_from(names))}
    infusion = draw(st.sampled_from(("none", "none", "over", "at")))
    if infusion == "over":
        said["over"] = draw(st.sampled_from(("30min", "2h", "6h", "1d", "1/7 d")))
    if infusion == "at":
        said["at"] = f"{draw(st.floats(1, 1e6))!r} {unit}/{draw(st.sampled_from(('h', 'd', 'min')))}"
    return said


@st.composite
def blocks(
    draw: st.DrawFn, units: tuple[str, ...] = UNITS, bases: tuple[str, ...] = BASES, infusions: bool = True
) -> Schedule:
    """Doses at regular times, or on days of the week."""
    amount, unit = draw(amounts(units, bases))
    said = draw(routes(unit)) if infusions else {}
    try:
        if draw(st.booleans()):
            return Schedule.every(amount, interval=draw(days), times=draw(st.integers(1, 8)), **said)
        names = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4, unique=True))
        return Schedule.weekdays(*names, amount=amount, weeks=draw(st.integers(1, 3)), **said)
    except ScheduleError as error:
        # a slow rate can make an infusion of centuries
        assert "takes more than" in str(error)
        assume(False)
        raise


@st.composite
def schedules(
    draw: st.DrawFn,
    units: tuple[str, ...] = UNITS,
    bases: tuple[str, ...] = BASES,
    infusions: bool = True,
    depth: int = 2,
) -> Schedule:
    """Schedules that have a text, of up to five steps of every kind; `bases=("",)` for flat doses only."""
    options = (units, bases, infusions)
    schedule = draw(blocks(*options)) if draw(st.integers(0, 9)) else Schedule.none()
    for step in draw(st.lists(st.sampled_from(("then", "list", "rest", "repeat", "miss", "move")), max_size=4)):
        if step == "then":
            schedule = schedule.then(draw(blocks(*options)))
        elif step == "list" and depth:
            schedule = schedule.then(draw(schedules(*options, depth=depth - 1)))
        elif step == "rest":
            schedule = schedule.rest(draw(days))
        elif step == "repeat":
            schedule = schedule.repeat(draw(st.integers(1, 3)))
        elif step in ("miss", "move") and schedule.doses:
            schedule = draw(changed(schedule, step))
    return schedule


@st.composite
def changed(draw: st.DrawFn, schedule: Schedule, step: str) -> Schedule:
    """`schedule` with a dose missed or moved, where that is allowed."""
    number = draw(st.integers(1, len(schedule.doses)))
    dose = schedule.planned[number - 1]
    if step == "miss":
        return schedule.miss(number)
    by = draw(days) * draw(st.sampled_from((1, -1)))
    assume(dose.status != "missed" and dose.time + by >= 0)
    return schedule.move(number, by=by)


@st.composite
def records(draw: st.DrawFn, units: tuple[str, ...] = UNITS) -> Dose:
    """One dose record: plain, infusion, additional doses, steady state, constant infusion or reset."""
    amount, unit = draw(amounts(units))
    kind = draw(st.sampled_from(("plain", "additional", "steady", "constant", "reset")))
    time = draw(st.integers(0, 200)) * Fraction(1, draw(st.sampled_from((1, 3, 24))))
    if kind == "constant":
        rate = draw(st.floats(1, 1e6))
        return Dose(time, 0.0, unit.partition("/")[0], rate=rate, steady_state=draw(st.sampled_from((1, 2))))
    if kind == "reset" and draw(st.booleans()):
        return Dose(time, 0.0, "MIU", reset=True)
    return Dose.of(
        amount,
        time=time,
        route=draw(st.sampled_from(("", "sc", "iv"))),
        over=draw(st.sampled_from((None, "2h", "1/7 d"))),
        steady_state=draw(st.sampled_from((1, 2))) if kind == "steady" else 0,
        interval=draw(days) if kind in ("additional", "steady") else 0,
        additional=draw(st.integers(1, 6)) if kind == "additional" else 0,
        reset=kind == "reset",
    )


def record_schedules() -> st.SearchStrategy[Schedule]:
    """Schedules of explicit records, some of them followed by further steps; these have no text."""
    plain = st.lists(records(), min_size=1, max_size=6).map(lambda doses: Schedule.of(*doses))
    return st.one_of(plain, st.builds(lambda s, n, d: s.rest(d).repeat(n), plain, st.integers(1, 3), days))


WORDS = (
    *(
        "1",
        "7",
        "0.4",
        "-1",
        "1e30",
        "1/3",
        "x7",
        "x0",
        "x",
        "2d",
        "12h",
        "14",
        "(",
        ")",
        ",",
        ", then",
        "then",
        ".",
    ),
    *(
        "MIU",
        "MIU/m2",
        "IU/kg",
        "MIU/h",
        "mg",
        "pM",
        "L",
        "MIUU",
        "once",
        "daily",
        "weekly",
        "every",
        "on",
        "mon",
    ),
    *(
        "wed",
        "weeks",
        "for",
        "over",
        "at",
        "via",
        "depot",
        "sc",
        "iv",
        "rest",
        "repeat",
        "miss",
        "move",
        "by",
        "none",
    ),
)
wrong_texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=12).map("".join),
)
