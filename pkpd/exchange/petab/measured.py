"""Which rows of a fit PEtab can hold, and as what: one value of one observable at one time, with a log-normal error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ...dosing.schedule import Schedule
from ...inference.rows.noise import Noise, observed_link, standard_error
from ...inference.rows.sampling import Sampled, Sampling
from ...studies.observation import Observation

# Days by which every dose is late, and twice which a sample after a dose is: a simulator has one value at a time, and
# blood is drawn before the injection. 9 milliseconds change no output by more than 1e-5 of its size.
LATE = 1e-7
# How a row of each form is shown: a value, its fold of the value at rest, or its odds (a percentage over the rest).
SHOWN = {
    "count": "value",
    "level": "value",
    "fold": "fold",
    "percent_change": "fold",
    "percent": "odds",
    "ratio": "odds",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A row that PEtab holds: `number` is that of the row, `output` that among the model's outputs, `shown` one of
    value, fold and odds; `value` in the output's own unit, a fold or odds; `sigma` the standard error of its log.
    """

    number: int
    output: int
    shown: str
    day: float
    post: bool
    value: float
    sigma: float


def measured(sampling: Sampling, numbers: tuple[int, ...], noise: Noise) -> Iterator[tuple[int, Measured | str]]:
    """Every row of a course by its number: as PEtab holds it, or why it cannot."""
    course = unheld_course(sampling.course.schedule)
    for sampled, number in zip(sampling.sampled, numbers, strict=True):
        reason = course or _unheld(sampled)
        yield number, reason or _as_measured(sampled, number, noise)


def unheld_course(schedule: Schedule) -> str:
    """Why the doses of a schedule cannot be written as events; empty where they can."""
    for dose in schedule.doses:
        on = f"on day {float(dose.time):g}"
        if dose.steady_state:
            return f"its schedule has a steady-state record (SS={dose.steady_state}) {on}, which PEtab cannot hold"
        if dose.reset:
            return f"its schedule resets the patient {on}, which PEtab cannot hold"
        if dose.modelled:
            return f"the {dose.modelled} of its infusion {on} is left to the model, which slots of doses do not hold"
    return ""


def _unheld(sampled: Sampled) -> str:
    row = sampled.observation
    if row.bound != "=":
        return f"it is a bound ({row.bound}), and PEtab holds no censored number"
    if row.timing == "area" or len(sampled.times) > 1:
        return f"it is the {_window(row)} of several times, and PEtab holds one time a row"
    if sampled.times[0] < 0:
        return f"day {sampled.times[0]:g} is before day 0, where the time of PEtab begins"
    if not math.isfinite(observed_link(row.form, row.value)):
        return f"{row.form} {row.value} has no finite {'logit' if row.form == 'percent' else 'log'}"
    return ""


def _window(row: Observation) -> str:
    return "mean" if row.timing == "point" else row.timing


def _as_measured(sampled: Sampled, number: int, noise: Noise) -> Measured:
    row = sampled.observation
    shown, value = SHOWN[row.form], float(row.value or 0.0)
    if row.form == "percent_change":
        value = float(1 + Fraction(value) / 100)
    elif row.form == "percent":
        value = value / (100 - value)
    elif shown == "value":
        value /= sampled.scale
    sigma = standard_error(row, noise)[0]
    return Measured(number, sampled.output, shown, float(sampled.times[0]), row.side == "post", value, sigma)
