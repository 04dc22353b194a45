"""The fit: rows of studies in, fitted parameters out, by lmfit from several starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..engine.code.library import outline_of
from ..engine.functions import Vector
from ..engine.tolerances import DEFAULT, Tolerances
from ..errors import InferenceError
from ..parameters import Parameters, load_parameters
from ..studies.events import EventReading
from ..studies.library import check_against, load_observations
from ..studies.observation import ROLES, Observations
from .coordinates import coordinates
from .fitted import Fitted
from .objective import Objective, objective
from .rows.noise import Noise
from .search.multistart import Budget, Progress, Search, multistart, starts

if TYPE_CHECKING:
    from ..model.declaration import Model


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How to search: `starts` from `seed`, by which lmfit method, within what budget, on how many threads."""

    starts: int = 8
    seed: int = 1
    method: str = "least_squares"
    budget: Budget = Budget()  # noqa: RUF009  a frozen value
    threads: int | None = None
    progress: Callable[[Progress], None] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.budget, Budget):
            raise InferenceError(f"budget is a pkpd.Budget(evaluations=..., seconds=...), not {self.budget!r:.40}")
        for name, least in (("starts", 1), ("seed", 0), ("threads", 1)):
            value = getattr(self, name)
            if not (type(value) is int and value >= least) and not (name == "threads" and value is None):
                raise InferenceError(f"{name} is a whole number from {least}, not {value!r:.40}")


def fit(
    studies: Sequence[str | Path] | Observations,
    model: Model | str = "il2",
    parameters: Parameters | str | Path | None = None,
    vary: Sequence[str] | str = (),
    *,
    noise: Noise = Noise(),  # noqa: B008  a frozen value
    priors: bool = True,
    roles: Sequence[str] | str = ("fit",),
    settings: FitSettings = FitSettings(),
    tolerances: Tolerances = DEFAULT,
    events: EventReading | None = None,
) -> Fitted:
    """Fit the parameters named in `vary` to the rows of all studies at once.

    `studies` are names, study files or cohort tables; their rows of the given `roles` are used. `parameters` hold the
    starting values, bounds and priors (a set, its name or file; by default the model's own); with `priors` the fit is
    a maximum a posteriori, else of maximum likelihood within the bounds. `events` says how to read event tables among
    the files, by default for this model. Errors and what rows share are as in `noise`.
    Values are searched as logs where the lower bound is above 0. Raises PkpdError; a search that is stopped keeps its
    best point.
    """
    vary, roles = _listed(vary), _listed(roles)
    if isinstance(parameters, str | Path):
        parameters = load_parameters(parameters)
    observations, data = gathered(studies, events or EventReading(model))
    used = of_roles(observations, roles)
    warnings = check_against(used, outline_of(model))
    base = parameters_of(model, parameters)
    target = objective(used, model, base, coordinates(base, vary, priors=priors), noise, tolerances)
    search = searched(target, settings)
    kept = {id(row) for row in used.rows}
    left_out = tuple(
        replace(r, reason=r.reason or "no value is given")
        for r in observations.rows
        if r.role in roles and id(r) not in kept
    )
    return Fitted(
        model, base, target, noise, priors, search, search.best.x, data, left_out, tuple(warnings), settings.seed
    )


def _listed(names: Sequence[str] | str) -> Sequence[str]:
    """Names as a list; one text holds one, or several with commas."""
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else names


def gathered(
    studies: Sequence[str | Path] | Observations, events: EventReading | None = None
) -> tuple[Observations, tuple[str, ...]]:
    """The observations, and what they are called."""
    if isinstance(studies, Observations):
        return studies, (studies.origin or ", ".join(studies.studies),)
    listed = [studies] if isinstance(studies, str | Path) else studies
    if not isinstance(listed, Sequence) or not all(isinstance(one, str | Path) for one in listed):
        raise InferenceError(f"studies are names, study files or observation files, not {studies!r:.40}")
    if not listed:
        raise InferenceError("no study was named; give studies or observation files")
    return load_observations(*listed, events=events), tuple(
        Path(s).stem if Path(s).suffix == ".toml" else Path(s).name for s in listed
    )


def of_roles(observations: Observations, roles: Sequence[str]) -> Observations:
    """The usable rows of these roles; InferenceError where there are none."""
    for role in roles:
        if role not in ROLES:
            raise InferenceError(f"there is no role '{role}' of rows; there are {', '.join(ROLES)}")
    used = observations.only(*roles)
    if not used.rows:
        raise InferenceError(
            f"{observations.origin or 'the data'}: none of {len(observations.rows)} rows has the role "
            f"{' or '.join(roles)}, a regimen and a number"
        )
    return used


def parameters_of(model: Model | str, parameters: Parameters | None) -> Parameters:
    """The whole set: what was given, completed from the model's own."""
    own = outline_of(model).defaults
    return own if parameters is None else parameters.over(own)


def searched(target: Objective, settings: FitSettings) -> Search:
    """The search from the values as they stand and from others spread over the bounds."""
    problem, first = target.problem, target.coordinates.start
    if obstacle := target.obstacle(first):
        raise InferenceError(f"the model cannot be simulated at the starting values: {obstacle}")
    begin = starts(problem, first, settings.starts, settings.seed, lambda x: not target.obstacle(x))
    return multistart(
        problem,
        begin,
        method=settings.method,
        budget=settings.budget,
        threads=settings.threads,
        progress=settings.progress,
    )


def refit(fitted: Fitted, observations: Observations, noise: Noise | None = None) -> tuple[Vector, bool]:
    """The best x for other rows, from the fitted one: for rows left out, drawn anew, or under another noise."""
    tolerances, own = fitted.objective.predictor.tolerances, fitted.coordinates
    target = objective(observations, fitted.model, fitted.base, own, noise or fitted.noise, tolerances)
    found = multistart(target.problem, [np.array(fitted.x)], threads=1).best
    return found.x, found.converged
