"""Every parameter with what it is worth: value, unit, meaning, basis, bounds, sources and what was changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

from ....parameters import FIT, Parameter, Parameters, by_hand
from ....references import Reference
from .bibliography import link
from .tables import rich_table

_HEAD = ("name and symbol", "value", "bounds", "basis and sources", "meaning, and where the value stands")


def counts(values: Parameters) -> tuple[str, ...]:
    """Sentences: how many values rest on what, and which were changed by hand for this run."""
    own = [f"{number} {basis}" for basis, number in values.count().items()]
    total = len(values)
    said = [f"{total} value{'s' * (total != 1)}: {', '.join(own)}."]
    if changed := [p.name for p in values.tables if by_hand(p.where)]:
        said.append(f"{len(changed)} changed for this run: {', '.join(changed)}.")
    return tuple(said)


def parameter_table(
    values: Parameters,
    declared: Parameters | None,
    references: Mapping[str, Reference],
    changed: Mapping[str, str],
    symbols: Mapping[str, str] | None = None,
) -> str:
    """The table of a set, in the order of `declared` (the model's own set) where that is known.

    `changed` says of each value that is not the model's own what it was there; `symbols` are MathML by name; sources
    among `references` link to their place in the bibliography.
    """
    order = {name: k for k, name in enumerate(declared or ())}
    tables = sorted(values.tables, key=lambda p: order.get(p.name, len(order)))
    rows = [_cells(p, references, changed.get(p.name, ""), (symbols or {}).get(p.name, "")) for p in tables]
    kinds = [" ".join(filter(None, ("changed" * _is_changed(p, changed), p.basis))) for p in tables]
    return rich_table(_HEAD, rows, f"Parameters of {values.origin or values.model}", kinds, _HEAD.index("value"))


def _is_changed(p: Parameter, changed: Mapping[str, str]) -> bool:
    return by_hand(p.where) or p.name in changed


def _cells(p: Parameter, references: Mapping[str, Reference], was: str, symbol: str) -> tuple[str, ...]:
    mark = ""
    if by_hand(p.where):
        mark = "<br><strong>CHANGED</strong>" + (f", was {escape(was)}" if was else "")
    elif was:
        mark = f"<br>the model&#x27;s own: {escape(was)}"
    outside = "<br><strong>OUTSIDE ITS BOUNDS</strong>" * p.outside
    basis = "<strong>ASSUMED</strong>" if p.basis == "assumed" else escape(p.basis)
    sources = ", ".join(_source(key, references) for key in p.source if key != "assumed")
    where = escape(". ".join(filter(None, (p.where, p.note))))
    return (
        escape(p.name).replace("_", "_<wbr>") + f" {symbol}" * bool(symbol),
        f"{escape(p.text)}{mark}{outside}",
        _bounds(p),
        basis + f": {sources}" * bool(sources),
        escape(p.meaning)
        + ", the patients&#x27; mean" * (p.average == "mean")
        + f"<br><small>{where}</small>" * bool(where),
    )


def _bounds(p: Parameter) -> str:
    low, high = p.bounds
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(low) or math.isinf(high):
        return f"at most {high:g}" if math.isinf(low) else f"at least {low:g}"
    return f"{low:g} to {high:g}"


def _source(key: str, references: Mapping[str, Reference]) -> str:
    return link(key) if key in references and not key.startswith(FIT) else escape(key)
