"""What less prednisone than at the start does to cell counts, by the course that a study declares for each arm."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...engine.functions import Vector
from ...errors import StudyError
from .terms import Conduct

PER = 10.0  # mg/day, to which the effect belongs


def steroid_factor(conduct: Conduct, arm: str, days: Vector) -> Vector:
    """The factor on counts of an arm on some days, same shape; 1 without an effect. The course is linear between the
    days it names, and level before and after them.
    """
    effect = conduct["steroid_effect"]
    course = {name: (when, doses) for name, when, doses in conduct.prednisone}.get(arm)
    if effect == 0 or course is None:
        return np.ones(days.shape)
    known = np.where(np.isnan(days), 0.0, days)
    less = np.interp(0.0, *course) - np.interp(known, *course)
    # math.exp, because numpy's may round the end of an array differently from its middle
    logs = (effect * less / PER).ravel().tolist()
    return np.array([math.exp(x) for x in logs]).reshape(days.shape)


def check_courses(conduct: Conduct, arms: Sequence[str], study: str) -> None:
    """Refuse an effect of prednisone in an arm whose course the study does not declare."""
    known = {name for name, _, _ in conduct.prednisone}
    for arm in arms:
        if conduct["steroid_effect"] != 0 and arm not in known:
            raise StudyError(
                f"steroid_effect is {conduct['steroid_effect']:g}, and study {study} declares no course of prednisone "
                f"for arm '{arm}'; add tables such as [conduct.prednisone_{arm}_0]"
            )
