"""Rows of a fit over time: the line is the simulation, the marks are the rows, and every panel is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fit_cases import searched

from pkpd.inference.courses import Mark, Panel, courses
from pkpd.inference.fitted import Fitted
from pkpd.inference.rows.noise import from_link
from pkpd.output.plots.courses import courses_figure
from pkpd.output.plots.style import image
from pkpd.simulation import simulate


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return searched()


def test_a_panel_for_each_output_of_each_course(fitted: Fitted) -> None:
    panels, count = courses(fitted)
    assert count == 3 and sum(len(p.marks) for p in panels) == len(fitted.objective.rows)
    # most rows first
    assert [p.study for p in panels] == ["hao2020", "dilt1d", "dilt1d"]
    assert [(p.kind, p.unit) for p in panels] == [("count", "cells/uL"), *[("fold", "fold of baseline")] * 2]
    few, count = courses(fitted, most=1)
    assert {p.study for p in few} == {"hao2020"} and count == 3


def test_the_line_is_the_simulation_at_the_fitted_values(fitted: Fitted) -> None:
    panels, _ = courses(fitted)
    for k, panel in enumerate(panels):
        course = next(c for c in fitted.objective.observations.courses if (c.study, c.arm) == (panel.study, panel.arm))
        own = course.parameters.over(fitted.parameters)
        times = panel.days.tolist()
        found = simulate(course.schedule, "il2", own, times=times, bsa=course.bsa, weight=course.weight, side="pre")
        wanted = found[panel.output] / (found[panel.output][0] if panel.kind == "fold" else 1.0)
        # two calls of one solver at other output times agree to its tolerance of 1e-6
        assert panel.predicted == pytest.approx(wanted, rel=1e-4), k
        assert panel.days[0] == 0 and panel.days[-1] == max(m.day_to for m in panel.marks)


def test_marks_are_rows_with_their_own_error(fitted: Fitted) -> None:
    panels, _ = courses(fitted)
    for panel in panels:
        for mark in panel.marks:
            number, row = next(
                (n, r)
                for n, r in enumerate(fitted.objective.rows)
                if (r.study, r.arm, r.day_from, r.day_to) == (panel.study, panel.arm, mark.day_from, mark.day_to)
            )
            assert row.value is not None
            value = 1 + row.value / 100 if row.form == "percent_change" else row.value
            assert mark.value == pytest.approx(value, rel=1e-12)
            predicted = from_link(row.form, float(fitted.links[number]))
            assert mark.predicted == (1 + predicted / 100 if row.form == "percent_change" else predicted)
            # equally far to both sides on the log scale
            assert mark.low < mark.value < mark.high
            assert mark.low * mark.high == pytest.approx(mark.value**2, rel=1e-9)


def test_every_panel_is_drawn_with_its_rows(fitted: Fitted) -> None:
    panels, count = courses(fitted)
    figure = courses_figure(panels, count)
    image(figure, "png")
    assert [axes.get_title(loc="left").partition(":")[0].split("/")[0] for axes in figure.axes] == [
        p.study for p in panels
    ]
    for axes, panel in zip(figure.axes, panels, strict=True):
        assert axes.get_xlabel() == "days" and panel.unit.replace("uL", "µL") in axes.get_ylabel()
        assert np.array_equal(axes.get_lines()[0].get_ydata(), panel.predicted)
        low, high = axes.get_ylim()
        assert all(low <= m.low and m.high <= high for m in panel.marks)
    assert not any("courses" in text.get_text() for text in figure.texts)


def test_bounds_point_and_wide_numbers_are_on_a_log_axis(fitted: Fitted) -> None:
    panel = courses(fitted)[0][1]
    marks = (Mark(1, 1, 2.0, 2.5, 1.0, 4.0, ">", "point"), Mark(2, 4, 900.0, 70.0, 800.0, 1000.0, "<", "mean"))
    odd: Panel = replace(panel, marks=marks)
    figure = courses_figure([odd], 30)
    (axes,) = figure.axes
    assert axes.get_yscale() == "log"
    assert [line.get_marker() for line in axes.get_lines() if len(np.atleast_1d(line.get_xdata())) == 1] == [
        "^",
        "o",
        "v",
    ]
    assert [text.get_text() for text in axes.texts] == ["mean"]
    assert "1 of 30 courses" in figure.get_supxlabel()
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert said == [
        "fitted model",
        "at least, observed",
        "at most, observed",
        "window of a row",
        "fitted model over that window",
    ]
