"""The parts of a page that stands alone: its frame and style, tables, and figures inside it.

Every text is escaped here; only what is called `inner` is HTML already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 68rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; border-bottom: 1px solid #bbb; margin-top: 1.8rem; }
p { margin: .35rem 0; } .verdict { font-weight: bold; padding: .4rem .7rem; border-left: .4rem solid; }
.valid { border-color: #009E73; background: #eef8f4; } .invalid { border-color: #D55E00; background: #fdf1e9; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .86rem; margin: .5rem 0; }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #ddd; vertical-align: top; }
th:first-child, td:first-child { text-align: left; } tbody th { font-weight: normal; }
.hit { border-left: .3rem solid #0072B2; } .miss { border-left: .3rem solid #D55E00; background: #fdf1e9; }
figure { margin: 1rem 0; break-inside: avoid; } figure svg { max-width: 100%; height: auto; }
figcaption { font-size: .86rem; color: #444; } footer { margin-top: 2rem; border-top: 1px solid #bbb; }
@media print { body { max-width: none; margin: 0; font-size: 11px; } .scroll { overflow: visible; }
tr, figure { break-inside: avoid; } h2 { break-after: avoid; } }
""".strip()


def document(title: str, inner_head: str, inner_main: str, foot: Sequence[str], style: str = "") -> str:
    """A whole page with the title as its heading, which needs no other file, script or network; `style` is more
    CSS.
    """
    name = escape(title)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{name}</title>\n'
        f"<style>\n{_STYLE}\n{style}</style>\n</head>\n<body>\n<header>\n<h1>{name}</h1>\n{inner_head}</header>\n<main>\n"
        f"{inner_main}</main>\n<footer>{lines(foot)}</footer>\n</body>\n</html>\n"
    )


def lines(sentences: Sequence[str]) -> str:
    """A paragraph each."""
    return "".join(f"<p>{escape(text)}</p>\n" for text in sentences)


def section(title: str, inner: str, key: str = "") -> str:
    """A part of the page under a heading; `key` names it for links and readers."""
    opened, headed = (f' aria-labelledby="{key}"', f' id="{key}"') if key else ("", "")
    return f"<section{opened}>\n<h2{headed}>{escape(title)}</h2>\n{inner}</section>\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], label: str, kinds: Sequence[str] = ()) -> str:
    """A table that scrolls by itself; the first cell of a row heads it, and `kinds` holds the class of each row."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(_row(row, kind) for row, kind in zip(rows, kinds or [""] * len(rows), strict=True))
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(label)}">'
        f"<table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n"
    )


def _row(cells: Sequence[str], kind: str) -> str:
    own = f' class="{kind}"' if kind else ""
    rest = "".join(f"<td>{escape(cell)}</td>" for cell in cells[1:])
    return f'<tr{own}><th scope="row">{escape(cells[0])}</th>{rest}</tr>\n'


def figure(name: str, svg: bytes, caption: str) -> str:
    """An SVG file as part of the page: without its own head, and with ids that no figure of another name has."""
    said, text = escape(caption), svg.decode("utf-8")
    text = text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{said}"', 1)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = text.replace("url(#", f"url(#{name}-")
    return f"<figure>\n{text}<figcaption>{said}</figcaption>\n</figure>\n"
