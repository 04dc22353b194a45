"""One step of Rodas5P as arithmetic on a graph: the first stage, and any later one (`stepping_text` joins them).

Rosenbrock method of order 5 with an embedded one of order 4, stiffly stable: G. Steinebach, Construction of
Rosenbrock-Wanner method Rodas5P and numerical benchmarks within the Julia Differential Equations package, BIT
Numerical Mathematics 63, 27 (2023). With W = 1/(h gamma) - J:

    u_i = y + sum_j A_ij k_j,    W k_i = f(t + alpha_i h, u_i) + sum_j C_ij k_j / h + h kappa_i df/dt
    y(t + h) = u_8 + k_8,        error = k_8

The tests measure order 5 on a non-linear problem, for the solution and for the dense output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .calculus import tangent
from .elimination import Entries, Factors, factorise, solve
from .graph import Graph, Node
from .llvm import Store

GAMMA = 0.21193756319429014
STAGES = 8
A: tuple[tuple[float, ...], ...] = (
    (),
    (3.0,),
    (2.849394379747939, 0.45842242204463923),
    (-6.954028509809101, 2.489845061869568, -10.358996098473584),
    (2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641),
    (-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946),
    (-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946, 1.0),
    (-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946, 1.0, 1.0),
)
C: tuple[tuple[float, ...], ...] = (
    (),
    (-14.155112264123755,),
    (-17.97296035885952, -2.859693295451294),
    (147.12150275711716, -1.41221402718213, 71.68940251302358),
    (165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306),
    (24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471),
    (
        30.91273214028599,
        -3.1208243349937974,
        77.79954646070892,
        34.28646028294783,
        -19.097331116725623,
        -28.087943162872662,
    ),
    (
        37.80277123390563,
        -3.2571969029072276,
        112.26918849496327,
        66.9347231244047,
        -40.06618937091002,
        -54.66780262877968,
        -9.48861652309627,
    ),
)
DENSE: tuple[tuple[float, ...], ...] = (
    (
        25.948786856663858,
        -2.5579724845846235,
        10.433815404888879,
        -2.3679251022685204,
        0.524948541321073,
        1.1241088310450404,
        0.4272876194431874,
        -0.17202221070155493,
    ),
    (
        -9.91568850695171,
        -0.9689944594115154,
        3.0438037242978453,
        -24.495224566215796,
        20.176138334709044,
        15.98066361424651,
        -6.789040303419874,
        -6.710236069923372,
    ),
    (
        11.419903575922262,
        2.8879645146136994,
        72.92137995996029,
        80.12511834622643,
        -52.072871366152654,
        -59.78993625266729,
        -0.15582684282751913,
        4.883087185713722,
    ),
)

Slopes = Callable[[Node, Sequence[Node]], list[Node]]


@dataclass(frozen=True, slots=True)
class System:
    """What a step is made from: f(t, u) with the infusions in it, J at the beginning, df/dt there."""

    slopes: Slopes
    jacobian: Entries
    in_time: Sequence[Node]


@dataclass(frozen=True, slots=True)
class Stages:
    """What a step computes: `start` and `stage` write, among others, k of their stage to the array "after".

    `start` reads time, step and state, and keeps in "factor" what all stages need. `stage` adds what the stage before,
    whose k it finds in "before", contributes to the sums over earlier stages, which stand in "base" (y + sum A k) and
    "past" (sum C k); "stage" holds its coefficients of that k in A and C, alpha and kappa. `sizes` tells how many
    numbers each of these arrays has.
    """

    start: Sequence[Store]
    stage: Sequence[Store]
    sizes: Mapping[str, int]

    def moved(self, g: Graph, seeds: Mapping[Node, Node]) -> Stages:
        """The step with its derivatives along the seeds, which stand behind the values in every array."""
        behind = {g.load(a, i): g.load(a, n + i) for a, n in self.sizes.items() for i in range(n)}
        along = tangent(g, {**seeds, **behind})

        def both(stores: Sequence[Store]) -> list[Store]:
            return [*stores, *(Store(s.array, self.sizes[s.array] + s.index, along(s.node)) for s in stores)]

        return Stages(both(self.start), both(self.stage), {a: 2 * n for a, n in self.sizes.items()})


def stages(g: Graph, system: System, t: Node, h: Node, y: Sequence[Node]) -> Stages:
    """The nodes of one step from (t, y)."""
    kept: dict[Node, int] = {}

    def keep(node: Node) -> Node:
        return node if g.value(node) is not None else g.load("factor", kept.setdefault(node, len(kept)))

    n, inverse_h = len(y), g.inv(h)
    factors = factorise(g, _matrix(g, system.jacobian, inverse_h, n))
    first = solve(g, factors, _right(g, system, t, h, y, g.const(clock()[1][0])))
    before = [g.load("before", i) for i in range(n)]
    a, c, alpha, kappa = (g.load("stage", i) for i in range(4))
    u = [g.fma(a, k, g.load("base", i)) for i, k in enumerate(before)]
    later = System(system.slopes, {}, [keep(k) for k in system.in_time])
    right = _right(g, later, g.fma(alpha, h, t), h, u, kappa)
    past = [g.fma(c, k, g.load("past", i)) for i, k in enumerate(before)]
    right = [g.fma(p, keep(inverse_h), r) for p, r in zip(past, right, strict=True)]
    stage = solve(g, _each(factors, keep), right)
    start = [*_stores("after", first), *_stores("factor", kept)]
    sizes = {"after": n, "before": n, "base": n, "past": n, "factor": len(kept)}
    return Stages(start, _stores("after", stage), sizes)


def _matrix(g: Graph, jacobian: Entries, inverse_h: Node, n: int) -> Entries:
    """1/(h gamma) - J."""
    diagonal = g.mul(inverse_h, g.const(1 / GAMMA))
    matrix = {at: g.neg(entry) for at, entry in jacobian.items()}
    return matrix | {(i, i): g.add(diagonal, matrix.get((i, i), g.const(0))) for i in range(n)}


def _right(g: Graph, system: System, t: Node, h: Node, u: Sequence[Node], kappa: Node) -> list[Node]:
    """f(t, u) + h kappa df/dt."""
    moved = g.mul(kappa, h)
    return [g.fma(moved, d, f) for d, f in zip(system.in_time, system.slopes(t, u), strict=True)]


def _each(factors: Factors, keep: Callable[[Node], Node]) -> Factors:
    """The factors as the later stages find them."""
    lower, upper = ({at: keep(k) for at, k in entries.items()} for entries in (factors.lower, factors.upper))
    return Factors(factors.order, lower, upper, {i: keep(k) for i, k in factors.inverse.items()})


def _stores(array: str, nodes: Iterable[Node]) -> list[Store]:
    return [Store(array, i, node) for i, node in enumerate(nodes)]


def clock() -> tuple[list[float], list[float]]:
    """alpha and kappa: what the stages do to the state t' = 1, in units of h."""
    kappa: list[float] = []
    for row in C:
        kappa.append(_whole(GAMMA * (1 + sum(c * x for c, x in zip(row, kappa, strict=True)))))
    return [_whole(sum(a * x for a, x in zip(row, kappa, strict=False))) for row in A], kappa


def _whole(x: float) -> float:
    """Without the rounding of a sum that is 0 or 1: three of alpha are 1, and three of kappa are 0."""
    return float(round(x)) if abs(x - round(x)) < 1e-9 else x
