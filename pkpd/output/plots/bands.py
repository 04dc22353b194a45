"""The 90 % range behind a line: a pale area in the colour of its arm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from ..trajectory import Trajectory
from .style import INK, Look, Vector, those_with

if TYPE_CHECKING:
    from ...inference.uncertainty.bands import Band

SEE_THROUGH = 0.18  # so that the areas of two arms can both be seen where they overlap
MOST_NAMED = 3  # parameters that a legend has room for


def banded(
    trajectories: Sequence[Trajectory], bands: Sequence[Band], output: str
) -> Iterator[tuple[Trajectory, Look, Band | None]]:
    """Each arm that has the output, with its look and its band; `bands` are as many as arms, or none."""
    own = {id(t): band for t, band in zip(trajectories, bands, strict=True)} if bands else {}
    return ((t, look, own.get(id(t))) for t, look in those_with(trajectories, output))


def draw_band(
    axes: Axes, trajectory: Trajectory, look: Look, band: Band | None, output: str, *, log: bool = False
) -> Vector:
    """Shade the range at all rows in order of time, and return its ends, shape (2, rows); (2, 0) without a band."""
    if band is None:
        return np.zeros((2, 0))
    order = np.argsort(trajectory.times, kind="stable")
    return draw_range(axes, trajectory.times[order], band[output][::2, order], look, log=log)


def draw_range(axes: Axes, days: Vector, ends: Vector, look: Look, *, log: bool = False) -> Vector:
    """Shade between two lines, shape (2, days), and return them; on a log axis nothing lies at or below 0."""
    shown = np.maximum(ends, 1e-12 * float(ends.max(initial=1e-300))) if log else ends
    area: dict[str, Any] = {"color": look.colour, "alpha": SEE_THROUGH, "linewidth": 0, "zorder": 1.5}
    axes.fill_between(days, *shown, label=f"{look.label}, 90 % range", **area)
    return shown


def band_handle(bands: Sequence[Band]) -> list[Patch]:
    """The legend entry of the areas, where there are any; it says when draws leave uncertain parameters as they are."""
    if not bands:
        return []
    count, varied, rest = max(band.draws for band in bands), bands[0].varied, bands[0].unvaried
    label = f"90 % of {count} draw{'s' * (count != 1)}"
    if rest and len(varied) <= MOST_NAMED:
        label += f", which vary only\n{', '.join(varied)}"
    elif rest:
        label += f", which vary {len(varied)}\nof {len(varied) + len(rest)} uncertain parameters"
    return [Patch(color=INK, alpha=SEE_THROUGH, linewidth=0, label=label)]
