"""The report of a fit: each section under every kind of trouble, and the words that it must say."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from fit_cases import LEFT, PROFILES, TWO, informed, like, searched, section

from pkpd.inference.fitted import Fitted
from pkpd.inference.objective import FailedSolves
from pkpd.inference.uncertainty.draws import drawn
from pkpd.output.report.fit_page import page
from pkpd.output.report.fit_rows import SHOWN, Judged, fixed, judged, number, predictions_table, rows_table
from pkpd.output.report.fit_text import report
from pkpd.output.report.sections import MEANING
from pkpd.output.report.starts import moved_starts
from pkpd.studies.observation import Observation


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return searched()


# --- the verdict and what comes before use


def test_a_valid_fit(fitted: Fitted) -> None:
    first, meaning, model, how = report(fitted).splitlines()[:4]
    assert first == "VALID" and meaning.strip() == MEANING
    assert model.strip() == "Model il2, data dilt1d, hao2020: 4 rows (4 values, 0 bounds) of 2 studies."
    assert re.search(r"maximum a posteriori: 2 starts, 2 of 2 within 0.1 of the best\.", how)
    bare = report(like(fitted, warnings=()))
    assert section(bare, "Before you use it").endswith("no warning, no row left out, no failed solve")
    assert report(fitted).endswith("Research software; intervals hold only under the errors and priors above.\n")


def test_the_same_fit_gives_the_same_text(fitted: Fitted) -> None:
    assert report(searched(threads=2)) == report(fitted)
    assert page(searched(threads=2)) == page(fitted)


def test_a_stopped_search_is_not_valid(fitted: Fitted) -> None:
    stopped = like(fitted, search=replace(fitted.search, stopped="interrupted"))
    assert report(stopped).startswith("NOT VALID: the search was stopped (interrupted)")
    assert MEANING not in report(stopped)
    assert 'class="verdict invalid"' in page(stopped) and 'class="verdict valid"' in page(fitted)


def test_what_could_not_be_used_is_said(fitted: Fitted) -> None:
    rows = (
        Observation("s", "nk", "fold", None, origin="a.csv line 3"),
        Observation("s", "nk", "fold", 2.0, bound="range", origin="a.csv line 4"),
        Observation("s", "nk", "fold", 2.0, reason="no regimen", origin="a.csv line 5"),
    )
    objective = replace(fitted.objective, failed=FailedSolves(3, ["b is stiff", "a is stiff"]))
    said = section(
        report(like(fitted, left_out=rows, objective=objective, warnings=("one dose level",))), "Before you use it"
    )
    assert "one dose level 3 rows left out:" in said
    assert "a.csv line 3: no number - a.csv line 4: a range row is not fitted - a.csv line 5: no regimen" in said
    # the first in the alphabet, since threads change which came first
    assert "3 of the parameter values tried could not be simulated, for example: a is stiff" in said


def test_long_lists_are_cut(fitted: Fitted) -> None:
    rows = tuple(Observation("s", "nk", "fold", None, origin=f"a.csv line {k}") for k in range(30))
    assert "... and 18 more rows" in report(like(fitted, left_out=rows))


# --- what the rows tell


def test_what_the_rows_can_tell(fitted: Fitted) -> None:
    i = fitted.information
    said = section(report(fitted), "What the rows can tell")
    assert f"speak about {i.rank} directions (rank of the information matrix) and pin down {i.learned} of them" in said
    assert f"worth {i.effective:.1f} of 2 parameters; the rest is prior." in said


def test_nothing_known() -> None:
    text = report(informed(searched(priors=False), covariance=np.diag([np.inf, 0.1])))
    assert text.startswith("NOT VALID:") and "nothing is known about treg_ec50" in text.splitlines()[0]
    (line,) = [line for line in section_lines(text, "Parameters") if line.strip().startswith("treg_ec50")]
    assert "nothing known" in line and line.split()[-2:] == ["-", "-"]
    assert "no parameter has a prior" in text and "maximum likelihood within the bounds" in text


def section_lines(text: str, title: str) -> list[str]:
    (found,) = [part for part in text.split("\n\n") if part.startswith(title + "\n")]
    return found.splitlines()


def test_every_parameter_is_in_the_table(fitted: Fitted) -> None:
    low, high = fitted.interval
    for k, name in enumerate(fitted.names):
        (line,) = [line for line in section_lines(report(fitted), "Parameters") if line.strip().startswith(name)]
        cells = re.split(r"\s{2,}", line.strip())
        table = fitted.base[name]
        held = ["*" if np.isclose(v, b) else "" for v, b in zip((low[k], high[k]), table.bounds, strict=True)]
        assert cells[:4] == [name, table.unit, number(table.value), number(fitted.values[k])]
        assert cells[4] == f"{number(low[k])}{held[0]} to {number(high[k])}{held[1]}" and cells[5] == "-"
        assert table.prior is not None
        assert cells[6] == f"{table.prior[0]:.3g} ({table.prior[1]:.3g})"
        assert cells[7] == f"{100 * fitted.information.prior_share[k]:.0f} %"


def test_a_bound_is_named(fitted: Fitted) -> None:
    c = fitted.coordinates
    for x, word in ((c.low, "low"), (c.high, "high")):
        text = report(like(fitted, x=np.array([x[0], fitted.x[1]])))
        assert f"At a bound: treg_ec50 ({word})." in text
        (line,) = [line for line in section_lines(text, "Parameters") if line.strip().startswith("treg_ec50")]
        assert re.split(r"\s{2,}", line.strip())[4:6] == ["-", word]


def test_what_the_rows_taught_nothing_about(fitted: Fitted) -> None:
    prior = np.diag(fitted.information.prior)
    taught = informed(fitted, covariance=np.diag(np.array([1.0, 0.5]) / prior))
    said = section(report(taught), "Parameters")
    assert "taught next to nothing about treg_ec50: value" in said and " 100 % " in said and " 50 % " in said


def test_correlations_say_what_to_do(fitted: Fitted) -> None:
    assert section(report(fitted), "Correlations").endswith("no correlation above 0.95")
    for r in (0.98, -0.98):
        close = informed(fitted, covariance=np.array([[1.0, 2 * r], [2 * r, 4.0]]))
        said = section(report(close), "Correlations")
        assert (
            f"treg_ec50 and treg_activation {r:.2f}: the rows determine only a combination; hold one fixed, add" in said
        )


# --- predictions


def test_rows_are_judged_by_their_own_error() -> None:
    found = searched(more=("koreth2011",))
    rows = judged(found)
    text = section(report(found), "Predicted against observed")
    for one in rows:
        row = one.row
        shift = 100.0 if row.form == "percent_change" else 0.0
        away = math.log((float(row.value or 0) + shift) / (one.predicted + shift))
        if row.study == "dilt1d":
            # a response of one study: its own error and the shift between studies
            assert one.sd == pytest.approx(math.hypot(one.se, 0.3), rel=1e-12)
        # both sides come from the same numbers: rounding only
        assert one.residual == pytest.approx(away / one.sd, rel=1e-9, abs=1e-9)
        expected = "hit" if abs(one.residual) < 1.96 else "miss"
        if row.bound == ">":
            expected = "met" if one.predicted > float(row.value or 0) else "not met"
        assert one.verdict == expected
    assert {"=", ">"} == {one.row.bound for one in rows} and "> 8" in text
    met = sum(one.fits for one in rows if one.row.study == "koreth2011")
    assert f"koreth2011: {met} of 2 bounds met" in text


def test_a_miss_and_a_bound_that_is_not_met() -> None:
    found = searched(more=("koreth2011",))
    wrong = like(found)
    wrong.__dict__["links"] = found.links - 3.0
    verdicts = {one.verdict for one in judged(wrong)}
    assert verdicts == {"miss", "not met"}
    assert "dilt1d: 0 of 3 values hit" in report(wrong) and "koreth2011: 0 of 2 bounds met" in report(wrong)


def test_a_long_table_is_cut_and_the_file_is_not() -> None:
    row = Observation("cohort", "treg", "count", 20.0, id="1", unit="cells/uL", origin="cohort.csv line 2")
    many = [Judged(row, 21.0, 0.15, "residual", 0.4, -0.1, "hit")] * (SHOWN + 5)
    assert len(rows_table(many)) == SHOWN + 1
    table = predictions_table(many)
    assert len(list(table.rows())) == SHOWN + 5
    assert {"study", "row", "output", "form", "predicted", "observed", "bound", "residual"} <= set(table)


# --- the rest


def test_other_log_sds_stand_side_by_side(fitted: Fitted) -> None:
    others = {0.5: (fitted.x + 0.1, False), 0.2: (fitted.x - 0.1, True)}
    said = section(report(fitted, others=others), "Between studies")
    head, *_ = [line for line in section_lines(report(fitted, others=others), "Between studies") if "at 0.2" in line]
    assert head.split()[2:] == ["at", "0.2", "at", "0.3", "at", "0.5"]
    values = [number(v) for v in (fitted.coordinates.to_values(fitted.x + s)[0] for s in (-0.1, 0.0, 0.1))]
    assert " ".join(["treg_ec50 pM", *values]) in said
    assert "The search at 0.5 did not converge." in said
    assert "not repeated" in section(report(fitted), "Between studies")


def test_the_criterion_or_why_there_is_none(fitted: Fitted) -> None:
    assert fitted.aicc is not None
    assert f"AICc {number(fitted.aicc)}, on the likelihood alone." in report(fitted)
    three = searched((*TWO, "treg_feedback"))
    assert "AICc is not defined: 4 rows less 3 parameters less 1 is 0, and it divides by that." in report(three)


def test_one_study_left_out(fitted: Fitted) -> None:
    said = section(report(fitted, LEFT), "One study left out")
    # sqrt(0.02 / 2) = 0.1, alone and over all studies that have a prediction
    assert "dilt1d 2 0.1 - koreth 0 - 1 of 2 lost 1 - - all 3 0.1 1 of 2" in said
    assert "lost: the model cannot be simulated" in said
    assert "Not done" in section(report(fitted), "One study left out")


def test_profiles_are_told(fitted: Fitted) -> None:
    said = section(report(fitted, profiles=PROFILES), "Profiles")
    assert f"Rank of the information matrix of the rows: {fitted.information.rank} of 2." in said
    assert "4.5 to open one-sided: only below" in said and "open to open flat" in said
    assert "\nProfiles\n" not in report(fitted)


def test_starts_are_listed_from_the_best(fitted: Fitted) -> None:
    costs = [found.cost for found in fitted.search.found]
    said = section(report(fitted), "Starts")
    assert said.endswith(" ".join(f"{cost:.2f}" for cost in sorted(costs)))


def test_lines_are_short(fitted: Fitted) -> None:
    others = {0.2: (fitted.x, True), 0.5: (fitted.x, True)}
    text = report(like(fitted, warnings=("a word " * 60,)), LEFT, PROFILES, others)
    # as wide as a terminal that a table of ten columns needs
    assert max(map(len, text.splitlines())) <= 150


@pytest.mark.parametrize(
    ("value", "short", "two"),
    [(1234.5, "1230", "1234.50"), (0.0012345, "0.00123", "0.00"), (-0.001, "-0.001", "0.00"), (math.nan, "-", "-")],
)
def test_numbers(value: float, short: str, two: str) -> None:
    assert (number(value), fixed(value, 2)) == (short, two)


# --- draws, starts outside bounds


def test_draws_of_every_kind_are_told(fitted: Fitted) -> None:
    assert "Draws\n" not in report(fitted)
    some = drawn(fitted, np.array([fitted.x]), "covariance", 3)
    said = section(report(fitted, draws=some), "Draws")
    assert "1 draw of the kind covariance (normal around" in said and "3 rejected" in said and "worth" not in said
    told = "The chains have not converged: R-hat."
    chains = replace(some, kind="posterior", effective=123.4, said=told, doubtful=True)
    text = report(fitted, draws=chains)
    assert "worth 123 independent draws" in section(text, "Draws")
    assert "The chains have not converged: R-hat." in section(text, "Draws")
    assert "not to be trusted. The chains have not converged" in section(text, "Before you use it")
    sure = replace(chains, doubtful=False)
    assert "trusted" not in section(report(fitted, draws=sure), "Before you use it")
    parsed = page(fitted, draws=chains)
    assert "worth 123 independent draws" in parsed and parsed.count("The chains have not converged") == 2


def test_a_start_outside_its_bounds_is_told(fitted: Fitted) -> None:
    table = fitted.coordinates.tables[0]
    assert moved_starts(fitted.coordinates.tables) == []
    assert moved_starts([replace(table, value=table.bounds[1])]) == []
    (said,) = moved_starts([replace(table, value=1e9)])
    assert said.startswith(f"{table.name} was to start at 1e+09 {table.unit}, outside its bounds")
    assert said.endswith(f"started at {table.bounds[1]:g} instead")


def test_notes_stand_only_where_they_are_needed(fitted: Fitted) -> None:
    text = section(report(fitted), "Parameters")
    assert ("*:" in text) == ("*" in text.partition("*:")[0])
    assert "The prior is cut at the bounds" in text
    plain = section(report(searched(priors=False)), "Parameters")
    assert "The prior is cut at the bounds" not in plain
    # at a bound there is no interval, so there is no star to explain
    at = section(report(like(fitted, x=fitted.coordinates.low)), "Parameters")
    assert "At a bound: treg_ec50 (low), treg_activation (low)" in at and "*" not in at
