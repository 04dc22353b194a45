"""Units in SBML: the coherent units of a model, in which its equations hold, and the own units of its outputs.

SBML converts nothing by itself, so every number of an exported model is in coherent units (dm, pmol, mg, IU, cell and
the model's unit of time), and each output is divided by a constant that has a unit. SBML has no unit of biological
activity: IU and cell are both its `item`, of which it is said in the notes which is which.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...units import COHERENT, coherent_factor, factor, unit

# SBML's own unit and its power of ten for each of COHERENT; the order is that of the name of a unit.
_BASES = {
    "[substance]": ("mole", -12),
    "[mass]": ("gram", -3),
    "[activity]": ("item", 0),
    "[number]": ("item", 0),
    "[length]": ("metre", -1),
    "[time]": ("second", 0),
}
PLAIN = "dimensionless"
Dimensions = tuple[tuple[str, float], ...]


@dataclass(slots=True)
class UnitTable:
    """The unit definitions of one SBML model, each made when first asked for; `taken` are ids in use elsewhere."""

    libsbml: Any
    sbml: Any
    time: str
    taken: set[str]
    _made: dict[tuple[Dimensions, float], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kinds = range(self.libsbml.UNIT_KIND_INVALID)  # ids that SBML keeps for itself
        self.taken = self.taken | {self.libsbml.UnitKind_toString(k) for k in kinds}

    def coherent(self, text: str) -> str:
        """The id of the coherent unit of everything written in the unit `text`."""
        return self.coherent_of(unit(text).dimensionality)

    def coherent_of(self, dimensionality: Mapping[Any, Any]) -> str:
        """The same, from powers by dimension."""
        return self._definition(_dimensions(dimensionality), 1.0, "")

    def own(self, text: str) -> str:
        """The id of the unit `text` itself."""
        return self._definition(_dimensions(unit(text).dimensionality), coherent_factor(text, self.time), text)

    def conversion(self, text: str) -> str:
        """The id of the unit of the constant that a coherent value is divided by to be in the unit `text`."""
        return self._definition((), 1 / coherent_factor(text, self.time), f"coherent per {text}")

    def _definition(self, dimensions: Dimensions, size: float, text: str) -> str:
        if not dimensions and size == 1:
            return PLAIN
        if (dimensions, size) not in self._made:
            shown = _name(dimensions, self.time) if size == 1 else text
            self._made[dimensions, size] = self._define(shown, dimensions, size)
        return self._made[dimensions, size]

    def _define(self, shown: str, dimensions: Dimensions, size: float) -> str:
        made = self.sbml.createUnitDefinition()
        made.setId(self.free(_identifier(shown)))
        made.setName(shown)
        for dimension, power in dimensions:
            kind, scale = _BASES[dimension]
            seconds = factor(self.time, "s") if dimension == "[time]" else 1.0
            self._part(made, kind, power, scale, seconds)
        if size != 1:
            self._part(made, PLAIN, 1, 0, size)
        return str(made.getId())

    def _part(self, made: Any, kind: str, power: float, scale: int, multiplier: float) -> None:
        part = made.createUnit()
        part.setKind(self.libsbml.UnitKind_forName(kind))
        part.setExponent(power)
        part.setScale(scale)
        part.setMultiplier(multiplier)

    def free(self, wanted: str) -> str:
        """An id that nothing else has, as close to the one wanted as can be; it is then taken."""
        found, number = wanted, 1
        while found in self.taken:
            number += 1
            found = f"{wanted}_{number}"
        self.taken.add(found)
        return found


def _dimensions(dimensionality: Mapping[Any, Any]) -> Dimensions:
    powers = {str(name): float(str(power)) for name, power in dimensionality.items() if power}
    return tuple((name, powers[name]) for name in _BASES if name in powers)


def _name(dimensions: Dimensions, time: str) -> str:
    """`pmol/dm3/h`."""
    parts = []
    for dimension, power in dimensions:
        base = time if dimension == "[time]" else COHERENT[dimension]
        parts.append(("/" if power < 0 else "*") + base + (f"{abs(power):g}" if abs(power) != 1 else ""))
    parts.sort(key=lambda part: part[0])  # * before /
    return "".join(parts).removeprefix("*") if parts[0][0] == "*" else "1" + "".join(parts)


def _identifier(text: str) -> str:
    """`pmol_per_dm3_per_h`."""
    worded = text.replace("%", "percent").replace("µ", "u").replace("μ", "u").removeprefix("1/").replace("*", "_")
    worded = f"per_{worded}" if text.startswith("1/") else worded
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", worded.replace("/", "_per_")).strip("_")
    return plain if re.match(r"[A-Za-z_]", plain) else f"unit_{plain}"
