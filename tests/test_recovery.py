"""Fits recover what made their data: scripts/recovery.py, small. The whole of it runs 200 fits of `il2` a case."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, chi2

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from recovery import MINIMAL, RANGE, Case, Outcome, cases, false_alarm, outcomes, replicate, summary, table  # noqa: E402

FITS, SEED = 30, 1
CHANCE = 1e-3  # that a right interval fails here, each parameter and test, had the seed not been fixed
CASES = cases(MINIMAL)[1:]  # the first is the easiest


@cache
def fits(number: int) -> tuple[Outcome, ...]:
    return tuple(outcomes(CASES[number], FITS, SEED))


@pytest.mark.parametrize("number", range(len(CASES)), ids=[c.name for c in CASES])
def test_truth_lies_in_as_many_intervals_as_they_say(number: int) -> None:
    """At least 24 of 30 intervals hold it: with 95 % each, fewer do so in one of 1700 tables."""
    fewest = int(binom.ppf(CHANCE, FITS, 0.95))
    assert fewest == 24
    held = np.array([o.held for o in fits(number)])
    assert (held.sum(axis=0) >= fewest).all(), held.sum(axis=0)
    assert not [o.trouble for o in fits(number) if o.trouble]


@pytest.mark.parametrize("number", range(len(CASES)), ids=[c.name for c in CASES])
def test_intervals_are_neither_too_wide_nor_too_narrow(number: int) -> None:
    """Squared errors over squared standard errors follow chi-squared; thirty intervals cannot show by what they hold
    that they are too wide, and this can.
    """
    low, high = (np.array([getattr(o, end) for o in fits(number)]) for end in ("low", "high"))
    apart = np.array([o.found - o.truth for o in fits(number)])
    squares = ((apart / ((high - low) / 2 / 1.959964)) ** 2).sum(axis=0)
    ends = chi2.ppf([CHANCE / 2, 1 - CHANCE / 2], FITS)
    assert ((ends[0] < squares) & (squares < ends[1])).all(), squares / FITS


def test_a_replicate_is_the_same_whoever_computes_it() -> None:
    """To the last bit, in another process and whatever else runs."""
    here = [replicate(CASES[0], SEED, k) for k in range(3)]
    there = outcomes(CASES[0], 3, SEED, workers=2)
    for one, other, earlier in zip(here, there, fits(0), strict=False):
        for name in ("truth", "found", "low", "high"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
            assert np.array_equal(getattr(one, name), getattr(earlier, name))
    assert not np.array_equal(here[0].found, here[1].found)


def made(case: Case, held: int, trouble: int, at_bound: int) -> list[Outcome]:
    """A hundred outcomes of which so many hold the truth, are not valid, or have no interval of the first parameter."""
    zero, one = np.zeros(len(case.design.names)), np.ones(len(case.design.names))
    good, far = Outcome(zero, zero, -one, one, ""), Outcome(zero, 3 * one, 2 * one, 4 * one, "")
    bound = np.where(np.arange(len(zero)) == 0, np.nan, one)
    rest = 100 - held - trouble - at_bound
    broken, stuck = replace(good, trouble="did not converge"), replace(good, low=-bound, high=bound)
    return [good] * held + [broken] * trouble + [stuck] * at_bound + [far] * rest


def test_fits_that_are_not_valid_count_as_misses_and_are_shown() -> None:
    result = summary(CASES[0], made(CASES[0], held=88, trouble=3, at_bound=5), 1.0)
    assert [line.coverage for line in result.lines] == [0.88, 0.93, 0.93]
    assert result.lines[0].at_bound == 5 and len(result.invalid) == 3
    assert not result.passed
    text = table(result)
    assert "MISS" in text and "3 not valid" in text and text.count("did not converge") == 3
    assert text.count("outside") == 1


def test_verdict_needs_every_parameter_within_the_range() -> None:
    assert RANGE == (0.90, 0.98)
    for held, passed in ((89, False), (90, True), (98, True), (99, False)):
        assert summary(CASES[0], made(CASES[0], held, 0, 0), 1.0).passed == passed


def test_chance_of_a_false_alarm() -> None:
    """Of 20 fits, 18 or 19 lie within 90 to 98 %; the binomial terms are written out."""
    within = 190 * 0.95**18 * 0.05**2 + 20 * 0.95**19 * 0.05
    assert false_alarm(20) == pytest.approx(1 - within, rel=1e-9)
