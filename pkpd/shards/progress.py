"""How far a run is, and how long it will take."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

Progress = Callable[[int, int, float], None]
PATIENCE = 2.0  # seconds without a word
RECENT = 64  # shards over which the pace is told, so that neither a slow shard nor a slow hour decides it


@dataclass(slots=True)
class Pace:
    """Seconds left, from the pace of the shards that were simulated lately."""

    marks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=RECENT + 1))

    def mark(self, patients: int) -> None:
        """That so many patients have been simulated by now; the first mark is the start."""
        self.marks.append((time.monotonic(), patients))

    def left(self, patients: int) -> float:
        """Seconds until so many more are simulated; NaN while nothing was."""
        (begin, before), (now, after) = self.marks[0], self.marks[-1]
        return (now - begin) / (after - before) * patients if after > before else math.nan


def print_progress(done: int, total: int, seconds: float) -> None:
    """Progress of patients on stderr: one line that is overwritten on a terminal, a line every 5 % elsewhere."""
    _print("patients", done, total, seconds, done - 1024)


def telling(what: str) -> Progress:
    """Progress on stderr as `print_progress` tells it, of anything: `telling("replicates")`."""
    last = [0]

    def tell(done: int, total: int, seconds: float) -> None:
        _print(what, done, total, seconds, last[0])
        last[0] = done

    return tell


def telling_late(what: str) -> Progress:
    """Progress as `telling` tells it, of what takes longer than two seconds; else not a word."""
    begin, tell, told = time.monotonic(), telling(what), [False]

    def show(done: int, total: int, seconds: float) -> None:
        if told[0] or (done < total and time.monotonic() - begin > PATIENCE):
            told[0] = True
            tell(done, total, seconds)

    return show


def counting(what: str) -> Callable[[int, int], None]:
    """`telling_late` for work that counts what is done of all, and does not say how long the rest takes."""
    pace, tell = Pace(), telling_late(what)
    pace.mark(0)

    def show(done: int, total: int) -> None:
        pace.mark(done)
        tell(done, total, pace.left(total - done))

    return show


def _print(what: str, done: int, total: int, seconds: float, before: int) -> None:
    text = f"{done} of {total} {what} ({100 * done / total:.1f} %), {_left(seconds)}"
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text:<70}" + ("\n" if done == total else ""))
    elif done == total or (20 * done) // total > (20 * before) // total:
        sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _left(seconds: float) -> str:
    if math.isnan(seconds):
        return "time left not known yet"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min left" if hours else f"{minutes} min {rest:02d} s left"
