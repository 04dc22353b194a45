"""How large formulas become when function definitions are written out; a few nested ones can grow without bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ....errors import ModelError

MAX_NODES = 500_000


@dataclass(frozen=True, slots=True)
class _Body:
    """A function written out: its own nodes, and how often each argument stands in it."""

    nodes: int
    uses: tuple[int, ...]


def check_growth(model: Any, origin: str) -> None:
    """ModelError when the formulas of a libsbml model have more than MAX_NODES nodes once functions are written out."""
    functions = [model.getFunctionDefinition(k) for k in range(model.getNumFunctionDefinitions())]
    bodies: dict[str, _Body | None] = {f.getId(): None for f in functions}
    waiting = functions
    while waiting:
        ready = [f for f in waiting if not _calls(f.getBody(), {w.getId() for w in waiting})]
        if not ready:
            raise ModelError(f"{origin}: the functions {', '.join(f.getId() for f in waiting)[:80]} call each other")
        for f in ready:
            names = [f.getArgument(i).getName() for i in range(f.getNumArguments())]
            count = _counted(f.getBody(), bodies)
            bodies[f.getId()] = _Body(count[""], tuple(count[name] for name in names))
        waiting = [f for f in waiting if f not in ready]
    total = sum(body.nodes for body in bodies.values() if body is not None)
    total += sum(_counted(tree, bodies)[""] for tree in _trees(model))
    if total > MAX_NODES:
        raise ModelError(f"{origin}: written out, its formulas have {total:.3g} parts, more than {MAX_NODES}")


def _calls(node: Any, names: set[str]) -> bool:
    """Whether a formula calls one of these functions."""
    if node is None:
        return False
    own = node.isFunction() and node.getName() in names
    return own or any(_calls(node.getChild(k), names) for k in range(node.getNumChildren()))


def _counted(node: Any, bodies: Mapping[str, _Body | None]) -> Counter[str]:
    """Occurrences of each name once written out, and under "" of nodes in all."""
    found: Counter[str] = Counter()
    if node is None:
        return found
    body = bodies.get(node.getName() or "") if node.isFunction() else None
    found[""] = 1 if body is None else body.nodes
    if node.isName():
        found[node.getName()] += 1
    for k in range(node.getNumChildren()):
        times = body.uses[k] if body is not None and k < len(body.uses) else 1
        for name, count in _counted(node.getChild(k), bodies).items():
            found[name] += min(count * times, 10**30)
    return found


def _trees(model: Any) -> Iterator[Any]:
    for k in range(model.getNumRules()):
        yield model.getRule(k).getMath()
    for k in range(model.getNumInitialAssignments()):
        yield model.getInitialAssignment(k).getMath()
    for k in range(model.getNumReactions()):
        law = model.getReaction(k).getKineticLaw()
        yield law.getMath() if law is not None else None
    for k in range(model.getNumEvents()):
        event = model.getEvent(k)
        yield event.getTrigger().getMath() if event.getTrigger() is not None else None
        for i in range(event.getNumEventAssignments()):
            yield event.getEventAssignment(i).getMath()
