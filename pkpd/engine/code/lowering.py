"""The last form of a graph before it is written down: functions expanded, in the order in which it should run."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence

from .elementary import exponential, logarithm, parity, power
from .graph import Graph, Node

_EXPANDED: Mapping[str, Callable[..., Node]] = {"exp": exponential, "log": logarithm, "pow": power, "parity": parity}
# Roughly how many cycles an operation keeps others waiting on today's processors; what is not named takes 3.
_LATENCY = {"const": 0, "neg": 0, "load": 5, "fma": 4, "mul": 4, "inv": 13, "div": 13, "sqrt": 20}


def lowered(g: Graph, ends: Sequence[Node], given: Mapping[Node, tuple[str, int]]) -> tuple[Graph, list[Node]]:
    """A graph of what the ends need, and the ends in it: no exp, log, pow or parity, and `given` nodes are loads."""
    made, known = Graph(), dict[Node, Node]()
    for k in g.reached(ends, given):
        op, args = g.terms[k][0], [known[a] for a in g.arguments(k)] if k not in given else []
        if k in given:
            known[k] = made.load(*given[k])
        elif op in _EXPANDED:
            known[k] = _EXPANDED[op](made, *args)
        else:
            known[k] = made.node(op, *args) if args else made.node(*g.terms[k])
    return made, [known[k] for k in ends]


def ordered(g: Graph, ends: Sequence[Node]) -> list[Node]:
    """The nodes of the ends so that those which most depends on come first, each when its arguments are there.

    A processor looks a few hundred operations ahead: what it can start on must not stand behind what has to wait.
    """
    nodes = g.reached(ends)
    users: dict[Node, list[Node]] = {k: [] for k in nodes}
    for k in nodes:
        for a in set(g.arguments(k)):
            users[a].append(k)
    length = _lengths(g, nodes, users)
    waits = {k: len(set(g.arguments(k))) for k in nodes}
    ready_at = dict.fromkeys(nodes, 0)
    coming = [(0, k) for k in nodes if not waits[k]]
    ready: list[tuple[int, Node]] = []
    now, found = 0, []
    while coming or ready:
        now = now if ready else max(now, coming[0][0])
        while coming and coming[0][0] <= now:
            k = heapq.heappop(coming)[1]
            heapq.heappush(ready, (-length[k], k))
        k = heapq.heappop(ready)[1]
        found.append(k)
        for u in users[k]:
            ready_at[u] = max(ready_at[u], now + _latency(g, k))
            waits[u] -= 1
            if not waits[u]:
                heapq.heappush(coming, (ready_at[u], u))
        now += 0 if g.terms[k][0] in ("const", "load") else 1
    return found


def _lengths(g: Graph, nodes: Sequence[Node], users: Mapping[Node, Sequence[Node]]) -> dict[Node, int]:
    """How long the longest chain of operations is that begins with each node."""
    found: dict[Node, int] = {}
    for k in reversed(nodes):
        found[k] = _latency(g, k) + max((found[u] for u in users[k]), default=0)
    return found


def _latency(g: Graph, k: Node) -> int:
    return _LATENCY.get(g.terms[k][0], 3)
