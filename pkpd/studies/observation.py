"""One published or measured number: where it stands, who was sampled when, and what the number is.

A count, a percentage of a parent and a fold are different measurements with different errors; `form` says which, and
nothing here turns one into another.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..dosing.schedule import Schedule
from ..parameters import Parameters

# A level is a concentration or a relative level in its own unit; a ratio is a percentage over the rest of its parent.
FORMS = ("count", "level", "percent", "fold", "percent_change", "ratio")
TIMINGS = ("point", "maximum", "mean", "trough", "area")
BOUNDS = ("=", ">", "<", "range", "qualitative")
ROLES = ("fit", "check", "design")
SIDES = ("pre", "post")
SPREADS = ("SD", "SE", "IQR", "CI95", "range", "log_SD")


@dataclass(frozen=True, slots=True)
class Observation:
    """One row of observations. Days count from the first dose; a window runs from `day_from` to `day_to`.

    `value`, `low` and `high` are in `unit`, None where not printed. `visits` are the days over which a maximum, mean
    or trough was taken (empty: every day of the window). `spread` says what `low` and `high`, or `spread_value` (in
    `unit`), are. `log_se` is an assigned standard error of the log, which no author printed. `course` is the number
    of the course (see `Course`) that the row was sampled in; -1 where `reason` says why the row cannot be predicted.
    `origin` is the file and the row.
    """

    study: str
    output: str
    form: str
    value: float | None
    arm: str = ""
    id: str = ""
    n: int | None = None
    regimen: str = ""
    statistic: str = ""
    day_from: float = 0.0
    day_to: float = 0.0
    visits: tuple[float, ...] = ()
    timing: str = "point"
    side: str = "pre"
    low: float | None = None
    high: float | None = None
    spread: str = ""
    spread_value: float | None = None
    unit: str = ""
    bound: str = "="
    role: str = "fit"
    log_se: float | None = None
    confidence: str = ""
    source: str = ""
    where: str = ""
    course: int = -1
    reason: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Who got what: one simulation serves every row observed in it.

    `parameters` is what the study says of its patients (may be empty); `bsa` (m2) and `weight` (kg) are what doses per
    m2 and per kg follow, None where the model's own stand.
    """

    study: str
    arm: str
    regimen: str
    schedule: Schedule
    parameters: Parameters
    bsa: float | None = None
    weight: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Rows with the courses they were sampled in; `count_scale` holds, per study, the log SD of a shift that all its
    counts share once dosing has begun (a whole parent population moves, as after a transplant).
    """

    rows: tuple[Observation, ...]
    courses: tuple[Course, ...]
    count_scale: tuple[tuple[str, float], ...] = ()
    origin: str = ""

    def only(self, *roles: str) -> Observations:
        """The rows of these roles that can be predicted and hold a number, with the same courses."""
        kept = tuple(
            r
            for r in self.rows
            if r.role in roles and r.course >= 0 and r.value is not None and r.bound in ("=", ">", "<")
        )
        return Observations(kept, self.courses, self.count_scale, self.origin)

    @property
    def studies(self) -> tuple[str, ...]:
        """Names of studies, in the order of their rows."""
        return tuple(dict.fromkeys(r.study for r in self.rows))
