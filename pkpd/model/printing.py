"""A model for reading: states, equations, parameters and outputs as plain text."""

from __future__ import annotations

import sympy
from sympy.printing.str import StrPrinter

from ..parameters import Parameters
from .declaration import Expression, Model, Route


class _Plain(StrPrinter):  # type: ignore[misc]
    """sympy's own text, with powers as ^ and max in words, as modellers write them."""

    def _print_Pow(self, expr: Expression, rational: bool = False) -> str:
        return str(super()._print_Pow(expr, rational=rational)).replace("**", "^")

    def _print_Max(self, expr: Expression) -> str:
        return f"max({', '.join(self._print(a) for a in expr.args)})"


def describe(model: Model, parameters: Parameters) -> str:
    """States, equations, parameters with values, dose routes and outputs, as plain text."""
    parts = [
        f"{model.name}: {model.meaning or 'a model'} (internal time in {model.time})",
        _section("States", [f"{s.name} [{s.unit}], starts at {_text(s.initial)}: {s.meaning}" for s in model.states]),
        _section("Equations", [f"d({s.name})/dt = {_slope(model, s.name)}" for s in model.states]),
        _section("with the flows", [f"{f.name} = {_text(f.rate)}" for f in model.flows]),
        _section("and", [f"{d.name} [{d.unit}] = {_text(d.expression)}" for d in model.rates]),
        _section("and, from parameters only", [f"{d.name} [{d.unit}] = {_text(d.expression)}" for d in model.derived]),
        _section(
            "Needed for a steady baseline",
            [f"{_text(q.smaller)} <= {_text(q.larger)}: {q.meaning}" for q in model.requirements],
        ),
        _section("Parameters", [_parameter(d.name, d.unit, d.covariate, parameters) for d in model.parameters]),
        _section("Dose routes", [_route(r) for r in model.routes]),
        _section("Outputs", [f"{o.name} [{o.unit}]: {o.meaning}" for o in model.outputs]),
    ]
    return "\n\n".join(part for part in parts if part)


def _text(expression: Expression) -> str:
    return str(_Plain().doprint(expression))


def _slope(model: Model, state: str) -> str:
    """The rate of change of a state: its flows by name, then its other terms."""
    signed = [("+", f.name) for f in model.flows if f.into == state]
    signed += [("-", f.name) for f in model.flows if f.out_of == state]
    other = sympy.Add(*(c.term for c in model.changes if c.state == state and not c.flow))
    text = " ".join(f"{sign} {name}" for sign, name in signed).removeprefix("+ ")
    if other == 0 and text:
        return text
    return f"{text} + {_text(other)}" if text else _text(other)


def _section(title: str, lines: list[str]) -> str:
    return title + "\n" + "\n".join(f"  {line}" for line in lines) if lines else ""


def _parameter(name: str, unit: str, covariate: bool, parameters: Parameters) -> str:
    if name not in parameters:
        return f"{name} [{unit}]: no value"
    p = parameters[name]
    kind = "covariate, " if covariate else ""
    basis = p.basis if p.basis == "assumed" else f"{p.basis}, {', '.join(p.source)}"
    return f"{name} = {p.text}: {p.meaning} ({kind}{basis})"


def _route(r: Route) -> str:
    given = f"bioavailability {_text(r.bioavailability)}, lag {_text(r.lag)}, times {_text(r.content)}"
    modelled = "".join(f", modelled {k} {_text(e)}" for k, e in (("rate", r.rate), ("duration", r.duration)) if e != 0)
    return f"{r.name}: doses in {r.unit} into {r.into}, {given}{modelled}"
