"""Runs over shards: the summary, failures, workers, tables of patients, progress, wrong input."""

from __future__ import annotations

import math
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from shard_cases import ENDPOINTS, PATIENTS, content, mine, same, simulated, small

import pkpd
from pkpd import Endpoint, Summary
from pkpd.shards.draws import draw_of
from pkpd.shards.progress import Pace


@pytest.fixture(scope="module")
def whole() -> Summary:
    return small(threads=1)


# --- the summary


def test_the_summary_is_that_of_the_trajectories(whole: Summary) -> None:
    base = pkpd.default_parameters("il2_minimal")
    drawn = draw_of(base, {"treg_growth": 0.4, "treg_baseline": 0.3}, 11).values(0, PATIENTS)
    held = pkpd.simulate_many("1 MIU every 2d x7", "il2_minimal", values=drawn, times=[0, 7, 14])
    assert (whole.patients, whole.failed, whole.units["treg"]) == (PATIENTS, 0, "cells/uL")
    for share in (0.05, 0.5, 0.95):
        exact = np.quantile(held["treg"], share, axis=0, method="inverted_cdf")
        assert np.abs(whole.quantile("treg", share) / exact - 1).max() <= whole.grid.resolution
    assert np.array_equal(whole.lowest("treg"), held["treg"].min(axis=0))
    assert np.array_equal(whole.highest("treg"), held["treg"].max(axis=0))
    assert whole.mean("treg") == pytest.approx(held["treg"].mean(axis=0), rel=1e-13)
    for endpoint in ENDPOINTS:
        exact = endpoint.of(held.times, held[endpoint.output])
        assert float(whole.highest(endpoint)) == exact.max()
        assert float(whole.mean(endpoint.name)) == pytest.approx(exact.mean(), rel=1e-13)
    table = whole.table()
    assert len(table["value"]) == (3 + len(ENDPOINTS)) * 9
    assert table["time"][0] == 0
    assert table["time"][-1] is None
    assert table.to_csv().startswith("name,time,statistic,value,unit\ntreg,0.0,q0.05,")


def test_failures_are_counted_and_told(tmp_path: Path) -> None:
    found = mine(folder=tmp_path / "run")
    assert 0 < found.failed < 750
    assert len(found.failures) == min(100, found.failed)
    assert all(0 < f.day < 2 and "growing" in f.reason for f in found.failures)
    assert found.missing("growing").tolist() == [found.failed] * 3
    assert same(found, mine(folder=tmp_path / "run"))


def test_infeasible_draws_are_counted() -> None:
    found = pkpd.summarise_many("none", "il2", patients=600, seed=1, outputs=["treg"], times=[0])
    assert 0 < found.failed < 30
    assert all(math.isnan(f.day) and "no steady baseline" in f.reason for f in found.failures)
    assert int(found.missing("treg")[0]) == found.failed


def test_processes_make_no_difference(whole: Summary) -> None:
    assert same(whole, small(threads=2))
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert same(whole, small(executor=pool, ahead=3))
        assert same(mine(threads=1), mine(executor=pool))


# --- tables of patients, progress, wrong input


def test_parquet_tables_hold_each_patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyarrow import parquet

    found = mine(folder=tmp_path, parquet=True, endpoints=[Endpoint.peak("growing")])
    tables = [parquet.read_table(tmp_path / f"shard-00000{k}.parquet") for k in range(2)]
    patients = [n for table in tables for n in table["patient"].to_pylist()]
    reasons = [text for table in tables for text in table["failure"].to_pylist()]
    peaks = np.array([v for table in tables for v in table["peak of growing"].to_pylist()])
    assert patients == list(range(1500))
    assert sum(text is not None for text in reasons) == found.failed
    assert np.array_equal(np.isnan(peaks), [text is not None for text in reasons])
    assert np.nanmax(peaks) == float(found.highest("peak of growing"))
    drawn = draw_of(pkpd.Parameters(_tables(), "mine"), {"k": 1.5}, 5).values(0, 1500)["k"]
    assert [v for table in tables for v in table["k"].to_pylist()] == drawn.tolist()
    assert tables[0].schema.field("k").metadata == {b"unit": b"1/h/mg"}
    before = content(tmp_path)
    (tmp_path / "shard-000001.parquet").write_bytes(b"damaged")
    shards = simulated(monkeypatch)
    assert same(found, mine(folder=tmp_path, parquet=True, endpoints=[Endpoint.peak("growing")]))
    assert shards == [1]
    assert content(tmp_path) == before


def _tables() -> tuple[pkpd.Parameter, ...]:
    return (pkpd.Parameter("k", 0.1, "1/h/mg", "", "assumed", ("assumed",)),)


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(pkpd.PkpdError, match=r"pip install 'pkpd\[parquet\]'"):
        small(folder=tmp_path / "run", parquet=True)
    assert not (tmp_path / "run").exists()


def test_progress_counts_patients_and_ends_with_all(capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[tuple[int, int, float]] = []
    small(progress=lambda *call: calls.append(call), threads=1)
    assert [done for done, _, _ in calls] == [1024, 2048, 3072, 4096, PATIENTS]
    assert all(total == PATIENTS and left >= 0 for _, total, left in calls)
    assert calls[-1][2] == 0
    small(progress=pkpd.print_progress, threads=1)
    said = capsys.readouterr()
    assert said.out == ""
    assert "1024 of 4196 patients (24.4 %), 0 min 0" in said.err
    assert said.err.endswith("4196 of 4196 patients (100.0 %), 0 min 00 s left\n")


def test_time_left_follows_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 10.0, 30.0])
    monkeypatch.setattr("pkpd.shards.progress.time.monotonic", lambda: next(clock))
    pace = Pace()
    pace.mark(0)
    assert math.isnan(pace.left(100))
    pace.mark(1000)
    assert pace.left(100) == pytest.approx(1)
    pace.mark(2000)
    assert pace.left(4000) == pytest.approx(60)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"patients": 0}, "a whole number above 0, not 0"),
        ({"patients": 1e6}, "a whole number above 0, not 1000000.0"),
        ({"seed": -1}, "seed is a whole number from 0"),
        ({"seed": None}, "seed is a whole number from 0"),
        ({"spread": {"treg_grwth": 0.4}}, "'treg_grwth', which is no parameter; did you mean 'treg_growth'?"),
        ({"spread": {"treg_growth": math.nan}}, "is an SD of the log from 0 to 10, not nan"),
        ({"spread": {}}, "nothing differs between patients"),
        ({"outputs": ["tregg"]}, "no output 'tregg'; did you mean 'treg'?"),
        ({"outputs": ["treg", "treg"]}, "'treg' was asked for 2 times"),
        ({"endpoints": [Endpoint.peak("tregg")]}, "no output 'tregg'; did you mean 'treg'?"),
        ({"endpoints": [Endpoint.on("treg", 3)]}, "'treg on day 3' needs its days among the times"),
        ({"endpoints": [Endpoint.mean("treg")], "times": [0]}, "'mean of treg' needs its days among the times"),
        ({"side": "both"}, "neither pre nor post"),
        ({"threads": 0}, "0 threads cannot work"),
        ({"ahead": 0}, "0 shards at once"),
        ({"parquet": True}, "needs a folder"),
        ({"times": []}, "finite numbers of days"),
    ],
)
def test_wrong_input_is_one_sentence(options: dict, said: str) -> None:
    with pytest.raises(pkpd.PkpdError) as caught:
        small(**options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_wrong_questions_to_a_summary(whole: Summary) -> None:
    with pytest.raises(pkpd.PkpdError, match="has no 'tregg'; did you mean 'treg'"):
        whole.quantile("tregg", 0.5)
    with pytest.raises(pkpd.PkpdError, match="a share from 0 to 1, not 50"):
        whole.quantile("treg", 50)
    with pytest.raises(pkpd.PkpdError, match="there is no endpoint 'peek'; did you mean 'peak'"):
        Endpoint("peek", "treg")
