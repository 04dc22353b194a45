"""What a search for regimens found, in words: the best ones, how sure their order is, and the map around the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...trials.optimisation.task import kept_name
from ..tables import aligned
from .narrow import Column, narrow

if TYPE_CHECKING:
    from ...trials.optimisation.optimise import Optimised
    from ...trials.optimisation.ranking import Ranking
    from ...trials.optimisation.task import Tried

CLAIM = (
    "The ranking is of outcomes of the model in a typical patient. It is no clinical claim: no trial has compared "
    "these regimens."
)
COLUMNS = 8  # intervals of the map that a line has room for
WIDTH = 48  # characters of a schedule in a table
SURE = 0.9  # share of draws below which limits hold too rarely to rely on
_ENDED = {
    "seconds": "the time was over, so another run may find another result",
    "interrupted": "interrupted; the best so far is kept",
}


def report(
    found: Optimised, patient: str, units: Mapping[str, str], flags: Sequence[str], no_data: Mapping[str, str]
) -> str:
    """The whole report; `patient` says who was simulated, `units` and `no_data` are by quantity, `flags` by regimen
    listed ("" where there is none).
    """
    parts = [_asked(found, patient, units), _tried(found), _best(found, units, flags, no_data)]
    if found.ranking is not None:
        parts.append(_ranking(found, found.ranking, units))
    else:
        parts.append("How sure the order is was not told: there are no draws of the parameters, or no time was left.")
    if found.window is not None:
        parts += [_map(found, k, units) for k in range(len(found.task.goals))]
    for said in dict.fromkeys(no_data.values()):
        parts.append(f"* {', '.join(name for name in no_data if no_data[name] == said)}: {said}.")
    return "\n\n".join([*parts, CLAIM]) + "\n"


def shown(value: float, digits: int = 4) -> str:
    """A number to so many digits; a dash where there is none."""
    return f"{value:.{digits}g}" if math.isfinite(value) else "-"


def _asked(found: Optimised, patient: str, units: Mapping[str, str]) -> str:
    task = found.task
    lines = [f"Goals: {'; '.join(f'{g.text} ({g.quantity.label}{_in(units[g.quantity.name])})' for g in task.goals)}"]
    each = f", each {task.holding.text}" if task.holding is not None else ""
    lines.append(f"Subject to: {', '.join(c.text for c in task.constraints) or 'nothing'}{each}")
    said = [text + " (default)" * (text.split()[0] in task.space.assumed) for text in task.space.said]
    lines.append(f"Over: {', '.join(said)}, for {float(task.space.horizon):g} days")
    lines.append(f"In: {patient}")
    return "\n".join(lines)


def _in(unit: str) -> str:
    return "" if unit == "1" else f", {unit}"


def _tried(found: Optimised) -> str:
    stages: dict[str, int] = {}
    for one in found.tried:
        stages[one.stage] = stages.get(one.stage, 0) + 1
    words = {
        "all": "all there are",
        "search": f"by NSGA-II with seed {found.seed}",
        "polish": "refining doses",
        "map": "for the map",
    }
    said = ", ".join(f"{count} {words[stage]}" for stage, count in stages.items())
    meeting = sum(found.task.meets(one) for one in found.tried)
    lines = [f"{len(found.tried)} candidates were tried ({said}); {meeting} meet every constraint."]
    if found.failed:
        first = found.failed[0]
        lines.append(
            f"{len(found.failed)} could not be simulated, the first of them {first.candidate.text}: {first.stopped}"
        )
    if found.stopped in _ENDED:
        lines.append(f"The search ended early: {_ENDED[found.stopped]}.")
    return "\n".join(lines)


def _best(found: Optimised, units: Mapping[str, str], flags: Sequence[str], no_data: Mapping[str, str]) -> str:
    task = found.task
    title = "The best regimens, each with dose times of its own"
    if len(task.goals) > 1:
        title = f"{len(found.listed)} of {len(found.front)} regimens of the front, none of which beats another"
    names, rows = [q.name for q in task.quantities], found.listed
    limited = {c.quantity.name for c in task.constraints}
    columns = [_column(n, units, no_data, [shown(one.values[k]) for one in rows]) for k, n in enumerate(names)]
    if task.holding is not None:
        for k, c in enumerate(task.constraints):
            column = _column(c.quantity.name, units, no_data, [shown(one.limited[k]) for one in rows])
            columns.append(replace(column, head=f"{column.head}\n{kept_name(task, c).partition(', ')[2]}"))
    first = Column("regimen", [_title(k, one) for k, one in enumerate(rows, 1)])
    lines = [title, narrow(first, columns, [str(k) for k in range(1, len(rows) + 1)])]
    if limited & set(no_data) or any(g.quantity.name in no_data for g in task.goals):
        lines.append("* no data stand behind it; its limit or goal rests on assumptions, told below")
    if task.constraints:
        lines.append("Margins to the limits are in front.csv.")
    own = [f"{k}: {flag}" for k, flag in enumerate(flags, 1) if "MIU/m2" in flag]
    if own:
        lines.append(f"Beyond the doses behind the parameters, where the model extrapolates: regimen {'; '.join(own)}")
    return "\n".join(lines)


def _column(name: str, units: Mapping[str, str], no_data: Mapping[str, str], cells: Sequence[str]) -> Column:
    unit = units[name]
    return Column(f"{name}{'*' * (name in no_data)}", cells, "" if unit == "1" else unit)


def _title(number: int, one: Tried) -> str:
    text = one.candidate.text
    return f"{number}  {text if len(text) <= WIDTH else text[: WIDTH - 3] + '...'}"


def _ranking(found: Optimised, ranking: Ranking, units: Mapping[str, str]) -> str:
    task, names = found.task, [q.name for q in found.task.quantities]
    name = "best" if len(task.goals) == 1 else "unbeaten"
    ranges = [ranking.ranges(k) for k in range(len(found.listed))]
    columns = list[Column]()
    for j, n in enumerate(names):
        if n not in ("il2_given", "injections"):
            cells = [f"{shown(float(own[0, j]), 3)} to {shown(float(own[2, j]), 3)}" for own in ranges]
            columns.append(replace(_column(n, units, {}, cells), head=f"{n}\n90 % range"))
    columns += [_shares(f"{c.text}\nholds", ranking.holds[:, j].tolist()) for j, c in enumerate(task.constraints)]
    columns += [_shares("all hold", ranking.meets.tolist())] * bool(task.constraints) + [
        _shares(name, ranking.best.tolist())
    ]
    first = Column("regimen", [str(k) for k in range(1, len(ranges) + 1)])
    count = f"{ranking.draws} draw{'s' * (ranking.draws != 1)} of {_parameters(ranking)} ({ranking.origin})"
    those = "those that meet every constraint in that draw" if task.constraints else "all"
    best = (
        f"the best of {those}"
        if len(task.goals) == 1
        else f"among {those}, and none of them is as good in every goal and better in one"
    )
    lines = [f"How sure the order is: the same {count} for every regimen", narrow(first, columns)]
    lines += _surely(found, ranking)
    lines.append(f"'{name}' is the share of draws in which a regimen is {best} (of the regimens listed).")
    if ranking.none:
        lines.append(f"In {ranking.none} of {ranking.draws} draws no regimen listed meets every constraint.")
    if any(ranking.failed):
        failed = ", ".join(f"regimen {k}: {n}" for k, n in enumerate(ranking.failed, 1) if n)
        lines.append(f"Draws that could not be simulated count as not meeting anything ({failed}).")
    return "\n".join(lines)


def _surely(found: Optimised, ranking: Ranking) -> list[str]:
    """How surely the best regimen keeps its limits, beside what was asked; nothing where there are no limits."""
    task, share = found.task, f"{100 * float(ranking.meets[0]):.0f} %"
    if not task.constraints:
        return []
    if task.holding is None:
        only, more = (
            ("only ", "; --holding 0.9 searches for one that does in 90 %") if ranking.meets[0] < SURE else ("", "")
        )
        return [f"The best regimen meets every constraint in {only}{share} of draws{more}."]
    used, asked = len(task.holding.draws.values), task.holding.share
    those = f"{used} draws chosen from them" if used < ranking.draws else "them"
    short = "; a little more asked of --holding makes up for it" if ranking.meets[0] < asked else ""
    return [
        f"The search asked that each constraint holds in {100 * asked:g} % of {those}; over all {ranking.draws}, the "
        f"best regimen meets every one in {share}{short}."
    ]


def _shares(head: str, shares: Sequence[float]) -> Column:
    return Column(head, [f"{100 * share:.0f} %" for share in shares])


def _parameters(ranking: Ranking) -> str:
    return f"{len(ranking.varied)} parameter{'s' * (len(ranking.varied) != 1)}"


def _map(found: Optimised, k: int, units: Mapping[str, str]) -> str:
    window, task = found.window, found.task
    assert window is not None
    goal = task.goals[k]
    count = len(window.intervals)
    chosen = sorted({round(j * (count - 1) / max(1, min(count, COLUMNS) - 1)) for j in range(min(count, COLUMNS))})
    head = [f"dose, {window.unit}", *(f"every {float(window.intervals[j]):g} d" for j in chosen)]
    rows = []
    for dose, cells in zip(window.doses, window.cells, strict=True):
        values = [(shown(task.value(cells[j].values, goal.quantity)), task.meets(cells[j])) for j in chosen]
        rows.append([f"{dose:g}", *(text if good else f"({text})" for text, good in values)])
    rest = f"on {float(window.on):g} d, off {float(window.off):g} d" if window.off else "without a rest"
    title = f"{goal.quantity.name}{_in(units[goal.quantity.name])} over dose and interval, {rest}"
    brackets = "; in brackets where a constraint fails" if task.constraints else ""
    return f"{title}{brackets}\n{aligned([head, *rows])}"
