"""What a study file rests on: keys of references.toml."""

from __future__ import annotations

from typing import Any

from ..errors import StudyError, nearest
from ..references import load_references


def sources(value: Any, where: str, *, printed: bool = False) -> tuple[str, ...]:
    """Keys of references.toml, one or a list, or "assumed"; of what is `printed` at least one key, and "assumed" is
    none. StudyError for another.
    """
    keys = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else (value,)
    known = load_references()
    for key in keys or ((value,) if printed else ()):
        if (key != "assumed" or printed) and (not isinstance(key, str) or key not in known):
            raise StudyError(f"{where}: source {key!r:.40} is not in references.toml{nearest(str(key), known)}")
    return tuple(str(k) for k in keys)
