"""The whole program of a model: functions that fix its parameters, take one step, give slopes and compute outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...model.declaration import Model
from .calculus import tangent
from .equations import constants, equations, jacobian
from .graph import Graph, Node
from .llvm import Place, Store, function, prelude
from .memory import WIDTH, Layout
from .rosenbrock import Stages, System, stages
from .stepping_text import step_text


@dataclass(frozen=True, slots=True)
class Program:
    """Texts of machine code by width, and the shapes of what it reads and writes.

    `fixed` reads the model's own parameters and writes, in this order: all that the other functions call p, initial
    values, scales, routes (bioavailability, lag, content, rate, duration each), requirements (smaller, larger
    each), and derived parameters.

    A sensitive program carries the derivatives of one parameter along: every array is twice as long, values first and
    then how fast they move with that parameter. The steps are those of the values, so the derivatives are exactly
    those of the computed solution.
    """

    texts: Mapping[int, str]
    layout: Layout
    own: int
    fixed: int
    entered: tuple[int, ...]


def program(model: Model, *, sensitive: bool = False) -> Program:
    """Everything that is computed from a model's symbols, as LLVM text."""
    g = Graph()
    made = equations(g, model)
    n, own = len(model.states), len(model.parameters)
    clock, y = g.load("t", 0), [g.load("y", i) for i in range(n)]
    entered = tuple(sorted({[s.name for s in model.states].index(r.into) for r in model.routes}))

    def slopes(t: Node, u: Sequence[Node]) -> list[Node]:
        found = made.slopes(t, u)
        return [g.add(f, g.load("rate", entered.index(i))) if i in entered else f for i, f in enumerate(found)]

    plain = made.slopes(clock, y)
    in_time = [tangent(g, {clock: g.const(1)})(f) for f in plain]
    taken = stages(g, System(slopes, jacobian(g, plain, y), in_time), clock, g.load("h", 0), y)
    slope = [Store("slope", i, f) for i, f in enumerate(slopes(clock, y))]
    parts = _Parts(g, taken, slope, made.outputs(clock, y), made.fixed(), {})
    ends = [s.node for s in (*taken.start, *taken.stage, *slope)]
    still = constants(g, ends + parts.outputs)
    p = [g.load("p", k) for k in range(own)] + still
    parts = _Parts(g, taken, slope, parts.outputs, p + parts.fixed, _given(still, own))
    layout = Layout(n, n, len(p), len(entered))
    if sensitive:
        parts, layout = _doubled(g, parts, p, own, layout), Layout(2 * n, n, 2 * len(p), 2 * len(entered))
    texts = {w: _text(parts, layout, own, w) for w in (1, WIDTH)}
    return Program(texts, layout, own, len(parts.fixed), entered)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """What the functions of a program compute; `given` are nodes they find in p instead."""

    graph: Graph
    stages: Stages
    slopes: list[Store]
    outputs: list[Node]
    fixed: list[Node]
    given: dict[Node, tuple[str, int]]


def _given(still: Sequence[Node], own: int) -> dict[Node, tuple[str, int]]:
    return {k: ("p", own + j) for j, k in enumerate(still)}


def _doubled(g: Graph, parts: _Parts, p: Sequence[Node], own: int, layout: Layout) -> _Parts:
    """The same, with the derivatives along one parameter, which stand behind the values in every array."""
    seeds = {g.load("y", i): g.load("y", layout.states + i) for i in range(layout.states)}
    seeds |= {g.load("rate", j): g.load("rate", layout.rates + j) for j in range(layout.rates)}
    seeds |= {k: g.load("p", len(p) + j) for j, k in enumerate(p)}
    along = tangent(g, seeds)
    directly = tangent(g, {p[k]: g.load("direction", k) for k in range(own)})
    fixed = parts.fixed + [directly(k) for k in parts.fixed]
    outputs = parts.outputs + [along(k) for k in parts.outputs]
    return _Parts(g, parts.stages.moved(g, seeds), parts.slopes, outputs, fixed, parts.given)


def _text(parts: _Parts, layout: Layout, own: int, width: int) -> str:
    """The program for one width; outputs are computed over rows, so they need the wide one only."""
    g, workspace = parts.graph, {name: Place("%ws", layout.offset(name) * width) for name in layout.sections}
    numbers = {"p": Place("%own"), "direction": Place("%own", own * width), "fixed": Place("%fixed")}
    fixed = [Store("fixed", k, node) for k, node in enumerate(parts.fixed)]
    texts = [
        prelude(width),
        step_text(g, parts.stages, layout.moved, workspace, width, parts.given),
        function(g, "slopes", ["ptr %ws"], workspace, parts.slopes, width, parts.given),
        function(g, "fixed", ["ptr %own", "ptr %fixed"], numbers, fixed, width),
    ]
    rows = {"y": Place("%y", stride="%stride"), "p": Place("%p", shared=True)}
    places = rows | {name: Place(f"%{name}") for name in ("t", "out")}
    pointers = ["ptr %t", "ptr %y", "ptr %p", "ptr %out", "i64 %stride"]
    for k, node in enumerate(parts.outputs if width > 1 else ()):
        texts.append(function(g, f"row{k}", pointers, places, [Store("out", 0, node)], width, parts.given))
        texts.append(_over_rows(f"output{k}", f"row{k}", width))
    return "\n".join(texts)


def _over_rows(name: str, inner: str, width: int) -> str:
    """An output of many patients: for each, a loop over its rows, a vector of them at a time.

    `stride` rows a patient; `ys` and `ps` numbers lie between the states and parameters of one patient and the next.
    """
    arguments = "ptr %t, ptr %y, ptr %p, ptr %out, i64 %stride, i64 %patients, i64 %ys, i64 %ps"
    return f"""define void @{name}({arguments}) {{
  br label %patient
patient:
  %k = phi i64 [0, %0], [%k1, %last]
  %yk = mul i64 %k, %ys
  %pk = mul i64 %k, %ps
  %ok = mul i64 %k, %stride
  %y0 = getelementptr double, ptr %y, i64 %yk
  %p0 = getelementptr double, ptr %p, i64 %pk
  %o0 = getelementptr double, ptr %out, i64 %ok
  br label %row
row:
  %i = phi i64 [0, %patient], [%i1, %row]
  %ti = getelementptr double, ptr %t, i64 %i
  %yi = getelementptr double, ptr %y0, i64 %i
  %oi = getelementptr double, ptr %o0, i64 %i
  call void @{inner}(ptr %ti, ptr %yi, ptr %p0, ptr %oi, i64 %stride)
  %i1 = add i64 %i, {width}
  %more = icmp ult i64 %i1, %stride
  br i1 %more, label %row, label %last
last:
  %k1 = add i64 %k, 1
  %others = icmp ult i64 %k1, %patients
  br i1 %others, label %patient, label %done
done:
  ret void
}}
"""
