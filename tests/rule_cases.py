"""A model that halves every day, so that levels before doses can be computed by hand, and patients steered by rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from pkpd.dosing.text import parse
from pkpd.engine.functions import Vector
from pkpd.engine.tolerances import Tolerances
from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build
from pkpd.trials.adaptive.cohort import adaptive_cohort
from pkpd.trials.adaptive.log import Log
from pkpd.trials.adaptive.steering import Noise
from pkpd.trials.adaptive.text import read_rules
from pkpd.trials.patients.cohort import Cohort
from pkpd.trials.patients.course import Course
from pkpd.trials.patients.spread import Patients

DAYS = 14
DAILY = f"1 mg iv daily x{DAYS}"
VISITS = tuple(float(day) for day in range(DAYS + 1))


@lru_cache
def halving() -> Model:
    """`level` is `scale` times the drug, of which half is left after a day."""

    def block(m: Builder) -> None:
        drug = m.state("drug", "mg", scale=1, meaning="drug")
        m.flow("loss", m.parameter("rate", "1/d", value=math.log(2)) * drug, out_of=drug)
        m.output("level", m.parameter("scale", "1", value=1.0) * drug, "mg", "what is measured")
        m.output("left", drug, "mg", "drug")
        m.route("iv", into=drug, unit="mg")

    return build("halving", block, time="d")


def course(text: str = DAILY, side: str = "pre", last: float = DAYS) -> Course:
    times = np.arange(0.0, last + 1)
    return Course(halving(), parse(text), halving().defaults, ("level", "left"), times, side, Tolerances(1e-9, 1e-12))


def patients(*scales: float, first: int = 0) -> Patients:
    return Patients(first, len(scales), {"scale": np.array(scales)})


def steered(
    *rules: str,
    scales: Sequence[float] = (1.0,),
    text: str = DAILY,
    visits: Sequence[float] = VISITS,
    factors: Vector | None = None,
    noise: Noise | None = None,
    first: int = 0,
) -> tuple[Cohort, Log]:
    return adaptive_cohort(read_rules(rules), course(text), patients(*scales, first=first), visits, factors, noise)


def levels_by_hand(doses: Sequence[float], scale: float = 1.0) -> list[float]:
    """The level before the dose of each day, and on the day after the last."""
    found = [0.0]
    for dose in doses:
        found.append((found[-1] + dose) / 2)
    return [scale * level for level in found]
