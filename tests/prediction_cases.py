"""Rows and courses of il2, and what predicts them."""

from __future__ import annotations

from typing import Any

from pkpd.dosing.library import load_schedule
from pkpd.inference.rows.predictor import Predictor, predictor
from pkpd.parameters import Parameters, load_parameters
from pkpd.studies.observation import Course, Observation, Observations

REGIMEN = "1 MIU/m2 sc daily x5"
NONE = Parameters((), "study")


def row(
    output: str, form: str, timing: str = "point", first: float = 0, last: float | None = None, **said: Any
) -> Observation:
    """A row of a window, or of one day."""
    last = first if last is None else last
    return Observation("s", output, form, 1.0, timing=timing, day_from=first, day_to=last, course=0, **said)


def course(regimen: str = REGIMEN, parameters: Parameters = NONE, **size: Any) -> Course:
    return Course("s", "", regimen, load_schedule(regimen), parameters, **size)


def predicts(rows: list[Observation], *courses: Course, names: tuple[str, ...] = ("treg_activation",)) -> Predictor:
    return predictor(Observations(tuple(rows), courses or (course(),)), "il2", load_parameters("il2"), names)
