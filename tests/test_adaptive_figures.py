"""Where patients stand over time, and the figures of rules: they show what the tables say."""

from __future__ import annotations

import numpy as np
import pytest
from rule_cases import DAYS, course, patients, steered

from pkpd.errors import StudyError
from pkpd.output.plots.adaptive import patients_figure, rules_figure
from pkpd.output.plots.style import image
from pkpd.trials.adaptive.follow import STANDINGS, standing_table
from pkpd.trials.adaptive.shown import output_table, shown
from pkpd.trials.adaptive.text import read_rules

HOLD = "if level > 0.8 at visit: hold until < 0.3"
SCALES = (0.5, 1.0, 2.0)


def test_standing() -> None:
    _, log = steered(
        "if level > 1.5 at visit 3: stop",
        "if level > 0.6 at visit 3: hold for 2d",
        "if level > 0.2 at visit 3: reduce by 50 %",
        scales=(0.1, 0.5, 1, 2, 2),
        first=1,
    )
    table = standing_table(log, patients(0.1, 0.5, 1, 2, 2, first=1), 14, failed=[5])
    counts = {day: [] for day in table["time"]}
    for _, day, name, count, share, failed in table.rows():
        assert name == STANDINGS[len(counts[day])]
        assert failed == 1
        assert share == count / 4
        counts[day].append(count)
    # full dose, reduced, raised, held, stopped
    assert counts == {0: [4, 0, 0, 0, 0], 3: [1, 1, 0, 1, 1], 5: [1, 2, 0, 0, 1], 14: [1, 2, 0, 0, 1]}


def test_figures_show_what_the_tables_say() -> None:
    texts = [HOLD, "if level > 1.4 at visit: stop", "if left > 0.6 at visit 2: reduce by 10 %"]
    cohort, log = steered(*texts, scales=SCALES)
    own = patients(*SCALES)
    seen = shown(read_rules(texts), course(), own, cohort, log, "level", [1, 2])
    assert seen.thresholds == ((1, "hold at > 0.8", 0.8), (1, "held until < 0.3", 0.3), (2, "stop at > 1.4", 1.4))
    assert list(seen.table()["value"]) == [*cohort.values[1, 0], *cohort.values[2, 0]]
    figure = patients_figure(seen, "Two", texts)
    assert [axes.get_title("left") for axes in figure.axes] == ["patient 1", "patient 2"]
    for axes, patient in zip(figure.axes, seen.patients, strict=True):
        assert axes.lines[3].get_ydata() == pytest.approx(patient.values, abs=0)
        assert [(box.get_x(), box.get_x() + box.get_width()) for box in axes.patches] == [s[:2] for s in patient.spans]
        marked = {mark.get_label(): list(mark.get_xdata()) for mark in axes.artists or axes.lines[4:]}
        assert sum(map(len, marked.values())) == DAYS
    assert image(figure, "png")[:4] == b"\x89PNG"
    levels = [(output_table(course(), cohort, "level"), seen)]
    figure = rules_figure(standing_table(log, own, DAYS), levels, "All", texts)
    lines = {line.get_label(): list(line.get_ydata()) for line in figure.axes[0].lines}
    assert lines["patient 2"] == cohort.values[2, 0].tolist()
    assert lines["median"] == np.median(cohort.values[:, 0], axis=0).tolist()
    assert lines["rule 1: held until < 0.3"] == [0.3, 0.3]
    assert image(figure, "svg")
    table = output_table(course(), cohort, "level", "a")
    assert list(table["p50"]) == np.median(cohort.values[:, 0], axis=0).tolist()
    with pytest.raises(StudyError, match="patient 9 was asked for a figure and is not among 0 to 2"):
        shown([], course(), own, cohort, log, "level", [9])
    with pytest.raises(StudyError, match="the output 'lvel' was not simulated; did you mean 'level'"):
        output_table(course(), cohort, "lvel")
