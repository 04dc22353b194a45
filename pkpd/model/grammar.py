"""How a model is written: a function of one `Builder` declares symbols with units, and `build` checks and freezes
them.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ..errors import ModelError, UnitError
from ..parameters import Parameter, Parameters, load_parameters
from ..units import unit
from .assemble import assemble
from .declaration import (
    Change,
    Definition,
    Expression,
    Flow,
    Model,
    Output,
    ParameterDeclaration,
    Requirement,
    Route,
    State,
    symbol,
)
from .expressions import expression, name_of

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}\Z")
_HERE = "given in the model's code"
# Columns of the result tables, keys of a parameter file, and the clock.
RESERVED = frozenset({"kind", "model", "time", "arm", "id", "side", "output", "value", "unit", "rep"})


@dataclass(slots=True)
class Builder:
    """Collects the declarations of a model. Every method that declares a name returns its sympy symbol.

    `m["name"]` is the symbol of anything declared in this or any other block, before or after.
    """

    parameters: list[ParameterDeclaration] = field(default_factory=list)
    defaults: list[Parameter] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    outputs: list[tuple[Output, bool]] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Expression:
        return symbol(name)

    @property
    def time(self) -> Expression:
        """The clock, in the model's time unit, for models that are driven by it."""
        return symbol("time")

    def parameter(
        self,
        name: str,
        unit: str,
        *,
        value: float | None = None,
        bounds: tuple[float, float] | None = None,
        meaning: str = "",
        latex: str = "",
        covariate: bool = False,
    ) -> Expression:
        """A parameter in `unit`. A model with a parameter file leaves `value` out; a short model of your own may
        give it here, with the `bounds` that a fit keeps to.
        """
        declared = ParameterDeclaration(name, unit, latex, covariate)
        if declared not in self.parameters:  # two blocks may use the same parameter, and then both say so
            self._declare(name, unit, "parameter")
            self.parameters.append(declared)
        if value is not None:
            given = Parameter(name, float(value), unit, meaning or name, "assumed", ("assumed",), _HERE)
            self._give(given if bounds is None else replace(given, bounds=_checked(name, bounds)))
        return symbol(name)

    def state(
        self,
        name: str,
        unit: str,
        *,
        initial: Expression = 0,
        scale: Expression = 1,
        meaning: str = "",
        latex: str = "",
    ) -> Expression:
        """A state in `unit`, at `initial` without drug; `scale` is a size at which it matters (numbers are in
        `unit`).
        """
        self._declare(name, unit, "state")
        self.states.append(State(name, unit, expression(initial), expression(scale), meaning, latex))
        return symbol(name)

    def define(self, name: str, expr: Expression, unit: str, meaning: str = "", *, latex: str = "") -> Expression:
        """A named expression: a derived parameter when it depends on parameters only, else a rate."""
        self._declare(name, unit, "definition")
        self.definitions.append(Definition(name, unit, expression(expr), meaning, latex))
        return symbol(name)

    def change(self, state: Expression, term: Expression) -> None:
        """Add a term to the rate of change of a state, in the state's unit per model time."""
        self.changes.append(Change(name_of(state, "state"), expression(term), ""))

    def flow(
        self, name: str, rate: Expression, *, out_of: Expression | None = None, into: Expression | None = None
    ) -> None:
        """Move `rate` out of one state and into another; a side left out is outside the model, and mass balance
        counts it.
        """
        source, target = ("" if end is None else name_of(end, "state") for end in (out_of, into))
        self.flows.append(Flow(name, expression(rate), source, target))
        if source:
            self.changes.append(Change(source, -expression(rate), name))
        if target:
            self.changes.append(Change(target, expression(rate), name))

    def route(
        self,
        name: str,
        *,
        into: Expression,
        unit: str,
        bioavailability: Expression = 1,
        lag: Expression = 0,
        content: Expression = 1,
        rate: Expression = 0,
        duration: Expression = 0,
    ) -> None:
        """A way to dose. `unit` is that of a dose; `content` turns it into the unit of the state `into` (pmol per
        IU, say). `rate` (`unit` per model time) and `duration` (model time) serve doses that leave theirs to the model
        (RATE -1 and -2 of an event table).
        """
        _check_name(name, "route", [r.name for r in self.routes])
        _check_unit(unit, f"route '{name}'")
        parts = (expression(e) for e in (bioavailability, lag, content, rate, duration))
        self.routes.append(Route(name, name_of(into, "state"), unit, *parts))

    def output(self, name: str, expr: Expression, unit: str, meaning: str = "", *, fold: bool = False) -> None:
        """An output in `unit`; with `fold`, also `NAME_fold`, relative to the value without drug."""
        taken = [n for o, folded in self.outputs for n in (o.name, f"{o.name}_fold")[: 1 + folded]]
        _check_name(name, "output", taken)
        if fold:
            _check_name(f"{name}_fold", "output", taken)
        _check_unit(unit, f"output '{name}'")
        self.outputs.append((Output(name, unit, expression(expr), meaning), fold))

    def require(self, smaller: Expression, larger: Expression, meaning: str) -> None:
        """The parameters must meet smaller <= larger, or the declared baseline is impossible."""
        self.requirements.append(Requirement(expression(smaller), expression(larger), meaning))

    def _declare(self, name: str, in_unit: str, kind: str) -> None:
        _check_name(name, kind, ())
        if name in self._names:
            raise ModelError(f"'{name}' is declared twice, as {self._names[name]} and as {kind}")
        _check_unit(in_unit, f"{kind} '{name}'")
        self._names[name] = kind

    def _give(self, given: Parameter) -> None:
        earlier = [p for p in self.defaults if p.name == given.name]
        if any(p.value != given.value for p in earlier):
            both = f"{earlier[0].value:g} and {given.value:g} {given.unit}"
            raise ModelError(f"parameter '{given.name}' is given two values, {both}")
        if not earlier:
            self.defaults.append(given)


def _checked(name: str, bounds: tuple[float, float]) -> tuple[float, float]:
    low, high = map(float, bounds)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ModelError(f"the bounds of parameter '{name}' are a low and a higher number, not {bounds!r:.60}")
    return low, high


def _check_name(name: str, kind: str, taken: Sequence[str]) -> None:
    if not isinstance(name, str) or not _NAME.match(name) or keyword.iskeyword(name) or name in RESERVED:
        reserved = ", ".join(sorted(RESERVED))
        raise ModelError(f"'{name}' cannot name a {kind}: use letters, digits and _, and none of {reserved}")
    if name in taken:
        raise ModelError(f"{kind} '{name}': the name is declared twice")


def _check_unit(text: str, where: str) -> None:
    try:
        unit(text)
    except UnitError as error:
        raise ModelError(f"{where}: {error}") from None


def build(
    name: str,
    *blocks: Callable[[Builder], None],
    time: str = "h",
    meaning: str = "",
    parameters: str = "",
) -> Model:
    """Run the blocks on one builder, check every name and unit, and freeze the model.

    `time` is the model's internal unit of time: rates are per `time`. `parameters` names the parameter file (built in,
    or a path) that holds the values the blocks do not give themselves. Raises ModelError naming the equation at fault.
    """
    _check_unit(f"1/{time}", f"the time of model {name}")
    if unit(time).dimensionality != unit("h").dimensionality:
        raise ModelError(f"the time of model {name} is a unit of time such as h or d, not '{time}'")
    m = Builder()
    for block in blocks:
        block(m)
    defaults = Parameters(tuple(m.defaults), origin=f"the code of model {name}", model=name)
    draft = Model(
        name=name,
        meaning=meaning,
        time=time,
        parameters=tuple(m.parameters),
        defaults=defaults.over(load_parameters(parameters)) if parameters else defaults,
        derived=(),
        states=tuple(m.states),
        rates=tuple(m.definitions),
        changes=tuple(m.changes),
        flows=tuple(m.flows),
        routes=tuple(m.routes),
        outputs=tuple(output for output, _ in m.outputs),
        requirements=tuple(m.requirements),
    )
    return assemble(draft, folds=tuple(output.name for output, fold in m.outputs if fold))
