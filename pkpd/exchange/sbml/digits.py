"""SBML text in which every number reads back to the last bit: libsbml itself writes 15 digits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

_VALUE = re.compile(r'(<parameter (?:metaid="[^"]*" )?id="(\w+)"[^>]*? value=")[^"]+')
_REAL = re.compile(
    r"(<cn(?: sbml:units=\"\w+\")?)(?: type=\"e-notation\")?> ([-+.\de]+)(?: <sep/> ([-+\d]+))? (?=</cn>)"
)


def exact_text(libsbml: Any, document: Any) -> str:
    """The text of a document; where two numbers in its equations agree in 15 digits, those keep what libsbml wrote.

    MathML's e-notation is a product, which a reader rounds; numbers in equations are therefore written as decimals.
    """
    model = document.getModel()
    listed = [model.getParameter(k) for k in range(model.getNumParameters())]
    values = {p.getId(): p.getValue() for p in listed if p.isSetValue()}
    rounded: dict[float, set[float]] = {}
    for element in _with_mathematics(model):
        for value in _inside(libsbml, element.getMath()):
            rounded.setdefault(float(f"{value:.15g}"), set()).add(value)
    exact = {short: found.pop() for short, found in rounded.items() if len(found) == 1}
    text = str(libsbml.writeSBMLToString(document))
    text = _VALUE.sub(lambda match: match[1] + _number(values[match[2]]), text)
    return _REAL.sub(partial(_decimal, exact), text)


def _number(value: float) -> str:
    """15 digits, as libsbml writes it, where they are enough."""
    short = f"{value:.15g}"
    return short if float(short) == value else repr(value)


def _decimal(exact: dict[float, float], match: re.Match[str]) -> str:
    text = f"{match[2]}e{match[3]}" if match[3] else match[2]
    value = exact.get(float(text))
    if value is None or (match[3] is None and value == float(text)):
        return match[0]
    return f"{match[1]}> {format(Decimal(repr(value)), 'f')} "


def _with_mathematics(model: Any) -> Iterator[Any]:
    yield from (model.getRule(k) for k in range(model.getNumRules()))
    yield from (model.getInitialAssignment(k) for k in range(model.getNumInitialAssignments()))
    for k in range(model.getNumEvents()):
        event = model.getEvent(k)
        yield event.getTrigger()
        yield from (event.getEventAssignment(j) for j in range(event.getNumEventAssignments()))


def _inside(libsbml: Any, node: Any) -> Iterator[float]:
    if node.getType() == libsbml.AST_REAL:
        yield node.getReal()
    for k in range(node.getNumChildren()):
        yield from _inside(libsbml, node.getChild(k))
