"""Numbers by name: what each is on courses whose numbers are known, which texts are refused, and how."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.errors import SimulationError
from pkpd.quantities import Dosed, names, quantity

OUTPUTS = ("il2", "treg", "treg_fold", "nk", "nk_fold")
UNITS = {"il2": "pM", "treg": "cells/uL", "treg_fold": "1", "nk": "cells/uL", "nk_fold": "1"}
TIMES = np.arange(0.0, 11.0)
# rises to 3 on day 2, falls to 1 on day 6, and rises to 5 on day 10
COURSE = np.array([[1.0, 2, 3, 2.5, 2, 1.5, 1, 2, 3, 4, 5]])
VALUES = {"il2": COURSE, "treg": 20 * COURSE, "treg_fold": COURSE, "nk": COURSE, "nk_fold": (COURSE + 1) / 2}


def dosed(until: float = 10.0) -> Dosed:
    return Dosed(np.array([7.0]), np.array([3.0]), until)


def number(text: str, until: float = 10.0) -> float:
    (found,) = quantity(text, OUTPUTS).of(TIMES, VALUES, dosed(until)).tolist()
    return float(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("treg_peak", 100),
        ("treg_peak_fold", 5),
        ("treg_fold_peak", 5),
        ("treg_peak_fold[0..6]", 3),
        ("treg_auc_fold", 24),
        ("treg_mean_fold", 2.4),
        ("treg_mean_fold[0..2]", 2),
        ("treg_gain", 14),
        ("treg_gain[0..2]", 2),
        ("nk_gain", 7),
        ("selectivity", 2),
        ("selectivity[0..2]", 2),
        ("treg_fold_above_2", 6),
        ("treg_fold_above_2[0..4]", 3),
        ("treg_fold@4", 2),
        ("il2_given", 7),
        ("injections", 3),
    ],
)
def test_each_name_on_a_course_of_straight_lines(text: str, expected: float) -> None:
    # sums of numbers with few digits
    assert number(text) == pytest.approx(expected, rel=1e-12)


def test_the_trough_lies_after_the_first_rise_and_within_treatment() -> None:
    # halfway to the peak of all days is 3, on day 2; the lowest after it is that of day 6
    assert number("treg_trough_fold") == 1
    # halfway to the peak until day 5 is 2, on day 1
    assert number("treg_trough_fold", until=5) == 1.5
    assert number("treg_trough_fold[0..4]") == 2
    assert number("treg_trough_fold", until=0) == 1


def test_the_trough_does_not_leap_where_two_peaks_are_nearly_equal() -> None:
    """A trough counted from the highest peak would be 1 in one patient and 4 in the other."""
    two = np.array([[0.0, 4, 1, 4 + e, 4] for e in (-1e-9, 1e-9)])
    found = quantity("x_trough", ("x",)).of(np.arange(5.0), {"x": two}, Dosed(np.zeros(2), np.zeros(2), 4.0))
    assert found.tolist() == [1, 1]


def test_the_trough_of_a_rise_between_samples_is_where_half_was_passed() -> None:
    rising = np.array([[1.0, 3.0]])
    assert quantity("x_trough", ("x",)).of(np.array([0.0, 1.0]), {"x": rising}, dosed(1.0)).tolist() == [2]


def test_patients_without_numbers_stay_without() -> None:
    values = {name: np.concatenate([v, np.full((1, len(TIMES)), np.nan)]) for name, v in VALUES.items()}
    for name in ("treg_peak_fold", "treg_trough_fold", "treg_gain", "selectivity", "treg_fold_above_2"):
        found = quantity(name, OUTPUTS).of(TIMES, values, dosed())
        assert np.isfinite(found[0]) and np.isnan(found[1]), name


def test_nothing_is_divided_by_no_gain_of_nk_cells() -> None:
    flat = VALUES | {"nk_fold": np.ones((1, len(TIMES)))}
    assert np.isnan(quantity("selectivity", OUTPUTS).of(TIMES, flat, dosed())).all()
    # rounding of an area is no gain
    assert quantity("nk_gain", OUTPUTS).of(TIMES, {"nk_fold": np.full((1, 11), 1 + 1e-15)}, dosed()).tolist() == [0]


def test_units_and_labels() -> None:
    units = {name: quantity(name, OUTPUTS).unit(UNITS) for name in (*names(OUTPUTS), "treg_fold_above_2")}
    assert units["treg_peak"] == "cells/uL" and units["treg_peak_fold"] == units["selectivity"] == "1"
    assert units["treg_auc"] == "cells/uL*d" and units["treg_gain"] == units["treg_fold_above_2"] == "d"
    assert (units["treg_trough"], units["il2_given"], units["injections"]) == ("cells/uL", "MIU", "1")
    assert quantity("treg_gain[0..84]", OUTPUTS).label == "area of treg_fold above 1, day 0 to 84"


def test_every_listed_name_is_read_back_with_days_of_its_own() -> None:
    for name in names(OUTPUTS):
        assert quantity(name, OUTPUTS).name == name
        if name not in ("il2_given", "injections"):
            assert quantity(f"{name}[2..5]", OUTPUTS).days[:2] == (2, 5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("treg_pek_fold", "did you mean 'treg_peak_fold'?"),
        ("il2_peak_fold", "no output 'il2_fold'"),
        ("il2_gain", "no output 'il2_fold'"),
        ("trge@4", "did you mean 'treg'?"),
        ("treg_peak[5..5]", "the days 5 to 5 are empty"),
        ("treg_peak[1.2.3..5]", "'1.2.3' is not a number"),
        ("treg_peak[0.." + "9" * 400 + "]", "is not a number"),
        ("treg_above_" + "9" * 400, "is not a number"),
        ("treg@4[0..5]", "treg@4 has no days to limit"),
        ("il2_given[0..5]", "il2_given has no days to limit"),
        ("", "known are OUTPUT_peak"),
    ],
)
def test_wrong_names_get_one_sentence(text: str, said: str) -> None:
    with pytest.raises(SimulationError) as error:
        quantity(text, OUTPUTS)
    assert said in str(error.value)


def test_days_that_were_not_simulated() -> None:
    with pytest.raises(SimulationError, match="needs its days among the times"):
        number("treg_peak[0..84]")


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text("tregnkil2_folpauc@.[]0159above_x ", max_size=30))
def test_any_text_is_a_quantity_or_a_sentence(text: str) -> None:
    try:
        found = quantity(text, OUTPUTS)
    except SimulationError as error:
        assert "\n" not in str(error) and len(str(error)) < 500
    else:
        assert found.name == text.strip() and set(found.outputs) <= set(OUTPUTS)
