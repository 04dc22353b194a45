"""Runs a module or a line of code, as `python -m` and `python -c` do, and prints the peak memory in MiB at its end.

python child.py -m pkpd simulate ...
python child.py -c "import pkpd"
"""

from __future__ import annotations

import atexit
import re
import runpy
import sys
import tempfile
from pathlib import Path

MARK = "peak MiB:"


def peak() -> float:
    """The largest part of memory this process has held, in MiB."""
    try:  # what a process inherits from the one that started it does not count here, as it does in getrusage
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
        return int(found[1]) / 1024 if found else float("nan")
    except OSError:
        import resource

        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main() -> None:
    """Run what the arguments say."""
    atexit.register(lambda: print(f"{MARK} {peak():.1f}", file=sys.stderr))
    sys.path[0] = ""
    kind, what, sys.argv = sys.argv[1], sys.argv[2], sys.argv[2:]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.py"
        path.write_text(what, "utf-8")
        runpy.run_path(str(path), run_name="__main__")


if __name__ == "__main__":
    main()
