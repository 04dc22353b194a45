"""The clinical illustration of a virtual trial: exposures of its patients, joined with a link that is assumed.

In each replicate the curve of an outcome is anchored on the patients of its active arm who were seen at the outcome's
visit: they get the anchoring regimen. Where rules change the doses, the same patients without rules are the anchor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...engine.functions import Vector
from ...errors import StudyError, nearest
from ...output.tables import Table
from ...studies.outcomes import Outcome
from ..conduct.tables import quantiles
from .anchors import DEFAULT, Assumed
from .link import Link
from .observed import PER, interval
from .power import EFFECTS, Counts, Power, power, trial_counts

if TYPE_CHECKING:
    from ..conduct.result import VirtualTrial

Flags = NDArray[np.bool_]
_RESPONSES = ("rep", "outcome", "effect", "arm", "responders", "analysed", "randomised", "failed")
_RATES = ("outcome", "label", "effect", "arm", "per", "low", "median", "high", "replicates")
_OBSERVED = ("responders", "patients", "observed", "observed_low", "observed_high")


@dataclass(frozen=True, slots=True, eq=False)
class Illustration:
    """Responders of every replicate by outcome and effect, and the power of every test; `outcomes` are the linked ones
    of the study.
    """

    link: Link
    assumed: Assumed
    alpha: float
    outcomes: tuple[Outcome, ...]
    counts: Mapping[str, Mapping[str, Counts]]
    rows: tuple[Power, ...]

    def rates(self, outcome: str, effect: str, per: str) -> Vector:
        """Response rates of every replicate, shape (replicates, 2), the active arm first; NaN where nobody is counted,
        as where all of an arm left.
        """
        counts = self.counts[outcome][effect]
        n = counts.among(per)
        return np.where(n > 0, counts.responders / np.maximum(n, 1), np.nan)

    def responses(self) -> Table:
        """Responders of every replicate: rep (from 1), outcome, effect, arm, responders, analysed, randomised,
        failed.
        """
        rows = [
            (k + 1, o.name, effect, arm.arm, *(int(column[k, side]) for column in _columns(counts)))
            for o in self.outcomes
            for effect, counts in self.counts[o.name].items()
            for k in range(len(counts.analysed))
            for side, arm in enumerate(o.arms)
        ]
        return Table(tuple((name, [row[i] for row in rows]) for i, name in enumerate(_RESPONSES)))

    def rates_table(self) -> Table:
        """Median and 5 and 95 % of the rates over the replicates, beside the observed rate with Jeffreys's interval at
        95 %; one row an outcome, effect, arm and denominator.
        """
        rows = []
        for o in self.outcomes:
            for effect in self.counts[o.name]:
                for per in PER:
                    rates = self.rates(o.name, effect, per)
                    for side, arm in enumerate(o.arms):
                        told = (o.name, o.label, effect, arm.arm, per, *quantiles(rates[:, side]).tolist(), len(rates))
                        rows.append(told + _observed(arm.responders, arm.among(per)))
        return Table(tuple((name, [row[i] for row in rows]) for i, name in enumerate((*_RATES, *_OBSERVED))))


def linked(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Those that may follow the model."""
    return tuple(o for o in outcomes if o.linked)


def illustrate(
    trial: VirtualTrial,
    outcomes: Sequence[Outcome],
    link: Link,
    assumed: Assumed = DEFAULT,
    alpha: float = 0.05,
    effects: Mapping[str, float] = EFFECTS,
    anchor: VirtualTrial | None = None,
) -> Illustration:
    """Responders of every replicate of a trial, for the linked outcomes of its study.

    `anchor` is the same trial on the anchoring regimen, with the same patients, where that differs: without rules.
    The trial must hold the endpoint of the link for each outcome. StudyError for an arm that the trial has not, for
    alpha outside (0, 1), and where a replicate has nobody to anchor on.
    """
    chosen = linked(outcomes)
    found = {o.name: _counts(trial, anchor or trial, o, link, assumed, effects) for o in chosen}
    rows = [
        row
        for name, counts in found.items()
        for effect, own in counts.items()
        for row in power(name, effect, own, alpha)
    ]
    return Illustration(link, assumed, alpha, chosen, found, tuple(rows))


def _counts(
    trial: VirtualTrial,
    anchor: VirtualTrial,
    outcome: Outcome,
    link: Link,
    assumed: Assumed,
    effects: Mapping[str, float],
) -> dict[str, Counts]:
    """Counts of the two arms of an outcome, by effect."""
    active, control = (_number(trial, arm.arm) for arm in outcome.arms)
    arm = trial.attendance.arm
    two = (arm == active) | (arm == control)
    shape = (len(arm), -1)  # both arms together are as many in every replicate
    found = (_exposures(trial, outcome, link), _gone(trial, outcome), arm == active, _exposures(anchor, outcome, link))
    exposures, gone, own, anchored = (values[two].reshape(shape) for values in found)
    reference = _reference(anchored, own, gone)
    return trial_counts(link, outcome, reference, exposures, own, gone, trial.seed, 0, assumed, effects)


def _exposures(trial: VirtualTrial, outcome: Outcome, link: Link) -> Vector:
    """Exposure of every patient, shape (replicates, patients); NaN for those who failed, none without a dose."""
    endpoint, a = link.endpoint(outcome), trial.attendance
    measured = None if endpoint is None else trial.exposure(endpoint)
    found = link.exposure(measured, a.received, outcome)
    # the solver's rounding is no exposure
    return np.where(a.failed, np.nan, np.where(a.received > 0, found, 0.0))


def _gone(trial: VirtualTrial, outcome: Outcome) -> Flags:
    """Who left before the outcome's day."""
    return np.asarray(trial.attendance.left < (np.inf if outcome.day is None else outcome.day))


def _reference(exposures: Vector, active: Flags, gone: Flags) -> Vector:
    """Exposures of those on the anchoring regimen who were seen, NaN for all others; of a replicate where nobody was
    seen, of all on that regimen.
    """
    seen = active & ~gone & np.isfinite(exposures)
    nobody = ~seen.any(axis=1, keepdims=True)
    return np.where(seen | (active & nobody), exposures, np.nan)


def _number(trial: VirtualTrial, name: str) -> int:
    names = [arm.name for arm in trial.arms]
    if name not in names:
        raise StudyError(f"the trial of {trial.study} has no arm '{name:.40}'{nearest(name, names)}")
    return names.index(name)


def _columns(counts: Counts) -> tuple[NDArray[np.int64], ...]:
    return counts.responders, counts.analysed, counts.randomised, counts.failed


def _observed(responders: int, n: int | None) -> tuple[object, ...]:
    if n is None:
        return (responders, None, None, None, None)
    return (responders, n, responders / n, *interval(responders, n))
