"""Predictive checks: which rows share a panel and a bin, what is done with bounds, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import parameter, study_file
from scipy import stats
from vpc_cases import COHORT, HEAD, SEED, SPREAD, checked, cohort_text, in_tank, reference

from pkpd.dosing.library import load_schedule
from pkpd.engine.run import Rows
from pkpd.errors import InferenceError, PkpdError
from pkpd.inference.rows.noise import RESIDUAL_OTHER
from pkpd.inference.rows.sampling import Sampling
from pkpd.output.report.vpc import vpc_tables, vpc_text
from pkpd.parameters import Parameters
from pkpd.studies.library import load_observations
from pkpd.studies.observation import Course
from pkpd.trials.predictive.known import facts_of
from pkpd.trials.predictive.panels import panels_of
from pkpd.trials.predictive.rows import Data
from pkpd.trials.predictive.settings import Settings
from pkpd.trials.predictive.vpc import visual_check

pytestmark = pytest.mark.usefixtures("here")


# --- what is kept apart, and what is left out


def test_forms_and_strata_are_kept_apart() -> None:
    lines = "".join(
        f"{arm},P{k},{dose} MIU daily x5,treg,{form},{day},{v}\n"
        for arm, dose in (("a", 0.5), ("b", 1.5))
        for k in range(3)
        for day in (5, 12)
        for form, v in (("count", 60 + k), ("fold", 2 + k / 9), ("percent_change", 80 + k))
    )
    text = "arm,id,regimen,output,form,day,value\n" + lines
    found = checked(text, replicates=20)
    assert {(p.form, p.stratum) for p in found.panels} == {
        (f, a) for f in ("count", "fold", "percent_change") for a in "ab"
    }
    assert all(p.by_visit and [b.middle for b in p.bins] == [5, 12] for p in found.panels)
    assert {p.stratum for p in checked(text, replicates=20, corrected=True).panels} == {""}
    assert {p.stratum for p in checked(text, replicates=20, stratify="regimen").panels} == {
        "0.5 MIU daily x5",
        "1.5 MIU daily x5",
    }


def test_bins_hold_every_row_once_and_keep_equal_days_together() -> None:
    days = [1, 1.1, 2, 2, 2, 2, 2, 3.3, 4, 5.5, 6, 7.7]
    text = "id,regimen,output,form,day,value\n" + "".join(
        f"P{k},1 MIU daily x5,treg,fold,{day},2\n" for k, day in enumerate(days)
    )
    found = checked(text, replicates=20, bins=3)
    (panel,) = found.panels
    assert len(panel.bins) == 3 and not panel.by_visit
    assert sorted(panel.rows.tolist()) == list(range(12))
    assert sum({2.0} <= {days[n] for n in b.rows} for b in panel.bins) == 1
    assert all(a.last < b.first for a, b in zip(panel.bins, panel.bins[1:], strict=False))
    (visits,) = panels_of(found.data.rows, Settings(by_visit=True))
    assert len(visits.bins) == len(set(days))
    (chosen,) = panels_of(found.data.rows, Settings())
    assert len(chosen.bins) == 1 and not chosen.by_visit


def test_rows_with_a_bound_are_counted_as_what_they_are() -> None:
    values = [(f"P{k}", 50, 0, v) for k, v in enumerate(("<2", "<4", "3", "5", "6", "7", "8"))]
    found = in_tank(values)
    (own,), (limit,) = found.percentiles, found.beyond
    assert math.isnan(own.observed[0, 0]) and own.observed[0, 1] == pytest.approx(math.log(5), abs=1e-12)
    # below 4: two bounds and the 3; simulated below 4 as log-normal numbers are
    assert limit.observed == pytest.approx(3 / 7) and limit.limit == pytest.approx(math.log(4))
    share = stats.norm.cdf((math.log(4) - math.log(5)) / math.hypot(SPREAD, RESIDUAL_OTHER))
    assert limit.simulated[1] == pytest.approx(share, abs=1 / 7)  # a median of sevenths
    assert found.numeric[-1].count == 5 and found.numeric[-1].beyond == 2
    tables = vpc_tables(found)
    assert "limits.csv" in tables and b"a bound" in tables["points.csv"]
    assert "2 of 7 rows hold only a bound" in vpc_text(found, "tank", "its own")


def test_folds_before_any_dose_and_rows_without_number_are_told() -> None:
    text = (
        "id,regimen,output,form,day,value,role\nA,1 MIU daily x5,treg,fold,0,1,\nA,1 MIU daily x5,treg,fold,5,2,\n"
        "A,1 MIU daily x5,treg,fold,12,2,design\nA,1 MIU daily x5,nk,count,5,0,\n"
    )
    found = checked(text, replicates=20)
    assert len(found.data.rows) == 1
    said = " ".join(found.notes)
    assert "1 row of a fold before any dose" in said and "of role design" in said and "which should be a bound" in said


def test_body_size_of_a_row_holds() -> None:
    text = "id,bsa,regimen,output,form,day,value\n" + "".join(
        f"P{k},{bsa},{dose} MIU daily x5,il2,level,4.2,20\n"
        for k, (bsa, dose) in enumerate(((1.2, 1), (2.4, 2), (2.4, 1)))
    )
    found = checked(text, replicates=20)
    # volumes and clearances follow body surface: twice the body with twice the dose has the same level
    assert found.predicted[1] == pytest.approx(found.predicted[0], abs=1e-4)  # tolerance of the solver
    assert found.predicted[2] < found.predicted[0] - 0.3
    assert found.ranges[1, 2] < found.ranges[1, 0]


# --- wrong input


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (",1 MIU daily x5,treg,fold,5,2", "the row has no id.*`pkpd predict`"),
        ("A,1 MIU daily x5,treg,fold,0,1", "no row after the first dose"),
        ("A,1 MIU daily x5,tregg,fold,5,2", "no output 'tregg'; did you mean 'treg'"),
        ("A,1 MIU daily x5,treg,count,5,0", "no individual row with a number"),
    ],
)
def test_rows_that_cannot_be_checked(rows: str, said: str) -> None:
    with pytest.raises(InferenceError, match=said):
        checked(f"id,regimen,output,form,day,value\n{rows}\n", replicates=20)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"replicates": 1}, "replicates .* from 20 to 20000, not 1"),
        ({"seed": -1}, "seed .* not -1"),
        ({"bins": 99}, "bins .* not 99"),
        ({"stratify": "regime"}, "did you mean 'regimen'"),
        ({"bins": 3, "by_visit": True}, "not both"),
        ({"outputs": ("nkk",)}, "no row of output 'nkk'; did you mean 'nk'"),
    ],
)
def test_wrong_settings(settings: dict[str, object], said: str) -> None:
    with pytest.raises(PkpdError, match=said):
        checked(COHORT.read_text("utf-8"), **settings)


def test_the_example_cohort_is_what_its_maker_writes() -> None:
    text = COHORT.read_text("utf-8")
    assert text.splitlines()[0] == HEAD
    made = [line.rsplit(",", 2) for line in cohort_text(SEED).splitlines()[1:]]
    kept = [line.rsplit(",", 2) for line in text.splitlines()[1:]]
    assert [m[0] for m in made] == [k[0] for k in kept]
    # another processor may round the last of four digits differently
    assert [float(m[1]) for m in made] == pytest.approx([float(k[1]) for k in kept], rel=2e-3)


def test_a_size_that_a_study_states_is_the_middle_of_its_patients() -> None:
    arm = '[arms.one]\nschedule = "1 MIU daily x5"\n' + parameter("arms.one.parameters.bsa", 2.4, "m2")
    Path("mine.toml").write_text(study_file(arm))
    head, row = "arm,id,output,form,day,value", "one,A,il2,level,4.2,20"
    found = {}
    for name, text in (("stated", f"{head}\n{row}\n"), ("own", f"{head},bsa\n{row},1.2\n")):
        Path("mine.csv").write_text(text)
        data = visual_check(load_observations("mine.toml"), "il2", reference(), Settings(20))
        found[name] = data
    assert found["own"].predicted[0] > found["stated"].predicted[0] + 0.3  # half the body, the same dose


def test_a_patient_known_to_be_as_large_as_the_study_says_differs_in_nothing_else() -> None:
    parameters = reference()
    course = Course("s", "a", "none", load_schedule("none"), Parameters((), "s"), bsa=1.7)
    stated = replace(course, parameters=Parameters((replace(parameters["bsa"], value=1.7, unit="m2"),), "s"))
    for one, count in ((course, 1), (stated, 0)):
        sampling = Sampling(one, Rows(np.zeros(1), np.zeros(1, dtype=np.int64)), (), ())
        (facts,) = facts_of(Data((sampling,), ((0,),), (("s", "a", "P"),), (), (), ()), parameters, {})
        assert [f.parameter for f in facts] == ["bsa"] * count
