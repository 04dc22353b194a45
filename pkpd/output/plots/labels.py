"""The words in figures: names and units of outputs, titles, legends, small print."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..trajectory import Trajectory
from .style import INK, QUIET, SHADE, looks, plain
from .timeline import breaks, dose_times, shared_breaks, triangles

NO_DATA = "no data behind it"  # of an output that rests on assumed values only
LETTER = 4.6  # mean width of a letter in points, at the size of the legend
NAMES = {
    "il2": "IL-2",
    "treg": "Treg",
    "treg_percent_cd4": "Treg, percent of CD4 T cells",
    "nk": "NK cells",
    "nk_percent_lymphocytes": "NK, percent of lymphocytes",
    "cd56bright": "CD56bright NK",
    "cd56dim": "CD56dim NK",
}


def name_of(output: str) -> str:
    """What an output is called in print: `Treg` for `treg` and `treg_fold`, else its own name."""
    return NAMES.get(output.removesuffix("_fold"), output)


def pretty(unit: str) -> str:
    """A unit as it is printed: `cells/µL`, `MIU/m²`, and `no unit` for a plain number."""
    return "no unit" if unit == "1" else unit.replace("uL", "µL").replace("m2", "m²").replace("m3", "m³")


def unit_label(trajectories: Sequence[Trajectory], output: str) -> str:
    """Name and unit of an output, for its axis."""
    unit = next(t.unit(output) for t in trajectories if output in t.outputs)
    if output.endswith("_fold"):
        return f"{name_of(output).removesuffix('_fold')} (fold of baseline)"
    return f"{name_of(output)} ({pretty(unit)})"


def head(axes: Axes) -> None:
    """Move the name of an output from its axis to the head of the panel, and leave the unit there."""
    name, _, unit = axes.get_ylabel().rpartition(" (")
    axes.set_title(name)
    axes.set_ylabel(unit.removesuffix(")"))


def meaning(trajectories: Sequence[Trajectory], output: str) -> str:
    """What an output means, from its model, on one or two lines; its name where the model does not say."""
    found = (o.meaning for t in trajectories for o in t.bound.model.outputs if o.name == output)
    text = plain(next(found, "") or output)
    return text[0].upper() + text[1:]


def draw_legend(
    figure: Figure, title: str, trajectories: Sequence[Trajectory], extra: Sequence[Artist] = (), *, lines: bool = True
) -> None:
    """Title and legend above all axes: the arms' `lines` and the dose marks, `extra` handles, missed doses, breaks."""
    handles: list[Artist] = []
    if lines:
        handles += [Line2D([], [], color=a.colour, linestyle=a.dash, label=a.label) for a in looks(trajectories)]
    handles += extra
    if lines and any(dose_times(t).size for t in trajectories):
        handles.append(triangles([], [], INK))
    if any(dose_times(t, missed=True).size for t in trajectories):
        handles.append(triangles([], [], INK, missed=True))
    if any(breaks(t.doses) for t in trajectories) if not lines else shared_breaks(trajectories):
        handles.append(Patch(color=SHADE, linewidth=0, label="break between blocks"))
    widths = [max(len(line) for line in str(h.get_label()).splitlines()) * LETTER + 38 for h in handles]
    columns = _columns(widths, figure.get_figwidth() * 72 - 20)
    title_legend(figure, handles, title, columns, int(figure.get_figwidth() * 72 / (1.45 * LETTER)))


def title_legend(
    figure: Figure, handles: Sequence[Artist], title: str, columns: int, width: int, handlelength: float = 2.6
) -> None:
    """The legend above all axes, with the title of the figure in lines of at most `width` characters."""
    figure.legend(
        handles=list(handles),
        title=plain(title, width),
        title_fontproperties={"size": 10.5, "weight": "bold"},
        alignment="left",
        loc="outside upper left",
        ncols=columns,
        columnspacing=1.6,
        handlelength=handlelength,
        borderpad=0.2,
    )


def _columns(widths: Sequence[float], room: float) -> int:
    """Columns of a legend, filled one after the other, in the fewest rows that fit into a room in points."""
    for rows in range(1, len(widths) + 1):
        if sum(max(widths[k : k + rows]) for k in range(0, len(widths), rows)) <= room:
            return -(-len(widths) // rows)
    return 1


def draw_footnote(figure: Figure, *sentences: str) -> None:
    """Small print below all axes."""
    text = textwrap.fill(" ".join(s for s in sentences if s), int(figure.get_figwidth() * 72 / 3.9))
    if text:
        figure.supxlabel(text, x=0.012, ha="left", fontsize=7, color=QUIET)
