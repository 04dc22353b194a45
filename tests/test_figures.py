"""Whole figures: every model and input, nothing clipped, and the same bytes every time."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure
from plot_cases import VISITS, arms, panels

from pkpd.errors import SimulationError
from pkpd.model.grammar import Builder, build
from pkpd.model.registry import MODELS, get_model
from pkpd.output.plots.il2 import level_figure
from pkpd.output.plots.outputs import outputs_figure
from pkpd.output.plots.overview import figures, overview_figure
from pkpd.output.plots.strip import schedule_figure
from pkpd.output.plots.style import image
from pkpd.output.trajectory import Trajectory
from pkpd.simulation import simulate

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def il2() -> list[Trajectory]:
    return arms()


def write_out(figure: Figure) -> None:
    """Lay the figure out and draw it, so that sizes are known."""
    image(figure, "png")


def test_every_axis_says_its_unit(il2: list[Trajectory]) -> None:
    units = ("pM", "cells/µL", "fold of baseline")
    for name, figure in figures(il2, VISITS).items():
        rows = {}
        for axes in panels(figure):
            assert axes.get_xlabel() in ("time (weeks)", "time (days)") or not axes.get_subplotspec().is_last_row()
            strip = [text.get_text() for text in axes.get_yticklabels()] == ["placebo", "treated"]
            assert strip == (axes.get_ylabel() == "") or name == "il2"
            rows.setdefault(axes.get_subplotspec().rowspan.start, []).append(
                strip or axes.get_ylabel().strip("()").endswith(units)
            )
        # the close-up in the figure of IL-2 shares the label to its left
        assert all(any(row) if name == "il2" else all(row) for row in rows.values())


def test_placebo_is_drawn_everywhere(il2: list[Trajectory]) -> None:
    found = figures(il2, VISITS)
    assert list(found) == ["overview", "schedule", "il2", "cells_count", "cells_fold"]
    for name, figure in found.items():
        for axes in panels(figure):
            drawn = [one.get_label() for one in axes.lines] + [x.get_text() for x in axes.get_yticklabels()]
            assert "placebo" in drawn, name


def test_nothing_is_clipped_or_covered(il2: list[Trajectory]) -> None:
    six = [replace(il2[0], arm=f"arm number {k}, " + 4 * "long name ") for k in range(6)]
    crowded = {"six arms": overview_figure(six), "six rows": schedule_figure(six)}
    for name, figure in (figures(il2, VISITS) | crowded).items():
        write_out(figure)
        page = figure.get_tightbbox()
        assert page.x0 >= 0 and page.y0 >= 0, name
        assert page.x1 <= figure.get_figwidth() and page.y1 <= figure.get_figheight(), name
        boxes = [axes.get_tightbbox() for axes in panels(figure)] + [figure.legends[0].get_window_extent()]
        boxes += [text.get_window_extent() for text in figure.texts]
        assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)], name


# --- any model, any input


def one_compartment(m: Builder) -> None:
    amount = m.state("amount", "mg", scale=1)
    m.flow("loss", m.parameter("loss_rate", "1/h", value=0.1) * amount, out_of=amount)
    m.route("oral", into=amount, unit="mg")
    m.output("concentration", amount / m.parameter("volume", "L", value=20), "mg/L", "plasma concentration")
    m.output("spent", -amount, "mg")


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_registered_model(model: str) -> None:
    found = figures(arms(model), VISITS)
    assert {"overview", "schedule", "cells_count", "cells_fold"} < set(found)
    drawn = panels(outputs_figure(arms(model)))
    folds = [output for output in get_model(model).outputs if output.name.endswith("_fold")]
    assert len(drawn) == len(get_model(model).outputs) - len(folds)


def test_a_users_model() -> None:
    t = simulate("100 mg every 12h x6", build("mine", one_compartment), days=5, step="6h")
    found = figures([t])
    assert list(found) == ["overview", "schedule", "level", "outputs"]
    drawn = panels(found["outputs"])
    assert [axes.get_title(loc="left") for axes in drawn] == ["concentration", "spent"]
    assert [axes.get_ylabel() for axes in drawn] == ["mg/L", "mg"]
    assert drawn[1].get_ylim()[0] < t["spent"].min()
    with pytest.raises(SimulationError, match=r"no output 'konzentration'.*did you mean 'concentration'"):
        outputs_figure([t], ["konzentration"])


@pytest.mark.parametrize(
    ("schedule", "times"),
    [("1 MIU daily x5", [0]), ("1 MIU daily x5", [14, 0, 7]), ("none", [0, 7]), ("1 MIU daily x5", [2, 3])],
)
def test_few_times(schedule: str, times: Sequence[float]) -> None:
    image(overview_figure([simulate(schedule, "il2_minimal", times=times)], times), "svg")


def test_names_are_drawn_as_they_are(il2: list[Trajectory]) -> None:
    odd = [simulate("1 MIU once", days=7, arm=arm) for arm in ("$x^2$ & <b> -->", "安慰剂 \x07", "long name " * 20)]
    drawn = image(overview_figure(odd), "svg").decode()
    assert "\x07" not in drawn
    ElementTree.fromstring(drawn)


def test_refusals(il2: list[Trajectory]) -> None:
    with pytest.raises(SimulationError, match="without a simulation"):
        figures([])
    with pytest.raises(SimulationError, match="'gif'; it is written as png, svg, pdf"):
        image(level_figure(il2), "gif")


# --- files


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_same_bytes_again(il2: list[Trajectory], form: str) -> None:
    figure = level_figure(il2)
    first = image(figure, form)
    assert first == image(figure, form) == image(level_figure(il2), form)
    assert b"Matplotlib v" not in first


PROGRAM = f"""\
import hashlib, sys
sys.path.insert(0, {str(ROOT / "tests")!r})
import matplotlib
matplotlib.rcParams["font.size"] = 30
matplotlib.rcParams["svg.hashsalt"] = "other"
before = matplotlib.rcParams.copy()
from plot_cases import VISITS, arms
from pkpd.output.plots.overview import overview_figure
from pkpd.output.plots.style import image
print(hashlib.sha256(image(overview_figure(arms(), VISITS), "svg")).hexdigest())
assert matplotlib.rcParams.copy() == before
assert "matplotlib.pyplot" not in sys.modules
"""


def test_same_bytes_elsewhere_and_nothing_global(il2: list[Trajectory]) -> None:
    """In another process with other settings of matplotlib, which stay as they were."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    here = image(overview_figure(il2, VISITS), "svg")
    assert done.stdout.strip() == hashlib.sha256(here).hexdigest()
