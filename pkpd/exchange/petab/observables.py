"""What rows show of the model: an output, its fold of the value at rest, or its odds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...model.declaration import Model, symbol
from ..sbml.page import Page
from .doses import add_quantity
from .measured import Measured
from .tables import Observable

_MEANING = {"value": "", "fold": ", fold of the value at rest", "odds": ", odds (percentage over the rest of 100)"}


def observable_of(row: Measured, model: Model) -> str:
    """The name of the observable that a row measures."""
    return f"observed_{model.outputs[row.output].name}_as_{row.shown}"


def observables(held: Sequence[Measured], model: Model, ids: Mapping[str, str]) -> tuple[Observable, ...]:
    """Every observable of the rows; `ids` are the names of the outputs in the SBML model."""
    found = {observable_of(row, model): (row.output, row.shown) for row in held}
    listed = []
    for name, (output, shown) in found.items():
        own = model.outputs[output]
        unit = own.unit if shown == "value" else "1"
        meaning = f"{own.meaning or own.name}{_MEANING[shown]} [{unit}]"
        listed.append(Observable(name, meaning, _formula(own.name, shown, model, ids)))
    return tuple(listed)


def _formula(output: str, shown: str, model: Model, ids: Mapping[str, str]) -> str:
    own = ids[output]
    if shown == "odds":
        return f"{own} / (100 - {own})"
    if shown == "value" or _is_fold(output, ids):
        return own
    return ids.get(f"{output}_fold", f"{own} / {_rest(output)}")


def _is_fold(output: str, ids: Mapping[str, str]) -> bool:
    return output.endswith("_fold") and output.removesuffix("_fold") in ids


def _rest(output: str) -> str:
    return f"{output}_at_rest"


def add_rest(page: Page, held: Sequence[Measured], ids: Mapping[str, str]) -> None:
    """Add, for each fold of an output that the model gives none of, its value at the start."""
    for output in dict.fromkeys(page.model.outputs[row.output] for row in held if row.shown == "fold"):
        if _is_fold(output.name, ids) or f"{output.name}_fold" in ids:
            continue
        name = _rest(output.name)
        add_quantity(page, name, output.unit, None, f"{output.name} at the start", "output", own=True)
        page.begin(name, symbol(ids[output.name]), page.table.own(output.unit))
