"""Parameter files and values: what is refused, by which words, what is counted, and that nothing is lost on the way."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from pkpd.errors import FileError, PkpdError
from pkpd.parameters import Parameter, load_parameters, read_tables

GOOD: dict[str, Any] = {
    "value": 10,
    "unit": "pM",
    "meaning": "level at half of the effect",
    "basis": "measured",
    "source": "konrad1990",
    "where": "abstract",
    "bounds": [4, 40],
    "spread": 0.3,
    "prior": [12, 0.5],
    "note": "one of three",
    "correlation": {"bsa": 0.5},
    "occasion": 0.2,
    "average": "mean",
}


def written(folder: Path, **tables: object) -> Path:
    """A parameter file with these tables."""
    path = folder / "mine.toml"
    path.write_text(tomli_w.dumps({"kind": "parameters", "model": "il2"} | tables), "utf-8")
    return path


def changed(**keys: Any) -> dict[str, Any]:
    """The good table with some keys changed, or taken out by None."""
    return {key: value for key, value in (GOOD | keys).items() if value is not None}


def test_a_good_table_is_read(tmp_path: Path) -> None:
    found = load_parameters(written(tmp_path, treg_ec50=GOOD))
    assert found.model == "il2" and found.origin == "mine.toml"
    assert found["treg_ec50"] == Parameter(
        "treg_ec50",
        10.0,
        "pM",
        GOOD["meaning"],
        "measured",
        ("konrad1990",),
        "abstract",
        (4.0, 40.0),
        0.3,
        (12.0, 0.5),
        "one of three",
        correlation=(("bsa", 0.5),),
        occasion=0.2,
        average="mean",
    )
    # exp(-0.3^2/2) below the mean
    assert found["treg_ec50"].centre(0.3) == pytest.approx(9.5599748)
    found.write(tmp_path / "again.toml")
    assert load_parameters(tmp_path / "again.toml").tables == found.tables


def test_variation_between_patients_is_completed_from_the_other_set(tmp_path: Path) -> None:
    own = load_parameters(written(tmp_path, treg_ec50=changed(spread=None, occasion=None, correlation=None)))
    full = own.over(load_parameters(written(tmp_path, treg_ec50=GOOD)))["treg_ec50"]
    assert (full.spread, full.occasion, full.correlation) == (0.3, 0.2, (("bsa", 0.5),))
    none = load_parameters(written(tmp_path, treg_ec50=changed(spread=0)))
    assert none.over(load_parameters(written(tmp_path, treg_ec50=GOOD)))["treg_ec50"].spread == 0


REFUSED = [
    ("unknown key", {"boundz": [1, 2]}, "unknown key 'boundz'; did you mean 'bounds'"),
    ("a name inside", {"name": "x"}, "unknown key 'name'"),
    ("no value", {"value": None}, "lacks the key 'value'"),
    ("no unit", {"unit": None}, "lacks the key 'unit'"),
    ("no meaning", {"meaning": None}, "lacks the key 'meaning'"),
    ("no basis", {"basis": None}, "lacks the key 'basis'"),
    ("no source", {"source": None}, "lacks the key 'source'"),
    ("empty unit", {"unit": ""}, "'' is not a unit"),
    ("unknown unit", {"unit": "pm/Lh"}, "'Lh' is not a known unit"),
    ("near unit", {"unit": "Cells/uL"}, "did you mean 'cells'"),
    ("nan as unit", {"unit": "nan"}, "nan"),
    ("number as unit", {"unit": 3}, "unit is text, not 3"),
    ("list as unit", {"unit": ["pM"]}, "unit is text"),
    ("text value", {"value": "10"}, "value .*finite number"),
    ("true value", {"value": True}, "value .*finite number"),
    ("nan value", {"value": math.nan}, "value .*finite number"),
    ("infinite value", {"value": math.inf}, "value .*finite number"),
    ("list value", {"value": [1]}, "value .*finite number"),
    ("whole number beyond floats", {"value": 10**400}, "value .*finite number"),
    ("bound beyond floats", {"bounds": [0, 10**400]}, "bound .*finite number"),
    ("bounds reversed", {"bounds": [40, 4]}, "the wrong way round"),
    ("bounds beside the value", {"bounds": [11, 40]}, r"bounds \[11, 40\] leave out the value 10"),
    ("one bound", {"bounds": [4]}, "two numbers"),
    ("three bounds", {"bounds": [4, 10, 40]}, "two numbers"),
    ("text bounds", {"bounds": "4-40"}, "two numbers"),
    ("true bounds", {"bounds": [False, True], "value": 0.5}, "bound .*finite number"),
    ("nan bound", {"bounds": [math.nan, 40]}, "bound .*finite number"),
    ("infinite bound", {"bounds": [4, math.inf]}, "bound .*finite number"),
    ("negative spread", {"spread": -0.1}, "spread .* cannot be negative"),
    ("unknown average", {"average": "mode"}, "average is median or mean, not 'mode'"),
    ("number as average", {"average": 1}, "average is median or mean, not 1"),
    ("negative occasion", {"occasion": -0.1}, "occasion .* cannot be negative"),
    ("correlation as a number", {"correlation": 0.5}, "correlation is a table"),
    ("correlation of one", {"correlation": {"bsa": 1}}, "above -1 and below 1, found bsa = 1"),
    ("correlation with itself", {"correlation": {"treg_ec50": 0.5}}, "with another parameter"),
    ("correlation in words", {"correlation": {"bsa": "high"}}, "correlation must be a finite number"),
    ("true spread", {"spread": True}, "spread .*finite number"),
    ("near basis", {"basis": "mesured"}, "basis 'mesured' is none of .*; did you mean 'measured'"),
    ("number as basis", {"basis": 1}, "basis is text"),
    ("unknown source", {"source": "konrad1991"}, "source 'konrad1991' is not in .*; did you mean 'konrad1990'"),
    ("unknown among sources", {"source": ["konrad1990", "me2020"]}, "source 'me2020' is not in"),
    ("empty source", {"source": ""}, "source"),
    ("no sources", {"source": []}, "source is a key"),
    ("number as source", {"source": 3}, "source is a key"),
    ("assumed but measured", {"source": "assumed"}, "basis 'measured' and source 'assumed' disagree"),
    ("sourced but assumed", {"basis": "assumed"}, "basis 'assumed' and source 'konrad1990' disagree"),
    ("assumed among sources", {"source": ["konrad1990", "assumed"]}, "disagree"),
    ("sources beside assumed", {"source": ["assumed", "konrad1990"], "basis": "assumed"}, "disagree"),
    ("number as note", {"note": 1}, "note is text"),
]


@pytest.mark.parametrize(("keys", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_wrong_table_is_refused_by_file_table_and_words(keys: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(PkpdError, match=said) as caught:
        load_parameters(written(tmp_path, treg_ec50=changed(**keys)))
    assert str(caught.value).startswith("mine.toml [treg_ec50]")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not say what it is"),
        ("[a]\nvalue = 1", "does not say what it is"),
        ("[a]\nvalue = 1\n[kind]", "does not say what it is"),
        ("kind = 3", "does not say what it is"),
        ("kind = 'parameter'", "unknown kind 'parameter'; did you mean 'parameters'"),
        ("kind = 'study'", "a file of kind 'study' where one of kind 'parameters' is needed"),
        ("kind = 'parameters'\nmodel = 3", "model is the name of a model, not 3"),
        ("kind = 'parameters'\ntreg_ec50 = 3", r"\[treg_ec50\]: a parameter is a table"),
        ("kind = 'parameters'\n[[treg_ec50]]\nvalue = 3", r"\[treg_ec50\]: a parameter is a table"),
        ("kind = 'parameters'\n[a]\n[a]", "not valid TOML"),
        ("kind = 'parameters'\na = " + "[" * 3000 + "]" * 3000, "not valid TOML"),
        ("kind = 'parameters'\na = " + "9" * 5000, "not valid TOML"),
        ("\udcff", "not valid TOML"),
    ],
    ids=range(13),
)
def test_a_wrong_file_is_refused_by_its_name(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(PkpdError, match=said) as caught:
        load_parameters(path)
    assert "mine.toml" in str(caught.value)


@pytest.mark.parametrize("name", ["il3", "", " ", "/", "no/such.toml", "a" * 5000, "\0"])
def test_a_missing_file_is_refused(name: str) -> None:
    with pytest.raises(FileError):
        load_parameters(name)


# anything at all

scalars = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.text(max_size=5),
    st.sampled_from(["pM", "assumed", "measured", "nan", "h%"]),
)
values = st.one_of(scalars, st.lists(scalars, max_size=3), st.dictionaries(st.text(max_size=3), scalars, max_size=2))
keys = st.one_of(st.sampled_from([*GOOD, "name", "boundz"]), st.text(max_size=4))


@for_all(st.dictionaries(keys, values, max_size=3), st.sets(st.sampled_from(list(GOOD)), max_size=2))
@settings(max_examples=300)
def test_any_table_is_read_or_refused(change: dict[str, Any], gone: set[str]) -> None:
    table = {key: value for key, value in GOOD.items() if key not in gone} | change
    with suppress(PkpdError):
        found = read_tables({"treg_ec50": table}, "mine.toml")["treg_ec50"]
        assert math.isfinite(found.value) and found.bounds[0] <= found.value <= found.bounds[1]
        assert (found.basis == "assumed") == ("assumed" in found.source)


@for_all(
    st.one_of(
        st.text(max_size=60),
        st.lists(st.sampled_from(["kind", "=", "'parameters'", "\n", "[a]", "1", "]", "'", "value"]), max_size=12).map(
            " ".join
        ),
    )
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_read_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(PkpdError):
        load_parameters(path)
