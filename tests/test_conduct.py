"""How a virtual trial goes: the values of params/conduct.toml, randomisation, visits, doses, dropout and assays."""

import math
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd import load_study
from pkpd.cli.check import check
from pkpd.engine.code.library import outline_of
from pkpd.errors import FileError, ParameterError, PkpdError, StudyError
from pkpd.inference.rows import noise
from pkpd.inference.rows.sampling import family
from pkpd.keyed import Keyed
from pkpd.parameters import read_tables
from pkpd.studies.study import UNSAID
from pkpd.trials.conduct.assay import Assay, assay_of, noise_of, reported
from pkpd.trials.conduct.attendance import allocation, doses_of, leaving, offsets, windows
from pkpd.trials.conduct.pool import pooled
from pkpd.trials.conduct.steroid import check_courses, steroid_factor
from pkpd.trials.conduct.terms import Conduct, conduct_from, conduct_of, load_conduct

HE = load_study("he2020")
OUTPUTS = {o.name: o for o in outline_of("il2").outputs}


def said(**values: object) -> dict[str, object]:
    return {"value": 0.1, "unit": "1", "meaning": "m", "basis": "assumed", "source": "assumed"} | values


def of(conduct: dict[str, object]) -> Conduct:
    """The conduct of he2020 with other tables of its own."""
    return conduct_of(replace(HE, conduct=read_tables(conduct, "mine.toml [conduct]")))


def test_every_built_in_value_is_assumed() -> None:
    assert load_conduct().count() == {"measured": 0, "derived": 0, "fitted": 0, "assumed": 20}


def test_a_study_lies_over_the_file_and_the_user_over_both() -> None:
    assert load_conduct()["dropout"].value == 0.05
    assert conduct_of(HE)["dropout"] == pytest.approx(1 / 60, abs=1e-6)  # written with five digits
    assert conduct_of(HE, [("dropout", "0.1"), ("limit_il2", "0.0004 nM")])["dropout"] == 0.1
    # two factors of ten: rounding
    assert conduct_of(HE, [("limit_il2", "0.0004 nM")])["limit_il2"] == pytest.approx(0.4, rel=1e-14)
    assert conduct_of(HE)["missed_doses"] == load_conduct()["missed_doses"].value


def test_units_of_a_study_are_those_of_the_file() -> None:
    assert of({"visit_window": said(value=48, unit="h")})["visit_window"] == pytest.approx(2, rel=1e-14)


def test_conduct_survives_a_record() -> None:
    whole = conduct_of(HE, [("dropout", "0.1")])
    again = conduct_from(read_tables(whole.tables.to_tables(), "run.json"))
    assert again.prednisone == whole.prednisone
    assert {name: again[name] for name in again.tables} == {name: whole[name] for name in whole.tables}
    with pytest.raises(ParameterError, match=r"run\.json lacks the value 'visit_window'"):
        conduct_from(read_tables({"dropout": said()}, "run.json"))


def test_courses_of_prednisone_are_read() -> None:
    courses = {arm: (days, doses) for arm, days, doses in conduct_of(HE).prednisone}
    assert courses == {"il2": ((0, 84, 168), (15, 10, 10)), "placebo": ((0, 84, 168), (15, 15, 10))}


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"drop_out": said()}, r"'drop_out'; did you mean 'dropout'\?"),
        ({"dropout": said(value=1.5)}, r"dropout = 1\.5 lies outside 0 to 1"),
        ({"dropout": said(unit="d")}, "dropout = 0.1 d"),
        ({"visit_window": said(value=1.5, unit="d")}, "visit_window is a whole number, not 1.5"),
        ({"prednisone_il3_0": said(unit="mg/d")}, r"no arm 'il3'; did you mean 'il2'\?"),
        ({"prednisone_il2_0": said(unit="mg")}, "a unit like mg/d"),
        ({"prednisone_il2_0": said(value=-1, unit="mg/d")}, "not negative: -1 mg/d"),
    ],
)
def test_a_wrong_table_of_a_study(tables: dict[str, object], message: str) -> None:
    with pytest.raises((ParameterError, StudyError), match=message) as refusal:
        of(tables)
    assert "mine.toml" in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("dropuot", "0.1"), r"did you mean 'dropout'\?"),
        (("dropout", "-0.1"), "outside 0 to 1"),
        (("dropout", "much"), "much"),
        (("block_size", "2.5"), "whole number"),
    ],
)
def test_a_wrong_change(change: tuple[str, str], message: str) -> None:
    with pytest.raises(PkpdError, match=message):
        conduct_of(HE, [change])


def test_a_conduct_file_is_checked(here: Path) -> None:
    good, bad = here / "good.toml", here / "bad.toml"
    body = '[NAME]\nvalue = 0.2\nunit = "1"\nmeaning = "m"\nbasis = "assumed"\nsource = "assumed"\n'
    good.write_text('kind = "conduct"\n' + body.replace("NAME", "dropout"))
    bad.write_text('kind = "conduct"\n' + body.replace("NAME", "droput"))
    assert load_conduct("good.toml")["dropout"].value == 0.2
    assert load_conduct("good.toml")["block_size"].value == 4
    found = CliRunner().invoke(check, ["conduct", "good.toml"])
    assert found.exit_code == 0 and "20 values of how a virtual trial goes: 20 assumed" in found.output
    found = CliRunner().invoke(check, ["bad.toml"])
    assert found.exit_code != 0 and "did you mean 'dropout'?" in found.output
    with pytest.raises(FileError, match="kind 'parameters' where one of kind 'conduct'"):
        load_conduct(Path(__file__).resolve().parent.parent / "params" / "il2.toml")


# assays


@pytest.mark.parametrize("name", OUTPUTS)
def test_variation_of_a_sample_is_that_of_a_fit(name: str) -> None:
    usual = conduct_of(HE)
    if OUTPUTS[name].unit == "%":
        expected = noise.RESIDUAL_PERCENT
    else:
        expected = noise.RESIDUAL.get(family(name), noise.RESIDUAL_OTHER)
    # SDs are written with four decimals
    assert assay_of(OUTPUTS[name], usual).sd == pytest.approx(expected, abs=1e-4)


def test_limits_are_those_of_il2_and_counts() -> None:
    limits = {name: assay_of(output, conduct_of(HE)).limit for name, output in OUTPUTS.items()}
    assert limits["il2"] == 0.2 and limits["treg"] == limits["cd56bright"] == 1
    assert limits["scd25"] == limits["treg_percent_cd4"] == limits["eosinophils"] == 0


def test_below_the_limit_half_of_it_is_reported() -> None:
    assays = (Assay("il2", 0, 0, 0.2, False), Assay("share", 0, 0, 0, False, 100))
    levels = np.array([[0.1, 50.0], [0.2, 120.0], [0.3, np.nan]])
    values, below = reported(levels, np.ones((3, 2)), assays)
    assert values.tolist()[:2] == [[0.1, 50.0], [0.2, 100.0]] and values[2, 0] == 0.3 and math.isnan(values[2, 1])
    assert below.tolist() == [[True, False], [False, False], [False, False]]
    assert reported(levels, np.full((3, 2), 0.9), assays)[1][:, 0].tolist() == [True, True, False]


def test_noise_has_its_sd_and_no_memory() -> None:
    assays = (Assay("treg", 0.1, 0.1118, 0, True), Assay("nk", 0.3, 0, 0, True))
    logs = np.log(noise_of(assays, Keyed(3), 4000, 2))
    expected = np.array([0.15, 0.3])
    # the SD of 4,000 normal numbers has a standard error of 1.1 %, their correlation one of 0.016; four of each
    assert logs.std(axis=0) == pytest.approx(np.tile(expected, (2, 1)), rel=0.045)
    assert abs(logs.mean(axis=0) / expected).max() < 4 / math.sqrt(4000)
    off = np.corrcoef(logs.reshape(4000, 4).T) - np.eye(4)
    assert abs(off).max() < 0.064


def test_noise_of_a_sample_depends_on_no_other() -> None:
    one, two = Assay("treg", 0.1, 0.1, 0, True), Assay("nk", 0.1, 0.1, 0, True)
    whole = noise_of((one, two), Keyed(3, 5), 9, 4)
    assert np.array_equal(noise_of((two,), Keyed(3, 5), 4, 2)[..., 0], whole[:4, :2, 1])
    assert not np.array_equal(whole, noise_of((one, two), Keyed(3, 6), 9, 4))


# randomisation


def test_permuted_blocks_balance_within_and_at_the_end() -> None:
    arm = allocation(Keyed(1), (30, 30), 4)
    assert (arm.reshape(15, 4).sum(axis=1) == 2).all() and len({tuple(block) for block in arm.reshape(15, 4)}) > 3
    assert np.bincount(allocation(Keyed(1), (15, 15), 4)).tolist() == [15, 15]


@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=4), block=st.integers(1, 20), seed=st.integers(0, 99))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_every_arm_gets_its_size(sizes: list[int], block: int, seed: int) -> None:
    arm = allocation(Keyed(seed), sizes, block)
    assert np.bincount(arm, minlength=len(sizes)).tolist() == sizes


def test_blocks_keep_the_ratio() -> None:
    arm = allocation(Keyed(2), (40, 20), 4)  # two to one: blocks of six
    assert (arm.reshape(10, 6).sum(axis=1) == 2).all()


def test_every_order_of_a_block_is_as_likely() -> None:
    orders = [tuple(allocation(Keyed(1, rep), (2, 2), 4).tolist()) for rep in range(1200)]
    counts = np.array([orders.count(order) for order in set(orders)])
    # six orders, 200 of each; the 99.9 % quantile of chi-square with five degrees is 20.5
    assert len(counts) == 6 and ((counts - 200) ** 2 / 200).sum() < 20.5


# visits, doses, dropout


def test_windows_do_not_overlap() -> None:
    assert windows((0, 13, 14, 28, 168), 3) == ((0, 0), (-3, 0), (0, 3), (-3, 3), (-3, 3))
    assert windows((0, 1, 2), 3) == ((0, 0), (0, 0), (0, 3))


def test_windows_do_not_cross_the_first_dose_of_a_block() -> None:
    starts = (0, 28, 56)
    assert windows((0, 28, 30, 42), 3, starts) == ((0, 0), (-3, 0), (0, 3), (-3, 3))
    assert windows((0, 26, 60), 3, starts) == ((0, 0), (-3, 2), (-3, 3))


@given(st.lists(st.floats(0.25, 40), min_size=1, max_size=8), st.integers(0, 28))
@settings(deadline=None, derandomize=True, max_examples=80)
def test_nobody_comes_in_the_wrong_order(gaps: list[float], width: int) -> None:
    visits = np.concatenate([[0.0], np.cumsum(gaps)])
    ranges = windows(visits.tolist(), width)
    found = offsets(Keyed(1), 50, ranges)
    days = visits + found
    assert (days[:, 0] == 0).all() and (np.diff(days, axis=1) > 0).all() and abs(found).max() <= width
    assert all(b + low > a + high for (a, (_, high)), (b, (low, _)) in pairwise(zip(visits, ranges, strict=True)))


def test_every_day_of_a_window_is_as_likely() -> None:
    days = offsets(Keyed(1), 7000, ((0, 0), (-3, 3)))[:, 1]
    # 1,000 of each, SE 29
    assert np.bincount(days + 3).tolist() == pytest.approx([1000] * 7, abs=4 * 29.3)


def test_dropouts_leave_uniformly() -> None:
    left = leaving(Keyed(1), 10000, 0.2, 168.0)
    who = np.isfinite(left)
    # SE 0.004; the mean of 2,000 uniform days has an SE of 168 / sqrt(12 * 2000)
    assert who.mean() == pytest.approx(0.2, abs=0.016)
    assert left[who].mean() == pytest.approx(84, abs=4 * 168 / math.sqrt(24000))
    assert left[who].min() > 0 and left[who].max() < 168
    assert not np.isfinite(leaving(Keyed(1), 100, 0.0, 168.0)).any()
    assert np.isfinite(leaving(Keyed(1), 100, 1.0, 168.0)).all()


def test_doses_after_leaving_are_neither_given_nor_missed() -> None:
    missing = np.array([[False, True, False, False], [True, False, False, True]])
    found = doses_of(
        missing, np.array([4.0, np.nan]), np.array([0.0, 2.0, 4.0, 6.0]), np.array([True, True, True, False])
    )
    assert found.factors.tolist() == [[1, 0, 1, 0], [0, 1, 1, 0]]
    assert found.missed.tolist() == [1, 1]  # the last record is no dose


# steroids and the one population


def test_less_prednisone_moves_counts_in_proportion() -> None:
    conduct = conduct_of(HE, [("steroid_effect", "0.2")])
    days = np.array([[0.0, 42.0, 84.0, 168.0, 200.0, np.nan]])
    # 15, 12.5, 10, 10 mg/day, linear between the days that were printed; one rounding of exp
    assert steroid_factor(conduct, "il2", days)[0, :5] == pytest.approx(np.exp([0, 0.05, 0.1, 0.1, 0.1]), rel=1e-14)
    assert steroid_factor(conduct, "placebo", days)[0, 2:4] == pytest.approx(np.exp([0, 0.1]), rel=1e-14)
    assert (steroid_factor(conduct_of(HE), "il2", days) == 1).all()


def test_an_effect_needs_a_course() -> None:
    bare = conduct_of(replace(HE, conduct=UNSAID), [("steroid_effect", "0.2")])
    with pytest.raises(StudyError, match=re.escape("[conduct.prednisone_il2_0]")):
        check_courses(bare, ["il2"], "he2020")
    check_courses(conduct_of(replace(HE, conduct=UNSAID)), ["il2"], "he2020")


def test_arms_share_one_population() -> None:
    found, notes = pooled(HE)
    assert found.parameters["bsa"].value == 1.595 and all(not arm.parameters.tables for arm in found.arms)
    assert len(notes) == 1 and "bsa, weight" in notes[0]


def test_what_only_arms_say_holds_on_average() -> None:
    il2, placebo = HE.arms
    bare = replace(HE, parameters=UNSAID, arms=(replace(il2, n=10), replace(placebo, n=30)))
    found, _ = pooled(bare)
    assert found.parameters["bsa"].value == pytest.approx((1.57 * 10 + 1.62 * 30) / 40, rel=1e-14)
    found, notes = pooled(replace(bare, arms=(il2, replace(placebo, parameters=UNSAID))))
    assert "bsa" not in found.parameters and notes[0].startswith("bsa: not every arm of he2020 has it")
