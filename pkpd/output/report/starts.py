"""Starting values outside their bounds, which a search moves inside."""

from __future__ import annotations

from collections.abc import Sequence

from ...parameters import Parameter


def moved_starts(tables: Sequence[Parameter]) -> list[str]:
    """A sentence for each varied parameter whose starting value lies outside its bounds."""
    return [
        f"{t.name} was to start at {t.text}, outside its bounds {t.bounds[0]:g} to {t.bounds[1]:g}; the search started "
        f"at {min(max(t.value, t.bounds[0]), t.bounds[1]):g} instead"
        for t in tables
        if t.outside
    ]
