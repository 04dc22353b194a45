"""The result of a search as tidy tables: every number that the report or a figure shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...engine.code.library import outline_of
from ...output.tables import Table
from ...units import duration_text
from ..summary import HIGHEST
from .optimise import Optimised
from .task import Task, Tried, beyond, kept_name, most_a_day

RANKED = (
    *("regimen", "schedule", "row", "name", "typical", "low", "median", "high", "unit"),
    *("share_of_draws", "draws", "failed"),
)


def csv_files(found: Optimised, no_data: Mapping[str, str]) -> dict[str, bytes]:
    """front.csv, evaluations.csv, window.csv and ranking.csv, the last two where there is a map and a ranking;
    `no_data` names the quantities that no data stand behind.
    """
    tables = {"front.csv": front_table(found, no_data), "evaluations.csv": evaluations_table(found)}
    if found.window is not None:
        tables["window.csv"] = window_table(found)
    if found.ranking is not None:
        tables["ranking.csv"] = ranking_table(found)
    return {name: table.to_csv().encode() for name, table in tables.items()}


def units(task: Task) -> dict[str, str]:
    """The unit of each quantity by name."""
    own = {o.name: o.unit for o in outline_of(task.model).outputs}
    return {q.name: q.unit(own) for q in task.quantities}


def flags(task: Task, one: Tried, no_data: Mapping[str, str]) -> str:
    """What to know of a regimen before its numbers are believed; "" where there is nothing."""
    said = [f"no data behind {name}" for name in no_data]
    if beyond(task, one.candidate):
        said.append(f"{most_a_day(task, one.candidate):.3g} MIU/m2 in a day, above {HIGHEST:g}")
    return "; ".join(said)


def front_table(found: Optimised, no_data: Mapping[str, str]) -> Table:
    """One row a regimen of the front (of one goal, of the best ones)."""
    task, rows = found.task, found.front
    listed = {one.candidate.key: k for k, one in enumerate(found.listed, 1)}
    columns: dict[str, Sequence[Any]] = {"listed": [listed.get(one.candidate.key) for one in rows]}
    columns |= _what(rows) | _quantities(task, rows)
    for k, c in enumerate(task.constraints):
        columns[f"margin of {c.text}"] = [_number(c.margin(one.limited[k])) for one in rows]
    columns["MIU/m2 in a day at most"] = [_number(most_a_day(task, one.candidate)) for one in rows]
    columns["flags"] = [flags(task, one, no_data) for one in rows]
    return Table(tuple(columns.items()))


def evaluations_table(found: Optimised) -> Table:
    """One row a candidate, in the order in which they were tried."""
    columns: dict[str, Sequence[Any]] = {"evaluation": list(range(1, len(found.tried) + 1))}
    columns["stage"] = [one.stage for one in found.tried]
    columns |= _what(found.tried) | _quantities(found.task, found.tried)
    columns["meets all"] = [_yes(found.task.meets(one)) for one in found.tried]
    columns["failure"] = [one.stopped for one in found.tried]
    return Table(tuple(columns.items()))


def window_table(found: Optimised) -> Table:
    """One row a cell of the map."""
    assert found.window is not None
    cells = [one for row in found.window.cells for one in row]
    spot = [(d, float(gap)) for d in found.window.doses for gap in found.window.intervals]
    columns: dict[str, Sequence[Any]] = {
        f"dose [{found.window.unit}]": [d for d, _ in spot],
        "interval [d]": [gap for _, gap in spot],
        "schedule": [one.candidate.text for one in cells],
    }
    columns |= _quantities(found.task, cells)
    columns["meets all"] = [_yes(found.task.meets(one)) for one in cells]
    columns["failure"] = [one.stopped for one in cells]
    return Table(tuple(columns.items()))


def ranking_table(found: Optimised) -> Table:
    """One row for each quantity of a regimen, its share of draws beside those of its constraints; then one row a
    constraint, and one for the regimen as a whole: the share of draws in which it meets everything, and is best.
    """
    rows = list[tuple[Any, ...]]()
    ranking, own = found.ranking, units(found.task)
    assert ranking is not None
    for k, one in enumerate(found.listed):
        ranges, used = ranking.ranges(k), ranking.draws - ranking.failed[k]
        head, tail = (k + 1, one.candidate.text), (used, ranking.failed[k])
        for j, q in enumerate(found.task.quantities):
            low, median, high = (_number(float(v)) for v in ranges[:, j])
            rows.append(
                (*head, "quantity", q.name, _number(one.values[j]), low, median, high, own[q.name], None, *tail)
            )
        for j, c in enumerate(found.task.constraints):
            rows.append((*head, "holds", c.text, *[None] * 4, "", float(ranking.holds[k, j]), *tail))
        rows.append((*head, "meets all", "", *[None] * 4, "", float(ranking.meets[k]), *tail))
        rows.append((*head, "best", "", *[None] * 4, "", float(ranking.best[k]), *tail))
    return Table(tuple(zip(RANKED, map(list, zip(*rows, strict=True)), strict=True)))


def _what(rows: Sequence[Tried]) -> dict[str, Sequence[Any]]:
    own = [one.candidate for one in rows]
    return {
        "schedule": [c.text for c in own],
        "dose": [c.amount for c in own],
        "dose unit": [c.unit for c in own],
        "interval": [duration_text(c.interval) for c in own],
        "on": [duration_text(c.on) for c in own],
        "off": [duration_text(c.off) for c in own],
    }


def _quantities(task: Task, rows: Sequence[Tried]) -> dict[str, Sequence[Any]]:
    own = units(task)
    names = [q.name if own[q.name] == "1" else f"{q.name} [{own[q.name]}]" for q in task.quantities]
    columns: dict[str, Sequence[Any]] = {n: [_number(one.values[k]) for one in rows] for k, n in enumerate(names)}
    if task.holding is not None:
        for k, c in enumerate(task.constraints):
            unit = "" if own[c.quantity.name] == "1" else f" [{own[c.quantity.name]}]"
            columns[f"{kept_name(task, c)}{unit}"] = [_number(one.limited[k]) for one in rows]
    return columns


def _number(value: float) -> float | None:
    """None, an empty cell, where there is no number."""
    return value if math.isfinite(value) else None


def _yes(value: bool) -> str:
    return "yes" if value else "no"
