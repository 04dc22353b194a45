"""Named schedules: `params/schedules.toml`, or a user's file of the same kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from ..data import find, only_keys, read_toml
from ..errors import FileError, PkpdError, ScheduleError, nearest
from .schedule import Schedule
from .text import parse

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_REQUIRED = ("text", "meaning", "source", "where")


@dataclass(frozen=True, slots=True)
class NamedSchedule:
    """One table of a schedules file; `source` holds keys of references.toml, or "assumed"."""

    name: str
    text: str
    meaning: str
    source: tuple[str, ...]
    where: str
    note: str
    schedule: Schedule


def read_schedules(file: str | Path | None = None) -> Mapping[str, NamedSchedule]:
    """The schedules of `file`, or of `params/schedules.toml`, by name; FileError names the table at fault.

    A file with the same content is not parsed again.
    """
    path = Path(file) if file is not None else find("schedules", "schedules")
    try:
        content = path.read_bytes()
    except OSError:
        content = b""  # the reader says what is wrong
    return _parsed(path, content)


@lru_cache(maxsize=8)
def _parsed(path: Path, content: bytes) -> Mapping[str, NamedSchedule]:
    """The schedules of a file; `content` is the key, since an edit can leave its time and size as they were."""
    tables = read_toml(path, "schedules").items()
    return MappingProxyType({name: _named(name, table, f"{path.name} [{name}]") for name, table in tables})


def schedule_names(file: str | Path | None = None) -> tuple[str, ...]:
    """The names in `file`, or in `params/schedules.toml`."""
    return tuple(read_schedules(file))


def load_schedule(name_or_text: str, file: str | Path | None = None) -> Schedule:
    """The schedule of that name in `file` or in `params/schedules.toml`, else what the text says.

    `"path/mine.toml:name"` reads a name from a user's file. PkpdError, with the nearest name, for neither.
    """
    path, colon, last = name_or_text.strip().rpartition(":")
    if colon and path.endswith(".toml"):
        return load_schedule(last, path)
    known = read_schedules(file)
    name = name_or_text.strip()
    if name in known:
        return known[name].schedule
    if re.fullmatch(r"[A-Za-z_]\w*(?:[-.]\w+)*", name) and name.lower() != "none":
        asked = nearest(name, known) or f"; known are {', '.join(known) or 'none'}"
        raise ScheduleError(
            f"'{name[:80]}' is neither a named schedule nor a schedule text such as '1 MIU daily x5'{asked}"
        )
    return parse(name_or_text)


def _named(name: str, table: object, where: str) -> NamedSchedule:
    if not _NAME.match(name):
        raise FileError(f"{where}: a schedule's name is lower-case letters, digits and _, starting with a letter")
    if not isinstance(table, dict):
        raise FileError(f'{where} is not a table; write [{name}] and under it text = "1 MIU daily x5"')
    only_keys(table, (*_REQUIRED, "note"), _REQUIRED, where)
    source = table["source"]
    sources = tuple(source) if isinstance(source, list) else (source,)
    texts = {key: value for key, value in table.items() if key != "source"}
    for key, value in (*texts.items(), *(("source", one) for one in sources)):
        if not isinstance(value, str) or not value.strip():
            raise FileError(f"{where}: {key} is {value!r:.40}, which is not a text")
    if not sources:
        raise FileError(f'{where}: source is empty; give a key of references.toml, or "assumed"')
    try:
        schedule = parse(table["text"])
    except PkpdError as error:
        raise FileError(f"{where}: {error}") from None
    return NamedSchedule(
        name, table["text"], table["meaning"], sources, table["where"], table.get("note", ""), schedule
    )
