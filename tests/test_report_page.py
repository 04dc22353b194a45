"""The report of a fit as a page, and its figures: the same words, nothing from elsewhere, nothing off the paper."""

from __future__ import annotations

import numpy as np
import pytest
from fit_cases import LEFT, PROFILES, like, searched
from html_cases import assert_alone, parsed

from pkpd.inference.fitted import SAME, Fitted
from pkpd.inference.uncertainty.left_out import LeftOut
from pkpd.output.plots.fit import fit_figures
from pkpd.output.plots.style import image
from pkpd.output.report.fit_page import page
from pkpd.output.report.sections import sections
from pkpd.studies.observation import Observation


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return searched()


def test_the_page_says_what_the_text_says(fitted: Fitted) -> None:
    others = {0.2: (fitted.x, True)}
    tags = parsed(page(fitted, LEFT, PROFILES, others))
    said = set(tags.text)
    for part in sections(fitted, LEFT, PROFILES, others):
        wanted = {part.title, *part.lines, *part.notes, *(cell for row in part.table for cell in row)} - {""}
        assert wanted <= said, wanted - said


def test_the_page_stands_alone_and_can_be_read_aloud(fitted: Fitted) -> None:
    tags = parsed(page(fitted, LEFT, PROFILES)).tags
    assert_alone(tags)
    assert all("scope" in attributes for tag, attributes in tags if tag == "th")
    figures = [attributes for tag, attributes in tags if tag == "svg"]
    assert len(figures) == 6 and all(a["role"] == "img" and a["aria-label"] for a in figures)


def test_the_page_escapes_every_text(fitted: Fitted) -> None:
    evil = '<script>alert("1")</script>&'
    rows = (Observation(evil, "nk", "fold", None, reason=evil, origin=evil),)
    html = page(like(fitted, data=(evil,), warnings=(evil,), left_out=rows), [LeftOut(evil, 1, 0.1, 0, 0, evil)])
    assert "<script" not in html and html.count("&lt;script&gt;alert(") > 4
    parsed(html)


def test_figures_of_every_kind(fitted: Fitted) -> None:
    drawn = fit_figures(fitted, PROFILES)
    assert list(drawn) == ["predicted_observed", "parameters", "starts", "courses", "correlations", "profiles"]
    for figure in drawn.values():
        first = image(figure, "png")
        width, height = figure.get_size_inches() * figure.dpi
        for axes in figure.axes:
            box = axes.get_tightbbox()
            assert box is not None
            # nothing runs off the paper, to a pixel
            assert box.x0 > -1 and box.y0 > -1 and box.x1 < width + 1 and box.y1 < height + 1
            assert axes.get_window_extent().height > 60
        assert first == image(figure, "png")
    again = fit_figures(fitted, PROFILES)
    assert all(image(again[name], "svg") == image(figure, "svg") for name, figure in drawn.items())


def test_figures_show_every_row_and_start(fitted: Fitted) -> None:
    drawn = fit_figures(searched(more=("koreth2011",)))
    points = [
        line for axes in drawn["predicted_observed"].axes for line in axes.lines if line.get_linestyle() == "None"
    ]
    assert sum(len(np.asarray(line.get_xdata())) for line in points) == 7
    assert ">" in {line.get_marker() for line in points}
    assert len(np.asarray(drawn["starts"].axes[0].lines[0].get_xdata())) == 2


def test_no_correlations_of_a_single_interval(fitted: Fitted) -> None:
    at_bound = like(fitted, x=np.array([fitted.coordinates.low[0], fitted.x[1]]))
    assert "correlations" not in fit_figures(at_bound)
    parsed(page(at_bound))


def test_starts_that_agree_are_drawn_level(fitted: Fitted) -> None:
    (axes,) = fit_figures(fitted)["starts"].axes
    costs = [found.cost for found in fitted.search.found]
    low, high = axes.get_ylim()
    assert low < min(costs) <= max(costs) < high
    # the width at which starts count as agreeing: two that differ by rounding lie on one line
    assert high - low == pytest.approx(SAME)
    assert all(float(tick).is_integer() for tick in axes.get_xticks())
    axes.figure.draw_without_rendering()
    assert axes.yaxis.get_offset_text().get_text() == ""
