"""Columns of an event table that name parameters of the model: a value for each record, next observation carried
backward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...engine.compile import own_vector
from ...engine.functions import Functions
from ...errors import ParameterError
from ...model.outline import Outline
from ...parameters import Parameters
from ...units import coherent_factor, factor
from .record import EventTable, Subject

ALIASES = {"wt": "weight", "bw": "weight", "bodyweight": "weight"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table are parameters of the model: their names there, and their places in the table."""

    names: tuple[str, ...]
    places: tuple[int, ...]


def parameter_columns(table: EventTable, model: Outline) -> Columns:
    """The columns whose name, as written or else in any case, is a parameter's; ParameterError where two name the same
    one, and where the name of a parameter was read as a field of the records.
    """
    exact = {d.name: d.name for d in model.parameters}
    declared = {d.name.lower(): d.name for d in model.parameters}
    for column, field in table.aliases:
        if own := exact.get(column) or declared.get(column.lower()):
            raise ParameterError(
                f"{table.origin}: the column '{column[:40]}' is read as {field}, and model {model.name} has a "
                f"parameter '{own}'; name the column {field} if it is that, or call the parameter something else"
            )
    found: dict[str, int] = {}
    for place, column in enumerate(table.covariates):
        low = column.lower()
        name = exact.get(column) or declared.get(low) or declared.get(ALIASES.get(low, ""))
        if name is None:
            continue
        if name in found:
            both = f"'{table.covariates[found[name]]}' and '{column}'"
            raise ParameterError(f"{table.origin}: the columns {both} both give the parameter '{name}'; keep one")
        found[name] = place
    return Columns(tuple(found), tuple(found.values()))


def below_zero(table: EventTable, columns: Columns, model: Outline) -> tuple[str, ...]:
    """Sentences on columns with a value below 0 where the model's own is above it, as a code for missing values is."""
    said = []
    for name, place in zip(columns.names, columns.places, strict=True):
        lines = [r.line for s in table.subjects for r in s.records if (r.covariates[place] or 0.0) < 0]
        if lines and model.defaults[name].value > 0:
            more = f" and {len(lines) - 1} more" * (len(lines) > 1)
            said.append(f"{table.covariates[place]} is below 0 on line {lines[0]}{more}; leave a missing value empty")
    return tuple(said)


def values_of(subject: Subject, columns: Columns) -> list[tuple[float | None, ...]]:
    """The value of each column at each record: its own, else the next one, else the last; None where there is none."""
    filled = [_filled([record.covariates[place] for record in subject.records]) for place in columns.places]
    return list(zip(*filled, strict=True)) if filled else [()] * len(subject.records)


def _filled(cells: Sequence[float | None]) -> list[float | None]:
    last = next((cell for cell in reversed(cells) if cell is not None), None)
    found: list[float | None] = []
    for cell in reversed(cells):
        last = cell if cell is not None else last
        found.append(last)
    return found[::-1]


def numbers(found: Functions, base: Parameters, columns: Columns, values: Sequence[float | None]) -> list[float]:
    """The numbers of `base` with a record's covariates over them, each in the unit of the model's own value, whatever
    unit `base` has it in; ParameterError for one that cannot be negative.
    """
    shape = found.outline
    own = own_vector(shape, base)
    declared = [d.name for d in shape.parameters]
    for name, value in zip(columns.names, values, strict=True):
        if value is None:
            continue
        if value < 0 <= base[name].bounds[0]:
            raise ParameterError(f"{name} is {value:g} and cannot be negative")
        unit = shape.parameters[declared.index(name)].unit
        said = shape.defaults[name].unit if name in shape.defaults else unit
        own[declared.index(name)] = value * factor(said, unit) * coherent_factor(unit, shape.time)
    return own
