"""A model's equations as nodes of a graph: slopes, Jacobian, outputs, and what parameters fix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...model.declaration import Expression, Model
from ...units import coherent_factor
from .calculus import tangent
from .elimination import Entries
from .graph import TRUTHS, Graph, Node
from .translate import translate


@dataclass(frozen=True, slots=True, eq=False)
class Equations:
    """A model and the graph its equations are written into; `names` holds parameters and derived parameters."""

    graph: Graph
    model: Model
    names: Mapping[str, Node]

    def slopes(self, t: Node, y: Sequence[Node]) -> list[Node]:
        """Rates of change without infusions."""
        running = self._running(t, y)
        return [translate(self.graph, e, running) for e in self.model.derivatives.values()]

    def outputs(self, t: Node, y: Sequence[Node]) -> list[Node]:
        """Every output in its own unit."""
        g, running = self.graph, self._running(t, y)
        units = (g.const(1 / coherent_factor(o.unit, self.model.time)) for o in self.model.outputs)
        found = (translate(g, o.expression, running) for o in self.model.outputs)
        return [g.mul(value, unit) for value, unit in zip(found, units, strict=True)]

    def fixed(self) -> list[Node]:
        """Initial values, scales, routes (bioavailability, lag, content, rate, duration each), requirements (smaller,
        larger each), and derived parameters.
        """
        model = self.model
        found = [self._in_unit(s.initial, s.unit) for s in model.states]
        found += [self._in_unit(s.scale, s.unit) for s in model.states]
        for r in model.routes:
            found += [translate(self.graph, e, self.names) for e in (r.bioavailability, r.lag, r.content)]
            found += [self._in_unit(r.rate, f"{r.unit}/{model.time}"), translate(self.graph, r.duration, self.names)]
        found += [translate(self.graph, e, self.names) for q in model.requirements for e in (q.smaller, q.larger)]
        return found + [self.names[d.name] for d in model.derived]

    def _running(self, t: Node, y: Sequence[Node]) -> dict[str, Node]:
        """Every name an equation may use, at one time and state."""
        states = {s.name: k for s, k in zip(self.model.states, y, strict=True)}
        running = dict(self.names) | states | {"time": t}
        for rate in self.model.rates:
            running[rate.name] = translate(self.graph, rate.expression, running)
        return running

    def _in_unit(self, expression: Expression, unit: str) -> Node:
        """A bare number is in the given unit; an expression is coherent already."""
        if expression.is_number:
            return self.graph.const(float(expression) * coherent_factor(unit, self.model.time))
        return translate(self.graph, expression, self.names)


def equations(g: Graph, model: Model) -> Equations:
    """The equations of a model, whose parameters are the array p."""
    names: dict[str, Node] = {d.name: g.load("p", k) for k, d in enumerate(model.parameters)}
    found = Equations(g, model, names)
    for d in model.derived:
        names[d.name] = found._in_unit(d.expression, d.unit)
    return found


def jacobian(g: Graph, slopes: Sequence[Node], y: Sequence[Node]) -> Entries:
    """The entries of the Jacobian that are not zero whatever the numbers, by (row, column)."""
    found: dict[tuple[int, int], Node] = {}
    for j, state in enumerate(y):
        along = tangent(g, {state: g.const(1)})
        entries = {i: along(slope) for i, slope in enumerate(slopes)}
        found |= {(i, j): e for i, e in entries.items() if not g.is_value(e, 0.0)}
    return found


def constants(g: Graph, ends: Sequence[Node]) -> list[Node]:
    """What depends on parameters only and is used by something that does not, so that it is computed once a patient."""
    still: set[Node] = set()
    wanted = set(ends)
    for k in g.reached(ends):
        op, *args = g.terms[k]
        fixed = args[0] == "p" if op == "load" else all(a in still for a in g.arguments(k))  # a constant has none
        if fixed and op not in TRUTHS:
            still.add(k)
        else:
            wanted.update(g.arguments(k))
    return sorted(k for k in wanted & still if g.terms[k][0] not in ("const", "load"))
