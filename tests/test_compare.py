"""Regimens side by side: paired differences, tables, figures, the common horizon, and wrong regimens."""

from __future__ import annotations

import csv
import io
from fractions import Fraction

import numpy as np
import pytest
from band_cases import MODEL, draws

from pkpd.engine.code.library import outline_of
from pkpd.errors import ScheduleError, SimulationError
from pkpd.output.plots.comparison import courses_figure, quantities_figure
from pkpd.studies.study import load_study
from pkpd.trials.comparison.compare import Comparison, compare
from pkpd.trials.comparison.courses import courses_csv, courses_of, lettered, shown_outputs
from pkpd.trials.comparison.regimens import comparison_run
from pkpd.trials.regimen.wanted import wanted
from pkpd.trials.run import Options
from pkpd.trials.uncertainty import Uncertainty

OUTPUTS = [o.name for o in outline_of("il2").outputs]


def compared(*texts: str, own: Uncertainty | None = None, study: str = "") -> Comparison:
    options = Options(model=MODEL)
    run = comparison_run(texts, options, load_study(study) if study else None)
    names = [o.name for o in outline_of(MODEL).outputs]
    return compare(run, wanted(names), own)


@pytest.fixture(scope="module")
def pair() -> Comparison:
    return compared("1 MIU every 2d x3", "2 MIU every 2d x3", own=Uncertainty(draws(), ((), ())))


def test_differences_are_taken_draw_by_draw(pair: Comparison) -> None:
    q = [x.name for x in pair.quantities].index("treg_peak_fold")
    apart = pair.found[1].values[:, q] - pair.found[0].values[:, q]
    told = pair.difference(1, q)
    assert told.low is not None and told.high is not None
    assert [told.low, told.high] == pytest.approx(np.quantile(apart, [0.05, 0.95]), rel=1e-12)
    # twice the dose gives more in every draw, though the intervals of the two regimens overlap
    first, second = pair.told(0, q), pair.told(1, q)
    assert told.higher == 1 and told.equal == 0 and told.draws == 9 and told.low > 0
    assert first.high is not None and second.low is not None and first.high > second.low


def test_equal_numbers_are_neither_higher_nor_lower(pair: Comparison) -> None:
    told = pair.difference(1, [x.name for x in pair.quantities].index("injections"))
    assert (told.value, told.low, told.high, told.higher, told.equal) == (0, 0, 0, 0, 1)


def test_tables_hold_every_regimen_and_quantity(pair: Comparison) -> None:
    values, apart = pair.table(), pair.differences()
    count = len(pair.quantities)
    assert [len(values["value"]), len(apart["difference"])] == [2 * count, count]
    assert set(apart["against"]) == {"1 MIU every 2d x3"} and set(apart["regimen"]) == {"2 MIU every 2d x3"}
    # within 1e-9: a table of draws without an effect holds the number itself
    assert values["low"][list(values["quantity"]).index("il2_given")] == 3


def test_a_placebo_differs_from_nothing_by_nothing() -> None:
    found = compared("placebo", "1 MIU once", own=Uncertainty(draws(), ((), ())))
    rows = dict(zip([q.name for q in found.quantities], range(99), strict=False))
    for name in ("treg_gain", "treg_fold_above_2", "il2_given"):
        told = found.told(0, rows[name])
        assert (told.value, told.low, told.high) == (0, 0, 0)
    assert found.told(0, rows["selectivity"]).value is None and found.told(0, rows["selectivity"]).draws == 0
    assert found.difference(1, rows["selectivity"]).higher is None


def test_without_draws_there_are_no_intervals() -> None:
    found = compared("1 MIU once", "2 MIU once")
    told = found.difference(1, 0)
    assert told.value is not None and told.low is told.high is told.higher is None and found.draws == 0


def test_the_common_horizon_and_the_patient() -> None:
    run = comparison_run(("he2020", "1 MIU daily x5"), Options(model=MODEL))
    # 84 days are twelve weeks, and four more follow
    assert run.times[-1] == 112 and {arm.bsa for arm in run.arms} == {1.8}
    own = comparison_run(("he2020", "1 MIU daily x5"), Options(model=MODEL), load_study("he2020"))
    assert {arm.bsa for arm in own.arms} == {1.57} and own.arms[0].parameters["treg_baseline"].value == 20
    # the weekly course ends on day 82, in the twelfth week
    assert comparison_run(("1 MIU daily x5, then 1 MIU every 7d x11", "1 MIU once"), Options()).times[-1] == 112


@pytest.mark.parametrize(
    ("texts", "days", "said"),
    [
        (("he2020",), None, "1 regimen cannot be compared; name 2 to 12"),
        ((), None, "0 regimens cannot be compared"),
        (("he2020", "he2020"), None, "'he2020' stands there twice"),
        (("he2020", "1 MIU every 2d x7, rest 14d, repeat 3"), None, "gives the doses of 'he2020'"),
        (
            ("he2020", "dilt1d"),
            None,
            "'dilt1d' is a study, and a comparison takes schedules; its schedules are dilt1d",
        ),
        (("he2020", "1 MIU often"), None, "schedule"),
        (("he2020", "1 MIU daily x5"), 1, "1 days end before the first dose interval of 'he2020' does, on day 2"),
        (tuple(f"{k} MIU once" for k in range(1, 14)), None, "13 regimens cannot be compared"),
    ],
)
def test_wrong_regimens_get_one_sentence(texts: tuple[str, ...], days: int | None, said: str) -> None:
    with pytest.raises((ScheduleError, SimulationError)) as error:
        comparison_run(texts, Options(model=MODEL, days=None if days is None else Fraction(days)))
    assert said in str(error.value)


def test_doses_after_the_horizon_are_noted() -> None:
    run = comparison_run(("1 MIU every 2d x7", "1 MIU once"), Options(model=MODEL, days=Fraction(7)))
    assert run.notes == ("1 MIU every 2d x7: 3 of 7 doses come after day 7 and are not counted",)


@pytest.mark.parametrize("target", [0.0, -1.0, float("nan"), float("inf")])
def test_a_target_is_a_fold_above_zero(target: float) -> None:
    with pytest.raises(SimulationError, match="Treg fold above 0"):
        wanted(("treg_fold",), target)


def test_a_model_without_cells_is_compared_by_its_first_output() -> None:
    assert [q.name for q in wanted(("drug", "other"), 2, ("other@3", "drug_peak"))] == [
        "drug_peak",
        "drug_mean",
        "drug_auc",
        "il2_given",
        "injections",
        "other@3",
    ]
    assert "treg_fold_above_1.25" in [q.name for q in wanted(("treg_fold",), 1.25)]


def test_the_chart_shows_the_numbers_of_the_table(pair: Comparison) -> None:
    trajectories, _ = courses_of(pair.run)
    figure = quantities_figure(pair, lettered(trajectories), "x")
    assert [axes.get_title(loc="left") for axes in figure.axes] == [q.name for q in pair.quantities]
    for q, axes in enumerate(figure.axes):
        lines = [line.get_xdata().tolist() for line in axes.lines]  # type: ignore[union-attr]
        told = [pair.told(k, q) for k in range(2)]
        assert lines == [x for t in told for x in ([t.low, t.high], [t.value])]


def test_courses_are_drawn_as_they_are_tabled_and_flagged_without_data() -> None:
    run = comparison_run(("1 MIU every 2d x2", "placebo"), Options(days=Fraction(7)))
    trajectories, _ = courses_of(run)
    figure = courses_figure(lettered(trajectories), "x", (), ["eosinophils_fold"])
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["IL-2", "Treg", "NK cells", "CD56bright NK", "eosinophils: no data behind it"]
    table = list(csv.DictReader(io.StringIO(courses_csv(trajectories, ()).decode())))
    own = [float(r["value"]) for r in table if r["regimen"] == "1 MIU every 2d x2" and r["output"] == "il2"]
    (line,) = [line for line in figure.axes[0].lines if line.get_label() == "A: 1 MIU every 2d x2"]
    # ten digits are written
    assert own == pytest.approx(np.asarray(line.get_ydata()), rel=1e-9)
    assert {r["low"] for r in table} == {""} and {r["output"] for r in table} == set(shown_outputs(OUTPUTS))
