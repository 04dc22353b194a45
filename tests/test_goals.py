"""Goals, limits and ranges as text: what is read, what is refused, and candidates as schedules."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.cli.optimise import spread_options
from pkpd.dosing.text import parse
from pkpd.errors import PkpdError
from pkpd.quantities import Quantity, quantity
from pkpd.trials.optimisation.candidates import Candidate, rounded
from pkpd.trials.optimisation.found import along
from pkpd.trials.optimisation.goals import Constraint, read_constraints, read_goals
from pkpd.trials.optimisation.space import DEFAULTS, read_space

OUTPUTS = ("treg", "treg_fold", "nk", "nk_fold", "eosinophils", "eosinophils_fold")
HORIZON = Fraction(84)
quickly = settings(max_examples=150, deadline=None, derandomize=True)


def named(text: str) -> Quantity:
    return quantity(text, OUTPUTS)


def said(*arguments: str, read: object = None) -> str:
    with pytest.raises(PkpdError) as caught:
        read(list(arguments), HORIZON if read is read_space else named)  # type: ignore[operator]
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- goals and constraints


def test_goals_are_read() -> None:
    goals = read_goals(["max treg_auc", " min  nk_peak_fold "], named)
    assert [g.text for g in goals] == ["max treg_auc", "min nk_peak_fold"]
    assert [g.loss(2.0) for g in goals] == [-2.0, 2.0]
    assert [g.loss(math.nan) for g in goals] == [math.inf, math.inf]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([], "there is no goal"),
        (["treg_auc"], "max or min"),
        (["maximum treg_auc"], "did you mean 'max'"),
        (["max treg_acu"], "did you mean 'treg_auc'"),
        (["max treg_auc more"], "is not a goal"),
        (["max treg_auc", "min treg_auc"], "contradicts itself"),
        (["max treg_peak_fold", "min treg_fold_peak"], "contradicts itself"),
        (["max treg_auc", "max treg_auc"], "named twice"),
        (["max injections", "min injections"], "contradicts itself"),
    ],
)
def test_wrong_goals(texts: list[str], words: str) -> None:
    assert words in said(*texts, read=read_goals)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("nk_peak_fold<2", 1.9, 2.0),
        ("nk_peak_fold <= 2", 2.0, 2.1),
        ("treg_auc[7..28] > 3e2", 301.0, 300.0),
        ("treg_fold_above_2>=14", 14.0, 13.0),
        ("il2_given<30", 29.0, math.nan),
    ],
)
def test_constraints(text: str, inside: float, outside: float) -> None:
    (found,) = read_constraints([text], named)
    assert found.holds(inside) and not found.holds(outside)
    assert found.violation(inside) == 0 < found.violation(outside)
    assert found.margin(inside) >= 0
    (again,) = read_constraints([found.text], named)
    assert again == found


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["nk_peak_fold"], "is not a constraint"),
        (["nk_peak_fold=2"], "is not a constraint"),
        (["nk_peak_fold<"], "is not a constraint"),
        (["<2"], "is not a constraint"),
        (["1<nk_peak_fold<2"], "of its own"),
        (["2>nk_peak_fold"], "quantity first"),
        (["nk_peak_fold<two"], "plain number"),
        (["nk_peak_fold<nan"], "plain number"),
        (["nk_peak_fold<1e999"], "plain number"),
        (["il2_given<30 MIU"], "plain number"),
        (["nk_paek_fold<2"], "did you mean"),
        (["nk_peak_fold<2", "nk_peak_fold>3"], "contradict each other"),
        (["nk_fold_peak<2", "nk_peak_fold>=2"], "contradict each other"),
        (["nk_peak_fold<2", "nk_peak_fold<2"], "given twice"),
    ],
)
def test_wrong_constraints(texts: list[str], words: str) -> None:
    assert words in said(*texts, read=read_constraints)


def test_a_band_is_no_contradiction() -> None:
    assert len(read_constraints(["nk_peak_fold<2", "nk_peak_fold>1", "treg_auc>1", "nk_peak_fold<3"], named)) == 4
    assert len(read_constraints(["nk_peak_fold<=2", "nk_peak_fold>=2"], named)) == 2


@quickly
@given(st.sampled_from(("<", "<=", ">", ">=")), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_constraint_says_what_its_sign_says(sign: str, limit: float, value: float) -> None:
    one = Constraint(named("nk_peak"), sign, limit)
    assert (
        one.holds(value) is {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}[sign]
    )
    assert one.holds(value) is (one.violation(value) == 0)


@quickly
@given(st.text(max_size=25) | st.from_regex(r"(max|min|dose|on) ?[a-z_<>=.0-9 ]{0,20}", fullmatch=True))
def test_any_text_is_read_or_refused_in_a_sentence(text: str) -> None:
    for read, context in ((read_goals, named), (read_constraints, named), (read_space, HORIZON)):
        try:
            read([text], context)  # type: ignore[operator]
        except PkpdError as error:
            assert str(error)


# --- ranges


def test_the_ranges_of_the_issue() -> None:
    texts = ["dose 0.2..3 MIU", "interval 1..7 d", "on 1..8 wk", "off 0..4 wk"]
    space = read_space(texts, HORIZON)
    assert (space.low, space.high, space.unit, space.levels) == (0.2, 3.0, "MIU", ())
    assert space.intervals == tuple(map(Fraction, range(1, 8)))
    assert space.on == tuple(Fraction(7 * k) for k in range(1, 9))
    assert space.off == tuple(Fraction(7 * k) for k in range(5))
    assert space.count == math.inf and space.assumed == () and list(space.said) == texts
    default = read_space([], HORIZON)
    assert default.said == tuple(DEFAULTS.values()) and default.assumed == tuple(DEFAULTS)


def test_other_units_and_steps() -> None:
    space = read_space(
        ["interval 12..48 h step 12", "dose 0.5..2.1 MIU/m2 step 0.5", "on 3 wk", "off 5..9 d step 2"], HORIZON
    )
    assert space.intervals == (Fraction(1, 2), Fraction(1), Fraction(3, 2), Fraction(2))
    assert space.levels == (0.5, 1.0, 1.5, 2.0) and space.unit == "MIU/m2"
    assert space.on == (Fraction(21),) and space.off == (Fraction(5), Fraction(7), Fraction(9))
    assert space.count == 4 * 4 * 1 * 3


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["dose 3..1 MIU"], "is empty"),
        (["interval 7..1 d"], "is empty"),
        (["dose 0..3 MIU"], "above 0"),
        (["dose -1..3 MIU"], "above 0"),
        (["interval 0..3 d"], "above 0"),
        (["on 0..3 wk"], "above 0"),
        (["off -1..3 wk"], "0 or more"),
        (["dose 1..3"], "is not a range"),
        (["dose 1..3 MUI"], "did you mean 'MIU'"),
        (["dose 1..3 pM"], "unit of a dose"),
        (["interval 1..7 MIU"], "unit of time"),
        (["dosis 1..3 MIU"], "did you mean 'dose'"),
        (["dose 1..3 MIU", "dose 1..2 MIU"], "given twice"),
        (["interval 1..7 d step 0"], "above 0"),
        (["interval 1..7 d step -1"], "above 0"),
        (["interval 2 d step 1"], "no end"),
        (["interval 1..2 min"], "at most 2000"),
        (["interval 1..9e9 d"], "values"),
        (["on 1..900 wk", "off 99999..99999 wk"], "at most"),
    ],
)
def test_wrong_ranges(texts: list[str], words: str) -> None:
    assert words in said(*texts, read=read_space)


# --- candidates


@st.composite
def candidates(draw: st.DrawFn) -> Candidate:
    interval = Fraction(draw(st.integers(1, 40)), draw(st.sampled_from((1, 2, 4))))
    on, off = draw(st.integers(1, 60)), draw(st.integers(0, 40))
    return Candidate(1.5, "MIU", interval, Fraction(on), Fraction(off), Fraction(draw(st.integers(1, 120))))


@quickly
@given(candidates())
def test_a_candidate_keeps_its_word(one: Candidate) -> None:
    schedule = one.schedule
    days = [dose.time for dose in schedule.doses]
    assert days[0] == 0 and days[-1] < one.horizon
    assert len(days) == one.pattern.doses
    gaps = [b - a for a, b in itertools.pairwise(days)]
    assert all(gap >= one.interval for gap in gaps)
    if one.off == 0:
        assert all(gap == one.interval for gap in gaps)
        assert one.horizon - days[-1] <= one.interval
    else:
        # a dose only during the time on, counted from the first dose of its cycle
        cycle = max(one.on + one.off, -(-one.on // one.interval) * one.interval)
        assert all(day % cycle < one.on or day % cycle == 0 for day in days)
        assert {cycle * k for k in range(-(-one.horizon // cycle))} <= set(days)
    assert parse(one.text) == schedule


@quickly
@given(candidates(), candidates())
def test_the_same_doses_are_the_same_pattern(a: Candidate, b: Candidate) -> None:
    same = [d.time for d in a.schedule.doses] == [d.time for d in b.schedule.doses]
    assert (a.pattern == b.pattern) is same


def test_candidates_in_words() -> None:
    space = read_space([], HORIZON)

    def text(interval: int, on: int, off: int) -> str:
        return space.candidate(1.0, Fraction(interval), Fraction(7 * on), Fraction(7 * off)).text

    assert text(1, 8, 0) == text(1, 1, 0) == "1 MIU daily x84"
    assert text(2, 2, 2) == "1 MIU every 2d x7, rest 14d, repeat 3"
    assert text(7, 8, 4) == "1 MIU every 7d x8"
    assert text(1, 3, 2) == "1 MIU daily x21, rest 14d, repeat 2, then 1 MIU daily x14"


@quickly
@given(st.floats(0.2, 3.0))
def test_doses_are_rounded_within_their_range(amount: float) -> None:
    found = rounded(amount, 0.2, 3.0)
    assert 0.2 <= found <= 3.0 and float(f"{found:.4g}") == found
    # half a unit in the fourth digit
    assert abs(found - amount) <= 5.001e-4 * amount


def test_points_along_a_front_are_spread() -> None:
    import numpy as np

    crowd = np.concatenate([np.linspace(0, 0.01, 50), np.linspace(0.01, 1, 12)])
    losses = np.stack([crowd, -crowd], axis=1)
    kept = along(losses, 6)
    assert kept[0] == 0 and kept[-1] == len(crowd) - 1 and len(kept) == 6
    # as even as the twelve points of the thin part allow, which are 0.09 apart
    assert np.allclose(np.diff(crowd[kept]), 0.2, atol=0.1)


# --- several words after one option


def test_options_that_take_several_words() -> None:
    spread = ["--over", "a", "--over", "b", "--seed", "1", "--goal", "c"]
    assert spread_options(["--over", "a", "b", "--seed", "1", "--goal", "c"]) == spread
    assert spread_options(spread) == spread
    assert spread_options(["--over=a", "b"]) == ["--over=a", "--over", "b"]
    assert spread_options(["--days", "7", "stray"]) == ["--days", "7", "stray"]
