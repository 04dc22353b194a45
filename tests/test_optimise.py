"""The search on models whose best schedule is known in closed form, and that it repeats, stops and fails well."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest

from pkpd.errors import PkpdError
from pkpd.inference.uncertainty.draws import Draws
from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build
from pkpd.parameters import Parameters
from pkpd.quantities import Quantity, quantity
from pkpd.trials.optimisation.account import Budget
from pkpd.trials.optimisation.found import pareto_front
from pkpd.trials.optimisation.goals import read_constraints, read_goals
from pkpd.trials.optimisation.optimise import Optimised, optimise
from pkpd.trials.optimisation.ranking import ranked
from pkpd.trials.optimisation.space import read_space
from pkpd.trials.optimisation.task import Task, attempt, told

K = 0.25  # 1/d


@lru_cache
def bolus() -> Model:
    """A bolus into one compartment that decays at K per day; `use` is a parabola of the level with its top at 2 mg."""

    def block(m: Builder) -> None:
        level = m.state("level", "mg", initial=0, scale=1)
        m.flow("loss", m.parameter("k", "1/d", value=K) * level, out_of=level)
        top = m.parameter("top", "mg", value=2.0)
        m.output("level", level, "mg")
        m.output("use", level * (2 * top - level), "mg2")
        m.route("iv", into=level, unit="mg")

    return build("bolus", block, time="d")


def task(
    goals: Sequence[str],
    limits: Sequence[str] = (),
    ranges: Sequence[str] = (),
    days: int = 28,
    model: Model | None = None,
) -> Task:
    own = model or bolus()
    outputs = [o.name for o in own.outputs]

    def named(text: str) -> Quantity:
        return quantity(text, outputs)

    read, limited = read_goals(goals, named), read_constraints(limits, named)
    space = read_space(ranges, Fraction(days))
    quantities = told(read, limited, [named("injections")])
    return Task(own, own.defaults, space, read, limited, quantities)


WIDE = ("dose 0.1..9 mg", "interval 1..7 d", "on 1..4 wk", "off 0..2 wk")


def numbers(found: Optimised) -> list[tuple[str, tuple[float, ...]]]:
    return [(one.candidate.text, one.values) for one in found.tried]


# --- known answers


def test_the_most_area_below_a_peak() -> None:
    """The peak of equal doses rises to dose * (1 - q^n) / (1 - q) with q = exp(-K tau). Below a limit on it, the area
    up to the horizon is largest for the shortest interval, without a rest, and the dose that just meets the limit.
    """
    limit, days = 5.0, 28
    found = optimise(task(["max level_auc"], [f"level_peak<{limit}"], WIDE, days), Budget(400), seed=3)
    best = found.listed[0].candidate
    q = math.exp(-K)
    dose = limit * (1 - q) / (1 - q**days)
    assert best.pattern.interval == 1 and best.pattern.doses == days
    # doses have four digits, and the polish narrows its range ten thousandfold
    assert best.amount == pytest.approx(dose, rel=2e-3) and best.amount < dose
    area = sum(best.amount * (1 - math.exp(-K * (days - k))) / K for k in range(days))
    # linear between samples, up to half an hour apart after a dose and then six hours: K^2 h^2 / 12 is 3e-4
    assert found.listed[0].values[0] == pytest.approx(area, rel=1e-3)


def test_an_inner_optimum() -> None:
    """With one dose every four days, the area of level * (4 - level) is a quadratic in the dose, with its top at
    dose = 4 A / (2 B), where A and B are the areas of the level, and of its square, per unit of dose.
    """
    days, gap = 28, 4
    ranges = ("dose 0.1..9 mg", f"interval {gap} d", "on 4 wk", "off 0 wk")
    found = optimise(task(["max use_auc"], (), ranges, days), Budget(60), seed=1)
    q, pieces = math.exp(-K * gap), days // gap
    starts = [(1 - q ** (k + 1)) / (1 - q) for k in range(pieces)]
    a = sum(s * (1 - q) / K for s in starts)
    b = sum(s**2 * (1 - q**2) / (2 * K) for s in starts)
    # the top is flat: a dose off by 1 % loses 1e-4 of the area, as much as the sampling is wrong by
    assert found.listed[0].candidate.amount == pytest.approx(2 * a / b, rel=0.01)
    assert found.listed[0].values[0] == pytest.approx(4 * a * (2 * a / b) / 2, rel=2e-3)


def test_the_front_of_two_goals() -> None:
    """At one interval, both the area and the IL-2-like burden rise with the dose: the whole range is the front, and
    what lies on it is beaten by nothing tried.
    """
    ranges = ("dose 1..5 mg step 0.5", "interval 1..2 d", "on 1 wk", "off 0 wk")
    found = optimise(task(["max level_auc", "min injections"], (), ranges, 14), Budget(100), seed=1)
    assert {one.stage for one in found.tried} == {"all"} and len(found.tried) == 18
    assert {(one.candidate.amount, int(one.candidate.interval)) for one in found.front} == {(5.0, 1), (5.0, 2)}
    for one in found.front:
        mine = found.task.losses(one.values)
        assert not any(
            all(x <= y for x, y in zip(other, mine, strict=True)) and other != mine
            for other in (found.task.losses(t.values) for t in found.tried)
        )


def test_the_map_holds_what_each_cell_gives() -> None:
    found = optimise(task(["max level_auc"], ["level_peak<5"], WIDE, 14), Budget(60), seed=1)
    window = found.window
    assert window is not None and len(window.cells) == len(window.doses) == 13 and len(window.intervals) == 7
    one = window.cells[4][2]
    assert one.candidate.amount == window.doses[4] and one.candidate.interval == window.intervals[2] == 3
    assert attempt(found.task, one.candidate, "").values == one.values
    best = found.listed[0]
    assert all(c.values[0] <= best.values[0] for row in window.cells for c in row if found.task.meets(c))


# --- the ranking under draws


def test_the_ranking_under_draws() -> None:
    """A slower loss makes the level higher, so a limit on the peak holds in known draws only."""
    ranges = ("dose 1..2 mg step 1", "interval 1 d", "on 1 wk", "off 0 wk")
    asked = task(["max level_auc"], ["level_peak<6"], ranges, 21)
    rates = np.array([[0.2], [0.3], [0.4], [0.5]])
    draws = Draws(("k",), ("1/d",), rates, "file", "mine")
    found = optimise(asked, Budget(10), draws=draws)
    ranking = found.ranking
    assert ranking is not None and ranking.draws == 4 and ranking.failed == (0,) * len(found.listed)
    assert [one.candidate.amount for one in found.listed] == [1.0]  # at the model's own rate, 2 mg reach 9 mg
    both = ranked(
        asked,
        [attempt(asked, asked.space.candidate(d, *(Fraction(n) for n in (1, 7, 0))), "") for d in (1.0, 2.0)],
        draws,
    )
    q = np.exp(-rates[:, 0])
    peaks = (1 - q**21) / (1 - q)
    low, high = peaks < 6, 2 * peaks < 6
    assert low.all() and 0 < high.sum() < 4
    assert both.holds[:, 0].tolist() == [low.mean(), high.mean()]
    assert both.best.tolist() == [(low & ~high).mean(), high.mean()] and both.none == 0
    # the peak is sampled just after a dose, and the solver is right to about 1e-6
    assert both.values[0, :, 1] == pytest.approx(peaks, rel=1e-5)
    assert both.ranges(0)[1, 1] == pytest.approx(np.median(peaks), rel=1e-5)


# --- it repeats, stops, and says what is wrong


def test_the_threads_change_nothing() -> None:
    asked = task(["max level_auc"], ["level_peak<5"], WIDE, 14)
    one, two, other = (
        optimise(asked, Budget(70), seed=seed, threads=threads) for seed, threads in ((5, 1), (5, 3), (6, 2))
    )
    assert numbers(one) == numbers(two)
    assert [t.stage for t in one.tried] == [t.stage for t in two.tried]
    assert numbers(one) != numbers(other)


def test_the_threads_change_nothing_with_two_goals() -> None:
    asked = task(["max level_auc", "min level_peak"], (), WIDE, 14)
    one, two = (optimise(asked, Budget(60), seed=2, threads=threads) for threads in (1, 2))
    assert numbers(one) == numbers(two)
    assert len(pareto_front(asked, one.tried)) > 3


def test_the_budget_holds() -> None:
    found = optimise(task(["max level_auc"], (), WIDE, 14), Budget(40), seed=1)
    searched = [one for one in found.tried if one.stage == "search"]
    assert 30 <= len(searched) <= 40  # a quarter is kept for the polish
    assert sum(one.stage == "polish" for one in found.tried) <= 10
    for wrong in ((0, None), (10, 0.0), (10, -1.0), (10, math.nan)):
        with pytest.raises(PkpdError):
            Budget(*wrong)


def test_the_seconds_hold() -> None:
    begin = time.monotonic()
    found = optimise(task(["max level_auc"], (), WIDE, 14), Budget(1_000_000, 0.5), seed=1)
    assert found.stopped == "seconds" and found.window is None
    assert found.listed and time.monotonic() - begin < 10  # half a second, and what was under way on a busy machine


def test_an_interruption_keeps_the_best_so_far() -> None:
    def interrupt(done: int, total: int, best: str) -> None:
        if done >= 25:
            raise KeyboardInterrupt

    threads = threading.active_count()
    draws = Draws(("k",), ("1/d",), np.array([[0.2]]), "file", "mine")
    found = optimise(task(["max level_auc"], (), WIDE, 14), Budget(1000), draws=draws, progress=interrupt)
    assert found.stopped == "interrupted" and found.ranking is None and found.window is None
    assert 25 <= len(found.tried) < 100 and found.listed
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (["level_peak<0.05"], ("meets level_peak<0.05", "0.1 mg", "fails level_peak<0.05 by 0.05")),
        (["level_peak>1e4"], ("meets level_peak>10000", "9 mg daily x14", "fails level_peak>10000 by")),
        (["injections<1"], ("injections = 1, which fails injections<1 by 0",)),
    ],
)
def test_limits_that_nothing_meets(limits: list[str], words: tuple[str, ...]) -> None:
    with pytest.raises(PkpdError) as caught:
        optimise(task(["max level_auc"], limits, WIDE, 14), Budget(120), seed=1)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_narrow_band_is_found() -> None:
    """No random dose meets so narrow a band; the polish is led to it by how much the others fail."""
    found = optimise(task(["max level_auc"], ["level_peak>5", "level_peak<5.02"], WIDE, 14), Budget(100), seed=4)
    assert all(one.stage == "polish" for one in found.tried if found.task.meets(one))
    assert 5 < found.listed[0].values[1] < 5.02


def failing() -> Model:
    """y' = 0.4 y^2, which goes beyond all bounds after 2.5 / y0 days."""

    def block(m: Builder) -> None:
        level = m.state("level", "mg", initial=1, scale=1)
        m.change(level, m.parameter("k", "1/d/mg", value=0.4) * level**2)
        m.output("level", level, "mg")
        m.route("iv", into=level, unit="mg")

    return build("failing", block, time="d")


def test_candidates_that_fail_are_counted() -> None:
    """From 1 mg the level has no end before day 2.5; a large dose on day 0 makes it end before day 2."""
    ranges = ("dose 0.1..1 mg step 0.1", "interval 2 d", "on 1 wk", "off 0 wk")
    found = optimise(task(["max level_peak"], (), ranges, 2, failing()), Budget(50))
    # 2.5 / (1 + dose) is below 2 from 0.25 mg on
    failed = {one.candidate.amount for one in found.failed}
    assert {0.3, 0.5, 1.0} <= failed and {0.1, 0.2}.isdisjoint(failed)
    assert all(one.stopped and not found.task.meets(one) for one in found.failed)
    assert found.listed[0].candidate.amount == 0.2


def test_a_dose_that_does_not_fit_the_model() -> None:
    with pytest.raises(PkpdError, match="MIU"):
        optimise(task(["max level_auc"], (), ("dose 1..2 MIU",)), Budget(20))


def test_parameters_are_those_given() -> None:
    asked = task(["max level_auc"], (), ("dose 1 mg", "interval 7 d", "on 1 wk", "off 0 wk"), 7)
    faster = Task(
        asked.model, asked.parameters.set("mine", k="0.5 1/d"), asked.space, asked.goals, (), asked.quantities
    )
    assert isinstance(faster.parameters, Parameters)
    areas = [optimise(one, Budget(5)).listed[0].values[0] for one in (asked, faster)]
    exact = [(1 - math.exp(-7 * k)) / k for k in (K, 0.5)]
    # linear between samples up to six hours apart
    assert areas == pytest.approx(exact, rel=2e-3)
