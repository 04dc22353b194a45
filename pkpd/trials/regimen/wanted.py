"""What a comparison tells of each regimen unless more is asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...errors import SimulationError
from ...quantities import Quantity, quantity

# Names, each left out where the model lacks the output; {target} is the level of the Treg fold to stay above.
USUAL = (
    "treg_peak_fold",
    "treg_trough_fold",
    "treg_mean_fold",
    "treg_auc_fold",
    "treg_gain",
    "treg_fold_above_{target}",
    "nk_peak_fold",
    "cd56bright_peak_fold",
    "eosinophils_peak_fold",
    "selectivity",
    "il2_given",
    "injections",
)
NEEDED = {"selectivity": ("treg_fold", "nk_fold"), "il2_given": (), "injections": ()}


def wanted(outputs: Sequence[str], target: float = 2.0, more: Sequence[str] = ()) -> tuple[Quantity, ...]:
    """The usual quantities of a model with these outputs, and `more` by name; peak, mean and area of the first output
    where the model has none of the usual ones. SimulationError for an unknown name or an unusable target.
    """
    if not (math.isfinite(target) and 0 < target < 1e6):
        raise SimulationError(f"the target is a Treg fold above 0, such as 2, not {target:g}")
    # as a name writes numbers, without an exponent
    level = f"{target:.6f}".rstrip("0").rstrip(".")
    own = [name.format(target=level) for name in USUAL if set(_outputs(name)) <= set(outputs)]
    if all(name in NEEDED for name in own):
        own = [f"{outputs[0]}_{word}" for word in ("peak", "mean", "auc")] + own
    return tuple(quantity(name, outputs) for name in dict.fromkeys((*own, *(text.strip() for text in more))))


def _outputs(name: str) -> tuple[str, ...]:
    return NEEDED[name] if name in NEEDED else (f"{name.split('_')[0]}_fold",)
