"""SBML as Antimony text, by the library of that name."""

from __future__ import annotations

from typing import Any

from ...errors import PkpdError
from .library import library

# Names that SBML allows and Antimony 3.3 cannot read, beside those of SBML's own units.
_WORDS = frozenset({"after", "constraint", "maximize", "minimize"})


def antimony_text(sbml_text: str) -> str:
    """The model of an SBML text as Antimony; PkpdError where the text is no SBML, what comes out is no Antimony, or the
    library is not installed.

    Names that are words of Antimony get an underscore at their end. Antimony has no place for annotations; its notes
    keep the value of each parameter in the unit of its source.
    """
    antimony = library("antimony")
    antimony.clearPreviousLoads()  # it keeps every model it has read
    try:
        if antimony.loadSBMLString(_readable(sbml_text)) < 0:
            raise PkpdError(f"this SBML cannot be turned into Antimony: {_last(antimony)}")
        text = str(antimony.getAntimonyString(antimony.getMainModuleName()))
        antimony.clearPreviousLoads()
        if antimony.loadAntimonyString(text) < 0:
            raise PkpdError(f"this SBML makes Antimony that cannot be read back: {_last(antimony)}")
        return text
    finally:
        antimony.clearPreviousLoads()


def _last(antimony: Any) -> str:
    return " ".join(str(antimony.getLastError()).split())[:300]


def _readable(sbml_text: str) -> str:
    """The same SBML without names that Antimony cannot read."""
    libsbml = library()
    document = libsbml.readSBMLFromString(sbml_text)
    model = document.getModel()
    if model is None:
        raise PkpdError("this text cannot be turned into Antimony: it is not SBML with a model")
    listed = model.getListOfAllElements()
    elements = [listed.get(k) for k in range(listed.getSize())]
    units = {libsbml.UnitKind_toString(k) for k in range(libsbml.UNIT_KIND_INVALID)}
    names = {e.getId() for e in elements if e.isSetIdAttribute()}
    found = names & (_WORDS | units)
    for name in sorted(found):
        other = f"{name}_"
        while other in names:
            other += "_"
        for element in elements:
            element.renameSIdRefs(name, other)
            if element.getId() == name and element.getTypeCode() != libsbml.SBML_UNIT_DEFINITION:
                element.setIdAttribute(other)
    return str(libsbml.writeSBMLToString(document)) if found else sbml_text
