"""The annotations of a file of ours, as `words.annotation` describes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..words import NAMESPACE
from .texts import Texts

Said = Mapping[str, str]
_KINDS = ("parameter", "derived", "state", "rate", "output", "dose", "infusion", "constant")


@dataclass(frozen=True, slots=True)
class Own:
    """What is said of the model, of its quantities by id, of routes, requirements and doses; `length` is that of the
    schedule in days, None where none is written; `texts` reads formulas.
    """

    model: Said
    quantities: Mapping[str, Said]
    routes: tuple[Said, ...]
    requirements: tuple[Said, ...]
    doses: tuple[Said, ...]
    length: str | None
    texts: Texts


def own_annotations(model: Any) -> Own | None:
    """The annotations of a libsbml model, or None unless every quantity has one and all are parameters."""
    node = _ours(model, "model")
    about = _attributes(node)
    if node is None or not about.get("name") or not about.get("time"):
        return None
    if model.getNumSpecies() or model.getNumReactions() or model.getNumCompartments():
        return None
    parts = [model.getParameter(k) for k in range(model.getNumParameters())]
    found = {p.getId(): _attributes(_ours(p, "quantity")) for p in parts}
    if not all(said.get("kind") in _KINDS and said.get("name") and said.get("unit") for said in found.values()):
        return None
    plan = next(_inside(node, "schedule"), None)
    return Own(
        about,
        found,
        tuple(_attributes(n) for n in _inside(node, "route")),
        tuple(_attributes(n) for n in _inside(node, "requirement")),
        () if plan is None else tuple(_attributes(n) for n in _inside(plan, "dose")),
        None if plan is None else _attributes(plan).get("length", ""),
        Texts(model, frozenset(k for k, said in found.items() if said["kind"] in ("parameter", "derived"))),
    )


def _ours(part: Any, element: str) -> Any:
    """Our element of that name in the annotation of a part, or None."""
    top = part.getAnnotation()
    return None if top is None else next(_inside(top, element), None)


def _inside(node: Any, element: str) -> Iterator[Any]:
    children = (node.getChild(k) for k in range(node.getNumChildren()))
    return (c for c in children if c.getName() == element and c.getURI() == NAMESPACE)


def _attributes(node: Any) -> Said:
    if node is None:
        return {}
    return {node.getAttrName(i): node.getAttrValue(i) for i in range(node.getAttributesLength())}
