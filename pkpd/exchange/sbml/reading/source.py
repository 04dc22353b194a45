"""From a file or text to a libsbml document that is safe to walk: small, flat, without entities, valid, Level 3."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.parsers import expat

from ....errors import FileError, ModelError
from ..library import library
from .growth import check_growth

Document = Any  # libsbml ships no types

MAX_BYTES = 10_000_000
# libsbml would add it as a line of its own, and count that
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
# libsbml and sympy walk formulas by recursion
MAX_DEPTH = 300


class _Refused(Exception):
    """A reason to stop the reader of XML from inside."""


def read_source(path_or_text: str | Path) -> tuple[Document, str, int]:
    """The document of an SBML file, or of its text (which begins with `<`), the name to use in messages, and the level
    it was written in.

    Function definitions and local parameters are written out. FileError or ModelError for what cannot be read.
    """
    text, origin = _text(path_or_text)
    _check_shape(text, origin)
    libsbml = library()
    head = "" if text.startswith("<?xml") else _HEAD
    document = libsbml.readSBMLFromString(head + text)
    _refuse_errors(document, origin)
    if document.getModel() is None:
        raise ModelError(f"{origin} holds no SBML model")
    _refuse_packages(document, origin)
    check_growth(document.getModel(), origin)
    _check_valid(document, origin)
    level = document.getLevel()
    _convert(document, origin)
    return document, origin, level


def _text(source: str | Path) -> tuple[str, str]:
    if isinstance(source, str) and source.lstrip("\ufeff \t\r\n").startswith("<"):
        if len(source.encode("utf-8", "replace")) > MAX_BYTES:
            raise FileError(f"the SBML text is longer than {MAX_BYTES // 1_000_000} MB")
        return source.lstrip("\ufeff \t\r\n"), "the SBML text"
    shown = str(source)[:200]
    try:
        path = Path(source)
        if path.stat().st_size > MAX_BYTES:
            raise FileError(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB, the most an SBML file may be")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return data.decode("utf-8-sig").lstrip(), path.name
    except UnicodeDecodeError:
        raise FileError(f"{shown} is not text in UTF-8; an SBML file is XML") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"the SBML file {shown!r} cannot be read: {reason}") from None


def _check_shape(text: str, origin: str) -> None:
    """FileError unless the text is XML of a modest depth, without a document type (which is where entities live)."""
    parser, depth = expat.ParserCreate("utf-8"), 0

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise _Refused(f"elements are nested more than {MAX_DEPTH} deep")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*_: object) -> None:
        raise _Refused("a document type with entities is declared, which no SBML file needs")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except _Refused as reason:
        raise FileError(f"{origin} is refused at line {parser.CurrentLineNumber}: {reason}") from None
    except (expat.ExpatError, ValueError) as error:
        raise FileError(f"{origin} is not XML: {error}") from None


def _refuse_errors(document: Document, origin: str) -> None:
    """ModelError naming the first error that libsbml has found."""
    libsbml = library()
    for k in range(document.getNumErrors()):
        error = document.getError(k)
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR:
            raise ModelError(f"{origin} is not valid SBML at line {error.getLine()}: {_sentence(error)}")


def _sentence(error: Any) -> str:
    """What libsbml says of an error, in one short line: the rule, and what breaks it if it says so."""
    _, _, detail = error.getMessage().partition("Reference:")
    detail = " ".join(detail.partition("\n")[2].split())[:200].rstrip(". ")
    return str(error.getShortMessage()).strip() + (f" ({detail})" if detail else "")


def _refuse_packages(document: Document, origin: str) -> None:
    plugins = [document.getPlugin(k) for k in range(document.getNumPlugins())]
    if document.getLevel() < 3:  # packages came with Level 3; libsbml puts the layout of a Level 2 file among them
        return
    needed = [p.getPackageName() for p in plugins if document.getPackageRequired(p.getPackageName())]
    # libsbml says so of every file of Version 2, whose formulas are looked at one by one
    needed = [name for name in needed if name != "l3v2extendedmath"]
    # a flux balance model has no rates even where its package is declared as not needed
    needed += [p.getPackageName() for p in plugins if p.getPackageName() == "fbc"]
    if needed:
        raise ModelError(f"{origin} uses the SBML package '{needed[0]}', which changes its equations and is not read")


def _check_valid(document: Document, origin: str) -> None:
    libsbml = library()
    for category in (libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, libsbml.LIBSBML_CAT_MODELING_PRACTICE):
        document.setConsistencyChecks(category, False)
    document.checkConsistency()
    _refuse_errors(document, origin)


def _convert(document: Document, origin: str) -> None:
    """Write out function definitions and local parameters, and make a Level 1 or 2 file one of Level 3."""
    libsbml = library()
    for option in ("expandFunctionDefinitions", "promoteLocalParameters"):
        properties = libsbml.ConversionProperties()
        properties.addOption(option, True)
        if document.convert(properties) != libsbml.LIBSBML_OPERATION_SUCCESS:
            raise ModelError(f"{origin} cannot be read: libsbml could not {option}")
    if document.getLevel() < 3:
        document.setLevelAndVersion(3, 1, False)
        if document.getLevel() < 3:
            raise ModelError(f"{origin} is Level {document.getLevel()}, which libsbml could not make Level 3")


def unit_complaints(document: Document) -> tuple[str, ...]:
    """What libsbml says against the units of a document, a short line each."""
    libsbml = library()
    document.getErrorLog().clearLog()
    for category in (
        libsbml.LIBSBML_CAT_GENERAL_CONSISTENCY,
        libsbml.LIBSBML_CAT_IDENTIFIER_CONSISTENCY,
        libsbml.LIBSBML_CAT_MATHML_CONSISTENCY,
        libsbml.LIBSBML_CAT_SBO_CONSISTENCY,
        libsbml.LIBSBML_CAT_OVERDETERMINED_MODEL,
        libsbml.LIBSBML_CAT_MODELING_PRACTICE,
    ):
        document.setConsistencyChecks(category, False)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, True)
    document.checkConsistency()
    return tuple(document.getError(k).getShortMessage() for k in range(document.getNumErrors()))
