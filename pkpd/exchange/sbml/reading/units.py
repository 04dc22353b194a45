"""Unit definitions of SBML as the texts that `pkpd.units` reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ....errors import ModelError
from ..library import library

_PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12}
_TIMES = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "wk": 604800.0}
_KINDS: dict[str, Mapping[str, float]] = {
    "mole": {f"{p}mol": size for p, size in _PREFIXES.items()},
    "litre": {"L": 1.0, "dL": 0.1, "mL": 1e-3, "uL": 1e-6},
    "gram": {"kg": 1e3} | {f"{p}g": size for p, size in _PREFIXES.items()},
    "kilogram": {"kg": 1.0, "g": 1e-3, "mg": 1e-6},
    "metre": {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 1e-3},
    "second": _TIMES,
    "item": {"cell": 1.0},
    "dimensionless": {"1": 1.0, "%": 0.01},
}
_KINDS |= {"liter": _KINDS["litre"], "meter": _KINDS["metre"]}


def unit_text(definition: Any, what: str) -> str:
    """A libsbml UnitDefinition as text (`mol/L`, `1/h`); ModelError naming `what` where there is no such text."""
    if definition is None or definition.getNumUnits() == 0:
        raise ModelError(f"{what} has no unit")
    above: list[str] = []
    below: list[str] = []
    for k in range(definition.getNumUnits()):
        part = definition.getUnit(k)
        name, power = _name(part, what), _power(part, what)
        if name != "1" and power:
            (above if power > 0 else below).append(name if abs(power) == 1 else f"{name}{abs(power)}")
    return "/".join(["*".join(above) or "1", *below])


def _name(part: Any, what: str) -> str:
    kind = library().UnitKind_toString(part.getKind())
    size = part.getMultiplier() * 10.0 ** part.getScale()
    for name, known in _KINDS.get(kind, {}).items():
        if math.isclose(size, known, rel_tol=1e-12):
            return name
    raise ModelError(f"the unit of {what}, {size:g} {kind}, has no name here")


def _power(part: Any, what: str) -> int:
    power = part.getExponentAsDouble()
    if not -9 <= power <= 9 or power != int(power):
        raise ModelError(f"the unit of {what} has the exponent {power:g}")
    return int(power)


def declared_time(model: Any, level: int) -> tuple[str, float] | None:
    """The unit of time a file declares, as a name and how many of it one is: ("h", 1.0), ("s", 7200.0); None if none.

    Level 2 takes seconds for granted, and many files that do not declare them mean another unit.
    """
    declared = model.getTimeUnits()
    definition = model.getUnitDefinition(declared) if declared else None
    if definition is None:
        return ("s", 1.0) if declared == "second" and level >= 3 else None
    if definition.getNumUnits() != 1 or library().UnitKind_toString(definition.getUnit(0).getKind()) != "second":
        return None
    part = definition.getUnit(0)
    size = part.getMultiplier() * 10.0 ** part.getScale()
    if part.getExponentAsDouble() != 1 or not 1e-12 < size < 1e12:
        return None
    for name, seconds in _TIMES.items():
        if math.isclose(size, seconds, rel_tol=1e-12):
            return name, 1.0
    return "s", size
