"""One SBML model that is being written: its document, units and mathematics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import PkpdError
from ...model.assemble import units_of
from ...model.declaration import Expression, Model
from .library import LEVEL, VERSION, library
from .mathematics import Mathematics
from .units import UnitTable
from .words import annotation, notes, plain


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a quantity: its kind, its name and unit in our model, its meaning, more notes and attributes."""

    kind: str
    name: str
    unit: str
    meaning: str = ""
    more: Sequence[str] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A document with one model; `units` has the unit of every symbol its equations may use."""

    libsbml: Any
    document: Any
    sbml: Any
    model: Model
    table: UnitTable
    units: dict[str, str]
    maths: Mathematics
    constants: dict[str, str] = field(default_factory=dict)  # of conversion, by unit

    def quantity(self, identity: str, unit: str, said: Said, value: float | None = None, constant: bool = False) -> Any:
        """A parameter of SBML, in the unit of that id."""
        made = self.sbml.createParameter()
        _did(made.setId(identity), f"the name '{identity}'")
        made.setName(plain(said.meaning or said.name))
        made.setUnits(unit)
        made.setConstant(constant)
        if value is not None:
            made.setValue(value)
        _did(made.setNotes(notes([said.meaning, *said.more])), f"the notes of '{identity}'")
        own = {"kind": said.kind, "name": said.name, "unit": said.unit, **said.attributes}
        _did(made.setAnnotation(annotation("quantity", own)), f"the annotation of '{identity}'")
        return made

    def assign(self, identity: str, value: Expression, unit: str) -> None:
        """The quantity always has this value; `unit` is the id of its unit."""
        rule = self.sbml.createAssignmentRule()
        rule.setVariable(identity)
        _did(rule.setMath(self.maths.tree(value, unit)), f"the equation of '{identity}'")

    def begin(self, identity: str, value: Expression, unit: str) -> None:
        """The quantity has this value at time 0."""
        rule = self.sbml.createInitialAssignment()
        rule.setSymbol(identity)
        _did(rule.setMath(self.maths.tree(value, unit)), f"the initial value of '{identity}'")

    def move(self, identity: str, slope: Expression, unit: str) -> None:
        """The quantity changes at this rate; `unit` is the id of the unit of the rate."""
        rule = self.sbml.createRateRule()
        rule.setVariable(identity)
        _did(rule.setMath(self.maths.tree(slope, unit)), f"the rate of change of '{identity}'")


def new_page(model: Model, outputs: Iterable[str]) -> Page:
    """A document with an empty model; `outputs` are the ids of its outputs. PkpdError without libsbml."""
    libsbml = library()
    document = libsbml.SBMLDocument(LEVEL, VERSION)
    sbml = document.createModel()
    units = dict(units_of(model))
    table = UnitTable(libsbml, sbml, model.time, {*units, *outputs})
    page = Page(libsbml, document, sbml, model, table, units, Mathematics(libsbml, table, units))
    sbml.setTimeUnits(table.coherent(model.time))
    # no species or reaction uses these, but COPASI warns of every one that is not said
    sbml.setSubstanceUnits(table.coherent("pmol"))
    sbml.setExtentUnits(table.coherent("pmol"))
    sbml.setVolumeUnits(table.coherent("L"))
    sbml.setAreaUnits(table.coherent("dm2"))
    sbml.setLengthUnits(table.coherent("dm"))
    return page


def _did(code: int, what: str) -> None:
    """libsbml tells by a number whether it did what was asked."""
    if code != 0:
        raise PkpdError(f"{what} cannot be written as SBML: libsbml refused it with code {code}")
