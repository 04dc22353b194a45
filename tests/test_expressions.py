"""Expressions of a model: what cannot be computed is refused at once; folds, initial values, the clock."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import models
import pytest
import sympy
from models import decay, refused

from pkpd.engine.compile import bind
from pkpd.errors import ModelError
from pkpd.model.assemble import units_of
from pkpd.model.declaration import Expression
from pkpd.model.dimensions import unit_of
from pkpd.model.grammar import Builder, build
from pkpd.model.registry import MODELS, get_model
from pkpd.simulation import simulate
from pkpd.units import unit


@pytest.mark.parametrize("text", ["__import__('os').getcwd()", "x", "1", "k*x", ""])
def test_text_is_no_expression(text: str) -> None:
    """sympy would evaluate it."""
    refused(lambda m: m.define("s", text, "1"), "not an expression")
    refused(lambda m: m.change(m["x"], text), "not an expression")
    refused(lambda m: m.state("y", "mg", initial=text), "not an expression")
    refused(lambda m: m.output("y", text, "mg"), "not an expression")
    refused(lambda m: m.route("r", into=m["x"], unit="mg", lag=text), "not an expression")


NO_EXPRESSIONS: dict[str, Callable[[Expression], Any]] = {
    "a list": lambda x: [x],
    "a tuple of text": lambda x: ("a",),
    "a truth": lambda x: x > 1,
    "true": lambda x: True,
    "nothing": lambda x: None,
    "not a number": lambda x: float("nan"),
    "infinity": lambda x: sympy.oo,
    "an imaginary number": lambda x: sympy.I,
    "an unknown function": lambda x: sympy.Function("f")(x),
    "an unevaluated integral": lambda x: sympy.Integral(x, (x, 0, 1)),
    "a symbol of sympy's own": lambda x: sympy.Symbol("y"),
    "a dummy": lambda x: sympy.Dummy("y"),
}


LOOKS_ALIKE = ("a symbol of sympy's own", "a dummy")


@pytest.mark.parametrize("what", NO_EXPRESSIONS)
def test_what_cannot_be_computed_is_refused_when_the_model_is_built(what: str) -> None:
    """Not at run time by a NameError. A symbol that only looks alike may also be taken for the declared one."""

    def block(m: Builder) -> None:
        y = m.state("y", "1", initial=1)
        m.define("s", NO_EXPRESSIONS[what](y), "1")
        m.output("s", m["s"], "1")

    try:
        model = build("mine", decay, block)
    except ModelError as error:
        assert "\n" not in str(error)
    else:
        assert what in LOOKS_ALIKE, "accepted"
        assert simulate("none", model, times=[0.0])["s"] == pytest.approx([1])


FUNCTIONS: dict[str, Callable[[Expression], Expression]] = {
    **{f.__name__: f for f in (sympy.exp, sympy.log, sympy.sin, sympy.tanh, sympy.Abs, sympy.erf, sympy.gamma)},
    **{f.__name__: f for f in (sympy.floor, sympy.sign, sympy.LambertW, sympy.Heaviside, sympy.loggamma, sympy.atan)},
    "a root": sympy.sqrt,
    "a maximum of two": lambda x: sympy.Max(0, x - 1),
    "a maximum of three": lambda x: sympy.Max(x, 2, x**2),
    "a minimum": lambda x: sympy.Min(x, 2),
    "branches": lambda x: sympy.Piecewise((x, x < 1), (x**2, True)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_works_in_rates_and_outputs_or_is_refused(name: str) -> None:
    function = FUNCTIONS[name]

    def block(m: Builder) -> None:
        y = m.state("y", "1", initial=1.5)
        m.change(y, m["k"] * function(y))
        m.output("f", function(y), "1")

    try:
        model = build("mine", decay, block)
    except ModelError:
        return
    t = simulate("none", model, times=[0.0, 0.01])
    assert t["f"][0] == pytest.approx(float(function(sympy.Float(1.5))), rel=1e-12)
    bound = bind(model, model.defaults)
    assert bound.functions.rhs(0.0, [1.0, 1.5], bound.p)[1] == pytest.approx(0.1 * t["f"][0], rel=1e-12)


@pytest.mark.parametrize("wrong", ["x", 3, None])
def test_a_state_is_named_by_its_symbol(wrong: object) -> None:
    refused(lambda m: m.change(wrong, m["x"]))
    refused(lambda m: m.route("r", into=wrong, unit="mg"))
    refused(lambda m: m.change(2 * m["x"], m["x"]))
    if wrong is not None:
        refused(lambda m: m.flow("f", m["x"], out_of=wrong))


def test_a_model_needs_a_state() -> None:
    with pytest.raises(ModelError, match="mine has no state"):
        build("mine")


# folds and initial values


@pytest.mark.parametrize("name", MODELS)
def test_folds_are_one_at_rest(name: str) -> None:
    t = simulate("none", name, times=[0.0])
    folds = [n for n in t.outputs if n.endswith("_fold")]
    assert folds
    for fold in folds:
        assert t.rest(fold) == pytest.approx(1, rel=1e-14)  # a quotient of the same sum computed in two orders
        assert t.rest(fold.removesuffix("_fold")) > 0 and t.unit(fold) == "1"


@pytest.mark.parametrize(("in_unit", "initial"), [("mg", 5), ("%", 50), ("MIU", 2.0), ("nmol", 3), ("cells/uL", 30)])
def test_a_bare_initial_value_is_in_the_unit_of_its_state(in_unit: str, initial: float) -> None:
    def block(m: Builder) -> None:
        level = m.state("level", in_unit, initial=initial, scale=initial)
        m.change(level, -m["k"] * level)
        m.output("level", level, in_unit, fold=True)

    t = simulate("none", build("mine", decay, block), times=[0.0, 1 / 24])
    assert t["level"] == pytest.approx([initial, initial * 0.904837], rel=1e-5)
    assert t["level_fold"] == pytest.approx([1, 0.904837], rel=1e-5)


def test_a_fold_of_what_is_zero_at_rest_is_refused() -> None:
    def block(m: Builder) -> None:
        m.output("y", m.state("y", "mg", initial=0), "mg", fold=True)

    refused(block, "'y", "rest")


def test_a_time_driven_model_follows_the_clock() -> None:
    """x' = a t with the clock in the model's own unit: x = a t^2 / 2."""

    def block(m: Builder) -> None:
        y = m.state("y", "mg")
        m.change(y, m.parameter("a", "mg/d2", value=2) * m.time)
        m.output("y", y, "mg")
        m.output("clock", m.time, "h")

    for time in ("h", "d", "min"):
        t = simulate("none", build("mine", block, time=time), times=[0.0, 1.0, 3.0])
        assert t["y"] == pytest.approx([0, 1, 9], rel=1e-5)
        assert t["clock"] == pytest.approx([0, 24, 72])


# what a model says of itself


@pytest.mark.parametrize("name", MODELS)
def test_every_equation_has_the_unit_it_declares(name: str) -> None:
    """Again, and not by the code path that raised no error when the model was built."""
    model = get_model(name)
    units = units_of(model)
    declared = [(d.name, d.expression, d.unit) for d in model.derived + model.rates]
    declared += [(o.name, o.expression, o.unit) for o in model.outputs]
    for what, expression, in_unit in declared:
        assert unit_of(expression, units, what).dimensionality == unit(in_unit).dimensionality, what
    for state in model.states:
        slope = unit_of(model.derivatives[state.name], units, state.name)
        assert slope.dimensionality == unit(f"{state.unit}/{model.time}").dimensionality, state.name


def test_a_fingerprint_tells_models_apart_and_nothing_else() -> None:
    def other(m: Builder) -> None:
        m.change(m["x"], -m["k"] * m["x"])

    same = {build("mine", decay).fingerprint, build("mine", decay, meaning="other words").fingerprint}
    assert len(same) == 1
    assert build("mine", decay, other).fingerprint not in same
    assert models.one_compartment("h").fingerprint != models.one_compartment("d").fingerprint
    assert all(re.fullmatch(r"[0-9a-f]{16}", text) for text in same)
