"""Published numbers, each with its address in scripts/published.py, which also makes the README's table.

A hit must stay inside its printed SD, range or allowance; a miss must stay visible as a miss, so that a change of the
model that mends or breaks one has to say so here.
"""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path

import pytest

from pkpd.dosing.library import read_schedules
from pkpd.references import load_references

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from published import RESPONSES, Comparison, comparisons  # noqa: E402

MISSES = {
    "SC mean level over 8 h, % of the IV peak",
    "IV bolus, last half-life, 2 to 12 h",
    "AUC over 24 h, 20 MIU/m2 daily",
    "AUC over 24 h, 10 MIU/m2 twice daily",
    "IV infusion of 0.164 MIU/m2 a day",
    "IV infusion of 0.491 MIU/m2 a day",
    "IV infusion of 0.655 MIU/m2 a day",
    "treg, 0.26 MIU/m2 every 3 days, steady state, trough (design target)",
    "Treg, 3 MIU/m2 daily, day 28",
    "Treg, 0.101 MIU/m2 single dose, largest visit",
    "IL-2 peak, 1.75 MIU/m2 daily, week 6",
    "day of the highest nk, 0.4 MIU/m2 daily",
    "day of the highest cd56bright, 1.75 MIU/m2 daily",
}


@pytest.mark.parametrize("found", comparisons(), ids=lambda c: c.what)
def test_published_number(found: Comparison) -> None:
    assert math.isfinite(found.model)
    assert found.hit == (found.what not in MISSES), f"{found.address}: {found.published}, model {found.model:g}"


def test_misses_stand_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for miss in MISSES:
        assert any(miss in line and "**miss**" in line for line in readme.splitlines()), miss


def test_every_address_is_a_reference() -> None:
    assert {c.address for c in comparisons()} <= set(load_references())


def test_every_regular_regimen_has_a_schedule() -> None:
    """Each row with an interval, a number of doses and an amount in IU, against the named schedules."""
    known = {
        (float(d[0].amount), d[0].prescribed_unit, len(d)) for t in read_schedules().values() if (d := t.schedule.doses)
    }
    with RESPONSES.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["times"].isdigit() and r["amount_unit"] in ("MIU", "MIU/m2")]
    assert len(rows) >= 10
    for row in rows:
        for amount in row["amount"].split(" to "):
            wanted = (float(amount), row["amount_unit"], int(row["times"]))
            # A range over dose levels is held by schedules for its two ends.
            assert wanted in known, f"{row['study']}: {wanted}"
