"""A whole model as a LaTeX document, or its equations alone for a document of one's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy

from ...parameters import Parameters
from ...references import Reference
from ..declaration import Definition, Expression, Model, Route
from ..parameter_table import parameter_rows, source_list
from .document import equation, page, section, table
from .equations import BREAK, LINE, signs, symbols, terms, writer
from .text import escape

_LONG = 40  # characters; a longer name of a flow stands beside its equation, and a number in it
_READING = (
    "Every quantity is in the unit given with it; an expression in another unit of the same kind is converted. "
    r"$J$ with a name is a flow, $y$ with a name an output. A name without a symbol stands upright."
)


@dataclass(frozen=True, slots=True)
class _Notation:
    """How a model's names, expressions and flows are written."""

    model: Model
    names: Mapping[str, str]
    write: Callable[[Expression], str]
    flows: Sequence[str]

    def slope(self, state: str) -> str:
        """The rate of change of a state: its flows by name, then its other terms."""
        ends = list(zip(self.model.flows, self.flows, strict=True))
        signed = [f"+ {shown}" for flow, shown in ends if flow.into == state]
        signed += [f"- {shown}" for flow, shown in ends if flow.out_of == state]
        other = sympy.Add(*(c.term for c in self.model.changes if c.state == state and not c.flow))
        if other != 0 or not signed:
            text = self.write(other)
            signed.append(text if text.startswith("-") else f"+ {text}")
        return f" {BREAK}".join(signed).removeprefix("+ ")


def _notation(model: Model) -> _Notation:
    names = symbols(model)
    seen: Counter[str] = Counter()
    flows = []
    for k, flow in enumerate(model.flows, start=1):
        if len(flow.name) > _LONG:
            flows.append(f"J_{{{k}}}")
            continue
        seen[flow.name] += 1  # two flows may have one name
        number = f", {seen[flow.name]}" if seen[flow.name] > 1 else ""
        flows.append(rf"J_{{\text{{{escape(flow.name, 0)}{number}}}}}")
    return _Notation(model, names, writer(names), flows)


def latex(model: Model, parameters: Parameters, references: Mapping[str, Reference] | None = None) -> str:
    """A document of the model with these values that `pdflatex` compiles: states, equations, flows, definitions,
    requirements, dose routes, outputs, parameters and the printed sources (built in unless `references` are given).
    """
    n = _notation(model)
    declared = {p.name for p in model.parameters}
    own = replace(parameters, tables=tuple(t for t in parameters.tables if t.name in declared))
    meaning = f"{escape(model.meaning)}. " if model.meaning else ""
    parts = [
        f"{meaning}Time is in {escape(model.time)}. {_READING}\n",
        section("States", [_states(n)]),
        section("Rates of change", [_slope(n, s.name) for s in model.states]),
        section("Flows", [_flow(n, k) for k in range(len(model.flows))]),
        section("Definitions that change in time", [_definition(n, d) for d in model.rates]),
        section("Derived parameters", [_definition(n, d) for d in model.derived]),
        section("Needed for a steady baseline", _requirements(n)),
        section("Dose routes", [_route(n, r) for r in model.routes]),
        section("Outputs", _outputs(n)),
        section("Parameters", [parameter_rows(own, model.parameters)] if model.parameters else []),
        source_list(own, references),
    ]
    return page(f"Model {model.name}", "\n".join(part for part in parts if part))


def equations(model: Model) -> str:
    """The equations alone, as one align* of amsmath; a sum too long for a line is broken before a term."""
    names = symbols(model)
    write = writer(names)
    lines = [_aligned(rf"\frac{{d {names[s]}}}{{dt}}", write(term)) for s, term in model.derivatives.items()]
    lines += [_aligned(names[d.name], write(d.expression)) for d in model.rates + model.derived]
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


def _aligned(left: str, right: str) -> str:
    lines = [""]
    for term in terms(right):
        if lines[-1] and signs(f"{lines[-1]} {term}") > LINE:
            lines.append("")
        lines[-1] += f" {term}"
    broken = " \\\\\n&\\quad".join(lines)
    return f"{left} &={broken}"


def _states(n: _Notation) -> str:
    rows = [
        (
            f"${n.names[s.name]}$" if s.latex else "",
            escape(s.name, 18),
            "" if s.unit == "1" else escape(s.unit, 8),
            f"${n.write(s.initial)}$",
            meaning,
        )
        for s, meaning in ((s, escape(s.meaning)) for s in n.model.states)
    ]
    return table(("Symbol", "Name", "Unit", "At the start", "Meaning"), (0.1, 0.21, 0.1, 0.22, 0.32), rows)


def _slope(n: _Notation, state: str) -> str:
    return equation(rf"\frac{{d {n.names[state]}}}{{dt}}", n.slope(state), escape(state))


def _flow(n: _Notation, k: int) -> str:
    flow = n.model.flows[k]
    source, target = (escape(end) if end else "outside" for end in (flow.out_of, flow.into))
    name = f"{escape(flow.name)}: " if len(flow.name) > _LONG else ""
    return equation(n.flows[k], n.write(flow.rate), f"{name}from {source} to {target}")


def _definition(n: _Notation, d: Definition) -> str:
    return equation(n.names[d.name], n.write(d.expression), _named(d.name, d.unit, d.meaning))


def _requirements(n: _Notation) -> list[str]:
    return [
        rf"\equationline{{{n.write(q.smaller)} {BREAK}\le {n.write(q.larger)}}}{{{escape(q.meaning)}}}"
        for q in n.model.requirements
    ]


def _route(n: _Notation, r: Route) -> str:
    parts = [f"bioavailability ${n.write(r.bioavailability)}$", f"lag ${n.write(r.lag)}$"]
    parts += [f"content ${n.write(r.content)}$"]
    parts += [f"modelled {key} ${n.write(e)}$" for key, e in (("rate", r.rate), ("duration", r.duration)) if e != 0]
    into = f"into ${n.names[r.into]}$ ({escape(r.into)})"
    return rf"{{\raggedright\textbf{{{escape(r.name)}}}: doses in {escape(r.unit)} {into}, {', '.join(parts)}.\par}}"


def _outputs(n: _Notation) -> list[str]:
    return [
        equation(rf"y_{{\text{{{escape(o.name, 0)}}}}}", n.write(o.expression), _named(o.name, o.unit, o.meaning))
        for o in n.model.outputs
    ]


def _named(name: str, unit: str, meaning: str) -> str:
    in_unit = "" if unit == "1" else f" [{escape(unit)}]"
    return f"{escape(name)}{in_unit}: {escape(meaning)}" if meaning else f"{escape(name)}{in_unit}"
