"""From the start of a process to its result, the first time ever and once code is cached, and how much memory it takes.

The first time, the cache of compiled code, the folder of temporary files and matplotlib's folder are new and empty.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pkpd

from .child import MARK

CHILD = Path(__file__).with_name("child.py")
PLOT = "pkpd simulate, with a plot"
SCHEDULE = "1 MIU every 2d x7, rest 14d, repeat 6"
FIRST = f"import pkpd; pkpd.simulate({SCHEDULE!r}, 'il2', step='12h')['treg']"
MANY = f"""import numpy as np
import pkpd.many
values = dict(linear_clearance=pkpd.default_parameters('il2')['linear_clearance'].value * np.linspace(0.5, 2, 1000))
pkpd.many.simulate_many({SCHEDULE!r}, 'il2', values=values, outputs=('treg',), step='12h')
"""


@dataclass(frozen=True)
class Start:
    """One command: seconds from launch to end the first time ever and cached, and peak memory (MiB) when cached."""

    what: str
    first: float | None
    cached: float | None
    memory: float | None
    note: str = ""


def starts(heyoka: str | None, repeats: int, quick: bool) -> Iterator[Start]:
    """Every command; `heyoka` is a program that gives its first result, or None where it is not installed. When
    `quick`, only the plot is timed without anything cached, and the others find what it left.
    """
    with tempfile.TemporaryDirectory() as kept:
        plot = ["-m", "pkpd", "simulate", "he2020", "--days", "84", "--plot", str(Path(kept) / "plot.png")]
        folder = Path(kept) if quick else None
        yield _start(PLOT, plot, repeats, Path(kept), first=True)
        yield _start("import pkpd", ["-c", "import pkpd"], repeats, folder)
        yield _start("import, one patient of 24 weeks", ["-c", FIRST], repeats, folder)
        yield _start("import, 1000 patients of 24 weeks", ["-c", MANY], repeats, folder)
        what = "heyoka, one patient of 24 weeks"
        missing = Start(what, None, None, None, "not installed")
        yield _start(what, ["-c", heyoka], repeats, Path(kept)) if heyoka else missing


def _start(what: str, arguments: Sequence[str], repeats: int, folder: Path | None, first: bool = False) -> Start:
    """A command in a folder, or in a new one, where it is timed without anything cached too, as when it is `first`."""
    with tempfile.TemporaryDirectory() as new:
        surroundings = environment(folder or Path(new))
        try:
            begun = run(arguments, surroundings)[0] if first or not folder else None
            cached = [run(arguments, surroundings) for _ in range(repeats)]
            return Start(what, begun, *map(min, zip(*cached, strict=True)))
        except subprocess.CalledProcessError as error:
            lines = error.stderr.strip().splitlines()
            return Start(what, None, None, None, f"failed: {lines[-1] if lines else error.returncode}")


def environment(folder: Path, *, cached: bool = False) -> dict[str, str]:
    """Variables for a process that finds pkpd, and, unless `cached`, nothing compiled before but what earlier ones left
    in the folder.
    """
    own = {"PKPD_CACHE": "cache", "TMPDIR": "temporary", "TEMP": "temporary", "TMP": "temporary", "MPLCONFIGDIR": "mpl"}
    for name in set(own.values()):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    there = str(Path(pkpd.__file__).resolve().parents[1])
    paths = [there, *filter(None, [os.environ.get("PYTHONPATH")])]
    places = {} if cached else {k: str(folder / v) for k, v in own.items()}
    return os.environ | places | {"PYTHONPATH": os.pathsep.join(paths)}


def run(arguments: Sequence[str], surroundings: dict[str, str]) -> tuple[float, float]:
    """Seconds from launching Python with the arguments to its end, and its peak memory in MiB."""
    place = tempfile.gettempdir()  # not where a folder called pkpd may lie
    command = [sys.executable, str(CHILD), *arguments]
    begin = time.perf_counter()
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True, cwd=place)
    return time.perf_counter() - begin, float(done.stderr.rsplit(MARK, 1)[1])
