"""The README's speed tables, from `scripts/benchmarks/measured.json`, which `scripts/benchmark.py --json` writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).resolve().parent / "benchmarks" / "measured.json"
CASES = {"thirteen_states": "13 states", "il2": "il2"}
# rows are judged where their error is no larger than ours; ours are as asked
OURS, MATCHED = "rtol 1e-6", "error matched"


def tables() -> str:
    """One patient, many patients, derivatives, fits, the page and goals, as Markdown."""
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    machine = ", ".join(f"{name} {value}" for name, value in found["machine"].items())
    one = _table("one patient, 24 weeks, 42 doses", found["one"])
    many = _table("many patients, time of each", found["population"])
    goals = [(g["what"], g["wanted"], g["reached"], _verdict(g["met"])) for g in found["goals"]]
    listed = _markdown(("goal", "wanted", "reached", ""), goals)
    moved = [(r["engine"], f"{r['rtol']:.0e}", _cell(r)) for r in found["derivatives"]]
    slopes = _markdown(("il2: derivatives with respect to 8 parameters", "rtol", "ms (error)"), moved)
    fits = [(r["case"], r["engine"], f"{r['times']['best']:.3g}" if r["times"] else r["note"]) for r in found["fits"]]
    searches = _markdown(("fit or trial", "with", "s"), fits)
    seen = [(r["engine"], f"{r['times']['median'] * 1e3:.3g}" if r["times"] else r["note"]) for r in found["page"]]
    page = _markdown((found["page"][0]["case"], "median ms"), seen)
    return "\n\n".join([one, many, slopes, searches, page, listed, f"Measured on: {machine}."])


def _table(title: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """Time and error of every engine, one column a case; engines that were not there say so."""
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        wanted = row["engine"].startswith("pkpd") or row["setting"] == MATCHED or row["times"] is None
        if wanted:
            cells.setdefault((row["engine"], _note(row)), {})[row["case"]] = _cell(row)
    head = (title, *(f"{shown}: ms (error)" for shown in CASES.values()))
    return _markdown(
        head, [(" ".join(filter(None, name)), *(by.get(c, "") for c in CASES)) for name, by in cells.items()]
    )


def _note(row: Mapping[str, Any]) -> str:
    threads = [part for part in row["note"].split(", ") if "thread" in part]
    return f"({threads[0]})" if threads else ""


def _cell(row: Mapping[str, Any]) -> str:
    if row["times"] is None:
        return str(row["note"])
    error = f" ({row['error']:.0e})" if row["error"] is not None else ""
    return f"{row['times']['best'] * 1e3:.3g}{error}"


def _verdict(met: bool | None) -> str:
    return {True: "reached", False: "**missed**", None: "not measured"}[met]


def _markdown(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(head)}", *lines[1:]])
