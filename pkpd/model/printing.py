"""A model for reading: states, equations, parameters and outputs as text, or its equations as LaTeX."""

from __future__ import annotations

import sympy
from sympy.printing.str import StrPrinter

from ..parameters import Parameters
from .assemble import units_of
from .declaration import Expression, Model, symbol


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
        _section("Dose routes", [_route(model, r.name) for r in model.routes]),
        _section("Outputs", [f"{o.name} [{o.unit}]: {o.meaning}" for o in model.outputs]),
    ]
    return "\n\n".join(part for part in parts if part)


def latex(model: Model) -> str:
    """The equations as LaTeX, one display each, with the field's symbols."""
    names = {symbol(d.name): d.latex for d in model.parameters + model.derived + model.states + model.rates if d.latex}
    words = {n: n.replace("_", r"\_") for n in units_of(model) if symbol(n) not in names}
    names |= {symbol(n): rf"\mathrm{{{text}}}" for n, text in words.items()}

    def shown(expression: Expression) -> str:
        return str(sympy.latex(expression, symbol_names=names))

    lines = [rf"\frac{{d {shown(symbol(name))}}}{{dt}} &= {shown(term)}" for name, term in model.derivatives.items()]
    lines += [f"{shown(symbol(d.name))} &= {shown(d.expression)}" for d in model.rates + model.derived]
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


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


def _route(model: Model, name: str) -> str:
    r = next(r for r in model.routes if r.name == name)
    given = f"bioavailability {_text(r.bioavailability)}, lag {_text(r.lag)}, times {_text(r.content)}"
    return f"{r.name}: doses in {r.unit} into {r.into}, {given}"
