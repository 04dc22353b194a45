"""Tidy tables: columns by name, written as CSV the same way every time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Table(Mapping[str, Sequence[Any]]):
    """Columns of equal length by name; `table["value"]` is one, `len(table)` counts columns, `table.rows()` walks
    the rows.
    """

    columns: tuple[tuple[str, Sequence[Any]], ...]

    def __getitem__(self, name: str) -> Sequence[Any]:
        return dict(self.columns)[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """One tuple a row, in column order."""
        return zip(*(values for _, values in self.columns), strict=True)

    def to_csv(self) -> str:
        """The table as CSV text with a header; times keep every bit, other numbers ten significant digits."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(list(self))
        writers = [_exact if name in ("time", "planned") else _short for name in self]
        writer.writerows([write(v) for write, v in zip(writers, row, strict=True)] for row in self.rows())
        return text.getvalue()


def stack(tables: Sequence[Table]) -> Table:
    """Tables with the same columns, one below the other."""
    names = list(tables[0]) if tables else []
    return Table(tuple((name, [v for t in tables for v in t[name]]) for name in names))


def aligned(rows: Sequence[Sequence[str]], gap: str = "  ") -> str:
    """Rows of text as columns: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = (
        gap.join(
            [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def _exact(value: Any) -> str:
    return "" if value is None else repr(float(value))


def _short(value: Any) -> str:
    if value is None:
        return ""
    return f"{float(value):.10g}" if isinstance(value, float) else str(value)
