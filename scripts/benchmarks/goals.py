"""What the engine is meant to reach, beside what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .cold import PLOT, Start
from .engines import HEYOKA, LSODA, OURS, ROADRUNNER, WRITTEN
from .fits import FORWARD, ONE_STUDY, REFERENCE
from .million import WHAT
from .page import OURS as EXPLORE
from .page import PAGE
from .rows import AS_ASKED, MATCHED, Row
from .trials import OURS as TRIALS
from .trials import TRIAL

ONE = {WRITTEN: 250.0, LSODA: 250.0, ROADRUNNER: 7.0, HEYOKA: 3.0}  # how many times faster one patient is to be
BATCH, THREADS = 1.7, 1.8
FIRST, CACHED, MEMORY = 15.0, 2.0, 2048.0  # seconds, seconds, MiB
DRAWN = 0.2  # seconds, the median
WHOLE = {(REFERENCE, FORWARD): 60.0, (ONE_STUDY, FORWARD): 5.0, (TRIAL, TRIALS): 60.0}  # seconds


@dataclass(frozen=True)
class Goal:
    """A goal, what is wanted and reached as text, and whether it is met (None: not measured)."""

    what: str
    wanted: str
    reached: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """Pass, miss, or why neither."""
        return {True: "pass", False: "MISS", None: "not measured"}[self.met]


def goals(one: Sequence[Row], many: Sequence[Row], starts: Iterable[Start], fitted: Sequence[Row]) -> Iterator[Goal]:
    """Every goal, case by case."""
    for case in dict.fromkeys(r.case for r in one):
        ours = _seconds(one, case, OURS, AS_ASKED)
        for peer, factor in ONE.items():
            yield _times(f"{case}, one patient: faster than {peer}", factor, _seconds(one, case, peer, MATCHED), ours)
    for case in dict.fromkeys(r.case for r in many):
        ours = _seconds(many, case, OURS, AS_ASKED)
        what = f"{case}, many patients, one thread: faster than heyoka's batches"
        yield _times(what, BATCH, _seconds(many, case, HEYOKA, MATCHED), ours)
        whole = [_seconds(many, case, "pkpd.simulate_many", AS_ASKED, f"{n} thread") for n in (1, 2)]
        yield _times(f"{case}, many patients: two threads faster than one", THREADS, *whole)
    for start in starts:
        if start.what == PLOT:
            yield _below(f"{PLOT}, cached", CACHED, start.cached, "s")
            yield _below(f"{PLOT}, first ever", FIRST, start.first, "s")
        if start.what == WHAT:
            yield _below(f"{WHAT}, memory", MEMORY, start.memory, "MiB")
    drawn = next((r.times.median for r in fitted if (r.case, r.engine) == (PAGE, EXPLORE) and r.times), None)
    yield _below(f"{PAGE}, median", DRAWN, drawn, "s")
    for (what, engine), most in WHOLE.items():
        yield _below(what, most, _seconds(fitted, what, engine, AS_ASKED), "s")


def _seconds(rows: Sequence[Row], case: str, engine: str, setting: str, note: str = "") -> float | None:
    """The best time of the first row that fits."""
    fitting = (r for r in rows if (r.case, r.engine, r.setting) == (case, engine, setting) and note in r.note)
    row = next(fitting, None)
    return row.times.best if row and row.times else None


def _times(what: str, factor: float, theirs: float | None, ours: float | None) -> Goal:
    if theirs is None or ours is None:
        return Goal(what, f"{factor:g} x", "", None)
    return Goal(what, f"{factor:g} x", f"{theirs / ours:.2f} x", theirs / ours >= factor)


def _below(what: str, most: float, reached: float | None, unit: str) -> Goal:
    if reached is None:
        return Goal(what, f"< {most:g} {unit}", "", None)
    return Goal(what, f"< {most:g} {unit}", f"{reached:.2f} {unit}", reached < most)
