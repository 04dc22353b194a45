"""The numbers of one replicate: rates of both arms as uncertain as the trial leaves them, and each patient's luck.

Week 12 and week 24 of one trial go together, and so do both visits of one patient. One normal copula says so twice: any
two outcomes share a deviate with an assumed `correlation`, once in the rates of each arm and once in each patient. This
is kept simple: it is the same correlation for every pair, and no data were used for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...engine.functions import Vector
from ...errors import StudyError
from ...keyed import Keyed
from ...studies.outcomes import ArmCount, Outcome
from .link import Anchored, Link, kept, through

LEAST_SHIFT = 0.5  # another trial differs at least this much from the anchoring one


@dataclass(frozen=True, slots=True)
class Assumed:
    """Assumed numbers: `between_trials` is the SD of the log-odds by which each arm of a new trial differs from that of
    the anchoring one, and `between_arms` the correlation of that difference between the arms: at 0.5 the log odds ratio
    differs between trials with the same SD; `correlation` is that of the copula. StudyError outside 0.5 or more, and
    correlations of 0 to below 1.
    """

    between_trials: float = LEAST_SHIFT
    correlation: float = 0.8
    between_arms: float = 0.5

    def __post_init__(self) -> None:
        if not LEAST_SHIFT <= self.between_trials < math.inf:
            raise StudyError(
                f"the between-trial SD of the log-odds is {LEAST_SHIFT:g} or more, not {self.between_trials:g}, "
                "since one trial cannot show how trials differ"
            )
        for what, value in (("outcomes", self.correlation), ("arms", self.between_arms)):
            if not 0 <= value < 1:
                raise StudyError(f"the correlation between {what} is 0 to below 1, not {value:g}")

    @property
    def between_effects(self) -> float:
        """The SD between trials of the log odds ratio."""
        return self.between_trials * math.sqrt(2 * (1 - self.between_arms))

    @property
    def sentence(self) -> str:
        """All numbers, as printed beside every result."""
        return (
            f"Assumed: the log-odds of each arm differ between trials with SD {self.between_trials:g}, correlated with "
            f"{self.between_arms:g} between the arms, so the log odds ratio with SD {self.between_effects:.3g}; "
            f"outcomes of one arm and of one patient correlate with {self.correlation:g} (normal copula)."
        )


DEFAULT = Assumed()


def drawn_rates(outcome: Outcome, keyed: Keyed, assumed: Assumed = DEFAULT) -> tuple[float, float]:
    """The response rates of the active and the control arm in one replicate: Beta(r + 1/2, n - r + 1/2) of those
    analysed, each moved by a shift of its log-odds that all outcomes of the replicate share.
    """
    from scipy.special import betaincinv, expit, logit, ndtr

    own = keyed.normals(f"outcome {outcome.name} rates", 0, 1, 2)[0]
    uniforms = ndtr(_together(keyed.normals("outcome rates shared", 0, 1, 2)[0], own, assumed))
    both, *own_shifts = keyed.normals("outcome shift", 0, 1, 3)[0].tolist()
    share = assumed.between_arms
    shifts = [assumed.between_trials * (math.sqrt(share) * both + math.sqrt(1 - share) * own) for own in own_shifts]
    counts: tuple[ArmCount, ...] = outcome.arms
    rates = [
        float(betaincinv(c.responders + 0.5, c.analysed - c.responders + 0.5, u))
        for c, u in zip(counts, uniforms, strict=True)
    ]
    active, control = (kept(float(expit(logit(kept(r)) + shift))) for r, shift in zip(rates, shifts, strict=True))
    return active, control


def anchored(link: Link, outcome: Outcome, reference: Vector, keyed: Keyed, assumed: Assumed = DEFAULT) -> Anchored:
    """The curve of one replicate through rates drawn for it; `reference` as in `through`, whose errors it raises."""
    return through(link, outcome, reference, *drawn_rates(outcome, keyed, assumed))


def luck(outcome: str, keyed: Keyed, patients: int, assumed: Assumed = DEFAULT, first: int = 0) -> Vector:
    """A uniform number of each patient, shape (patients,): one below its probability responds. Two outcomes of one
    patient correlate as assumed; patients are numbered from `first` within the replicate.
    """
    from scipy.special import ndtr

    own = keyed.normals(f"outcome {outcome} response", first, patients)[:, 0]
    return np.asarray(ndtr(_together(keyed.normals("outcome response shared", first, patients)[:, 0], own, assumed)))


def _together(shared: Vector, own: Vector, assumed: Assumed) -> Vector:
    share = assumed.correlation
    return np.asarray(math.sqrt(share) * shared + math.sqrt(1 - share) * own)
