"""Runs over shards that several test files share: cheap, with failures, and not a whole number of shards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import explodes

import pkpd
from pkpd import Endpoint, Summary
from pkpd.shards import work

PATIENTS = 4 * 1024 + 100
ENDPOINTS = (Endpoint.peak("treg_fold"), Endpoint.area("treg", 0, 14), Endpoint.days_above("treg_fold", 1.5))


def small(**options: Any) -> Summary:
    """The small model: three output times a week apart, three endpoints, two parameters that vary."""
    asked: dict[str, Any] = {"patients": PATIENTS, "seed": 11, "spread": {"treg_growth": 0.4, "treg_baseline": 0.3}}
    asked |= {"outputs": ["treg"], "times": [0, 7, 14], "endpoints": ENDPOINTS}
    return pkpd.summarise_many("1 MIU every 2d x7", "il2_minimal", **asked | options)


def mine(**options: Any) -> Summary:
    """A model of the user's, some of whose patients fail half way."""
    asked: dict[str, Any] = {"patients": 1500, "seed": 5, "spread": {"k": 1.5}, "times": [0, 1, 2]}
    return pkpd.summarise_many("none", explodes(), **asked | options)


def same(a: Summary, b: Summary) -> bool:
    """Whether two summaries have the same bits."""
    numbers = ("keys", "counts", "present", "lowest", "highest")
    equal = [np.array_equal(getattr(a.tally, name), getattr(b.tally, name)) for name in numbers]
    told = [(s.patients, s.failed, repr(s.failures), s.outputs, s.endpoints, s.units, s.tally.sums) for s in (a, b)]
    return all(equal) and told[0] == told[1]


def content(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class StopAfter:
    """A progress callback that presses Ctrl-C after so many calls."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def __call__(self, done: int, total: int, left: float) -> None:
        self.calls -= 1
        if self.calls == 0:
            raise KeyboardInterrupt


def simulated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The shards that are simulated from now on."""
    shards: list[int] = []

    def note(request: object, shard: int) -> work.Finished:
        shards.append(shard)
        return work.simulate_shard(request, shard)  # type: ignore[arg-type]

    monkeypatch.setattr("pkpd.shards.run.simulate_shard", note)
    return shards
