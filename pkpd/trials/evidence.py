"""Which outputs no data stand behind: those read from states of their own, with every parameter there assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import SimulationError, nearest
from ..model.registry import get_model
from ..parameters import Parameters
from ..quantities import Measured

if TYPE_CHECKING:
    from ..model.declaration import Model

FOLD = "_fold"


def data_behind(output: str, parameters: Parameters, model: Model | str = "") -> bool:
    """Whether data stand behind an output: not where it is read from states that no other output rests on, and all
    parameters that move it and no other output are assumed.

    What shares a state with another output shares its data. A fold and its level count as one output. `model` is that
    of the parameters unless named. SimulationError for an output that the model has not, ModelError for a model that
    is not known.
    """
    own = own_parameters(output, model or parameters.model)
    return not own or any(parameters[name].basis != "assumed" for name in own if name in parameters)


def own_parameters(output: str, model: Model | str) -> tuple[str, ...]:
    """Parameters that move an output (or its fold) and no other, in the model's order, covariates left out; none for
    an output that reads a state on which another rests.
    """
    found = get_model(model) if isinstance(model, str) else model
    outputs = {o.name: o for o in found.outputs}
    if output not in outputs:
        raise SimulationError(f"model {found.name} has no output '{output}'{nearest(output, outputs)}")
    reach, family = _reach(found), {output.removesuffix(FOLD)}
    read = _all(_names(outputs[output].expression), {d.name: _names(d.expression) for d in found.rates})
    if any(reach[s.name] != family for s in found.states if s.name in read):
        return ()
    return tuple(p.name for p in found.parameters if not p.covariate and reach[p.name] == family)


def without_data(
    quantities: Sequence[Measured], parameters: Parameters, model: Model | str, drawn: Sequence[str] | None = None
) -> dict[str, str]:
    """For each quantity with no data behind one of its outputs: its name, and a sentence that says so, without a full
    stop; with the names `drawn`, also that intervals leave the assumed values out.
    """
    said: dict[str, str] = {}
    if nothing_known(parameters, model):
        # to flag some outputs would say that data stand behind the others
        text = f"every parameter of {parameters.model or 'the model'} is assumed: read directions, not sizes"
        return {q.name: text for q in quantities if q.outputs}
    for q in quantities:
        for output in q.outputs:
            if not data_behind(output, parameters, model):
                names = own_parameters(output, model)
                text = f"{output} rests on assumed values only ({', '.join(names)}): read its direction, not its size"
                fixed = drawn is not None and not set(names) & set(drawn)
                said[q.name] = text + "; its interval leaves out how uncertain these are" * fixed
    return said


def nothing_known(parameters: Parameters, model: Model | str) -> bool:
    """Whether all parameters of a model, covariates left out, are assumed, as those of one's own model mostly are."""
    found = get_model(model) if isinstance(model, str) else model
    own = parameters.over(found.defaults)
    return all(own[p.name].basis == "assumed" for p in found.parameters if not p.covariate)


@lru_cache(maxsize=8)
def _reach(model: Model) -> Mapping[str, frozenset[str]]:
    """The outputs, folds as their levels, that each parameter and state can move."""
    uses: dict[str, set[str]] = {}
    for d in (*model.derived, *model.rates):
        uses[d.name] = _names(d.expression)
    derivatives = model.derivatives
    for s in model.states:
        uses[s.name] = _names(derivatives[s.name]) | _names(s.initial)
    for r in model.routes:
        uses[r.into] |= _names(r.bioavailability) | _names(r.lag) | _names(r.content)
    reach = {name: set[str]() for name in (*(p.name for p in model.parameters), *(s.name for s in model.states))}
    for o in model.outputs:
        for name in _all(_names(o.expression), uses) & reach.keys():
            reach[name].add(o.name.removesuffix(FOLD))
    return {name: frozenset(found) for name, found in reach.items()}


def _all(names: set[str], uses: Mapping[str, set[str]]) -> set[str]:
    """Everything that these names rest on, themselves included."""
    found, left = set(names), list(names)
    while left:
        new = uses.get(left.pop(), set()) - found
        found |= new
        left += new
    return found


def _names(expression: object) -> set[str]:
    return {str(s) for s in getattr(expression, "free_symbols", ())}
