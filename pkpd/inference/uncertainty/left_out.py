"""How well the rows of each study are predicted by a fit to all the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import PkpdError
from ...studies.observation import Observations
from ..fitted import Fitted
from ..objective import objective
from ..rows.predictor import Unsolved
from ..search.minimise import minimise
from ..search.parallel import Watch, each


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One study and the fit without it. `squares` sums the errors of its `rows` with a value, on the scale of the fit:
    log of a number, logit of a percentage. Of its `bounded` rows the prediction met `met`. `reason` says why there is
    no prediction, or why it is not to be trusted.
    """

    study: str
    rows: int
    squares: float
    bounded: int
    met: int
    reason: str = ""

    @property
    def rms(self) -> float | None:
        """Root of the mean squared error of rows with a value; None where there are none, or no prediction."""
        return rms([self])


def rms(results: Sequence[LeftOut]) -> float | None:
    """The same over several studies, each row counting once."""
    usable = [r for r in results if r.rows and np.isfinite(r.squares)]
    rows = sum(r.rows for r in usable)
    return float(np.sqrt(sum(r.squares for r in usable) / rows)) if rows else None


def left_out(
    fitted: Fitted, threads: int | None = None, progress: Callable[[int, int], None] | None = None
) -> tuple[LeftOut, ...]:
    """Every study predicted by a fit without it, from the fitted values on; empty where there is only one study.

    Priors stay, so that a parameter which one study alone informs falls back on them. Ctrl-C keeps the studies that
    finished. `progress(done, all)` is called in the calling thread.
    """
    studies = fitted.objective.observations.studies
    if len(studies) < 2:
        return ()
    found = each(lambda study, watch: _without(fitted, study, watch), studies, threads, progress)
    return tuple(one for one in found if one is not None)


def _without(fitted: Fitted, study: str, watch: Watch) -> LeftOut:
    """The fit without a study, and its errors in that study's rows."""
    known, whole = fitted.objective.likelihood, fitted.objective.observations
    own = np.array([row.study == study for row in whole.rows])
    equal, bounded = known.equal[own[known.equal]], np.flatnonzero(own[known.bounded])
    others = tuple(row for row in whole.rows if row.study != study)
    rest = Observations(others, whole.courses, whole.count_scale, whole.origin)
    try:
        target = objective(
            rest, fitted.model, fitted.base, fitted.coordinates, fitted.noise, fitted.objective.predictor.tolerances
        )
        found = minimise(target.problem, fitted.x, watch=watch)
        links = fitted.objective.predictor.one(fitted.coordinates.to_values(found.x))
    except (PkpdError, Unsolved) as error:
        return LeftOut(study, len(equal), np.nan, len(bounded), 0, str(error))
    away = known.observed - links
    met = known.sign[bounded] * away[known.bounded[bounded]] < 0
    reason = "" if found.converged else f"the fit without it did not converge ({found.message})"
    return LeftOut(study, len(equal), float((away[equal] ** 2).sum()), len(bounded), int(met.sum()), reason)
