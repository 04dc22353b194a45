"""Whether indices can be trusted: orders that are not certain, indices that cannot be, samples that would tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .indices import Indices

MATTERS = 0.05  # total index (of Morris: share of the largest mu*) below which an order is of no interest
WIDE, AIM = 0.1, 0.05  # half width of a total index that tells little, and one that tells enough
HEAVY = 0.2  # share of the variance that one run makes
FEW = 64  # blocks of Sobol below which the bootstrap itself is not to be relied on
NEVER = 2**20  # samples that nobody takes
UNSETTLED = f"no sensible number of samples (more than {NEVER}) would settle this"


@dataclass(frozen=True, slots=True)
class Trust:
    """`apart` says of each name whether its index is certainly above that of the next in rank: "yes", "no", or "" where
    there is no next one that matters. `needed` is the number of samples that would settle what is open: 0 where nothing
    is, -1 where no sensible number would. `doubts` are sentences without their full stops.
    """

    apart: tuple[str, ...]
    needed: int
    doubts: tuple[str, ...]


def trust_of(found: Indices) -> Trust:
    """What to doubt of some indices."""
    if found.still:
        said = "it does not move with what is varied, so it has no indices"
        return Trust(("",) * len(found.names), 0, (said,))
    large = _neighbours(found)
    close = {pair: _told_by(found, *pair) for pair in large if not _apart(found, *pair)}
    alike = [pair for pair, wanted in close.items() if wanted > NEVER]
    open_ = [pair for pair in close if pair not in alike]
    doubts, wanted = [], [close[pair] for pair in open_]
    if open_:
        doubts.append(f"the order {_shown(found, open_)} is not certain: the difference lies within its 95 % error")
    if found.method == "sobol":
        wanted += _wide(found, doubts)
    needed = _rounded(found, max(wanted, default=0.0))
    if needed:
        doubts.append(f"about {needed} samples would settle this" if needed > 0 else UNSETTLED)
    if alike:
        doubts.append(f"{_shown(found, alike)}: too alike for an order, or too uncertain for any number of samples")
    if found.method == "sobol":
        doubts += _impossible(found) + _heavy(found)
    ranks = {j: "no" if (j, k) in close else "yes" for j, k in large}
    apart = tuple(ranks.get(k, "") for k in range(len(found.names)))
    return Trust(apart, needed or -bool(alike), tuple(doubts + _left_out(found)))


def _neighbours(found: Indices) -> list[tuple[int, int]]:
    """Neighbours in rank of which the lower is large enough to matter."""
    least = MATTERS * (1.0 if found.method == "sobol" else float(found.main.max()))
    return [(j, k) for j, k in pairwise(found.order) if found.main[k] >= least]


def _apart(found: Indices, j: int, k: int) -> bool:
    """Whether the difference of two indices lies beyond its error."""
    return bool(found.main[j] - found.main[k] > math.hypot(found.main_errors[j], found.main_errors[k]))


def _shown(found: Indices, pairs: Sequence[tuple[int, int]]) -> str:
    shown = ", ".join(f"{found.names[j]} before {found.names[k]}" for j, k in pairs[:4])
    return shown + (f" and {len(pairs) - 4} more" if len(pairs) > 4 else "")


def _told_by(found: Indices, j: int, k: int) -> float:
    """Samples with which the difference of two indices would lie beyond its error, which falls as their root."""
    gap = float(found.main[j] - found.main[k])
    error = math.hypot(found.main_errors[j], found.main_errors[k])
    return math.inf if gap <= 0 else found.used * (error / gap) ** 2


def _wide(found: Indices, doubts: list[str]) -> list[float]:
    """Samples for narrow intervals, where the widest is too wide."""
    widest = max(range(len(found.names)), key=lambda k: found.main_errors[k])
    error = float(found.main_errors[widest])
    if error <= WIDE:
        return []
    doubts.append(f"the 95 % interval of the total index of {found.names[widest]} is as wide as +/-{error:.2g}")
    return [found.used * (error / AIM) ** 2]


def _impossible(found: Indices) -> list[str]:
    """Sentences of indices that no function has: the estimate is then not to be trusted."""
    said, (first, total), (error, other) = [], found.values, found.errors
    if found.sum_first > 1 + found.sum_error:
        said.append(f"the first-order indices add up to {found.sum_first:.3g} +/-{found.sum_error:.2g}, above 1")
    below = [n for n, v, e in zip(found.names, first, error, strict=True) if v < -e]
    if below:
        said.append(f"the first-order index of {', '.join(below)} is below 0 by more than its error")
    columns = zip(found.names, first, total, error, other, strict=True)
    crossed = [n for n, f, t, e, o in columns if f - t > math.hypot(e, o)]
    if crossed:
        said.append(f"the first-order index of {', '.join(crossed)} is above its total by more than their error")
    if said:
        said.append("such indices cannot be trusted with so few samples")
    return said


def _heavy(found: Indices) -> list[str]:
    """Where single runs make the variance, which then tells of them alone."""
    if found.heaviest <= HEAVY:
        return []
    return [
        f"one run alone makes {100 * found.heaviest:.0f} % of the variance, which the indices share out; morris, or "
        "another quantity, is the better guide"
    ]


def _left_out(found: Indices) -> list[str]:
    said = []
    if found.dropped:
        whole = found.used + found.dropped
        what = "trajectories" if found.method == "morris" else "base samples"
        said.append(
            f"{found.dropped} of {whole} {what} hold a run without a number and are left out, so that part of the "
            "ranges is not seen"
        )
    if found.method == "sobol" and found.used < FEW:
        said.append(f"errors from {found.used} base samples are rough themselves; take {FEW} or more")
    return said


def _rounded(found: Indices, wanted: float) -> int:
    """The next number of samples of the method; 0 where the present number does, -1 beyond all sense."""
    if wanted <= 0:
        return 0
    if not wanted < NEVER:
        return -1
    # what was dropped will be dropped again
    share, now = found.used / (found.used + found.dropped), found.used + found.dropped
    if found.method == "sobol":
        more = int(2 ** max(math.ceil(math.log2(wanted / share)), math.log2(now) + 1))
    else:
        more = max(math.ceil(wanted / share / 10) * 10, now + 1)
    return more if more <= NEVER else -1
