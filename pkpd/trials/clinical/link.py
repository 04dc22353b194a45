"""Links from a patient's exposure to the chance of a response, each replaceable by another.

A link only says what counts as exposure. Every link then assumes the same curve: the log-odds of a response rise in
proportion to exposure, from the control arm's rate at none, so that the reference patients respond on average at the
rate of the active arm. Rates of one outcome in one trial cannot show that exposure causes a response.

To add a link, name it in `LINKS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...engine.functions import Vector
from ...errors import StudyError, nearest
from ...measures import Endpoint
from ...studies.outcomes import Outcome

# Beyond this slope a curve is a step, and rates beyond these have no usable log-odds.
_STEEPEST, _RAREST = 1e6, 1e-9


@dataclass(frozen=True, slots=True)
class Link:
    """What counts as exposure: `measure` of `output` from day 0 to the outcome's day, less what a patient without drug
    has over the same days; without an output, 1 for every patient who is treated at all.
    """

    name: str
    label: str
    output: str = ""
    measure: str = ""

    def endpoint(self, outcome: Outcome) -> Endpoint | None:
        """What must be measured in each patient, None where treatment alone counts."""
        return Endpoint(self.measure, self.output, 0.0, _day(outcome)) if self.output else None

    def exposure(self, measured: Vector | None, treated: Vector, outcome: Outcome) -> Vector:
        """The exposure of each patient, 0 or more, shape (patients,), from what `endpoint` measured and from who was
        `treated` (anything above 0); NaN for patients without numbers.
        """
        if not self.output:
            return np.asarray(np.asarray(treated) > 0, dtype=float)
        if measured is None:
            raise StudyError(f"the link {self.name} needs the {self.measure} of {self.output} of each patient")
        rest = _day(outcome) if self.measure == "area" else 1.0
        return np.asarray(np.maximum(measured - rest, 0.0))


LINKS = {
    link.name: link
    for link in (
        Link("treg_exposure", "area of the Treg fold above 1 up to the outcome's day", "treg_fold", "area"),
        Link("treg_peak", "peak of the Treg fold above 1 up to the outcome's day", "treg_fold", "peak"),
        Link("regimen", "any IL-2 at all, whatever the exposure: the plain rate of the arm"),
    )
}


def link_of(name: str) -> Link:
    """A link by name; StudyError with the nearest."""
    if name not in LINKS:
        hint = nearest(name, LINKS) or f"; known are: {', '.join(LINKS)}"
        raise StudyError(f"there is no link '{name:.40}'{hint}")
    return LINKS[name]


@dataclass(frozen=True, slots=True)
class Anchored:
    """One outcome's curve through two rates: log-odds of `control`, plus `slope` a `unit` of exposure, which is the
    mean exposure of the reference patients; `active` is their mean probability. The slope is negative where the active
    rate is the lower one. `unusable` reference patients had no numbers and were left out.
    """

    outcome: str
    link: str
    control: float
    active: float
    slope: float
    unit: float
    unusable: int = 0

    def probabilities(self, exposures: Vector, scale: float = 1.0) -> Vector:
        """The chance of a response at each exposure, of any shape; `scale` multiplies the slope, so 0.5 halves the
        effect and 0 takes it away. NaN at NaN.
        """
        from scipy.special import expit, logit

        return np.asarray(expit(logit(self.control) + scale * self.slope * np.asarray(exposures) / self.unit))


def through(link: Link, outcome: Outcome, reference: Vector, active: float, control: float) -> Anchored:
    """The curve through two rates inside (0, 1): `control` at no exposure, and `active` on average over `reference`,
    the exposures of patients on the anchoring regimen, shape (patients,). StudyError where there is no such curve.
    """
    usable = reference[np.isfinite(reference)]
    if reference.ndim != 1 or not usable.size or (usable < 0).any() or not usable.any():
        raise StudyError(
            f"the link {link.name} of {outcome.name} needs reference patients with exposures of 0 or more, not all 0, "
            f"and was given {reference.size} of which {int((usable > 0).sum())} are above 0"
        )
    for rate in (active, control):
        if not 0 < rate < 1:
            raise StudyError(f"the link {link.name} of {outcome.name} needs rates between 0 and 1, not {rate:g}")
    from scipy.special import expit, logit

    unit = float(usable.mean())
    relative, start = usable / unit, float(logit(control))

    def above(slope: float) -> float:
        return float(expit(start + slope * relative).mean()) - active

    slope = _root(above, float(logit(active)) - start)
    if slope is None:
        none = int((usable == 0).sum())
        raise StudyError(
            f"the link {link.name} of {outcome.name} cannot reach the active rate {active:.3g} from the control rate "
            f"{control:.3g}, since {none} of {usable.size} reference patients have no exposure"
        )
    return Anchored(outcome.name, link.name, control, active, slope, unit, reference.size - usable.size)


def kept(rate: float) -> float:
    """A rate with usable log-odds."""
    return min(max(rate, _RAREST), 1 - _RAREST)


def _root(above: Callable[[float], float], guess: float) -> float | None:
    """The slope at which a monotone curve meets its rate, between none and twice the guess or further; None where it
    cannot be met.
    """
    from scipy.optimize import brentq

    at_none, end = above(0.0), 2 * guess
    if at_none == 0 or guess == 0:
        return 0.0
    while above(end) * at_none > 0:
        end *= 2
        if abs(end) > _STEEPEST:
            return None
    return float(brentq(above, 0.0, end, xtol=1e-12, rtol=1e-12))


def _day(outcome: Outcome) -> float:
    if not outcome.linked or outcome.day is None:
        raise StudyError(f"{outcome.name} is a plain rate and is not linked to any exposure")
    return outcome.day
