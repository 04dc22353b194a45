"""The arithmetic graph against Python: every operation, and what is simplified."""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Callable

import numpy as np
import pytest
from expression_cases import DOMAINS, POINTS
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_code import values

from pkpd.engine.code.graph import UNARY, Graph, Node
from pkpd.model.expressions import FUNCTIONS

PYTHON: dict[str, Callable[[float], float]] = {name: getattr(math, name, abs) for name in UNARY}
PYTHON["inv"] = lambda a: 1 / a


def test_every_function_of_one_argument_is_tested():
    assert set(DOMAINS) == set(UNARY)
    assert {f.__name__.lower() for f in FUNCTIONS} <= set(UNARY)


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_argument(name: str):
    x = np.linspace(*DOMAINS[name], POINTS)
    g = Graph()
    found = values(g, [g.unary(name, g.load("x", 0))], x)[0]
    # one unit in the last place each for ours and the C library's
    np.testing.assert_allclose(found, [PYTHON[name](a) for a in x], rtol=2**-51)


# What stands for a value in random programs: the node, and its value at every point.
Value = tuple[Node, list[float]]


def _grown(g: Graph, rng: random.Random, pool: list[Value]) -> Value:
    """One more operation on values of the pool, in the graph and in Python."""

    def pointwise(function: Callable[..., float], *args: list[float]) -> list[float]:
        return [function(*point) for point in zip(*args, strict=True)]

    (a, u), (b, v), (c, w) = rng.choices(pool, k=3)
    smooth = [name for name in ("sin", "cos", "tanh") if rng.random() < 0.5] or ["abs"]
    name = rng.choice(["add", "sub", "mul", "div", "neg", "fma", "choose", "logic", "unary", "square", "const"])
    if name == "unary":
        return g.unary(smooth[0], a), pointwise(PYTHON[smooth[0]], u)
    if name == "square":
        return g.power(a, g.const(2)), pointwise(operator.mul, u, u)
    if name == "const":
        return g.const(value := rng.choice([0, 1, -1, 0.5, 3])), [value] * POINTS
    if name == "neg":
        return g.neg(a), pointwise(operator.neg, u)
    if name == "fma":
        return g.fma(a, b, c), pointwise(lambda p, q, r: p * q + r, u, v, w)
    if name == "div":  # by a number between 2 and 3
        below = g.add(g.unary("tanh", g.unary("abs", b)), g.const(2))
        return g.div(a, below), pointwise(lambda p, q: p / (math.tanh(abs(q)) + 2), u, v)
    if name == "choose":
        equal = rng.random() < 0.5
        test = operator.le if equal else operator.lt
        return g.choose(g.less(a, b, equal=equal), b, c), pointwise(lambda p, q, r: q if test(p, q) else r, u, v, w)
    if name == "logic":
        both, either = g.logic("and", g.less(a, b), g.less(b, c)), g.logic("not", g.logic("eq", a, c))
        condition = g.logic("or", both, g.logic("and", either, g.logic(rng.choice(["true", "false"]))))
        true = g.terms[g.arguments(g.arguments(condition)[1])[1]] == ("true",)
        return g.choose(condition, a, b), pointwise(
            lambda p, q, r: p if (p < q < r) or (p != r and true) else q, u, v, w
        )
    two = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}[name]
    return getattr(g, name)(a, b), pointwise(two, u, v)


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_random_programs_compute_what_python_does(seed: int):
    rng = random.Random(seed)
    g = Graph()
    # whole numbers: sums and products are exact, so that no comparison falls to the other side by a rounding
    columns = [[float(rng.randint(-3, 3)) for _ in range(POINTS)] for _ in range(3)]
    pool: list[Value] = [(g.load("x", i), column) for i, column in enumerate(columns)]
    smooth = []
    for _ in range(12):
        made = _grown(g, rng, pool)
        if all(float(v).is_integer() and abs(v) < 1e6 for v in made[1]):
            pool.append(made)
        else:
            smooth.append(made)
    ends = pool[3:] + smooth
    found = values(g, [node for node, _ in ends], *(np.array(c) for c in columns))
    # one operation with rounding, on whole numbers, is within some units of Python's; a sine of many radians, too
    np.testing.assert_allclose(found, [wanted for _, wanted in ends], rtol=1e-14, atol=1e-15)


def test_what_is_written_twice_is_one_node():
    g = Graph()
    a, b = g.load("x", 0), g.load("x", 1)
    assert g.add(a, b) == g.add(b, a)
    assert g.mul(a, g.neg(b)) == g.neg(g.mul(b, a))
    assert g.sub(a, a) == g.const(0)
    assert g.add(a, g.const(0)) == g.mul(a, g.const(1)) == g.neg(g.neg(a)) == a
    assert g.fma(a, g.const(0), b) == b
    assert g.div(g.mul(a, b), g.mul(b, a)) == g.const(1)
    assert g.value(g.power(g.const(2), g.const(0.5))) == math.sqrt(2)


def test_constants_out_of_range_are_left_to_the_machine():
    g = Graph()
    found = values(g, [g.inv(g.const(0)), g.unary("log", g.const(-1)), g.unary("exp", g.const(1e4))], np.zeros(1))
    np.testing.assert_array_equal(found[:, 0], [math.inf, math.nan, math.inf])
