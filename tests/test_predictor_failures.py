"""Predictions that there are none of: reported with a number and a reason, and no harm to others."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from models import explodes, one_compartment
from prediction_cases import course, predicts, row

import pkpd
from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.errors import InferenceError
from pkpd.inference.rows.predictor import Unsolved, predictor
from pkpd.parameters import Parameters
from pkpd.studies.observation import Course, Observation, Observations


def test_vectors_without_a_solution_are_told_and_harm_no_other() -> None:
    """y' = k y^2 from 0.1 mg ends at 10/k hours: at k = 0.5 after 20 h."""
    model, late = explodes(), "none"
    at = Observation("s", "growing", "level", 1.0, day_from=1, day_to=1, unit="mg", course=0)
    again = replace(at, course=1, day_from=0.5, day_to=0.5)
    rows = Observations((at, again), (course(late), course(late)))
    tried = predictor(rows, model, model.defaults, ("k",))
    values = np.array([[0.1], [0.5], [0.2], [np.nan]])
    found, failed = tried.many(values)
    assert [k for k, _ in failed] == [1, 3]
    assert all(reason for _, reason in failed) and np.isnan(found[[1, 3]]).all()
    exact = [[0.1 / (1 - 0.1 * k * t) for t in (24, 12)] for k in (0.1, 0.2)]
    assert np.exp(found[[0, 2]]) == pytest.approx(np.array(exact), rel=1e-5)  # the solver's tolerance
    with pytest.raises(Unsolved) as one:
        tried.one(values[1])
    assert str(one.value) == failed[0][1]
    with pytest.raises(Unsolved):
        tried.slopes(values[1])


def test_an_infeasible_vector_is_told() -> None:
    tried = predicts([row("treg", "count", first=2)], names=("treg_baseline", "cd4_baseline"))
    found, failed = tried.many(np.array([[50.0, 800.0], [-50.0, 800.0]]))
    assert np.isfinite(found[0]).all() and np.isnan(found[1]).all()
    assert len(failed) == 1 and failed[0][0] == 1 and failed[0][1]
    with pytest.raises(Unsolved):
        tried.slopes(np.array([-50.0, 800.0]))


def test_a_prediction_of_nothing_has_no_log() -> None:
    model = one_compartment()
    at = Observation("s", "concentration", "level", 1.0, day_from=0, day_to=0, course=0)
    tried = predictor(Observations((at,), (course("1 mg iv once"),)), model, model.defaults, ("volume",))
    assert tried.many(np.array([[10.0]]))[1] == (
        (0, "a prediction is not a finite number, or has no logarithm (0 or less)"),
    )
    with pytest.raises(Unsolved):
        tried.slopes(np.array([10.0]))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (row("tregs", "count", origin="f.csv line 2"), "f.csv line 2: model il2 has no output 'tregs'; did you mean"),
        (row("treg", "percent", origin="f.csv line 2"), "f.csv line 2: form percent needs an output that is a percent"),
        (row("treg", "ratio", origin="f.csv line 2"), "f.csv line 2: form ratio needs an output that is a percentage"),
        (row("treg", "count", unit="pM", origin="f.csv line 2"), "f.csv line 2: treg is in cells/uL, and 'pM' does"),
        (row("il2", "level", "maximum", 0, 5000, origin="f.csv line 2"), "f.csv line 2: the window from day 0 to"),
    ],
)
def test_rows_that_the_model_cannot_answer(wrong: Observation, says: str) -> None:
    with pytest.raises(InferenceError) as caught:
        predicts([wrong])
    assert says in str(caught.value)


def test_steady_state_records_have_derivatives_by_differences() -> None:
    """Against differences of another width; both are wrong by the square of theirs and by the solver's error."""
    dose = Dose(Fraction(0), 1.0, "MIU", steady_state=1, interval=Fraction(2))
    course = Course("one", "", "steady", Schedule.of(dose), Parameters((), "study"))
    rows = tuple(Observation("one", "treg", "count", 60.0, day_from=d, day_to=d, course=0) for d in (1.0, 2.0, 5.0))
    names = ["treg_growth", "treg_feedback"]
    found = predictor(Observations(rows, (course,)), "il2_minimal", pkpd.load_parameters("il2_minimal"), names)
    values = np.array([20.0, 0.6])
    links, slopes = found.slopes(values)
    np.testing.assert_allclose(links, found.one(values), rtol=1e-12)
    for k, step in enumerate(1e-3 * values):
        moved = np.zeros(2)
        moved[k] = step
        apart = (found.one(values + moved) - found.one(values - moved)) / (2 * step)
        np.testing.assert_allclose(slopes[:, k], apart, rtol=2e-3)
    assert np.all(np.abs(slopes) > 1e-4)
