"""A model as its readers need it: states, rates of change, flows, definitions, routes and outputs, with symbols."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from ....model.declaration import Definition, Model, Output
from ....model.latex.equations import BREAK
from .. import html
from .mathematics import Notation, notation
from .tables import rich_table

READING = (
    "Every quantity is in the unit given with it; an expression in another unit of the same kind is converted. "
    "J with a name is a flow, y with a name an output. A name without a symbol stands upright."
)
NO_UNIT = "1"


def equations(model: Model, level: int = 3) -> str:
    """Every declaration of a model as HTML, equations as MathML; `level` is that of its headings. ModelError for an
    expression that MathML cannot hold.
    """
    n = notation(model)
    meaning = [f"{model.meaning[0].upper()}{model.meaning[1:]}."] if model.meaning else []
    parts = (
        ("States", _states(model, n)),
        ("Rates of change", "".join(_slope(model, n, s.name, s.meaning) for s in model.states)),
        ("Flows", "".join(_flow(model, n, k) for k in range(len(model.flows)))),
        ("Definitions that change in time", "".join(_definition(n, d) for d in model.rates)),
        ("Derived parameters", "".join(_definition(n, d) for d in model.derived)),
        ("Needed for a steady baseline", _requirements(model, n)),
        ("Dose routes", _routes(model, n)),
        ("Outputs", "".join(_output(n, o) for o in model.outputs)),
        ("Symbols of the parameters", _symbols(model, n)),
    )
    head = html.lines([*meaning, f"Time is in {model.time}. {READING}"])
    return head + "".join(f"<h{level}>{title}</h{level}>\n{inner}" for title, inner in parts if inner)


def parameter_symbols(model: Model) -> Mapping[str, str]:
    """The symbol of each parameter of a model by name, as MathML; empty text where none is declared."""
    n = notation(model)
    return {p.name: n.symbol(p.name) if p.latex.strip() else "" for p in model.parameters}


def _states(model: Model, n: Notation) -> str:
    rows = [
        (n.symbol(s.name), escape(s.name), _unit(s.unit), n.value(s.initial), escape(s.meaning)) for s in model.states
    ]
    return rich_table(("symbol", "name", "unit", "at the start", "meaning"), rows, f"States of {model.name}")


def _slope(model: Model, n: Notation, state: str, meaning: str) -> str:
    """The rate of change of a state: its flows by name, then its other terms."""
    from sympy import Add

    ends = list(zip(model.flows, n.flows, strict=True))
    signed = [f"+ {mark}" for flow, mark in ends if flow.into == state]
    signed += [f"- {mark}" for flow, mark in ends if flow.out_of == state]
    other = Add(*(c.term for c in model.changes if c.state == state and not c.flow))
    if other != 0 or not signed:
        text = n.write(other)
        signed.append(text if text.startswith("-") else f"+ {text}")
    right = f" {BREAK}".join(signed).removeprefix("+ ")
    left = n.formula(rf"\frac{{d {n.names[state]}}}{{dt}} =")
    return _shown(left, n.line(right), f"{state}: {meaning}" if meaning else state)


def _flow(model: Model, n: Notation, k: int) -> str:
    flow = model.flows[k]
    source, target = (end or "outside" for end in (flow.out_of, flow.into))
    return _equation(n, f"{n.flows[k]} =", n.write(flow.rate), f"from {source} to {target}")


def _definition(n: Notation, d: Definition) -> str:
    return _equation(n, f"{n.names[d.name]} =", n.write(d.expression), _named(d.name, d.unit, d.meaning))


def _output(n: Notation, o: Output) -> str:
    left = f"<msub><mi>y</mi><mtext>{escape(o.name)}</mtext></msub>"
    head = f'<math displaystyle="true">{left}<mo form="infix" rspace="0">=</mo></math>'
    return _shown(head, n.value(o.expression), _named(o.name, o.unit, o.meaning))


def _requirements(model: Model, n: Notation) -> str:
    return "".join(
        _shown(n.value(q.smaller), n.line(rf"\le {n.write(q.larger)}"), q.meaning) for q in model.requirements
    )


def _routes(model: Model, n: Notation) -> str:
    """One row a route; the columns of modelled rates and durations only where a route has them."""
    modelled = [key for key in ("rate", "duration") if any(getattr(r, key) != 0 for r in model.routes)]
    head = ("route", "doses in", "into", "bioavailability", "lag", "content", *(f"modelled {key}" for key in modelled))
    rows = [
        (
            escape(r.name),
            escape(r.unit),
            f"{n.symbol(r.into)} ({escape(r.into)})",
            *(n.value(e) for e in (r.bioavailability, r.lag, r.content)),
            *(n.value(getattr(r, key)) for key in modelled),
        )
        for r in model.routes
    ]
    return rich_table(head, rows, f"Dose routes of {model.name}") if rows else ""


def _symbols(model: Model, n: Notation) -> str:
    known = model.defaults
    rows = [
        (
            n.symbol(p.name),
            escape(p.name),
            _unit(p.unit),
            escape(known[p.name].meaning if p.name in known else "") + " (covariate)" * p.covariate,
        )
        for p in model.parameters
    ]
    head = ("symbol", "name", "unit in equations", "meaning")
    return rich_table(head, rows, f"Symbols of the parameters of {model.name}") if rows else ""


def _equation(n: Notation, left: str, right: str, note: str) -> str:
    return _shown(n.formula(left), n.line(right), note)


def _shown(inner_left: str, inner_right: str, note: str) -> str:
    """An equation whose lines break between formulas, and beside it what it is about."""
    of = f'<span class="of">{escape(note)}</span>' if note else ""
    return f'<div class="eq"><div>{inner_left} {inner_right}</div>{of}</div>\n'


def _named(name: str, unit: str, meaning: str) -> str:
    return "".join((name, f" [{unit}]" if unit != NO_UNIT else "", f": {meaning}" if meaning else ""))


def _unit(unit: str) -> str:
    return "" if unit == NO_UNIT else escape(unit)
