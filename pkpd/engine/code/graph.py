"""Arithmetic as a graph: every value is computed once, constants are folded, and what is written twice is one node.

A node is a number; node k is computed from earlier nodes only, so a graph read in order is straight-line code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Node = int
# ("const", value), ("load", array, index) or (operation, node, ...).
Term = tuple[str, *tuple[Any, ...]]

# The functions of one argument that models may use; `inv` is 1/x.
UNARY = ("inv", "sqrt", "abs", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh")
# Operations whose result is a truth value, which is never stored.
TRUTHS = ("lt", "le", "eq", "and", "or", "not", "true", "false")
_FOLDED: Mapping[str, Callable[..., float]] = {
    "neg": lambda a: -a,
    "inv": lambda a: 1.0 / a,
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "sqrt": math.sqrt,
    "abs": abs,
    "exp": math.exp,
    "log": math.log,
}


@dataclass(slots=True)
class Graph:
    """A growing list of nodes; `terms[k]` says how node k is computed."""

    terms: list[Term] = field(default_factory=list)
    known: dict[Term, Node] = field(default_factory=dict)

    def node(self, op: str, *rest: Any) -> Node:
        """The node of a term, made unless it is there already."""
        term = (op, *rest)
        if term not in self.known:
            self.known[term] = len(self.terms)
            self.terms.append(term)
        return self.known[term]

    def const(self, value: float) -> Node:
        """A number; -0.0 counts as 0."""
        return self.node("const", float(value) + 0.0)

    def load(self, array: str, index: int) -> Node:
        """Element `index` of an input array."""
        return self.node("load", array, index)

    def value(self, node: Node) -> float | None:
        """The number behind a constant node, else None."""
        op, *rest = self.terms[node]
        return float(rest[0]) if op == "const" else None

    def is_value(self, node: Node, value: float) -> bool:
        """Whether the node is that constant."""
        return self.value(node) == value

    def neg(self, a: Node) -> Node:
        """-a."""
        op, *rest = self.terms[a]
        return rest[0] if op == "neg" else self._made("neg", a)

    def add(self, a: Node, b: Node) -> Node:
        """a + b."""
        if self.is_value(a, 0.0):
            return b
        return a if self.is_value(b, 0.0) else self._made("add", min(a, b), max(a, b))

    def sub(self, a: Node, b: Node) -> Node:
        """a - b."""
        return self.const(0) if a == b else self.add(a, self.neg(b))

    def mul(self, a: Node, b: Node) -> Node:
        """a b."""
        for x, y in ((a, b), (b, a)):
            if self.is_value(x, 0.0) or self.is_value(y, 1.0):
                return x
            if self.is_value(x, -1.0):
                return self.neg(y)
            if self.terms[x][0] == "neg":
                return self.neg(self.mul(self.terms[x][1], y))
        return self._made("mul", min(a, b), max(a, b))

    def fma(self, a: Node, b: Node, c: Node) -> Node:
        """a b + c, rounded once."""
        product = self.mul(a, b)
        if self.is_value(c, 0.0) or self.terms[product][0] not in ("mul", "neg"):
            return self.add(product, c)
        if self.terms[product][0] == "neg":
            inner: Node = self.terms[product][1]
            if self.terms[inner][0] != "mul":
                return self.add(product, c)
            x, y = self.terms[inner][1:]
            return self.node("fma", self.neg(x), y, c)
        return self.node("fma", *self.terms[product][1:], c)

    def inv(self, a: Node) -> Node:
        """1 / a."""
        return self._made("inv", a)

    def div(self, a: Node, b: Node) -> Node:
        """a / b, by a constant as a product."""
        if a == b or self.is_value(a, 0.0):
            return self.const(1) if a == b else a
        if self.is_value(a, 1.0) or self.value(b) is not None:
            return self.mul(a, self.inv(b))
        if self.terms[a][0] == "neg":
            return self.neg(self.div(self.terms[a][1], b))
        return self.node("div", a, b)

    def unary(self, name: str, a: Node) -> Node:
        """A function of one argument, by its name in `UNARY`."""
        return self._made(name, a)

    def power(self, a: Node, b: Node) -> Node:
        """a to the b: multiplied out, with a root for halves, where b is known; so whole powers take a negative a."""
        exponent = self.value(b)
        if exponent is not None and abs(exponent) < 2**20 and 2 * exponent == int(2 * exponent):
            whole = self._whole_power(a, int(abs(exponent)))
            if exponent != int(exponent):
                whole = self.mul(whole, self.unary("sqrt", a))
            return self.inv(whole) if exponent < 0 else whole
        return self.node("pow", a, b, self.parity(b))

    def parity(self, a: Node) -> Node:
        """The sign of (-1)^a: 1 for even numbers, -1 for odd ones, 0 for others."""
        value = self.value(a)
        if value is None:
            return self.node("parity", a)
        return self.const(0 if value % 1 else 1 - 2 * (value % 2))

    def less(self, a: Node, b: Node, *, equal: bool = False) -> Node:
        """Whether a < b (or a <= b); a truth value, for `choose` only."""
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.logic("true" if x < y or (equal and x == y) else "false")
        return self.node("le" if equal else "lt", a, b)

    def logic(self, name: str, *args: Node) -> Node:
        """`and`, `or`, `not`, `true` or `false` of truth values, or `eq` of numbers."""
        values = [self.value(a) for a in args] if name == "eq" else [None]
        if None not in values:
            return self.node("true" if values[0] == values[1] else "false")
        return self.node(name, *args)

    def choose(self, condition: Node, a: Node, b: Node) -> Node:
        """a where the condition holds, else b."""
        if a == b or self.terms[condition] == ("true",):
            return a
        return b if self.terms[condition] == ("false",) else self.node("select", condition, a, b)

    def total(self, nodes: Iterable[Node]) -> Node:
        """The sum, from the first to the last; products enter fused."""
        found = self.const(0)
        for k in nodes:
            op, *args = self.terms[k]
            found = self.fma(args[0], args[1], found) if op == "mul" else self.add(found, k)
        return found

    def reached(self, ends: Iterable[Node], given: Container[Node] = ()) -> list[Node]:
        """Every node that the `ends` are computed from, and they, in order; what is `given` is not computed."""
        waiting, found = list(ends), set()
        while waiting:
            k = waiting.pop()
            if k not in found:
                found.add(k)
                waiting += () if k in given else self.arguments(k)
        return sorted(found)

    def arguments(self, node: Node) -> Sequence[Node]:
        """The nodes a node is computed from."""
        op, *args = self.terms[node]
        return () if op in ("const", "load") else args

    def _whole_power(self, a: Node, n: int) -> Node:
        if n == 0:
            return self.const(1)
        half = self._whole_power(a, n // 2)
        squared = self.mul(half, half)
        return self.mul(squared, a) if n % 2 else squared

    def _made(self, op: str, *args: Node) -> Node:
        values = [self.value(a) for a in args]
        if op in _FOLDED and None not in values:
            try:
                return self.const(_FOLDED[op](*values))
            except (ValueError, ArithmeticError):
                pass  # 1/0 or log(-1) is found when it is computed, and reported with its day
        return self.node(op, *args)
