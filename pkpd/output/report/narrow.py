"""Tables no wider than a page: long heads on several lines, units on a line of their own, further columns below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..tables import aligned

PAGE = 120  # characters
HEAD = 12  # characters of a head on one line, unless the numbers below are wider
GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column of text under a head, which may have several lines, with its unit ("" where it has none)."""

    head: str
    cells: Sequence[str]
    unit: str = ""


def narrow(first: Column, columns: Sequence[Column], short: Sequence[str] = (), page: int = PAGE) -> str:
    """The columns beside the first one; those that a page has no room for in further tables below, which begin with
    the `short` form of the first column's cells.
    """
    blocks = list[list[Column]]()
    left = 0
    begin = first
    for column in columns:
        width = GAP + max(map(len, _lines(column)))
        if not blocks or width > left:
            begin = first if not blocks else Column(first.head, short or first.cells)
            blocks.append([begin])
            left = page - max(map(len, _lines(begin)))
        blocks[-1].append(column)
        left -= width
    return "\n\n".join(_table(block) for block in blocks or [[first]])


def _table(columns: Sequence[Column]) -> str:
    deep = max(len(_folded(c)) for c in columns)
    units = any(c.unit for c in columns)
    texts = []
    for c in columns:
        head = _folded(c)
        texts.append([*[""] * (deep - len(head)), *head, *[c.unit] * units, *c.cells])
    return aligned(list(zip(*texts, strict=True)), " " * GAP)


def _lines(column: Column) -> list[str]:
    return [*_folded(column), column.unit, *column.cells]


def _folded(column: Column) -> list[str]:
    """The head on lines that end after an underscore or at a space."""
    room = max(HEAD, len(column.unit), *map(len, column.cells))
    lines = list[str]()
    for line in column.head.split("\n"):
        lines.append("")
        for part in re.findall(r"[^_ ]*_+| *[^_ ]+", line):
            if lines[-1] and len(lines[-1]) + len(part) > room:
                lines.append(part.strip())
            else:
                lines[-1] += part
    return lines
