"""Names and texts that mean something elsewhere, text that is no SBML, and libraries that are not installed."""

from __future__ import annotations

import sys

import libsbml
import models
import pytest
import sympy

from pkpd.errors import PkpdError
from pkpd.exchange.sbml.antimony import antimony_text
from pkpd.exchange.sbml.writing import problems, sbml_text
from pkpd.model.grammar import Builder, build


def _read(text: str) -> libsbml.Model:
    return libsbml.readSBMLFromString(text).getModel().clone()


def test_a_hostile_meaning_is_text() -> None:
    meaning = 'a <b>bold</b> & "quoted" \x07 ``` end\nmodel other() ]]> \ud800'

    def block(m: Builder) -> None:
        x = m.state("x", "mg", initial=1, meaning=meaning)
        m.flow("loss", m.parameter("k", "1/h", value=1.0, meaning=meaning) * x, out_of=x)
        m.output("y", x, "mg", meaning)

    text = sbml_text(build("hostile", block), name=meaning)
    assert problems(text) == ()
    assert _read(text).getParameter("x").getName() == 'a <b>bold</b> & "quoted" ``` end model other() ]]>'
    assert antimony_text(text).count("\nmodel ") == 1


def test_names_that_are_words_elsewhere() -> None:
    """Of Antimony, of SBML's units and of formulas; all stay as they are in SBML."""
    words = (
        "after",
        "constraint",
        "second",
        "dimensionless",
        "mole",
        "at",
        "e",
        "pi",
        "exp",
        "species",
        "h",
        "mg",
        "S",
    )

    def block(m: Builder) -> None:
        x = m.state("x", "mg", initial=1)
        total = sympy.Add(*(m.parameter(word, "1/h", value=0.1) for word in words))
        m.flow("loss", total * x, out_of=x)
        m.output("y", x, "mg")

    text = sbml_text(build("words", block))
    assert problems(text) == ()
    found = _read(text)
    assert all(found.getParameter(word) for word in words)
    assert "second_" in antimony_text(text)


@pytest.mark.parametrize("missing", ["libsbml", "antimony"])
def test_a_missing_library_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = sbml_text(models.falls())
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(PkpdError, match=r"pip install 'pkpd\[exchange\]'"):
        sbml_text(models.falls()) if missing == "libsbml" else antimony_text(text)


@pytest.mark.parametrize("text", ["", "<sbml", "x' = 1", sbml_text(models.falls())[:900]])
def test_text_that_is_no_sbml_makes_no_antimony(text: str) -> None:
    with pytest.raises(PkpdError, match="cannot be turned into Antimony"):
        antimony_text(text)
