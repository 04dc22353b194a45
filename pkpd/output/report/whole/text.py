"""A report that was written as text, with its columns as tables: what our commands print, as HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import groupby

from .. import html

_COLUMNS = re.compile(r"\S {2,}\S")
_APART = 6  # blanks before the only cell of a row; sentences are indented by less
_NAMED = re.compile(r"(- |[A-Z]\w*: )")  # what begins a line of its own
_FULL = 96  # a line as long as this was folded, so that the next one goes on with it


def laid_out(text: str, label: str) -> str:
    """The text as paragraphs and tables; `label` names the tables to readers. Every text is escaped."""
    blocks = re.split(r"\n[ \t]*\n", text.expandtabs().strip("\n"))
    return "".join(_block(block.splitlines(), label) for block in blocks)


def _block(lines: Sequence[str], label: str) -> str:
    """A paragraph, or a title with a table and sentences around it."""
    kept = [line for line in lines if set(line.strip()) - set("=-")]
    runs = [(table, list(run)) for table, run in groupby(kept, _is_row)]
    parts, name = [], label
    for k, (table, run) in enumerate(runs):
        if table and len(run) > 1:
            parts.append(_table(run, name))
            continue
        followed = k + 1 < len(runs) and runs[k + 1][0]
        told = _sentences(run)
        if k == 0 and (followed or (len(run) > 1 and run[1].startswith("  ") and not run[0].startswith(" "))):
            parts.append(f'<p class="lead">{escape(run[0].strip())}</p>\n')
            name, told = run[0].strip(), _sentences(run[1:])
        parts.append(html.lines(told))
    return "".join(parts)


def _is_row(line: str) -> bool:
    return bool(_COLUMNS.search(line)) or _indent(line) >= _APART


def _sentences(lines: Sequence[str]) -> list[str]:
    """Lines with those that were folded put together again."""
    said: list[str] = []
    before = ""
    for line in lines:
        open_end = not before.endswith((".", ":", ";")) and line[:1].islower()
        folded = before and (len(before) >= _FULL or open_end or _indent(line) > _indent(before) > 0)
        if folded and not _NAMED.match(line.lstrip()) and not (before.endswith(".") and line[:1].isupper()):
            said[-1] += f" {line.strip()}"
        else:
            said.append(line.strip())
        before = line
    return [sentence for sentence in said if sentence]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _table(lines: Sequence[str], label: str) -> str:
    rows = cells(lines)
    tall = _head_rows(rows)
    head = [" ".join(filter(None, (row[k] for row in rows[:tall]))) for k in range(len(rows[0]))]
    return html.table(head, rows[tall:], label)


def cells(lines: Sequence[str]) -> list[list[str]]:
    """The cells of lines whose columns are two or more blanks apart in every one of them."""
    width = max(map(len, lines))
    padded = [line.ljust(width) for line in lines]
    start = min(map(_indent, lines))
    blank = "".join("-" if all(line[k] == " " for line in padded) else "x" for k in range(start, width))
    spans, begin = [], start
    for gap in re.finditer("-{2,}", blank):
        spans.append((begin, start + gap.start()))
        begin = start + gap.end()
    spans.append((begin, width))
    return [[line[a:b].strip() for a, b in spans] for line in padded]


def _head_rows(rows: Sequence[Sequence[str]]) -> int:
    """How many rows are the head: the first, those that go on with it, and one above the days."""
    tall = 1
    if not rows[0][0] and len(rows) > 2 and rows[1][0].isalpha() and rows[2][0][:1].isdigit():
        tall = 2
    while tall < len(rows) - 1 and not rows[tall][0]:
        tall += 1
    return tall
