"""What a model is: frozen declarations, each with a unit and a meaning. Everything else is derived from them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..parameters import Parameters

Expression = Any  # sympy ships no types


def symbol(name: str) -> Expression:
    """The symbol of a declared name; equal names are equal symbols, so blocks meet by name."""
    from sympy import Symbol

    return Symbol(name, real=True)


@dataclass(frozen=True, slots=True)
class ParameterDeclaration:
    """A number the equations use; `covariate` marks those that describe the patient rather than the drug."""

    name: str
    unit: str
    latex: str
    covariate: bool


@dataclass(frozen=True, slots=True)
class State:
    """A quantity that is integrated; `scale` is a size at which it matters, from which its tolerance follows."""

    name: str
    unit: str
    initial: Expression
    scale: Expression
    meaning: str
    latex: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A named expression: a derived parameter when it holds parameters only, else a rate of the running model."""

    name: str
    unit: str
    expression: Expression
    meaning: str
    latex: str


@dataclass(frozen=True, slots=True)
class Change:
    """One signed term of a state's rate of change; `flow` names the flow it is a side of, or is empty."""

    state: str
    term: Expression
    flow: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A rate that leaves one state and enters another; an empty end is outside the model."""

    name: str
    rate: Expression
    out_of: str
    into: str


@dataclass(frozen=True, slots=True)
class Route:
    """A way to give the drug: doses of `unit`, times bioavailability and `content`, reach the state `into` after
    `lag`. `rate` (in `unit` per model time) and `duration` (in model time) are those of a dose whose rate or duration
    is left to the model, 0 where it has none.
    """

    name: str
    into: str
    unit: str
    bioavailability: Expression
    lag: Expression
    content: Expression
    rate: Expression
    duration: Expression


@dataclass(frozen=True, slots=True)
class Output:
    """A quantity a user asks for by name, in its own unit."""

    name: str
    unit: str
    expression: Expression
    meaning: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """A relation the parameters must meet for the baseline to be possible: smaller <= larger."""

    smaller: Expression
    larger: Expression
    meaning: str


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A checked model; `defaults` are its own parameter values, where it has them.

    `derived` hold parameters only; `rates` change in time; both stand in an order in which each can be computed.
    """

    name: str
    meaning: str
    time: str
    parameters: tuple[ParameterDeclaration, ...]
    defaults: Parameters
    derived: tuple[Definition, ...]
    states: tuple[State, ...]
    rates: tuple[Definition, ...]
    changes: tuple[Change, ...]
    flows: tuple[Flow, ...]
    routes: tuple[Route, ...]
    outputs: tuple[Output, ...]
    requirements: tuple[Requirement, ...]

    @property
    def derivatives(self) -> Mapping[str, Expression]:
        """Rate of change of each state, in its unit per unit of model time."""
        from sympy import Add

        return {s.name: Add(*(c.term for c in self.changes if c.state == s.name)) for s in self.states}

    @property
    def follows_clock(self) -> bool:
        """Whether time itself stands in an equation or an output."""
        clock = symbol("time")
        terms = [*(c.term for c in self.changes), *(d.expression for d in self.rates + self.outputs)]
        return any(clock in term.free_symbols for term in terms)

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the parameters that describe the patient."""
        return tuple(p.name for p in self.parameters if p.covariate)

    @property
    def fingerprint(self) -> str:
        """A hash of every equation, so that a stored run can say whether the model has changed since."""
        from sympy import srepr

        parts = [self.time, *(f"{p.name}:{p.unit}" for p in self.parameters)]
        parts += [f"{d.name}={srepr(d.expression)}:{d.unit}" for d in self.derived + self.rates + self.outputs]
        parts += [f"{s.name}:{s.unit}:{srepr(s.initial)}:{srepr(s.scale)}" for s in self.states]
        parts += [f"{name}'={srepr(term)}" for name, term in self.derivatives.items()]
        parts += [
            f"{r.name}:{r.into}:{r.unit}:{srepr(r.bioavailability)}:{srepr(r.lag)}:{srepr(r.content)}"
            + "".join(f":{what} {srepr(e)}" for what, e in (("rate", r.rate), ("duration", r.duration)) if e != 0)
            for r in self.routes
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
