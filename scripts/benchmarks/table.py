"""Tables as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .cold import Start
from .goals import Goal
from .growth import Growth
from .rows import AS_ASKED, Row


def text(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A titled table; the first column is set to the left, the last one too, all others to the right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    last = len(head) - 1
    shown = []
    for line in lines:
        cells = [
            c.ljust(w) if k in (0, last) else c.rjust(w) for k, (c, w) in enumerate(zip(line, widths, strict=True))
        ]
        shown.append("  ".join(cells).rstrip())
    return "\n".join([title, "", shown[0], "  ".join("-" * w for w in widths), *shown[1:], ""])


def engines_table(title: str, rows: Sequence[Row], ours: Row) -> str:
    """Rows of one case: tolerance, error, best and median time, and how many times as long as ours they take."""
    head = ("engine", "setting", "rtol", "error", "best ms", "median ms", "x ours", "")
    lines = []
    for r in rows:
        numbers = [number(r.rtol, ".1e"), number(r.error, ".1e")]
        times = [number(t * 1e3 if t is not None else None, ".3f") for t in _times(r)]
        ratio = f"{r.times.best / ours.times.best:.2f}" if r.times and ours.times else ""
        lines.append((r.engine, r.setting, *numbers, *times, ratio, r.note))
    return text(title, head, lines)


def _times(r: Row) -> tuple[float | None, float | None]:
    return (r.times.best, r.times.median) if r.times else (None, None)


def growth_table(found: Sequence[Growth]) -> str:
    """Milliseconds of a call by size, one column an engine."""
    names = list(dict.fromkeys(g.engine for g in found))
    head = ("growth with", "size", *(f"{name}, ms" for name in names), "model")
    lines = []
    for kind, size, case in dict.fromkeys((g.kind, g.size, g.case) for g in found):
        here = {g.engine: g.times for g in found if (g.kind, g.size) == (kind, size)}
        shown = [f"{t.best * 1e3:.2f}" if (t := here.get(name)) else "" for name in names]
        lines.append((kind, str(size), *shown, case))
    return text(f"Growth of the time of one call, {AS_ASKED}", head, lines)


def starts_table(found: Iterable[Start]) -> str:
    """Seconds from the start of a process, and memory."""
    head = ("from the start of a process", "first ever, s", "cached, s", "peak MiB", "")
    lines = [(s.what, *(number(v, ".2f") for v in (s.first, s.cached)), number(s.memory, ".0f"), s.note) for s in found]
    return text("Cold start and memory", head, lines)


def goals_table(goals: Iterable[Goal]) -> str:
    """Goals with what is reached."""
    head = ("goal", "wanted", "reached", "")
    lines = [(g.what, g.wanted, g.reached, g.verdict) for g in goals]
    return text("Goals", head, lines)


def number(value: float | None, shape: str) -> str:
    """The number, or nothing."""
    return "" if value is None else format(value, shape)
