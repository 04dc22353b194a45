"""Formulas and numbers that stand as texts in annotations: parsed by libsbml and walked, never evaluated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from ....errors import ModelError, UnitError
from ....model.declaration import Expression, symbol
from ....units import amount
from ..library import library
from .beginning import TIME
from .formulas import formula, literal

MAX_LENGTH = 4_000  # characters of a formula
_DECIMAL = re.compile(r"-?\d{1,20}\.\d{1,20}(?:e[+-]?\d{1,3})?\Z|-?\d{1,20}e[+-]?\d{1,3}\Z")
_FRACTION = re.compile(r"\d{1,30}(?:/[1-9]\d{0,29})?\Z")


@dataclass(frozen=True, slots=True)
class Texts:
    """Reads formulas of the `names` of a libsbml model."""

    model: Any
    names: frozenset[str]

    def formula(self, text: str, where: str) -> Expression:
        """A formula in SBML's text form; ModelError naming `where` for anything else."""
        if _DECIMAL.match(text):
            return sympy.Float(number(text, where))  # 1.0 is not the whole number 1
        libsbml = library()
        settings = libsbml.L3ParserSettings()
        settings.setModel(self.model)  # its names come before those of functions and constants
        settings.setParseUnits(libsbml.L3P_NO_UNITS)
        node = libsbml.parseL3FormulaWithSettings(text, settings) if len(text) <= MAX_LENGTH else None
        if node is None:
            raise ModelError(f"{where} is annotated as '{text[:40]}', which is no formula")
        try:
            return formula(node, {name: symbol(name) for name in self.names}, TIME, where)
        except RecursionError:
            raise ModelError(f"{where} is annotated with a formula that is nested too deeply") from None


def number(text: str, where: str) -> float:
    """A finite number without a unit; ModelError naming `where`."""
    try:
        value, unit = amount(text)
    except UnitError:
        value, unit = 0.0, "none"
    if unit != "1":
        raise ModelError(f"{where} is annotated as '{text[:40]}', which is no number")
    literal(value, where)  # finite
    return value


def fraction(text: str, where: str) -> Fraction:
    """An exact number of days that is not negative; ModelError naming `where`."""
    if not _FRACTION.match(text):
        raise ModelError(f"{where} is annotated as '{text[:40]}', which is no number of days")
    return Fraction(text)
