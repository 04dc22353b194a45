"""Draws of the posterior by ensembles of walkers, and whether they have converged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine.functions import Vector
from ...errors import InferenceError
from ..fitted import Fitted
from ..objective import Objective
from .cloud import random_of, scattered, wide_cloud
from .draws import Draws

CLOSE, ENOUGH = 1.01, 400  # R-hat below, and effective draws above which chains count as converged (Vehtari 2021)
FAR = 2.0  # starts scatter this many times as widely as the fit says
FEWEST_WALKERS = 16
FEWEST_STEPS = 20  # below this, halves of chains are too short for R-hat
# R-hat of walkers that agree is about sqrt(1 + autocorrelation time / steps in half of what is kept)
LENGTH = 200
JUMPS = 0.1  # share of moves by a whole difference between two walkers, which lead from one optimum to another


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Draws after burn-in: `values` has shape (chains, draws, names), each in its unit of `units`.

    A chain is one walker, as ArviZ takes it from emcee. `r_hat` (rank-normalised) and `ess` (bulk) have shape (names,)
    and are over all walkers of all `ensembles`, each of which started from points of its own; `autocorrelation` is that
    of the slowest ensemble, in steps. `steps` counts those made, of which the first half is left out.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: Vector
    r_hat: Vector
    ess: Vector
    autocorrelation: Vector
    acceptance: float
    ensembles: int
    steps: int
    seed: int
    origin: str

    @property
    def chains(self) -> dict[str, Vector]:
        """Values by name, shape (chains, draws), as `arviz.from_dict` takes them."""
        return {name: self.values[..., k] for k, name in enumerate(self.names)}

    @property
    def converged(self) -> bool:
        """Whether every R-hat is below 1.01 and every effective number of draws above 400."""
        return bool((self.r_hat < CLOSE).all() and (self.ess > ENOUGH).all())

    @property
    def sentence(self) -> str:
        """Whether the chains have converged, with the rule and the worst numbers."""
        worst, fewest = _worst(self.r_hat), _worst(-self.ess)
        said = (
            f"R-hat reaches {self.r_hat[worst]:.3f} ({self.names[worst]}, below {CLOSE:g} is asked) and there are "
            f"at least {self.ess[fewest]:.0f} effective draws ({self.names[fewest]}, above {ENOUGH} are asked)"
        )
        if self.converged:
            return f"The chains have converged: {said}."
        more = max(2 * self.steps, LENGTH * float(np.nan_to_num(self.autocorrelation).max()))
        return f"The chains have not converged after {self.steps} steps: {said}; take at least {more:.2g} steps."

    def draws(self, count: int) -> Draws:
        """`count` of the draws, none twice, chosen at random by the seed; InferenceError where there are fewer."""
        flat = self.values.reshape(-1, len(self.names))
        if not 1 <= count <= len(flat):
            raise InferenceError(f"{count} draws cannot be taken of {len(flat)}; give 1 to {len(flat)}")
        kept = random_of(self.seed, 3).choice(len(flat), count, replace=False)
        return Draws(
            self.names,
            self.units,
            flat[kept],
            "posterior",
            self.origin,
            effective=float(self.ess.min()),
            said=self.sentence,
            doubtful=not self.converged,
        )


def posterior(
    fitted: Fitted,
    *,
    walkers: int | None = None,
    steps: int = 2000,
    chains: int = 2,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Posterior:
    """The posterior of the fitted parameters: likelihood times priors, within the bounds.

    `chains` ensembles of `walkers` (by default four for each parameter, at least 16) start apart, twice as widely as
    the fit says, and make `steps` by differential evolution, one ensemble a thread; the first half is left out.
    Densities are in the coordinates of the fit: without a prior, a parameter whose lower bound is above 0 is flat in
    its log. The result is the same for the same seed. `progress(done, steps)` is called in the calling thread. Ctrl-C
    ends it with what there is, if that is 20 steps or more. Raises InferenceError without the extra `sampling`.
    """
    emcee, rates = _tools()
    count = walkers if walkers is not None else max(FEWEST_WALKERS, 4 * len(fitted.names))
    if steps < FEWEST_STEPS or chains < 1 or seed < 0:
        raise InferenceError(
            f"{steps} steps of {chains} chains with seed {seed} cannot be sampled; give {FEWEST_STEPS} steps or more, "
            "1 chain or more, and a seed from 0"
        )
    if count < 2 * len(fitted.names):
        raise InferenceError(
            f"{count} walkers cannot span {len(fitted.names)} parameters; give {2 * len(fitted.names)} or more"
        )
    samplers, walks = [], []
    for number in range(1, chains + 1):
        sampler, begin = _ensemble(fitted, count, (seed, number), emcee)
        samplers.append(sampler)
        walks.append(sampler.sample(begin, iterations=steps, skip_initial_state_check=True))
    done = _together(walks, steps, progress)
    return _result(fitted, samplers, done, seed, rates)


def _ensemble(fitted: Fitted, walkers: int, key: tuple[int, int], emcee: Any) -> tuple[Any, Any]:
    """A sampler, and where it begins, its random numbers included."""
    begin, _ = scattered(fitted, wide_cloud(fitted, FAR), walkers, (key[0], 4, key[1]))
    # differential evolution needs a third of the steps of emcee's own stretch moves
    moves = [(emcee.moves.DEMove(), 1 - JUMPS), (emcee.moves.DEMove(gamma0=1.0), JUMPS)]
    chance = log_probability(fitted.objective)
    sampler = emcee.EnsembleSampler(walkers, len(fitted.names), chance, vectorize=True, moves=moves)
    words = np.random.SeedSequence((key[0], 5, key[1])).generate_state(8)
    return sampler, emcee.State(begin, random_state=np.random.RandomState(words).get_state())


def log_probability(target: Objective) -> Callable[[Vector], Vector]:
    """The log of likelihood and priors at x, shape (vectors, names), up to a constant; -inf outside the bounds."""
    low, high = target.coordinates.low, target.coordinates.high

    def at(x: Vector) -> Vector:
        found = np.full(len(x), -np.inf)
        within = ((low <= x) & (x <= high)).all(axis=1)
        if within.any():
            found[within] = -target.cost_many(x[within]) / 2
        return found

    return at


def _together(walks: list[Iterator[Any]], steps: int, progress: Callable[[int, int], None] | None) -> int:
    """Move all ensembles step by step; how many steps all of them made."""
    done = 0
    with ThreadPoolExecutor(len(walks)) as pool:
        try:
            while done < steps:
                moved = [pool.submit(next, walk) for walk in walks]
                for one in moved:
                    one.result()
                done += 1
                if progress is not None:
                    progress(done, steps)
        except KeyboardInterrupt:
            if done < FEWEST_STEPS:
                raise
    return done


def _result(fitted: Fitted, samplers: list[Any], done: int, seed: int, rates: Any) -> Posterior:
    """The second half of every walker's steps, and what they say of convergence."""
    c, half = fitted.coordinates, done // 2
    # emcee keeps (steps, walkers, names)
    kept = [np.asarray(s.get_chain())[half:done] for s in samplers]
    x = np.concatenate([part.swapaxes(0, 1) for part in kept])
    with np.errstate(all="ignore"):
        r_hat, ess = (
            np.array([float(measure(x[..., k], method=how)) for k in range(len(c.names))])
            for measure, how in ((rates.rhat, "rank"), (rates.ess, "bulk"))
        )
        slow = np.max([_autocorrelation(part) for part in kept], axis=0)
    return Posterior(
        c.names,
        tuple(t.unit for t in c.tables),
        c.to_values(x),
        r_hat,
        ess,
        slow,
        float(np.mean([s.acceptance_fraction for s in samplers])),
        len(samplers),
        done,
        seed,
        f"fit of {fitted.model_name} to {', '.join(fitted.data)}",
    )


def _autocorrelation(steps: Vector) -> Vector:
    """Integrated autocorrelation time in steps, of shape (steps, walkers, names)."""
    from emcee.autocorr import integrated_time

    # its own rule of length is not asked for: R-hat and effective draws decide
    return np.asarray(integrated_time(steps, tol=0, quiet=True, has_walkers=True))


def _worst(numbers: Vector) -> int:
    """Where the greatest number is; what is no number is worse."""
    return int(np.argmax(np.where(np.isnan(numbers), np.inf, numbers)))


def _tools() -> tuple[Any, Any]:
    """emcee, and the measures of convergence."""
    try:
        import emcee
        from arviz_stats.base.array import array_stats
    except ModuleNotFoundError as error:
        raise InferenceError(
            f'sampling the posterior needs {error.name}, which is not installed: pip install "pkpd[sampling]"'
        ) from None
    return emcee, array_stats
