"""How far an observed number may lie from the model: its own error, and what rows of one study or patient share.

Everything is on the scale of the link (log, or logit of a percentage), so that a shared shift of a count moves it by
the same amount everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...engine.functions import Vector
from ...errors import InferenceError
from ...studies.observation import Observation
from .sampling import Sampled, family

# Log SD of one patient's sample, from assay and day-to-day variation; assumed.
RESIDUAL = {"treg": 0.15, "nk": 0.15, "cd56bright": 0.20, "cd56dim": 0.15, "eosinophils": 0.25, "il2": 0.30}
RESIDUAL_PERCENT = 0.10
RESIDUAL_OTHER = 0.15


@dataclass(frozen=True, slots=True)
class Noise:
    """Log SDs, all assumed and all to be varied: `between_studies` of the response (0.3, also shown at 0.2 and 0.5),
    `between_assays` of IL-2 levels (0.7: sources differ about tenfold, so nine in ten lie within that),
    `between_patients` of individual rows (an `id` counts within its arm), `baseline` of a drug-free level that the rows
    themselves show or that nobody states, and `default_se` of a mean without a printed spread.
    """

    between_studies: float = 0.3
    between_assays: float = 0.7
    between_patients: float = 0.4
    baseline: float = 0.5
    default_se: float = 0.25

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if (
                not isinstance(value, int | float)
                or not (math.isfinite(value) and value >= 0)
                or (name == "default_se" and value == 0)
            ):
                raise InferenceError(f"{name} is a log SD of 0 or more, not {value!r:.40}")

    def response(self, output: str) -> float:
        """Log SD between studies of the response of an output."""
        return self.between_assays if family(output) == "il2" else self.between_studies


def standard_error(row: Observation, noise: Noise) -> tuple[float, str]:
    """The standard error of a row on its link scale, and whether it is assigned, printed, residual or default."""
    if row.log_se is not None:
        return row.log_se * _steeper(row), "assigned"
    if row.id:
        own = RESIDUAL_PERCENT if row.form == "percent" else RESIDUAL.get(family(row.output), RESIDUAL_OTHER)
        return own * _steeper(row), "residual"
    printed = _printed(row)
    if printed is not None and printed > 0:
        return printed, "printed"
    return noise.default_se * _steeper(row), "default"


def _steeper(row: Observation) -> float:
    """The logit of a percentage moves faster than its log."""
    inside = row.form == "percent" and row.value is not None and row.value < 100
    return 1 / (1 - (row.value or 0.0) / 100) if inside else 1.0


def _printed(row: Observation) -> float | None:
    """From the printed spread and n, on the link scale; None where either is missing."""
    n, kind = row.n, row.spread
    if row.value is None or not kind:
        return None
    if kind in ("SD", "SE", "log_SD") and row.spread_value is not None:
        wide = row.spread_value if kind == "log_SD" else row.spread_value * _link_slope(row)
    elif row.low is not None and row.high is not None and (ends := _ends(row)) is not None:
        # an IQR spans 1.349 SD, an interval of 95 % 3.92 SE, low and high of SD and SE two of them
        wide = (ends[1] - ends[0]) / {"IQR": 1.349, "CI95": 3.92, "SD": 2, "SE": 2}.get(kind, math.inf)
    else:
        return None
    if kind in ("SE", "CI95"):
        return wide
    if n is None:
        return None
    # the median of normal numbers scatters 1.2533 times as much as their mean
    return wide / math.sqrt(n) * (1.2533 if row.statistic == "median" or kind == "IQR" else 1.0)


def _link_slope(row: Observation) -> float:
    """How fast the link moves with the number at the row's value."""
    value = float(row.value or 0.0)
    if row.form == "percent":
        return 100 / (value * (100 - value)) if 0 < value < 100 else math.nan
    return 1 / (100 + value) if row.form == "percent_change" else 1 / value if value > 0 else math.nan


def _ends(row: Observation) -> tuple[float, float] | None:
    ends = [observed_link(row.form, v) for v in (row.low, row.high)]
    return (ends[0], ends[1]) if all(math.isfinite(e) for e in ends) else None


def observed_link(form: str, value: float | None) -> float:
    """The link of an observed number: logit of a percentage, else log; -inf and inf at the ends of the scale."""
    if value is None:
        return math.nan
    if form == "percent":
        return math.log(value / (100 - value)) if 0 < value < 100 else math.copysign(math.inf, value - 50)
    number = 1 + value / 100 if form == "percent_change" else value
    return math.log(number) if number > 0 else -math.inf


def from_link(form: str, number: float) -> float:
    """The number behind a link, in the row's own unit."""
    if form == "percent":
        return 100 / (1 + math.exp(-min(max(number, -700.0), 700.0)))
    value = math.exp(min(max(number, -700.0), 700.0))
    return 100 * (value - 1) if form == "percent_change" else value


def covariance(sampled: Sequence[Sampled], noise: Noise, count_scale: dict[str, float]) -> Vector:
    """Covariance of the rows on the link scale: own errors on the diagonal, and every shift that rows share."""
    own = np.array([standard_error(s.observation, noise)[0] for s in sampled])
    groups: dict[tuple[object, ...], dict[int, float]] = {}
    baselines = _with_baseline(sampled)
    for k, one in enumerate(sampled):
        for key, sd in _shifts(one, noise, count_scale, baselines):
            groups.setdefault(key, {})[k] = sd
    whole = np.diag(own**2)
    for members in groups.values():
        rows = np.array(list(members))
        load = np.array(list(members.values()))
        whole[np.ix_(rows, rows)] += np.outer(load, load)
    return whole


def _shifts(
    sampled: Sampled, noise: Noise, count_scale: dict[str, float], baselines: set[tuple[str, str, str, str]]
) -> Iterator[tuple[tuple[object, ...], float]]:
    """What moves a row together with others: a key for those who share it, and its SD."""
    row = sampled.observation
    response, whole = family(row.output), row.form in ("count", "percent", "ratio")
    if sampled.drug:
        yield ("study", row.study, response), noise.response(row.output)
        if row.id:
            yield ("patient", row.study, row.arm, row.id, response), noise.between_patients
        if count_scale.get(row.study, 0.0) > 0 and sampled.counted:
            yield ("counts", row.study), count_scale[row.study]
    # a level without drug is no response: where rows show it, it is learned from them, and where nobody says it, open
    if whole and (row.id or not sampled.stated or (row.study, row.arm, row.id, row.output) in baselines):
        yield ("baseline", row.study, row.arm, row.id, row.output), noise.baseline


def _with_baseline(sampled: Sequence[Sampled]) -> set[tuple[str, str, str, str]]:
    """Who has a row before any drug, of which output."""
    return {
        (r.study, r.arm, r.id, r.output)
        for s in sampled
        if not s.drug and (r := s.observation).form not in ("fold", "percent_change")
    }
