"""The LLVM text of one step: its stages, the sums between them, solution, error and dense output.

The later stages are one function, called seven times: written out seven times, they would not fit where a processor
keeps the instructions it has decoded, and it would wait for its own code. The sums over stages are the same for every
state, so they run over whole vectors even for one patient; only what the last stage adds, for which the next one waits,
is added inside that stage. The frame, the memory of one step, holds k of each stage and the arrays of a `Stages`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

from .elementary import rough_power
from .graph import Graph, Node
from .llvm import Constants, Place, Store, function, table
from .rosenbrock import DENSE, STAGES, A, C, Stages, clock

_POINTERS = ("ptr noalias %ws", "ptr noalias %frame")
_STAGE_POINTERS = (*_POINTERS, "ptr %before", "ptr %after", "ptr noalias %stage")
# k of the last stage is the error of the embedded solution, of order 4. That of the solution taken, of order 5, is
# smaller: with this share of it, a relative tolerance leaves about the error that LSODA or CVODE leave with theirs.
SHARE = 0.2
# Nodes that stand in memory already, as an array and an index.
Given = Mapping[Node, tuple[str, int]]
# For one vector of numbers: given a graph and what reads an array there, the arrays and nodes to be written.
Rows = Callable[[Graph, Callable[[str], Node]], list[tuple[str, Node]]]


def step_text(
    g: Graph, step: Stages, moved: int, workspace: Mapping[str, Place], width: int, given: Given = MappingProxyType({})
) -> str:
    """`void step(ws)`: from t, h, y, p, rate, rtol and atol in the workspace to next, error, growth, d1, d2 and d3.

    The first `moved` numbers of the state are those with tolerances.
    """
    n = step.sizes["after"]
    sizes = dict.fromkeys((*(f"k{s}" for s in range(STAGES)), "base", "past"), n) | {"square": moved}
    text = _Text(width, sizes | {"factor": step.sizes["factor"]}, workspace)
    text.plain("start", _POINTERS, g, step.start, given, after=text.places["k0"])
    pointers = {name: Place(f"%{name}", shared=name == "stage") for name in ("before", "after", "stage")}
    text.plain("stage", _STAGE_POINTERS, g, step.stage, given, **pointers)
    text.call("start")
    for s in range(1, STAGES):
        text.vectors(f"sums{s}", 0, n, partial(_sums, s))
        text.call_stage(s)
    text.vectors("weigh", 0, moved, _weighed)
    if n > moved:
        text.vectors("rest", moved, n - moved, lambda g, at: [("next", _solution(g, at))])
    norm = Graph()
    text.plain("norm", _POINTERS, norm, _norm(norm, moved), {})
    text.call("norm")
    text.vectors("dense", 0, n, _dense)
    return text.whole()


@dataclass(slots=True)
class _Text:
    """A growing text: functions, and calls of them in `step`."""

    width: int
    sizes: Mapping[str, int]
    workspace: Mapping[str, Place]
    constants: Constants = field(default_factory=Constants)
    functions: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    @property
    def places(self) -> dict[str, Place]:
        """Every array, those of the frame one after the other."""
        found, offset = dict(self.workspace), 0
        for name, size in self.sizes.items():
            found[name] = Place("%frame", offset)
            offset += size * self.width
        return found

    def plain(
        self,
        name: str,
        arguments: Sequence[str],
        g: Graph,
        stores: Sequence[Store],
        given: Given,
        **others: Place,
    ) -> None:
        """A function that does the same in every lane."""
        places = self.places | others
        self.functions.append(function(g, name, arguments, places, stores, self.width, given, self.constants))

    def vectors(self, name: str, first: int, size: int, rows: Rows) -> None:
        """A function, and its call, that does the same with each number of arrays, from `first` on.

        For one patient the vectors run along its states, and the last one may repeat what another did.
        """
        size, turns = size * self.width, 1
        v = self.width if self.width > 1 else 1 << min(3, size.bit_length() - 1)
        starts = sorted({*range(0, size - v + 1, v), size - v})
        if self.width > 1 and len(starts) > 1:
            starts, turns = [0], len(starts)
        g, stores = Graph(), list[Store]()
        places = {"rtol": replace(self.places["rtol"], shared=self.width == 1)}
        for start in starts:
            for array, place in self.places.items():
                offset = place.offset + first * self.width + start
                places[f"{array} {start}"] = Place(place.pointer + (".at" if turns > 1 else ""), offset)
            made = rows(g, partial(_load, g, start))
            stores += [Store(f"{array} {start}", 0, node) for array, node in made]
        self.functions.append(function(g, name, _POINTERS, places, stores, v, constants=self.constants, turns=turns))
        self.call(name)

    def call(self, name: str, others: str = "") -> None:
        """A call of a function that has been written."""
        self.calls.append(f"call void @{name}(ptr %ws, ptr %frame, {others}ptr @constants)")

    def call_stage(self, s: int) -> None:
        """The call for stage s, which reads k of the stage before and writes its own."""
        n = self.sizes["k0"] * self.width
        for name, base, offset in (
            ("before", "%frame", (s - 1) * n),
            ("after", "%frame", s * n),
            ("of", "@stages", 4 * s),
        ):
            self.calls.append(f"%{name}{s} = getelementptr double, ptr {base}, i64 {offset}")
        self.call("stage", f"ptr %before{s}, ptr %after{s}, ptr %of{s}, ")

    def whole(self) -> str:
        """Everything, with `step` at the end."""
        alpha, kappa = clock()
        newest = [(row[-1] if row else 0.0) for rows in (A, C) for row in rows]
        columns = zip(newest[:STAGES], newest[STAGES:], alpha, kappa, strict=True)
        stages = table("stages", [x for column in columns for x in column])
        frame = f"%frame = alloca [{sum(self.sizes.values()) * self.width} x double], align 64"
        body = "\n".join(f"  {line}" for line in (frame, *self.calls))
        step = f"define void @step(ptr %ws) {{\n{body}\n  ret void\n}}\n"
        return "\n".join([*self.functions, stages, self.constants.text("constants"), step])


def _load(g: Graph, start: int, array: str) -> Node:
    return g.load(f"{array} {start}", 0)


def _sums(s: int, g: Graph, at: Callable[[str], Node]) -> list[tuple[str, Node]]:
    """What the stages up to s - 2 add to stage s; from the seventh on, the state is the one before plus its k."""
    base, weights = ("y", A[s][: s - 1]) if s < 6 else ("base", (*[0.0] * (s - 2), A[s - 1][s - 2]))
    return [("base", _sum(g, at, at(base), weights)), ("past", _sum(g, at, g.const(0), C[s][: s - 1]))]


def _sum(g: Graph, at: Callable[[str], Node], found: Node, weights: Sequence[float]) -> Node:
    for j, weight in enumerate(weights):
        found = g.fma(g.const(weight), at(f"k{j}"), found) if weight else found
    return found


def _solution(g: Graph, at: Callable[[str], Node]) -> Node:
    return _sum(g, at, at("base"), (0, 0, 0, 0, 0, 0, 1, 1))


def _weighed(g: Graph, at: Callable[[str], Node]) -> list[tuple[str, Node]]:
    """The solution, and the square of the error in units of its tolerance."""
    after = _solution(g, at)
    # by the state before the step: one that leaps over a pole lands far out, where any error would be small
    part = g.div(at("k7"), g.fma(g.load("rtol", 0), g.unary("abs", at("y")), at("atol")))
    # zero times the solution: a step to infinity has no error, and must not be taken
    return [("next", after), ("square", g.node("fma", g.const(0), after, g.mul(part, part)))]


def _norm(g: Graph, n: int) -> list[Store]:
    """The root mean square of the errors, and to the power -1/5, by which the step may grow."""
    squares = [g.load("square", i) for i in range(n)]
    while len(squares) > 1:  # in pairs, since the next step waits for the sum
        squares = [g.total(squares[i : i + 2]) for i in range(0, len(squares), 2)]
    mean = g.mul(squares[0], g.const(SHARE**2 / n))
    return [Store("error", 0, g.unary("sqrt", mean)), Store("growth", 0, rough_power(g, mean, -0.1))]


def _dense(g: Graph, at: Callable[[str], Node]) -> list[tuple[str, Node]]:
    return [(f"d{r}", _sum(g, at, g.const(0), row)) for r, row in enumerate(DENSE, 1)]
