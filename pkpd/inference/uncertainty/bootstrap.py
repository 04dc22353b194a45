"""Parametric bootstrap: the fit repeated on rows that the fitted model could have given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...engine.functions import Vector
from ...errors import InferenceError
from ..fitted import Fitted
from ..objective import FailedSolves, Objective
from ..search.minimise import minimise
from ..search.parallel import Watch, each
from .cloud import random_of
from .draws import Draws, drawn


def bootstrap_draws(
    fitted: Fitted,
    count: int = 200,
    seed: int = 1,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Draws:
    """Parameters fitted again to `count` sets of rows drawn anew, the same for the same seed.

    Rows with a value are drawn from the fitted predictions with the covariance of the fit, shared shifts included; a
    bounded row is kept as it is. A prior counts as one more observation, and its centre is drawn around the fitted
    value. Each refit starts from the fitted values; one that does not converge is left out and counted in `rejected`.
    Ctrl-C keeps those that finished. `progress(done, all)` is called in the calling thread. InferenceError where none
    converges.
    """
    if count < 1 or seed < 0:
        raise InferenceError(f"{count} refits with seed {seed} cannot be made; give 1 or more, and a seed from 0")
    links = fitted.links

    def one(number: int, watch: Watch) -> tuple[Vector, bool]:
        found = minimise(
            redrawn(fitted.objective, links, fitted.x, random_of(seed, number)).problem, fitted.x, watch=watch
        )
        return found.x, found.converged

    ended = [result for result in each(one, range(1, count + 1), threads, progress) if result is not None]
    if not ended:
        raise KeyboardInterrupt
    kept = [x for x, converged in ended if converged]
    if not kept:
        raise InferenceError(f"none of {len(ended)} refits to rows drawn anew converged; hold more parameters fixed")
    return drawn(fitted, np.array(kept), "bootstrap", len(ended) - len(kept))


def redrawn(target: Objective, links: Vector, x: Vector, random: np.random.Generator) -> Objective:
    """The objective with rows drawn around `links`, and centres of priors around `x`."""
    known, c = target.likelihood, target.coordinates
    observed = known.observed.copy()
    scatter = random.standard_normal(len(known.equal))
    observed[known.equal] = links[known.equal] + known.root @ scatter
    # NaN stays where there is no prior
    centre = np.where(np.isfinite(c.sd), x + c.sd * random.standard_normal(len(x)), c.centre)
    return replace(
        target,
        likelihood=replace(known, observed=observed),
        coordinates=replace(c, centre=centre),
        failed=FailedSolves(),
    )
