"""One step of Rodas5P as straight-line arithmetic: stages, solution, error and dense output.

Rosenbrock method of order 5 with an embedded one of order 4, stiffly stable: G. Steinebach, Construction of
Rosenbrock-Wanner method Rodas5P and numerical benchmarks within the Julia Differential Equations package, BIT
Numerical Mathematics 63, 27 (2023). With W = 1/(h gamma) - J:

    u_i = y + sum_j A_ij k_j,    W k_i = f(t + alpha_i h, u_i) + sum_j C_ij k_j / h + h kappa_i df/dt
    y(t + h) = u_8 + k_8,        error = k_8

The tests measure order 5 on a non-linear problem, for the solution and for the dense output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .elimination import Entries, factorise, solve
from .graph import Graph, Node

GAMMA = 0.21193756319429014
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
class Step:
    """What one step yields: the new state, the error of each state, and three rows of dense output.

    y(t + x h) = (1 - x) y + x (y1 + (1 - x) (d1 + x (d2 + x d3))).
    """

    solution: list[Node]
    error: list[Node]
    dense: tuple[list[Node], list[Node], list[Node]]


@dataclass(frozen=True, slots=True)
class System:
    """What a step is made from: f(t, u) with the infusions in it, J at the beginning, df/dt there.

    `product`, for sensitivities, gives what the movement of J adds to the right-hand side of the moved states.
    """

    slopes: Slopes
    jacobian: Entries
    in_time: Sequence[Node]


def step(g: Graph, system: System, t: Node, h: Node, y: Sequence[Node]) -> Step:
    """The nodes of one step from (t, y)."""
    n, inverse_h = len(y), g.inv(h)
    diagonal = g.mul(inverse_h, g.const(1 / GAMMA))
    matrix = {(i, j): g.neg(entry) for (i, j), entry in system.jacobian.items()}
    matrix |= {(i, i): g.add(diagonal, matrix.get((i, i), g.const(0))) for i in range(n)}
    factors = factorise(g, matrix)
    alpha, kappa = _clock()
    k: list[list[Node]] = []
    u = list(y)
    for s in range(8):
        u = _stage(g, s, y, u, k)
        f = system.slopes(g.fma(g.const(alpha[s]), h, t) if alpha[s] else t, u)
        right = []
        for i in range(n):
            past = g.total([g.mul(g.const(c), k[j][i]) for j, c in enumerate(C[s])])
            moved = g.mul(g.mul(g.const(kappa[s]), h), system.in_time[i])
            right.append(g.add(g.fma(past, inverse_h, f[i]), moved))
        k.append(solve(g, factors, right))
    dense = tuple([g.total([g.mul(g.const(w), k[j][i]) for j, w in enumerate(row)]) for i in range(n)] for row in DENSE)
    return Step([g.add(a, b) for a, b in zip(u, k[7], strict=True)], k[7], dense)  # type: ignore[arg-type]


def _stage(g: Graph, s: int, y: Sequence[Node], u: Sequence[Node], k: Sequence[Sequence[Node]]) -> list[Node]:
    """The state of stage s; from the seventh on, it is the one before plus its k."""
    if s >= 6:
        return [g.add(u[i], k[s - 1][i]) for i in range(len(y))]
    return [g.add(y[i], g.total([g.mul(g.const(a), k[j][i]) for j, a in enumerate(A[s])])) for i in range(len(y))]


def _clock() -> tuple[list[float], list[float]]:
    """alpha and kappa: what the stages do to the state t' = 1, in units of h; rounded, since three are 0 and three 1."""
    kappa: list[float] = []
    for row in C:
        kappa.append(round(GAMMA * (1 + sum(c * x for c, x in zip(row, kappa, strict=True))), 13))
    alpha = [round(sum(a * x for a, x in zip(row, kappa, strict=False)), 13) for row in A]
    return alpha, kappa
