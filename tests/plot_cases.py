"""Simulations that the tests of figures draw: two blocks with missed and moved doses, and placebo."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from pkpd.output.trajectory import Trajectory
from pkpd.simulation import simulate

SCHEDULE = "1 MIU every 2d x4, miss 2, move 3 by 12h, rest 20d, repeat 2"
GIVEN, MISSED = [0, 4.5, 6, 28, 32.5, 34], [2, 30]
VISITS = (0, 7, 28, 42)


def arms(model: str = "il2", schedule: str = SCHEDULE) -> list[Trajectory]:
    return [
        simulate(plan, model, days=42, step="12h", arm=arm)
        for plan, arm in ((schedule, "treated"), ("none", "placebo"))
    ]


def panels(figure: Figure | SubFigure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.axison]
