"""exp, log and powers from additions, products and shifts of bits, so that their results are the same on every machine.

Polynomials are summed in pairs of pairs (Estrin's scheme), and special cases are computed beside the main line: a step
waits for these functions, and the chain of operations that depend on each other is what takes the time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .graph import Graph, Node

# Added to a number below 2^51, this rounds it to a whole one and leaves that in the lowest bits of the sum.
_SHIFT = 1.5 * 2.0**52
# Bits -> 2^(n/2) rounded down, its complement to 2^n, and k and m of x = 2^k m with sqrt(1/2) <= m < sqrt(2).
HALF_POWER, REST_POWER, EXPONENT, MANTISSA = "half_power", "rest_power", "exponent", "mantissa"

# exp(r) = 1 + r + r^2 q(r) for |r| <= ln(2)/2 and 2^r = 1 + r q(r) for |r| <= 1/2. Of all polynomials of their degree
# these q have the smallest largest relative error of the result (found by Remez' algorithm), 3e-17 and 4e-17.
_EXP = (
    0.5000000000000001,
    0.16666666666665997,
    0.04166666666662605,
    0.008333333333900655,
    0.0013888888916708452,
    0.0001984126838648507,
    2.4801520815782925e-05,
    2.755873240942298e-06,
    2.762076462143847e-07,
    2.460802507673669e-08,
)
_EXP2 = (
    0.6931471805599457,
    0.24022650695910097,
    0.05550410866479029,
    0.009618129107606933,
    0.0013333558153458222,
    0.00015403530441688307,
    1.5252727373551616e-05,
    1.3215442604504839e-06,
    1.018065025893631e-07,
    7.072584579314604e-09,
    4.077996193297821e-10,
)
# log(1 + f) = f - f^2/2 + s (f^2/2 + s^2 R(s^2)) with s = f/(2 + f), as in fdlibm's e_log.c.
_LOG = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
# ln 2 in two parts: high k is exact for every exponent k.
_LN2_HIGH, _LN2_LOW = float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")
# log2(1 + f) between sqrt(1/2) and sqrt(2), divided by f, and 2^r for |r| <= 1/2: good to 2e-4.
_ROUGH_LOG2 = (1.4418, -0.7249, 0.5175, -0.3296)
_ROUGH_EXP2 = (0.99995, 0.69325, 0.24226, 0.05503)


def exponential(g: Graph, x: Node) -> Node:
    """exp(x): with x = n ln 2 + r it is exp(r) 2^n."""
    x = _between(g, x, 750)
    shifted = g.fma(x, g.const(1 / math.log(2)), g.const(_SHIFT))
    n = g.sub(shifted, g.const(_SHIFT))
    r = g.fma(g.neg(n), g.const(_LN2_LOW), g.fma(g.neg(n), g.const(_LN2_HIGH), x))
    half = g.node(HALF_POWER, shifted)
    above = g.fma(_polynomial(g, r, _EXP), g.mul(r, r), r)
    return g.mul(g.fma(above, half, half), g.node(REST_POWER, shifted))


def logarithm(g: Graph, x: Node) -> Node:
    """log(x): with x = 2^k m it is k ln 2 + log(m)."""
    k, s, inner, first = _logarithm_parts(g, x)
    found = g.fma(k, g.const(_LN2_HIGH), g.fma(s, inner, g.fma(k, g.const(_LN2_LOW), first)))
    return g.choose(_ordinary(g, x), found, _edge(g, x))


def power(g: Graph, x: Node, y: Node, sign: Node) -> Node:
    """x to the y as 2^(y log2(|x|)), times the sign where x < 0, and NaN there if the sign is 0; 1 wherever y is 0.

    log2(|x|) is shared by powers of the same x. Its rounding error is raised with it, so the result is off by up to
    about |y log2(x)| units in the last place.
    """
    sign = g.choose(g.logic("eq", sign, g.const(0)), g.const(math.nan), sign)
    sign = g.choose(g.less(x, g.const(0)), sign, g.const(1))
    x = g.unary("abs", x)
    k, s, inner, first = _logarithm_parts(g, x)
    log2 = g.fma(g.fma(s, inner, first), g.const(1 / math.log(2)), k)
    # where y is 0, anything finite will do for the logarithm
    edge = g.choose(g.logic("eq", y, g.const(0)), g.const(0), _edge(g, x))
    power2 = _between(g, g.mul(y, g.choose(_ordinary(g, x), log2, edge)), 1100)
    shifted = g.add(power2, g.const(_SHIFT))
    r = g.sub(power2, g.sub(shifted, g.const(_SHIFT)))
    half = g.mul(g.node(HALF_POWER, shifted), sign)
    return g.mul(g.fma(_polynomial(g, r, _EXP2), g.mul(r, half), half), g.node(REST_POWER, shifted))


def parity(g: Graph, x: Node) -> Node:
    """1 where x is even, -1 where it is odd, and 0 elsewhere, for numbers up to 2^51."""

    def whole(a: Node) -> Node:
        return g.logic("eq", a, g.sub(g.add(a, g.const(_SHIFT)), g.const(_SHIFT)))

    sign = g.choose(whole(g.mul(x, g.const(0.5))), g.const(1), g.const(-1))
    return g.choose(whole(x), sign, g.const(0))


def rough_power(g: Graph, x: Node, y: float) -> Node:
    """x to the y within 5e-4, where |y| < 1 and x lies between 1e-12 and 1e12; beyond, the value at the border."""
    inside = g.choose(g.less(g.const(1e12), x), g.const(1e12), x)
    inside = g.choose(g.less(inside, g.const(1e-12)), g.const(1e-12), inside)
    f = g.add(g.node(MANTISSA, inside), g.const(-1))
    power2 = g.mul(g.fma(f, _polynomial(g, f, _ROUGH_LOG2), _exponent(g, inside)), g.const(y))
    shifted = g.add(power2, g.const(_SHIFT))
    r = g.sub(power2, g.sub(shifted, g.const(_SHIFT)))
    found = g.mul(g.mul(_polynomial(g, r, _ROUGH_EXP2), g.node(HALF_POWER, shifted)), g.node(REST_POWER, shifted))
    return g.node("fma", g.const(0), x, found)  # NaN and infinity have no exponent: the result is NaN


def _polynomial(g: Graph, x: Node, coefficients: Sequence[float]) -> Node:
    """The sum of coefficients[k] x^k."""
    terms = [g.const(c) for c in coefficients]
    while len(terms) > 1:
        last = [terms[-1]] if len(terms) % 2 else []
        terms = [g.fma(b, x, a) for a, b in zip(terms[::2], terms[1::2], strict=False)] + last
        x = g.mul(x, x)
    return terms[0]


def _logarithm_parts(g: Graph, x: Node) -> tuple[Node, Node, Node, Node]:
    """k, s, b, c with log(x) = k ln 2 + (s b + c); subnormal numbers count as the smallest normal one."""
    least = g.const(2.0**-1022)
    x = g.choose(g.less(x, least), least, x)
    m = g.node(MANTISSA, x)
    f = g.add(m, g.const(-1))
    s = g.div(f, g.add(m, g.const(1)))
    z, half = g.mul(s, s), g.mul(g.mul(f, f), g.const(0.5))
    return _exponent(g, x), s, g.fma(z, _polynomial(g, z, _LOG), half), g.sub(f, half)


def _exponent(g: Graph, x: Node) -> Node:
    return g.sub(g.node(EXPONENT, x), g.const(_SHIFT + 1023))


def _between(g: Graph, x: Node, most: float) -> Node:
    """x, or the border where it lies beyond: the result is infinite or zero there. NaN passes both comparisons."""
    x = g.choose(g.less(g.const(most), x), g.const(most), x)
    return g.choose(g.less(x, g.const(-most)), g.const(-most), x)


def _ordinary(g: Graph, x: Node) -> Node:
    return g.logic("and", g.less(g.const(0), x), g.less(x, g.const(math.inf)))


def _edge(g: Graph, x: Node) -> Node:
    """The logarithm of 0, infinity, NaN and negative numbers."""
    above = g.choose(g.less(g.const(0), x), x, g.const(math.nan))
    return g.choose(g.logic("eq", x, g.const(0)), g.const(-math.inf), above)
