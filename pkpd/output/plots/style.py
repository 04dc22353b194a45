"""What all figures share: colours and dashes, fonts, rows and arms, and files with reproducible bytes."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from ...errors import SimulationError
from ..trajectory import Trajectory

Vector = npt.NDArray[np.float64]

Dash = Literal["-"] | tuple[float, tuple[float, ...]]

DPI = 150
SAME = 1e-9  # two times closer than this many days are one: they differ by rounding only

# Okabe and Ito's colours, without the yellow, which is too pale on paper; dashes tell the arms apart in grey print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
DASHES: tuple[Dash, ...] = (
    "-",
    (0, (5, 1.2)),
    (0, (5, 1.2, 1, 1.2)),
    (0, (1, 1)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
)
NO_DOSES: tuple[str, Dash] = ("#666666", (0, (2, 1.2)))
INK, QUIET, SHADE = "#333333", "#555555", "#E9E9E9"

_SETTINGS: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 8,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "text.parse_math": False,  # an arm may be called "$5 arm"
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "svg.hashsalt": "pkpd",
    "pdf.fonttype": 42,
}
# None leaves out what would differ between two writings or two versions.
_METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@contextmanager
def drawing() -> Iterator[None]:
    """Our fonts and lines inside, whatever the user's settings are; outside, matplotlib is as it was."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


@drawing()
def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches, whose parts make room for each other."""
    layout = ConstrainedLayoutEngine(w_pad=0.07, h_pad=0.07, wspace=0.03, hspace=0.03)
    return Figure(figsize=(width, height), layout=layout, dpi=DPI)


@drawing()
def image(figure: Figure, form: str) -> bytes:
    """The figure as a "png", "svg" or "pdf" file, at its own size and 150 dpi; the same figure gives the same bytes.

    The first writing settles where things are, for all later ones.
    """
    if form not in _METADATA:
        raise SimulationError(f"a figure was asked for as '{form}'; it is written as {', '.join(_METADATA)}")
    file = io.BytesIO()
    with warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes, which is no reason to stop.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
            figure.draw_without_rendering()
            figure.set_layout_engine("none")  # laying out again would move things by a fraction of a pixel
        figure.savefig(file, format=form, dpi=DPI, metadata=_METADATA[form])
    return file.getvalue()


def images(figures: Mapping[str, Figure]) -> dict[str, bytes]:
    """Every figure as NAME.png and NAME.svg."""
    return {f"{name}.{form}": image(figure, form) for name, figure in figures.items() for form in ("png", "svg")}


@dataclass(frozen=True, slots=True)
class Look:
    """How the lines of one arm look, and what the legend calls it."""

    colour: str
    dash: Dash
    label: str


def looks(trajectories: Sequence[Trajectory]) -> tuple[Look, ...]:
    """One look an arm: a colour and a dash for each with doses, dashed grey for those without."""
    if not trajectories or not all(t.times.size for t in trajectories):
        raise SimulationError("a figure was asked for without a simulation to draw")
    found: list[Look] = []
    for number, t in enumerate(trajectories, 1):
        label = plain(t.arm) or ("simulated" if len(trajectories) == 1 else f"arm {number}")
        taken = sum(look.colour in COLOURS for look in found)
        if any(d.amount > 0 for d in t.doses) or len(trajectories) == 1:
            # From the seventh arm on colours return, with another dash.
            dash = DASHES[(taken + taken // len(COLOURS)) % len(DASHES)]
            found.append(Look(COLOURS[taken % len(COLOURS)], dash, label))
        else:
            found.append(Look(*NO_DOSES, label))
    return tuple(found)


def plain(text: str, width: int = 48) -> str:
    """A name as it can be drawn: without control characters, in lines of at most `width`."""
    return textwrap.fill("".join(c if c.isprintable() else " " for c in text).strip(), width)


def curve(trajectory: Trajectory, output: str) -> tuple[Vector, Vector]:
    """Days in order, and the output at them in its own unit."""
    order = np.argsort(trajectory.times, kind="stable")
    return trajectory.times[order], trajectory[output][order]


def span(trajectories: Sequence[Trajectory]) -> tuple[float, float]:
    """First and last day simulated; one day where there is one time only."""
    start = min(float(t.times.min()) for t in trajectories)
    end = max(float(t.times.max()) for t in trajectories)
    return start, end if end > start else start + 1


def those_with(trajectories: Sequence[Trajectory], output: str) -> tuple[tuple[Trajectory, Look], ...]:
    """Each arm that has the output, with its look; SimulationError when none has, or when units differ."""
    arms = zip(trajectories, looks(trajectories), strict=True)
    found = tuple((t, look) for t, look in arms if output in t.outputs)
    units = {t.unit(output) for t, _ in found or [(trajectories[0], None)]}
    if len(units) > 1:
        raise SimulationError(f"output '{output}' is in {' and in '.join(sorted(units))}, which cannot share an axis")
    return found
