"""A model with parameter values as an SBML document, without doses.

SBML Level 3 Version 1: the newest that libRoadRunner, COPASI, AMICI and Antimony all read in full, and nothing here
needs what Version 2 adds. States are parameters with rate rules rather than species, because many are fractions,
signals or folds that are in no compartment, and each engine takes such rules as they are. Derived parameters, rates and
outputs are assignment rules and states start at initial assignments, so that a parameter changed in another tool still
gives a steady baseline.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from ...engine.compile import own_vector
from ...model.declaration import Definition, Expression, Model, Output, ParameterDeclaration, State, symbol
from ...model.outline import outline
from ...parameters import Parameter, Parameters
from ...units import coherent_factor
from .formulas import formula_text
from .notes import about, model_annotation
from .page import Page, Said, new_page
from .words import plain


def output_ids(model: Model) -> Mapping[str, str]:
    """The id in SBML of each output, by name: the name itself, or with `_output` where something else has that name."""
    declared = {d.name for d in model.parameters + model.derived + model.states + model.rates}
    taken = declared | {o.name for o in model.outputs}
    found: dict[str, str] = {}
    for output in model.outputs:
        name = output.name
        if name in declared:
            while name in taken:
                name += "_output"
            taken.add(name)
        found[output.name] = name
    return found


def model_page(
    model: Model, parameters: Parameters, name: str = "", more: Sequence[str] = (), schedule: str = ""
) -> Page:
    """A page with all but the rates of change; `name` is what to call the model, `more` what else its notes say, and
    `schedule` the annotation of that name. ParameterError for a value that is missing or in another dimension.
    """
    page = new_page(model, output_ids(model).values())
    page.sbml.setId(page.table.free(re.sub(r"\W", "_", f"model_{model.name}", flags=re.ASCII)))
    page.sbml.setName(plain(name or model.name))
    page.sbml.setNotes(about(model, parameters, more))
    page.sbml.setAnnotation(model_annotation(model, page.maths, schedule))
    values = own_vector(outline(model), parameters)
    for declared, value in zip(model.parameters, values, strict=True):
        _parameter(page, declared, parameters[declared.name], value)
    for definition in model.derived:
        _definition(page, definition, "derived")
    for state in model.states:
        _state(page, state)
    for definition in model.rates:
        _definition(page, definition, "rate")
    for output in model.outputs:
        _output(page, output, output_ids(model)[output.name])
    return page


def slopes(page: Page, entering: Mapping[str, Expression] | None = None) -> None:
    """The rate of change of every state, with what infusions add to it, by state."""
    derivatives = page.model.derivatives
    for state in page.model.states:
        slope = derivatives[state.name] + (entering or {}).get(state.name, 0)
        page.move(state.name, slope, page.table.coherent(f"{state.unit}/{page.model.time}"))


def _parameter(page: Page, declared: ParameterDeclaration, given: Parameter, value: float) -> None:
    source = "; ".join(given.source)
    said = [f"{given.text}; {given.basis}" + ("" if given.basis == "assumed" else f" ({source})"), given.where]
    own = {"value": repr(given.value), "basis": given.basis, "source": source}
    own |= {"covariate": "true"} if declared.covariate else {}
    own |= {"declared": declared.unit} if declared.unit != given.unit else {}
    own |= _beside(given)
    what = Said("parameter", declared.name, given.unit, given.meaning, [*said, given.note], own)
    page.quantity(declared.name, page.table.coherent(declared.unit), what, value, constant=True)


def _beside(given: Parameter) -> dict[str, str]:
    """What SBML has no place for: bounds, prior, variation and where the value stands."""
    numbers = dict(zip(("low", "high"), given.bounds, strict=True))
    numbers |= dict(zip(("prior", "prior_sd"), given.prior or (), strict=False))
    numbers |= {key: value for key in ("spread", "occasion") if (value := getattr(given, key)) is not None}
    texts = {"average": "" if given.average == "median" else given.average, "where": given.where, "note": given.note}
    texts["correlation"] = "; ".join(f"{name} {value!r}" for name, value in given.correlation)
    return {key: repr(value) for key, value in numbers.items() if math.isfinite(value)} | texts


def _definition(page: Page, definition: Definition, kind: str) -> None:
    unit = page.table.coherent(definition.unit)
    said = Said(kind, definition.name, definition.unit, definition.meaning)
    if definition.expression.is_number:  # a bare number is in the declared unit
        value = float(definition.expression) * coherent_factor(definition.unit, page.model.time)
        page.quantity(definition.name, unit, said, value, constant=True)
        return
    page.quantity(definition.name, unit, said)
    page.assign(definition.name, definition.expression, unit)


def _state(page: Page, state: State) -> None:
    unit = page.table.coherent(state.unit)
    size = coherent_factor(state.unit, page.model.time)
    said = Said("state", state.name, state.unit, state.meaning, (), {"scale": formula_text(page.maths, state.scale)})
    if state.initial.is_number:
        value = float(state.initial) * size
        page.quantity(state.name, unit, said, value)
        return
    page.quantity(state.name, unit, said)
    page.begin(state.name, state.initial, unit)


def _output(page: Page, output: Output, identity: str) -> None:
    said = Said("output", output.name, output.unit, output.meaning)
    size = coherent_factor(output.unit, page.model.time)
    unit = page.table.own(output.unit)
    page.quantity(identity, unit, said)
    expression = output.expression
    if size != 1:
        expression = expression / symbol(_constant(page, output.unit, size))
    page.assign(identity, expression, unit)


def _constant(page: Page, unit: str, size: float) -> str:
    """The id of the constant that turns coherent units into this one, made when first needed."""
    if unit not in page.constants:
        identity = page.table.free(f"one_{page.table.own(unit)}")
        page.constants[unit] = identity
        said = Said("constant", identity, unit, f"1 {unit} in the units of the equations")
        page.quantity(identity, page.table.conversion(unit), said, size, constant=True)
    return page.constants[unit]
