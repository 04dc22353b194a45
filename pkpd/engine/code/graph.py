"""Arithmetic as a graph: every value is computed once, constants are folded, and what is written down twice is one node.

A node is a number; node k is computed from earlier nodes only, so a graph read in order is straight-line code.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

Node = int
Term = tuple[object, ...]

# The functions of one argument that models may use; `inv` is 1/x, shared by everything divided by the same x.
UNARY = ("inv", "sqrt", "abs", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh")
_FOLDED = {
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
    """A growing list of nodes. `terms[k]` is ("const", value), ("load", array, index) or (operation, nodes...)."""

    terms: list[Term] = field(default_factory=list)
    known: dict[Term, Node] = field(default_factory=dict)

    def node(self, *term: object) -> Node:
        """The node of a term, made unless it is there already."""
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
        return float(rest[0]) if op == "const" else None  # type: ignore[arg-type]

    def is_value(self, node: Node, value: float) -> bool:
        """Whether the node is that constant."""
        return self.value(node) == value

    def neg(self, a: Node) -> Node:
        """-a."""
        op, *rest = self.terms[a]
        return rest[0] if op == "neg" else self._made("neg", a)  # type: ignore[return-value]

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
                return self.neg(self.mul(self.terms[x][1], y))  # type: ignore[arg-type]
        return self._made("mul", min(a, b), max(a, b))

    def fma(self, a: Node, b: Node, c: Node) -> Node:
        """a b + c, rounded once."""
        product = self.mul(a, b)
        if self.is_value(c, 0.0) or self.terms[product][0] not in ("mul", "neg"):
            return self.add(product, c)
        if self.terms[product][0] == "neg":
            inner: Node = self.terms[product][1]  # type: ignore[assignment]
            if self.terms[inner][0] != "mul":
                return self.add(product, c)
            x, y = self.terms[inner][1:]
            return self.node("fma", self.neg(x), y, c)  # type: ignore[arg-type]
        return self.node("fma", *self.terms[product][1:], c)

    def inv(self, a: Node) -> Node:
        """1 / a."""
        return self._made("inv", a)

    def div(self, a: Node, b: Node) -> Node:
        """a / b as a times 1/b, so that quotients by the same number share one division."""
        return self.const(1) if a == b else self.mul(a, self.inv(b))

    def unary(self, name: str, a: Node) -> Node:
        """A function of one argument, by its name in `UNARY`."""
        return self._made(name, a)

    def power(self, a: Node, b: Node) -> Node:
        """a to the b: multiplied out for small whole b, a root for halves."""
        exponent = self.value(b)
        if exponent is not None and 2 * exponent == int(2 * exponent) and abs(exponent) <= 16:
            whole = self._whole_power(a, int(abs(exponent)))
            if exponent != int(exponent):
                whole = self.mul(whole, self.unary("sqrt", a))
            return self.inv(whole) if exponent < 0 else whole
        return self.node("pow", a, b)

    def less(self, a: Node, b: Node, *, equal: bool = False) -> Node:
        """Whether a < b (or a <= b); a truth value, for `choose` only."""
        return self.node("le" if equal else "lt", a, b)

    def logic(self, name: str, *args: Node) -> Node:
        """`and`, `or`, `not`, `true` or `false` of truth values, or `eq` of numbers."""
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
            found = self.fma(args[0], args[1], found) if op == "mul" else self.add(found, k)  # type: ignore[arg-type]
        return found

    def reached(self, ends: Iterable[Node], given: Container[Node] = ()) -> list[Node]:
        """Every node that the `ends` are computed from, themselves included, in order; what is `given` is not computed."""
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
        return () if op in ("const", "load") else args  # type: ignore[return-value]

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
                return self.const(_FOLDED[op](*values))  # type: ignore[operator]
            except (ValueError, ArithmeticError):
                pass  # 1/0 or log(-1) is found when it is computed, and reported with its day
        return self.node(op, *args)
