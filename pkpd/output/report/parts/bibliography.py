"""The printed sources behind the numbers of a page, each with a place that tables link to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from ....references import Reference
from ....references import bibliography as printed

_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+")
_WEB = re.compile(r"https?://[^\s\"<>]+")


def bibliography(keys: Iterable[str]) -> str:
    """The sources behind the keys, each once, in order of key, as HTML; FileError for a key that is no source's."""
    entries = "".join(_entry(r) for r in printed(keys))
    return f'<dl class="sources">\n{entries}</dl>\n' if entries else ""


def link(key: str) -> str:
    """A link to a source of this page."""
    return f'<a href="#{anchor(key)}">{escape(key)}</a>'


def anchor(key: str) -> str:
    """The id of a source on the page."""
    return f"source-{quote(key, safe='')}"


def _entry(r: Reference) -> str:
    text = escape(str(r).removeprefix(f"[{r.key}] "))
    for shown, address in _addresses(r):
        text = text.replace(escape(shown), f'<a href="{escape(address)}">{escape(shown)}</a>', 1)
    return f'<dt id="{anchor(r.key)}">{escape(r.key)}</dt>\n<dd>{text}</dd>\n'


def _addresses(r: Reference) -> list[tuple[str, str]]:
    """What of the printed source is an address, and where it leads; nothing that is no plain web address."""
    if _DOI.fullmatch(r.doi):
        return [(f"doi:{r.doi}", f"https://doi.org/{quote(r.doi, safe='/.()_-;:')}")]
    if r.pmid.isascii() and r.pmid.isdigit():
        return [(f"PMID {r.pmid}", f"https://pubmed.ncbi.nlm.nih.gov/{r.pmid}/")]
    return [(r.url, r.url)] if _WEB.fullmatch(r.url) and not r.doi and not r.pmid else []
