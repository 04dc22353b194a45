"""Where the files under `params/` are, and the reading of any TOML file of ours."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pkpd.errors import FileError, nearest

KINDS = ("parameters", "schedules", "references", "study", "conduct")
_TABLES = (".csv", ".tsv", ".txt")


def folder() -> Path:
    """The folder of built-in files: `pkpd/params` when installed, else `params` of the checkout."""
    package = Path(__file__).resolve().parent
    for place in (package / "params", package.parent / "params"):
        if place.is_dir():
            return place
    raise FileError(f"the folder of built-in files {package / 'params'} is missing; install pkpd again")


def built_in(kind: str) -> dict[str, Path]:
    """Name -> path of every built-in file of a kind, in alphabetical order of the names `find` takes."""
    top = folder()
    if kind == "study":
        paths = list((top / "studies").glob("*.toml"))
    elif kind == "parameters":
        paths = [path for path in top.glob("*.toml") if path.stem not in KINDS]
    else:
        paths = [path for path in top.glob("*.toml") if path.stem == kind]
    return {path.stem: path for path in sorted(paths)}


def find(name_or_path: str | Path, kind: str) -> Path:
    """The file behind a built-in name of a kind, such as `"il2"`, or behind a path; else `FileError`.

    A built-in name wins over a file of the same name in the current folder: write `./il2` for the latter.
    """
    text = str(name_or_path)
    names = built_in(kind)
    if text in names:
        return names[text]
    path = Path(text)
    if _is_file(path):
        return path
    if path.suffix == ".toml" or path.name != text:
        raise FileError(f"the {kind} file {text!r} does not exist{nearest(path.stem, names)}")
    known = f", built in are: {', '.join(names)}" if names else ""
    raise FileError(f"{kind} {text!r} is neither a built-in name nor a file{nearest(text, names) or known}")


def identify(name_or_path: str) -> tuple[str, Path]:
    """Kind and path of a built-in file by its name, or of any file of ours; else `FileError` with the nearest name."""
    named = {name: (kind, path) for kind in KINDS for name, path in built_in(kind).items()}
    if name_or_path in named:
        return named[name_or_path]
    if _is_file(path := Path(name_or_path)):
        return kind_of(path), path
    raise FileError(f"{name_or_path[:200]!r} is neither a built-in name nor a file{nearest(path.stem, named)}")


def _is_file(path: Path) -> bool:
    """Whether a path is a file, also for text that no file system takes."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _read(path: str | Path, needed: str = "") -> dict[str, Any]:
    """The content of a TOML file whose first key is a known `kind`; `FileError` naming the file otherwise."""
    try:
        # -sig: some editors put a byte-order mark first, which TOML itself refuses
        table = tomllib.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        if Path(path).suffix.lower() in _TABLES:
            what = f"{needed} file" if needed else "TOML file"
            raise FileError(f"{path} is a table, not a {what}; pkpd check, fit and predict read observations") from None
        raise FileError(f"{path} is not valid TOML: {error}") from None
    kind = table.get("kind")
    if next(iter(table), None) != "kind" or not isinstance(kind, str):
        choice = " | ".join(f'"{name}"' for name in KINDS)
        raise FileError(f"{path} does not say what it is: its first line must be kind = {choice}")
    if kind not in KINDS:
        hint = nearest(kind, KINDS) or f"; kinds are: {', '.join(KINDS)}"
        raise FileError(f"{path} is of the unknown kind {kind!r}{hint}")
    return table


def kind_of(path: str | Path) -> str:
    """What a TOML file says it is: one of `KINDS`; `FileError` naming the file when it does not say."""
    return str(_read(path)["kind"])


def read_toml(path: str | Path, kind: str) -> dict[str, Any]:
    """A TOML file's content in file order, without its `kind`; `FileError` when it is of another kind."""
    table = _read(path, kind)
    found = table.pop("kind")
    if found != kind:
        raise FileError(f"{path} is a file of kind {found!r} where one of kind {kind!r} is needed")
    return table


def csv_rows(path: str | Path, file: str) -> list[tuple[int, list[str]]]:
    """The number of each line of a CSV file that has any cells, and its cells; FileError names `file`."""
    try:
        # -sig: spreadsheets put a byte-order mark first
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise FileError(f"{file} is not a CSV file in UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return [(reader.line_num, [c.strip() for c in cells]) for cells in reader if any(c.strip() for c in cells)]
    except csv.Error as error:
        raise FileError(f"{file} line {reader.line_num} is not valid CSV: {error}") from None


def only_keys(table: object, allowed: Iterable[str], required: Iterable[str], where: str) -> None:
    """Refuse a key outside `allowed`, and a lack of one of `required`; `where` names file and table."""
    if not isinstance(table, Mapping):
        raise FileError(f"{where} must be a table of keys and values, found {table!r}")
    needed = tuple(required)
    known = {*allowed, *needed}
    for key in table:
        if key not in known:
            hint = nearest(str(key), known) or f"; known are: {', '.join(sorted(known))}"
            raise FileError(f"{where} has the unknown key {key!r}{hint}")
    for key in needed:
        if key not in table:
            raise FileError(f"{where} lacks the key {key!r}")
