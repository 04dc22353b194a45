"""The regimen of a foreign row: amount, unit, route, interval, count and sentence, in the schedule language."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from ...dosing.amount import MAX_DAYS, MAX_DOSES, number_text
from ...dosing.schedule import Schedule
from ...dosing.text import parse
from ...errors import PkpdError
from ...units import duration_text, exact
from .cells import number, plain, span
from .schedule import Plan, Unread, read_plan

STEADY_DOSES, STEADY_CYCLES = 28, 4
_UNITS = {"iu": "IU", "kiu": "kIU", "miu": "MIU"}
_NO_DRUG = re.compile(r"placebo|no drug|untreated|none|no treatment|vehicle|control", re.I)


@dataclass(frozen=True, slots=True)
class Regimen:
    """A regimen in the schedule language with its schedule, or the reason why there is none."""

    text: str = ""
    schedule: Schedule | None = None
    steady: bool = False
    note: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells that say a regimen, as they stand, and the last day sampled (None where no day is printed)."""

    amount: str
    unit: str
    route: str
    schedule: str
    every_days: str
    times: str
    horizon: float | None
    steady: bool


def regimen(cells: Cells) -> Regimen:
    """What was given, in the schedule language; never raises."""
    try:
        return _regimen(cells)
    except Unread as problem:
        return Regimen(reason=str(problem))
    except PkpdError as error:
        return Regimen(reason=f"the regimen cannot be given: {error}")


def _regimen(cells: Cells) -> Regimen:
    said = f"{cells.amount} {cells.route} {cells.schedule}".strip()
    if number(cells.amount) == 0 or (number(cells.amount) is None and _NO_DRUG.search(said)):
        return Regimen("none", Schedule.none())
    dose = dose_text(cells.amount, cells.unit)
    route, infused = route_text(cells.route, cells.schedule)
    plan = _plan(cells, infused == "whole")
    steps, notes = _steps(plan, cells), [plan.note] if plan.note else []
    if infused == "whole":
        route = f"{route} over {_time(plan.interval)}"
        if not re.search(r"/\s*(d|day)\b|per day|daily", plain(cells.unit).lower()):
            notes.append("the amount is taken as that of one interval of the infusion")
    elif infused:
        route = f"{route} over {infused}"
    text = steps.replace("DOSE", f"{dose} {route}")
    daily = re.search(r"(/|per )\s*(d|day)\b", plain(cells.unit).lower())
    if daily and plan.interval != 1:
        raise Unread("an amount per day is only read for one dose a day")
    return Regimen(text, parse(text), _goes_on(cells), "; ".join(notes))


def dose_text(amount: str, unit: str) -> str:
    """`0.5 MIU/m2` from the two cells; Unread for a range of doses, no dose, or a unit that is not IU."""
    written, value = plain(amount), number(amount)
    if value is None and (match := re.fullmatch(r"([\d.,eE]+)\s*([a-zA-Z].*)", written)) and not plain(unit):
        value, unit = number(match[1]), match[2]
    if not written:
        raise Unread("the dose is not given")
    if span(written) or value is None:
        what = f"a range of doses, {written}, is" if span(written) else f"'{written[:40]}' is"
        raise Unread(f"{what} not one dose")
    if not 0 < value < 1e12:
        raise Unread(f"a dose of {written[:40]} cannot be given")
    name, per = _unit(unit)
    return f"{number_text(value)} {name}{'/' + per if per else ''}"


def _unit(unit: str) -> tuple[str, str]:
    written = plain(unit)
    low = re.sub(r"(/|\bper\b)\s*(d|day|dose|injection)\b|\bdaily\b", "", written.lower()).replace(
        "international unit", "iu"
    )
    low = re.sub(r"\bius\b", "iu", low.replace("^", "").replace("sqm", "m2").replace("m 2", "m2"))
    low = re.sub(r"(million|mio|x?\s*106|1e6)\s*(of )?\s*(?=iu)", "m", low)
    match = re.fullmatch(
        r"\s*([km]?iu)\s*(?:(?:/|per)\s*(m2|kg)(?:\s*(?:bsa|body surface area|body weight|bw))?)?\s*", low
    )
    if not match:
        raise Unread(f"the dose is in '{written[:80]}', not in IU" if written else "the unit of the dose is not given")
    return _UNITS[match[1]], match[2] or ""


def route_text(route: str, schedule: str) -> tuple[str, str]:
    """The route, sc where nothing is said, and how long a dose is infused: "", a time, or "whole" for its interval."""
    cell, sentence = plain(route).lower(), plain(schedule).lower()
    said = cell if re.search(r"[a-z]", cell) else sentence
    iv = re.search(r"\biv\b|\bi\.v\.?|intravenous|\bciv\b|\bvein", said)
    sc = re.search(r"\bsc\b|\bs\.c\.?|\bsq\b|subcut|under the skin", said)
    if cell and not iv and not sc:
        raise Unread(f"the model has no route '{cell[:40]}'")
    if (iv and sc) or re.search(r"\bim\b|intramusc|\bip\b|intraperit|inhal|or oral", cell):
        raise Unread(f"'{cell[:40]}' is not one route")
    both = f"{cell} {sentence}"
    continuous = re.search(r"continuous|\bciv\b|\bc\.i\.v", cell) or re.search(
        r"continuous (iv |i\.v\. |intravenous )*infusion", both
    )
    if not iv and re.search(r"continuous (sc|subcut|infusion)|\bpump\b", both):
        if sc or cell:
            raise Unread("a continuous infusion under the skin is no route of the model")
        iv = continuous
    if not iv:
        return "sc", ""
    if continuous:
        return "iv", "whole"
    match = re.search(
        r"(\d+(?:\.\d+)?)\s*-?\s*(min|h|hr|hour|d|day)\w*\s*-?\s*infusion|(?:over|for) (\d+(?:\.\d+)?)\s*(min|h)", both
    )
    if match:
        name = match[2] or match[4]
        return "iv", f"{match[1] or match[3]}{'min' if name == 'min' else name[0]}"
    if "infusion" in both:
        raise Unread("how long the infusion lasts is not said")
    return "iv", ""


def _plan(cells: Cells, infused: bool) -> Plan:
    """The plan that the sentence tells, else the one of `every_days` and `times`."""
    every, times = number(cells.every_days), number(cells.times)
    whole = times is not None and times == int(times) and 1 <= times <= MAX_DOSES
    try:
        plan = read_plan(cells.schedule, infused, exact(f"{every!r}") if every and 0 < every <= MAX_DAYS else None)
        if not plan.regular or not _disagrees(plan, every, times):
            return plan if plan.times or not whole or not plan.regular else Plan(plan.interval, int(times or 1))
    except Unread as problem:
        if every is None and not (whole and times == 1):
            raise problem
        if re.search(
            r"escalat|increas|titrat|taper|off|rest|break|cycle|course|apart|second|month|then|repeat",
            cells.schedule,
            re.I,
        ) and not (every and whole and cells.horizon is not None and cells.horizon <= every * float(times or 0)):
            raise problem
    if whole and times == 1:
        return Plan(Fraction(1), 1)
    if every is None or not 0 < every <= MAX_DAYS:
        raise Unread("how often the drug is given is not said")
    return Plan(exact(f"{every!r}"), int(times or 0) if whole else 0)


def _disagrees(plan: Plan, every: float | None, times: float | None) -> bool:
    """Whether a regular plan from the sentence says otherwise than the two cells, which then count."""
    if every is not None and not math.isclose(float(plan.interval), every) and plan.times != 1:
        return True
    return times is not None and bool(plan.times) and plan.times != times


def _steps(plan: Plan, cells: Cells) -> str:
    """The plan in the schedule language, DOSE standing for the amount and route; what has no end gets one."""
    if plan.regular:
        return _doses(plan.interval, plan.times or _enough(plan.interval, cells))
    block = _doses(plan.interval, plan.times)
    lasts = plan.interval * plan.times
    if plan.then:
        gap = plan.then - lasts
        rest = f", rest {_time(gap)}" if gap > 0 else ""
        start = lasts + max(gap, Fraction(0))
        later = plan.then_times or _enough(plan.then, cells, start)
        return f"{block}{rest}, {_doses(plan.then, later)}"
    period = lasts + plan.rest
    cycles = plan.cycles or _enough(period, cells, cycles=True)
    return f"{block}, rest {_time(plan.rest)}" + (f", repeat {cycles}" if cycles > 1 else "")


def _doses(interval: Fraction, times: int) -> str:
    if times > MAX_DOSES:
        raise Unread(f"{times} doses are more than can be given")
    if times == 1:
        return "DOSE once" if interval == 1 else f"DOSE every {_time(interval)} x1"
    return f"DOSE every {_time(interval)} x{times}"


def _goes_on(cells: Cells) -> bool:
    return cells.steady or "steady" in f"{cells.times} {cells.schedule}".lower()


def _enough(interval: Fraction, cells: Cells, start: Fraction = Fraction(0), cycles: bool = False) -> int:
    """Doses (or cycles) up to the last sampled day, or to the steady state."""
    if cells.horizon is not None:
        return max(1, min(math.ceil((cells.horizon - float(start)) / float(interval)), MAX_DOSES + 1))
    if _goes_on(cells) or cycles:
        return STEADY_CYCLES if cycles else STEADY_DOSES
    raise Unread("how long the drug is given is not said")


def _time(days: Fraction) -> str:
    return duration_text(days)
