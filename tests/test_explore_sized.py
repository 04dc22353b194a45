"""What a schedule's text may cost: its doses are counted before they are laid out, in an ask and in a cohort."""

from __future__ import annotations

import pytest
from explore_cases import OFFER
from hypothesis import given, settings
from strategies import schedules

from pkpd.app import asked, cohort_rows
from pkpd.app.asked import Ask, AskError, schedule_of
from pkpd.app.cohort import read_cohort
from pkpd.app.sized import planned_doses
from pkpd.dosing.library import read_schedules
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.errors import StudyError
from pkpd.studies.foreign.table import COLUMNS

MOST = cohort_rows.MOST_PLANNED


def table(*regimens: str) -> bytes:
    """A cohort with one row a regimen."""
    rows = [f"{regimen},treg,fold,{day},2" for day, regimen in enumerate(regimens)]
    return "\n".join(["regimen,output,form,day,value", *rows]).encode()


@settings(deadline=None, derandomize=True, max_examples=60)
@given(schedules())
def test_the_count_is_that_of_the_schedule(schedule: Schedule) -> None:
    assert planned_doses(schedule.text) == len(schedule.doses)


@pytest.mark.parametrize(
    "text",
    [
        *sorted({named.text for named in read_schedules().values()}),
        "1 MIU on mon wed fri for 14d",
        "1 MIU on mon tue wed thu fri sat sun x 4 weeks",
        "1 MIU EVERY 2 FOR 14",
        "1 MIU sc daily ×5, (2 MIU weekly for 3wk, repeat 4), repeat 3",
        "1 MIU via daily every 1h for 30d",
        "1 MIU via x7 once",
        "5 ug over 2h every 1/3 d x3, miss 1 2",
    ],
)
def test_other_ways_to_write_are_counted_too(text: str) -> None:
    assert planned_doses(text) == len(parse(text).doses)


@pytest.mark.parametrize("text", ["", "he2020", "repeat", "every", "on", ")", "via", "1 MIU every", "/", "a.b"])
def test_what_is_no_schedule_has_none(text: str) -> None:
    assert planned_doses(text) == 0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1 MIU every 1min x99999", "99999"),
        ("1 MIU every 1min for 60d, miss 1", "86400"),
        ("(" * 20 + "1 MIU every 1min x9" + "), repeat 9" * 20, "100000 or more"),
        ("1 MIU once" + ", repeat 999999999" * 500, "100000 or more"),  # a number with more digits than Python writes
    ],
)
def test_too_many_are_refused_before_they_are_laid_out(text: str, count: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "load_schedule", lambda text: pytest.fail("the text was laid out"))
    with pytest.raises(AskError, match=f"has {count} doses, and at most 1500") as caught:
        schedule_of(Ask("il2", schedule=text))
    assert caught.value.field == "schedule"


def test_a_regimen_of_too_many_doses_is_a_fault_of_its_row() -> None:
    found = read_cohort(table("1 MIU daily x5", "1 MIU every 1min x99999"), "il2", OFFER)
    assert [row["line"] for row in found["rows"]] == [2]
    assert found["problems"] == [
        {"line": 3, "text": "line 3: the regimen has 99999 doses, and the page reads at most 1500"}
    ]


def test_different_regimens_may_have_so_many_doses_in_all() -> None:
    # at two a day, none has more than the 1500 of one regimen
    regimens = [f"{k} IU every 12h x1500" for k in range(1, MOST // 1500 + 2)]
    with pytest.raises(StudyError, match=f"of the file have {1500 * len(regimens)} doses in all, .* at most {MOST}"):
        read_cohort(table(*regimens), "il2", OFFER)
    assert read_cohort(table(*["1 IU daily x30"] * 3), "il2", OFFER)["count"] == 3


def test_rows_of_another_program_may_take_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = {"amount": "1", "amount_unit": "MIU", "route": "sc", "every_days": "1", "times": "5", "analyte": "Treg"}
    row = ",".join(cells.get(column, "") for column in COLUMNS)
    data = "\n".join([",".join(COLUMNS), row]).encode()
    assert read_cohort(data, "il2", OFFER)["count"] == 1
    monkeypatch.setattr(cohort_rows, "MOST_SECONDS", -1.0)
    with pytest.raises(StudyError, match="line 2 was not reached: the rows above it took more than"):
        read_cohort(data, "il2", OFFER)
