"""Parts of the page of a report: parameters, evidence, limits and sources."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from pkpd.errors import FileError
from pkpd.inference.prediction import Prediction
from pkpd.output.report.parts.bibliography import bibliography, link
from pkpd.output.report.parts.evidence import evidence
from pkpd.output.report.parts.limits import NO_DRAWS, ONE_PATIENT, PREDICTED, RANGE, beyond, limits
from pkpd.output.report.parts.parameters import counts, parameter_table
from pkpd.parameters import Parameter, Parameters, by_hand, load_parameters
from pkpd.references import load_references
from pkpd.studies.observation import Observation

IL2 = load_parameters("il2")


def parsed(inner: str) -> ElementTree.Element:
    """The HTML as XML: refused unless every element is closed and every text escaped."""
    return ElementTree.fromstring(f"<div>{re.sub('<(br|wbr)>', '', inner)}</div>")


def test_counts_and_what_was_changed() -> None:
    assert sum(map(int, re.findall(r"\d+", counts(IL2)[0]))) == 2 * len(IL2)
    assert len(counts(IL2)) == 1
    assert counts(IL2.set("--set", treg_ec50="12 pM"))[1] == "1 changed for this run: treg_ec50."
    assert not by_hand("set to the reference body size; bounds assumed")


def test_parameter_table() -> None:
    values = IL2.set("--set", treg_ec50="1200 pM")
    inner = parameter_table(
        values, IL2, load_references(), {"treg_ec50": "10 pM"}, {"treg_ec50": "<math><mi>K</mi></math>"}
    )
    rows = {"".join(row[0].itertext()): row for row in parsed(inner).iter("tr")}
    changed = "".join(rows["treg_ec50 K"].itertext())
    for said in (
        "1200 pM",
        "CHANGED",
        "was 10 pM",
        "OUTSIDE ITS BOUNDS",
        "ASSUMED",
        "4 to 40",
        "set to 1200 pM by --set",
    ):
        assert said in changed
    assumed = [name for name, row in rows.items() if "ASSUMED" in "".join(row.itertext())]
    assert len(assumed) == values.count()["assumed"]
    ids = {e.get("id") for e in parsed(bibliography(values.sources())).iter("dt")}
    links = {(e.get("href") or "").removeprefix("#") for e in parsed(inner).iter("a")}
    assert links and links <= ids


def test_parameter_table_escapes() -> None:
    text = '<script>"&'
    p = Parameter("k", 1.0, "1", text, "fitted", (f"fit of {text}",), where=text, note=text)
    inner = parameter_table(Parameters((p,), text), None, load_references(), {"k": text})
    assert "<script" not in inner
    assert "".join(parsed(inner).itertext()).count(text) == 5


def test_bibliography() -> None:
    inner = bibliography(["zhang2022", "konrad1990", "assumed", "konrad1990"])
    page = parsed(inner)
    assert [e.text for e in page.iter("dt")] == ["konrad1990", "zhang2022"]
    for entry, key in zip(page.iter("dd"), ("konrad1990", "zhang2022"), strict=True):
        assert f"[{key}] {''.join(entry.itertext())}" == str(load_references()[key])
    assert all((e.get("href") or "").startswith("https://") for e in page.iter("a"))
    assert bibliography([]) == ""
    assert 'href="#source-a%22%3E"' in link('a">')
    with pytest.raises(FileError, match="konrad1990"):
        bibliography(["konrad199"])


def row(study: str, inside: str, predicted: float | None = 2.0, role: str = "check") -> Prediction:
    o = Observation(
        study, "treg", "fold", 3.0, "arm", day_from=1.0, day_to=1.0, role=role, origin=f"{study}.csv line 4"
    )
    missing = "" if predicted is not None else "nothing is known"
    low, high = (1.0, 4.0) if inside else (None, None)
    return Prediction(o, predicted, low, high, inside, 0.4 if predicted else None, missing)


def test_evidence_tells_misses_first() -> None:
    rows = [row("a", "yes"), row("b", ""), row("c<d", "no"), row("e", "yes", role="fit"), row("f", "", None)]
    inner = evidence(rows, "own")
    assert "Of 4 published rows with a prediction 2 are hits, 1 is a miss, and 1 cannot be judged." in inner
    cells = re.findall(r'<th scope="row">([^<]*)</th>', inner)
    assert cells == ["c&lt;d, row 4", "a, row 4", "e, row 4", "b, row 4"]
    assert inner.count(">MISS<") == 1 and inner.count('class="miss"') == 1
    assert "Not predicted, nothing is known: f row 4." in inner
    assert set(re.findall(r'\bid="(own-)?', inner)) == {"own-"}
    assert "No published number" in evidence([row("f", "", None)])


def record(schedule: str = "10 MIU daily x5", **more: Any) -> dict[str, Any]:
    from pkpd.dosing.library import load_schedule
    from pkpd.dosing.records import to_records

    plan = {"name": schedule, "records": to_records(load_schedule(schedule))}
    values = IL2.set("--set", treg_ec50="1200 pM")
    arm = {"schedule": plan, "body": {"bsa": 2.0}, "parameters": {"origin": "x", "tables": values.to_tables()}}
    solver = {"engine": "compiled", "tolerances": {"relative": 1e-6, "absolute": 1e-8}}
    return {"kind": "run", "model": {"name": "il2"}, "arms": {"patient": arm}, **solver, **more}


def test_limits_of_a_run() -> None:
    said = limits(record(), ["one more."])
    assumed = IL2.set("--set", treg_ec50="1200 pM").count()["assumed"]
    assert said[1].startswith(f"{assumed} of {len(IL2)} parameter values are assumed")
    assert any(s.startswith("treg_ec50 was set to 1200 pM by --set; was 10 pM") for s in said)
    assert "treg_ec50 = 1200 pM lies outside its plausible bounds 4 to 40." in said
    assert "patient: 5 MIU/m2 in a day; above 3 MIU/m2 the model extrapolates." in said
    assert {RANGE, NO_DRAWS, ONE_PATIENT, "one more."} <= set(said)
    assert PREDICTED not in said and PREDICTED in limits(record("he2020"))
    assert any("1e-06" in s and "1e-08" in s for s in said)
    assert not any(s.startswith("bsa was set") for s in said)


def test_limits_say_what_draws_vary() -> None:
    said = limits(
        record(uncertainty={"origin": "il2.csv", "values": {"treg_ec50 [pM]": [1.0], "treg_loss [1/d]": [2.0]}})
    )
    assert NO_DRAWS not in said
    assert any(f"2 parameters (il2.csv) leave open; the other {len(IL2) - 2} values are held" in s for s in said)


@pytest.mark.parametrize(
    ("schedule", "found"),
    [
        ("1 MIU daily x5", []),
        ("placebo", []),
        ("0.1 MIU daily x5", ["patient: 0.05 MIU/m2 in a day; below 0.1 MIU/m2 the model extrapolates."]),
        ("0.2 MIU daily x5", []),
    ],
)
def test_doses_outside_the_evidence(schedule: str, found: list[str]) -> None:
    assert beyond(record(schedule)) == found


@pytest.mark.parametrize(
    "damaged", [{}, {"arms": 3, "model": [], "tolerances": "no"}, {"arms": {"a": {"schedule": 1}}}]
)
def test_limits_of_a_damaged_record(damaged: dict[str, Any]) -> None:
    assert limits(damaged)[0].startswith("Research software")


def test_limits_of_a_users_own_model() -> None:
    assert RANGE not in limits(record() | {"model": {"name": "mine"}})
