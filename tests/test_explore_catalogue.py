"""What the page lists: models, parameters with bounds and printed sources, schedules."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pkpd.app.asked import AskError
from pkpd.app.catalogue import ASSAY_LIMIT, MOST_PINS, model_tables, short, start_tables, symbol
from pkpd.app.offered import Offer, offer
from pkpd.dosing.library import read_schedules
from pkpd.engine.code.library import outline_of
from pkpd.model.registry import MODELS
from pkpd.output.plots.il2 import ASSAY_LIMIT as DRAWN
from pkpd.output.plots.style import COLOURS
from pkpd.references import Reference, load_references

DECAY = """
from pkpd.model.grammar import build

def drug(m):
    x = m.state("x", "mg")
    m.flow("loss", m.parameter("k", "1/h", value=0.1, latex="k_{el}") * x, out_of=x)
    m.output("level", x / m.parameter("volume", "L", value=10.0), "mg/L")
    m.route("iv", into=x, unit="mg")

ready = build("ready", drug)
"""


@cache
def built_in_offer() -> Offer:
    """What is offered when nothing is named."""
    return offer()


def tables(model: str) -> dict[str, Any]:
    """The catalogue of a built-in model."""
    return model_tables(model, "", built_in_offer())


@pytest.mark.parametrize("model", MODELS)
def test_every_parameter_stands_there_once_in_the_order_of_the_model(model: str) -> None:
    listed = [p["name"] for p in tables(model)["parameters"]]
    assert listed == [d.name for d in outline_of(model).parameters]
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("model", MODELS)
def test_values_bounds_and_bases_are_those_of_the_file(model: str) -> None:
    known = outline_of(model).defaults
    for p in tables(model)["parameters"]:
        own = known[p["name"]]
        assert (p["value"], p["unit"], p["text"], p["basis"]) == (own.value, own.unit, own.text, own.basis)
        assert (p["low"], p["high"]) == own.bounds, "every built-in parameter has bounds"
        assert p["low"] <= p["value"] <= p["high"]
        assert p["log"] == (p["low"] > 0 and p["high"] >= 10 * p["low"])


@pytest.mark.parametrize("model", MODELS)
def test_every_source_is_printed(model: str) -> None:
    known, own = load_references(), outline_of(model).defaults
    for p in tables(model)["parameters"]:
        keys = own[p["name"]].source
        assert len(p["sources"]) == len(keys) > 0
        for key, text in zip(keys, p["sources"], strict=True):
            if key == "assumed":
                assert text == "assumed"
                continue
            reference = known[key]
            said = [reference.authors, reference.journal, str(reference.year or ""), reference.doi or reference.url]
            # nothing is left out of what the file says, but for the full stop that joins the parts
            assert all(part.rstrip(".") in text for part in said)
            assert key not in text.split(". ")
        assert (p["basis"] == "assumed") == (p["sources"] == ["assumed"])


@pytest.mark.parametrize("model", MODELS)
def test_the_tables_are_json_and_hold_together(model: str) -> None:
    found = tables(model)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    names = {o["name"] for o in found["outputs"]}
    assert set(found["panels"]) <= names
    assert not any(panel.endswith("_fold") for panel in found["panels"])
    assert {o["fold"] for o in found["outputs"]} - {None} <= names
    assert sum(found["counts"].values()) == len(found["parameters"])
    assert [route["name"] for route in found["routes"]] == ["sc", "iv"]


def test_groups_follow_covariates_and_priors() -> None:
    own = outline_of("il2").defaults
    groups = {p["name"]: p["group"] for p in tables("il2")["parameters"]}
    patient = {name for name, group in groups.items() if group == "patient"}
    assert patient == {"bsa", "weight", "treg_baseline", "cd4_baseline", "nk_baseline", "lymphocyte_baseline"}
    main = {name for name, group in groups.items() if group == "main"}
    assert main == {t.name for t in own.tables if t.prior} | {"sc_bioavailability"}


def test_the_panels_and_the_assay_limit_of_il2() -> None:
    found = tables("il2")
    assert found["panels"] == ["il2", "treg", "nk", "cd56bright", "eosinophils"]
    # one number in two places, since the figures load matplotlib
    assert found["assay_limit"] == ASSAY_LIMIT == {"il2": {"value": DRAWN, "unit": "pM"}}
    assert next(o for o in found["outputs"] if o["name"] == "il2")["unit"] == "pM"
    assert tables("il2_minimal")["assay_limit"] == {}


def test_the_start_lists_every_schedule_with_its_source() -> None:
    found = start_tables(built_in_offer())
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert [s["name"] for s in found["schedules"]] == list(read_schedules())
    he2020 = next(s for s in found["schedules"] if s["name"] == "he2020")
    assert he2020["text"] == "1 MIU sc every 2d x7, rest 14d, repeat 3"
    assert he2020["sources"] == [
        "He J et al. Ann Rheum Dis 79:141. 2020. https://doi.org/10.1136/annrheumdis-2019-215396"
    ]
    assert all(source for s in found["schedules"] for source in s["sources"])


def test_the_start_lists_models_sets_and_limits() -> None:
    found = start_tables(built_in_offer())
    assert [m["key"] for m in found["models"]] == list(MODELS)
    assert {"key": "", "label": "", "model": ""} in found["sets"]
    assert found["uncertainty"] == dict.fromkeys(MODELS, True)
    assert found["ask"]["schedule"] == "he2020"
    assert set(found["limits"]) == {"cohort_bytes", "cohort_rows", "days", "pins"}
    # every regimen shown has a colour of its own
    assert len(COLOURS) == MOST_PINS + 1


def test_a_set_named_on_the_command_line_lies_over_the_model(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'kind = "parameters"\nmodel = "il2"\n[treg_ec50]\nvalue = 12.5\nunit = "pM"\nmeaning = "mine"\n'
        'basis = "fitted"\nsource = "fit of il2 to mine.csv"\n',
        encoding="utf-8",
    )
    own = offer(params=str(file))
    listed = next(s for s in start_tables(own)["sets"] if s["key"])
    assert listed == {"key": str(file), "label": "mine.toml", "model": "il2"}
    values = {p["name"]: p for p in model_tables("il2", str(file), own)["parameters"]}
    assert values["treg_ec50"]["value"] == 12.5
    assert values["treg_ec50"]["sources"] == ["fit of il2 to mine.csv"]
    assert (values["treg_ec50"]["low"], values["treg_ec50"]["high"]) == (4.0, 40.0)
    assert values["treg_loss"]["value"] == outline_of("il2").defaults["treg_loss"].value


def test_a_model_of_a_file_is_listed_without_bounds(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(DECAY, encoding="utf-8")
    own = offer(f"{file}:ready")
    found = model_tables(f"{file}:ready", "", own)
    assert found["panels"] == ["level"]
    assert found["routes"] == [{"name": "iv", "unit": "mg"}]
    assert found["uncertainty"] is False
    k = next(p for p in found["parameters"] if p["name"] == "k")
    assert (k["symbol"], k["value"], k["low"], k["high"], k["log"]) == ("k_el", 0.1, None, None, False)
    assert (k["group"], k["sources"]) == ("other", ["assumed"])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert start_tables(own)["ask"]["model"] == f"{file}:ready"


@pytest.mark.parametrize(("model", "key"), [("il3", ""), ("il2", "mine.toml"), ("decay.py:decay", "")])
def test_a_key_that_is_not_offered_is_refused(model: str, key: str) -> None:
    with pytest.raises(AskError, match="there is no"):
        model_tables(model, key, built_in_offer())


def test_a_reference_in_short_leaves_out_what_is_not_known() -> None:
    assert short(Reference("a", authors="Su", year=2024, doi="10.1/x")) == "Su. 2024. https://doi.org/10.1/x"
    assert short(Reference("a", authors="Lotze", year=1984, pmid="12")) == "Lotze. 1984. PMID 12"
    assert short(Reference("a", title="[A label]", url="https://x.org/a")) == "[A label]. https://x.org/a"


@pytest.mark.parametrize(
    ("latex", "plain"),
    [("K_{dS}", "K_dS"), (r"\mu", "μ"), (r"\nu_b", "ν_b"), (r"\lambda", "λ"), (r"\mathrm{CL}", "mathrmCL"), ("", "")],
)
def test_a_symbol_is_plain_text(latex: str, plain: str) -> None:
    assert symbol(latex) == plain
