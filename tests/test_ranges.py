"""Ranges of predictions against closed forms: outputs that are products, so that every log is linear and normal."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from pkpd.dosing.library import load_schedule
from pkpd.errors import InferenceError
from pkpd.inference.fitted import Fitted
from pkpd.inference.fitting import FitSettings, fit
from pkpd.inference.rows.noise import Noise
from pkpd.inference.uncertainty.ranges import Range, asked, prediction_range
from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build
from pkpd.parameters import Parameter, Parameters
from pkpd.studies.observation import Course, Observation, Observations

WIDE = 1.959963984540054
COURSE = Course("s", "low", "none", load_schedule("none"), Parameters((), "s"))


@lru_cache
def products() -> Model:
    """Outputs of a state that stays at 1 mg, multiplied by a and b; `share` is a percentage, and so is `twice`."""

    def block(m: Builder) -> None:
        x = m.state("x", "mg", initial=1)
        m.change(x, m.parameter("k", "mg/h", value=0))
        a, b, c = (m.parameter(name, "1", value=1.0) for name in "abc")
        m.output("first", a * x, "mg")
        m.output("second", b * x, "mg")
        m.output("product", a * b * x, "mg")
        m.output("square", a * a * x, "mg")
        m.output("unseen", c * x, "mg")
        m.output("still", x, "mg")
        m.output("share", a * x / (a * x + b * x), "%")
        m.output("twice", 2 * a, "%")
        m.route("iv", into=x, unit="mg")

    return build("products", block)


def seen(output: str, value: float, se: float, form: str = "level", **said: Any) -> Observation:
    return Observation("s", output, form, value, log_se=se, course=0, **said)


def asks(*rows: tuple[str, str, str]) -> Observations:
    """Rows without a value: (output, form, unit)."""
    return Observations(
        tuple(Observation("s", output, form, None, unit=unit, course=0) for output, form, unit in rows), (COURSE,)
    )


def fitted(rows: list[Observation], vary: str = "ab", **prior: tuple[float, float]) -> Fitted:
    tables = (Parameter(n, 1.0, "1", n, "assumed", ("assumed",), bounds=(1e-4, 1e4), prior=prior.get(n)) for n in "abc")
    return fit(
        Observations(tuple(rows), (COURSE,), (), "made"),
        products(),
        Parameters(tuple(tables), "mine"),
        tuple(vary),
        noise=Noise(),
        settings=FitSettings(starts=1, threads=1),
    )


def is_normal(found: Range, best: float, se: float, factor: float = 1.0) -> None:
    """The best, and 1.96 SE of the log to each side; the hold and the stop of a search leave a hundredth of an SE."""
    assert found.best == pytest.approx(factor * best, rel=1e-4)
    assert found.low is not None and found.high is not None
    assert math.log(found.low / factor) == pytest.approx(math.log(best) - WIDE * se, abs=0.01 * se)
    assert math.log(found.high / factor) == pytest.approx(math.log(best) + WIDE * se, abs=0.01 * se)
    assert found.rises == pytest.approx((np.log(found.values / factor / best) / se) ** 2, abs=0.05)
    assert np.all(np.diff(found.values) > 0) and found.rises.min() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("se", [0.02, 0.1, 0.3, 1.0])
def test_a_product_has_the_error_of_both(se: float) -> None:
    one = fitted([seen("first", 2.0, se), seen("second", 3.0, se / 2)])
    product, square, first = prediction_range(
        one, asks(("product", "level", "mg"), ("square", "level", "mg"), ("first", "level", "ug"))
    )
    is_normal(product, 6.0, math.hypot(se, se / 2))
    is_normal(first, 2.0, se, factor=1e3)
    if se < 1:
        is_normal(square, 4.0, 2 * se)


def test_the_rows_of_a_fit_that_share_an_error() -> None:
    """Two rows of a and one of a times b: the covariance of generalised least squares."""
    one = fitted([seen("first", 2.0, 0.2), seen("first", 2.4, 0.3), seen("product", 7.0, 0.15)])
    design = np.array([[1, 0], [1, 0], [1, 1]])
    weight = np.diag([1 / 0.04, 1 / 0.09, 1 / 0.0225])
    covariance = np.linalg.inv(design.T @ weight @ design)
    x = covariance @ design.T @ weight @ np.log([2.0, 2.4, 7.0])
    (second,) = prediction_range(one, asks(("second", "level", "mg")))
    is_normal(second, float(np.exp(x[1])), math.sqrt(covariance[1, 1]))


def test_priors_count() -> None:
    one = fitted([seen("first", 2.0, 0.3)], a=(1.0, 0.3), b=(4.0, 0.4))
    first, second = prediction_range(one, asks(("first", "level", "mg"), ("second", "level", "mg")))
    is_normal(first, math.sqrt(2), 0.3 / math.sqrt(2))
    is_normal(second, 4.0, 0.4)


def test_a_percentage_has_its_range_on_the_logit() -> None:
    one = fitted([seen("first", 2.0, 0.2), seen("second", 6.0, 0.1)])
    (share,) = prediction_range(one, asks(("share", "percent", "%")))
    assert share.best == pytest.approx(25, rel=1e-4)
    half = WIDE * math.hypot(0.2, 0.1)
    ends = [100 / (1 + 3 * math.exp(half)), 100 / (1 + 3 * math.exp(-half))]
    # as above, and in points
    assert [share.low, share.high] == pytest.approx(ends, rel=0.002)


def test_a_well_known_prediction_has_a_narrow_range() -> None:
    one = fitted([seen("first", 2.0, 0.004), seen("second", 3.0, 0.001)])
    first, second = prediction_range(one, asks(("first", "level", "mg"), ("second", "level", "mg")))
    is_normal(first, 2.0, 0.004)
    is_normal(second, 3.0, 0.001)


def test_what_no_parameter_moves_has_no_range() -> None:
    one = fitted([seen("first", 2.0, 0.2), seen("second", 6.0, 0.1)])
    still, fold = prediction_range(one, asks(("still", "level", "mg"), ("product", "fold", "")))
    for found in (still, fold):
        assert found.best == pytest.approx(1)
        assert (found.low, found.high) == (None, None)
        assert found.values.tolist() == [found.best]


def test_what_nothing_is_known_of_has_no_ends() -> None:
    one = fitted([seen("first", 2.0, 0.2)], vary="ac")
    (unseen,) = prediction_range(one, asks(("unseen", "level", "mg")))
    assert (unseen.low, unseen.high) == (None, None)
    assert unseen.values.max() / unseen.values.min() > 100
    assert unseen.rises == pytest.approx(np.zeros(len(unseen.rises)), abs=1e-3)


def test_rows_asked_of_an_arm() -> None:
    study = Observations((), (COURSE,), (("s", 0.2),), "s.toml")
    found = asked(study, "product", "level", [0, 3.5], "low")
    assert [(r.day_from, r.day_to, r.value, r.course) for r in found.rows] == [(0, 0, None, 0), (3.5, 3.5, None, 0)]
    assert found.count_scale == study.count_scale
    with pytest.raises(InferenceError, match="there is no arm 'lo' with a regimen"):
        asked(study, "product", "level", [1], "lo")


def test_a_row_that_the_model_cannot_answer() -> None:
    one = fitted([seen("first", 2.0, 0.2), seen("second", 3.0, 0.2)])
    with pytest.raises(InferenceError, match="has no output 'third'"):
        prediction_range(one, asks(("third", "level", "mg")))
    nowhere = Observations((Observation("s", "first", "level", None, course=-1, origin="row 5"),), (COURSE,))
    with pytest.raises(InferenceError, match="row 5: the row cannot be predicted: it has no course"):
        prediction_range(one, nowhere)
    with pytest.raises(InferenceError, match="the rows cannot be predicted at the fitted values: a prediction is not"):
        prediction_range(one, asks(("twice", "percent", "%")))
