"""A model's equations on the page of a report: every name in its place, and nothing from outside."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
import sympy

from pkpd.errors import ModelError
from pkpd.model.declaration import Expression, Model
from pkpd.model.grammar import Builder, build
from pkpd.model.latex.equations import LINE
from pkpd.model.registry import MODELS, get_model
from pkpd.output.report.parts import mathematics
from pkpd.output.report.parts.equations import equations, parameter_symbols
from pkpd.output.report.parts.mathematics import notation


def parsed(inner: str) -> ElementTree.Element:
    """The HTML as XML: refused unless every element is closed and every text escaped."""
    return ElementTree.fromstring(f"<div>{inner}</div>")


def names_in(inner: str) -> Counter[str]:
    return Counter(e.get("data-name", "") for e in parsed(inner).iter() if e.get("data-name"))


def occurrences(expression: Expression) -> set[str]:
    return {s.name for s in expression.free_symbols}


def expressions(model: Model) -> Iterator[Expression]:
    yield from model.derivatives.values()
    yield from (f.rate for f in model.flows)
    yield from (d.expression for d in model.rates + model.derived + model.outputs)
    yield from (s.initial for s in model.states)
    yield from (e for r in model.routes for e in (r.bioavailability, r.lag, r.content))


@pytest.mark.parametrize("name", MODELS)
def test_every_formula_holds_the_names_of_its_expression(name: str) -> None:
    model = get_model(name)
    n = notation(model)
    for expression in expressions(model):
        assert set(names_in(n.value(expression))) == occurrences(expression)


@pytest.mark.parametrize("name", MODELS)
def test_every_state_has_one_equation(name: str) -> None:
    model = get_model(name)
    page = parsed(equations(model))
    slopes = [
        [e.get("data-name") for e in part.iter() if e.get("data-name")]
        for part in page.iter("mfrac")
        if [e.text for e in part.iter("mi")][:1] == ["d"] and [e.text for e in part[-1].iter("mi")] == ["d", "t"]
    ]
    assert slopes == [[s.name] for s in model.states]
    flows = Counter(e.get("data-flow") for e in page.iter() if e.get("data-flow"))
    # once where it is defined, and once at each end that is a state
    assert flows == Counter({f.name: 1 + bool(f.into) + bool(f.out_of) for f in model.flows})


@pytest.mark.parametrize("name", MODELS)
def test_equations_need_nothing_from_outside(name: str) -> None:
    inner = equations(get_model(name))
    page = parsed(inner)
    assert not re.search(r"https?:|xmlns|\sstyle=|<script|@\d", inner)
    assert not [e for e in page.iter() if e.get("id") or e.get("href") or e.get("src")]
    for math in page.iter("math"):
        assert "\\" not in "".join(math.itertext())
        assert next(iter(math.iter("math")), None) is math
        assert {e.tag for e in math.iter()} <= mathematics._TAGS


def value_of(element: ElementTree.Element, values: dict[str, float]) -> float:
    """The number that one formula of a quotient of products stands for, to see that nothing lost its place."""
    if name := element.get("data-name"):
        return values[name]
    parts = list(element)
    if element.tag == "mn":
        return float(element.text or "")
    if element.tag == "mfrac":
        return value_of(parts[0], values) / value_of(parts[1], values)
    if element.tag == "msup":
        return float(value_of(parts[0], values) ** value_of(parts[1], values))
    total, product, sign, fresh = 0.0, 1.0, 1.0, True
    for part in parts:
        if part.tag == "mo" and part.text in ("+", "−"):
            total, product = total + (0.0 if fresh else sign * product), 1.0
            sign, fresh = -1.0 if part.text == "−" else 1.0, True
        elif part.tag not in ("mo", "mspace"):
            product, fresh = product * value_of(part, values), False
    return total + sign * product


def test_formulas_mean_what_the_expressions_mean() -> None:
    model = get_model("il2")
    n = notation(model)
    told = 0
    for k, flow in enumerate(model.flows):
        values = {s.name: 1.3 + 0.37 * i + 0.1 * k for i, s in enumerate(sorted(flow.rate.free_symbols, key=str))}
        row = ElementTree.fromstring(f"<mrow>{n.value(flow.rate)}</mrow>")
        expected = float(flow.rate.subs({sympy.Symbol(key, real=True): v for key, v in values.items()}))
        # both are a few products of doubles
        assert value_of(row, values) == pytest.approx(expected, rel=1e-12)
        told += 1
    assert told == len(model.flows) > 5


def odd(latex: str, rate: Any = None) -> Model:
    def block(m: Builder) -> None:
        x = m.state("x_amount", "1", initial=1, meaning="a <b>bold</b> & odd one", latex=latex)
        m.change(x, -m.parameter("k", "1/h") * (x if rate is None else rate(x)))
        m.output("x", x, "1", "the amount")

    return build("odd", block, time="h")


@pytest.mark.parametrize(
    "latex",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\text{<script>alert(1)</script>}",
        r"\class{valid}{x}",
        r"\style{color:red}{x}",
        r"\unknowncommand_1",
        r"x @7@",
        r"x^",
        "",
        "x" * 300,
    ],
)
def test_symbols_that_cannot_be_shown_as_written(latex: str) -> None:
    inner = equations(odd(latex))
    assert "x_amount" in "".join(parsed(inner).itertext())
    assert not re.search(r"<script|<b>|javascript:[^<]*\"|href=|\sstyle=|class=\"valid", inner)


def test_long_expressions_come_in_pieces_no_wider_than_a_line() -> None:
    model = odd("x", lambda x: sum((x + k) ** 2 / (x + k + 1) for k in range(1, 40)))
    inner = notation(model).value(model.derivatives["x_amount"])
    pieces = [len("".join(math.itertext())) for math in parsed(inner).iter("math")]
    assert len(pieces) > 30
    assert max(pieces) < LINE


def test_a_piece_that_goes_on_has_its_sign_between_two_sides() -> None:
    n = notation(odd("x"))
    first, second = parsed(n.line(r"- a \allowbreak - b")).iter("math")
    assert [e.get("form") for e in first.iter("mo")] == [None]
    assert [e.get("form") for e in second.iter("mo")] == ["infix"]


@pytest.mark.parametrize(
    ("latex", "problem"), [("a^b^c", "cannot be written as MathML"), (r"\boxed{x}", "MathML has no element for")]
)
def test_formula_that_is_no_mathematics(latex: str, problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        notation(odd("x")).formula(latex)


def test_symbols_of_parameters() -> None:
    found = parameter_symbols(get_model("il2"))
    assert "".join(parsed(found["treg_ec50"]).itertext()) == "KT"
    assert parameter_symbols(odd("x"))["k"] == ""
