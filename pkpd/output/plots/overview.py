"""One page: the schedule, IL-2, and the folds of Treg and NK cells; and all figures of a run by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..trajectory import Trajectory
from .bands import band_handle
from .cells import cells_figure, cells_in, draw_cells, extent, footnote, visit_handle
from .il2 import close_up, close_up_name, draw_level, first_output, level_figure, limit_handle
from .labels import draw_footnote, draw_legend, head
from .outputs import draw_output, outputs_figure, plain_outputs
from .strip import draw_strip, moved_handle, schedule_figure
from .style import drawing, new_figure

if TYPE_CHECKING:
    from ...inference.uncertainty.bands import Band

PANELS = 6


@drawing()
def overview_figure(
    trajectories: Sequence[Trajectory],
    visits: Sequence[float] = (),
    title: str = "",
    bands: Sequence[Band] = (),
) -> Figure:
    """One landscape page for A4 or letter: schedule, `il2` (else the model's first output), cells as folds.

    Six panels at most; where a model lacks cells its other outputs take their place. `visits` are days, and
    `bands`, one an arm, are shaded.
    """
    level = first_output(trajectories)
    cells = cells_in(trajectories, fold=True)
    others = [name for name in plain_outputs(trajectories) if name != level and f"{name}_fold" not in cells]
    others = others[: PANELS - 2 - len(cells)]
    rows = 1 + -(-(len(cells) + len(others)) // 2)
    strip = 0.5 + 0.42 * len(trajectories)
    # Panels give way to many arms, so that the page stays a page, but not below 1.5 inches.
    height = max(1.5, min(1.85, (6.4 - strip) / rows)) * rows
    figure = new_figure(9.8, 0.9 + strip + height)
    top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=[strip, height])[:, 0]
    draw_strip(top.subplots(), trajectories)
    grid = bottom.add_gridspec(rows, 2)
    panels = [bottom.add_subplot(grid[k // 2, k % 2]) for k in range(2 + len(cells) + len(others))]
    _draw_levels(panels[0], panels[1], trajectories, level, bands)
    for axes, name in zip(panels[2:], cells, strict=False):
        scale = extent(trajectories, cells, bands)
        draw_cells(axes, trajectories, name, visits, marks=False, scale=scale, bands=bands)
        head(axes)
    for axes, name in zip(panels[2 + len(cells) :], others, strict=True):
        draw_output(axes, trajectories, name, visits, marks=False, bands=bands)
        head(axes)
    for axes in panels[2:-2]:
        axes.set_xlabel("")
    bottom.align_ylabels()
    handles = [*limit_handle(level), *visit_handle(trajectories, visits if cells else ()), *moved_handle(trajectories)]
    title = title or f"Simulation with the model {trajectories[0].bound.model.name}"
    draw_legend(figure, title, trajectories, [*handles, *band_handle(bands)])
    draw_footnote(figure, footnote(trajectories) if cells else "")
    return figure


def _draw_levels(
    whole: Axes, close: Axes, trajectories: Sequence[Trajectory], output: str, bands: Sequence[Band]
) -> None:
    """The whole course semi-log, and the first doses on a linear axis."""
    draw_level(whole, trajectories, output, log=True, marks=False, bands=bands)
    window = close_up(trajectories)
    draw_level(close, trajectories, output, window=window, marks=window is not None, bands=bands)
    linear = close_up_name(trajectories, window) if window else "linear scale"
    for axes, part in ((whole, "log scale"), (close, linear)):
        head(axes)
        axes.set_title(f"{axes.get_title(loc='left')}, {part}")


def figures(
    trajectories: Sequence[Trajectory],
    visits: Sequence[float] = (),
    labels: Mapping[str, str] | None = None,
    title: str = "",
    bands: Sequence[Band] = (),
) -> dict[str, Figure]:
    """All figures of a run by the name they are saved under: overview, schedule, il2, cells_count, cells_fold.

    A model without `il2` has `level` (its first output) in its place; cells are left out where no model has them, and
    `outputs` (everything the model has) is added where it has neither. `visits` are days; `labels` say what an arm is
    called in print; `bands`, one an arm, are shaded behind the lines.
    """
    trajectories = [replace(t, arm=(labels or {}).get(t.arm, t.arm)) for t in trajectories]
    level = first_output(trajectories)
    found = {"overview": overview_figure(trajectories, visits, title, bands), "schedule": schedule_figure(trajectories)}
    found["il2" if level == "il2" else "level"] = level_figure(trajectories, bands=bands)
    for name, fold in (("cells_count", False), ("cells_fold", True)):
        if cells_in(trajectories, fold):
            found[name] = cells_figure(trajectories, visits, fold=fold, bands=bands)
    if level != "il2" and "cells_count" not in found:
        found["outputs"] = outputs_figure(trajectories, visits=visits, bands=bands)
    return found
