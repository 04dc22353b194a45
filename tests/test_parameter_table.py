"""Parameters as a table: CSV loses nothing a parameter file holds, LaTeX compiles, and both name the sources."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from latex_cases import NASTY, TOO_WIDE, compiled, overfull

from pkpd.errors import ParameterError, PkpdError
from pkpd.model.declaration import ParameterDeclaration
from pkpd.model.latex.text import escape
from pkpd.model.parameter_table import COLUMNS, parameter_csv, parameter_latex, parameters_from_csv
from pkpd.model.registry import get_model
from pkpd.parameters import FIT, Parameter, Parameters, load_parameters
from pkpd.references import Reference, bibliography

FULL = Parameter(
    name="k",
    value=0.1,
    unit="1/h",
    meaning='a "rate", of\ntwo lines; =1+1',
    basis="fitted",
    source=("zhang2022", f"{FIT}il2 to a; b.csv"),
    where="Table 2 | row 3",
    bounds=(1e-3, 1 / 3),
    spread=0.2,
    prior=(0.2, 0.5),
    note=NASTY,
    origin="file [k]",
    correlation=(("treg_ec50", 0.5), ("a;b", -1 / 3)),
    occasion=0.0,
    average="mean",
)
BARE = Parameter("bare", 1e-300, "1", "", "assumed", ("assumed",))
DECLARED = (ParameterDeclaration("k", "1/h", "k_α", False), ParameterDeclaration("weight", "kg", "", True))


def a_set(*tables: Parameter) -> Parameters:
    return Parameters(tables, "own.toml", "il2")


def table(text: str) -> list[dict[str, str]]:
    """The rows of CSV text."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


words = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
numbers = st.floats(-1e299, 1e299)
deviations = st.none() | st.floats(0, 10)


@st.composite
def some_parameters(draw: st.DrawFn) -> Parameter:
    """A parameter that a file can hold."""
    low, value, high = sorted(draw(st.tuples(numbers, numbers, numbers)))
    bounded, assumed = draw(st.booleans()), draw(st.booleans())
    keys = st.sampled_from(("zhang2022", "hao2020")) | words.map(lambda text: FIT + text)
    others = draw(st.dictionaries(words, st.floats(-0.99, 0.99), max_size=3))
    name = draw(words)
    return Parameter(
        name=name,
        value=value,
        unit=draw(st.sampled_from(("1", "pM", "1/h", "pM/(IU/mL)", "µg", "%"))),
        meaning=draw(words),
        basis="assumed" if assumed else "fitted",
        source=("assumed",) if assumed else tuple(draw(st.lists(keys, min_size=1, max_size=3))),
        where=draw(words),
        bounds=(low, high) if bounded else (-math.inf, math.inf),
        spread=draw(deviations),
        prior=draw(st.none() | st.tuples(st.just(value), st.floats(1e-3, 10))),
        note=draw(words),
        correlation=tuple((key, c) for key, c in others.items() if key != name),
        occasion=draw(deviations),
        average=draw(st.sampled_from(("median", "mean"))),
    )


@settings(max_examples=40)
@given(some_parameters())
@example(FULL)
@example(BARE)
def test_a_table_read_back_is_the_same(parameter: Parameter) -> None:
    text = parameter_csv(a_set(parameter, replace(BARE, name="other" + parameter.name)))
    read = parameters_from_csv(text, "t.csv", "il2")
    assert read.tables == (parameter, replace(BARE, name="other" + parameter.name))
    assert read.model == "il2" and read.tables[0].origin == f"t.csv [{parameter.name}]"


@pytest.mark.parametrize("name", ["il2", "il2_minimal"])
def test_our_parameters_read_back_are_the_same(name: str) -> None:
    ours = load_parameters(name)
    assert parameters_from_csv(parameter_csv(ours, get_model(name).parameters), "t.csv", name).tables == ours.tables


def test_every_field_has_a_column() -> None:
    renamed = {"bounds": {"low", "high"}, "prior": {"prior", "prior_sd"}, "origin": set()}
    held = set().union(*(renamed.get(f.name, {f.name}) for f in fields(Parameter)))
    assert held | {"symbol", "covariate", "reference"} == set(COLUMNS)
    (row,) = table(parameter_csv(a_set(FULL), DECLARED))
    assert all(row[column] for column in COLUMNS)
    assert row["symbol"] == "k_α" and row["covariate"] == "false"
    assert row["value"] == "0.1" and row["high"] == repr(1 / 3)


def test_sources_are_printed() -> None:
    zhang = Reference("zhang2022", authors="Zhang", title="A | title", year=2022)
    (row,) = table(parameter_csv(a_set(FULL), references={"zhang2022": zhang}))
    assert row["reference"] == str(zhang)
    for row in table(parameter_csv(load_parameters("il2"))):
        keys = [] if row["source"] == "assumed" else row["source"].split("; ")
        assert row["reference"].split(" | ") == ([str(bibliography([key])[0]) for key in keys] or [""])


def test_covariates_are_marked() -> None:
    model = get_model("il2")
    rows = table(parameter_csv(model.defaults, model.parameters))
    assert {row["name"] for row in rows if row["covariate"] == "true"} == set(model.covariates)
    assert {row["covariate"] for row in table(parameter_csv(model.defaults))} == {""}


GOOD = parameter_csv(a_set(BARE))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "t.csv: '' is no column of a parameter table"),
        (GOOD.replace("basis", "bases"), r"t.csv: 'bases' is no column of a parameter table; did you mean 'basis'\?"),
        (GOOD.replace("1e-300", "ten"), "t.csv line 2, value: 'ten' is not a number"),
        (GOOD.replace("1e-300", "nan"), r"t.csv \[bare\]: value must be a finite number"),
        (GOOD.replace("1e-300", ""), "t.csv line 2, value: '' is not a number"),
        (GOOD.replace(",assumed,assumed,", ",assumed,zhang,"), "disagree"),
        (GOOD.replace(",assumed,assumed,", ",assumed,[,"), "line 2: '.' is not a list or table as JSON"),
        (GOOD + "bare,1\n", "line 3: a row of a parameter table has fewer cells than columns"),
        (GOOD + "," * 40 + "\n", "line 3: a row of a parameter table has more cells than columns"),
        (GOOD + GOOD.splitlines()[1], "t.csv line 3: parameter 'bare' is given twice"),
        (GOOD + '"', "t.csv line 2 cannot be read as CSV"),
        ("name,value\nk,1\n", r"t.csv \[k\] lacks the key"),
        ("value\n1\n", "t.csv: a parameter table has no column 'name'"),
        ("name,name\nk,k\n", "t.csv: the column 'name' is there twice"),
    ],
)
def test_a_wrong_table_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(PkpdError, match=said) as error:
        parameters_from_csv(text, "t.csv")
    assert "\n" not in str(error.value)


def test_an_unknown_source_is_named() -> None:
    for write in (parameter_csv, parameter_latex):
        with pytest.raises(ParameterError, match=r"file \[k\]: source 'zhang202' is not .* did you mean 'zhang2022'"):
            write(a_set(replace(FULL, source=("zhang202",))))


@pytest.mark.parametrize("name", ["il2", "il2_minimal"])
def test_our_table_compiles_and_stays_on_the_page(tmp_path: Path, name: str) -> None:
    text = parameter_latex(load_parameters(name), get_model(name).parameters)
    assert max(overfull(compiled(tmp_path, text)), default=0.0) < TOO_WIDE
    plain = text.replace(r"\allowbreak{}", "")
    assert all(f" & {escape(p, 0)} & " in plain for p in load_parameters(name))
    assert all(rf"\item[{escape(key, 0)}] " in plain for key in load_parameters(name).sources())


def test_a_fragment_goes_into_a_document_of_one_s_own(tmp_path: Path) -> None:
    text = parameter_latex(a_set(FULL, BARE), DECLARED, fragment=True)
    assert "documentclass" not in text
    head = r"\documentclass{article}\usepackage{amsmath,array,longtable}\begin{document}"
    compiled(tmp_path, f"{head}\n{text}\n\\end{{document}}\n")


def test_a_declared_parameter_without_value_says_so() -> None:
    rows = [line for line in parameter_latex(a_set(BARE), DECLARED).splitlines() if line.endswith(r" \\")]
    assert rows == [
        r"$k_\text{\ensuremath{\alpha}}$ & k & no value & 1/h &  &  &  \\",
        r" & weight & no value & kg &  &  &  \\",
        r" & bare & $1 \cdot\allowbreak 10^{-300}$ &  &  & assumed &  \\",
    ]


def test_without_sources_there_is_no_list() -> None:
    assert "Sources" not in parameter_latex(a_set(BARE))
    assert r"\section*{Sources}" in parameter_latex(a_set(FULL))
