"""Where compiled code is kept: a folder that only the user can write, since what lies there runs as code.

A file is named by the hash of everything it was made from, written beside its place and renamed, so a process finds a
whole file or none. Its first bytes are a digest of the rest: a damaged file counts as missing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
import tempfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import platformdirs

DIGEST = 32


def key(parts: Iterable[str | bytes]) -> str:
    """A name for what is made from these parts; other parts, or other borders between them, give another."""
    found = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        found.update(len(data).to_bytes(8, "big") + data)
    return found.hexdigest()[:32]


def read(name: str) -> bytes | None:
    """What is stored under a name, or None."""
    _check(name)
    for folder in folders():
        with contextlib.suppress(OSError):
            data = (folder / name).read_bytes()
            if hashlib.sha256(data[DIGEST:]).digest() == data[:DIGEST]:
                return data[DIGEST:]
    return None


def write(name: str, data: bytes) -> None:
    """Keep data under a name in the first folder that can be written; where none can, it is made again next time."""
    _check(name)
    for folder in folders():
        beside = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}.part"
        try:
            beside.write_bytes(hashlib.sha256(data).digest() + data)
            os.replace(beside, folder / name)
            return
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()


def _check(name: str) -> None:
    """Nothing outside the folder is read as code, whatever it is called."""
    if name != Path(name).name or name in ("", ".", ".."):
        raise ValueError(f"{name!r:.80} is no plain name of a file")


def folders() -> list[Path]:
    """The user's cache folder (or `PKPD_CACHE`), and one among the temporary files, as far as they are safe to use."""
    named = os.environ.get("PKPD_CACHE")
    temporary = Path(tempfile.gettempdir()) / f"pkpd-{_user()}"
    wanted = [Path(named) if named else Path(platformdirs.user_cache_dir("pkpd", appauthor=False)), temporary]
    return [folder for folder in wanted if _usable(folder)]


def _usable(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _safe(str(folder))


@lru_cache(maxsize=8)
def _safe(folder: str) -> bool:
    """Whether it is a folder that nobody else can put code into."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode):
        return False
    if not hasattr(os, "getuid"):  # Windows: the user's folders are the user's own
        return True
    return found.st_uid in (_user(), 0) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0
