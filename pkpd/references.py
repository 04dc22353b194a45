"""Keys to printed sources: where each number comes from, and the bibliography of what a run used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from .data import find, only_keys, read_toml
from .errors import FileError, nearest


@dataclass(frozen=True, slots=True)
class Reference:
    """One source as printed; a field that could not be read is empty rather than remembered."""

    key: str
    authors: str = ""
    title: str = ""
    journal: str = ""
    year: int = 0
    doi: str = ""
    pmid: str = ""
    url: str = ""
    note: str = ""

    def __str__(self) -> str:
        parts = [self.authors, self.title, self.journal, str(self.year or "")]
        parts += [f"doi:{self.doi}" if self.doi else "", f"PMID {self.pmid}" if self.pmid else ""]
        parts += [self.url if not (self.doi or self.pmid) else "", f"({self.note})" if self.note else ""]
        return f"[{self.key}] " + ". ".join(p.rstrip(".") for p in parts if p) + "."


@lru_cache(maxsize=8)
def load_references(path: Path | None = None) -> Mapping[str, Reference]:
    """The sources of `params/references.toml`, or of another file of that kind, by key; FileError names the table
    at fault.
    """
    file = path or find("references", "references")
    allowed = {f.name for f in fields(Reference)} - {"key"}
    found = {}
    for key, table in read_toml(file, "references").items():
        where = f"{file.name} [{key}]"
        only_keys(table, allowed, (), where)
        year = table.get("year", 0)
        if type(year) is not int or any(not isinstance(v, str) for k, v in table.items() if k != "year"):
            raise FileError(f"{where}: year is a whole number and every other field is text")
        if not (table.get("title") or table.get("authors")):
            raise FileError(f"{where}: a source needs a title or authors")
        found[key] = Reference(key=key, **table)
    return found


def bibliography(keys: Iterable[str]) -> list[Reference]:
    """The sources behind the keys, each once, in order of key; FileError for a key that is not in the file."""
    known = load_references()
    wanted = sorted(set(keys) - {"assumed"})
    for key in wanted:
        if key not in known:
            raise FileError(f"source '{key}' is not in references.toml{nearest(key, known)}")
    return [known[key] for key in wanted]
