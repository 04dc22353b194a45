"""Formulas in SBML's own text form, for annotations; every number in it reads back to the last bit."""

from __future__ import annotations

import re
from typing import Any

from ...model.declaration import Expression
from .mathematics import Mathematics

_HELD = re.compile(r"\b_(\d+)_number\b")  # no name of a model begins with _
_WHOLE = 2**31  # SBML's integers have 32 bits


def formula_text(maths: Mathematics, e: Expression) -> str:
    """An expression of names and numbers without units, as `libsbml.formulaToL3String` writes it; a bare number says
    whether it is whole (`1`) or a decimal (`1.0`).
    """
    if e.is_Integer and abs(e) < _WHOLE:
        return str(e)
    if e.is_Integer or e.is_Float:
        return repr(float(e))
    libsbml, tree, numbers = maths.libsbml, maths.tree(e), list[float]()
    _hold(libsbml, tree, numbers)
    # libsbml itself writes 15 digits
    return _HELD.sub(lambda held: _written(numbers[int(held[1])]), str(libsbml.formulaToL3String(tree)))


def _hold(libsbml: Any, node: Any, numbers: list[float]) -> None:
    """Take the units off every number, and put a name in the place of each decimal."""
    if node.getType() in (libsbml.AST_INTEGER, libsbml.AST_REAL):
        node.unsetUnits()
    if node.getType() == libsbml.AST_REAL:
        numbers.append(node.getReal())
        node.setType(libsbml.AST_NAME)
        node.setName(f"_{len(numbers) - 1}_number")
    for k in range(node.getNumChildren()):
        _hold(libsbml, node.getChild(k), numbers)


def _written(value: float) -> str:
    return repr(value) if value >= 0 else f"({value!r})"
