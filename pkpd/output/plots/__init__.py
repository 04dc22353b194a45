"""Figures, one family a file: functions that draw on axes, and functions that compose whole figures from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .overview import figures, overview_figure

__all__ = ["figures", "overview_figure"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute '{name}'")
    from . import overview

    return getattr(overview, name)
