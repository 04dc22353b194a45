"""Runs over shards that were stopped, killed, damaged or started for something else: same numbers, or one sentence."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shard_cases import PATIENTS, StopAfter, content, same, simulated, small

import pkpd
from pkpd import LogGrid, Summary
from pkpd.shards.files import _digest


@pytest.fixture(scope="module")
def whole() -> Summary:
    return small(threads=1)


@pytest.fixture(scope="module")
def kept(whole: Summary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was never stopped."""
    folder = tmp_path_factory.mktemp("kept") / "run"
    assert same(small(folder=folder), whole)
    return folder


@pytest.mark.parametrize("calls", [1, 3])
def test_a_stopped_run_goes_on_where_it_stopped(
    calls: int, whole: Summary, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        small(folder=tmp_path, progress=StopAfter(calls), threads=1)
    shards = simulated(monkeypatch)
    assert same(small(folder=tmp_path, threads=1), whole)
    assert len(shards) == 5 - calls
    assert content(tmp_path) == content(kept)
    assert same(small(folder=tmp_path, threads=1), whole)
    assert len(shards) == 5 - calls, "a finished folder simulates nothing"


def test_ctrl_c_leaves_a_folder_that_resumes(whole: Summary, kept: Path, tmp_path: Path) -> None:
    def press(done: int, total: int, left: float) -> None:
        if done == 1024:
            signal.raise_signal(signal.SIGINT)

    # a shell that starts the tests in the background has the signal ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            small(folder=tmp_path, progress=press, threads=1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert same(small(folder=tmp_path), whole)
    assert content(tmp_path) == content(kept)


class Fatal(Executor):
    """A pool in which the worker that is given the third shard is killed.

    It ends between two results. One killed from outside may be half way through writing its result, and the standard
    library's pool then waits for the rest for ever.
    """

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self.pool = pool

    def submit(self, call: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        return self.pool.submit(signal.raise_signal, signal.SIGKILL) if args[1] == 2 else self.pool.submit(call, *args)


def test_a_dead_process_pool_says_how_to_go_on(whole: Summary, tmp_path: Path) -> None:
    with (
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
        pytest.raises(pkpd.PkpdError, match=r"a worker process ended .* the same call goes on from there"),
    ):
        small(folder=tmp_path, executor=Fatal(pool))
    assert len([path for path in tmp_path.iterdir() if path.suffix == ".npz"]) == 2
    assert same(small(folder=tmp_path), whole)


def damage(kept: Path, folder: Path, how: str) -> None:
    """A copy of a folder with damage to its third shard."""
    for name, data in content(kept).items():
        if how == "cut" and name.startswith("shard-000002"):
            data = data[: len(data) // 2]
        elif how == "changed" and name.startswith("shard-000002"):
            data = data[:100] + bytes([data[100] ^ 1]) + data[101:]
        elif how == "empty" and name.startswith("shard-000002"):
            data = b""
        elif how == "half-written" and name.startswith("shard-000002"):
            name = f".{name}.123.part"
        (folder / name).write_bytes(data)


@pytest.mark.parametrize("how", ["cut", "changed", "empty", "half-written"])
def test_damaged_shards_are_simulated_again(
    how: str, whole: Summary, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(kept, tmp_path, how)
    shards = simulated(monkeypatch)
    assert same(small(folder=tmp_path, threads=1), whole)
    assert shards == [2]
    left = {name: data for name, data in content(tmp_path).items() if not name.startswith(".")}
    assert left == content(kept)


class Trap:
    """What runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("sprung",)


def test_nothing_in_a_folder_is_unpickled(
    whole: Summary, kept: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(kept, here, "")
    (old,) = here.glob("shard-000002-*.npz")
    with np.load(old) as held:
        arrays = dict(held)
    for trap in (np.array([Trap()], dtype=object), None):
        packed = io.BytesIO()
        if trap is None:
            pickle.dump(Trap(), packed)
        else:
            np.savez(packed, allow_pickle=True, **arrays | {"keys": trap})
        (here / f"shard-000002-{_digest(packed.getvalue())}.npz").write_bytes(packed.getvalue())
    old.unlink()
    shards = simulated(monkeypatch)
    assert same(small(folder=here, threads=1), whole)
    assert shards == [2]
    assert not Path("sprung").exists()
    assert content(here) == content(kept)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 12}, "its seed differs (11 there, 12 here)"),
        ({"patients": 9}, "its patients differ (4196 there, 9 here)"),
        ({"spread": {"treg_growth": 0.4}}, "its spread differs"),
        ({"times": [0, 14]}, "its times differ ([0.0, 7.0, 14.0] there, [0.0, 14.0] here)"),
        ({"endpoints": ()}, "its endpoints differ"),
        ({"grid": LogGrid(ratio=1.1)}, "its grid differs"),
        ({"tolerances": pkpd.Tolerances(1e-5)}, "its tolerances differ"),
        ({"parameters": pkpd.load_parameters("il2_minimal").set(treg_growth=3)}, "its parameters differ"),
    ],
)
def test_a_folder_of_another_request_is_refused(kept: Path, options: dict, said: str) -> None:
    before = content(kept)
    with pytest.raises(pkpd.PkpdError) as caught:
        small(folder=kept, **options)
    assert f"holds shards of another request: {said}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert content(kept) == before


def test_folders_that_are_not_ours_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place, said in ((tmp_path, "holds files that are no shards"), (tmp_path / "file", "cannot be used")):
        with pytest.raises(pkpd.PkpdError, match=said):
            small(folder=place)
    (tmp_path / "request.json").write_text('{"kind": "run"}')
    with pytest.raises(pkpd.PkpdError, match="is not the record of a run over shards"):
        small(folder=tmp_path)


def test_the_record_holds_the_request(kept: Path) -> None:
    record = json.loads((kept / "request.json").read_bytes())
    assert record["kind"] == "shards"
    assert record["request"]["seed"] == 11
    assert record["request"]["patients"] == PATIENTS
