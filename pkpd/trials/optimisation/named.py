"""What a name means in a goal or a limit: a quantity of the model, or a clinical outcome by a link assumed by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from ...quantities import Quantity, quantity
from ...studies.study import load_study
from ..clinical.caution import BEYOND, CAUTION, check_assumed
from ..clinical.quantity import LinkedQuantity, linked_quantity, typical_exposure
from ..run import Options

INDEX_TRIAL = "he2020"  # the trial whose outcomes the links restate


def namer(outputs: Sequence[str], assume_link: str, options: Options) -> Callable[[str], Quantity]:
    """What reads a name, for a model with these outputs; StudyError for an unknown link, and for a clinical outcome
    without one.
    """
    study = load_study(INDEX_TRIAL)
    clinical = {outcome.name for outcome in study.outcomes}
    check_assumed([], assume_link, study.outcomes)

    def named(text: str) -> Quantity:
        if text not in clinical:
            return quantity(text, outputs)
        check_assumed([text], assume_link, study.outcomes)
        exposure = typical_exposure(text, assume_link, study, options)
        # it answers to everything that is asked of a quantity here
        return cast(Quantity, linked_quantity(text, assume_link, study, exposure))

    return named


def cautions(quantities: Sequence[Quantity]) -> dict[str, str]:
    """By name, what to know of each quantity that comes through an assumed link."""
    return {
        q.name: f"{q.label}; {CAUTION}; {BEYOND}" for q in quantities if isinstance(cast(object, q), LinkedQuantity)
    }
