"""What the page refuses: one sentence, with the field at fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from explore_cases import OFFER, SHORT, told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pkpd.app.asked import AskError, read_ask, run_of
from pkpd.app.offered import offer
from pkpd.app.ranges import ranges
from pkpd.errors import PkpdError

NO_TEXT = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.lists(st.integers(), max_size=2))


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"schedule": ""}, "schedule", "is empty"),
        ({"schedule": "1 MIU dayly x5"}, "schedule", "did you mean 'daily'"),
        ({"schedule": "he2O20"}, "schedule", "did you mean 'he2020'"),
        ({"schedule": "mine.toml:twice"}, "schedule", "without a colon"),
        ({"schedule": "1 MIU daily x5\ud800"}, "schedule", "cannot be printed"),
        ({"schedule": "1 MIU every 1h x1501"}, "schedule", "1501 doses, and at most 1500"),
        ({"schedule": "1 MIU daily x5," * 700}, "schedule", "at most 10000"),
        ({"schedule": "1 MIU via nose daily x5"}, "schedule", "no dose route 'nose'"),
        ({"schedule": "1 mol daily x5"}, "schedule", "cannot be given by route"),
        ({"schedule": "1 MIU daily x5, rest 800d", "days": ""}, "days", "at most 731"),
        ({"schedule": 5}, "schedule", "is a text, not a number"),
        ({"days": "732"}, "days", "at most 731"),
        ({"days": "0"}, "days", "more than 0"),
        ({"days": "5 pM"}, "days", "not a unit of time"),
        ({"bsa": "0"}, "bsa", "above 0 m2"),
        ({"bsa": "2 kg"}, "bsa", "does not convert"),
        ({"weight": "heavy"}, "weight", "not a number"),
        ({"weight": ["70"]}, "weight", "a text, not a list"),
        ({"model": "il3"}, "model", "did you mean 'il2'"),
        ({"model": "model.py:model"}, "model", "no model"),
        ({"set": "/etc/passwd"}, "set", "no parameter set"),
        ({"changes": {"treg_ec5": "1 pM"}}, "changes.treg_ec5", "did you mean 'treg_ec50'"),
        ({"changes": {"treg_ec50": "1 L"}}, "changes.treg_ec50", "not in a unit like pM"),
        ({"changes": {"treg_ec50": 12}}, "changes.treg_ec50", "a text, not a number"),
        ({"changes": {"treg_ec50": "1" * 201}}, "changes.treg_ec50", "at most 200"),
        ({"changes": {"linear_clearance": "-5"}}, "changes.linear_clearance", "linear_clearance"),
        ({"changes": {"treg_ec50": "1e-9 pM"}}, "changes.treg_ec50", "no steady baseline"),
        ({"changes": {"bsa": "1.8"}}, "bsa", "key of its own"),
        ({"changes": {f"p{k}": "1" for k in range(200)}}, "changes", "200 changes"),
        ({"changes": ["treg_ec50"]}, "changes", "not a list"),
        ({"outputs": ["il3"]}, "outputs", "did you mean 'il2'"),
        ({"outputs": "il2"}, "outputs", "list of names"),
        ({"sets": ""}, "", "did you mean 'set'"),
    ],
)
def test_refusals_name_their_field(change: dict[str, Any], field: str, sentence: str) -> None:
    with pytest.raises(AskError) as refused:
        told(SHORT | change)
    assert refused.value.field == field
    assert sentence in str(refused.value)
    str(refused.value).encode()  # as the page must be sent it


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "both"}, "kind"),
        ({"kind": ["population"]}, "kind"),
        ({"kind": "population", "patients": 501}, "patients"),
        ({"kind": "population", "patients": True}, "patients"),
        ({"kind": "population", "seed": -1}, "seed"),
        ({"ask": {"bsa": "x", **SHORT}}, "bsa"),
        ({"ask": None}, ""),
        ({"draws": 5}, ""),
    ],
)
def test_refused_bands(change: dict[str, Any], field: str) -> None:
    with pytest.raises(AskError) as refused:
        ranges({"ask": SHORT, "kind": "uncertainty"} | change, OFFER)
    assert refused.value.field == field


def test_a_colon_opens_no_file(tmp_path: Path) -> None:
    """A file that would be read if it were looked at."""
    file = tmp_path / "mine.toml"
    file.write_text(
        'kind = "schedules"\n[twice]\ntext = "1 MIU daily x2"\nmeaning = "a"\nsource = "assumed"\nwhere = "b"'
    )
    for text in (f"{file}:twice", f" {file} : twice", f"{file}"):
        with pytest.raises(AskError) as refused:
            run_of(read_ask({"schedule": text}, OFFER), OFFER)
        assert refused.value.field == "schedule"


WORDS = st.sampled_from(
    [
        "1 MIU",
        "sc",
        "daily",
        "every 2d",
        "x3",
        ",",
        "rest 2d",
        "repeat 2",
        "none",
        "he2020",
        "(",
        ")",
        "-",
        "\x00",
        "1e9",
    ]
)
ODD = st.one_of(
    NO_TEXT,
    st.text(max_size=8),
    st.sampled_from(["il2", "il2_minimal", "1 MIU daily x2", "3", "12 pM", "1e308", "nan", "-1", "1/3", "1e-30"]),
    st.lists(WORDS, max_size=6).map(" ".join),
)
BODIES = st.one_of(
    ODD,
    st.dictionaries(st.sampled_from(["schedule", "days", "bsa", "weight", "model", "set", "outputs", "x"]), ODD),
    st.fixed_dictionaries(
        {"schedule": st.sampled_from(["1 MIU daily x2", "0.5 MIU/m2 iv daily x2"]), "days": st.just("2")},
        optional={
            "bsa": ODD,
            "weight": ODD,
            "outputs": st.lists(st.sampled_from(["il2", "treg_fold", "x"]), max_size=2) | ODD,
            "changes": ODD
            | st.dictionaries(st.sampled_from(["treg_ec50", "nk_baseline", "sc_absorption", "bsa"]), ODD),
        },
    ),
)


@settings(deadline=None, derandomize=True, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(BODIES)
def test_odd_requests_are_answered_or_refused(body: object) -> None:
    try:
        found = told(body)
    except AskError as error:
        assert len(str(error).splitlines()) == 1
        assert str(error).isprintable()
        return
    assert read_ask(found["ask"], OFFER).to_tables() == found["ask"]
    assert {len(curve["values"]) for curve in found["curves"].values()} == {len(found["times"])}


def test_the_first_ask_can_be_wrong() -> None:
    made = offer(schedule="1 MIU dayly x5", bsa="x")
    with pytest.raises(PkpdError, match="is not a number"):
        told(dict(made.ask), made)
