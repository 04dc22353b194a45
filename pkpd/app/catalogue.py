"""What the page lists before anything is simulated: models, sets, schedules, and a model's parameters with sources."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from unicodedata import lookup

from .. import __version__
from ..dosing.library import NamedSchedule, read_schedules
from ..engine.code.library import outline_of
from ..model.declaration import ParameterDeclaration
from ..parameters import Parameter
from ..references import Reference, load_references
from .asked import MOST_DAYS, read_ask, shown
from .cohort import MOST_BYTES, MOST_ROWS
from .offered import Offer

MOST_PINS = 5  # with the current regimen as many as there are colours
# What output/plots/il2.py draws dashed; said again here because that module loads matplotlib.
ASSAY_LIMIT = {"il2": {"value": 0.2, "unit": "pM"}}
ALWAYS_MAIN = ("sc_bioavailability",)  # no prior, yet the exposure of every dose under the skin is proportional to it
DECADE = 10.0  # bounds this far apart are read on a log scale


def start_tables(offer: Offer) -> dict[str, Any]:
    """Models, sets, schedules, the first ask and the limits, as JSON holds them."""
    sets = [
        {"key": key, "label": "" if s.parameters is None else s.parameters.origin, "model": s.model}
        for key, s in offer.sets.items()
    ]
    return {
        "version": __version__,
        "models": [{"key": key, "meaning": outline_of(name).meaning} for key, name in offer.models.items()],
        "sets": sets,
        "schedules": [_schedule(named) for named in read_schedules().values()],
        "ask": dict(offer.ask),
        "language": offer.language,
        "limits": {"cohort_bytes": MOST_BYTES, "cohort_rows": MOST_ROWS, "days": MOST_DAYS, "pins": MOST_PINS},
        "uncertainty": {key: any(model == key for model, _ in offer.draws) for key in offer.models},
    }


def model_tables(model_key: str, set_key: str, offer: Offer) -> dict[str, Any]:
    """Outputs, routes and parameters of a model with one of its sets; AskError for a key that is not offered."""
    ask = read_ask({"model": model_key, "set": set_key}, offer)
    outline, values = outline_of(offer.models[ask.model]), offer.base(ask.model, ask.set)
    names = tuple(output.name for output in outline.outputs)
    return {
        "key": ask.model,
        "set": ask.set,
        "meaning": outline.meaning,
        "outputs": [
            {"name": o.name, "unit": o.unit, "meaning": o.meaning, "fold": _fold(o.name, names)}
            for o in outline.outputs
        ],
        "panels": list(shown(ask, names)),
        "assay_limit": {name: dict(limit) for name, limit in ASSAY_LIMIT.items() if name in names},
        "routes": [{"name": route.name, "unit": route.unit} for route in outline.routes],
        "counts": values.count(),
        "uncertainty": (ask.model, ask.set) in offer.draws,
        "parameters": [_parameter(d, values[d.name], outline.defaults[d.name]) for d in outline.parameters],
    }


def printed(keys: Sequence[str], known: Mapping[str, Reference] | None = None) -> list[str]:
    """Each source as it is shown: a reference in short; "assumed" and "fit of ..." as they stand."""
    known = load_references() if known is None else known
    return [short(known[key]) if key in known else key for key in keys]


def short(reference: Reference) -> str:
    """Authors, journal, year and address of a reference, whichever it has; its title where nobody is named."""
    r = reference
    who = [r.authors, r.journal] if r.authors or r.journal else [r.title]
    address = f"https://doi.org/{r.doi}" if r.doi else r.url or (f"PMID {r.pmid}" if r.pmid else "")
    return _joined([*who, str(r.year or ""), address])


def symbol(latex: str) -> str:
    """A symbol as plain text: `K_{dS}` as `K_dS`, `\\mu` as `μ`."""
    return re.sub(r"\\([A-Za-z]+)", _letter, latex).translate(str.maketrans("", "", "{} "))


def _letter(command: re.Match[str]) -> str:
    """A Greek letter; any other LaTeX command is its bare name."""
    name = command[1].replace("lambda", "lamda")  # as Unicode spells it
    try:
        return lookup(f"GREEK SMALL LETTER {name.upper()}")
    except KeyError:
        return command[1]


def _joined(parts: Iterable[str]) -> str:
    return ". ".join(part.rstrip(".") for part in parts if part)


def _schedule(named: NamedSchedule) -> dict[str, Any]:
    sources = printed(named.source)
    return {"name": named.name, "text": named.text, "meaning": named.meaning, "sources": sources, "note": named.note}


def _fold(name: str, names: Sequence[str]) -> str | None:
    return f"{name}_fold" if f"{name}_fold" in names else None


def _parameter(declared: ParameterDeclaration, parameter: Parameter, own: Parameter) -> dict[str, Any]:
    """One parameter in the unit of its table; bounds that are not finite are null, as JSON has no infinity. What the
    model says of its `own` value decides on the group, since a user's set need not hold priors.
    """
    p = parameter
    low, high = (bound if math.isfinite(bound) else None for bound in p.bounds)
    return {
        "name": p.name,
        "symbol": symbol(declared.latex),
        "unit": p.unit,
        "meaning": p.meaning,
        "value": p.value,
        "text": p.text,
        "low": low,
        "high": high,
        "log": low is not None and high is not None and low > 0 and high / low >= DECADE,
        "basis": p.basis,
        "sources": printed(p.source),
        "where": p.where,
        "note": p.note,
        "group": _group(declared, own),
    }


def _group(declared: ParameterDeclaration, parameter: Parameter) -> str:
    if declared.covariate:
        return "patient"
    return "main" if parameter.prior is not None or parameter.name in ALWAYS_MAIN else "other"
