"""A model of ours that was written as SBML, restored from the annotations that `words.annotation` describes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import sympy

from ....dosing.schedule import Schedule
from ....errors import ModelError, PkpdError
from ....model.declaration import Expression, Model, Route, symbol
from ....model.grammar import Builder, build
from ....model.registry import MODELS, get_model
from ....parameters import Parameter, Parameters
from ....units import coherent_factor
from .annotations import Own, Said
from .contents import Item
from .foreign import Foreign, is_dose_unit
from .formulas import literal
from .records import own_schedule
from .values import own_values

_PARTS = ("bioavailability", "lag", "content", "rate", "duration")
_TITLE = re.compile(r"\w[\w .,()+-]{0,99}\Z")  # of a model; it becomes part of the names of files


def own_model(file: Foreign, own: Own) -> tuple[Model, Schedule | None, tuple[str, ...]]:
    """The model with values, the schedule that its events were written from, and notes; ModelError where the
    annotations do not fit the equations.

    The schedule is None where there are no events, or others by now; states that those reach are routes.
    """
    title = own.model["name"]
    if not _TITLE.match(title):
        raise ModelError(f"its model is annotated as {title[:40]!r}, which is no name of a model")
    values, outside = own_values(file, own)
    built, notes = _built(file, own, own.model.get("meaning", ""), values)
    built = replace(built, defaults=Parameters(tuple(values.values()), file.origin, built.name))
    known = _known(built, own)
    if known is not None:
        built, notes = replace(known, defaults=built.defaults), ()
    notes += outside
    if not (file.dosed or file.given.resets):
        return built, None, notes
    try:
        plan, why = own_schedule(file, own, built), "its events are not, or no longer, those of an annotated schedule"
    except PkpdError as error:
        plan, why = None, f"the annotated schedule could not be used ({error})"
    if plan is not None:
        return built, plan, notes
    return _with_routes(built, file), None, (*notes, f"{why}: doses go straight into states")


def _built(file: Foreign, own: Own, meaning: str, values: Mapping[str, Parameter]) -> tuple[Model, tuple[str, ...]]:
    """With routes and requirements where their annotations can be used."""

    def block(m: Builder) -> None:
        for item in file.contents.items.values():
            _declare(m, file, own, item, values)
        for k, slope in file.contents.slopes.items():
            m.change(m[own.quantities[k]["name"]], slope)

    title, time = own.model["name"], own.model["time"]
    try:
        return build(title, block, partial(_ways, own), time=time, meaning=meaning), ()
    except PkpdError as error:
        without = build(title, block, time=time, meaning=meaning)
        return without, (f"the annotated routes of doses could not be used: {error}",)


def _ways(own: Own, m: Builder) -> None:
    """The routes and requirements of the annotations."""
    for said in own.routes:
        where = f"route '{said.get('name', '')[:40]}'"
        parts = {part: _part(own, said, part, where) for part in _PARTS}
        m.route(said.get("name", ""), into=m[said.get("into", "")], unit=said.get("unit", ""), **parts)
    for said in own.requirements:
        where = f"requirement '{said.get('meaning', '')[:40]}'"
        smaller, larger = (_part(own, said, part, where) for part in ("smaller", "larger"))
        m.require(smaller, larger, said.get("meaning", ""))


def _part(own: Own, said: Said, part: str, where: str) -> Expression:
    if part not in said:
        raise ModelError(f"{where} is annotated without its {part}")
    return own.texts.formula(said[part], f"{part} of {where}")


def _known(built: Model, own: Own) -> Model | None:
    """The built-in model with the same equations and routes (or none that could be read), which also knows symbols."""
    if own.model["name"] not in MODELS:
        return None
    known = get_model(own.model["name"])
    scales = {s.name: s.scale for s in known.states}
    if scales.keys() != {s.name for s in built.states}:
        return None
    states = tuple(replace(s, scale=scales[s.name]) for s in built.states)
    whole = replace(built, states=states, routes=built.routes or known.routes)
    return known if whole.fingerprint == known.fingerprint else None


def _with_routes(model: Model, file: Foreign) -> Model:
    """With a route of its name for each state that doses reach; those without a unit of doses take coherent numbers.

    A route that has the name of such a state is left out, or doses would go through it and not straight into the state.
    """
    units, one, zero = {s.name: s.unit for s in model.states}, sympy.Integer(1), sympy.Integer(0)
    into = [file.contents.items[k].name for k in file.dosed]
    made = tuple(
        Route(name, name, units[name] if is_dose_unit(units[name]) else "pmol", one, zero, one, zero, zero)
        for name in into
        if any(file.contents.items[i.state].name == name for i in file.given.infusions) or not is_dose_unit(units[name])
    )
    return replace(model, routes=(*(r for r in model.routes if r.name not in into), *made))


def _declare(m: Builder, file: Foreign, own: Own, item: Item, values: Mapping[str, Parameter]) -> None:
    said = own.quantities[item.id]
    name, unit, kind = said["name"], said["unit"], said["kind"]
    formula, begin = file.contents.assigned.get(item.id), file.contents.initial.get(item.id)
    if kind in ("parameter", "state", "derived", "rate") and name != item.name:
        raise ModelError(f"'{item.id}' is annotated as '{name}', another name than its own")
    if kind == "parameter":
        m.parameter(name, said.get("declared", unit), covariate=said.get("covariate") == "true")
        m.defaults.append(values[name])
    elif kind == "state":
        initial = _number(item, unit, own) if begin is None else begin
        m.state(name, unit, initial=initial, scale=_scale(file, own, item, said), meaning=_meaning(item, name))
    elif kind in ("derived", "rate"):
        m.define(name, _number(item, unit, own) if formula is None else formula, unit, _meaning(item, name))
    elif kind == "output":
        ones = {symbol(k): sympy.Integer(1) for k, other in own.quantities.items() if other["kind"] == "constant"}
        if formula is None:
            raise ModelError(f"the output '{item.id}' has no rule")
        m.output(name, formula.xreplace(ones), unit, _meaning(item, name))


def _number(item: Item, unit: str, own: Own) -> Expression:
    """The number of an item in its own unit, with 15 digits where these give the same number of the file."""
    if item.value is None:
        raise ModelError(f"{item.what} has no value")
    size = coherent_factor(unit, own.model["time"])
    rounded = float(f"{item.value / size:.15g}")
    return literal(rounded if rounded * size == item.value else item.value / size, item.what)


def _scale(file: Foreign, own: Own, item: Item, said: Said) -> Expression:
    """The size at which a state matters, in its own unit: as annotated, else what it begins at, or 1 of the file."""
    if "scale" in said:
        found = own.texts.formula(said["scale"], f"the scale of '{item.id}'")
        if found.is_number and not found > 0:
            raise ModelError(f"'{item.id}' is annotated with the scale '{said['scale'][:40]}', which is no size")
        return found
    begins = item.value is not None or item.id in file.contents.initial
    number = (abs(file.beginning.value(item)) if begins else 0.0) or 1.0
    return sympy.Float(number / coherent_factor(said["unit"], own.model["time"]))


def _meaning(item: Item, name: str) -> str:
    """What is said of a quantity; its bare name stands where nothing was."""
    return "" if item.meaning == name else item.meaning
