"""A million patients on all cores, summarised without holding trajectories: time from a slice, and peak memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from .child import MARK
from .cold import CHILD, Start, environment

WHAT = "a million patients"
SCRIPTS = Path(__file__).resolve().parent.parent
# in a process of its own, so that the memory is that of the patients and not of the peers
PROGRAM = (
    f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); import million; print(million.measured(%d)['million_seconds'])"
)


def million(count: int) -> Start:
    """What `scripts/million.py` measures: seconds of a million patients of il2, extrapolated from `count` of them, and
    the peak memory, which does not grow with their number.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(CHILD), "-c", PROGRAM % count]
        done = subprocess.run(command, env=environment(Path(folder), cached=True), capture_output=True, text=True)
    if done.returncode:
        return Start(WHAT, None, None, None, "failed: " + done.stderr.strip().splitlines()[-1])
    memory = float(done.stderr.rsplit(MARK, 1)[1])
    return Start(WHAT, None, float(done.stdout), memory, f"time extrapolated from {count} patients")
