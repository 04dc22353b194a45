"""Limits that hold in a share of the draws: known answers, what the search says of them, and what is refused."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from commands import record, refused, rows, works
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from test_optimise import K, numbers, task

from pkpd.errors import PkpdError
from pkpd.inference.uncertainty.draws import Draws
from pkpd.output.plots.optimisation import LINE, _apart, front_figure
from pkpd.output.report.narrow import Column, narrow
from pkpd.trials.optimisation.account import Budget
from pkpd.trials.optimisation.goals import Constraint
from pkpd.trials.optimisation.holding import enough, kept
from pkpd.trials.optimisation.optimise import optimise
from pkpd.trials.optimisation.ranking import ranked
from pkpd.trials.optimisation.subset import holding_task
from pkpd.trials.optimisation.tables import units
from pkpd.trials.optimisation.task import attempt

DAILY = ("dose 0.1..9 mg", "interval 1 d", "on 1 wk", "off 0 wk")
quickly = settings(max_examples=150, deadline=None, derandomize=True)


def rates(values: object) -> Draws:
    return Draws(("k",), ("1/d",), np.array(values, dtype=float).reshape(-1, 1), "file", "mine")


@quickly
@given(
    st.lists(st.integers(-5, 5) | st.just(math.nan), min_size=1, max_size=60),
    st.sampled_from(("<", "<=", ">", ">=")),
    st.integers(-6, 6),
    st.sampled_from((0.5, 0.75, 0.8, 0.9, 0.95)),
)
def test_a_limit_is_met_where_the_share_of_draws_meets_it(
    values: list[float], sign: str, limit: int, share: float
) -> None:
    task_quantity = task(["max level_auc"]).quantities[0]
    one = Constraint(task_quantity, sign, float(limit))
    held = sum(one.holds(v) for v in values)
    # 0.9 of 40 is 36, whatever its last bit says
    assert one.holds(kept(np.array(values, dtype=float), sign, share)) is (held >= share * len(values) - 1e-9)


def test_the_largest_dose_that_nine_of_ten_draws_allow() -> None:
    """Daily doses reach dose * (1 - q^n) / (1 - q) with q = exp(-k), higher where the loss is slower. Of twenty rates,
    the limit must hold for all but the two slowest: the third slowest sets the dose, in closed form.
    """
    limit, days = 5.0, 14
    slow = np.linspace(0.1, 0.48, 20)
    random = np.random.default_rng(1).permutation(slow)
    asked = holding_task(task(["max level_auc"], [f"level_peak<{limit}"], DAILY, days), rates(random), 0.9)
    found = optimise(asked, Budget(80), seed=1, draws=rates(random))
    q = math.exp(-slow[2])
    dose = limit * (1 - q) / (1 - q**days)
    best = found.listed[0]
    # doses have four digits, and the polish narrows its range ten thousandfold
    assert best.candidate.amount == pytest.approx(dose, rel=2e-3) and best.candidate.amount < dose
    assert best.limited[0] == pytest.approx(limit, rel=2e-3)
    # the goal and the quantities are those of the patient as it is
    own = math.exp(-K)
    assert best.values[1] == pytest.approx(best.candidate.amount * (1 - own**days) / (1 - own), rel=1e-5)
    assert found.ranking is not None and found.ranking.meets.tolist() == [0.9]


def test_a_least_dose_that_nine_of_ten_draws_need() -> None:
    """The other way round: a peak above 5 in all but the two fastest rates, with as little area as may be."""
    slow = np.linspace(0.1, 0.48, 20)
    asked = holding_task(task(["min level_auc"], ["level_peak>5"], DAILY, 14), rates(slow), 0.9)
    q = math.exp(-slow[-3])
    dose = 5 * (1 - q) / (1 - q**14)
    best = optimise(asked, Budget(80), seed=1).listed[0].candidate
    assert best.amount == pytest.approx(dose, rel=2e-3) and best.amount > dose


def test_the_draws_chosen_stand_for_all() -> None:
    """Of 400 rates 40 are chosen; the dose that they allow holds in nine of ten of the 400 too, by the closed form."""
    own = rates(K * np.exp(np.random.default_rng(7).normal(0.0, 0.5, 400)))
    asked = holding_task(task(["max level_auc"], ["level_peak<5"], DAILY, 14), own, 0.9)
    assert asked.holding is not None and len(asked.holding.draws.values) == 40 and asked.holding.of == 400
    dose = optimise(asked, Budget(80), seed=1).listed[0].candidate.amount
    q = np.exp(-own.values[:, 0])
    share = float((dose * (1 - q**14) / (1 - q) < 5).mean())
    # one limit, and the peak has the same order of draws at every dose: right to about one draw of the 400
    assert share == pytest.approx(0.9, abs=0.006)
    again = holding_task(task(["max level_auc"], ["level_peak<5"], DAILY, 14), own, 0.9, threads=1)
    assert again.holding is not None and (again.holding.draws.values == asked.holding.draws.values).all()


def test_more_draws_for_a_rarer_failure() -> None:
    assert [enough(share) for share in (0.5, 0.9, 0.95, 0.99)] == [40, 40, 80, 400]


def test_the_threads_change_nothing_under_draws() -> None:
    own = rates(np.linspace(0.1, 0.5, 20))
    ranges = ("dose 0.1..9 mg", "interval 1..4 d", "on 1..2 wk", "off 0..1 wk")
    asked = holding_task(task(["max level_auc"], ["level_peak<5"], ranges, 14), own, 0.9)
    one, two = (optimise(asked, Budget(40), seed=2, threads=threads) for threads in (1, 3))
    assert numbers(one) == numbers(two)
    assert [t.limited for t in one.tried] == [t.limited for t in two.tried]


def test_what_is_held_is_not_drawn() -> None:
    own = rates(np.linspace(0.1, 0.5, 20))
    asked = replace(task(["max level_auc"], ["level_peak<5"], DAILY, 14), held=("k",))
    one = attempt(holding_task(asked, own, 0.9), asked.space.candidate(1.0, *map(Fraction, (1, 7, 0))), "")
    assert one.limited[0] == pytest.approx(one.values[1], rel=1e-9)
    assert ranked(asked, [one], own).values[0, :, 1] == pytest.approx(one.values[1], rel=1e-9)


@pytest.mark.parametrize(
    ("share", "limits", "draws", "words"),
    [
        (90.0, ["level_peak<5"], 20, "did you mean 0.9"),
        (1.0, ["level_peak<5"], 20, "0.5 to below 1"),
        (0.4, ["level_peak<5"], 20, "0.5 to below 1"),
        (math.nan, ["level_peak<5"], 20, "0.5 to below 1"),
        (0.9, [], 20, "needs a limit"),
        (0.9, ["level_peak<5"], 0, "need draws of the parameters"),
        (0.9, ["level_peak<5"], 9, "9 draws"),
        (0.9, ["level_peak<0.01"], 20, "90 % of draws below"),
    ],
)
def test_what_cannot_hold(share: float, limits: list[str], draws: int, words: str) -> None:
    own = rates(np.linspace(0.1, 0.5, draws)) if draws else None
    with pytest.raises(PkpdError) as caught:
        optimise(holding_task(task(["max level_auc"], limits, DAILY, 14), own, share), Budget(40))
    assert words in str(caught.value) and "\n" not in str(caught.value)


# --- the command

GOAL = ("optimise", "--goal", "max treg_auc", "--subject-to", "nk_peak_fold<1.4")
SMALL = ("--over", "dose 0.2..2 MIU step 0.1", "interval 1 d", "on 1 wk", "off 0 wk", "--days", "1wk", "--no-figures")


@pytest.mark.usefixtures("here")
def test_the_report_says_how_surely_limits_hold() -> None:
    plain = works(*GOAL, *SMALL, "--output", "a")
    assert "The best regimen meets every constraint in only " in plain and "; --holding 0.9 searches" in plain
    assert record("a/run.json")["holding"] is None
    sure = works(*GOAL, *SMALL, "--holding", "0.9", "--output", "b")
    assert "Subject to: nk_peak_fold<1.4, each in 90 % of draws" in sure
    assert "holds in 90 % of 40 draws chosen from them; over all 200, the best regimen meets every one in" in sure
    assert record("b/run.json")["holding"] == {"share": 0.9, "draws": 40, "of": 200}
    first, second = rows("a/front.csv")[0], rows("b/front.csv")[0]
    assert float(second["dose"]) < float(first["dose"])
    below = float(second["nk_peak_fold, 90 % of draws below"])
    assert float(second["nk_peak_fold"]) < below < 1.4
    assert float(second["margin of nk_peak_fold<1.4"]) == pytest.approx(1.4 - below, rel=1e-8)
    share = {
        name: float(next(r["share_of_draws"] for r in rows(f"{name}/ranking.csv") if r["row"] == "meets all"))
        for name in "ab"
    }
    # doses are 0.1 MIU apart, so that it may hold more often than asked, and 40 of 200 draws chose it
    assert share["a"] < 0.8 and share["b"] > 0.88


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--holding", "1.2"), "0.5 to below 1"),
        (("--holding", "x"), "--holding"),
        (("--holding", "0.9", "--no-uncertainty"), "--holding and --no-uncertainty contradict"),
        (("--holding", "0.9", "--uncertainty", "draws.csv"), "3 draws"),
    ],
)
def test_one_sentence_for_what_cannot_hold(words: tuple[str, ...], says: str) -> None:
    with open("draws.csv", "w") as file:
        file.write("draw,treg_ec50 [pM]\n1,5\n2,10\n3,20\n")
    assert says in refused(*GOAL, *SMALL, *words)


# --- tables and numbers that fit


def test_a_wide_table_goes_on_below() -> None:
    cells = ["1  first", "2  second"]
    columns = [Column(f"a_rather_long_name_{k}", [f"{k}.5", "-"], "MIU" * (k % 2)) for k in range(9)]
    text = narrow(Column("regimen", cells), columns, ["1", "2"], page=70)
    assert max(map(len, text.splitlines())) <= 70 and text.count("regimen") == 3
    assert [word for word in text.split() if word.endswith(".5")] == [f"{k}.5" for k in range(9)]
    blocks = text.split("\n\n")
    assert "1  first" in blocks[0] and "first" not in blocks[1]
    small = narrow(Column("regimen", ["1"]), [Column("dose", ["3"], "mg"), Column("times_given\nin all", ["4"])])
    assert small.splitlines() == [
        "               times_given",
        "regimen  dose       in all",
        "           mg",
        "1           3            4",
    ]


@pytest.mark.parametrize(
    ("goals", "limits"),
    [(["max level_auc"], ["level_peak<5"]), (["max level_auc", "min level_peak"], []), (["max level_auc"], [])],
)
def test_numbers_in_the_figure_do_not_overlap(goals: list[str], limits: list[str]) -> None:
    ranges = ("dose 0.1..9 mg", "interval 1..7 d", "on 1..4 wk", "off 0..2 wk")
    found = optimise(task(goals, limits, ranges, 28), Budget(150), seed=1)
    figure = front_figure(found, units(found.task))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in figure.axes[0].texts]
    assert len(boxes) == len(found.listed) > 5
    for a, b in itertools.combinations(boxes, 2):
        assert min(a.y1, b.y1) <= max(a.y0, b.y0) or min(a.x1, b.x1) <= max(a.x0, b.x0)


@pytest.mark.usefixtures("here")
def test_figures_under_draws() -> None:
    over = ("--over", "dose 0.2..3 MIU", "interval 1..3 d", "on 1 wk", "off 0 wk", "--days", "1wk")
    works(*GOAL, *over, "--evaluations", "24", "--holding", "0.8", "--output", "out")
    assert {p.stem for p in Path("out").glob("*.png")} == {"front", "window", "ranking"}
    text = Path("out/front.svg").read_text() + Path("out/window.svg").read_text()
    assert text.count("in 80 % of draws") >= 2 and "nk_peak_fold, 80 % of draws below" in text


@quickly
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12))
def test_numbers_beside_the_axes_do_not_overlap(heights: list[float]) -> None:
    own = np.array(heights)
    found = np.array(_apart(own))
    order = np.argsort(-own, kind="stable")
    # rounding only
    assert (np.diff(found[order]) <= -LINE + 1e-9).all() and found.min() >= -1e-9
    if len(own) == 1:
        assert found.tolist() == pytest.approx(heights)
