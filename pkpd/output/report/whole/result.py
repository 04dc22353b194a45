"""A result as it lies on disk: its record, and which of its files are still as they were written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .... import __version__
from ....errors import FileError
from ...provenance import digest, read_record, unchanged

RECORD, BESIDE = "run.json", ".run.json"
PAGES = (".html", ".htm")  # what a report may be called
SAME, CHANGED, MISSING = "same", "changed", "missing"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that a record lists: `data` is None unless it is the one that was written."""

    name: str
    listed: str
    state: str
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A record that nobody changed, and its files; `key` tells it from the others of a page, `folder` holds them."""

    key: str
    label: str
    folder: Path
    record: dict[str, Any]
    files: tuple[Kept, ...]

    @property
    def kind(self) -> str:
        """What was done: run, fit, trial, ..."""
        return str(self.record["kind"])

    @property
    def model(self) -> str:
        """The name of its model; "" where there is none."""
        found = self.record.get("model")
        return str(found.get("name", "")) if isinstance(found, dict) else ""

    def data(self, name: str) -> bytes | None:
        """A file as it was written, or None."""
        return next((file.data for file in self.files if file.name == name), None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each file that is not shown."""
        said = {
            CHANGED: "was changed since pkpd wrote it, and is not shown",
            MISSING: "is missing: the record lists it, and it is not there",
        }
        return tuple(f"{self.label}: {file.name} {said[file.state]}." for file in self.files if file.state in said)


def read_result(place: str, key: str) -> Result:
    """The result in a folder, of a record, or of a file with its record beside it; FileError where there is none, or
    its record was changed, or a newer pkpd wrote it.
    """
    path = _record_of(Path(place), place)
    record = read_record(path, "")
    if record["kind"] == "report":
        raise FileError(f"{path} is the record of a report; name the results that it reports")
    if _newer(record["versions"].get("pkpd", "")):
        then = record["versions"]["pkpd"][:20]
        raise FileError(f"{path} was written by pkpd {then}, newer than this {__version__}: update pkpd to report it")
    if not unchanged(record):
        raise FileError(
            f"{path} was changed since pkpd wrote it, so nothing in it can be relied on; repeat the command"
        )
    label = path.resolve().parent.name if path.name == RECORD else path.name.removesuffix(BESIDE)
    return Result(key, label, path.parent, record, _files(path, record))


def _record_of(path: Path, place: str) -> Path:
    """The record behind what was named."""
    try:
        if path.is_dir():
            return _in_folder(path, place)
        if path.name == RECORD or path.name.endswith(BESIDE):
            return path
        beside = path.with_name(path.name + BESIDE)
        if beside.is_file():
            return beside
        exists = path.exists()
    except (OSError, ValueError):
        exists = False
    if not exists:
        raise FileError(f"there is no {place[:200]}: name a folder that pkpd wrote, its run.json, or a file beside one")
    raise FileError(f"{place[:200]} is no result: there is no {path.name}{BESIDE} beside it")


def _in_folder(path: Path, place: str) -> Path:
    if (path / RECORD).is_file():
        return path / RECORD
    pages = tuple(f"{ending}{BESIDE}" for ending in PAGES)
    others = sorted(found for found in path.glob(f"*{BESIDE}") if found.is_file() and not found.name.endswith(pages))
    if len(others) == 1:
        return others[0]
    if others:
        raise FileError(f"{place[:200]} holds {len(others)} records; name one of them, such as {others[0]}")
    raise FileError(f"{place[:200]} is no result folder: it holds no {RECORD}")


def _files(path: Path, record: dict[str, Any]) -> tuple[Kept, ...]:
    """Every listed file, read once; a name with a folder in it is none that pkpd wrote."""
    kept = []
    for name, listed in record["files"].items():
        if Path(name).name != name:
            raise FileError(f"{path} is damaged: '{name[:80]}' is not the name of a file beside it")
        kept.append(_kept(path.parent / name, name, listed))
    return tuple(kept)


def _kept(path: Path, name: str, listed: str) -> Kept:
    try:
        if not path.is_file():  # a pipe or a device would never end
            return Kept(name, listed, MISSING)
        data = path.read_bytes()
    except (OSError, ValueError):
        return Kept(name, listed, MISSING)
    return Kept(name, listed, SAME, data) if digest(data) == listed else Kept(name, listed, CHANGED)


def _newer(version: str) -> bool:
    then, now = ([int(n) for n in re.findall(r"\d+", v)[:3]] for v in (version, __version__))
    return then > now
