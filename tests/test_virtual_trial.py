"""Virtual trials: what they hold does not depend on who computes it, and options change what they should, no more."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import fields, replace

import numpy as np
import pytest
from virtual_cases import BUSY, HE, MANY, PATIENTS, QUIET, REPLICATES, SILENT, trial

from pkpd.dosing.library import load_schedule
from pkpd.engine.batch import Failure
from pkpd.errors import PkpdError
from pkpd.measures import Endpoint
from pkpd.parameters import Parameter, load_parameters
from pkpd.simulation import simulate
from pkpd.studies.study import Study
from pkpd.trials.conduct import ruled, work
from pkpd.trials.conduct.result import VirtualTrial
from pkpd.trials.conduct.tables import power
from pkpd.trials.patients.cohort import Cohort
from pkpd.trials.run import PLAIN


def arrays(found: VirtualTrial) -> dict[str, np.ndarray]:
    parts = (found.statistics, found.attendance, found.example)
    named = {f"{type(p).__name__}.{f.name}": getattr(p, f.name) for p in parts for f in fields(p)}
    named.pop("Replicate.events")
    return named | dict(found.exposures) | {"draw": found.draw}


def same(one: VirtualTrial, two: VirtualTrial) -> bool:
    a, b = arrays(one), arrays(two)
    whole = all(np.array_equal(a[k], b[k], equal_nan=a[k].dtype.kind == "f") for k in a)
    return whole and a.keys() == b.keys() and repr(one.example.events) == repr(two.example.events)  # NaN is not itself


@pytest.fixture(scope="module")
def busy() -> VirtualTrial:
    return trial(BUSY, **MANY)


@pytest.fixture(scope="module")
def plain() -> VirtualTrial:
    return trial()


def test_workers_make_no_difference(busy: VirtualTrial, monkeypatch: pytest.MonkeyPatch) -> None:
    assert same(busy, trial(BUSY, **MANY))
    monkeypatch.setattr(work, "FULL", 2 * 2 * PATIENTS)  # two replicates in a unit of work
    assert same(busy, trial(BUSY, threads=2, **MANY))
    monkeypatch.setattr(work, "FULL", 1)
    monkeypatch.setattr(work, "pieces_of", lambda count: [(k, min(3, count - k)) for k in range(0, count, 3)])
    with ThreadPoolExecutor(3) as pool:
        assert same(busy, trial(BUSY, executor=pool, **MANY))


def test_processes_make_no_difference(busy: VirtualTrial) -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert same(busy, trial(BUSY, executor=pool, **MANY))


def test_a_replicate_does_not_depend_on_how_many_follow(plain: VirtualTrial) -> None:
    fewer = trial(replicates=2)
    assert np.array_equal(fewer.statistics.mean, plain.statistics.mean[:2])
    assert same(replace(fewer, example=plain.example), replace(trial(replicates=2), example=plain.example))
    assert not np.array_equal(trial(replicates=2, seed=2).statistics.mean, fewer.statistics.mean)


def test_example_leads_to_what_the_trial_reports(plain: VirtualTrial) -> None:
    e, s = plain.example, plain.statistics
    for arm in (0, 1):
        own = e.measured[e.arm == arm]
        assert (np.isfinite(own).sum(axis=0) == s.n[0, arm]).all()
        # the same sums in another order
        assert np.nanmean(own, axis=0) == pytest.approx(s.mean[0, arm], rel=1e-13)
    assert (e.days[:, 0] == 0).all()
    assert np.isnan(e.measured[np.isnan(e.days)]).all() and np.isfinite(e.measured[np.isfinite(e.days)]).all()


def test_without_variation_it_is_the_simulation() -> None:
    """No noise, no spread, no missed doses: every patient of the trial is the typical one."""
    still = replace(load_parameters("il2"), tables=_zero(load_parameters("il2").tables))
    own = replace(HE.parameters, tables=_zero(HE.parameters.tables))
    study = replace(HE, parameters=own, covariates=())
    # a spread that a table leaves out is completed from the model's own, so all must say none
    found = trial(SILENT, study, options=replace(PLAIN, parameters=still), patients=2)
    expected = simulate("he2020", "il2", found.parameters, times=found.visits)
    levels = found.example.measured[found.example.arm == 0]
    assert np.ptp(levels, axis=0).max() == 0
    for k, name in enumerate(found.outputs):
        # the lone patient and the batch take other steps, each within tolerances of 1e-6 or so
        assert levels[0, :, k] == pytest.approx(expected[name], rel=1e-4, abs=1e-6)
    assert found.statistics.sd.max() == 0 and np.isnan(found.statistics.p_control).all()


def _zero(tables: Sequence[Parameter]) -> tuple[Parameter, ...]:
    return tuple(replace(t, spread=0.0, occasion=0.0) for t in tables)


def test_arms_are_drawn_from_one_population(plain: VirtualTrial) -> None:
    assert plain.parameters["bsa"].value == 1.595
    for one, two in zip(plain.arms[0].parameters.tables, plain.arms[1].parameters.tables, strict=True):
        assert one == two
    assert "bsa, weight" in plain.notes[0]
    assert np.array_equal(plain.attendance.arm[:, : PATIENTS // 2].sum(axis=1), np.full(REPLICATES, PATIENTS // 4))


def test_doses_missed_and_given_add_up() -> None:
    found = trial([("missed_doses", "0.25"), ("dropout", "0")], replicates=10)
    treated = found.treated()
    assert (found.attendance.given + found.attendance.missed == np.where(treated, 21, 0)).all()
    # 10 x 8 x 21 doses, SE 0.011
    assert found.attendance.missed.sum() / (80 * 21) == pytest.approx(0.25, abs=0.044)
    assert trial([("missed_doses", "1")]).statistics.mean == pytest.approx(
        trial([("missed_doses", "1")], _placebos()).statistics.mean, rel=1e-12
    )


def _placebos() -> Study:
    """Two arms without a dose."""
    none = tuple(replace(arm, schedule=load_schedule("placebo")) for arm in HE.arms)
    return replace(HE, arms=none)


def test_dropouts_are_not_seen_again() -> None:
    found = trial([("dropout", "1"), ("visit_window", "0")])
    assert found.attendance.dropped.all() and found.statistics.n[:, :, 0].min() == PATIENTS
    seen = np.isfinite(found.example.days)
    expected = np.array(found.visits) <= found.attendance.left[0][:, None]
    assert (seen == expected).all() and not seen.all()
    assert not np.diff(found.statistics.n[..., 0], axis=2).max() > 0


def test_samples_come_within_their_windows(plain: VirtualTrial) -> None:
    off = plain.example.days - np.array(plain.visits)
    assert np.nanmax(np.abs(off)) == 3 and (off[:, 0] == 0).all()
    assert np.nanmax(off[:, 1]) <= 0 <= np.nanmin(off[:, 2])  # days 13 and 14 are neighbours


def test_placebo_is_found_different_as_often_as_chance_has_it() -> None:
    outputs = ("treg", "nk", "cd56bright", "eosinophils")
    study = replace(_placebos(), visits=(0.0, 14.0))
    found = trial([("dropout", "0")], study, outputs=outputs, replicates=150, patients=10, exposures=())
    assert found.control == "il2"  # the first arm without a dose
    # outputs have independent noise: 600 and 1,200 tests, of binomial SE 0.009 and 0.0065; four of each
    assert np.nanmean(power(found.statistics.p_control)) == pytest.approx(0.05, abs=0.036)
    assert np.nanmean(power(found.statistics.p_baseline)) == pytest.approx(0.05, abs=0.026)


def test_noise_of_the_samples_has_its_sd() -> None:
    found = trial(QUIET, replicates=1, patients=150, exposures=())
    logs = np.log(found.example.measured / found.example.levels)
    sd = {name: logs[:, :, k][~found.example.below[:, :, k]].std() for k, name in enumerate(found.outputs)}
    # 2,700 samples: an SE of 1.4 %, four of them
    for name, expected in (("treg", 0.15), ("nk", 0.15), ("treg_percent_cd4", 0.10), ("eosinophils", 0.25)):
        assert sd[name] == pytest.approx(expected, rel=0.056)


def test_il2_at_rest_is_below_its_limit(plain: VirtualTrial) -> None:
    k = plain.outputs.index("il2")
    rest = plain.example.measured[plain.example.arm == 1][:, :, k]
    assert np.nanmin(rest) == 0.1 and (plain.statistics.below[:, 1, 0, k] == PATIENTS).all()
    assert np.isnan(plain.statistics.p_baseline[0, 1, :, k]).any()


def test_il2_is_seen_to_raise_treg(plain: VirtualTrial) -> None:
    visit, treg = plain.visits.index(14.0), plain.outputs.index("treg")
    assert power(plain.statistics.p_control)[0, visit, treg] == 1
    assert np.exp(plain.statistics.log_mean[:, 0, visit, treg]).min() > 1.5
    table = plain.summary()
    rows = list(zip(table["arm"], table["day"], table["output"], table["power_control"], strict=True))
    assert ("il2", 14.0, "treg", 1.0) in rows and ("placebo", 14.0, "treg", None) in rows


def test_a_patient_who_fails_is_counted(monkeypatch: pytest.MonkeyPatch, plain: VirtualTrial) -> None:
    kept = ruled.simulate_cohort

    def failing(*arguments: object) -> Cohort:
        """The patient with the largest baseline fails, whichever piece of work that is in."""
        found = kept(*arguments)  # type: ignore[arg-type]
        who = int(np.argmax(found.values[:, 0, 0]))
        found.values[who] = np.nan
        return replace(found, failures=(Failure(arguments[1].first + who, 3.0, "it broke"),))  # type: ignore[attr-defined]

    monkeypatch.setattr(ruled, "simulate_cohort", failing)
    half = REPLICATES * PATIENTS // 2
    monkeypatch.setattr(work, "pieces_of", lambda count: [(0, half), (half, count - half)])
    found = trial()
    assert len(found.lost) == 4  # one in each piece of each arm of the only unit of work
    assert {lost.replicate < REPLICATES / 2 for lost in found.lost} == {True, False}
    for lost in found.lost:
        at = lost.replicate, lost.patient
        assert found.attendance.failed[at] and lost.reason == "it broke" and lost.day == 3.0
        assert lost.arm == found.arms[int(found.attendance.arm[at])].name
        assert np.isnan(next(iter(found.exposures.values()))[at])
    assert found.attendance.failed.sum() == 4 and found.counts()["failed"] == [2, 2]
    gone = np.stack([(found.attendance.failed & (found.attendance.arm == k)).sum(axis=1) for k in (0, 1)], axis=1)
    assert np.array_equal(found.statistics.n[:, :, 0, 0], PATIENTS - gone)
    whole = gone == 0
    assert whole.any() and np.array_equal(found.statistics.mean[whole], plain.statistics.mean[whole], equal_nan=True)


def test_tables_hold_every_number(plain: VirtualTrial) -> None:
    cells = REPLICATES * 2 * len(plain.visits) * len(plain.outputs)
    table = plain.table()
    assert next(iter(table)) == "rep" and len(table["rep"]) == cells and set(table["rep"]) == set(range(1, 6))
    assert table["n"] == plain.statistics.n.ravel().tolist()
    assert len(plain.attendance_table()["rep"]) == REPLICATES * 2 * PATIENTS
    example = plain.example_table()
    assert len(example["rep"]) == np.isfinite(plain.example.measured).sum() == sum(plain.statistics.n[0].ravel())
    first = [k for k, visit in enumerate(example["visit"]) if visit == 0]
    assert {example["fold"][k] for k in first} == {1.0}
    counts = plain.counts()
    assert counts["samples"] == plain.statistics.n.sum(axis=(0, 2, 3)).tolist() and counts["randomised"] == [8, 8]


def test_progress_ends_with_the_last_replicate(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(work, "FULL", 1)
    trial(replicates=3, progress=lambda done, total, seconds: told.append((done, total)), outputs=["treg"])
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replicates": 0}, "0 replicates"),
        ({"patients": 0}, "0 patients an arm"),
        ({"patients": 10**6}, "at most 20000 patients"),
        ({"outputs": ["treg_fold"]}, "ask for 'treg', not 'treg_fold'"),
        ({"outputs": ["tregg"]}, "did you mean 'treg'"),
        ({"threads": 0}, "0 threads"),
        ({"seed": -1}, "seed is a whole number"),
        ({"exposures": [Endpoint.peak("tregs")]}, "no output 'tregs'"),
    ],
)
def test_what_cannot_be_run_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(PkpdError, match=message):
        trial(**options)
