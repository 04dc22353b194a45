"""Searches from many starts: budgets, threads, progress, interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, current_thread, main_thread

import numpy as np
import pytest
from decay import TIMES, decay, problem, spread

from pkpd.engine.functions import Vector
from pkpd.errors import InferenceError
from pkpd.inference.search.budget import Account
from pkpd.inference.search.multistart import Budget, Progress, multistart

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("method", ["least_squares", "leastsq", "differential_evolution"])
def test_the_same_on_any_number_of_threads(method: str) -> None:
    one, three = (multistart(problem(), spread(8), method=method, threads=threads) for threads in (1, 3))
    for a, b in zip(one.found, three.found, strict=True):
        assert np.array_equal(a.x, b.x)
        assert (a.cost, a.evaluations, a.message) == (b.cost, b.evaluations, b.message)
        assert np.array_equal(a.start, b.start)
    assert one.evaluations == three.evaluations == sum(found.evaluations for found in one.found)
    assert one.stopped == three.stopped == ""


def test_the_waterfall() -> None:
    search = multistart(problem(lambda x: decay(x) + 0.1 * np.cos(9 * TIMES)), spread(12), threads=2)
    costs = [found.cost for found in search.found]
    assert costs == sorted(costs)
    assert search.best is search.found[0]
    near = [c <= costs[0] + 1e-3 for c in costs]
    assert search.agreeing(1e-3) == sum(near)
    assert search.agreeing(np.inf) == 12
    assert 1 <= search.agreeing(0.0) <= sum(near) < 12
    # equal sums stay in the order of the starts
    level = multistart(problem(lambda x: np.ones(3)), spread(4), threads=2)
    assert [found.start.tolist() for found in level.found] == [x.tolist() for x in spread(4)]


@pytest.mark.parametrize("threads", [1, 2])
def test_budget_of_evaluations(threads: int) -> None:
    whole = multistart(problem(), spread(8), threads=1)
    cut = multistart(problem(), spread(8), budget=Budget(evaluations=whole.evaluations // 3), threads=threads)
    assert cut.stopped == "evaluations"
    assert 0 <= cut.evaluations - whole.evaluations // 3 < threads
    assert any(np.array_equal(found.start, spread(8)[0]) for found in cut.found)
    assert any(not found.converged for found in cut.found)
    least = multistart(problem(), spread(8), budget=Budget(evaluations=1), threads=1)
    assert (least.evaluations, len(least.found)) == (1, 1)
    # sums are taken in another order
    assert least.best.cost == pytest.approx(float(np.sum(decay(spread(8)[0]) ** 2)), rel=1e-12)


def test_budget_of_seconds() -> None:
    def slow(x: Vector) -> Vector:
        time.sleep(0.01)
        return decay(x)

    begin = time.monotonic()
    search = multistart(problem(slow), spread(50), budget=Budget(seconds=0.3), threads=2)
    assert search.stopped == "seconds"
    assert 0.3 <= search.seconds <= time.monotonic() - begin
    # all 50 would take over half a minute; the rest is room for a busy machine
    assert search.seconds < 10


@pytest.mark.parametrize("wrong", [{"evaluations": 0}, {"seconds": -1.0}, {"seconds": float("nan")}])
def test_wrong_budgets(wrong: dict[str, float]) -> None:
    with pytest.raises(InferenceError, match=r"a budget of .* is none; give more than 0, or leave it out"):
        Budget(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"evaluations": "x"}, {"seconds": "10"}, {"seconds": [1]}, {"evaluations": True}])
def test_a_budget_is_a_number(wrong: dict[str, object]) -> None:
    with pytest.raises(InferenceError, match=r"a budget of (evaluations|seconds) is a number above 0, or None, not "):
        Budget(**wrong)  # type: ignore[arg-type]


def test_wrong_searches() -> None:
    with pytest.raises(InferenceError, match="0 starts on 1 threads cannot be searched"):
        multistart(problem(), [], threads=1)
    with pytest.raises(InferenceError, match="2 starts on 0 threads cannot be searched"):
        multistart(problem(), spread(2), threads=0)
    with pytest.raises(InferenceError, match="did you mean 'leastsq'"):
        multistart(problem(), spread(2), method="leastsqq")


def test_what_residuals_raise_ends_all() -> None:
    calls: list[int] = []

    def broken(x: Vector) -> Vector:
        calls.append(1)
        if len(calls) == 20:
            raise InferenceError("no such row")
        return decay(x)

    with pytest.raises(InferenceError, match="no such row"):
        multistart(problem(broken), spread(200), threads=2)
    # the other threads end at their next evaluation
    assert len(calls) < 30


def test_progress() -> None:
    heard: list[Progress] = []

    def hear(progress: Progress) -> None:
        assert current_thread() is main_thread()
        heard.append(progress)

    def slow(x: Vector) -> Vector:
        time.sleep(0.002)
        return decay(x)

    search = multistart(problem(slow), spread(6), threads=2, progress=hear)
    assert [p.starts_done for p in heard if p.starts_done] == sorted(p.starts_done for p in heard if p.starts_done)
    assert {p.starts_done for p in heard} >= set(range(1, 7))
    assert {p.starts for p in heard} == {6}
    # one report for each start, and one every fifth of a second
    assert len(heard) <= 6 + search.seconds / 0.2 + 1
    assert (heard[-1].best, heard[-1].evaluations) == (search.best.cost, search.evaluations)
    assert heard[-1].seconds_left == 0


def test_seconds_left() -> None:
    fresh = Account(Budget())
    assert np.isnan(fresh.progress(0, 4).seconds_left)
    fresh.begin -= 10
    # ten seconds for each start done; the budget may end the search sooner
    assert fresh.progress(1, 4).seconds_left == pytest.approx(30, rel=0.1)
    timed = Account(Budget(seconds=15, evaluations=1000), begin=fresh.begin)
    assert timed.progress(1, 4).seconds_left == pytest.approx(5, rel=0.1)
    timed.evaluations = 900
    assert timed.progress(1, 4).seconds_left == pytest.approx(10 / 9, rel=0.1)


# --- interruption


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_from_progress(threads: int) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.starts_done == 2:
            raise KeyboardInterrupt

    search = multistart(problem(), spread(500), threads=threads, progress=interrupt)
    assert search.stopped == "interrupted"
    assert 2 <= len(search.found) < 500
    assert any(np.array_equal(found.start, spread(1)[0]) for found in search.found)


@pytest.mark.parametrize("method", ["least_squares", "leastsq", "dual_annealing"])
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_within_residuals(method: str, threads: int) -> None:
    seen: list[float] = []

    def interrupted(x: Vector) -> Vector:
        if len(seen) == 25:
            raise KeyboardInterrupt
        away = decay(x)
        seen.append(float(away @ away))
        return away

    search = multistart(problem(interrupted), spread(500), method=method, threads=threads)
    assert search.stopped == "interrupted"
    assert search.best.cost == min(seen)
    if threads == 1:
        assert [found.message for found in search.found].count("interrupted") == 1


def test_ctrl_c_before_anything_is_known() -> None:
    def interrupted(x: Vector) -> Vector:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        multistart(problem(interrupted), spread(2), threads=1)


SCRIPT = """
import signal, sys, time
import numpy as np
# a shell that starts this in the background has told it to ignore Ctrl-C
signal.signal(signal.SIGINT, signal.default_int_handler)
from pkpd.inference.search.multistart import multistart
from decay import decay, problem, spread

def slow(x):
    time.sleep(0.005)
    sys.stdout.write("evaluated\\n")
    sys.stdout.flush()
    return decay(x)

found = multistart(problem(slow), spread(500), threads=int(sys.argv[1]))
print("kept", found.stopped, len(found.found), found.best.cost <= float(np.sum(decay(spread(1)[0]) ** 2)))
"""


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_real_ctrl_c(threads: str) -> None:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, threads],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        for _ in range(20):
            assert child.stdout.readline() == "evaluated\n"
        child.send_signal(signal.SIGINT)
        out, error = child.communicate(timeout=60)
    assert (child.returncode, error) == (0, "")
    *_, last = out.splitlines()
    kept, why, count, better = last.split()
    assert (kept, why, better) == ("kept", "interrupted", "True")
    assert 1 <= int(count) < 500


def test_threads_work_at_once() -> None:
    """Two searches wait for each other within their first evaluation."""
    met = [Event(), Event()]

    def meeting(x: Vector) -> Vector:
        mine = int(x[0] > 0)
        met[mine].set()
        assert met[1 - mine].wait(timeout=60)
        return decay(x)

    apart = [np.array([-1.0, 1.0]), np.array([1.0, 1.0])]
    assert len(multistart(problem(meeting), apart, budget=Budget(evaluations=2), threads=2).found) == 2
