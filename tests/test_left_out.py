"""Leaving one study out, against straight lines through the rows of the others."""

from __future__ import annotations

import numpy as np
import pytest
from inference_cases import one_compartment_fit

from pkpd.inference.uncertainty.left_out import left_out, rms

FIRST = [("first", 1.0, 8.0, "="), ("first", 3.0, 4.0, "=")]
SECOND = [("second", 2.0, 6.0, "="), ("second", 6.0, 1.5, "="), ("second", 4.0, 4.0, ">"), ("second", 5.0, 0.5, ">")]


def test_each_study_is_predicted_by_the_line_through_the_other() -> None:
    fitted = one_compartment_fit(FIRST + SECOND[:2])
    found = left_out(fitted)
    assert [one.study for one in found] == ["first", "second"]
    for one, known, asked in ((found[0], SECOND[:2], FIRST), (found[1], FIRST, SECOND[:2])):
        (_, t1, c1, _), (_, t2, c2, _) = known
        slope = np.log(c2 / c1) / (t2 - t1)
        errors = [np.log(c) - np.log(c1) - slope * (t - t1) for _, t, c, _ in asked]
        # two rows fix two parameters; the solver's tolerance and the search leave about 1e-5
        assert one.rms == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=1e-3)
        assert (one.rows, one.bounded, one.reason) == (2, 0, "")
    whole = rms(found)
    assert whole == pytest.approx(np.sqrt(sum(one.squares for one in found) / 4))


def test_bounds_are_met_or_not() -> None:
    second = left_out(one_compartment_fit(FIRST + SECOND))[1]
    # the line through the first study is 2.83 at hour 4 and 2 at hour 5
    assert (second.rows, second.bounded, second.met) == (2, 2, 1)


def test_one_study_cannot_be_left_out() -> None:
    assert left_out(one_compartment_fit(FIRST)) == ()


def test_nothing_to_average() -> None:
    assert rms([]) is None
