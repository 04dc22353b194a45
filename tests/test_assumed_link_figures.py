"""Figures of regimens that are ranked through an assumed link say what it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest
from band_cases import MODEL
from matplotlib.figure import Figure
from test_optimise import task

from pkpd.output.plots.comparison import quantities_figure
from pkpd.output.plots.optimisation import optimisation_figures
from pkpd.quantities import Measured, quantity
from pkpd.studies.study import load_study
from pkpd.trials.clinical.caution import BEYOND, CAUTION, LINKED, small_print
from pkpd.trials.clinical.quantity import linked_quantity, typical_exposure
from pkpd.trials.comparison.compare import compare
from pkpd.trials.comparison.courses import courses_of, lettered
from pkpd.trials.comparison.regimens import comparison_run
from pkpd.trials.optimisation.account import Budget
from pkpd.trials.optimisation.optimise import optimise
from pkpd.trials.optimisation.tables import units
from pkpd.trials.run import Options


def foot(figure: Figure) -> str:
    return " ".join(figure.get_supxlabel().split())


def test_only_outcomes_by_a_link_are_cautioned() -> None:
    plain = quantity("treg_auc", ("treg",))
    assert small_print([plain]) == ""
    said = small_print([plain, replace(plain, name="sri4_week12", sort=LINKED)])
    assert said == f"sri4_week12, by an assumed link: {CAUTION}; {BEYOND}."


@pytest.mark.parametrize("link", ["treg_exposure", ""])
def test_a_comparison(link: str) -> None:
    study, options = load_study("he2020"), Options(model=MODEL)
    found: list[Measured | str] = ["treg_peak_fold"]
    if link:
        exposure = typical_exposure("sri4_week12", link, study, options)
        found.append(cast(Measured, linked_quantity("sri4_week12", link, study, exposure)))
    compared = compare(comparison_run(("he2020", "placebo"), options), found)
    figure = quantities_figure(compared, lettered(courses_of(compared.run)[0]), "x")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["treg_peak_fold", *["sri4_week12: assumed"] * bool(link)]
    assert (CAUTION in foot(figure)) == bool(link)


def test_a_search() -> None:
    ranges = ("dose 1..9 mg", "interval 1..3 d", "on 1 wk", "off 0 wk")
    found = optimise(task(["max level_auc"], [], ranges, 7), Budget(40), seed=1)
    first, *others = found.task.quantities
    assumed = replace(found, task=replace(found.task, quantities=(replace(first, sort=LINKED), *others)))
    for result, cautioned in ((found, False), (assumed, True)):
        drawn = optimisation_figures(result, units(found.task))
        assert {"front", "window"} <= set(drawn)
        assert {CAUTION in foot(figure) for figure in drawn.values()} == {cautioned}
