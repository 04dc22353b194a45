"""What is drawn on axes: lines are the trajectory's own numbers, marks are its doses."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from plot_cases import GIVEN, MISSED, VISITS, arms

from pkpd.dosing.given import given
from pkpd.dosing.library import load_schedule
from pkpd.output.plots.cells import between_dips, draw_cells
from pkpd.output.plots.il2 import close_up, draw_level, level_figure
from pkpd.output.plots.strip import draw_strip
from pkpd.output.plots.style import COLOURS, looks
from pkpd.output.plots.timeline import breaks, draw_time
from pkpd.output.trajectory import Trajectory
from pkpd.simulation import simulate


@pytest.fixture(scope="module")
def il2() -> list[Trajectory]:
    return arms()


def line(axes: Axes, label: str) -> Line2D:
    (found,) = [one for one in axes.lines if one.get_label() == label]
    return found


def new_axes() -> Axes:
    return Figure().subplots()


def marks(axes: Axes, label: str) -> Line2D:
    (found,) = [one for one in axes.get_children() if one.get_label() == label]
    assert isinstance(found, Line2D)
    return found


# --- lines


@pytest.mark.parametrize("log", [False, True])
def test_levels_are_the_trajectory(il2: list[Trajectory], log: bool) -> None:
    axes = draw_level(new_axes(), il2, log=log)
    assert axes.get_yscale() == ("log" if log else "linear")
    for t in il2:
        np.testing.assert_array_equal(line(axes, t.arm).get_xdata(), t.times)
        np.testing.assert_array_equal(line(axes, t.arm).get_ydata(), t["il2"])
    low, high = axes.get_ylim()
    assert low <= min(t["il2"].min() for t in il2) and max(t["il2"].max() for t in il2) < high


@pytest.mark.parametrize("output", ["treg", "cd56bright_fold"])
def test_cells_pass_through_doses_and_visits(il2: list[Trajectory], output: str) -> None:
    axes = draw_cells(new_axes(), il2, output, VISITS)
    treated = il2[0]
    value = dict(zip(treated.times, treated[output], strict=True))
    np.testing.assert_array_equal(line(axes, "treated, dips").get_ydata(), treated[output])
    main = line(axes, "treated")
    drawn = dict(zip(np.asarray(main.get_xdata()), np.asarray(main.get_ydata()), strict=True))
    assert drawn == {day: value[day] for day in drawn}
    assert drawn.keys() >= {*GIVEN, *VISITS}
    # soon after a dose, cells are still away
    assert not drawn.keys() & {0.5, 1.5, 6.5, 28.5, 34.5}
    # two days after it, or after the interval between doses, they are back
    assert drawn.keys() >= set(np.arange(8, 28, 0.5)) | set(np.arange(36, 42.5, 0.5))
    dots = line(axes, "treated, visits")
    assert list(np.asarray(dots.get_xdata())) == list(VISITS)
    np.testing.assert_array_equal(line(axes, "placebo").get_ydata(), il2[1][output])
    assert not [one for one in axes.lines if one.get_label() == "placebo, dips"]


def test_rows_in_any_order_and_on_both_sides() -> None:
    t = simulate("1 MIU iv every 7d x2", times=[10, 7, 0, 3, 14], side="both")
    drawn = line(draw_level(new_axes(), [t]), "simulated")
    assert list(np.asarray(drawn.get_xdata())) == [0, 0, 3, 7, 7, 10, 14]
    jump = np.asarray(drawn.get_ydata())[3:5]
    assert jump[1] > 100 * jump[0]
    order = np.argsort(t.times, kind="stable")
    assert [t.sides[order[row]] for row in between_dips(t)] == ["pre", "both", "pre", "both", "both"]


def test_folds_are_on_log2_with_the_baseline_at_1(il2: list[Trajectory]) -> None:
    axes = draw_cells(new_axes(), il2, "treg_fold")
    assert axes.get_yscale() == "log"
    assert axes.yaxis.get_transform().base == 2
    assert set(np.asarray(line(axes, "baseline").get_ydata())) == {1.0}
    ticks = axes.get_yticks()
    assert {0.5, 1.0, 2.0} <= set(ticks) and set(np.log2(ticks) % 1) == {0}
    assert [label.get_text() for label in axes.get_yticklabels()][:3] == ["0.5", "1", "2"]


def test_assay_limit_is_dashed_and_for_il2_only(il2: list[Trajectory]) -> None:
    limit = line(draw_level(new_axes(), il2, log=True, assay_limit=0.3), "assay limit")
    assert set(np.asarray(limit.get_ydata())) == {0.3}
    assert limit.get_linestyle() == "--"
    (legend,) = level_figure(il2).legends
    assert "assay limit 0.2 pM (assumed)" in [text.get_text() for text in legend.get_texts()]
    labels = [one.get_label() for one in draw_level(new_axes(), il2, "scd25", log=True).lines]
    assert "assay limit" not in labels


# --- doses and breaks


def test_dose_marks(il2: list[Trajectory]) -> None:
    axes = draw_time(new_axes(), il2)
    dose, missed = marks(axes, "dose"), marks(axes, "missed dose")
    assert (list(np.asarray(dose.get_xdata())), list(np.asarray(missed.get_xdata()))) == (GIVEN, MISSED)
    assert (dose.get_markerfacecolor(), missed.get_markerfacecolor()) == (COLOURS[0], "white")
    # below the axis, however high the panel is
    assert dose.get_window_extent().y1 < axes.get_window_extent().y0


def test_strip_draws_every_dose(il2: list[Trajectory]) -> None:
    axes = draw_strip(new_axes(), il2)
    bars = [patch for patch in axes.patches if patch.get_label() == "given"]
    assert [bar.get_bbox().x0 for bar in bars] == GIVEN
    missed = [one for one in axes.lines if one.get_label() == "missed dose"]
    assert [float(one.get_xdata()[0]) for one in missed] == MISSED
    moved = [one for one in axes.lines if one.get_label() == "planned"]
    assert [float(one.get_xdata()[0]) for one in moved] == [4, 32]
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("3 × 1 MIU SC") == 2
    assert {"6 doses\n6 MIU", "no doses"} <= set(texts)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["placebo", "treated"]


def test_strip_draws_infusions_as_long_as_they_run() -> None:
    t = simulate("0.4 MIU/m2 iv over 12h every 2d x2 then 0.1 MIU/m2 iv at 0.05 MIU/m2/h once", days=6)
    axes = draw_strip(new_axes(), [t])
    bars = [patch.get_bbox() for patch in axes.patches if patch.get_label() == "given"]
    assert [(bar.x0, round(bar.width * 24, 6)) for bar in bars] == [(0, 12), (2, 12), (4, 2)]
    assert bars[0].height == pytest.approx(4 * bars[2].height)
    assert "2 × 0.4 MIU/m² IV over 12 h" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    ("schedule", "found"),
    [
        ("1 MIU every 2d x7, rest 14d, repeat 3", [(14, 28), (42, 56)]),
        ("1 MIU daily x5, rest 2d, repeat 4", []),  # weekends
        ("1 MIU weekly x6, miss 3", []),
        ("1 MIU every 2d x7, move 7 by 1d, rest 14d, repeat 2", [(15, 28)]),
        ("1 MIU daily x5, rest 9d, then 1 MIU every 14d x4", []),  # loading, then maintenance
        ("1 MIU iv over 5d every 5d x2, rest 10d, repeat 2", [(10, 20)]),
        ("1 MIU once", []),
        ("none", []),
    ],
)
def test_breaks(schedule: str, found: list[tuple[float, float]]) -> None:
    assert breaks(given(load_schedule(schedule))) == found


def test_breaks_are_shaded(il2: list[Trajectory]) -> None:
    # the second block's first dose is on day 28; the first block's last interval ends on day 8
    (shade,) = draw_time(new_axes(), il2).patches
    assert (shade.get_bbox().x0, shade.get_bbox().x1) == (8, 28)
    elsewhere = simulate("1 MIU daily x14", days=42, arm="other")
    assert not draw_time(new_axes(), [*il2, elsewhere]).patches


# --- axes, names, colours


@pytest.mark.parametrize(
    ("days", "unit", "labels"),
    [(42, "weeks", ["0", "1", "2"]), (14, "days", ["0", "2", "4"]), (2, "hours", ["0", "6", "12"])],
)
def test_time_axis(days: int, unit: str, labels: list[str]) -> None:
    axes = draw_time(new_axes(), [simulate("1 MIU once", "il2_minimal", days=days)])
    assert axes.get_xlabel() == f"time ({unit})"
    low, high = axes.get_xlim()
    shown = [axes.xaxis.get_major_formatter()(tick) for tick in axes.get_xticks() if low <= tick <= high]
    assert shown[:3] == labels


def test_a_look_for_every_arm(il2: list[Trajectory]) -> None:
    found = looks([il2[0], il2[1], il2[0], il2[0]])
    assert len({look.colour for look in found}) == len({look.dash for look in found}) == 4
    assert [look.label for look in looks([simulate("none", days=1)])] == ["simulated"]


def test_close_up() -> None:
    def window(schedule: str, days: float) -> tuple[float, float] | None:
        return close_up([simulate(schedule, "il2_minimal", days=days, step="1d")])

    assert window("1 MIU every 2d x7, rest 14d, repeat 3", 168) == (0, 14)
    assert window("1 MIU daily x84", 168) == (0, 14)
    assert window("1 MIU weekly x4", 28) == (0, 2)
    assert window("1 MIU every 2d x7", 14) is None
    assert window("none", 14) is None
