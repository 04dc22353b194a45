"""How often a trial of this design would find a difference: with the effect as anchored, halved, and without any.

The effect is drawn anew in each replicate, so the power is an average over how uncertain the anchoring trial leaves it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...engine.functions import Vector
from ...errors import StudyError
from ...keyed import Keyed
from ...output.tables import Table, aligned
from ...studies.outcomes import Outcome
from .anchors import DEFAULT, Assumed, anchored, luck
from .caution import CAUTION
from .link import Anchored, Link
from .observed import PER
from .proportions import LABELS, tests_of

EFFECTS = {"as anchored": 1.0, "halved": 0.5, "none": 0.0}
Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]
_COLUMNS = ("outcome", "effect", "per", "test", "share", "standard_error", "favouring_control", "replicates", "alpha")


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Patients by replicate and arm, each of shape (replicates, 2), the active arm first.

    A patient who dropped out or failed to simulate is no responder: he is among the `randomised`, not among the
    `analysed`. `failed` counts those without numbers.
    """

    responders: Whole
    analysed: Whole
    randomised: Whole
    failed: Whole

    def among(self, per: str) -> Whole:
        """The denominators, by "analysed" or "randomised"."""
        return self.analysed if per == "analysed" else self.randomised


@dataclass(frozen=True, slots=True)
class Power:
    """The share of replicates with p < alpha in one test, with its Monte-Carlo standard error, and the share where
    moreover the control arm did better. With the effect "none" the share is the size of the test.
    """

    outcome: str
    effect: str
    per: str
    test: str
    share: float
    standard_error: float
    favouring_control: float
    replicates: int
    alpha: float


def responses(
    curve: Anchored, exposures: Vector, keyed: Keyed, scale: float = 1.0, assumed: Assumed = DEFAULT
) -> Flags:
    """Who responds in one replicate, shape (patients,), from exposures of that shape; nobody does at NaN. Patients are
    numbered from 0 within the replicate, so each has the same luck at every `scale`.
    """
    chance = curve.probabilities(exposures, scale)
    return np.asarray(luck(curve.outcome, keyed, len(chance), assumed) < chance)


def counted(responding: Flags, exposures: Vector, active: Flags, dropped: Flags) -> Whole:
    """Responders, analysed, randomised and failed of both arms of one replicate, shape (4, 2), from flags of shape
    (patients,): `active` for the active arm, `dropped` for those not seen at the outcome's visit.
    """
    failed = np.isnan(exposures)
    seen = ~dropped & ~failed
    kinds = (responding & seen, seen, np.ones_like(seen), failed)
    return np.array([[np.count_nonzero(kind & arm) for arm in (active, ~active)] for kind in kinds], dtype=np.int64)


def trial_counts(
    link: Link,
    outcome: Outcome,
    reference: Vector,
    exposures: Vector,
    active: Flags,
    dropped: Flags,
    seed: int,
    first: int = 0,
    assumed: Assumed = DEFAULT,
    effects: Mapping[str, float] = EFFECTS,
) -> dict[str, Counts]:
    """Counts by effect, from exposures and `dropped` of shape (replicates, patients) and `active` of shape (patients,)
    or (replicates, patients); `reference` has shape (patients,), or (replicates, patients) where each replicate has
    its own. Replicates are numbered from `first`, so shards of a trial give what the whole gives.

    StudyError for shapes that disagree, and as `link.through`.
    """
    replicates = _checked(exposures, active, dropped, reference)
    found: dict[str, list[Whole]] = {effect: [] for effect in effects}
    for k in range(replicates):
        keyed = Keyed(seed, first + k)
        curve = anchored(link, outcome, reference[k] if reference.ndim == 2 else reference, keyed, assumed)
        arm = active[k] if active.ndim == 2 else active
        for effect, scale in effects.items():
            responding = responses(curve, exposures[k], keyed, scale, assumed)
            found[effect].append(counted(responding, exposures[k], arm, dropped[k]))
    return {effect: Counts(*np.stack(counts, axis=1)) for effect, counts in found.items()}


def power(outcome: str, effect: str, counts: Counts, alpha: float = 0.05) -> tuple[Power, ...]:
    """One row a denominator and test; StudyError when alpha is not inside (0, 1)."""
    if not 0 < alpha < 1:
        raise StudyError(f"alpha is a chance above 0 and below 1, not {alpha:g}")
    rows = []
    for per in PER:
        found = _p_values(counts, per)
        n = np.maximum(counts.among(per), 1)
        worse = counts.responders[:, 0] * n[:, 1] < counts.responders[:, 1] * n[:, 0]
        for test, p in zip(LABELS, found.T, strict=True):
            hits, wrong = int((p < alpha).sum()), int(((p < alpha) & worse).sum())
            share, total = hits / len(p), len(p)
            error = monte_carlo_error(hits, total)
            rows.append(Power(outcome, effect, per, test, share, error, wrong / total, total, alpha))
    return tuple(rows)


def monte_carlo_error(hits: int, replicates: int) -> float:
    """The standard error of a share of replicates, of (hits + 1/2)/(replicates + 1), so it is not 0 at none or all."""
    share = (hits + 0.5) / (replicates + 1)
    return math.sqrt(share * (1 - share) / replicates)


def power_table(rows: Sequence[Power]) -> Table:
    """Every row as a table."""
    return Table(tuple((name, [getattr(row, name) for row in rows]) for name in _COLUMNS))


def power_text(rows: Sequence[Power], labels: Mapping[str, str], link: Link, assumed: Assumed = DEFAULT) -> str:
    """The rows for a report, one line an outcome, effect and denominator; `labels` are those of the outcomes."""
    if not rows:
        return ""
    lines: dict[tuple[str, str, str], dict[str, Power]] = {}
    for row in rows:
        lines.setdefault((row.outcome, row.effect, row.per), {})[row.test] = row
    head = ["outcome", "effect", "per", *LABELS.values()]
    body = [
        [labels.get(outcome, outcome), effect, per, *(f"{100 * tests[t].share:.1f}" for t in LABELS)]
        for (outcome, effect, per), tests in lines.items()
    ]
    worst = 100 * max(row.standard_error for row in rows)
    title = f"Replicates in % with two-sided p < {rows[0].alpha:g} (power; size of the test where the effect is none)"
    said = (
        f"{rows[0].replicates} replicates, Monte-Carlo standard error up to {worst:.1f} %.",
        "Power is the average over the rates drawn, not the power at the rates observed.",
        f"Link {link.name}, assumed: {link.label}.",
        assumed.sentence,
        f"Caution: {CAUTION}.",
    )
    return f"{title}\n{aligned([head, *body])}\n\n" + "\n".join(said)


def _p_values(counts: Counts, per: str) -> Vector:
    """Every test's p of each replicate, shape (replicates, tests)."""
    n = counts.among(per)
    tables = np.stack([counts.responders[:, 0], n[:, 0], counts.responders[:, 1], n[:, 1]], axis=1)
    return np.array([tests_of(*row).values for row in tables.tolist()])


def _checked(exposures: Vector, active: Flags, dropped: Flags, reference: Vector) -> int:
    shape = exposures.shape
    fits = exposures.ndim == 2 and shape[0] > 0 and dropped.shape == shape and active.shape in (shape, shape[1:])
    if not fits or active.dtype != bool or dropped.dtype != bool:
        raise StudyError(
            f"exposures and dropped have one shape (replicates, patients), and active its last or both, not {shape}, "
            f"{dropped.shape} and {active.shape}, the latter two of true and false"
        )
    if reference.ndim not in (1, 2) or (reference.ndim == 2 and len(reference) != shape[0]):
        raise StudyError(f"the reference has a row a replicate, or only one, not the shape {reference.shape}")
    return int(shape[0])
