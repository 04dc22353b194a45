"""How the page looks: on a screen light or dark, on paper always light, with nothing cut in two."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """
@page { size: A4; margin: 16mm 14mm 18mm; }
html { color-scheme: light dark; } body { max-width: 60rem; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.25rem; margin-top: 2.4rem; padding-bottom: .15rem; }
h3 { font-size: 1.02rem; margin: 1.4rem 0 .3rem; } h4 { font-size: .92rem; margin: 1rem 0 .2rem; }
p { max-width: 46rem; } .lead { font-weight: 600; margin-top: 1rem; } nav ol { columns: 2; padding-left: 1.4rem; }
nav ol ol { columns: 1; } nav a, a { color: #005a94; } .warning { border-left: .4rem solid #D55E00; background: #fdf1e9;
padding: .4rem .7rem; max-width: none; } .warning p { max-width: none; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f4f4f4; padding: .5rem .7rem; font-size: .84rem; }
td, th { font-variant-numeric: tabular-nums; } td { hyphens: manual; } th[scope="col"] { vertical-align: bottom; }
.files td, .asked td { overflow-wrap: anywhere; } .words td { overflow-wrap: break-word; } .words td, .words th,
.files th, .rich td, .rich th { text-align: left; } .rich .number { text-align: right; }
.asked td, .short td, .short th { text-align: left; } .asked th { text-align: left; white-space: nowrap; }
.miss > th { border-left: 0; } .files td { text-align: left; font-size: .74rem; }
figure { background: #fff; color: #222; padding: .4rem; } figure img { max-width: 100%; height: auto; }
.sources dt { font-weight: 600; break-after: avoid; }
.sources dd { margin: 0 0 .4rem 1.2rem; overflow-wrap: anywhere; }
figcaption { color: #444; } math { font-size: 1.02em; }
@media screen and (prefers-color-scheme: dark) {
body { background: #16181b; color: #e4e4e4; } h2, footer, th, td { border-color: #4a4f55; }
nav a, a { color: #7cc0f0; } pre { background: #24272c; } .warning, .invalid, .miss { background: #3a2416; }
.valid { background: #12332a; } }
@media print { html { color-scheme: light; } body { font-size: 9.5pt; line-height: 1.35; }
h1 { font-size: 16pt; } h2 { font-size: 12.5pt; } h3 { font-size: 10.5pt; } h3, h4, .lead { break-after: avoid; }
h2.new { break-before: page; margin-top: 0; } table { font-size: 7.6pt; } th, td { padding: .12rem .4rem; }
thead { display: table-header-group; } pre { font-size: 8pt; background: none; border: 1px solid #bbb; }
.short table { break-inside: avoid; } .sources { font-size: 8pt; }
.rich table { width: 100%; } .rich td, .rich th { overflow-wrap: break-word; }
.rich table { font-size: 7pt; } figure { padding: 0; margin: .6rem 0; }
figcaption { font-size: 8.2pt; } figure svg, figure img { max-height: 225mm; }
a { color: inherit; text-decoration: none; } p { orphans: 3; widows: 3; max-width: none; }
.files td { font-size: 6.2pt; } .evidence table { font-size: 6.2pt; }
.evidence td, .evidence th { padding: .1rem .16rem; overflow-wrap: break-word; } }
""".lstrip()


def chapter(number: int, key: str, title: str, inner: str, new: bool = False) -> str:
    """A numbered part of the page; on paper one that is `new` begins a page."""
    own = ' class="new"' if new else ""
    head = f'<h2 id="{key}"{own}>{number}. {escape(title)}</h2>'
    return f'<section aria-labelledby="{key}">\n{head}\n{inner}</section>\n'


def contents(chapters: Sequence[tuple[str, str]]) -> str:
    """The list of chapters, each a link; they stand in its order."""
    items = "".join(f'<li><a href="#{key}">{escape(title)}</a></li>\n' for key, title in chapters)
    return f'<nav aria-labelledby="contents">\n<h2 id="contents">Contents</h2>\n<ol>\n{items}</ol>\n</nav>\n'


def part(title: str, inner: str) -> str:
    """A part of a chapter under a heading of its own; without the heading where `title` is empty."""
    return f"<h3>{escape(title)}</h3>\n{inner}" if title else inner


def warning(sentences: Sequence[str]) -> str:
    """What must be seen before anything else."""
    told = "".join(f"<p>{escape(text)}</p>\n" for text in sentences)
    return f'<div class="warning" role="note">\n<p><strong>Look at this first</strong></p>\n{told}</div>\n' * bool(told)


def pairs(rows: Sequence[tuple[str, str]], label: str) -> str:
    """A small table of what and how; its rows have heads, its columns need none."""
    body = "".join(f'<tr><th scope="row">{escape(a)}</th><td>{escape(b)}</td></tr>\n' for a, b in rows)
    return f'<table class="asked" aria-label="{escape(label)}">\n<tbody>\n{body}</tbody>\n</table>\n'
