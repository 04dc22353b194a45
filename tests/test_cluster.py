"""A real Dask scheduler and two worker processes on loopback: the same numbers, also when one of them is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster
from models import explodes
from shard_cases import content, mine, same, small

import pkpd


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as found,
    ):
        yield found


def test_many_patients_on_a_cluster(client: Client) -> None:
    growth = np.exp(np.random.default_rng(2).normal(0, 0.3, 400))
    rate = np.where(np.arange(300) % 7 == 0, 0.5, 0.05)
    for model, values in (("il2_minimal", {"treg_growth": growth}), (explodes(), {"k": rate})):
        schedule = "1 MIU once" if model == "il2_minimal" else "none"
        here = pkpd.simulate_many(schedule, model, values=values, days=2)
        there = pkpd.simulate_many(schedule, model, values=values, days=2, executor=client.get_executor())
        assert np.array_equal(here.values, there.values, equal_nan=True)
        assert [repr(f) for f in here.failures] == [repr(f) for f in there.failures]


def test_a_summary_on_a_cluster(client: Client) -> None:
    assert same(small(threads=1), small(executor=client.get_executor()))
    assert same(mine(threads=1), mine(executor=client.get_executor()))


def test_a_worker_killed_half_way_loses_and_doubles_nothing(client: Client, tmp_path: Path) -> None:
    patients, killed = 20 * 1024, list[int]()

    def kill_one(done: int, total: int, left: float) -> None:
        if done * 2 >= total and not killed:
            killed.append(sorted(client.run(os.getpid).values())[0])
            os.kill(killed[0], signal.SIGKILL)

    options = {"patients": patients, "folder": tmp_path / "there", "progress": kill_one}
    there = small(**options, executor=client.get_executor())
    assert killed
    assert killed[0] not in client.run(os.getpid).values()
    assert int(there.tally.counts[: np.searchsorted(there.tally.keys, there.grid.bins)].sum()) == patients
    assert same(there, small(patients=patients, folder=tmp_path / "here", threads=2))
    assert content(tmp_path / "there") == content(tmp_path / "here")
