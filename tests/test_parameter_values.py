"""Parameter values: how they meet a model, how they are changed, counted, written and read back."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import models
import pytest

from pkpd.data import built_in
from pkpd.engine.compile import bind
from pkpd.errors import ParameterError, PkpdError
from pkpd.model.registry import get_model
from pkpd.parameters import BASES, Parameters, load_parameters, read_tables
from pkpd.references import load_references
from pkpd.simulation import default_parameters


def other(name: str, **keys: Any) -> Parameters:
    """The reference parameters as a file of mine with one table changed."""
    tables = default_parameters("il2").to_tables()
    tables[name] = tables[name] | keys
    return read_tables(tables, "mine.toml", "il2")


def test_a_wrong_dimension_is_refused_by_file_table_and_both_units() -> None:
    with pytest.raises(ParameterError) as caught:
        bind(get_model("il2"), other("treg_ec50", unit="1/h"))
    for part in ("mine.toml", "treg_ec50", "1/h", "pM"):
        assert part in str(caught.value)


def test_an_unknown_parameter_is_refused_with_the_nearest() -> None:
    tables = default_parameters("il2").to_tables()
    tables["treg_ec5O"] = tables.pop("treg_ec50")
    with pytest.raises(ParameterError, match=r"mine.toml: .*no parameter 'treg_ec5O'; did you mean 'treg_ec50'"):
        bind(get_model("il2"), read_tables(tables, "mine.toml", "il2"))


def test_a_missing_parameter_is_named_with_its_unit() -> None:
    tables = default_parameters("il2").to_tables()
    del tables["treg_ec50"]
    with pytest.raises(ParameterError, match=r"mine.toml: parameter 'treg_ec50' \(pM\) of model il2 has no value"):
        bind(get_model("il2"), read_tables(tables, "mine.toml", "il2"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"treg_baseline": 190, "cd4_baseline": 100}, "Treg are part of CD4"),
        ({"nk_baseline": 2300}, "part of lymphocytes"),
        ({"endogenous_il2": 100}, "no steady baseline"),
        ({"treg_ki67_baseline": 1}, "cannot be computed"),
        ({"treg_ki67_baseline": 0}, "cannot be computed"),
        ({"sc_lag": -1}, "lag"),
        ({"sc_bioavailability": -0.1}, "bioavailability"),
    ],
)
def test_an_impossible_baseline_is_refused(changes: dict[str, float], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        bind(get_model("il2"), default_parameters("il2").set(**changes))


# changed, counted, written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12 pM", 12),
        ("12pM", 12),
        ("0.012 nM", 12),
        ("1.2e-11 M", 12),
        ("12.0", 12),
        (12, 12),
        (7.5, 7.5),
        ("12 pmol/L", 12),
    ],
)
def test_a_value_is_set_in_any_unit_of_its_kind(text: str | float, value: float) -> None:
    before = default_parameters("il2")
    was = before["treg_ec50"].value
    after = before.set("--set", treg_ec50=text)
    assert after["treg_ec50"].value == pytest.approx(value, rel=1e-14)  # two roundings in the factor
    assert after["treg_ec50"].unit == "pM"
    assert before["treg_ec50"].value == was != after["treg_ec50"].value, "a change is a new value"
    untouched = [t for t in after.tables if t.name != "treg_ec50"]
    assert untouched == [t for t in before.tables if t.name != "treg_ec50"]


def test_a_set_value_says_who_set_it_and_from_what() -> None:
    own = default_parameters("il2")["treg_ec50"]
    changed = default_parameters("il2").set("--set", treg_ec50="12 pM")["treg_ec50"]
    assert (changed.basis, changed.source) == ("assumed", ("assumed",))
    for part in ("--set", "set to 12 pM", f"was {own.value:g} pM", *own.source):
        assert part in changed.where
    assert changed.bounds == own.bounds and not changed.outside
    assert default_parameters("il2").set(treg_ec50="41 pM")["treg_ec50"].outside


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("treg_ec5O", "12 pM", "no parameter 'treg_ec5O' .*; did you mean 'treg_ec50'"),
        ("treg_ec50", "12 kg", "treg_ec50.*'12 kg' is not in a unit like pM"),
        ("treg_ec50", "12 IU/mL", "not in a unit like pM"),
        ("treg_ec50", "12 pN", "'pN' is not a known unit"),
        ("treg_ec50", "12 nan", "nan"),
        ("treg_ec50", "twelve", "'twelve' is not a number with a unit"),
        ("treg_ec50", "", "not a number"),
        ("treg_ec50", "nan", "not a number"),
        ("treg_ec50", "1e999 pM", "not a finite number"),
        ("treg_ec50", "1e308 M", "finite"),
        ("treg_ec50", math.nan, "not a finite number"),
        ("treg_ec50", math.inf, "not a finite number"),
        pytest.param("treg_ec50", 10**400, "finite", id="beyond floats"),
        ("treg_ec50", True, "True"),
    ],
)
def test_a_wrong_change_is_refused(name: str, value: str | float, said: str) -> None:
    with pytest.raises(PkpdError, match=said):
        default_parameters("il2").set(**{name: value})


@pytest.mark.parametrize("name", sorted(built_in("parameters")))
def test_files_are_written_and_read_back(name: str, tmp_path: Path) -> None:
    first = next(iter(load_parameters(name)))
    parameters = load_parameters(name).set("a test", **{first: load_parameters(name)[first].value * 1.1})
    parameters.write(tmp_path / "again.toml")
    again = load_parameters(tmp_path / "again.toml")
    assert again.tables == parameters.tables and again.model == parameters.model
    assert read_tables(parameters.to_tables(), "run.json").tables == parameters.tables


def test_values_given_in_code_are_written_and_read_back(tmp_path: Path) -> None:
    parameters = models.one_compartment().defaults
    parameters.write(tmp_path / "mine.toml")
    assert load_parameters(tmp_path / "mine.toml").tables == parameters.tables


@pytest.mark.parametrize("name", sorted(built_in("parameters")))
def test_every_value_is_counted_once(name: str) -> None:
    parameters = load_parameters(name)
    counts = parameters.count()
    assert tuple(counts) == BASES and sum(counts.values()) == len(parameters)
    assert counts["assumed"] == sum(t.source == ("assumed",) for t in parameters.tables)
    changed = parameters.set(**{t.name: t.value for t in parameters.tables})
    assert changed.count()["assumed"] == len(parameters)


@pytest.mark.parametrize("name", sorted(built_in("parameters")))
def test_built_in_values_fit_their_model_and_sources(name: str) -> None:
    parameters = load_parameters(name)
    bind(get_model(parameters.model), parameters)
    for table in parameters.tables:
        assert not table.outside and math.isfinite(table.bounds[0]) and math.isfinite(table.bounds[1])
        assert table.meaning and table.where, table.name
    assert set(parameters.sources()) <= set(load_references())


def test_a_set_completes_another() -> None:
    few = read_tables({"treg_ec50": default_parameters("il2").to_tables()["treg_ec50"] | {"value": 7}}, "mine.toml")
    whole = few.over(default_parameters("il2"))
    assert list(whole) == list(default_parameters("il2")) and whole["treg_ec50"].value == 7
    assert whole.origin == "mine.toml"
