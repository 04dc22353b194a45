"""The folder of a run over shards: a record of the request, and one file a shard, named by the digest of its content.

A file is written beside its place and renamed, so a stop leaves a whole file or none; nothing read here is unpickled.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.batch import Failure
from ..errors import FileError
from .grid import LogGrid
from .request import difference, digest_of
from .summary import Part
from .tally import Tally

RECORD = "request.json"
_SHORT = 16  # characters of a digest in a name
_ARRAYS = ("keys", "counts", "present", "lowest", "highest", "sums")


@dataclass(frozen=True, slots=True, eq=False)
class Folder:
    """The folder of one request: `request` is its digest, and `held` are files that may hold a shard, by its number."""

    top: Path
    request: str
    grid: LogGrid
    held: dict[int, list[Path]]

    def kept(self, shard: int) -> Part | None:
        """What the folder keeps of a shard; None where there is nothing, or nothing whole."""
        parts = (_read(path, shard, self.request, self.grid) for path in self.held.get(shard, ()))
        return next((part for part in parts if part is not None), None)

    def keep(self, shard: int, part: Part, table: bytes | None = None) -> None:
        """Keep what a shard adds to the summary and, where there is one, its table of patients; FileError when it
        cannot be written.
        """
        data = _written(shard, part, self.request, "" if table is None else _digest(table))
        try:
            if table is not None:
                write_beside(self.top / f"{_stem(shard)}.parquet", table)
            write_beside(self.top / f"{_stem(shard)}-{_digest(data)}.npz", data)
            for path in self.held.pop(shard, ()):  # damaged, or it would not have been simulated again
                if not path.name.endswith(f"{_digest(data)}.npz"):
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise FileError(f"{error.filename or self.top} cannot be written: {error.strerror or error}") from None


def open_folder(folder: str | Path, said: Mapping[str, Any], grid: LogGrid) -> Folder:
    """The folder of a request, made if need be; FileError when it holds another request or other files."""
    top = Path(folder)
    plain = json.loads(json.dumps(said))
    record = {"kind": "shards", "digest": digest_of(plain), "request": plain}
    try:
        top.mkdir(parents=True, exist_ok=True)
        if (top / RECORD).exists():
            _check_record(top / RECORD, record)
        elif any(not path.name.startswith(".") for path in top.iterdir()):
            raise FileError(f"{top} holds files that are no shards; choose an empty or a new folder")
        else:
            write_beside(top / RECORD, (json.dumps(record, indent=1) + "\n").encode())
        held: dict[int, list[Path]] = {}
        for path in sorted(top.glob("shard-*-*.npz")):
            held.setdefault(int(path.name.split("-")[1]), []).append(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"{getattr(error, 'filename', None) or top} cannot be used: {reason}") from None
    return Folder(top, digest_of(plain), grid, held)


def _written(shard: int, part: Part, request: str, table: str) -> bytes:
    tally = part.tally
    told = {
        "request": request,
        "shard": shard,
        "failed": part.failed,
        "failures": [_told(failure) for failure in part.failures],
        "table": table,
    }
    arrays: dict[str, Any] = {name: np.asarray(getattr(tally, name), dtype=_kind(name)) for name in _ARRAYS}
    data = io.BytesIO()
    np.savez_compressed(data, told=np.frombuffer(json.dumps(told).encode(), dtype=np.uint8), **arrays)
    return data.getvalue()


def _read(path: Path, shard: int, request: str, grid: LogGrid) -> Part | None:
    """What a file keeps of a shard; None where it is damaged, of another request, or its table of patients is."""
    try:
        data = path.read_bytes()
        if path.name != f"{_stem(shard)}-{_digest(data)}.npz":
            return None
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            told = json.loads(held["told"].tobytes())
            arrays: dict[str, Any] = {name: held[name] for name in _ARRAYS}
        if (told["request"], told["shard"]) != (request, shard):
            return None
        if told["table"] and _digest(path.with_name(f"{_stem(shard)}.parquet").read_bytes()) != told["table"]:
            return None
        sums = tuple(map(Fraction, arrays.pop("sums").tolist()))
        failures = tuple(Failure(patient, float(day), reason) for patient, day, reason in told["failures"])
        return Part(Tally(grid, **arrays, sums=sums), told["failed"], failures)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_beside(path: Path, data: bytes) -> None:
    """Write a file under another name first and then rename it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _check_record(path: Path, record: Mapping[str, Any]) -> None:
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("kind") != "shards" or not isinstance(found.get("request"), dict):
        raise FileError(f"{path} is not the record of a run over shards; choose an empty or a new folder")
    if found["request"] != record["request"] or found.get("digest") != record["digest"]:
        other = difference(record["request"], found["request"])
        raise FileError(f"{path.parent} holds shards of another request: {other}; choose another folder")


def _told(failure: Failure) -> list[Any]:
    patient, day, reason = astuple(failure)
    return [patient, repr(day), reason]  # as text, because JSON has no NaN


def _stem(shard: int) -> str:
    return f"shard-{shard:06d}"


def _kind(name: str) -> type:
    return np.int64 if name in ("keys", "counts", "present") else np.float64


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_SHORT]
