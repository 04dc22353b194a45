"""Things sent between our own workers as bytes. Nothing that came from a file is ever opened here."""

from __future__ import annotations

import pickle
from functools import lru_cache
from typing import Any


def pack(thing: object) -> bytes:
    """A thing as bytes, for a worker of ours."""
    return pickle.dumps(thing, protocol=5)


@lru_cache(maxsize=8)
def unpack(data: bytes) -> Any:
    """The thing behind the bytes of `pack`. Equal bytes give the same object, so that a worker finds what it compiled
    for a model when the next piece of work arrives.
    """
    return pickle.loads(data)  # noqa: S301 (made by `pack` in the process that started this worker)
