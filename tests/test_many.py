"""Many patients in one call: the same bits whoever works and whoever else is there; failures and wrong input."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

import numpy as np
import pytest
from models import explodes, saturable

import pkpd
from pkpd.many import Many

N = 300  # more than two pieces


def values(n: int = N) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {"bsa": rng.normal(1.8, 0.2, n), "treg_growth": np.exp(rng.normal(0, 0.4, n))}


def run(columns: dict[str, np.ndarray], executor: Executor | None = None, threads: int | None = None) -> Many:
    return pkpd.simulate_many(
        "0.5 MIU/m2 daily x3", "il2_minimal", values=columns, days=7, executor=executor, threads=threads
    )


def mine(executor: Executor | None = None) -> Many:
    """A model of the user's, whose every seventh patient fails within two days."""
    rate = np.where(np.arange(N) % 7 == 0, 0.5, 0.05)
    return pkpd.simulate_many("none", explodes(), values={"k": rate}, times=[0, 1, 2], threads=2, executor=executor)


def same(a: Many, b: Many) -> bool:
    arrays = all(np.array_equal(getattr(a, n), getattr(b, n), equal_nan=True) for n in ("times", "values", "steps"))
    return arrays and [repr(f) for f in a.failures] == [repr(f) for f in b.failures]


@pytest.fixture(scope="module", params=["spawn", "forkserver"])
def pool(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(request.param)) as found:
        yield found


@pytest.fixture(scope="module")
def alone() -> Many:
    return run(values(), threads=1)


def test_threads_make_no_difference(alone: Many) -> None:
    assert same(alone, run(values(), threads=2))
    assert same(alone, run(values()))


def test_processes_make_no_difference(alone: Many, pool: Executor) -> None:
    assert same(alone, run(values(), executor=pool))


def test_a_model_object_reaches_processes(pool: Executor) -> None:
    assert same(mine(), mine(pool))


@pytest.mark.parametrize("size", [1, 7, 300])
def test_pieces_make_no_difference(alone: Many, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkpd.many.PIECE", size)
    assert same(alone, run(values(), threads=2))


def test_order_makes_no_difference(alone: Many) -> None:
    order = np.random.default_rng(1).permutation(N)
    shuffled = run({name: column[order] for name, column in values().items()})
    assert np.array_equal(shuffled.values, alone.values[order])
    assert np.array_equal(shuffled.steps, alone.steps[order])


def test_each_patient_is_as_simulated_alone(alone: Many) -> None:
    columns = values()
    for k in (0, 128, N - 1):
        own = pkpd.default_parameters("il2_minimal").set(treg_growth=float(columns["treg_growth"][k]))
        one = pkpd.simulate("0.5 MIU/m2 daily x3", "il2_minimal", own, days=7, step="1d", bsa=float(columns["bsa"][k]))
        for name in alone.outputs:
            assert np.array_equal(alone[name][k], one[name])


def test_a_failing_patient_is_told_and_the_others_finish() -> None:
    found = mine()
    assert [f.patient for f in found.failures] == list(range(0, N, 7))
    # y' = k y^2 from 0.1 mg ends after 1 / (0.1 k) hours
    assert all(f.day == pytest.approx(20 / 24, rel=1e-3) for f in found.failures)
    assert all("growing" in f.reason and "still" in f.reason for f in found.failures)
    failed = np.arange(N) % 7 == 0
    assert np.array_equal(np.isnan(found.values).all(axis=(1, 2)), failed)
    assert found["growing"][~failed, 2] == pytest.approx(1 / (10 - 0.05 * 48), rel=1e-5)


def test_an_impossible_baseline_is_a_failure_before_the_first_day() -> None:
    cells = [30.0, 1e9]
    found = pkpd.simulate_many("1 MIU once", "il2", values={"treg_baseline": cells}, days=1, outputs=["treg"])
    assert [(f.patient, np.isnan(f.day)) for f in found.failures] == [(1, True)]
    assert "no steady baseline" in found.failures[0].reason
    assert np.isfinite(found["treg"][0]).all()
    assert np.isnan(found["treg"][1]).all()


@pytest.mark.parametrize(
    ("columns", "other", "said"),
    [
        ({"vmax": [3, np.nan]}, {}, "vmax of patient 1 (counted from 0) is nan"),
        ({"vmax": [3, np.inf]}, {}, "vmax of patient 1 (counted from 0) is inf"),
        ({"vmaxx": [3, 4]}, {}, "no parameter 'vmaxx'; did you mean 'vmax'?"),
        ({"vmax": [3, 4], "half": [1, 2, 3]}, {}, "lists of one length"),
        ({"vmax": 3}, {}, "lists of one length"),
        ({"vmax": []}, {}, "lists of one length"),
        ({}, {"outputs": ["concentratoin"]}, "did you mean 'concentration'?"),
        ({}, {"side": "both"}, "neither pre nor post"),
        ({}, {"threads": 0}, "0 threads cannot work"),
        ({}, {"times": [np.nan]}, "finite numbers of days"),
    ],
)
def test_wrong_input_is_one_sentence(columns: dict, other: dict, said: str) -> None:
    with pytest.raises(pkpd.PkpdError) as caught:
        pkpd.simulate_many("1 mg via iv once", saturable(), values=columns, **other)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_output_that_was_not_asked_for() -> None:
    found = pkpd.simulate_many("none", saturable(), values={"vmax": [3, 4]}, outputs=["concentration"], days=1)
    with pytest.raises(pkpd.PkpdError, match="was not among the outputs asked for; did you mean 'concentration'"):
        found["concentration_fold"]
