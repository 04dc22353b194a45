"""Sparse elimination written out: the order is found from the pattern of the matrix, before any number is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .graph import Graph, Node

Entries = Mapping[tuple[int, int], Node]


@dataclass(frozen=True, slots=True)
class Factors:
    """L and D^-1 U of a matrix: `lower` by (row, pivot), `upper` by (pivot, column), and D^-1, one over each pivot.

    U is divided by the pivots beforehand, so that solving waits for one operation per level.
    """

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
    while left:
        pivot = min(left, key=lambda k: (_fill(rest, k), k))
        left.remove(pivot)
        inverse[pivot] = g.inv(rest.pop((pivot, pivot)))
        row = {j: rest.pop((i, j)) for i, j in sorted(rest) if i == pivot}
        column = {i: rest.pop((i, j)) for i, j in sorted(rest) if j == pivot}
        upper |= {(pivot, j): g.mul(entry, inverse[pivot]) for j, entry in row.items()}
        for i, entry in column.items():
            lower[i, pivot] = g.mul(entry, inverse[pivot])
            for j, above in row.items():
                rest[i, j] = g.fma(g.neg(lower[i, pivot]), above, rest.get((i, j), g.const(0)))
    return Factors(tuple(inverse), lower, upper, inverse)


def solve(g: Graph, factors: Factors, right: Sequence[Node]) -> list[Node]:
    """The solution of L U x = right, forward and back; what is known last enters each sum last."""
    x, known = list(right), dict.fromkeys(factors.order, 0)
    place = {k: n for n, k in enumerate(factors.order)}

    def add(k: int, entries: Entries, columns: list[int]) -> None:
        for j in sorted(columns, key=lambda j: known[j]):
            x[k] = g.fma(g.neg(entries[k, j]), x[j], x[k])
            known[k] = max(known[k], known[j]) + 1

    for k in factors.order:
        add(k, factors.lower, sorted((j for i, j in factors.lower if i == k), key=lambda j: place[j]))
    for k in reversed(factors.order):
        x[k] = g.mul(x[k], factors.inverse[k])
        add(k, factors.upper, sorted((j for i, j in factors.upper if i == k), key=lambda j: -place[j]))
    return x


def _fill(rest: Entries, k: int) -> int:
    row = sum(1 for i, j in rest if i == k and j != k)
    column = sum(1 for i, j in rest if j == k and i != k)
    return row * column
