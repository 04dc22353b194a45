"""Figures of a virtual trial: what they draw stands in its tables, and the clinical ones say what they are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from plot_cases import panels
from trial_cases import STUDY, small_illustration, small_trial

from pkpd.output.plots.trial import arm_looks, panels_of, significance_figure, visits_figure
from pkpd.output.plots.trial_outcomes import power_figure, responses_figure
from pkpd.output.report.trial_visits import visits_of
from pkpd.trials.clinical.caution import CAUTION
from pkpd.trials.clinical.observed import interval
from pkpd.trials.clinical.replicated import linked
from pkpd.trials.conduct.tables import quantiles

LOOKS = {arm.name: look for arm, look in zip(small_trial().arms, arm_looks(small_trial()), strict=True)}


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def lines_of(axes: object, marker: str) -> list[tuple[list[float], list[float]]]:
    return [
        (line.get_xdata().tolist(), line.get_ydata().tolist())  # type: ignore[union-attr]
        for line in axes.lines  # type: ignore[attr-defined]
        if line.get_marker() == marker
    ]


def test_one_trial_is_drawn_with_its_patients_means_and_bands() -> None:
    trial = small_trial()
    visits = visits_of(trial)
    figure = visits_figure(trial, visits)
    shown = panels(figure)
    assert [axes.get_title(loc="left") for axes in shown] == [
        "Treg",
        "NK cells",
        "CD56bright NK",
        "Treg, percent of CD4 T cells",
        "Eosinophils: no data behind it",
    ]
    s, table = trial.statistics, trial.example_table()
    for axes, (output, fold) in zip(shown, panels_of(trial), strict=True):
        k = trial.outputs.index(output)
        dots = [np.array(y) for line in axes.lines if line.get_marker() == "o" and (y := line.get_ydata()) is not None]
        drawn = np.sort(np.concatenate([d[np.isfinite(d)] for d in dots[::2]]))
        column = table["fold" if fold else "value"]
        own = np.sort([v for v, name in zip(column, table["output"], strict=True) if name == output])
        assert drawn == pytest.approx(own, rel=1e-9)
        for a, middle in enumerate(dots[1::2]):
            mean = np.exp(s.log_mean[0, a, :, k]) if fold else s.mean[0, a, :, k]
            assert middle == pytest.approx(mean, rel=1e-12)
        band = axes.collections[0].get_paths()[0].vertices
        rows = visits[trial.arms[0].name, output]
        ends = [
            x for row in rows for x in ((row.fold if fold else row.mean).low, (row.fold if fold else row.mean).high)
        ]
        assert {round(float(y), 9) for y in band[:, 1]} == {round(x, 9) for x in ends}
        assert axes.get_yscale() == ("log" if fold else "linear")
    assert labels(figure)[-2:] == ["one patient", "5-95 % of replicates have their mean here"]


def test_shares_of_replicates_are_those_of_the_table() -> None:
    trial = small_trial()
    visits = visits_of(trial, 0.1)
    figure = significance_figure(trial, visits, 0.1)
    for axes, output in zip(panels(figure), trial.outputs, strict=True):
        against = [row for row in visits["il2", output] if row.control.told]
        squares = lines_of(axes, "s")
        expected = [([r.day for r in against], [100 * r.control.value for r in against])] if against else []
        assert squares == expected
    assert labels(figure) == ["IL-2 against baseline", "placebo against baseline", "IL-2 against placebo", "10 %"]


def test_response_rates_stand_beside_the_observed_ones() -> None:
    shown = small_illustration()
    figure = responses_figure(shown, LOOKS, "he2020")
    for axes, outcome in zip(panels(figure), linked(STUDY.outcomes), strict=True):
        rates = 100 * shown.rates(outcome.name, "as anchored", "analysed")
        marks = lines_of(axes, "|")
        assert [x for x, _ in marks] == [pytest.approx(quantiles(rates[:, side])) for side in range(2)]
        seen = [x[0] for x, _ in lines_of(axes, "D")]
        assert seen == pytest.approx([100 * arm.responders / arm.analysed for arm in outcome.arms])
        spans = [x for x, _ in lines_of(axes, "None") if len(x) == 2]
        assert spans == [pytest.approx([100 * end for end in interval(a.responders, a.analysed)]) for a in outcome.arms]
        heights = np.array([bar.get_height() for bar in axes.patches]).reshape(2, -1)
        counted = [np.histogram(column + 1e-9, np.arange(0, 101, 10) + 5e-10)[0] for column in rates.T]
        assert heights == pytest.approx(np.array(counted) / np.max(counted))


def test_power_is_that_of_the_table() -> None:
    shown = small_illustration()
    for axes, outcome in zip(panels(power_figure(shown, "he2020")), shown.outcomes, strict=True):
        drawn = sorted(y[0] for _, y in lines_of(axes, "o"))
        assert drawn == pytest.approx(sorted(100 * row.share for row in shown.rows if row.outcome == outcome.name))


def test_clinical_figures_carry_the_caution_in_every_panel() -> None:
    shown = small_illustration()
    for figure in (responses_figure(shown, LOOKS, "he2020"), power_figure(shown, "he2020")):
        for axes in panels(figure):
            assert CAUTION in [" ".join(text.get_text().split()) for text in axes.texts]
        assert "Link treg_exposure" in " ".join(figure.get_supxlabel().split())


def test_one_outcome_and_one_arm_are_drawn_too() -> None:
    shown = small_illustration()
    one = replace(shown, outcomes=shown.outcomes[:1], rows=tuple(r for r in shown.rows if r.outcome == "sri4_week12"))
    assert len(panels(responses_figure(one, LOOKS, "he2020"))) == len(panels(power_figure(one, "he2020"))) == 1
    trial = replace(small_trial(), control="")
    assert "IL-2 against placebo" not in labels(significance_figure(trial, visits_of(trial)))
    bare = replace(trial, outputs=("a", "b", "c", "d", "e", "f"))
    assert panels_of(bare) == tuple((name, False) for name in "abcdef")


def test_arms_are_told_apart() -> None:
    trial = small_trial()
    many = replace(trial, arms=(*trial.arms, trial.arms[0], trial.arms[0]))
    looks = arm_looks(many)
    assert len({(look.colour, look.dash) for look in looks}) == 4
    assert looks[1].colour == "#666666"
