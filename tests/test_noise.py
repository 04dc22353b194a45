"""Errors of rows against hand computations, and the covariance of small examples block by block."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.dosing.library import load_schedule
from pkpd.engine.code.library import outline_of
from pkpd.engine.functions import Vector
from pkpd.errors import InferenceError
from pkpd.inference.rows.noise import Noise, covariance, from_link, observed_link, standard_error
from pkpd.inference.rows.sampling import Sampled, sampling
from pkpd.parameters import Parameters
from pkpd.studies.observation import Course, Observation

OWN = 0.2  # the log SE of the rows of the examples, where a percentage is 50 its logit's is 0.4


def row(output: str = "treg", form: str = "count", value: float = 50.0, day: float = 3.0, **said: Any) -> Observation:
    return Observation("s", output, form, value, day_from=day, day_to=day, course=0, **said)


ERRORS: list[tuple[Observation, float, str]] = [
    # a count of 50: the log moves by 1/50 for each cell
    (row(spread="SD", spread_value=20.0, n=16), 20 / 50 / 4, "printed"),
    (row(spread="SE", spread_value=5.0), 5 / 50, "printed"),
    (row(spread="SE", spread_value=5.0, n=16), 5 / 50, "printed"),
    (row(spread="log_SD", spread_value=0.6, n=9), 0.2, "printed"),
    (row(spread="SD", low=30.0, high=70.0, n=16), math.log(70 / 30) / 2 / 4, "printed"),
    (row(spread="SE", low=45.0, high=55.0), math.log(55 / 45) / 2, "printed"),
    (row(spread="CI95", low=40.0, high=62.0), math.log(62 / 40) / 3.92, "printed"),
    # quartiles lie 2 * 0.6745 SD apart, and a median scatters sqrt(pi/2) times as much as a mean
    (row(spread="IQR", low=40.0, high=60.0, n=25), math.log(1.5) / 1.349 / 5 * math.sqrt(math.pi / 2), "printed"),
    (row(spread="SD", spread_value=20.0, n=16, statistic="median"), 0.1 * math.sqrt(math.pi / 2), "printed"),
    # a percentage of 20: the logit moves by 1 / (20 * 0.8) for each point
    (row("treg_percent_cd4", "percent", 20, spread="SD", spread_value=4.0, n=4), 4 / 16 / 2, "printed"),
    (
        row("treg_percent_cd4", "percent", 20, spread="CI95", low=10.0, high=50.0),
        (math.log(50 / 50) - math.log(10 / 90)) / 3.92,
        "printed",
    ),
    # 1 + change: 150 % up is 2.5-fold
    (row(form="percent_change", value=150, spread="SD", spread_value=50.0, n=4), 0.5 / 2.5 / 2, "printed"),
    (row(form="percent_change", value=150, spread="SE", low=100.0, high=200.0), math.log(3 / 2) / 2, "printed"),
    (row(form="fold", value=2.5, spread="SD", spread_value=0.5, n=4), 0.5 / 2.5 / 2, "printed"),
    # what was assigned is of the log: its logit is wider by 1 / (1 - p)
    (row(log_se=0.24, spread="SE", spread_value=5.0, id="1"), 0.24, "assigned"),
    (row("treg_percent_cd4", "percent", 20, log_se=0.24), 0.3, "assigned"),
    (row("treg_percent_cd4", "ratio", 0.25, log_se=0.24), 0.24, "assigned"),
    (row("treg_percent_cd4", "percent_change", 20, log_se=0.24), 0.24, "assigned"),
    # one patient
    (row(id="1"), 0.15, "residual"),
    (row("il2_iu_per_ml", "level", id="1"), 0.30, "residual"),
    (row("eosinophils", "level", id="1"), 0.25, "residual"),
    (row("cd25_fold", "level", id="1"), 0.15, "residual"),
    (row("treg_percent_cd4", "percent", 20, id="1"), 0.1 / 0.8, "residual"),
    # nothing printed, or too little
    (row(), 0.25, "default"),
    (row(spread="SD", spread_value=20.0), 0.25, "default"),
    (row(spread="IQR", low=40.0, high=60.0), 0.25, "default"),
    (row(spread="range", low=20.0, high=90.0, n=9), 0.25, "default"),
    (row(spread="IQR", low=0.0, high=60.0, n=9), 0.25, "default"),
    (row("treg_percent_cd4", "percent", 20), 0.25 / 0.8, "default"),
]


@pytest.mark.parametrize("k", range(len(ERRORS)))
def test_every_route_to_a_standard_error(k: int) -> None:
    one, expected, how = ERRORS[k]
    found, why = standard_error(one, Noise())
    # the factors of quartiles and medians stand there with four figures
    assert found == pytest.approx(expected, rel=1e-4)
    assert why == how


def test_the_default_is_the_noise_s() -> None:
    assert standard_error(row(), Noise(default_se=0.5)) == (0.5, "default")


SPREAD_OUT: list[dict[str, Any]] = [
    {"spread": "SD", "spread_value": 9.0},
    {"spread": "IQR", "low": 40.0, "high": 60.0},
    {"spread": "log_SD", "spread_value": 0.3},
]


@pytest.mark.parametrize("said", SPREAD_OUT)
def test_more_patients_scatter_less(said: dict[str, Any]) -> None:
    found = [standard_error(row(n=n, **said), Noise())[0] for n in (1, 2, 10, 90)]
    assert all(b < a for a, b in pairwise(found))
    assert found[0] / found[3] == pytest.approx(math.sqrt(90))


FORMS = st.sampled_from(("count", "level", "fold", "ratio", "percent", "percent_change"))


@settings(deadline=None, derandomize=True)
@given(FORMS, st.floats(0.01, 99.99))
def test_link_and_back(form: str, value: float) -> None:
    # a logit near 100 % keeps five figures less of the distance to 100 than of the percentage
    assert from_link(form, observed_link(form, value)) == pytest.approx(value, rel=1e-10)


@settings(deadline=None, derandomize=True)
@given(FORMS, st.floats(0.01, 99), st.floats(1.001, 1.01))
def test_a_larger_number_has_a_larger_link(form: str, value: float, factor: float) -> None:
    assert observed_link(form, value * factor) > observed_link(form, value)


def test_ends_of_the_scale() -> None:
    assert [observed_link("percent", p) for p in (0, 100)] == [-math.inf, math.inf]
    assert observed_link("count", 0) == observed_link("percent_change", -100) == -math.inf
    assert observed_link("percent", 50) == observed_link("percent_change", 0) == observed_link("fold", 1) == 0
    assert math.isnan(observed_link("count", None))
    assert 0 <= from_link("percent", -1e4) < 1e-200 and from_link("percent", 1e4) == 100
    assert math.isfinite(from_link("count", 1e4))


@pytest.mark.parametrize("name", ["between_studies", "between_assays", "between_patients", "baseline", "default_se"])
@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_wrong_noise(name: str, value: float) -> None:
    with pytest.raises(InferenceError, match=f"{name} is a log SD of 0 or more, not {value:g}"):
        Noise(**{name: value})


def test_a_default_of_nothing_is_refused() -> None:
    with pytest.raises(InferenceError, match="default_se"):
        Noise(default_se=0.0)


def of(*rows: Observation, regimen: str = "1 MIU sc daily x5") -> list[Sampled]:
    """The rows of one course of il2."""
    course = Course("s", "", regimen, load_schedule(regimen), Parameters((), "s"))
    return list(sampling(course, rows, outline_of("il2")).sampled)


def shared(*rows: Observation, **count_scale: float) -> Vector:
    """What rows share: their covariance without their own errors."""
    whole = covariance(of(*(replace(r, log_se=OWN) for r in rows)), Noise(), count_scale)
    own = [OWN * (2 if r.form == "percent" else 1) for r in rows]
    return np.asarray(whole - np.diag(np.square(own)))


def test_rows_of_a_study_share_the_shift_of_a_response() -> None:
    """Count, percentage and fold of Treg are one response, NK cells another; another study has its own."""
    found = shared(
        row("treg", "fold", 2.0),
        row("treg", "fold", 3.0, 5.0, arm="other"),
        row("treg_percent_cd4", "percent_change", 80.0),
        row("nk", "fold", 2.0),
        replace(row("treg", "fold", 2.0), study="t"),
    )
    expected = np.zeros((5, 5))
    expected[:3, :3] = expected[3, 3] = expected[4, 4] = 0.3**2
    assert found == pytest.approx(expected, abs=1e-15)


def test_rows_before_any_drug_share_no_response() -> None:
    """They show a baseline instead, which later counts of the same arm share and folds do not; in an arm without one,
    nobody says what the baseline is.
    """
    found = shared(row(day=0.0), row(day=3.0), row("treg", "fold", 2.0), row(day=3.0, arm="other"))
    response, baseline = 0.3**2, 0.5**2
    expected = np.array(
        [
            [baseline, baseline, 0, 0],
            [baseline, baseline + response, response, response],
            [0, response, response, response],
            [0, response, response, response + baseline],
        ]
    )
    assert found == pytest.approx(expected, abs=1e-15)


def test_a_baseline_is_of_one_output() -> None:
    found = shared(row(day=0.0), row("treg_percent_cd4", "percent", 50.0, 0.0), row("nk", day=3.0))
    assert found == pytest.approx(np.diag([0.5**2, 0.5**2, 0.3**2 + 0.5**2]), abs=1e-15)


def test_when_dosing_has_begun() -> None:
    """A sample at the time of the first dose is before it unless it says after; a window counts by its end."""
    pre, post = row(form="fold", value=1.5, day=0.0), row(form="fold", value=1.5, day=0.0, side="post")
    window = Observation("s", "treg", "fold", 1.5, timing="maximum", day_from=0, day_to=2, course=0)
    assert [s.drug for s in of(pre, post, window)] == [False, True, True]
    assert [s.drug for s in of(pre, window, regimen="none")] == [False, False]
    late = of(*(row(form="fold", value=1.5, day=d) for d in (6, 7, 7.5)), regimen="rest 7d, 1 MIU sc daily x5")
    assert [s.drug for s in late] == [False, False, True]


def test_a_missed_dose_is_no_drug() -> None:
    assert [s.drug for s in of(row(day=1.0), row(day=3.0), regimen="1 MIU sc every 2d x3, miss 1")] == [False, True]


def test_counts_of_a_study_move_together() -> None:
    """A whole parent population moves: counts and their folds, not percentages, IL-2, or rows before drug."""
    rows = (
        row("treg", "fold", 2.0),
        row("nk", "count", 200.0),
        row("treg_percent_cd4", "percent_change", 80.0),
        row("il2_iu_per_ml", "level", 10.0),
        row("eosinophils", "fold", 3.0, 0.0),
    )
    moved = shared(*rows, s=0.6) - shared(*rows)
    expected = np.zeros((5, 5))
    expected[:2, :2] = 0.36
    assert moved == pytest.approx(expected, abs=1e-15)
    assert shared(*rows, t=0.6) == pytest.approx(shared(*rows))


def test_rows_of_a_patient() -> None:
    """Between patients each response differs, and each patient has a baseline of his own, shown or not."""
    a, b = (row("treg", id=name) for name in ("a", "b"))
    found = shared(a, replace(a, day_from=5.0, day_to=5.0), b, replace(a, output="nk"), replace(a, form="fold"))
    study, patient, base = 0.3**2, 0.4**2, 0.5**2
    expected = np.full((5, 5), study)
    expected[:2, :2] += patient + base
    expected[2, 2] += patient + base
    expected[4, :2] += patient
    expected[:2, 4] += patient
    expected[4, 4] += patient
    expected[3], expected[:, 3] = 0, 0
    expected[3, 3] = study + patient + base
    assert found == pytest.approx(expected, abs=1e-15)


def test_assays_of_il2_differ_more() -> None:
    found = shared(row("il2", "level", 5.0), row("il2_iu_per_ml", "level", 1.0), row("treg", "fold", 2.0))
    assert found == pytest.approx(np.array([[0.49, 0.49, 0], [0.49, 0.49, 0], [0, 0, 0.09]]), abs=1e-15)


def test_a_fold_that_is_an_output_shows_the_same_response() -> None:
    found = shared(row("treg_fold", "level", 2.0), row("treg", "fold", 2.0))
    assert found == pytest.approx(np.full((2, 2), 0.09), abs=1e-15)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(("treg", "nk", "il2")), st.sampled_from((0.0, 3.0)), st.sampled_from(("", "a", "b"))),
        min_size=1,
        max_size=12,
    )
)
def test_every_covariance_can_be_inverted(said: list[tuple[str, float, str]]) -> None:
    rows = [row(o, "level" if o == "il2" else "count", 20.0, d, id=who) for o, d, who in said]
    whole = covariance(of(*rows), Noise(), {"s": 0.4})
    assert np.array_equal(whole, whole.T)
    own = min(standard_error(r, Noise())[0] for r in rows)
    # no direction is better known than the best of the rows' own errors; rounding
    assert np.linalg.eigvalsh(whole).min() >= own**2 * (1 - 1e-9)
