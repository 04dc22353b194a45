"""A model of two outputs and its event tables, as rows of a fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from event_cases import table

from pkpd.errors import StudyError
from pkpd.studies.events import EventReading, event_rows
from pkpd.studies.reading import Row

MODEL = """from pkpd import build


def drug(m):
    amount = m.state("amount", "mg", scale=10)
    volume = m.parameter("volume", "L", value=10, bounds=(1, 100))
    weight = m.parameter("weight", "kg", value=70, bounds=(10, 200))
    k = m.parameter("k", "1/h", value=0.3, bounds=(0.01, 3))
    m.flow("loss", k * amount, out_of=amount)
    m.route("iv", into=amount, unit="mg", lag=m.parameter("late", "h", value=0, bounds=(0, 5)))
    m.output("conc", amount / volume * m.parameter("usual", "kg", value=70) / weight, "mg/L")
    m.output("share", amount / (amount + volume * m.parameter("half", "mg/L", value=2, bounds=(0.1, 50))), "%")


def model():
    return build("mine", drug, time="h")
"""
NAME = "two.py:model"


def read(header: str, *lines: str, outputs: dict[str, str] | None = None, unit: str = "h") -> tuple[Row, ...]:
    Path("data.csv").write_text(table(header, *lines))
    return event_rows(Path("data.csv"), EventReading(NAME, unit, outputs={"": "conc"} if outputs is None else outputs))


def wrong(said: str, header: str, *lines: str, outputs: dict[str, str] | None = None) -> None:
    with pytest.raises(StudyError) as caught:
        read(header, *lines, outputs=outputs)
    assert said in str(caught.value) and "\n" not in str(caught.value)
