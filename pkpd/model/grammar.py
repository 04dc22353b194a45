"""How a model is written: a function of one `Builder` declares symbols with units, and `build` checks and freezes
them.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import sympy

from ..errors import ModelError
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

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}\Z")
# Columns of the result tables, and the clock.
RESERVED = frozenset({"time", "arm", "id", "side", "output", "value", "unit", "rep"})


def expression(value: Expression) -> Expression:
    """A sympy expression from a symbol, an expression or a number; text is refused, because sympy would evaluate it."""
    try:
        return sympy.sympify(value, strict=True)
    except sympy.SympifyError:
        raise ModelError(f"{value!r} is not an expression of symbols and numbers") from None


def positive_part(value: Expression) -> Expression:
    """max(0, value)."""
    return sympy.Max(0, value)


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
        meaning: str = "",
        latex: str = "",
        covariate: bool = False,
    ) -> Expression:
        """A parameter in `unit`. A model with a parameter file leaves `value` out; a short model of your own may
        give it here.
        """
        declared = ParameterDeclaration(name, unit, latex, covariate)
        if declared in self.parameters:  # two blocks may use the same parameter, and then both say so
            return symbol(name)
        self._declare(name, unit, "parameter")
        self.parameters.append(declared)
        if value is not None:
            self.defaults.append(
                Parameter(
                    name, float(value), unit, meaning or name, "assumed", ("assumed",), "given in the model's code"
                )
            )
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
        self.changes.append(Change(state.name, expression(term), ""))

    def flow(
        self, name: str, rate: Expression, *, out_of: Expression | None = None, into: Expression | None = None
    ) -> None:
        """Move `rate` out of one state and into another; a side left out is outside the model, and mass balance
        counts it.
        """
        self.flows.append(
            Flow(
                name, expression(rate), out_of.name if out_of is not None else "", into.name if into is not None else ""
            )
        )
        if out_of is not None:
            self.changes.append(Change(out_of.name, -expression(rate), name))
        if into is not None:
            self.changes.append(Change(into.name, expression(rate), name))

    def route(
        self,
        name: str,
        *,
        into: Expression,
        unit: str,
        bioavailability: Expression = 1,
        lag: Expression = 0,
        content: Expression = 1,
    ) -> None:
        """A way to dose. `unit` is that of a dose; `content` turns it into the unit of the state `into` (pmol per
        IU, say).
        """
        parts = (expression(e) for e in (bioavailability, lag, content))
        self.routes.append(Route(name, into.name, unit, *parts))

    def output(self, name: str, expr: Expression, unit: str, meaning: str = "", *, fold: bool = False) -> None:
        """An output in `unit`; with `fold`, also `NAME_fold`, relative to the value without drug."""
        if any(declared.name == name for declared, _ in self.outputs):
            raise ModelError(f"output '{name}' is declared twice")
        self.outputs.append((Output(name, unit, expression(expr), meaning), fold))

    def require(self, smaller: Expression, larger: Expression, meaning: str) -> None:
        """The parameters must meet smaller <= larger, or the declared baseline is impossible."""
        self.requirements.append(Requirement(expression(smaller), expression(larger), meaning))

    def _declare(self, name: str, in_unit: str, kind: str) -> None:
        if not _NAME.match(name) or keyword.iskeyword(name) or name in RESERVED:
            raise ModelError(
                f"'{name}' cannot name a {kind}: use letters, digits and _, and none of {', '.join(sorted(RESERVED))}"
            )
        if name in self._names:
            raise ModelError(f"'{name}' is declared twice, as {self._names[name]} and as {kind}")
        unit(in_unit)
        self._names[name] = kind


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
