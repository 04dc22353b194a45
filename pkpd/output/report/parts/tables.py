"""A table whose cells may hold mathematics and links."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def rich_table(
    head: Sequence[str], inner_rows: Sequence[Sequence[str]], label: str, kinds: Sequence[str] = (), number: int = -1
) -> str:
    """A table that scrolls by itself; cells are HTML already, the first of a row heads it, `kinds` holds the class of
    each row, and the column `number` holds numbers.
    """
    top = "".join(f'<th scope="col"{_number(k == number)}>{escape(cell)}</th>' for k, cell in enumerate(head))
    marks = kinds or [""] * len(inner_rows)
    body = "".join(_row(row, kind, number) for row, kind in zip(inner_rows, marks, strict=True))
    return (
        f'<div class="scroll rich" role="region" tabindex="0" aria-label="{escape(label)}">'
        f"<table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n"
    )


def _row(inner_cells: Sequence[str], kind: str, number: int) -> str:
    own = f' class="{escape(kind)}"' if kind else ""
    rest = "".join(f"<td{_number(k == number)}>{cell}</td>" for k, cell in enumerate(inner_cells[1:], 1))
    return f'<tr{own}><th scope="row">{inner_cells[0]}</th>{rest}</tr>\n'


def _number(yes: bool) -> str:
    return ' class="number"' * yes
