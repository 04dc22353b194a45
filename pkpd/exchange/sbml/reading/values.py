"""The parameters of a file of ours, with what their annotations say beside the value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ....errors import ModelError
from ....parameters import Parameter, read_tables
from ....units import coherent_factor, same_dimension
from .annotations import Own, Said
from .contents import Item
from .foreign import Foreign
from .texts import number


def own_values(file: Foreign, own: Own) -> tuple[dict[str, Parameter], tuple[str, ...]]:
    """The parameters by name, and notes; one whose number is not that of its annotation has been changed by another
    tool. Bounds are left out where the value lies outside of them, as in no set of parameters that can be used.
    """
    found = {}
    for k, said in own.quantities.items():
        if said["kind"] == "parameter" and k in file.contents.items:
            found[said["name"]] = _value(file.contents.items[k], said, own.model["time"], file.origin)
    for name, given in found.items():
        if unknown := [other for other, _ in given.correlation if other not in found]:
            raise ModelError(f"'{name}' is annotated as correlated with '{unknown[0][:40]}', which is no parameter")
    outside = [s["name"] for s in own.quantities.values() if "low" in s and _unbounded(found.get(s["name"]))]
    notes = (f"the bounds of {', '.join(outside)} are left out: the value lies outside",) if outside else ()
    return found, notes


def _value(item: Item, said: Said, time: str, origin: str) -> Parameter:
    if item.value is None:
        raise ModelError(f"{item.what} has no value")
    if not same_dimension(said["unit"], declared := said.get("declared", said["unit"])):
        raise ModelError(f"{item.what} is annotated with the units {said['unit']} and {declared}")
    size, where = coherent_factor(said["unit"], time), f"{origin} [{item.id}]"
    given = number(said.get("value", ""), f"the value of {item.what}")
    table: dict[str, Any] = {"unit": said["unit"], "meaning": item.meaning, **_beside(item, said)}
    if math.isclose(given * size, item.value, rel_tol=1e-12):
        table |= {"value": given, "basis": said.get("basis", ""), "source": said.get("source", "").split("; ")}
        table["where"] = said.get("where", "")
    else:
        changed = f"changed in {origin}"
        table |= {"value": item.value / size, "basis": "assumed", "source": ["assumed"], "where": changed}
    if (bounds := _bounds(item, said)) and bounds[0] <= table["value"] <= bounds[1]:
        table["bounds"] = bounds
    read = read_tables({said["name"]: table}, origin)[said["name"]]
    return replace(read, origin=where)


def _beside(item: Item, said: Said) -> dict[str, Any]:
    """Prior, variation and words; what is not annotated is left out."""
    found: dict[str, Any] = {key: said[key] for key in ("average", "note") if key in said}
    found |= {k: number(said[k], f"the {k} of {item.what}") for k in ("spread", "occasion") if k in said}
    if "correlation" in said:
        found["correlation"] = _correlation(said["correlation"], f"the correlation of {item.what}")
    if "prior" in said:
        found["prior"] = [number(said.get(key, ""), f"the prior of {item.what}") for key in ("prior", "prior_sd")]
    return found


def _correlation(text: str, where: str) -> Mapping[str, float]:
    pairs = [part.split(" ") for part in text.split("; ")]
    if any(len(pair) != 2 for pair in pairs):
        raise ModelError(f"{where} is annotated as '{text[:40]}', which is no list of names and numbers")
    return {name: number(value, where) for name, value in pairs}


def _bounds(item: Item, said: Said) -> tuple[float, float] | None:
    if "low" not in said or "high" not in said:
        return None
    low, high = (number(said[key], f"a bound of {item.what}") for key in ("low", "high"))
    if low > high:
        raise ModelError(f"{item.what} is annotated with the bounds {low:g} and {high:g}")
    return low, high


def _unbounded(given: Parameter | None) -> bool:
    return given is not None and given.bounds == (-math.inf, math.inf)
