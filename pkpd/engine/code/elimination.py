"""Sparse elimination written out: the order is found from the pattern of the matrix, before any number is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .graph import Graph, Node

Entries = Mapping[tuple[int, int], Node]


@dataclass(frozen=True, slots=True)
class Factors:
    """L and U of a matrix: `lower` by (row, pivot), `upper` by (pivot, column), and the inverse of each pivot."""

    order: tuple[int, ...]
    lower: Entries
    upper: Entries
    inverse: Mapping[int, Node]


def factorise(g: Graph, matrix: Entries) -> Factors:
    """Eliminate along the diagonal, each time where the least fill can arise (Markowitz' count).

    There is no search for large pivots: the matrices are 1/(h gamma) - J, whose diagonal grows as the step shrinks, so
    a bad pivot shows as a large error and a smaller step.
    """
    rest = dict(matrix)
    left = sorted({i for i, _ in rest})
    lower: dict[tuple[int, int], Node] = {}
    upper: dict[tuple[int, int], Node] = {}
    inverse: dict[int, Node] = {}
    order: list[int] = []
    while left:
        pivot = min(left, key=lambda k: (_fill(rest, k), k))
        left.remove(pivot)
        order.append(pivot)
        inverse[pivot] = g.inv(rest.pop((pivot, pivot)))
        row = {j: rest.pop((i, j)) for i, j in sorted(rest) if i == pivot}
        column = {i: rest.pop((i, j)) for i, j in sorted(rest) if j == pivot}
        upper |= {(pivot, j): entry for j, entry in row.items()}
        for i, entry in column.items():
            lower[i, pivot] = g.mul(entry, inverse[pivot])
            for j, above in row.items():
                rest[i, j] = g.fma(g.neg(lower[i, pivot]), above, rest.get((i, j), g.const(0)))
    return Factors(tuple(order), lower, upper, inverse)


def solve(g: Graph, factors: Factors, right: Sequence[Node]) -> list[Node]:
    """The solution of L U x = right, forward and back."""
    x = list(right)
    for pivot in factors.order:
        for i, p in factors.lower:
            if p == pivot:
                x[i] = g.fma(g.neg(factors.lower[i, p]), x[pivot], x[i])
    for pivot in reversed(factors.order):
        for p, j in factors.upper:
            if p == pivot:
                x[pivot] = g.fma(g.neg(factors.upper[p, j]), x[j], x[pivot])
        x[pivot] = g.mul(x[pivot], factors.inverse[pivot])
    return x


def _fill(rest: Entries, k: int) -> int:
    row = sum(1 for i, j in rest if i == k and j != k)
    column = sum(1 for i, j in rest if j == k and i != k)
    return row * column
