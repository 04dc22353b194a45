"""Which points of the unit cube are asked for, by SALib: Sobol's blocks or Morris's trajectories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine.functions import Vector
from ...errors import SimulationError, nearest
from ...keyed import LARGEST

METHODS = ("sobol", "morris")
USUAL = {"sobol": 256, "morris": 50}  # samples where the user names no number
FEWEST = {"sobol": 8, "morris": 4}
MOST = 1_000_000  # runs of one design
LEVELS = 4  # of the grid of Morris, as he and SALib have it


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """`points` of the unit cube, shape (runs, names): `samples` blocks of `size` rows each.

    A block of Sobol is one base sample with its rows of A, AB (one a name), with `second_order` BA (one a name), and
    B; a block of Morris is one trajectory. An index needs whole blocks.
    """

    method: str
    names: tuple[str, ...]
    samples: int
    seed: int
    second_order: bool
    points: Vector

    @property
    def size(self) -> int:
        """Rows of one block."""
        return block_size(self.method, len(self.names), self.second_order)


def design_of(
    method: str, names: Sequence[str], samples: int | None = None, seed: int = 1, second_order: bool = False
) -> Design:
    """The design of a method for some names; the same for the same seed. SimulationError for what makes none."""
    if method not in METHODS:
        hint = nearest(method, METHODS) or f"; there are {', '.join(METHODS)}"
        raise SimulationError(f"there is no method '{method[:40]}' here{hint}")
    count = USUAL[method] if samples is None else samples
    _check(method, names, count, seed, second_order)
    tools, problem = sampler(method), problem_of(names)
    own = seed_of(seed, 0)
    if method == "sobol":
        points = tools.sample(problem, count, calc_second_order=second_order, seed=own)
    else:
        points = tools.sample(problem, count, num_levels=LEVELS, optimal_trajectories=None, seed=own)
    return Design(method, tuple(names), count, seed, second_order, np.asarray(points, dtype=float))


def block_size(method: str, names: int, second_order: bool) -> int:
    """Rows of one block of a design."""
    if method == "morris":
        return names + 1
    return 2 * names + 2 if second_order else names + 2


def problem_of(names: Sequence[str]) -> dict[str, Any]:
    """The unit cube as SALib wants it."""
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def seed_of(seed: int, use: int) -> int:
    """A seed for SALib; never 0, which it takes for none."""
    return int(np.random.SeedSequence((seed, use)).generate_state(1)[0]) // 2 + 1


def sampler(method: str) -> Any:
    """SALib's module of designs; SimulationError without the extra."""
    try:
        from SALib.sample import morris, sobol
    except ImportError:
        raise SimulationError(MISSING) from None
    return {"morris": morris, "sobol": sobol}[method]


MISSING = 'Morris and Sobol indices need SALib, which is not installed; run: pip install "pkpd[sensitivity]"'


def _check(method: str, names: Sequence[str], samples: int, seed: int, second_order: bool) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= LARGEST:
        raise SimulationError(f"seed is a whole number from 0 to 2^64 - 1, not {seed!r:.40}")
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < FEWEST[method]:
        raise SimulationError(f"{method} takes {FEWEST[method]} samples or more, not {samples!r:.40}")
    if second_order and method != "sobol":
        raise SimulationError(f"second-order indices are of method sobol, not of {method}")
    if not names or (second_order and len(names) < 2):
        raise SimulationError(f"{len(names)} varied parameters are too few; name {2 if second_order else 1} or more")
    runs = samples * block_size(method, len(names), second_order)
    if runs > MOST:
        raise SimulationError(
            f"{samples} samples of {len(names)} parameters make {runs} runs, and at most {MOST} are possible; take "
            "fewer samples or parameters"
        )
    if method == "sobol" and samples & (samples - 1):
        below = 2 ** (samples.bit_length() - 1)
        close = below if samples - below <= 2 * below - samples else 2 * below
        raise SimulationError(
            f"sobol takes a power of two as its number of samples, not {samples}; the nearest is {close}"
        )
