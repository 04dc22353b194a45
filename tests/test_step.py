"""One step of Rodas5P as machine code: its orders, its stability, its error, its derivatives, at every width."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import sympy
from machine_code import WIDTHS

from pkpd.engine.code.calculus import tangent
from pkpd.engine.code.graph import Graph, Node
from pkpd.engine.code.llvm import Place, prelude
from pkpd.engine.code.machine import Machine, compile_text
from pkpd.engine.code.rosenbrock import A, C, System, clock, stages
from pkpd.engine.code.stepping_text import step_text
from pkpd.engine.code.translate import translate

T, U, V = sympy.symbols("t u v", real=True)
# u = 2 + sin t and v = exp(-t/2) solve this non-linear system, in which time occurs by itself.
EXACT = (2 + sympy.sin(T), sympy.exp(-T / 2))
NONLINEAR = (
    sympy.cos(T) - U * V + EXACT[0] * EXACT[1] + (EXACT[0] ** 2 - U**2) / 3,
    -V * U / (1 + U) + V * EXACT[0] / (1 + EXACT[0]) - V / 2 - sympy.sinh(V - EXACT[1]),
)


class Steps:
    """The step of a system in t, u and v, taken by hand; `moved` has it carry the derivatives along the state."""

    def __init__(self, equations: Sequence[Any], width: int = 1, moved: bool = False) -> None:
        g, n = Graph(), len(equations)
        t, y = g.load("t", 0), [g.load("y", i) for i in range(n)]

        def slopes(t: Node, y: Sequence[Node]) -> list[Node]:
            return [translate(g, sympy.sympify(e), dict(zip("uv", y, strict=False)) | {"t": t}) for e in equations]

        def along(node: Node) -> Callable[[Node], Node]:
            return tangent(g, {node: g.const(1)})

        f = slopes(t, y)
        jacobian = {(i, j): along(y[j])(f[i]) for i in range(n) for j in range(n)}
        made = stages(g, System(slopes, jacobian, [along(t)(k) for k in f]), t, g.load("h", 0), y)
        if moved:
            made = made.moved(g, {k: g.load("y", n + i) for i, k in enumerate(y)})
        self.n, self.size, self.width = n, made.sizes["after"], width
        self.places, count = {}, 0
        for name in ("t", "h", "rtol", "error", "growth", "y", "atol", "next", "d1", "d2", "d3"):
            self.places[name] = Place("%ws", count * width)
            count += 1 if name in ("t", "h", "rtol", "error", "growth") else self.size
        self.ws = np.full((count, width), 1e-6)
        self.machine = Machine(compile_text(prelude(width) + step_text(g, made, n, self.places, width)))
        self.code = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.machine.address("step"))

    def __call__(self, t: Any, h: Any, y: Any) -> np.ndarray:
        """The state after a step; one column for each lane."""
        self.put("t", t)
        self.put("h", h)
        self.put("y", np.asarray(y, dtype=float).reshape(self.size, -1))
        self.code(self.ws.ctypes.data)
        return self.get("next")

    def put(self, name: str, value: Any) -> None:
        first = self.places[name].offset // self.width
        self.ws[first : first + np.asarray(value).shape[0] if np.ndim(value) == 2 else first + 1] = value

    def get(self, name: str) -> np.ndarray:
        first = self.places[name].offset // self.width
        return self.ws[first : first + (1 if name in ("error", "growth") else self.size)].copy()

    def inside(self, x: float) -> np.ndarray:
        """The state at a fraction x of the last step."""
        y, after, d1, d2, d3 = (self.get(name) for name in ("y", "next", "d1", "d2", "d3"))
        return (1 - x) * y + x * (after + (1 - x) * (d1 + x * (d2 + x * d3)))

    def go(self, end: float, count: int, begin: Sequence[float]) -> np.ndarray:
        """The state after equal steps from 0."""
        y = np.array(begin, dtype=float)[:, None]
        for k in range(count):
            y = self(k * end / count, end / count, y)
        return y


def _exact(t: float) -> np.ndarray:
    return np.array([[float(e.subs(T, t))] for e in EXACT])


@pytest.fixture(scope="module")
def nonlinear() -> Steps:
    return Steps(NONLINEAR)


def _orders(errors: list[float]) -> np.ndarray:
    return np.log2(np.array(errors[:-1]) / errors[1:])


def test_halving_the_step_divides_the_error_by_32(nonlinear: Steps):
    errors = [np.abs(nonlinear.go(2.0, n, [2, 1]) - _exact(2.0)).max() for n in (10, 20, 40, 80)]
    assert errors[-1] < 1e-9
    # order 5 in the limit; at these steps the next term of the error still shifts it by some tenths
    assert (np.abs(_orders(errors) - 5) < 0.4).all(), errors


def test_between_the_ends_of_a_step_the_error_falls_as_fast(nonlinear: Steps):
    errors = []
    for n in (10, 20, 40, 80):
        nonlinear.go(2.0, n, [2, 1])
        h = 2.0 / n
        inside = [np.abs(nonlinear.inside(x) - _exact(2.0 - h + x * h)).max() for x in (0.1, 0.3, 0.5, 0.7, 0.9)]
        errors.append(max(inside))
    # dense output has order 4: its own error within one step is of order 5 in the step, as the solution's
    assert (np.abs(_orders(errors) - 5) < 0.5).all(), errors
    np.testing.assert_array_equal(nonlinear.inside(0.0), nonlinear.get("y"))
    np.testing.assert_array_equal(nonlinear.inside(1.0), nonlinear.get("next"))


def test_the_estimated_error_is_that_of_order_4(nonlinear: Steps):
    estimates, real = [], []
    for h in (0.05, 0.025, 0.0125):
        real.append(np.abs(nonlinear(0.5, h, _exact(0.5)) - _exact(0.5 + h)).max())
        estimates.append(nonlinear.get("error").item())
    assert (np.abs(_orders(estimates) - 5) < 0.5).all(), estimates  # one step of order 4
    tolerance = 1e-6 * (1 + 2.5)
    assert (np.array(real) < tolerance * np.array(estimates)).all()  # the solution, of order 5, is better


def test_error_and_growth_follow_from_the_tolerances():
    made = Steps(NONLINEAR)
    made(0.0, 0.3, [2.0, 1.0])
    first = made.get("error").item()
    made.put("rtol", 2e-6)
    made.put("atol", np.full((2, 1), 2e-6))
    made(0.0, 0.3, [2.0, 1.0])
    assert made.get("error").item() == pytest.approx(first / 2, rel=1e-15)  # powers of two are exact
    assert made.get("growth").item() == pytest.approx(made.get("error").item() ** -0.2, rel=1e-3)  # it only steers
    made.put("atol", np.array([[1e30], [2e-6]]))
    made(0.0, 0.3, [2.0, 1.0])
    assert 0 < made.get("error").item() < first / 2  # only the second state counts


@pytest.mark.parametrize("equations", [(-U, -V / 2), (U, V / 2)])
def test_the_relative_tolerance_is_of_the_state_before_the_step(equations: Sequence[Any]):
    made, y = Steps(equations), np.array([[3.0], [1.0]])
    made.put("atol", np.zeros((2, 1)))
    made(0.0, 1.0, y)
    relative = made.get("error").item()
    made.put("atol", 1e-6 * y)
    made.put("rtol", 0.0)
    made(0.0, 1.0, y)
    assert made.get("error").item() == pytest.approx(relative, rel=1e-14)  # one product more is rounded


@pytest.mark.parametrize(
    ("equations", "begin"), [((U**2, U * V), [1e200, 1.0]), ((sympy.Float(1e308), -V), [1.5e308, 1.0])]
)
def test_a_step_to_infinity_is_no_step(equations: Sequence[Any], begin: Sequence[float]):
    """Even where the error itself is finite, and none in units of a tolerance that is infinite."""
    made = Steps(equations)
    assert not np.isfinite(made(0.0, 1.0, begin)).all()
    assert not made.get("error").item() <= 1
    assert np.isnan(made.get("growth")).all()


def test_linear_decay_is_stable_however_stiff():
    made = Steps((-1e9 * U, U - V))
    y = made.go(5.0, 5, [1.0, 1.0])
    # L-stable: R(z) tends to 0 as 1/z, and v decays as exp(-t), which steps of 1 take to 1e-3
    assert abs(y[0, 0]) < 1e-8
    assert y[1, 0] == pytest.approx(np.exp(-5), rel=0.05)


def test_a_stiff_state_follows_what_drives_it():
    """Prothero's and Robinson's problem: u is drawn to a moving value a million times faster than that moves."""
    goal = sympy.cos(T)
    made = Steps((-1e6 * (U - goal) + sympy.diff(goal, T),))
    y = made.go(2.0, 20, [1.0])
    assert y[0, 0] == pytest.approx(np.cos(2.0), abs=1e-8)  # an unstable method would be off by 1e6 to some power


def test_bits_do_not_depend_on_the_width():
    rng = np.random.default_rng(20240603)
    y, h, t, rtol = (rng.uniform(*ends) for ends in ((0.5, 3, (2, 16)), (0.01, 1, 16), (0, 5, 16), (1e-6, 1e-3, 16)))
    names = ("next", "error", "growth", "d1", "d2", "d3")

    def found(width: int, moved: bool) -> np.ndarray:
        made, blocks = Steps(NONLINEAR, width, moved), []
        state = np.concatenate([y, y[::-1]]) if moved else y
        for k in range(0, 16, width):
            lanes = slice(k, k + width)
            made.put("rtol", rtol[lanes])
            made(t[lanes], h[lanes], state[:, lanes])
            blocks.append(np.concatenate([made.get(name)[: 2 if len(name) != 5 else 1] for name in names]))
        return np.concatenate(blocks, axis=1)

    wanted = found(1, False)
    for width in WIDTHS:
        # nor on whether derivatives are carried along
        assert (found(width, False) == wanted).all()
        assert (found(width, True)[: len(wanted)] == wanted).all()


def test_derivatives_of_a_step_are_those_of_what_it_computes():
    y, d, small = np.array([2.5, 1.5]), np.array([1.0, -0.7]), 1e-5
    plain, moved = Steps(NONLINEAR), Steps(NONLINEAR, moved=True)
    moved(0.3, 0.5, np.concatenate([y, d]))
    for name in ("next", "d1", "d2", "d3"):
        sides = []
        for sign in (1, -1):
            plain(0.3, 0.5, y + sign * small * d)
            sides.append(plain.get(name)[:, 0])
        # 1e-10 by the third derivative and as much by cancellation, times weights of the dense output up to 80
        np.testing.assert_allclose(moved.get(name)[2:, 0], (sides[0] - sides[1]) / (2 * small), rtol=1e-6, atol=1e-7)


def test_coefficients_satisfy_the_conditions_they_were_made_for():
    alpha, kappa = clock()
    assert alpha[0] == 0
    assert alpha[5:] == [1, 1, 1]  # the last three stages stand at the end of the step
    assert kappa[5:] == [0, 0, 0]
    assert A[6][:5] == A[7][:5] == A[5]  # and begin where the one before ended: stiffly accurate
    assert [len(row) for row in C] == list(range(8))
