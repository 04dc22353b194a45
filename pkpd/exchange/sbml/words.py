"""What stands beside the equations: notes for people (XHTML), and annotations that a program reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "urn:pkpd:sbml:1"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold


def plain(text: str) -> str:
    """Text without the characters that XML cannot hold, on one line."""
    return " ".join(_FORBIDDEN.sub("", text).split())


def notes(paragraphs: Iterable[str]) -> str:
    """Paragraphs as the body of SBML notes; empty ones are left out."""
    lines = "".join(f"<p>{escape(plain(text))}</p>" for text in paragraphs if text)
    return f'<body xmlns="http://www.w3.org/1999/xhtml">{lines}</body>'


def annotation(element: str, attributes: Mapping[str, str], inside: str = "") -> str:
    """One element of our own namespace; attributes that are empty are left out.

    Every parameter of an exported model has a `quantity` with `kind` (parameter, derived, state, rate, output, dose,
    infusion, or constant for what only converts units), `name` (as in our model, which is the id unless two would
    share it) and `unit` (as in our model). A parameter also has `value` in that unit, as its file has it, `basis`,
    `source` (keys joined by "; "), `covariate` where it describes the patient, `declared` (the unit of its declaration,
    where it is another), and as it has them `low` and `high` (bounds), `prior` and `prior_sd`, `spread`, `occasion`,
    `average`, `correlation` ("NAME NUMBER; ..."), `where` and `note`; a state has `scale`, the size in that unit at
    which it matters, which tolerances follow.

    The model itself has a `model` with `name`, `time`, `meaning`, `fingerprint` and `version`, and in it a `route`
    (`name`, `into`, `unit`, `bioavailability`, `lag`, `content`, `rate`, `duration`) for each way to dose, a
    `requirement` (`smaller`, `larger`, `meaning`) for each relation that a steady baseline needs and, where events hold
    a schedule, a `schedule` (`length` in days) with a `dose` for each record (the fields of `pkpd.dosing.dose.Dose`).
    What routes, requirements and scales say are formulas as `libsbml.formulaToL3String` writes them, of numbers and the
    names of parameters and derived parameters. Numbers are written so that they read back to the last bit.
    """
    said = "".join(f" {name}={quoteattr(plain(value))}" for name, value in attributes.items() if value)
    return f'<pkpd:{element} xmlns:pkpd="{NAMESPACE}"{said}>{inside}</pkpd:{element}>'


def inner(element: str, attributes: Mapping[str, str], inside: str = "") -> str:
    """An element inside an annotation."""
    said = "".join(f" {k}={quoteattr(plain(v))}" for k, v in attributes.items() if v)
    return f"<pkpd:{element}{said}>{inside}</pkpd:{element}>"
