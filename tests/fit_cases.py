"""Small fits, and what goes with them in a report."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pkpd.inference.fitted import Fitted
from pkpd.inference.fitting import FitSettings, fit
from pkpd.inference.uncertainty.left_out import LeftOut
from pkpd.inference.uncertainty.profiles import Profile

STUDIES = ["dilt1d", "hao2020"]
TWO = ("treg_ec50", "treg_activation")


def searched(
    names: tuple[str, ...] = TWO, *, priors: bool = True, threads: int = 1, more: tuple[str, ...] = ()
) -> Fitted:
    settings = FitSettings(starts=2, seed=1, threads=threads)
    roles = ("fit", "check") if more else ("fit",)
    return fit([*STUDIES, *more], "il2", None, names, priors=priors, roles=roles, settings=settings)


def like(found: Fitted, **changes: object) -> Fitted:
    """A copy with other parts, whose results are worked out anew."""
    return replace(found, **changes)  # type: ignore[arg-type]


def informed(found: Fitted, **changes: object) -> Fitted:
    """A copy whose information matrix says something else."""
    copy = like(found)
    copy.__dict__["information"] = replace(found.information, **changes)  # type: ignore[arg-type]
    return copy


def section(text: str, title: str) -> str:
    """What stands under a title, in one line."""
    (found,) = [part for part in text.split("\n\n") if part.startswith(title + "\n")]
    return " ".join(found.split())


PROFILES = (
    Profile("treg_ec50", "pM", np.array([4.0, 9.0, 20.0]), np.array([5.0, 0.0, 1.0]), 4.5, None),
    Profile("treg_activation", "1/h", np.array([0.1, 0.2, 0.4]), np.array([0.5, 0.0, 1.0]), None, None),
)
LEFT = (
    LeftOut("dilt1d", 2, 0.02, 0, 0),
    LeftOut("koreth", 0, 0.0, 2, 1),
    LeftOut("lost", 1, math.nan, 0, 0, "the model cannot be simulated"),
)
