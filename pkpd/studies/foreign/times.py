"""When a foreign row was sampled: words about timing, days and visits, as a point or a window."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from ...dosing.amount import MAX_DAYS
from .cells import day, days, plain
from .regimen import Regimen
from .schedule import Unread

_BASELINE = re.compile(
    r"\bbaseline\b|before (the )?(first|treatment|therapy|start|any)|pre-?(treatment|therapy)|\bday 0\Z"
)
_MAXIMUM = re.compile(r"\bmax|peak|highest|\bcmax\b|largest|zenith")
_LOWEST = re.compile(r"nadir|minimum|lowest|\bmin\b")
_TROUGH = re.compile(
    r"trough|before (the |each )?(next )?(dose|injection|course)|pre-?dose|end of (a |the |each )?(rest|break|pause)"
)
_REST = re.compile(r"end of (a |the |each )?(rest|break|pause)|before (the |each )?next (course|cycle)")
_END = re.compile(
    r"(end of|after|on completion of) (the |a |each )?(course|treatment|therapy|dosing)"
    r"|after the last (dose|injection)"
)
_N = r"(\d{1,4}(?:\.\d{1,3})?)"
_UNIT = r"(hours?|hrs?|h|days?|d|weeks?|wks?|months?|min\w*)"
_AFTER = re.compile(
    rf"{_N}\s*-?\s*{_UNIT} (?:after|post|following|from) (?:the |each |every |a |an )?(last |final |first )?(\w+)"
)
_WITHIN = re.compile(rf"within {_N}\s*{_UNIT} (?:of|after) the last (?:dose|injection)")
_NAMED = re.compile(
    rf"\b(day|week|month)s?\s*{_N}(?:\s*(?:to|-|and)\s*{_N})?"
    r"(?![.\d]|\s*(?:after|post|following|of (?:each|the|every)))"
)
_LATER = re.compile(rf"\b(?:at|after) {_N} ?{_UNIT}(?!\s*(?:after|post|following|before))(?![a-z])")
_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "mo": 28.0, "mi": 1 / 1440}
# Hours after a dose at which a peak of IL-2 is looked for: closer than its rise and fall.
_PEAK_HOURS = (0.5, 1, 1.5, 2, 3, 4, 5, 6, 7, 8, 10, 12, 18, 24)


@dataclass(frozen=True, slots=True)
class Window:
    """When: the two days, the visits, what is taken over them, and the side of a dose."""

    first: float = 0.0
    last: float = 0.0
    timing: str = "point"
    visits: tuple[float, ...] = ()
    side: str = "pre"
    note: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """The cells that say when a row was sampled, as they stand."""

    timing: str
    day_from: str
    day_to: str
    visit_days: str

    def window(self) -> tuple[float, float] | None:
        """The two printed days, one for both where only one is, or the ends of the visits; None without any."""
        first, last = day(self.day_from), day(self.day_to)
        for cell, value in ((self.day_from, first), (self.day_to, last)):
            if plain(cell) and value is None:
                raise Unread(f"'{plain(cell)[:40]}' is not a day")
        if first is None and last is None:
            visits = days(self.visit_days)
            return (visits[0], visits[-1]) if visits else None
        found = (last if first is None else first, first if last is None else last)
        return found if None not in found else None  # type: ignore[return-value]  # one of the two is a number

    def horizon(self) -> float | None:
        """The last day printed in any cell, which tells how long an open regimen goes on; None where none is."""
        if (printed := self.window()) is not None:
            return max(printed[1], 0.0)
        named = _named(plain(self.timing).lower())
        return named[1] if named else None

    @property
    def steady(self) -> bool:
        return "steady" in plain(self.timing).lower()


def sampling(when: When, regimen: Regimen, output: str, area: bool) -> Window:
    """The window of a row; Unread where neither the cells nor the regimen tell it."""
    words, printed = plain(when.timing).lower(), when.window()
    level = output.startswith("il2")
    if _BASELINE.search(words) and (printed is None or printed[1] <= 0) and "after" not in words:
        return Window()
    window = (
        _printed(words, printed, days(when.visit_days), level) if printed else _derived(words, regimen, level, area)
    )
    if not 0 <= window.first <= window.last <= MAX_DAYS or any(not 0 <= visit <= MAX_DAYS for visit in window.visits):
        raise Unread(f"days {window.first:g} to {window.last:g} are no window after the first dose")
    if area:
        return _area(window, regimen)
    return _peak(window, regimen) if level and window.timing == "maximum" and not window.visits else _tidy(window)


def _printed(words: str, printed: tuple[float, float], visits: tuple[float, ...], level: bool) -> Window:
    """A window whose days are printed."""
    first, last = printed
    inside = tuple(visit for visit in visits if first <= visit <= last)
    if visits and not inside:
        raise Unread(f"no visit day lies in the days {first:g} to {last:g}")
    found, note = _taken(words), ""
    if (
        first == last
        and level
        and not found
        and (match := _AFTER.search(words))
        and match[2][0] in "hm"
        and match[4] != "last"
    ):
        first = last = first + float(match[1]) * _length(match[2])
    if not found and last > first:
        found, note = (
            "mean",
            ""
            if re.search(r"mean|average|on treatment|during|within|after", words)
            else "the mean over the window is assumed",
        )
    side = "post" if level and re.search(r"(right|immediately|just) after", words) else "pre"
    return Window(first, last, found or "point", inside, side, note)


def _taken(words: str) -> str:
    """Maximum, mean or trough, "" where the words say none of them."""
    if _MAXIMUM.search(words):
        return "maximum"
    if _TROUGH.search(words) or _LOWEST.search(words):
        return "trough"
    return "mean" if re.search(r"\bmean\b|average", words) else ""


def _derived(words: str, regimen: Regimen, level: bool, area: bool) -> Window:
    """A window that no cell prints: from words such as `week 8`, `steady state`, `3 days after each course`."""
    if named := _named(words):
        found = _taken(words) or ("mean" if named[1] > named[0] else "point")
        return Window(*named, found, note="days from the words about timing")
    schedule = regimen.schedule
    if schedule is None or not schedule.doses:
        raise Unread("the days of sampling are not said")
    times = [float(dose.time) for dose in schedule.doses]
    gaps = [b - a for a, b in pairwise(times)]
    interval, end = min(gaps, default=1.0), float(schedule.length)
    ends = (*(a for a, gap in zip(times[:-1], gaps, strict=True) if gap > 1.5 * interval), times[-1])
    note = "days derived from the regimen"
    if re.search(r"steady", words) or (regimen.steady and _TROUGH.search(words)):
        return _steady(words, times, end, level or area, bool(schedule.doses[0].infusion))
    if match := _WITHIN.search(words):
        return Window(times[-1], times[-1] + float(match[1]) * _length(match[2]), "mean", note=note)
    if match := _AFTER.search(words):
        return _after(match, times, ends, words, note)
    if level and re.search(r"end of (the )?infusion", words) and schedule.doses[0].infusion:
        lasts = float(schedule.doses[0].infusion)
        return Window(lasts, lasts, note=note)
    if level and re.search(r"(right|immediately|just) after", words):
        return Window(side="post", note=note)
    if _REST.search(words) and end > times[-1] + 1.5 * interval:
        return Window(end, end, note=note)
    if _TROUGH.search(words) and len(times) > 1:
        last = times[-1] + interval
        return Window(last, last, note=note)
    if area or (level and _MAXIMUM.search(words)):
        return Window(0.0, min(interval, 1.0) if area else interval, "maximum", note="the first dose is assumed")
    if _MAXIMUM.search(words):
        return Window(0.0, times[-1] + max(interval, 1.0), "maximum", note="the whole course is assumed")
    if _END.search(words):
        return Window(times[-1] + interval, times[-1] + interval, note=note)
    raise Unread("the days of sampling are not said")


def _steady(words: str, times: list[float], end: float, level: bool, infused: bool) -> Window:
    """After enough doses: before the next one, or the largest in the last interval."""
    last = times[-1]
    if infused and level:
        held = min(28.0, end)
        return Window(held, held, note="steady state is taken as the end of the infusion, or day 28")
    if _MAXIMUM.search(words) or (level and not _TROUGH.search(words) and "mean" in words):
        return Window(
            last,
            end,
            "maximum" if _MAXIMUM.search(words) else "mean",
            note="steady state is taken as the last interval",
        )
    return Window(end, end, note="steady state is taken as the end of the regimen, before another dose")


def _after(match: re.Match[str], times: list[float], ends: tuple[float, ...], words: str, note: str) -> Window:
    """So long after the last dose, after each course, or after the first dose."""
    gap, what = float(match[1]) * _length(match[2]), match[4]
    if what.startswith(("course", "cycle")) and re.search(r"each|every", words):
        visits = tuple(end + gap for end in ends)
        return Window(visits[0], visits[-1], "mean", visits if len(visits) > 1 else (), note=note)
    if (match[3] or "").strip() == "first" or what.startswith(("start", "initiation", "beginning")):
        return Window(gap, gap, note=note)
    if (match[3] or "").strip() in ("last", "final") or what.startswith(
        ("course", "cycle", "treatment", "therapy", "end")
    ):
        return Window(times[-1] + gap, times[-1] + gap, note=note)
    if what.startswith(("dose", "injection", "bolus", "administration", "infusion")):
        return Window(gap, gap, note="the first dose is assumed")
    raise Unread("the days of sampling are not said")


def _named(words: str) -> tuple[float, float] | None:
    """The days of `week 8`, `weeks 6 to 8`, `day 8` (day 0 is the first dose) or `month 3`."""
    match = _NAMED.search(words)
    if not match:
        later = _LATER.search(words)
        return (float(later[1]) * _length(later[2]),) * 2 if later else None
    length = {"day": 1.0, "week": 7.0, "month": 28.0}[match[1]]
    first, last = float(match[2]) * length, float(match[3] or match[2]) * length
    return (first, last) if first <= last else None


def _length(unit: str) -> float:
    return next(days for start, days in _DAYS.items() if unit.startswith(start))


def _area(window: Window, regimen: Regimen) -> Window:
    """An area needs a window: where one day is printed, the day from there on."""
    last = window.last if window.last > window.first else window.first + 1.0
    return Window(window.first, last, "area", (), "pre", window.note)


def _peak(window: Window, regimen: Regimen) -> Window:
    """Times within the window at which a peak of IL-2 shows itself, which whole days would miss."""
    last = window.last if window.last > window.first else window.first + 1.0
    doses = regimen.schedule.doses if regimen.schedule is not None else ()
    starts = [float(d.time) for d in doses if window.first <= float(d.time) < last][:60] or [window.first]
    visits = {round(start + hours / 24, 6) for start in starts for hours in _PEAK_HOURS}
    if any(dose.route == "iv" for dose in doses):
        visits |= set(starts)
    inside = tuple(sorted(visit for visit in visits if window.first <= visit <= last))
    side = "post" if any(dose.route == "iv" for dose in doses) else "pre"
    return Window(window.first, last, "maximum", inside, side, window.note)


def _tidy(window: Window) -> Window:
    """A window of one day is a point."""
    if window.first < window.last:
        return window
    return Window(window.first, window.last, "point", (), window.side, window.note)
