"""A million patients on two cores, summarised without holding trajectories: time from a slice, and peak memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pkpd

from .cases import VARIED
from .child import MARK
from .cold import CHILD, SCHEDULE, Start, environment
from .workload import SPREAD

WHAT = "a million patients, two threads"
ALL, WARM = 1_000_000, 256
PROGRAM = """import sys, time
import pkpd

def summary(patients):
    wanted = dict(outputs=["treg", "nk", "il2"], times=range(0, 169, 7), threads=2)
    return pkpd.summarise_many({schedule!r}, "il2", patients=patients, seed=1, spread={spread}, **wanted)

summary({warm})
begin = time.perf_counter()
summary({count})
print("seconds:", time.perf_counter() - begin, file=sys.stderr)
"""


def million(count: int) -> Start:
    """Seconds of a million patients of il2, three outputs summarised weekly over 24 weeks, extrapolated from `count` of
    them, and the peak memory, which does not grow with their number.
    """
    if "summarise_many" not in pkpd.__all__:
        return Start(WHAT, None, None, None, "not offered")
    spread = dict.fromkeys(VARIED["il2"], SPREAD)
    program = PROGRAM.format(schedule=SCHEDULE, spread=spread, warm=WARM, count=count)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(CHILD), "-c", program]
        done = subprocess.run(command, env=environment(Path(folder), cached=True), capture_output=True, text=True)
    if done.returncode:
        return Start(WHAT, None, None, None, "failed: " + done.stderr.strip().splitlines()[-1])
    said = done.stderr.rsplit("seconds:", 1)[1]
    took = float(said.split()[0]) * ALL / count
    return Start(WHAT, None, took, float(said.rsplit(MARK, 1)[1]), f"time extrapolated from {count} patients")
