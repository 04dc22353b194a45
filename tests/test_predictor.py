"""Predictions of rows against `pkpd.simulate` at the same times, reduced by hand; derivatives against differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prediction_cases import REGIMEN, course, predicts, row

from pkpd import simulate
from pkpd.engine.functions import Vector
from pkpd.inference.rows.predictor import predictor
from pkpd.inference.rows.sampling import Sampled, reduce
from pkpd.parameters import Parameter, Parameters, load_parameters
from pkpd.studies.observation import Course, Observation, Observations

Series = Callable[[str, Any], Vector]  # an output at days

# The last row ends the last step, so each solves with steps of its own, to a relative 1e-6.
CLOSE = 1e-6


def links(rows: list[Observation], *courses: Course) -> Vector:
    """Links at the values of the set."""
    return predicts(rows, *courses).one(np.array([load_parameters("il2")["treg_activation"].value]))


@lru_cache
def course_by_hand(side: str) -> Series:
    """Outputs of the course by `simulate`, every output at any days."""

    def at(output: str, days: Any) -> Vector:
        return simulate(REGIMEN, "il2", times=days, side=side)[output]

    return at


def logit(p: float) -> float:
    return float(np.log(p / (100 - p)))


DAILY = np.arange(0.0, 8.0)
VISITS = np.array([1.0, 3.0, 6.5])
HALF_HOURS = np.arange(0, 2.0001, 1 / 48)

BY_HAND: list[tuple[Observation, Callable[[Series], float]]] = [
    (row("treg", "count", first=3, unit="cells/uL"), lambda y: np.log(y("treg", [3.0])[0])),
    (row("treg", "count", first=3, unit="cells/L"), lambda y: np.log(1e6 * y("treg", [3.0])[0])),
    (row("treg", "count", first=3), lambda y: np.log(y("treg", [3.0])[0])),
    (row("treg", "count", "maximum", 0, 7), lambda y: np.log(y("treg", DAILY).max())),
    (row("treg", "count", "trough", 0, 7), lambda y: np.log(y("treg", DAILY).min())),
    (row("treg", "count", "mean", 0, 7), lambda y: np.log(y("treg", DAILY).mean())),
    (row("treg", "count", "mean", 0, 7, visits=tuple(VISITS)), lambda y: np.log(y("treg", VISITS).mean())),
    (
        row("treg", "count", "area", 0, 7, unit="cells/L*h"),
        lambda y: np.log(1e6 * 24 * np.trapezoid(y("treg", DAILY), DAILY)),
    ),
    (row("il2", "level", "maximum", 0, 2, unit="nM"), lambda y: np.log(y("il2", HALF_HOURS).max() / 1e3)),
    (row("il2", "level", "trough", 0.25, 2.25), lambda y: np.log(y("il2", 0.25 + HALF_HOURS).min())),
    (
        row("il2_iu_per_ml", "level", "area", 0, 2, unit="IU/mL*h"),
        lambda y: np.log(24 * np.trapezoid(y("il2_iu_per_ml", HALF_HOURS), HALF_HOURS)),
    ),
    (row("il2_iu_per_ml", "level", first=0.2, unit="IU/L"), lambda y: np.log(1e3 * y("il2_iu_per_ml", [0.2])[0])),
    (row("treg_percent_cd4", "percent", first=4, unit="%"), lambda y: logit(y("treg_percent_cd4", [4.0])[0])),
    (row("treg_percent_cd4", "percent", "maximum", 0, 7), lambda y: logit(y("treg_percent_cd4", DAILY).max())),
    (row("treg_percent_cd4", "percent", "mean", 0, 7), lambda y: logit(y("treg_percent_cd4", DAILY).mean())),
    (
        row("treg_percent_cd4", "ratio", "mean", 0, 7),
        lambda y: np.log((y("treg_percent_cd4", DAILY) / (100 - y("treg_percent_cd4", DAILY))).mean()),
    ),
    (
        row("treg_percent_cd4", "ratio", "trough", 1, 7, visits=tuple(VISITS)),
        lambda y: np.log((y("treg_percent_cd4", VISITS) / (100 - y("treg_percent_cd4", VISITS))).min()),
    ),
    (row("nk", "fold", first=6), lambda y: np.log(y("nk", [6.0])[0] / y("nk", [0.0])[0])),
    (row("nk", "fold", "maximum", 0, 7), lambda y: np.log(y("nk", DAILY).max() / y("nk", [0.0])[0])),
    (
        row("treg", "fold", "area", 0, 7, unit="d"),
        lambda y: np.log(np.trapezoid(y("treg", DAILY), DAILY) / y("treg", [0.0])[0]),
    ),
    (
        row("treg_percent_cd4", "percent_change", "mean", 0, 7),
        lambda y: np.log(y("treg_percent_cd4", DAILY).mean() / y("treg_percent_cd4", [0.0])[0]),
    ),
    (
        row("cd56bright", "percent_change", "trough", 0, 7),
        lambda y: np.log(y("cd56bright", DAILY).min() / y("cd56bright", [0.0])[0]),
    ),
]


@lru_cache
def all_links() -> Vector:
    return links([r for r, _ in BY_HAND])


@pytest.mark.parametrize("k", range(len(BY_HAND)))
def test_each_form_and_timing(k: int) -> None:
    assert all_links()[k] == pytest.approx(BY_HAND[k][1](course_by_hand("pre")), abs=CLOSE)


def test_a_row_does_not_depend_on_the_others_of_its_course() -> None:
    for k in (0, 8, 14):
        assert links([BY_HAND[k][0]])[0] == pytest.approx(all_links()[k], abs=CLOSE)


def test_the_sides_of_a_dose() -> None:
    """An intravenous dose is in the plasma at once."""
    regimen = "1 MIU iv daily x2"
    before, after = (row("il2", "level", first=1, side=side) for side in ("pre", "post"))
    found = links([before, after], course(regimen))
    expected = [np.log(simulate(regimen, "il2", times=[1.0], side=side)["il2"][0]) for side in ("pre", "post")]
    assert found == pytest.approx(expected, abs=CLOSE)
    assert found[1] > found[0] + 1


def test_a_fold_is_over_the_rest_before_the_first_dose() -> None:
    """Also where the dose comes at day 0 and the fold is asked for after it, and where sampling starts late."""
    rows = [row("il2", "fold", first=0, side="post"), row("il2", "fold", first=3)]
    found = links(rows, course("1 MIU iv daily x2"))
    level = [simulate("1 MIU iv daily x2", "il2", times=[t], side=s)["il2"][0] for t, s in ((0, "post"), (3, "pre"))]
    rest = simulate("1 MIU iv daily x2", "il2", times=[0.0])["il2"][0]
    assert found == pytest.approx(np.log(np.array(level) / rest), abs=CLOSE)


def test_rows_of_several_courses_come_back_in_their_order() -> None:
    regimens = ("0.5 MIU sc daily x5", "1.5 MIU sc daily x5")
    rows = [replace(row("treg", "count", first=d), course=c) for c, d in ((1, 2.0), (0, 5.0), (1, 5.0), (0, 2.0))]
    found = links(rows, *(course(r) for r in regimens))
    expected = [np.log(simulate(regimens[r.course], "il2", times=[r.day_from])["treg"][0]) for r in rows]
    assert found == pytest.approx(expected, abs=CLOSE)


def test_body_size_of_a_course() -> None:
    """Doses per m2 follow it, and so does the model where it knows it."""
    rows = [row("il2", "level", first=0.1), row("treg", "count", first=5)]
    sizes: list[dict[str, Any]] = [{"bsa": 1.4}, {"bsa": 2.3, "weight": 95.0}]
    for size in sizes:
        found = links(rows, course(**size))
        one = simulate(REGIMEN, "il2", times=[0.1, 5], **size)
        assert found == pytest.approx(np.log([one["il2"][0], one["treg"][1]]), abs=CLOSE)
    heavy = course("0.02 MIU/kg sc daily x5", weight=60.0)
    one = simulate("0.02 MIU/kg sc daily x5", "il2", times=[0.1, 5], weight=60.0)
    assert links(rows, heavy) == pytest.approx(np.log([one["il2"][0], one["treg"][1]]), abs=CLOSE)


def test_what_a_study_says_of_its_patients_stands() -> None:
    """A baseline that the study states does not follow the value tried; that of another study does."""
    stated = Parameters((replace(load_parameters("il2")["treg_baseline"], value=20.0),), "study")
    unknown = Parameter("not_in_the_model", 1.0, "1", "", "assumed", ("assumed",))
    foreign = Parameters((*stated.tables, unknown), "study")
    rows = [replace(row("treg", "count"), course=0), replace(row("treg", "count"), course=1)]
    both = predicts(rows, course(parameters=foreign), course(), names=("treg_baseline", "treg_loss"))
    for value in (30.0, 60.0):
        values = np.array([value, load_parameters("il2")["treg_loss"].value])
        found, slopes = both.slopes(values)
        assert np.exp(found) == pytest.approx([20, value], rel=1e-6)  # the rest is solved to the solver's tolerance
        assert np.exp(both.one(values)) == pytest.approx([20, value], rel=1e-6)
        # d log(value) / d value
        assert slopes[:, 0] == pytest.approx([0, 1 / value], rel=1e-6)


def test_nothing_that_the_study_leaves_open_is_varied() -> None:
    stated = Parameters((replace(load_parameters("il2")["treg_baseline"], value=20.0),), "study")
    one = predicts([row("treg", "count", first=5)], course(parameters=stated), names=("treg_baseline",))
    found, slopes = one.slopes(np.array([50.0]))
    assert slopes.tolist() == [[0.0]]
    assert found == pytest.approx(one.one(np.array([80.0])), abs=CLOSE)


def test_values_are_in_the_unit_of_the_set() -> None:
    own = load_parameters("il2")
    value, unit = own["treg_loss"].value, own["treg_loss"].unit
    assert unit == "1/h"
    daily = Parameters((replace(own["treg_loss"], value=24 * value, unit="1/d"),), "mine").over(own)
    rows = Observations((row("treg", "count", first=5),), (course(),))
    by_hour = predictor(rows, "il2", own, ("treg_loss",)).slopes(np.array([value * 1.1]))
    by_day = predictor(rows, "il2", daily, ("treg_loss",)).slopes(np.array([24 * value * 1.1]))
    assert by_day[0] == pytest.approx(by_hour[0], abs=CLOSE)
    assert 24 * by_day[1] == pytest.approx(by_hour[1], rel=1e-6)


def test_derivatives_against_differences() -> None:
    """Central differences over 0.2 % err by the square of that, and by solver errors of 1e-7 over it."""
    names = ("treg_activation", "linear_clearance", "treg_baseline", "nk_bright_growth", "sc_absorption")
    rows = [r for r, _ in BY_HAND]
    tried = predicts(rows, course(bsa=1.7), names=names)
    at = np.array([load_parameters("il2")[n].value for n in names]) * 1.07
    step = 1e-3 * at
    ends, failed = tried.many(np.vstack([at + np.diag(step), at - np.diag(step)]))
    assert failed == ()
    differences = (ends[:5] - ends[5:]).T / 2e-3
    found, slopes = tried.slopes(at)
    assert found == pytest.approx(tried.one(at), abs=1e-6)  # each with its own steps, to the solver's tolerance
    assert slopes * at == pytest.approx(differences, abs=2e-4)
    assert np.abs(differences).max(axis=0).min() > 0.05  # every parameter matters to some row


def test_many_is_one_by_one() -> None:
    names = ("treg_activation", "linear_clearance")
    tried = predicts([r for r, _ in BY_HAND], names=names)
    at = np.array([load_parameters("il2")[n].value for n in names])
    values = at * np.array([[0.5, 1], [1, 2], [3, 0.7]])
    found, _ = tried.many(values)
    for one, vector in zip(found, values, strict=True):
        assert one == pytest.approx(tried.one(vector), abs=CLOSE)


def test_an_area_of_a_plain_number_is_in_days() -> None:
    days = DAILY
    found = links([row("cd25", "level", "area", 0, 7, unit="d"), row("cd25", "level", "area", 0, 7, unit="h")])
    area = np.trapezoid(course_by_hand("pre")("cd25", days), days)
    assert np.exp(found) == pytest.approx([area, 24 * area], rel=1e-6)


numbers = st.floats(1e-3, 1e3)


@settings(deadline=None, derandomize=True)
@given(
    st.lists(numbers, min_size=2, max_size=12),
    st.lists(st.floats(0.01, 5), min_size=12, max_size=12),
    st.sampled_from(("maximum", "trough", "mean", "area")),
)
def test_weights_are_the_derivative(values: list[float], widths: list[float], timing: str) -> None:
    """The number is linear in the samples: weights times samples give it, and twice the samples twice of it."""
    series, days = np.array(values), np.cumsum(widths)[: len(values)]
    one = Sampled(row("treg", "count", timing, days[0], days[-1]), 0, np.arange(len(series)), days, 1.0, True)
    number, weights = reduce(one, series)
    hand = {
        "maximum": max(values),
        "trough": min(values),
        "mean": sum(values) / len(values),
        "area": sum((b - a) * (u + v) / 2 for a, b, u, v in zip(days, days[1:], values, values[1:], strict=False)),
    }
    # rounding of a dozen sums
    assert float(number) == pytest.approx(hand[timing], rel=1e-12)
    assert float(weights @ series) == pytest.approx(hand[timing], rel=1e-12)
    assert weights.sum() == pytest.approx(days[-1] - days[0] if timing == "area" else 1, rel=1e-12)
    several, _ = reduce(one, np.stack([series, 2 * series]))
    assert several == pytest.approx([float(number), 2 * float(number)], rel=1e-12)
