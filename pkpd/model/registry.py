"""Models by name: the built-in ones, and a user's own from a file they name on the command line."""

from __future__ import annotations

import importlib
import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError, PkpdError, nearest

if TYPE_CHECKING:
    from .declaration import Model

# One line a model: its name, and the module that holds a function of that name.
MODELS = {
    "il2": "pkpd.model.il2",
    "il2_minimal": "pkpd.model.il2_minimal",
}


@lru_cache(maxsize=32)
def get_model(name: str) -> Model:
    """The model `il2`, `il2_minimal`, or `path/file.py:name` (a file of yours, run as Python); ModelError with the
    nearest name.
    """
    if ":" in name or name.endswith(".py"):
        return _from_file(name)
    if name not in MODELS:
        hint = nearest(name, MODELS) or f"; there are {', '.join(MODELS)}, or give path/file.py:name"
        raise ModelError(f"there is no model '{name}'{hint}")
    found: Model = getattr(importlib.import_module(MODELS[name]), name)()
    return found


def _from_file(text: str) -> Model:
    from .declaration import Model

    file, _, attribute = text.rpartition(":")
    path = Path(file)
    if not file or not attribute.isidentifier():
        raise ModelError(f"'{text}' does not name a model in a file: write path/file.py:name")
    if not path.is_file():
        raise ModelError(f"the model file {path} does not exist")
    spec = importlib.util.spec_from_file_location(f"pkpd_user_model_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ModelError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except PkpdError:
        raise
    except Exception as error:
        raise ModelError(f"{path} does not run as Python: {type(error).__name__}: {error}") from error
    if not hasattr(module, attribute):
        raise ModelError(
            f"{path} holds no '{attribute}'{nearest(attribute, [n for n in vars(module) if not n.startswith('_')])}"
        )
    found = getattr(module, attribute)
    if callable(found) and not isinstance(found, Model):
        found = found()
    if not isinstance(found, Model):
        raise ModelError(f"'{attribute}' in {path} is not a model: make it with pkpd.build(name, block, ...)")
    return found
