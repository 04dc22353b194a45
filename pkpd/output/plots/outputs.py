"""Any outputs of any model: one panel each, all arms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...errors import SimulationError
from ..trajectory import Trajectory
from .bands import band_handle
from .cells import CELLS, draw_cells, extent, fold_axis, footnote, visit_handle
from .il2 import draw_level
from .labels import draw_footnote, draw_legend, head, meaning
from .style import drawing, new_figure

if TYPE_CHECKING:
    from ...inference.uncertainty.bands import Band


def draw_output(
    axes: Axes,
    trajectories: Sequence[Trajectory],
    output: str,
    visits: Sequence[float] = (),
    *,
    marks: bool = True,
    bands: Sequence[Band] = (),
) -> Axes:
    """One output over time, all arms: log2 with the baseline at 1 for a fold, else linear; cells as in `draw_cells`."""
    if is_cell(output):
        return draw_cells(axes, trajectories, output, visits, marks=marks, bands=bands)
    draw_level(axes, trajectories, output, assay_limit=0.0, marks=marks, bands=bands)
    if is_fold(trajectories, output):
        fold_axis(axes, *extent(trajectories, [output], bands))
    return axes


def is_fold(trajectories: Sequence[Trajectory], output: str) -> bool:
    """Whether an output is the fold of another one, rather than one that a user's model calls so."""
    return output.endswith("_fold") and any(output.removesuffix("_fold") in t.outputs for t in trajectories)


def is_cell(output: str) -> bool:
    """Whether an output counts cells in blood: `treg`, `nk_percent_lymphocytes`."""
    return output.split("_")[0] in CELLS


def plain_outputs(trajectories: Sequence[Trajectory]) -> tuple[str, ...]:
    """Every output of the models that is not the fold of another, in the order declared."""
    names = dict.fromkeys(name for t in trajectories for name in t.outputs)
    return tuple(name for name in names if not is_fold(trajectories, name))


@drawing()
def outputs_figure(
    trajectories: Sequence[Trajectory],
    outputs: Sequence[str] = (),
    visits: Sequence[float] = (),
    bands: Sequence[Band] = (),
) -> Figure:
    """A panel for each of `outputs`, by default all that are not folds; SimulationError for a name no model has."""
    names = tuple(outputs) or plain_outputs(trajectories)
    if not names:
        raise SimulationError("a figure was asked for, but the model has no output")
    columns = 1 if len(names) == 1 else 2 if len(names) <= 4 else 3
    rows = -(-len(names) // columns)
    figure = new_figure(8.0 if columns < 3 else 10.6, 0.9 + (2.1 if rows > 1 else 2.6) * rows)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for number, (axes, name) in enumerate(zip(grid, names, strict=False)):
        draw_output(axes, trajectories, name, visits, bands=bands)
        if len(names) > 1:
            head(axes)
        if number + columns < len(names):
            axes.set_xlabel("")
            axes.tick_params(axis="x", labelbottom=False)
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    figure.align_ylabels()
    model = trajectories[0].bound.model.name
    title = f"Outputs of the model {model}" if len(names) > 1 else meaning(trajectories, names[0])
    cells = any(is_cell(name) for name in names)
    handles = [*visit_handle(trajectories, visits if cells else ()), *band_handle(bands)]
    draw_legend(figure, title, trajectories, handles)
    draw_footnote(figure, footnote(trajectories) if cells else "")
    return figure
