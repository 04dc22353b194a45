"""Predictions without fitting: every row comes back, the interval is the one that can be worked out by hand."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from pkpd.dosing.library import load_schedule
from pkpd.errors import FileError, InferenceError, ParameterError
from pkpd.inference.prediction import Prediction, predict, quantile
from pkpd.inference.rows.extremes import VISIT_NOISE
from pkpd.inference.rows.noise import Noise
from pkpd.inference.uncertainty.draws import Draws
from pkpd.output.report.predictions import counts, number, predictions_csv, predictions_text
from pkpd.parameters import Parameters, load_parameters
from pkpd.simulation import simulate
from pkpd.studies.library import load_observations
from pkpd.studies.observation import Course, Observation, Observations

EVIDENCE = Path(__file__).parent / "data" / "evidence" / "immune_responses.csv"
COLUMNS = ["study", "row", "output", "form", "predicted", "low90", "high90", "observed", "bound", "inside", "log_error"]
Z = 1.6448536269514722  # 5 % of a normal number lies beyond it
NONE = Parameters((), "a test")
USUAL = Noise()
pytestmark = pytest.mark.usefixtures("here")


def course(text: str = "1 MIU daily x5", own: Parameters = NONE) -> Course:
    return Course("one", "", text, load_schedule(text), own)


def row(form: str, value: float | None, day: float, output: str = "treg", **more: object) -> Observation:
    said = {"day_from": day, "day_to": day, "course": 0, "origin": "a.csv line 2", **more}
    return Observation("one", output, form, value, **said)  # type: ignore[arg-type]


def observed(*some: Observation, own: Parameters = NONE) -> Observations:
    return Observations(some, (course(own=own),))


def one(some: Observation, draws: Draws | None = None, own: Parameters = NONE, noise: Noise = USUAL) -> Prediction:
    model = "il2" if some.output == "il2" else "il2_minimal"
    (found,) = predict(observed(some, own=own), model, draws=draws, noise=noise)
    return found


def drawn(*factors: float, unit: str = "", name: str = "treg_growth") -> Draws:
    table = load_parameters("il2_minimal")[name]
    return Draws((name,), (unit or table.unit,), table.value * np.array([factors]).T, "file", "hand.csv")


def test_rows_may_be_named(here: Path) -> None:
    table = here / "mean.csv"
    table.write_text("regimen,output,form,day,value\n1 MIU daily x5,treg,fold,5,2\n")
    wanted = predict(load_observations("mean.csv"), "il2_minimal")
    for asked in ("mean.csv", Path("mean.csv"), ["mean.csv"], (table,)):
        assert predict(asked, "il2_minimal") == wanted
    assert wanted[0].predicted is not None
    (here / "low.toml").write_text('kind = "parameters"\n')
    assert predict("mean.csv", "il2_minimal", "low.toml") == wanted
    with pytest.raises(FileError, match=r"did you mean 'mean\.csv'"):
        predict(["meen.csv"], "il2_minimal")
    for wrong in (5, None, [1]):
        with pytest.raises(InferenceError, match="rows to predict come from studies, files, or load_observations"):
            predict(wrong, "il2_minimal")  # type: ignore[arg-type]


def test_prediction_is_the_simulation() -> None:
    found = simulate("1 MIU daily x5", "il2_minimal", times=[0.0, 4.0, 7.0])
    fold, count, change, peak = predict(
        observed(
            row("fold", 2.0, 4),
            row("count", 50.0, 7, unit="cells/L"),
            row("percent_change", 100.0, 4),
            row("fold", 2.0, 0, day_to=7.0, visits=(4.0, 7.0), timing="maximum"),
        ),
        "il2_minimal",
    )
    # two calls of one solver at other output times agree to its tolerance of 1e-6
    assert fold.predicted == pytest.approx(found["treg_fold"][1], rel=1e-5)
    assert count.predicted == pytest.approx(1e6 * found["treg"][2], rel=1e-5)
    assert change.predicted == pytest.approx(100 * (found["treg_fold"][1] - 1), rel=1e-5)
    # the mean of the larger of two noisy visits, in closed form
    high, low = sorted(map(math.log, found["treg_fold"][1:].tolist()), reverse=True)
    wide = VISIT_NOISE * math.sqrt(2)
    share, density = NormalDist().cdf((high - low) / wide), NormalDist().pdf((high - low) / wide)
    assert peak.predicted == pytest.approx(math.exp(high * share + low * (1 - share) + wide * density), rel=2e-5)


def test_interval_without_draws_is_the_spread_between_studies() -> None:
    found = one(row("fold", 2.0, 4), noise=Noise(between_studies=0.2))
    assert found.predicted and found.low90 and found.high90
    # closed form; rounding only
    assert found.low90 == pytest.approx(found.predicted * math.exp(-Z * 0.2), rel=1e-12)
    assert found.high90 == pytest.approx(found.predicted * math.exp(Z * 0.2), rel=1e-12)
    assert found.log_error == pytest.approx(math.log(2.0 / found.predicted), rel=1e-12)


@pytest.mark.parametrize(
    ("some", "stated", "squares"),
    [
        (row("count", 30.0, 4), False, 0.3**2 + 0.5**2),
        (row("count", 30.0, 4), True, 0.3**2),
        (row("count", 30.0, 0), False, 0.5**2),
        (row("count", 30.0, 0), True, 0.0),
        (row("fold", 1.0, 0), False, 0.0),
        (row("fold", 2.0, 4, id="7"), False, 0.3**2 + 0.4**2),
        (row("level", 5.0, 4.2, "il2", unit="pM"), False, 0.7**2),
    ],
)
def test_what_a_row_varies_by(some: Observation, stated: bool, squares: float) -> None:
    own = load_parameters("il2_minimal").set("test", treg_baseline="35 cells/uL")
    found = one(some, own=Parameters((own["treg_baseline"],), "a study") if stated else NONE)
    if not squares:
        assert found.predicted is not None and found.low90 is None and found.high90 is None
        assert found.inside == "" and "no interval" in found.reason
    else:
        assert found.low90 and found.high90
        assert math.log(found.high90 / found.low90) == pytest.approx(2 * Z * math.sqrt(squares), rel=1e-9)
    if stated and some.day_to == 0:
        assert found.predicted == pytest.approx(35, rel=1e-9)


def test_counts_of_a_study_share_its_scale() -> None:
    data = replace(observed(row("fold", 2.0, 4)), count_scale=(("one", 0.6),))
    (found,) = predict(data, "il2_minimal")
    assert found.low90 and found.high90
    assert math.log(found.high90 / found.low90) == pytest.approx(2 * Z * math.hypot(0.3, 0.6), rel=1e-9)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=40), st.floats(0.05, 2), st.sampled_from([0.05, 0.95]))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_quantile_of_a_mixture(means: list[float], sd: float, share: float) -> None:
    expected = brentq(lambda x: norm.cdf((x - np.array(means)) / sd).mean() - share, -20, 20, xtol=1e-13)
    # the bracket is at most 6 units wide and halved 40 times
    assert quantile(np.array(means), sd, share) == pytest.approx(expected, abs=1e-9)


def test_quantile_of_draws_alone() -> None:
    means = np.arange(101.0)
    assert (quantile(means, 0.0, 0.05), quantile(means, 0.0, 0.95)) == (5.0, 95.0)
    with pytest.raises(InferenceError, match=r"0\.05 or 0\.95"):
        quantile(means, 1.0, 0.5)


@pytest.mark.parametrize(
    ("change", "inside"),
    [
        ({"value": 1.0}, "yes"),
        ({"value": 0.0}, "no"),
        ({"value": 10.0}, "no"),
        ({"value": 1.2, "bound": ">"}, "yes"),
        ({"value": 10.0, "bound": ">"}, "no"),
        ({"value": 10.0, "bound": "<"}, "yes"),
        ({"value": 0.1, "bound": "<"}, "no"),
        ({"value": None, "low": 0.1, "high": 1.0, "bound": "range"}, "yes"),
        ({"value": None, "low": 10.0, "high": 20.0, "bound": "range"}, "no"),
        ({"value": None, "bound": "range"}, ""),
        ({"value": None, "bound": "qualitative"}, ""),
        ({"value": None}, ""),
    ],
)
def test_inside(change: dict[str, object], inside: str) -> None:
    """With no dose the fold is 1, and a dose to come leaves the spread: from 0.61 to 1.64."""
    some = replace(row("fold", 1.0, 0, side="post"), **change)  # type: ignore[arg-type]
    found = one(some)
    assert found.low90 == pytest.approx(math.exp(-Z * 0.3), rel=1e-4)  # the dose itself has not acted yet
    assert found.inside == inside
    assert (found.log_error is None) == (some.bound != "=" or not some.value)


def test_log_error_of_a_percentage_is_of_the_percentages() -> None:
    (found,) = predict(observed(row("percent", 8.0, 4, "treg_percent_cd4")), "il2")
    assert found.predicted and found.low90 and found.high90
    assert found.log_error == pytest.approx(math.log(8.0 / found.predicted), rel=1e-12)
    ends = [math.log(v / (100 - v)) for v in (found.low90, found.high90)]
    assert ends[1] - ends[0] == pytest.approx(2 * Z * math.hypot(0.3, 0.5), rel=1e-9)


def test_a_row_without_answer_spoils_no_other() -> None:
    good = [row("fold", 2.0, 4), row("count", 30.0, 7)]
    bad = [
        row("count", 30.0, 4, "nks"),
        row("count", 30.0, 4, unit="pM"),
        row("percent", 30.0, 4),
        row("fold", 2.0, 4, course=-1, reason="a statement in words"),
        row("fold", 2.0, 4, course=9),
    ]
    mixed = [bad[0], good[0], bad[1], bad[2], good[1], bad[3], bad[4]]
    found = predict(observed(*mixed), "il2_minimal")
    assert [p.observation for p in found] == mixed
    alone = predict(observed(*good), "il2_minimal")
    assert (found[1], found[4]) == alone
    reasons = [found[k].reason for k in (0, 2, 3, 5, 6)]
    assert "did you mean 'nk'" in reasons[0] and "pM" in reasons[1] and "percentage" in reasons[2]
    assert reasons[3:] == ["a statement in words", "no regimen is given"]
    assert all(p.predicted is None and p.inside == "" for k, p in enumerate(found) if k not in (1, 4))


def test_an_infinite_log_spoils_no_other_row() -> None:
    """Before the first dose there is no drug, and its log is not finite."""
    data = observed(row("fold", 2.0, 4), row("level", 5.0, 0, "drug", unit="MIU"))
    fold, level = predict(data, "il2_minimal")
    assert fold.predicted is not None
    assert level.predicted is None and level.reason


def test_draws_widen_the_interval() -> None:
    some = row("fold", 2.0, 4)
    plain, equal, wide = one(some), one(some, drawn(1, 1, 1)), one(some, drawn(0.3, 0.6, 1, 1.7, 3))
    assert plain.low90 and plain.high90 and equal.low90 and equal.high90 and wide.low90 and wide.high90
    # equal draws are one normal distribution; the mixture is solved to 1e-11
    assert (equal.low90, equal.high90) == pytest.approx((plain.low90, plain.high90), rel=1e-9)
    assert wide.low90 < 0.95 * plain.low90 and wide.high90 > 1.05 * plain.high90
    assert wide.predicted == pytest.approx(plain.predicted, rel=1e-12)


def test_draws_alone_are_their_quantiles() -> None:
    found = one(row("fold", 2.0, 4), drawn(0.5, 0.8, 1, 1.3, 2), noise=Noise(between_studies=0))
    table = load_parameters("il2_minimal")["treg_growth"]
    folds = [
        simulate(
            "1 MIU daily x5",
            "il2_minimal",
            load_parameters("il2_minimal").set(treg_growth=table.value * f),
            times=[4.0],
        )["treg_fold"][0]
        for f in (0.5, 0.8, 1, 1.3, 2)
    ]
    assert found.low90 == pytest.approx(math.exp(np.quantile(np.log(folds), 0.05)), rel=1e-5)
    assert found.high90 == pytest.approx(math.exp(np.quantile(np.log(folds), 0.95)), rel=1e-5)


def test_draws_in_another_unit() -> None:
    some, name = row("fold", 2.0, 4), "absorption"
    usual = drawn(0.5, 1, 2, name=name)
    daily = Draws((name,), ("1/d",), usual.values * 24, "file", "hand.csv")
    a, b = one(some, usual), one(some, daily)
    assert (a.low90, a.high90) == pytest.approx((b.low90, b.high90), rel=1e-9)
    with pytest.raises(ParameterError, match="absorption"):
        one(some, Draws((name,), ("pM",), usual.values, "file", "hand.csv"))


def test_draws_of_another_model_are_refused() -> None:
    strange = Draws(("treg_feedbak",), ("1",), np.ones((2, 1)), "file", "hand.csv")
    with pytest.raises(InferenceError, match=r"hand\.csv: .*did you mean 'treg_feedback'"):
        one(row("fold", 2.0, 4), strange)


def test_a_draw_that_cannot_be_simulated_is_counted() -> None:
    some = row("fold", 2.0, 4)
    found = one(some, drawn(1, 0, 1.5, name="treg_baseline"))
    usual = one(some, drawn(1, 1.5, name="treg_baseline"))
    assert found.reason.startswith("1 of 3 draws could not be simulated: ")
    assert (found.low90, found.high90) == (usual.low90, usual.high90)


def test_what_a_study_says_of_its_patients_is_not_drawn() -> None:
    own = Parameters((load_parameters("il2_minimal")["treg_baseline"],), "a study")
    some = row("count", 30.0, 4)
    wild = drawn(0.2, 5, name="treg_baseline")
    assert one(some, wild, own=own).high90 == pytest.approx(one(some, own=own).high90 or 0, rel=1e-9)
    assert (one(some, wild).high90 or 0) > 2 * (one(some).high90 or 0)


def test_csv_and_text() -> None:
    some = [row("fold", 2.0, 4), row("fold", 5.0, 4, bound=">"), row("fold", None, 4, course=-1, reason="why, then")]
    found = predict(observed(*some), "il2_minimal")
    read = list(csv.DictReader(io.StringIO(predictions_csv(found).decode())))
    assert [r["inside"] for r in read] == [p.inside for p in found] and read[2]["reason"] == "why, then"
    assert float(read[0]["low90"]) == pytest.approx(found[0].low90 or 0, rel=1e-9)  # ten digits
    assert "why, then: one row 2" in predictions_text(found)
    assert counts(found).endswith("1 row cannot be predicted (reasons above)")
    assert counts(()) == "there is nothing to compare"
    assert [number(v) for v in (1130.0, 0.012345, None, math.inf, -28.1)] == ["1130", "0.0123", "-", "-", "-28.1"]
