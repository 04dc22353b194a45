"""Where a result came from, beside the result: `run.json`, hashes, and a folder in which only our own files are
replaced.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import stat
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import FileError

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "sympy", "pint", "matplotlib", "lmfit", "pymoo", "SALib")
RECORDS = (
    "run",
    "events",
    "fit",
    "profile",
    "prediction",
    "population",
    "trial",
    "comparison",
    "optimisation",
    "sensitivity",
    "vpc",
    "export",
    "report",
)


def versions() -> dict[str, str]:
    """What the numbers depend on: packages, Python and processor."""
    found = {
        "pkpd": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": sys.platform,
    }
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def read_record(path: str | Path, kind: str = "run") -> dict[str, Any]:
    """A `run.json` as plain tables; FileError when it is no such file, or not of the kind asked for ("" takes any)."""
    file = Path(path)
    try:
        record = json.loads(file.read_bytes().decode("utf-8"))
    except OSError as error:
        raise FileError(f"{file} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise FileError(f"{file} is not valid JSON: {error}") from None
    if not isinstance(record, dict) or record.get("kind") not in RECORDS:
        raise FileError(f'{file} is not a record of a run: it does not say "kind": "run"')
    if kind and record["kind"] != kind:
        raise FileError(f"{file} is the record of a {record['kind']}, where that of a {kind} is needed")
    for key in ("files", "tables", "versions"):
        table = record.get(key)
        if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
            raise FileError(f"{file} is damaged: '{key}' is a table of texts, not {table!r:.40}")
    seed = record.get("seed", "")
    seeded = seed is None or (record["kind"] != "run" and type(seed) is int)
    if not (isinstance(record.get("command"), str) and seeded):
        raise FileError(f"{file} is damaged: it needs the command as text, and a seed of null (of a fit, a number)")
    return record


def write_results(
    folder: str | Path, files: Mapping[str, bytes], record: Mapping[str, Any], record_name: str = "run.json"
) -> list[Path]:
    """Write files and the record that lists them, replacing only what an earlier record there lists unchanged.

    Raises FileError, before anything is written, when a file in the way was not written by a run or was changed since.
    A stop half way leaves every file as it was.
    """
    top = Path(folder)
    earlier = check_place(top, files, record_name)
    full = dict(record) | {"versions": versions(), "files": {name: digest(data) for name, data in files.items()}}
    contents = {**files, record_name: _sealed(full)}
    try:
        top.mkdir(parents=True, exist_ok=True)
        _replace({top / name: data for name, data in contents.items()})
        for name in set(earlier) - set(files):
            stale = top / name
            if stale.is_file() and digest(stale.read_bytes()) == earlier[name]:
                stale.unlink()
    except OSError as error:
        raise FileError(f"{error.filename or top} cannot be written: {error.strerror or error}") from None
    return [top / name for name in contents]


def check_place(folder: str | Path, names: Iterable[str], record_name: str = "run.json") -> dict[str, str]:
    """The digests an earlier record lists; FileError when a file in the way is not a run's, or was changed since, and
    when the folder can be none.
    """
    _refuse_no_folder(Path(folder))
    earlier = _earlier(Path(folder) / record_name)
    for name in names:
        _refuse_foreign(Path(folder) / name, earlier.get(name))
    return earlier


def unchanged(record: Mapping[str, Any]) -> bool:
    """Whether a record is as pkpd wrote it, by the digest of itself that it holds."""
    return record.get("digest") == digest(_text({k: v for k, v in record.items() if k != "digest"}))


def digest(data: bytes) -> str:
    """SHA-256 as hexadecimal text."""
    return hashlib.sha256(data).hexdigest()


def _sealed(record: Mapping[str, Any]) -> bytes:
    """A record as text, with a digest of itself, so that an edited one is recognised."""
    full = dict(record) | {"digest": digest(_text(record))}
    return _text(full)


def _text(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=1, allow_nan=False) + "\n").encode("utf-8")


def _earlier(path: Path) -> dict[str, str]:
    """Names and digests of the files that an earlier record in the same place lists."""
    if not path.exists():
        return {}
    if not path.is_file():
        raise FileError(f"{path} is in the way and is not a file; choose another place, or move it away first")
    record = read_record(path, "")
    if path.read_bytes() != _sealed({k: v for k, v in record.items() if k != "digest"}):
        raise FileError(f"{path} was changed since pkpd wrote it and is not replaced; choose another place")
    listed = record.get("files", {})
    # Only plain names: a record from elsewhere must not reach outside its folder.
    return {name: str(found) for name, found in listed.items() if Path(name).name == name}


def _refuse_no_folder(folder: Path) -> None:
    """Told before anything is simulated: a run may take minutes."""
    for place in (folder, *folder.parents):
        try:
            found = place.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise FileError(f"{folder} cannot be written to: {error.strerror or error}") from None
        if not stat.S_ISDIR(found.st_mode):
            raise FileError(f"{folder} cannot be written to: {place} is a file, not a folder; choose another place")
        if not os.access(place, os.W_OK | os.X_OK):
            raise FileError(f"{folder} cannot be written to: nothing may be written in {place}; choose another place")
        return


def _refuse_foreign(path: Path, listed: str | None) -> None:
    if not path.exists():
        return
    if not path.is_file():
        raise FileError(f"{path} is in the way and is not a file; choose another place with --output, --csv or --plot")
    if listed is None:
        raise FileError(
            f"{path} was not written by pkpd and is not replaced; choose another place, or move it away first"
        )
    if digest(path.read_bytes()) != listed:
        raise FileError(
            f"{path} was changed since pkpd wrote it and is not replaced; choose another place, or move it away first"
        )


def _replace(contents: Mapping[Path, bytes]) -> None:
    """Everything is written beside its place first and then renamed, so that a stop leaves the old files or the new."""
    beside = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in contents}
    try:
        for path, data in contents.items():
            try:
                beside[path].write_bytes(data)
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(path)) from None
        for path in contents:
            os.replace(beside[path], path)
    finally:
        for part in beside.values():
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
