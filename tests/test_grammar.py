"""The model grammar: what it checks, in which words, and that the order of declarations does not matter."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import sympy
from models import decay, refused

from pkpd.engine.compile import bind
from pkpd.errors import PkpdError
from pkpd.model.declaration import Model
from pkpd.model.grammar import RESERVED, Builder, build
from pkpd.model.registry import MODELS, get_model
from pkpd.simulation import simulate

# units

WRONG_UNITS: dict[str, tuple[Callable[[Builder], Any], tuple[str, ...]]] = {
    "a change": (lambda m: m.change(m["x"], m["x"]), ("d(x)/dt", "'x'", "mg", "mg/h")),
    "a flow": (lambda m: m.flow("f", m["x"], into=m["x"]), ("d(x)/dt", "mg/h")),
    "a flow between unlike states": (
        lambda m: m.flow("f", m["k"] * m["x"], out_of=m["x"], into=m.state("c", "pM")),
        ("d(c)/dt", "mg/h", "pM/h"),
    ),
    "a definition": (lambda m: m.define("half", m["x"] / 2, "L"), ("'half'", "'x/2'", "mg", "L")),
    "a sum": (lambda m: m.define("s", m["x"] + m["k"], "mg"), ("'s'", "'k'", "'x'", "mg", "1/h", "cannot be added")),
    "a sum with a number": (lambda m: m.define("s", m["x"] + 1, "mg"), ("'s'", "'x'", "mg", "cannot be added")),
    "a maximum": (lambda m: m.define("s", sympy.Max(m["x"], m["k"]), "mg"), ("'s'", "mg", "1/h")),
    "a comparison": (
        lambda m: m.define("s", sympy.Piecewise((m["x"], m["x"] > m["k"]), (0, True)), "mg"),
        ("'s'", "mg", "1/h"),
    ),
    "branches": (lambda m: m.define("s", sympy.Piecewise((m["x"], m.time > 0), (m["k"], True)), "mg"), ("'s'", "1/h")),
    "an exponential": (lambda m: m.define("s", sympy.exp(m["x"]), "1"), ("'s'", "exp", "mg")),
    "a logarithm deep inside": (
        lambda m: m.define("s", m["x"] * (1 + sympy.log(m["k"]) ** 2), "mg"),
        ("'s'", "log", "1/h"),
    ),
    "an exponent": (lambda m: m.define("s", 2 ** m["x"], "1"), ("'s'", "exponent", "mg")),
    "a power of a unit": (lambda m: m.define("s", m["x"] ** m.parameter("n", "1"), "mg"), ("'s'", "mg", "'n'")),
    "an output": (lambda m: m.output("y", m["x"], "mg/L"), ("output 'y'", "mg", "mg/L")),
    "an initial value": (lambda m: m.state("y", "mg", initial=m["k"]), ("initial value of 'y'", "1/h", "mg")),
    "a scale": (lambda m: m.state("y", "mg", scale=m["k"]), ("scale of 'y'", "1/h", "mg")),
    "a bioavailability": (lambda m: m.route("r", into=m["x"], unit="mg", bioavailability=m["k"]), ("'r'", "1/h")),
    "a lag": (lambda m: m.route("r", into=m["x"], unit="mg", lag=m["k"]), ("'r'", "lag", "1/h")),
    "a dose": (lambda m: m.route("r", into=m["x"], unit="IU"), ("'r'", "IU", "'x'", "mg")),
    "a content": (lambda m: m.route("r", into=m["x"], unit="mg", content=m["k"]), ("'r'", "'x'", "mg")),
    "a requirement": (lambda m: m.require(m["k"], m.parameter("q", "mg"), "k is small"), ("'k is small'", "1/h", "mg")),
    "the clock": (lambda m: m.define("s", m["x"] * m.time, "mg"), ("'s'", "mg", "h")),
}


@pytest.mark.parametrize("what", WRONG_UNITS)
def test_a_wrong_unit_is_refused_by_equation_and_both_units(what: str) -> None:
    block, said = WRONG_UNITS[what]
    refused(block, *(s for s in said if s != "1/h"), *(["1/"] if "1/h" in said else []))


UNKNOWN_UNITS: dict[str, Callable[[Builder], Any]] = {
    "parameter": lambda m: m.parameter("q", "bananas"),
    "state": lambda m: m.state("q", "bananas"),
    "definition": lambda m: m.define("q", m["x"], "bananas"),
    "output": lambda m: m.output("q", m["x"], "bananas"),
    "output that is zero": lambda m: m.output("q", 0, "bananas"),
    "route": lambda m: m.route("q", into=m["x"], unit="bananas"),
}


@pytest.mark.parametrize("what", UNKNOWN_UNITS)
def test_an_unknown_unit_is_refused(what: str) -> None:
    refused(UNKNOWN_UNITS[what], "'bananas' is not a known unit")


def still(m: Builder) -> None:
    """A state that never changes."""
    m.state("x", "mg")


@pytest.mark.parametrize("time", ["mg", "fortnight", "", "1/h"])
def test_the_time_of_a_model_is_a_time(time: str) -> None:
    """A block without rates, so that no equation gives it away."""
    with pytest.raises(PkpdError):
        build("mine", still, time=time)


def test_units_that_cancel_are_accepted() -> None:
    def block(m: Builder) -> None:
        c = m.define("c", m["x"] / m.parameter("v", "L", value=2), "mg/L")
        half = m.parameter("half", "ug/mL", value=3)  # another unit of the same dimension
        m.define("share", c / (c + half), "1")
        m.define(
            "hill", c**1.5 / (c**1.5 + half**1.5) if False else (c / half) ** m.parameter("n", "1", value=1.5), "%"
        )
        m.define("size", sympy.sqrt(m["x"] * m.parameter("z", "mg", value=4)), "mg")
        m.define("later", sympy.exp(-m["k"] * m.time) * sympy.Max(0, m["x"]), "mg")
        for name in ("share", "hill", "size", "later"):
            m.output(f"the_{name}", m[name], "mg" if name in ("size", "later") else "1")

    t = simulate("none", build("mine", decay, block), times=[0.0])
    assert t["the_share"][0] == pytest.approx(0.5 / 3.5)
    assert t["the_hill"][0] == pytest.approx((0.5 / 3) ** 1.5)
    assert t["the_size"][0] == pytest.approx(2) and t["the_later"][0] == 1


def test_the_root_of_a_square_keeps_its_unit() -> None:
    """For real symbols sympy writes it as an absolute value."""
    model = build("mine", decay, lambda m: m.output("size", sympy.sqrt(m["x"] ** 2), "mg"))
    assert simulate("none", model, times=[0.0])["size"][0] == 1


# names


def a_fold_of_its_own(m: Builder) -> None:
    """Beside the one that `fold` adds."""
    m.output("y", m["x"], "mg", fold=True)
    m.output("y_fold", m["x"], "mg")


def two_routes(m: Builder) -> None:
    """Of which a dose would always take the first."""
    m.route("r", into=m["x"], unit="mg")
    m.route("r", into=m["x"], unit="mg", lag=1)


WRONG_NAMES: dict[str, tuple[Callable[[Builder], Any], tuple[str, ...]]] = {
    "undeclared in a change": (lambda m: m.change(m["x"], m["kk"] * m["x"]), ("d(x)/dt", "'kk'", "did you mean 'k'")),
    "undeclared in a definition": (lambda m: m.define("s", m["treg"], "1"), ("'s'", "'treg'", "not declared")),
    "undeclared in an output": (lambda m: m.output("s", m["xx"], "mg"), ("output 's'", "'xx'", "did you mean 'x'")),
    "undeclared in a fold": (lambda m: m.output("s", m["xx"], "mg", fold=True), ("'s'", "'xx'")),
    "undeclared in an initial value": (lambda m: m.state("y", "mg", initial=m["q"]), ("initial value of 'y'", "'q'")),
    "undeclared in a route": (lambda m: m.route("r", into=m["x"], unit="mg", lag=m["tl"]), ("route 'r'", "'tl'")),
    "undeclared in a requirement": (lambda m: m.require(m["q"], 1, "small"), ("'small'", "'q'")),
    "a change of what is no state": (lambda m: m.change(m["k"], m["x"]), ("'k'", "not a state")),
    "a change of what is not there": (lambda m: m.change(m["xx"], m["x"] * m["k"]), ("'xx'", "did you mean 'x'")),
    "a route into what is no state": (lambda m: m.route("r", into=m["k"], unit="mg"), ("'k'", "not a state")),
    "a state in an initial value": (lambda m: m.state("y", "mg", initial=m["x"]), ("'y'", "'x'", "changes in time")),
    "the clock in an initial value": (lambda m: m.state("y", "h", initial=m.time), ("'y'", "'time'")),
    "a rate in a lag": (
        lambda m: m.route("d", into=m["x"], unit="mg", lag=m.define("r", m["x"] / (m["k"] * m["x"]) + m.time, "h")),
        ("route 'd'", "'r'", "changes in time"),
    ),
    "two states": (lambda m: m.state("x", "mg"), ("'x'", "declared twice", "state")),
    "a state and a parameter": (lambda m: m.parameter("x", "mg"), ("'x'", "declared twice", "state", "parameter")),
    "a parameter in two units": (lambda m: m.parameter("k", "1/d"), ("'k'", "declared twice")),
    "a definition and a parameter": (lambda m: m.define("k", m["x"], "mg"), ("'k'", "declared twice", "definition")),
    "two outputs": (lambda m: m.output("x", m["x"], "mg"), ("output 'x'", "declared twice")),
    "an output and a fold": (a_fold_of_its_own, ("'y_fold'", "twice")),
    "two routes": (two_routes, ("route 'r'", "declared twice")),
    "a circle": (
        lambda m: (m.define("a", m["b"], "1"), m.define("b", m["c"], "1"), m.define("c", m["a"], "1")),
        ("circle", "a", "b", "c"),
    ),
    "a circle of one": (lambda m: m.define("a", m["a"], "1"), ("circle", "a")),
}


@pytest.mark.parametrize("what", WRONG_NAMES)
def test_a_wrong_name_is_refused(what: str) -> None:
    block, said = WRONG_NAMES[what]
    refused(block, *said)


BAD_NAMES = sorted({"", "1x", "_x", "a b", "a-b", "a.b", "lambda", "class", "é", "x" * 80, "x;y", *RESERVED})


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    """Names become keys of files and words after --set."""
    refused(lambda m: m.parameter(name, "1", value=1), f"'{name}'")
    refused(lambda m: m.state(name, "1"), f"'{name}'")
    refused(lambda m: m.define(name, m["x"], "mg"), f"'{name}'")


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_cannot_be_an_output_is_refused(name: str) -> None:
    """Outputs become columns of tables and words after --outputs."""
    refused(lambda m: m.output(name, m["x"], "mg"), f"'{name}'")


def named(k: str, x: str) -> Model:
    """x' = -k x with functions beside it, under any two names."""

    def block(m: Builder) -> None:
        state = m.state(x, "1", initial=1)
        rate = m.define(f"{k}{x}", m.parameter(k, "1/h", value=0.1) * state * sympy.exp(sympy.log(1 + state)), "1/h")
        m.change(state, -rate / (1 + sympy.Max(0, state)))
        m.output("level", sympy.Max(0, state) * sympy.exp(0 * state), "1")

    return build("named", block)


PAIRS = "exp log, E pi, I S, N Q, t p, y x0, math numpy, beta zoo, Max Min, self print, array select, x0 Dummy_1"


@pytest.mark.parametrize(("k", "x"), [pair.split() for pair in PAIRS.split(", ")])
def test_names_of_functions_are_names_like_others(k: str, x: str) -> None:
    t = simulate("none", named(k, x), times=[0.0, 1.0])
    assert t["level"] == pytest.approx([1, 2.718281828459045**-2.4], rel=1e-5)  # the default tolerance is 1e-6


# order


def test_the_order_of_declarations_does_not_matter() -> None:
    """Definitions that use each other, parameters, states and blocks, in every order."""

    def one(m: Builder) -> None:
        m.define("a", m["b"] + m["c"], "mg/h")

    def two(m: Builder) -> None:
        m.define("b", m["d"] * m["x"], "mg/h")
        m.define("c", m["b"] / 2, "mg/h")

    def three(m: Builder) -> None:
        m.define("d", 3 * m["e"], "1/h")
        m.define("e", m["k"] ** 2 / m["k"], "1/h")

    def four(m: Builder) -> None:
        m.change(m["x"], m["a"] - 5 * m["k"] * m["x"])

    results = set()
    for order in itertools.permutations((decay, one, two, three, four)):
        model = build("mine", *order)
        assert {d.name for d in model.derived} >= {"d", "e"}
        assert {d.name for d in model.rates} == {"a", "b", "c"}
        bound = bind(model, model.defaults)
        results.add(tuple(bound.functions.rhs(0.0, [2.0], bound.p)))
    assert len(results) == 1 and results.pop()[0] == pytest.approx(2 * (-0.1 + 0.45 - 0.5))


@pytest.mark.parametrize("name", MODELS)
def test_definitions_stand_after_what_they_use(name: str) -> None:
    model = get_model(name)
    ready = {d.name for d in model.parameters} | {s.name for s in model.states} | {"time"}
    for definition in model.derived + model.rates:
        assert {s.name for s in definition.expression.free_symbols} <= ready, definition.name
        ready.add(definition.name)


def test_a_parameter_shared_by_blocks_keeps_the_value_given_in_either() -> None:
    def with_value(m: Builder) -> None:
        m.parameter("q", "1", value=2)

    def without(m: Builder) -> None:
        m.output("q", m.parameter("q", "1"), "1")

    for order in itertools.permutations((with_value, without)):
        assert simulate("none", build("mine", decay, *order), times=[0.0])["q"][0] == 2
    refused(lambda m: (m.parameter("k", "1/h", value=0.2), None), "'k'")  # decay says 0.1
