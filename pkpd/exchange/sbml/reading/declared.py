"""The units that a foreign file declares for everything, where they agree."""

from __future__ import annotations

from typing import Any

from ....errors import ModelError
from .contents import Contents, Item
from .foreign import Measure
from .source import unit_complaints
from .units import declared_time, unit_text


def declared_units(document: Any, level: int, contents: Contents) -> Measure:
    """The units a file declares; ModelError or UnitError where one is missing, or libsbml says that they disagree."""
    model = document.getModel()
    declared = declared_time(model, level)
    if declared is None and level >= 3:
        raise ModelError("the unit of time is not declared")
    time, size = declared or ("s", 1.0)
    if size != 1:
        raise ModelError(f"the unit of time, {size:g} {time}, has no name here")
    complaints = unit_complaints(document)
    if complaints:
        raise ModelError(f"of its units libsbml says: {complaints[0]}")
    extent = model.getUnitDefinition(model.getExtentUnits()) if model.isSetExtentUnits() else None

    def unit(item: Item) -> str:
        if item.unit is None and item.what.startswith("stoichiometry"):
            return "1"
        if item.unit is None:
            return f"{unit_text(extent, item.what)}/{time}"
        return unit_text(item.unit, item.what)

    def start_unit(item: Item) -> str:
        if not item.divide and not item.multiply:
            return unit(item)
        home = unit(contents.items[item.divide or item.multiply])
        return f"{unit(item)}{'*' if item.divide else '/'}{home}"

    return Measure(unit, start_unit, time)
