"""The chapters that results share: models, parameters, validation, limits and literature, each told once."""

from __future__ import annotations

from collections.abc import Sequence

from ....parameters import FIT, Parameters
from ....references import load_references
from .. import html
from ..parts.bibliography import bibliography
from ..parts.equations import equations, parameter_symbols
from ..parts.evidence import evidence
from ..parts.limits import limits as limits_of
from ..parts.parameters import counts, parameter_table
from . import frame
from .known import Known, Validated
from .result import Result
from .sets import OwnSet, differences, grouped, sets_of


def models(results: Sequence[Result], known: Known) -> str:
    """Each model once, with its equations where the model is at hand."""
    names = list(dict.fromkeys(r.model for r in results if r.model))
    if len(names) == 1:
        return _model(names[0], known, 3)
    return "".join(frame.part(name, _model(name, known, 4)) for name in names)


def _model(name: str, known: Known, level: int) -> str:
    if name not in known.models:
        said = f"The model {name} is a file of its author's, which a report does not run unless --model names it again."
        return html.lines([said])
    return equations(known.models[name], level)


def parameters(results: Sequence[Result], known: Known) -> str:
    """Each set once; a set that shares a model with an earlier one is told by what differs from it."""
    owned = [OwnSet(_whose(r, one, len(results)), one.model, one.values) for r in results for one in sets_of(r)]
    told: list[str] = []
    firsts: dict[str, tuple[OwnSet, str]] = {}
    groups = grouped(owned)
    for one, whose in groups:
        named = "; ".join(dict.fromkeys(filter(None, whose)))
        head = named if len(groups) > 1 else ""
        if one.model in firsts:
            told.append(frame.part(head, _against(one, *firsts[one.model])))
            continue
        firsts[one.model] = (one, named)
        told.append(frame.part(head, _set(one, known)))
    return "".join(told)


def _whose(result: Result, one: OwnSet, results: int) -> str:
    return ", ".join(filter(None, (result.label if results > 1 or not one.whose else "", one.whose)))


def _set(one: OwnSet, known: Known) -> str:
    declared, model = known.declared.get(one.model), known.models.get(one.model)
    symbols = parameter_symbols(model) if model is not None else None
    told = parameter_table(one.values, declared, load_references(), changed(one.values, declared), symbols)
    return html.lines(counts(one.values)) + told


def changed(values: Parameters, declared: Parameters | None) -> dict[str, str]:
    """What each value was that is no longer the model's own."""
    if declared is None:
        return {}
    return {name: was for name, was, now in differences(declared, values) if "-" not in (was, now)}


def _against(one: OwnSet, first: OwnSet, named: str) -> str:
    """What differs from the set told before."""
    head = ("parameter", "here", "there", "basis here", "where from")
    rows, own = [], {t.name: t for t in one.values.tables}
    for name, here, there in differences(one.values, first.values):
        table = own.get(name)
        rows.append((name, here, there, table.basis if table else "-", table.where if table else "-"))
    if not rows:
        return html.lines([*counts(one.values), f"The values are those of {named}; their sources differ."])
    said = html.lines([*counts(one.values), f"As in {named}, but for these values:"])
    return f'{said}<div class="words">{html.table(head, rows, "Parameters that differ")}</div>\n'


def validation(known: Known) -> str:
    """How each set fares against the built-in studies."""
    several = len(known.validated) > 1
    return "".join(
        frame.part(v.said[0] if several else "", html.lines(v.said[several:]) + _evidence(v, k))
        for k, v in enumerate(known.validated, 1)
    )


def _evidence(one: Validated, number: int) -> str:
    """In a frame of its own, since its table is as wide as paper can hold."""
    return f'<div class="evidence">\n{evidence(one.predictions, f"evidence{number}")}</div>\n'


def limits(results: Sequence[Result], known: Known) -> str:
    """What these results cannot tell."""
    told = [said for r in results for said in limits_of(r.record)]
    return html.lines(list(dict.fromkeys(told)))


def literature(results: Sequence[Result], known: Known) -> str:
    """Every source of every set, and of the studies themselves."""
    keys = {key for r in results for one in sets_of(r) for key in one.values.sources()}
    for r in results:
        keys |= {str(key) for key in r.record.get("sources") or () if isinstance(r.record.get("sources"), list)}
    keys |= {p.observation.source for v in known.validated for p in v.predictions if p.observation.source}
    listed = load_references()
    return bibliography(sorted(k for k in keys if k in listed and not k.startswith(FIT)))
