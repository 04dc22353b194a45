"""The libraries that read and write SBML and Antimony, loaded when first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...errors import PkpdError

LEVEL, VERSION = 3, 1


def library(name: str = "libsbml") -> Any:
    """The module `libsbml` or `antimony`; PkpdError when it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        raise PkpdError(f"SBML and Antimony need {name}; install it with: pip install 'pkpd[exchange]'") from None
