"""What the clinical link is not, and the refusal to rank by it unless a link is assumed by name."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import StudyError
from ...studies.outcomes import Outcome
from .link import LINKS, link_of

LINKED = "linked"  # sort of a quantity that is an outcome through an assumed link

CAUTION = "restates the index trial's result; not evidence that Treg exposure causes response"
ASSUMES = "one trial of one regimen cannot show how response follows exposure, so to rank by it is to assume it"
BEYOND = "away from the exposures of the trial's own regimen the curve is assumed, not observed"


def small_print(quantities: Sequence[object]) -> str:
    """What a figure says of those quantities that come through an assumed link, by name; empty where none does."""
    names = [str(getattr(q, "name", "")) for q in quantities if getattr(q, "sort", "") == LINKED]
    return f"{', '.join(names)}, by an assumed link: {CAUTION}; {BEYOND}." if names else ""


def check_assumed(names: Sequence[str], assume_link: str, outcomes: Sequence[Outcome]) -> None:
    """Refuse outcomes among the `names` of goals or quantities, unless `assume_link` names a link; StudyError says why.
    An outcome that is not linked is refused in any case, and so is a link that is unknown.
    """
    if assume_link:
        link_of(assume_link)
    known = {outcome.name: outcome for outcome in outcomes}
    for name in names:
        outcome = known.get(name.strip())
        if outcome is None:
            continue
        if not outcome.linked:
            raise StudyError(
                f"{outcome.name} ({outcome.label}) is a plain rate of one trial, with no link to the model, and cannot "
                "rank regimens"
            )
        if not assume_link:
            raise StudyError(
                f"{outcome.name} ({outcome.label}) is no goal or comparison of its own: {ASSUMES}; to do so, add "
                f"--assume-link with one of {', '.join(LINKS)}"
            )
