"""What draws leave out: parameters that they do not vary, and bounds beyond which they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...parameters import Parameters

if TYPE_CHECKING:
    from .draws import Draws

CLOSE = 1e-6  # share of a bound by which the nine digits of a file may miss it


def unvaried(names: Sequence[str], parameters: Parameters) -> tuple[str, ...]:
    """Parameters with a prior, so not known for certain, that are not among the names drawn."""
    return tuple(t.name for t in parameters.tables if t.prior is not None and t.name not in names)


def narrow(draws: Draws, parameters: Parameters) -> str:
    """A sentence where draws vary fewer parameters than have a prior; empty where they vary all of them."""
    rest = unvaried(draws.names, parameters)
    if not rest:
        return ""
    told = f"vary only {', '.join(draws.names)}; all else is held"
    if len(rest) < len(draws.names):
        told = f"do not vary {', '.join(rest)}"
    return f"the draws of {draws.origin} {told}, so bands and intervals hold only the uncertainty of what is varied"


def outside(draws: Draws, parameters: Parameters) -> str:
    """A sentence where draws lie outside the bounds of a set; empty where all lie inside. ParameterError as
    `Draws.in_units_of`.
    """
    values = draws.in_units_of(parameters)
    low, high = np.array([parameters[name].bounds for name in draws.names]).T
    beyond = (values < low - CLOSE * np.abs(low)) | (values > high + CLOSE * np.abs(high))
    count, whole = int(beyond.any(axis=1).sum()), len(values)
    if not count:
        return ""
    names = [name for name, some in zip(draws.names, beyond.any(axis=0), strict=True) if some]
    rows = f"{count} of {whole} draws lie" if count != 1 else f"1 of {whole} draws lies"
    first = draws.place(int(beyond.any(axis=1).argmax()))
    return f"{rows} outside the bounds of {', '.join(names)} (the first: {first}); they are used as they are"
