"""A model of ours that was written as SBML, restored from the annotations that `words.annotation` describes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy

from ....errors import ModelError
from ....model.declaration import Expression, Model, Route, symbol
from ....model.grammar import Builder, build
from ....model.registry import MODELS, get_model
from ....parameters import Parameter, Parameters, read_tables
from ....units import amount, coherent_factor
from ..words import NAMESPACE
from .contents import Item
from .foreign import Foreign, is_dose_unit
from .formulas import literal

Said = Mapping[str, str]
_TITLE = re.compile(r"\w[\w .,()+-]{0,99}\Z")  # of a model; it becomes part of the names of files
_KINDS = ("parameter", "derived", "state", "rate", "output", "dose", "infusion", "constant")


@dataclass(frozen=True, slots=True)
class Own:
    """Annotations of a file of ours: of the model, and of its quantities by id."""

    model: Said
    quantities: Mapping[str, Said]


def own_annotations(model: Any) -> Own | None:
    """The annotations of a libsbml model, or None unless every quantity has one and all are parameters."""
    about = _attributes(model, "model")
    if not about.get("name") or not about.get("time"):
        return None
    if model.getNumSpecies() or model.getNumReactions() or model.getNumCompartments():
        return None
    parts = [model.getParameter(k) for k in range(model.getNumParameters())]
    found = {p.getId(): _attributes(p, "quantity") for p in parts}
    complete = all(said.get("kind") in _KINDS and said.get("name") and said.get("unit") for said in found.values())
    return Own(about, found) if complete else None


def _attributes(part: Any, element: str) -> Said:
    """The attributes of our element in the annotation of a part, empty if it has none."""
    top = part.getAnnotation()
    for k in range(0 if top is None else top.getNumChildren()):
        node = top.getChild(k)
        if node.getName() == element and node.getURI() == NAMESPACE:
            return {node.getAttrName(i): node.getAttrValue(i) for i in range(node.getAttributesLength())}
    return {}


def own_model(file: Foreign, own: Own, meaning: str) -> tuple[Model, tuple[str, ...]]:
    """The model with values, and notes; ModelError where the annotations do not fit the equations."""
    time, title = own.model["time"], own.model["name"]
    if not _TITLE.match(title):
        raise ModelError(f"its model is annotated as {title[:40]!r}, which is no name of a model")
    values = _values(file, own)

    def block(m: Builder) -> None:
        for item in file.contents.items.values():
            _declare(m, file, own, item, values)
        for k, slope in file.contents.slopes.items():
            m.change(m[own.quantities[k]["name"]], slope)

    built = build(title, block, time=time, meaning=meaning)
    defaults = Parameters(tuple(values.values()), file.origin, built.name)
    known = _known(built, own)
    if known is None:
        said = "the routes of doses are not in the file: doses go straight into states"
        return _with_routes(replace(built, defaults=defaults), file), (said,)
    return _with_routes(replace(known, defaults=defaults.over(known.defaults)), file), ()


def _known(built: Model, own: Own) -> Model | None:
    """The built-in model with the same equations, which also knows scales, routes and requirements."""
    if own.model["name"] not in MODELS:
        return None
    known = get_model(own.model["name"])
    scales = {s.name: s.scale for s in known.states}
    if scales.keys() != {s.name for s in built.states}:
        return None
    states = tuple(replace(s, scale=scales[s.name]) for s in built.states)
    return known if replace(built, states=states, routes=known.routes).fingerprint == known.fingerprint else None


def _with_routes(model: Model, file: Foreign) -> Model:
    """With a route of its name for each state that doses reach; those without a unit of doses take coherent numbers."""
    units, one, zero = {s.name: s.unit for s in model.states}, sympy.Integer(1), sympy.Integer(0)
    into = [file.contents.items[k].name for k in file.dosed]
    made = tuple(
        Route(name, name, units[name] if is_dose_unit(units[name]) else "pmol", one, zero, one, zero, zero)
        for name in into
        if any(file.contents.items[i.state].name == name for i in file.given.infusions) or not is_dose_unit(units[name])
    )
    return replace(model, routes=(*model.routes, *made))


def _declare(m: Builder, file: Foreign, own: Own, item: Item, values: Mapping[str, Parameter]) -> None:
    said = own.quantities[item.id]
    name, unit, kind = said["name"], said["unit"], said["kind"]
    formula, begin = file.contents.assigned.get(item.id), file.contents.initial.get(item.id)
    if kind in ("parameter", "state", "derived", "rate") and name != item.name:
        raise ModelError(f"'{item.id}' is annotated as '{name}', another name than its own")
    if kind == "parameter":
        m.parameter(name, unit, covariate=said.get("covariate") == "true")
        m.defaults.append(values[name])
    elif kind == "state":
        initial = _number(item, unit, own) if begin is None else begin
        m.state(name, unit, initial=initial, scale=_scale(file, item, said, own.model["time"]), meaning=item.meaning)
    elif kind in ("derived", "rate"):
        m.define(name, _number(item, unit, own) if formula is None else formula, unit, item.meaning)
    elif kind == "output":
        ones = {symbol(k): sympy.Integer(1) for k, other in own.quantities.items() if other["kind"] == "constant"}
        if formula is None:
            raise ModelError(f"the output '{item.id}' has no rule")
        m.output(name, formula.xreplace(ones), unit, item.meaning)


def _number(item: Item, unit: str, own: Own) -> Expression:
    """The number of an item in its own unit, with 15 digits where these give the same number of the file."""
    if item.value is None:
        raise ModelError(f"{item.what} has no value")
    size = coherent_factor(unit, own.model["time"])
    rounded = float(f"{item.value / size:.15g}")
    return literal(rounded if rounded * size == item.value else item.value / size, item.what)


def _scale(file: Foreign, item: Item, said: Said, time: str) -> Expression:
    """The size at which a state matters, in its own unit: as annotated, else what it begins at, or 1 of the file."""
    if "scale" in said:
        given, unit = amount(said["scale"])
        if unit != "1" or not given > 0:
            raise ModelError(f"'{item.id}' is annotated with the scale '{said['scale'][:40]}', which is no size")
        return literal(given, f"the scale of '{item.id}'")
    begins = item.value is not None or item.id in file.contents.initial
    found = (abs(file.beginning.value(item)) if begins else 0.0) or 1.0
    return sympy.Float(found / coherent_factor(said["unit"], time))


def _values(file: Foreign, own: Own) -> dict[str, Parameter]:
    """The parameters by name; one whose number is not that of its annotation has been changed by another tool."""
    found = {}
    for k, said in own.quantities.items():
        if said["kind"] == "parameter" and k in file.contents.items:
            found[said["name"]] = _value(file.contents.items[k], said, own.model["time"], file.origin)
    return found


def _value(item: Item, said: Said, time: str, origin: str) -> Parameter:
    if item.value is None:
        raise ModelError(f"{item.what} has no value")
    size, where = coherent_factor(said["unit"], time), f"{origin} [{item.id}]"
    given, _ = amount(said.get("value", ""))
    if math.isclose(given * size, item.value, rel_tol=1e-12):
        table = {"value": given, "basis": said.get("basis", ""), "source": said.get("source", "").split("; ")}
    else:
        table = {"value": item.value / size, "basis": "assumed", "source": ["assumed"], "where": f"changed in {origin}"}
    tables = {said["name"]: {**table, "unit": said["unit"], "meaning": item.meaning}}
    return replace(read_tables(tables, origin)[said["name"]], origin=where)
