"""The report of a fit as one HTML file: the same words, and the figures inside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from ...inference.fitted import Fitted
from ...inference.left_out import LeftOut
from ...inference.profile import Profile
from ..plots.fit import fit_figures
from ..plots.style import image
from .sections import Cells, Other, Section, sections, verdict

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 68rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; border-bottom: 1px solid #bbb; margin-top: 1.8rem; }
p { margin: .35rem 0; } .verdict { font-weight: bold; padding: .4rem .7rem; border-left: .4rem solid; }
.valid { border-color: #009E73; background: #eef8f4; } .invalid { border-color: #D55E00; background: #fdf1e9; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .86rem; margin: .5rem 0; }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #ddd; vertical-align: top; }
th:first-child, td:first-child { text-align: left; } tbody th { font-weight: normal; }
figure { margin: 1rem 0; break-inside: avoid; } figure svg { max-width: 100%; height: auto; }
figcaption { font-size: .86rem; color: #444; } footer { margin-top: 2rem; border-top: 1px solid #bbb; }
@media print { body { max-width: none; margin: 0; font-size: 11px; } .scroll { overflow: visible; }
tr, figure { break-inside: avoid; } h2 { break-after: avoid; } }
""".strip()

# name of a figure: the section it stands under, and what it shows
_CAPTIONS = {
    "predicted_observed": ("predictions", "Predicted against observed, with the line of identity and 2-fold band."),
    "parameters": ("parameters", "Fitted values and 95 % intervals beside the priors, between the bounds."),
    "correlations": ("correlations", "Correlations of the estimates."),
    "profiles": ("profiles", "Profiles: rise of the cost as one parameter is held and all others are fitted again."),
    "starts": ("starts", "Cost of every start, from the best to the worst."),
}


def page(
    fitted: Fitted,
    left_out: Sequence[LeftOut] = (),
    profiles: Sequence[Profile] = (),
    others: Mapping[float, Other] | None = None,
    drawn: Mapping[str, bytes] | None = None,
) -> str:
    """What `fit_text.report` says, as a page that needs no other file, script or network.

    `drawn` holds figures as SVG files by name; without it they are drawn here. Every text is escaped.
    """
    if drawn is None:
        drawn = {name: image(figure, "svg") for name, figure in fit_figures(fitted, profiles).items()}
    title = f"Fit of {fitted.model_name} to {', '.join(fitted.data)}"
    said = sections(fitted, left_out, profiles, others or {})
    body = [_head(said[0], fitted), *(_section(s, drawn) for s in said[1:-1])]
    foot = "".join(f"<p>{escape(line)}</p>" for line in said[-1].lines)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<header>\n<h1>{escape(title)}</h1>\n{body[0]}</header>\n<main>\n"
        + "".join(body[1:])
        + f"</main>\n<footer>{foot}</footer>\n</body>\n</html>\n"
    )


def _head(section: Section, fitted: Fitted) -> str:
    kind = "invalid" if fitted.trouble else "valid"
    rest = "".join(f"<p>{escape(line)}</p>\n" for line in section.lines[1:])
    return f'<p class="verdict {kind}" role="status">{escape(verdict(fitted))}</p>\n{rest}'


def _section(section: Section, drawn: Mapping[str, bytes]) -> str:
    parts = [f'<section aria-labelledby="{section.key}">\n<h2 id="{section.key}">{escape(section.title)}</h2>\n']
    parts += [f"<p>{escape(line)}</p>\n" for line in section.lines]
    if section.table:
        parts.append(_table(section.table, section.title))
    parts += [f"<p>{escape(line)}</p>\n" for line in section.notes]
    parts += [
        _figure(name, drawn[name]) for name, (key, _) in _CAPTIONS.items() if key == section.key and name in drawn
    ]
    return "".join(parts) + "</section>\n"


def _table(cells: Cells, title: str) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in cells[0])
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(c)}</td>" for c in row[1:]) + "</tr>\n"
        for row in cells[1:]
    )
    label = escape(title, quote=True)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">'
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    )


def _figure(name: str, svg: bytes) -> str:
    """An SVG file as part of the page: without its own head, and with ids that no other figure has."""
    caption = escape(_CAPTIONS[name][1], quote=True)
    text = svg.decode("utf-8")
    text = text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{caption}"', 1)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = text.replace("url(#", f"url(#{name}-")
    return f"<figure>\n{text}<figcaption>{caption}</figcaption>\n</figure>\n"
