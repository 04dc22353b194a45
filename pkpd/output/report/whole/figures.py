"""Figures of a result inside the page: SVG that can do nothing but draw, else the PNG beside it."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from html import escape
from xml.etree import ElementTree

from .. import html
from .result import Result

# what Matplotlib draws with, and nothing that loads, runs or holds HTML
_SHAPES = ("path", "use", "rect", "circle", "line", "polyline", "polygon", "ellipse", "image", "text", "tspan")
_DRAWS = frozenset((*_SHAPES, "svg", "g", "defs", "clipPath", "linearGradient", "radialGradient", "stop", "style"))
_STYLE = "*{stroke-linejoin: round; stroke-linecap: butt}"
_SVG, _PNG = "{http://www.w3.org/2000/svg}", "data:image/png;base64,"
_UNSAFE = re.compile(r"url\((?!#)|javascript|expression|position|behavio|@|\\", re.IGNORECASE)
# a figure of this name shows what others show one by one
WHOLE = "overview"

CAPTIONS = {
    "overview": "Schedule, IL-2 and cells over time.",
    "schedule": "Doses over time, arm by arm.",
    "il2": "IL-2 in plasma over time, on a linear and a logarithmic scale.",
    "cells_count": "Cell counts over time; marks are visits.",
    "cells_fold": "Cells as fold of their baseline; marks are visits.",
    "outputs": "Outputs of the model over time.",
    "predicted_observed": "Predicted against observed, with the line of identity and the 2-fold band.",
    "parameters": "Fitted values and 95 % intervals beside the priors, between the bounds.",
    "correlations": "Correlations between parameters, or between parameters and quantities.",
    "profiles": "Profiles: rise of the cost as one parameter is held and all others are fitted again.",
    "starts": "Cost of every start, from the best to the worst.",
    "courses": "Courses over time, each with its interval where it has one.",
    "quantities": "Quantities of each regimen, with their intervals where there are draws.",
    "bands": "Bands of the virtual patients over time.",
    "endpoints": "Endpoints of the virtual patients.",
    "trial": "Visits of the virtual trial, arm by arm.",
    "significance": "Share of replicates with a significant difference, visit by visit.",
    "responses": "Response rates, an illustration that rests on an assumed link.",
    "power": "Power of the tests, an illustration that rests on an assumed link.",
    "front": "Regimens found, and how they trade one goal for another or for IL-2 given.",
    "ranking": "How sure the order of the regimens is, over the draws.",
    "window": "Doses and intervals that meet every limit.",
    "indices": "Sensitivity indices with their 95 % errors.",
    "vpc_check": "Share of observations outside their simulated intervals.",
}


def figure_names(result: Result) -> list[str]:
    """The figures that a result holds unchanged, without ending and without those that repeat others."""
    found = [file.name.rpartition(".") for file in result.files if file.data is not None]
    names = list(dict.fromkeys(stem for stem, _, ending in found if ending in ("svg", "png")))
    return [name for name in names if name != WHOLE or len(names) < 3]


def figures(result: Result, names: Sequence[str]) -> str:
    """These figures of a result, one below the other."""
    return "".join(_figure(result, name) for name in names)


def drawn_figure(key: str, svg: bytes, caption: str) -> str:
    """A figure that was drawn for this page."""
    return html.figure(key, svg, caption)


def _figure(result: Result, name: str) -> str:
    """One figure; nothing where neither form of it is still the one written and fit to be shown."""
    said, key = caption(name), f"{result.key}-{re.sub(r'[^a-z0-9_-]', '-', name.lower())}"
    if (data := result.data(f"{name}.svg")) and (svg := harmless(data)):
        return html.figure(key, svg, said)
    if (data := result.data(f"{name}.png")) and data.startswith(b"\x89PNG\r\n"):
        source = _PNG + base64.b64encode(data).decode("ascii")
        shown = escape(said)
        return f'<figure>\n<img src="{source}" alt="{shown}" />\n<figcaption>{shown}</figcaption>\n</figure>\n'
    return ""


def caption(name: str) -> str:
    """What a figure of ours shows, by its name; the name itself where it is unknown."""
    if name in CAPTIONS:
        return CAPTIONS[name]
    for start, what in (("vpc_", "Observed and simulated percentiles"), ("tornado_", "One parameter at a time")):
        if name.startswith(start):
            return f"{what}: {name.removeprefix(start).replace('_', ' ')}."
    return f"{name.replace('_', ' ')}."


def harmless(data: bytes) -> bytes | None:
    """An SVG without its head, comments and metadata, if it only draws; None for any other."""
    try:
        text = data.decode("utf-8")
        text = text[text.index("<svg") :]
    except ValueError:
        return None
    text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    if "<!" in text or "<?" in text:
        return None
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    return text.encode() if all(map(_draws, root.iter())) else None


def _draws(element: ElementTree.Element) -> bool:
    kind = element.tag.removeprefix(_SVG)
    if kind not in _DRAWS or (kind == "style" and (element.text or "").strip() != _STYLE):
        return False
    for name, value in element.attrib.items():
        plain = name.rpartition("}")[2].lower()
        if plain.startswith("on") or (plain == "href" and not value.startswith(("#", _PNG))):
            return False
        if plain not in ("href", "d") and _UNSAFE.search(value):
            return False
    return True
