"""Models by name: the built-in ones, and a user's own from a file they name on the command line."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, PkpdError, nearest

if TYPE_CHECKING:
    from .declaration import Model

# One line a model: its name, and the module that holds a function of that name.
MODELS = {
    "il2": "pkpd.model.il2",
    "il2_minimal": "pkpd.model.il2_minimal",
}
# Files of other programs by their ending, and the module with a function `sbml_model`; by name, as above, since what
# reads them stands below this room.
_SBML = "pkpd.exchange.sbml.reading.imported"
FOREIGN = {".xml": _SBML, ".sbml": _SBML}


def get_model(name: str) -> Model:
    """The model `il2`, `il2_minimal`, `path/file.py:name` (a file of yours, run as Python), or an SBML file ending in
    .xml or .sbml; ModelError with the nearest name.
    """
    if (ending := Path(name).suffix.lower()) in FOREIGN:
        found: Model = importlib.import_module(FOREIGN[ending]).sbml_model(Path(name))
        return found
    if ":" in name or name.endswith(".py"):
        return _from_file(name)
    if name not in MODELS:
        hint = nearest(name, MODELS) or f"; there are {', '.join(MODELS)}, or give path/file.py:name or an SBML file"
        raise ModelError(f"there is no model '{name[:80]}'{hint}")
    return _built_in(name)


@lru_cache(maxsize=len(MODELS))
def _built_in(name: str) -> Model:
    found: Model = getattr(importlib.import_module(MODELS[name]), name)()
    return found


def _from_file(text: str) -> Model:
    file, _, attribute = text.rpartition(":")
    if not file or not attribute.isidentifier():
        raise ModelError(f"'{text[:200]}' does not name a model in a file: write path/file.py:name")
    try:
        path = Path(file).resolve()
        written = path.stat().st_mtime_ns if path.is_file() else None
    except (OSError, ValueError):
        written = None
    if written is None:
        raise ModelError(f"the model file {file[:200]} does not exist")
    return _loaded(path, attribute, written)


@lru_cache(maxsize=16)
def _loaded(path: Path, attribute: str, written: int) -> Model:
    """The model of a file; an edited file (another time of writing) is read again."""
    from .declaration import Model

    names = _run(path)
    if attribute not in names:
        raise ModelError(f"{path.name} holds no '{attribute}'{nearest(attribute, [n for n in names if n[0] != '_'])}")
    found = names[attribute]
    if callable(found) and not isinstance(found, Model):
        found = _called(found, f"'{attribute}' in {path.name}")
    if not isinstance(found, Model):
        raise ModelError(f"'{attribute}' in {path.name} is not a model: make it with pkpd.build(name, block, ...)")
    return found


def _run(path: Path) -> dict[str, Any]:
    """The names a file defines; it runs as Python, because the user named it as code."""
    name = f"pkpd_user_model_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ModelError(f"{path.name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for it
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # nothing is left beside the user's file
    try:
        _guarded(partial(spec.loader.exec_module, module), path.name, "does not run as Python")
    finally:
        sys.dont_write_bytecode = before
    return vars(module)


def _called(make: Callable[[], object], what: str) -> object:
    return _guarded(make, what, "does not make a model when called without arguments")


def _guarded(call: Callable[[], object], what: str, problem: str) -> object:
    """The result of a user's code; whatever it raises becomes one sentence, except the user's own interruption."""
    try:
        return call()
    except PkpdError as error:
        raise ModelError(f"{what}: {error}") from None
    except (Exception, SystemExit) as error:
        raise ModelError(f"{what} {problem}: {type(error).__name__}: {str(error)[:300]}") from error
