"""How a result is made again: its command, its replay, and the versions it was made with beside those at hand."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ...provenance import versions
from .. import html
from .result import RECORD, Result


def commands(result: Result) -> str:
    """The command as it was typed, and the one that repeats a run from its record alone."""
    lines = [str(result.record["command"])]
    if result.kind == "run":
        beside = f"{result.label}/{RECORD}" if result.data("trajectories.csv") else f"{result.label}.run.json"
        lines.append(f"pkpd run --replay {beside} --output again")
    return "".join(f"<pre><code>{escape(line)}</code></pre>\n" for line in lines)


def version_table(results: Sequence[Result]) -> str:
    """What each result was made with; what differs at hand is said."""
    now = versions()
    told = {r.label: r.record["versions"] for r in results}
    names = list(dict.fromkeys([*(n for own in told.values() for n in own), *now]))
    rows = [(name, *(own.get(name, "-") for own in told.values()), now.get(name, "-")) for name in names]
    kinds = ["miss" if len(set(row[1:])) > 1 else "" for row in rows]
    head = ("", *(f"{label} was made with" for label in told), "this page was made with")
    return html.lines(version_warnings(results)) + html.table(head, rows, "Versions", kinds)


def version_warnings(results: Sequence[Result]) -> list[str]:
    """A sentence for each result that was made with other versions than those at hand."""
    now, said = versions(), []
    for result in results:
        own = result.record["versions"]
        other = [f"{name} {own[name]} (now {now[name]})" for name in now if name in own and own[name] != now[name]]
        if other:
            said.append(f"{result.label} was made with other versions: {', '.join(other)}.")
    return said or ["The versions are those that this page was made with, so a replay gives the same bytes here."]
