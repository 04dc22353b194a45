"""One search for the least sum of squares: methods, bounds, limits; and where searches start."""

from __future__ import annotations

import numpy as np
import pytest
from decay import TIMES, TRUE, decay, problem, slopes

from pkpd.engine.functions import Vector
from pkpd.errors import InferenceError
from pkpd.inference.search.minimise import METHODS, WIDE, Halt, Problem, inside, minimise
from pkpd.inference.search.multistart import starts


def straight(low: float, high: float) -> Problem:
    """Best at (2, -1) without bounds; `low` and `high` bound the first."""
    limits = np.array([low, -np.inf]), np.array([high, np.inf])
    return Problem(("slope", "offset"), *limits, lambda x: x[0] * TIMES + x[1] - (2 * TIMES - 1))


# --- one search


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_methods(method: str, exact: bool) -> None:
    costs: list[float] = []
    asked = problem(exact=exact)
    found = minimise(asked, np.array([1.0, 1.0]), method=method, watch=lambda x, cost: costs.append(cost))
    # the sum is zero at TRUE, so only rounding remains
    assert found.x == pytest.approx(TRUE, rel=1e-9)
    assert found.converged
    assert found.cost == min(costs) == float(np.sum(decay(found.x) ** 2))
    assert found.evaluations == len(costs)
    if exact:
        assert found.jacobian is not None
        assert np.array_equal(found.jacobian, slopes(found.x))


@pytest.mark.parametrize("method", WIDE)
def test_global_methods_leave_a_wrong_valley_and_repeat(method: str) -> None:
    far = np.array([-9.0, 4.0])
    assert minimise(problem(), far).cost > 1
    first, second = (minimise(problem(), far, method=method) for _ in range(2))
    assert first.x == pytest.approx(TRUE, rel=1e-9)
    assert np.array_equal(first.x, second.x)
    assert first.evaluations == second.evaluations
    # a limit ends the first part early, and the finish still has its share
    assert minimise(problem(), far, method=method, evaluations=1000).evaluations <= 1000


def test_derivatives_by_differences() -> None:
    found = minimise(problem(), np.array([1.0, 1.0]))
    # central differences with steps of 1e-4: wrong by about its square times third derivatives of up to 60
    assert found.jacobian is not None
    assert found.jacobian == pytest.approx(slopes(found.x), abs=1e-6)
    rough = minimise(problem(exact=True), np.array([1.0, 1.0]))
    assert rough.evaluations < found.evaluations


@pytest.mark.parametrize(("low", "high", "best"), [(-np.inf, 1.0, 1.0), (3.0, np.inf, 3.0), (0.0, 1.5, 1.5)])
@pytest.mark.parametrize("start", [-7.0, 1.0, 3.0, 50.0])
def test_bounds_hold(low: float, high: float, best: float, start: float) -> None:
    """A start on, beyond or within bounds ends at the bound nearest to the free optimum."""
    seen: list[float] = []
    found = minimise(straight(low, high), np.array([start, 0.0]), watch=lambda x, cost: seen.append(float(x[0])))
    assert low <= min(seen)
    assert max(seen) <= high
    assert low < found.start[0] < high
    # interior steps approach a bound without touching it
    assert found.x[0] == pytest.approx(best, rel=1e-6)
    # the offset that fits a fixed slope: the mean of the data less the slope times the mean time
    assert found.x[1] == pytest.approx(2 * 2 - 1 - 2 * found.x[0], rel=1e-6)


def test_a_start_on_a_bound_moves_inside() -> None:
    bounded = problem(width=10.0)
    assert inside(bounded, np.array([-10.0, 5.0])) == pytest.approx([-9.98, 4.995])
    assert inside(bounded, np.array([99.0, 1.0])) == pytest.approx([9.98, 1.0])
    assert inside(straight(0.0, np.inf), np.array([-3e-5, 1.0]))[0] == pytest.approx(3e-8)
    assert inside(straight(0.0, np.inf), np.array([0.0, 1.0]))[0] == pytest.approx(1e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("last", [1, 2, 30])
def test_halted_searches_keep_the_best_point(method: str, last: int) -> None:
    seen: list[tuple[float, list[float]]] = []

    def watch(x: Vector, cost: float) -> None:
        seen.append((cost, x.tolist()))
        if len(seen) == last:
            raise Halt

    for limit, told in ((None, watch), (last, None)):
        found = minimise(problem(), np.array([-9.0, 4.0]), method=method, evaluations=limit, watch=told)
        assert not found.converged
        assert found.evaluations == last
        assert found.jacobian is None
        if told is not None:
            assert (found.cost, found.x.tolist()) == min(seen)
            assert found.message == "halted"
        elif method not in WIDE:
            assert (found.cost, found.x.tolist()) == min(seen)
            assert found.message == "evaluations ran out"


def test_flat_and_poles_end() -> None:
    """scipy would go round for ever where no step changes the sum, or where one is no number."""
    flat = minimise(problem(lambda x: np.ones(5)), np.array([1.0, 1.0]))
    assert (flat.converged, flat.message) == (True, "the sum is level")
    assert flat.evaluations < 400
    pole = minimise(problem(lambda x: np.where(x[1] > TIMES, 1e30, TIMES)), np.array([1.0, 1.00001]))
    assert pole.evaluations < 2000


def test_settings_of_numpy_are_left_alone() -> None:
    before = np.geterr()

    def watch(x: Vector, cost: float) -> None:
        raise Halt

    for method in METHODS:
        minimise(problem(), np.array([1.0, 1.0]), method=method, watch=watch)
        assert np.geterr() == before


def test_names_are_never_expressions() -> None:
    odd = Problem(("__import__('os')", "lambda"), np.full(2, -np.inf), np.full(2, np.inf), decay)
    assert minimise(odd, np.array([1.0, 1.0])).x == pytest.approx(TRUE, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": "least_square"}, "there is no method 'least_square' of fitting; did you mean 'least_squares'?"),
        ({"method": "magic"}, "there is no method 'magic' of fitting; there are least_squares, leastsq"),
        ({"evaluations": 0}, "0 evaluations cannot find anything; give 1 or more"),
        ({"start": np.array([1.0])}, r"a start must be 2 finite numbers, found \[1.0\]"),
        ({"start": np.array([1.0, np.nan])}, r"a start must be 2 finite numbers, found \[1.0, nan\]"),
        ({"problem": straight(3, 3)}, "slope has bounds from 3 to 3; the first must be the smaller"),
        (
            {"problem": straight(0, 3), "method": "dual_annealing"},
            "needs finite bounds, and offset goes from -inf to inf",
        ),
        ({"problem": problem(lambda x: x[:1]), "method": "leastsq"}, "cannot fit 2 parameters to 1 residuals"),
        ({"problem": Problem((), np.empty(0), np.empty(0), decay), "start": np.empty(0)}, "no parameter is free"),
    ],
)
def test_wrong_input(change: dict[str, object], said: str) -> None:
    given: dict[str, object] = {"problem": problem(), "start": np.array([1.0, 1.0])} | change
    with pytest.raises(InferenceError, match=said):
        minimise(**given)  # type: ignore[arg-type]


# --- starts


def test_starts_fill_the_bounds() -> None:
    first = np.array([1.0, 1.0])
    drawn = starts(problem(), first, 64, 5)
    assert len(drawn) == 64
    assert np.array_equal(drawn[0], first)
    others = np.array(drawn[1:])
    # an even sequence puts some of 63 points in each tenth of a range
    assert all((np.histogram(others[:, k], 10, span)[0] > 2).all() for k, span in ((0, (-10, 10)), (1, (0, 5))))
    again, other = starts(problem(), first, 64, 5), starts(problem(), first, 64, 6)
    assert np.array_equal(drawn, again)
    assert not np.array_equal(drawn, other)
    assert np.array_equal(starts(problem(), first, 10, 5), drawn[:10])


def test_starts_without_bounds_keep_sign_and_decade() -> None:
    free = Problem(tuple("abc"), np.array([-np.inf, -np.inf, 0.0]), np.full(3, np.inf), decay)
    others = np.array(starts(free, np.array([-2e-7, 0.0, 30.0]), 33, 1)[1:])
    decades = np.log10(others[:, [0, 2]] / [-2e-7, 30.0])
    assert np.abs(decades).max() <= 1
    assert (np.ptp(decades, axis=0) > 1.8).all()
    assert np.abs(others[:, 1]).max() <= 1
    assert np.ptp(others[:, 1]) > 1.8


def test_unusable_starts_are_left_out() -> None:
    kept = starts(problem(), np.array([1.0, 1.0]), 20, 1, usable=lambda x: bool(x[0] < -5))
    assert len(kept) == 20
    assert all(x[0] < -5 for x in kept[1:])
    assert len(starts(problem(), np.array([1.0, 1.0]), 20, 1, usable=lambda x: False)) == 1


@pytest.mark.parametrize(("count", "seed"), [(0, 1), (3, -1)])
def test_wrong_counts_of_starts(count: int, seed: int) -> None:
    with pytest.raises(InferenceError, match=f"{count} starts with seed {seed} cannot be drawn"):
        starts(problem(), np.ones(2), count, seed)
