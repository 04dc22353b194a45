"""`population`: the same numbers whoever works, patients and uncertainty kept apart, tables that hold all of it."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import pkpd
from pkpd.engine.functions import Vector
from pkpd.errors import PkpdError
from pkpd.inference.uncertainty.draws import Draws, default_draws
from pkpd.keyed import Keyed
from pkpd.parameters import Parameters
from pkpd.quantities import quantity
from pkpd.trials.patients.cohort import simulate_cohort
from pkpd.trials.patients.course import Course
from pkpd.trials.patients.enrol import enrol
from pkpd.trials.patients.spread import Patients, spread_of
from pkpd.trials.population.gather import interval, split
from pkpd.trials.population.population import Population, population
from pkpd.trials.population.record import csv_files
from pkpd.trials.population.subject import subject_of
from pkpd.trials.run import Options

SHORT = Options(days=Fraction(28))
DRAWS = 3


def small(patients: int = 40, seed: int = 1, **more: object) -> Population:
    return population("he2020", patients, seed, options=SHORT, draw_count=DRAWS, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def known() -> Population:
    return small(threads=1)


@pytest.fixture(scope="module")
def bytes_known(known: Population) -> dict[str, bytes]:
    return csv_files(known)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_make_no_difference(bytes_known: dict[str, bytes], threads: int) -> None:
    assert csv_files(small(threads=threads)) == bytes_known


def test_processes_make_no_difference(bytes_known: dict[str, bytes]) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert csv_files(small(executor=pool)) == bytes_known


@pytest.mark.parametrize("size", [1, 7, 39])
def test_pieces_make_no_difference(bytes_known: dict[str, bytes], size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkpd.trials.patients.cohort.pieces_of.__defaults__", (size,))
    assert csv_files(small(threads=2)) == bytes_known


def test_patients_do_not_depend_on_how_many_there_are(known: Population) -> None:
    for few, many in zip(small(11, draws=None).arms, known.arms, strict=True):
        assert np.array_equal(few.endpoints, many.endpoints[:11], equal_nan=True)
        for name, column in few.patients.values.items():
            assert np.array_equal(column, many.patients.values[name][:11])


def test_another_seed_gives_other_patients(known: Population) -> None:
    other = small(40, 2, draws=None).arms[0].patients.values["treg_ec50"]
    assert not np.any(other == known.arms[0].patients.values["treg_ec50"])


def by_hand(found: Population, typical: dict[str, float] | None = None) -> tuple[Patients, Course, Vector]:
    """The patients of the first arm, drawn and simulated without any of the machinery of a population."""
    arm = found.arms[0]
    outputs = ("treg_fold", "il2")
    course = Course("il2", arm.arm.schedule, arm.arm.parameters, outputs, arm.sampling.times)
    spread = spread_of(arm.arm.parameters, pkpd.load_study("he2020").covariates)
    patients = enrol(course, spread, Keyed(found.seed), 0, found.count, typical)
    return patients, course, simulate_cohort(course, patients).values


def test_bands_are_percentiles_of_the_patients(known: Population) -> None:
    _, course, values = by_hand(known)
    arm = known.arms[0]
    for k, output in enumerate(course.outputs):
        rows = np.searchsorted(arm.sampling.times, arm.days(output))
        assert np.array_equal(arm.band(output), np.quantile(values[:, k][:, rows], (0.05, 0.5, 0.95), axis=0))


def test_intervals_are_of_the_same_patients_around_each_draw(known: Population) -> None:
    draws, arm = known.uncertainty.draws, known.arms[0]  # type: ignore[union-attr]
    assert len(draws.values) == known.draws == DRAWS
    medians = []
    for row in draws.in_units_of(arm.arm.parameters).tolist():
        patients, course, values = by_hand(known, dict(zip(draws.names, row, strict=True)))
        medians.append(np.quantile(values[:, 0], (0.05, 0.5, 0.95), axis=0))
    rows = np.searchsorted(course.times, arm.days("treg_fold"))
    low, high = arm.interval("treg_fold")
    expected = np.quantile(np.array(medians)[:, :, rows], (0.05, 0.95), axis=0)
    assert np.array_equal(low, expected[0]) and np.array_equal(high, expected[1])
    assert (high - low).max() > 0.3  # not an interval of nothing
    # the same deviates: what no draw varies is the same patient by patient, but for those drawn again
    kept = [k for k in range(known.count) if k not in {*patients.redrawn, *arm.patients.redrawn}]
    assert np.array_equal(patients.values["nk_baseline"][kept], arm.patients.values["nk_baseline"][kept])


def test_endpoints_are_the_quantities_by_name(known: Population) -> None:
    _, course, values = by_hand(known)
    arm = known.arms[0]
    peak = arm.endpoints[:, arm.names.index("treg_peak_fold")]
    assert np.array_equal(peak, values[:, 0].max(axis=1))
    first = arm.endpoints[:, arm.names.index("il2_peak_first_dose")]
    assert np.array_equal(first, values[:, 1][:, course.times <= 2].max(axis=1))
    last = arm.endpoints[:, arm.names.index("il2_peak_last_dose")]
    after = (course.times >= 12) & (course.times <= 14)
    assert np.array_equal(last, values[:, 1][:, after].max(axis=1))
    # seven doses of the first block, and that of day 28
    assert set(arm.endpoints[:, arm.names.index("injections")].tolist()) == {8.0}
    assert set(arm.endpoints[:, arm.names.index("il2_given")].tolist()) == {8.0}


def test_a_quantity_may_be_added() -> None:
    found = population("1 MIU daily x2", 3, options=Options(days=Fraction(7)), quantities=["treg_fold@5"], draws=None)
    arm = found.arms[0]
    day = int(np.flatnonzero(arm.days("treg_fold") == 5)[0])
    assert arm.names[-1] == "treg_fold@5"
    assert np.array_equal(np.median(arm.endpoints[:, -1]), arm.band("treg_fold")[1, day])


def test_nothing_happens_on_placebo(known: Population) -> None:
    placebo = known.arms[1]
    assert placebo.arm.name == "placebo"
    for output in ("treg_fold", "nk_fold", "cd56bright_fold", "eosinophils_fold"):
        for lines in (placebo.band(output), *placebo.interval(output)):
            assert np.abs(lines - 1).max() < 1e-9  # rounding of the state at rest
    assert np.ptp(placebo.band("treg")[:, 0]) > 5  # while patients differ
    assert all(np.isnan(s.shares).all() for s in placebo.split)
    assert not np.isfinite(placebo.correlations).any()


def test_arms_keep_their_covariates(known: Population) -> None:
    il2, placebo = (arm.patients.values["bsa"] for arm in known.arms)
    typical = [arm.arm.parameters["bsa"].value for arm in known.arms]
    assert typical == [1.57, 1.62]
    kept = [k for k in range(known.count) if k not in known.arms[0].patients.redrawn + known.arms[1].patients.redrawn]
    assert np.allclose(il2[kept] / placebo[kept], 1.57 / 1.62, rtol=1e-14)  # the same people, one rounding each


def test_the_split_tells_patients_from_typical_values() -> None:
    # logs of draws are 0, 1 and 2, and of patients -1 and 1 around them: variances 2/3 and 1
    moments = [np.array([[1.0], [0.0], [mean], [1.0]]) for mean in (0.0, 1.0, 2.0)]
    (own,) = split(moments[0], moments)
    assert own.scale == "log"
    assert own.patients == pytest.approx(1) and own.typical == pytest.approx(2 / 3)
    assert own.shares == pytest.approx((0.6, 0.4))
    negative = [np.array([[mean], [3.0], [np.nan], [np.nan]]) for mean in (0.0, 2.0)]
    (plain,) = split(negative[0], negative)
    assert (plain.scale, plain.patients, plain.typical) == ("plain", 3.0, 1.0)


def one_draw(name: str, values: list[float]) -> Draws:
    base = default_draws("il2")
    assert base is not None
    unit = base.units[base.names.index(name)]
    return Draws((name,), (unit,), np.array(values)[:, None], "file", "mine.csv")


def test_uncertainty_without_spread_is_all_typical_values_and_the_reverse() -> None:
    base = pkpd.default_parameters("il2")
    none = Parameters(tuple(replace(t, spread=0.0, occasion=0.0) for t in base.tables), "mine.toml", "il2")
    short = Options(days=Fraction(7), parameters=none)
    draws = one_draw("treg_ec50", [8.0, 10.0, 14.0])
    found = population("1 MIU daily x2", 3, options=short, draws=draws).arms[0]
    assert found.split[found.names.index("treg_peak_fold")].shares == (0.0, 1.0)
    assert np.ptp(found.band("treg_fold"), axis=0).max() == 0
    spread = Options(days=Fraction(7))
    same = one_draw("treg_ec50", [base["treg_ec50"].value] * 3)
    found = population("1 MIU daily x2", 6, options=spread, draws=same).arms[0]
    assert found.split[found.names.index("treg_peak_fold")].shares == (1.0, 0.0)
    for line in found.interval("treg_fold"):
        assert np.array_equal(line, found.band("treg_fold"))


def test_an_interval_leaves_out_draws_without_numbers() -> None:
    values = np.array([[[1.0, 5.0]], [[3.0, np.nan]], [[np.nan, np.nan]]])
    low, high = interval(values)
    assert np.allclose(low, [[1.1, 5.0]]) and np.allclose(high, [[2.9, 5.0]])


def test_failing_patients_are_counted_and_shown() -> None:
    # a spread so wide that some patients have no steady baseline in any of fifty attempts
    base = pkpd.default_parameters("il2")
    wide = tuple(replace(t, value=5.0) if t.name == "treg_activation" else t for t in base.tables)
    own = Options(days=Fraction(3), parameters=Parameters(wide, "mine.toml", "il2"))
    found = population("1 MIU once", 12, options=own, draws=None)
    failed = [f.patient for f in found.arms[0].lines.failures]
    assert 0 < len(failed) < 12
    rows = list(found.failures.rows())
    assert [row[2] - 1 for row in rows if row[3] == "failed"] == failed
    assert all("no steady baseline" in row[5] for row in rows if row[3] == "failed")
    assert [row[2] - 1 for row in rows if row[3] == "redrawn"] == list(found.arms[0].patients.redrawn)
    assert set(failed) <= set(found.arms[0].patients.redrawn)
    assert {row[1] - 1 for row in found.endpoints.rows()} == set(range(12)) - set(failed)
    assert set(found.table()["patients"]) <= {12 - len(failed), 0}


def test_a_population_that_nobody_survives_is_refused() -> None:
    base = pkpd.default_parameters("il2").set("mine", treg_activation=500.0)
    own = Options(days=Fraction(3), parameters=base)
    with pytest.raises(PkpdError, match=r"none of 2 patients could be simulated; the first: .*no steady baseline"):
        population("1 MIU once", 2, options=own, draws=None)


def test_tables_are_tidy_and_complete(known: Population) -> None:
    bands = known.bands
    assert list(bands) == ["arm", "time", "side", "output", "statistic", "value", "low", "high", "unit"]
    assert len(bands["arm"]) == sum(3 * len(arm.days(o)) for arm in known.arms for o in arm.outputs)
    assert len(known.endpoints["arm"]) == sum(known.count * len(arm.names) for arm in known.arms)
    assert {v for v, a in zip(bands["statistic"], bands["arm"], strict=True) if a == "il2"} == {"p05", "p50", "p95"}
    shares = [row for row in known.spread.rows() if row[1] == "treg_peak_fold" and row[0] == "il2"]
    assert [row[3] for row in shares] == ["patients", "typical values"]
    assert sum(row[5] for row in shares) == pytest.approx(1)
    assert known.patients["id"] == [*range(1, 41), *range(1, 41)]
    assert "treg_ec50 [pM]" in known.patients and "sc_absorption block 1 [1/h]" in known.patients


def test_a_study_goes_before_a_schedule_of_the_same_name() -> None:
    assert isinstance(subject_of("he2020"), pkpd.Study)
    assert isinstance(subject_of("1 MIU daily x5"), pkpd.Schedule)
    assert isinstance(subject_of("none"), pkpd.Schedule)


def test_a_quantity_of_no_output_says_which_there_are() -> None:
    with pytest.raises(PkpdError, match="did you mean"):
        quantity("treg_peek", ("treg", "treg_fold"))
    with pytest.raises(PkpdError, match="'treg_peek' names no quantity; did you mean 'treg_peak'"):
        small(quantities=["treg_peek"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"patients": 1}, "a population has 2 to 20000 patients an arm, not 1; summarise_many takes more"),
        ({"patients": 20_001}, "summarise_many takes more"),
        ({"seed": -1}, "seed is a whole number"),
        ({"threads": 0}, "0 threads cannot work"),
        ({"draw_count": 0}, "0 draws cannot make a band"),
        ({"quantities": ["treg@99"]}, "day 99 was asked for, and the days simulated are 0 to 28"),
        ({"options": Options(side="both")}, "one side of each dose, pre or post, not 'both'"),
        ({"study_or_schedule": "he2002"}, "neither a study nor a named schedule; did you mean 'he2020'"),
    ],
)
def test_what_makes_no_sense_gets_one_sentence(arguments: dict[str, object], sentence: str) -> None:
    asked = {"study_or_schedule": "he2020", "patients": 4, "options": SHORT, "draw_count": 2} | arguments
    with pytest.raises(PkpdError, match=sentence):
        population(**asked)  # type: ignore[arg-type]
