"""A table of published responses with other headers: what each row becomes, and why some cannot be predicted."""

from __future__ import annotations

import csv

import pytest
from foreign_cases import CELL, EVIDENCE, EXPECTED, HEADER, PLAIN, one
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.errors import StudyError
from pkpd.studies.foreign.table import COLUMNS, is_foreign, read_foreign
from pkpd.studies.library import load_observations
from pkpd.studies.observation import Observation


def test_evidence() -> None:
    with EVIDENCE.open(encoding="utf-8", newline="") as file:
        cells = [dict(row) for row in csv.DictReader(file)]
    rows = read_foreign(cells, EVIDENCE.name, HEADER)
    assert len(rows) == len(EXPECTED) == len(cells)
    for said, row, (output, form, value, regimen, timing, days, bound, role, reason) in zip(
        cells, rows, EXPECTED, strict=True
    ):
        found = (row.output, row.form, row.value, row.regimen, row.timing, (row.day_from, row.day_to), row.bound)
        assert found == (output, form, value, regimen, timing, days, bound), said
        assert row.role == role == said["role"]
        assert row.reason.startswith(reason) and bool(row.reason) is bool(reason), row.reason
        assert row.study == said["study"] and row.course == -1
        assert row.log_se == (float(said["log_se"]) if said["log_se"] else None)
        assert said["reference"] in row.source and said["url"] in row.source
        assert said["notes"] in row.where and said["timing"] in row.where
    assert rows[0].visits == (1, 2, 3, 4, 7) and rows[0].n == 39 and rows[0].spread == ""
    assert "SE of the dose 0.078 MIU/m2" in rows[0].where, "an error on the dose is not one on the value"
    assert (rows[5].low, rows[5].high, rows[5].spread, rows[5].unit) == (14.9, 29.9, "IQR", "cells/uL")
    assert rows[12].n is None and "38 over 7 dose levels" in rows[12].where, "the patients of one level are not printed"
    assert (rows[18].low, rows[18].high) == (4, 6)


def test_evidence_stands_in_the_studies() -> None:
    """What may be fitted or was aimed at reads the same from the foreign table and from the built-in studies."""
    names = ("dilt1d", "dilfrequency", "hao2020", "feng2019", "koreth2016", "roswellpark1996")
    found = load_observations(*names)

    def key(row: Observation) -> tuple[object, ...]:
        numbers = (row.value, row.low, row.high, row.log_se, row.n, row.day_from, row.day_to)
        return (row.output, row.form, *numbers, row.visits, row.timing, row.bound, row.role)

    with EVIDENCE.open(encoding="utf-8", newline="") as file:
        table = read_foreign(list(csv.DictReader(file)), EVIDENCE.name)
    wanted = [key(row) for row in table if row.role != "check"]
    assert len(wanted) == 13 and sorted(wanted, key=str) == sorted(
        (key(row) for row in found.rows if row.role != "check"), key=str
    )


def test_header() -> None:
    assert is_foreign(HEADER) and tuple(HEADER) == COLUMNS
    assert not is_foreign(("study", "output", "form", "value", "day_from"))
    missing = {key: value for key, value in PLAIN.items() if key != "timing"} | {"timming": ""}
    with pytest.raises(StudyError, match=r"mine\.csv lacks the column 'timing'; did you mean 'timming'"):
        read_foreign([missing], "mine.csv")
    assert read_foreign([], "mine.csv", HEADER) == ()
    assert one(__line__="7").origin == "mine.csv line 7"


@pytest.mark.parametrize(
    ("analyte", "gate", "form", "output", "read_form"),
    [
        ("Tregs", "", "fold", "treg", "fold"),
        ("regulatory T cells", "", "cells/mm3", "treg", "count"),
        ("CD4+CD25+FOXP3+", "", "fold change", "treg", "fold"),
        ("CD4+CD25hiCD127lo", "% of CD4+ T cells", "% increase from baseline", "treg_percent_cd4", "percent_change"),
        ("Treg", "", "percent of CD4", "treg_percent_cd4", "percent"),
        ("Treg", "percent of CD4", "fold of own baseline", "treg_percent_cd4", "fold"),
        ("Treg:Tcon ratio", "", "ratio", "treg_percent_cd4", "ratio"),
        ("Treg:Tcon ratio", "", "fold of own baseline", "treg", "fold"),
        ("NK cells", "", "cells/uL", "nk", "count"),
        ("natural killer cells", "percent of lymphocytes", "percent", "nk_percent_lymphocytes", "percent"),
        ("CD56bright NK", "", "fold", "cd56bright", "fold"),
        ("CD56dim", "CD3-CD56dim", "percent change", "cd56dim", "percent_change"),
        ("Eosinophil", "", "fold of own baseline", "eosinophils", "fold"),
        ("soluble CD25", "serum", "pM", "scd25", "level"),
        ("sIL-2R", "", "pmol/L", "scd25", "level"),
        ("CD25 MFI", "on Treg", "percent change from own baseline", "cd25", "percent_change"),
        ("CD122", "on Treg", "fold", "cd122", "fold"),
        ("Ki67", "percent of Treg", "percent", "ki67_treg", "level"),
        ("IL-2", "serum", "pM", "il2", "level"),
        ("il2", "serum", "IU/mL", "il2_iu_per_ml", "level"),
    ],
)
def test_words_for_outputs(analyte: str, gate: str, form: str, output: str, read_form: str) -> None:
    row = one(analyte=analyte, parent_or_gate=gate, form=form)
    assert (row.output, row.form, row.reason) == (output, read_form, "")
    assert one(analyte=analyte.upper(), parent_or_gate=gate, form=form).output == output


@pytest.mark.parametrize(
    ("form", "value", "read", "unit"),
    [
        ("10^9/L", "0.07", 70, "cells/uL"),
        ("10^6/L", "70", 70, "cells/uL"),
        ("cells/mL", "70000", 70, "cells/uL"),
        ("cells/µl", "1,070.5", 1070.5, "cells/uL"),
        ("cells/mL", "1,070,000", 1070, "cells/uL"),
        ("percent of own baseline", "150", 1.5, "1"),
        ("percent decrease", "20", -20, "%"),
        ("percent change", "-20", -20, "%"),
    ],
)
def test_units(form: str, value: str, read: float, unit: str) -> None:
    row = one(form=form, value=value)
    # a decimal times a power of ten is off by rounding only
    assert row.value == pytest.approx(read, rel=1e-12) and row.unit == unit and not row.reason


@pytest.mark.parametrize(
    ("schedule", "every", "times", "regimen"),
    [
        ("single dose", "", "1", "1 MIU sc once"),
        ("daily for 5 days", "", "", "1 MIU sc every 1d x5"),
        ("every other day x 7, two weeks off, x 3", "", "", "1 MIU sc every 2d x7, rest 14d, repeat 3"),
        ("every other day x 7, 2 weeks off, 3 cycles", "2", "21", "1 MIU sc every 2d x7, rest 14d, repeat 3"),
        ("every other day, 2 weeks on, 2 weeks off", "", "", "1 MIU sc every 2d x7, rest 14d, repeat 3"),
        ("2 weeks on, 2 weeks off", "2", "", "1 MIU sc every 2d x7, rest 14d, repeat 3"),
        ("every 2 weeks", "", "", "1 MIU sc every 14d x6"),
        ("every 14 days x 4", "", "", "1 MIU sc every 14d x4"),
        ("daily x5 then every 2 weeks", "", "", "1 MIU sc every 1d x5, rest 9d, 1 MIU sc every 14d x5"),
        ("daily x5, every 2 weeks thereafter", "", "", "1 MIU sc every 1d x5, rest 9d, 1 MIU sc every 14d x5"),
        ("daily x 5, monthly", "", "", "1 MIU sc every 1d x5, rest 23d, repeat 3"),
        ("five-day courses every 4 weeks, 6 cycles", "", "", "1 MIU sc every 1d x5, rest 23d, repeat 6"),
        ("twice daily for 3 days", "", "", "1 MIU sc every 12h x6"),
        ("weekly x 12", "", "", "1 MIU sc every 7d x12"),
        ("three times a week for 4 weeks", "", "", "1 MIU sc every 2d x3, rest 1d, repeat 4"),
        ("", "3", "until steady state", "1 MIU sc every 3d x28"),
        ("daily", "1", "7", "1 MIU sc every 1d x7"),
    ],
)
def test_schedules(schedule: str, every: str, times: str, regimen: str) -> None:
    """An open regimen goes on to the last day sampled, here 84."""
    days = "" if "steady" in times else "84"
    row = one(
        schedule=schedule, every_days=every, times=times, timing="steady state, trough", day_from=days, day_to=days
    )
    assert row.regimen == regimen and not row.reason


@pytest.mark.parametrize(
    ("amount", "unit", "route", "schedule", "regimen"),
    [
        ("0.4", "million IU/m2", "", "daily x 5", "0.4 MIU/m2 sc every 1d x5"),
        ("1e6", "IU", "s.c.", "daily x 5", "1000000 IU sc every 1d x5"),
        ("10000", "IU/kg", "SC", "daily x 5", "10000 IU/kg sc every 1d x5"),
        ("1", "MIU", "IV bolus", "daily x 5", "1 MIU iv every 1d x5"),
        ("1", "MIU/m2", "IV", "6-h infusion, daily x 5", "1 MIU/m2 iv over 6h every 1d x5"),
        ("0.164", "MIU/m2", "IV continuous", "continuous infusion 5 d", "0.164 MIU/m2 iv over 1d every 1d x5"),
        ("0", "MIU", "SC", "daily x 5", "none"),
        ("", "", "", "placebo", "none"),
    ],
)
def test_doses(amount: str, unit: str, route: str, schedule: str, regimen: str) -> None:
    row = one(amount=amount, amount_unit=unit, route=route, schedule=schedule)
    assert row.regimen == regimen and not row.reason


@pytest.mark.parametrize(
    ("cells", "timing", "days", "visits"),
    [
        ({"timing": "before the first dose"}, "point", (0, 0), ()),
        ({"timing": "baseline"}, "point", (0, 0), ()),
        ({"timing": "3 days after the last dose"}, "point", (7, 7), ()),
        ({"timing": "within 2 days of the last dose"}, "mean", (4, 6), ()),
        ({"timing": "end of the course"}, "point", (5, 5), ()),
        ({"timing": "trough"}, "point", (5, 5), ()),
        ({"timing": "week 8"}, "point", (56, 56), ()),
        ({"timing": "peak, weeks 6 to 8"}, "maximum", (42, 56), ()),
        ({"timing": "peak"}, "maximum", (0, 5), ()),
        ({"timing": "mean", "day_from": "1", "day_to": "5"}, "mean", (1, 5), ()),
        ({"timing": "nadir", "day_from": "1", "day_to": "5"}, "trough", (1, 5), ()),
        ({"timing": "maximum", "visit_days": "1;3;8"}, "maximum", (1, 8), (1, 3, 8)),
        (
            {"timing": "3 days after each course", "schedule": "daily x 5, monthly, 3 cycles", "times": ""},
            *("mean", (7, 63), (7, 35, 63)),
        ),
        ({"timing": "end of rest", "schedule": "daily x 5, 9 days off, 2 cycles"}, "point", (28, 28), ()),
        ({"timing": "steady state, trough", "times": "until steady state", "schedule": ""}, "point", (28, 28), ()),
    ],
)
def test_times(cells: dict[str, str], timing: str, days: tuple[float, float], visits: tuple[float, ...]) -> None:
    row = one(**{"day_from": "", "day_to": "", **cells})
    assert (row.timing, (row.day_from, row.day_to), row.visits, row.reason) == (timing, days, visits, "")


def test_levels_between_days() -> None:
    """A peak of IL-2 lies hours after a dose, an area is of a day."""
    peak = one(analyte="il2", form="pM", timing="peak after a dose", day_from="", day_to="")
    assert peak.timing == "maximum" and peak.day_to == 1 and len([v for v in peak.visits if 0 < v < 0.5]) > 5
    area = one(analyte="IL-2", form="IU*h/mL", timing="AUC", day_from="2", day_to="3")
    assert (area.timing, area.output, area.unit, area.day_from, area.day_to) == (
        *("area", "il2_iu_per_ml", "IU*h/mL"),
        *(2, 3),
    )
    early = one(analyte="IL-2", form="pM", timing="peak, 2 to 4 h after the dose", day_from="0", day_to="0")
    assert (early.timing, early.day_from, early.day_to) == ("maximum", 0, 1)
    soon = one(analyte="IL-2", form="pM", timing="4 h after the dose", day_from="0", day_to="0")
    assert soon.timing == "point" and soon.day_from == pytest.approx(4 / 24, rel=1e-12)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"analyte": "CD8 T cells"}, "no output for 'CD8 T cells'"),
        ({"analyte": "Tcon"}, "no output for 'Tcon'"),
        ({"analyte": "B cells"}, "no output for 'B cells'"),
        ({"analyte": "NKT cells"}, "no output"),
        ({"analyte": "", "parent_or_gate": ""}, "no analyte"),
        ({"analyte": "Treg:Tcon ratio", "form": "percent"}, "a ratio given so"),
        ({"analyte": "eosinophils", "form": "cells/uL"}, "only relative to its own baseline"),
        ({"analyte": "cd56bright", "form": "percent of NK cells"}, "percentage of nk cells"),
        ({"analyte": "IL-2", "form": "U/mL"}, "not said to be IU"),
        ({"form": "percentage points"}, "percentage points"),
        ({"form": "log2 fold"}, "no form"),
        ({"form": ""}, "no form"),
        ({"amount": ""}, "the dose is not given"),
        ({"amount": "0.3 to 3"}, "a range of doses, 0.3 to 3, is not one dose"),
        ({"amount_unit": "ug/m2"}, "not in IU"),
        ({"amount_unit": "million units/m2"}, "not in IU"),
        ({"route": "IM"}, "no route 'im'"),
        ({"schedule": "daily, escalated at week 2", "every_days": "", "times": ""}, "'escalated week 2'"),
        ({"schedule": "two courses of daily x 5, 9 days apart", "day_to": "19"}, "apart' in the schedule"),
        ({"schedule": "twice daily", "every_days": "", "times": "", "day_from": "", "day_to": ""}, "how long"),
        ({"day_from": "", "day_to": "", "timing": "on treatment"}, "days of sampling are not said"),
        ({"day_from": "6", "day_to": "4"}, "no window"),
        ({"day_from": "-7", "day_to": "5"}, "no window"),
        ({"day_from": "soon"}, "'soon' is not a day"),
        ({"form": "direction", "value": "", "bound": "qualitative"}, "a statement in words"),
        ({"value": "3", "low": "1", "high": "2", "spread": "IQR"}, "outside its low 1 and high 2"),
    ],
)
def test_reasons(cells: dict[str, str], reason: str) -> None:
    row = one(**cells)
    assert reason in row.reason and row.course == -1


def test_bounds_and_spreads() -> None:
    assert (one(value=">5").bound, one(value=">5").value) == (">", 5)
    assert one(bound="≥").bound == ">" and one(value="~3").bound == "="
    fall = one(form="percent decrease", value="20", bound=">")
    assert (fall.value, fall.bound) == (-20, "<")
    ranged = one(value="4", low="3", high="5", spread="95% CI")
    assert (ranged.spread, ranged.low, ranged.high, ranged.reason) == ("CI95", 3, 5, "")
    assert (one(spread="SD 0.8").spread, one(spread="SD 0.8").spread_value) == ("SD", 0.8)
    assert one(form="10^9/L", value="0.07", spread="SD 0.01").spread_value == pytest.approx(10, rel=1e-12)
    bare = one(low="1", high="3")
    assert (bare.low, bare.spread, bare.reason) == (None, "", "") and "1 to 3" in bare.where
    assert one(role="").role == "check" and "no role is named" in one(role="").where


@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), CELL, max_size=12), min_size=1, max_size=3))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_any_text_is_a_row(changes: list[dict[str, str]]) -> None:
    rows = read_foreign([PLAIN | change for change in changes], "mine.csv")
    assert len(rows) == len(changes)
    for row in rows:
        assert row.reason or (row.output and row.form and row.regimen)
        assert row.reason or 0 <= row.day_from <= row.day_to
