"""What is told of virtual patients unless more is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...dosing.blocks import usual_gap
from ...dosing.given import GivenDose
from ...engine.functions import Vector
from ...quantities import Dosed, Measured, quantity
from ..regimen.wanted import wanted

# Outputs with bands, each where the model has it; the first is the drug.
SHOWN = ("il2", "treg", "treg_fold", "treg_percent_cd4", "nk", "nk_fold", "cd56bright_fold", "eosinophils_fold")
OTHERS = 6  # outputs of a model that has none of them
CELLS = ("treg", "nk", "cd56bright", "cd56dim", "eosinophils")  # outputs that move over days begin so


@dataclass(frozen=True, slots=True)
class Named:
    """A quantity under another name, because its days differ from arm to arm."""

    name: str
    label: str
    own: Measured

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that must be simulated for it."""
        return self.own.outputs

    @property
    def days(self) -> tuple[float, ...]:
        """Days that must be among the times of the simulation."""
        return self.own.days

    def unit(self, units: Mapping[str, str]) -> str:
        """Its unit, from those of the outputs."""
        return self.own.unit(units)

    def of(self, times: Vector, values: Mapping[str, Vector], dosed: Dosed) -> Vector:
        """The number of each patient, as the quantity itself tells it."""
        return self.own.of(times, values, dosed)


def shown(outputs: Sequence[str]) -> tuple[str, ...]:
    """The outputs that get a band, of those a model has."""
    return tuple(name for name in SHOWN if name in outputs) or tuple(outputs[:OTHERS])


def quantities_of(
    outputs: Sequence[str], doses: Sequence[GivenDose], horizon: float, more: Sequence[str] = ()
) -> tuple[Measured, ...]:
    """The quantities of an arm: those of a comparison and `more` by name, and the peak of IL-2 after the first and the
    last dose. SimulationError for a name that is unknown.
    """
    return (*peaks(outputs, doses, horizon), *wanted(outputs, more=more))


def slow(output: str) -> bool:
    """Whether an output is known to move over days, as cells do, and not within hours, as a drug does."""
    return output.split("_")[0] in CELLS


def within_hours(quantities: Sequence[Measured]) -> bool:
    """Whether a quantity is of what moves within hours, as a drug does; the peaks of IL-2 are sampled in any case."""
    own = (name for q in quantities if not isinstance(q, Named) for name in q.outputs)
    return not all(map(slow, own))


def peaks(outputs: Sequence[str], doses: Sequence[GivenDose], horizon: float) -> tuple[Measured, ...]:
    """Peaks of IL-2 between the first dose and the next, and after the last dose for as long; none without IL-2 or
    doses, or where these days are not all simulated.
    """
    given = [d for d in doses if d.amount > 0]
    days = sorted({float(d.time) for d in given})
    if "il2" not in outputs or not days:
        return ()
    gaps = [b - a for a, b in pairwise(days)] or [usual_gap(given)]
    found = list[Measured]()
    for which, day, gap in (("first", days[0], gaps[0]), ("last", days[-1], gaps[-1])):
        end = min(day + gap, horizon)
        if 0 <= day < end and (which == "first" or len(days) > 1):
            own = quantity(f"il2_peak[{day:.9f}..{end:.9f}]", outputs)
            found.append(Named(f"il2_peak_{which}_dose", f"peak of il2 after the {which} dose", own))
    return tuple(found)
