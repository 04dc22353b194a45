"""Fits as PEtab: petab's linter, its likelihood of what libRoadRunner simulates, what is left out, and wrong uses."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from models import one_compartment
from petab_cases import (
    DAILY,
    HELD,
    INFUSED,
    LOST,
    VARY,
    bounded,
    cohort,
    laid_out,
    log_likelihood,
    observed,
    own_log_likelihood,
    written,
)

from pkpd.dosing.dose import Dose
from pkpd.dosing.schedule import Schedule
from pkpd.errors import PkpdError
from pkpd.exchange.petab.check import lint
from pkpd.exchange.petab.problem import petab_problem, write_petab
from pkpd.exchange.sbml.writing import problems
from pkpd.inference.coordinates import coordinates
from pkpd.inference.fitting import parameters_of
from pkpd.studies.library import load_observations

pytest.importorskip("petab")
# petab 0.8 calls pandas 3 in ways that pandas will drop
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:petab")

# doses are 9 ms late, which moves a log by up to 1e-5, and a residual of several SDs makes ten times that of it
LATE = 1e-4


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("priors", [True, False])
def test_petab_finds_nothing_wrong(tmp_path: Path, version: int, priors: bool) -> None:
    problem = petab_problem([cohort(tmp_path)], "il2_minimal", None, VARY, version=version, priors=priors)
    assert lint(problem) == ()
    assert problem.held == len(HELD.splitlines())
    assert problems(problem.files["model.xml"]) == ()
    assert ("prior" in problem.files["parameters.tsv"].lower()) is priors


@pytest.mark.parametrize("version", [1, 2])
def test_the_linter_is_heard(tmp_path: Path, version: int) -> None:
    problem = written(tmp_path, version)
    broken = problem.files["measurements.tsv"].replace("observed_treg_as_fold", "observed_nothing")
    assert lint(replace(problem, files={**problem.files, "measurements.tsv": broken}))


@pytest.mark.parametrize("changes", [{}, {"treg_growth": 9.0, "treg_feedback": 1.1, "nk_half_amount": 0.33}])
def test_likelihood_is_ours_without_shared_shifts(tmp_path: Path, changes: dict[str, float]) -> None:
    problem = written(tmp_path)
    base = parameters_of("il2_minimal", None)
    values = {name: changes.get(name, base[name].value) for name in VARY}
    coherent = values | {"nk_half_amount": values["nk_half_amount"] * 1e6}  # MIU, and IU in the SBML model
    own = own_log_likelihood(observed(tmp_path), problem.held, values)
    assert log_likelihood(problem, tmp_path, coherent) == pytest.approx(own, abs=LATE)


@pytest.mark.parametrize("values", [(0.9, 0.5, 4.0), (0.6, 3.0, 5.0)])
def test_infusions_lags_and_bioavailability(tmp_path: Path, values: tuple[float, float, float]) -> None:
    model = one_compartment()
    names = ("iv_bioavailability", "iv_lag", "clearance")
    base = bounded(model, iv_bioavailability=(0.1, 1.0), iv_lag=(0.0, 5.0), clearance=(1.0, 9.0))
    path = cohort(tmp_path, INFUSED)
    problem = petab_problem([path], model, base, names)
    assert problem.held == len(INFUSED.splitlines())
    at = dict(zip(names, values, strict=True))
    own = own_log_likelihood(load_observations(path).only("fit"), problem.held, at, model, base)
    assert log_likelihood(problem, tmp_path, at) == pytest.approx(own, abs=LATE)


def test_a_value_that_one_study_states_stays_its_own(tmp_path: Path) -> None:
    path = cohort(tmp_path, f"a,low,12,,{DAILY},treg,count,3,,,,,,=,cells/uL,40,SD,9\n")
    for version in (1, 2):
        problem = petab_problem(["hao2020", path], "il2", None, "treg_ec50,treg_baseline", version=version)
        assert lint(problem) == ()
        names = [line.split("\t")[0] for line in problem.files["parameters.tsv"].splitlines()]
        assert names == ["parameterId", "treg_ec50", "fitted_treg_baseline"]
        assert len(re.findall("fitted_treg_baseline", problem.files["conditions.tsv"])) == 1


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    from petab.v1 import Problem
    from petab.v2 import Problem as Problem2

    one = Problem.from_yaml(str(laid_out(written(tmp_path), tmp_path)))
    two = Problem2.from_yaml(str(laid_out(written(tmp_path, 2), tmp_path)))
    base = parameters_of("il2_minimal", None)
    varied = coordinates(base, VARY)
    units = [1.0, 1.0, 1e6]
    for k, name in enumerate(VARY):
        low, high = (bound * units[k] for bound in base[name].bounds)
        row, other = one.parameter_df.loc[name], two.parameter_df.loc[name]
        assert (row.lowerBound, row.upperBound, row.nominalValue) == (low, high, base[name].value * units[k])
        assert (other.lowerBound, other.upperBound, other.nominalValue) == (low, high, row.nominalValue)
        if base[name].prior is None:
            assert math.isnan(row.objectivePriorParameters) and two.parameters[k].prior_distribution is None
            continue
        centre, sd = map(float, row.objectivePriorParameters.split(";"))
        assert (centre, sd) == (varied.centre[k], varied.sd[k])
        assert two.parameters[k].prior_parameters == [centre, sd]
    assert sum(base[name].prior is None for name in VARY) == 1
    changes = {(c.id, x.target_id): float(x.target_value) for c in two.conditions for x in c.changes}
    wide = one.condition_df.drop(columns="conditionName")
    assert changes == {(c, name): float(wide.loc[c, name]) for c in wide.index for name in wide.columns}
    assert [m.measurement for m in two.measurements] == list(one.measurement_df["measurement"])
    assert [f"of_{c}" for c in one.measurement_df["simulationConditionId"]] == [
        m.experiment_id for m in two.measurements
    ]
    rows = observed(tmp_path).rows[: len(HELD.splitlines())]
    assert list(one.measurement_df["time"]) == list(two.measurement_df["time"])
    assert list(one.measurement_df["noiseParameters"]) == [float(m.noise_parameters[0]) for m in two.measurements]
    for row, value, time in zip(rows, one.measurement_df["measurement"], one.measurement_df["time"], strict=True):
        if row.form in ("fold", "ratio", "level"):
            assert value == row.value
        assert (time == row.day_from * 24) is (row.side == "pre")
    assert {o.noise_distribution.value for o in two.observables} == {"log-normal"}
    assert set(one.observable_df["observableTransformation"]) == {"log"}


def test_rows_left_out_say_why(tmp_path: Path) -> None:
    problem = written(tmp_path)
    reasons = [reason for _, reason in problem.left_out]
    assert len(reasons) == len(LOST.splitlines())
    for reason, said in zip(
        reasons, ("the maximum of several times", "the mean of several", "a bound (<)"), strict=True
    ):
        assert said in reason
        assert " ".join(reason.split()) in " ".join(problem.files["README.txt"].split())
    assert "integrated out" in problem.files["README.txt"]


def test_written_with_a_record(tmp_path: Path) -> None:
    problem = written(tmp_path)
    found = write_petab(problem, tmp_path / "out")
    assert {path.name for path in found} == {*problem.files, "run.json"}
    assert (tmp_path / "out" / "measurements.tsv").read_text() == problem.files["measurements.tsv"]


def _refused(*said: str, rows: str, folder: Path, vary: str = "treg_growth") -> None:
    with pytest.raises(PkpdError) as caught:
        petab_problem([cohort(folder, rows)], "il2_minimal", None, vary)
    assert "\n" not in str(caught.value)
    for part in said:
        assert part in str(caught.value)


def test_wrong_uses(tmp_path: Path) -> None:
    _refused("no row is left", "cohort.csv line 4", "a bound (<)", rows=LOST, folder=tmp_path)
    _refused("no parameter 'treg_growht'", "'treg_growth'", rows=HELD, folder=tmp_path, vary="treg_growht")
    with pytest.raises(PkpdError, match="PEtab version 3 was asked for"):
        petab_problem([cohort(tmp_path)], "il2_minimal", None, VARY, version=3)


def test_steady_states_are_not_written(tmp_path: Path) -> None:
    rows = load_observations(cohort(tmp_path, HELD))
    steady = Schedule.of(Dose.of("1 MIU", interval="1d", steady_state=1))
    some = replace(rows, courses=tuple(replace(course, schedule=steady) for course in rows.courses))
    with pytest.raises(PkpdError, match=r"no row is left.*steady-state record \(SS=1\) on day 0"):
        petab_problem(some, "il2_minimal", None, "treg_growth")


def test_before_day_0_is_left_out_and_a_dose_may_go_straight_into_a_state(tmp_path: Path) -> None:
    rows = load_observations(cohort(tmp_path, HELD))
    early = replace(rows.rows[0], day_from=-1.0, day_to=-1.0)
    straight = Schedule.of(Dose.of("2 MIU", route="drug"), Dose.of("1 MIU", time="1d", route="sc"))
    courses = tuple(replace(course, schedule=straight) for course in rows.courses)
    some = replace(rows, rows=(early, *rows.rows[1:]), courses=courses)
    problem = petab_problem(some, "il2_minimal", None, VARY)
    assert [reason for _, reason in problem.left_out] == [
        "day -1 is before day 0, where the time of PEtab begins",
    ]
    values = {name: parameters_of("il2_minimal", None)[name].value for name in VARY}
    kept = replace(some, rows=some.rows[1:])
    own = own_log_likelihood(kept, problem.held, values)
    coherent = values | {"nk_half_amount": values["nk_half_amount"] * 1e6}
    # the rows lie far from what these doses do, so that the sum and what lateness moves of it are large
    assert log_likelihood(problem, tmp_path, coherent) == pytest.approx(own, rel=LATE)
