"""What a search for regimens found, in words: the best ones, how sure their order is, and the map around the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..tables import aligned

if TYPE_CHECKING:
    from ...trials.optimisation.optimise import Optimised
    from ...trials.optimisation.ranking import Ranking
    from ...trials.optimisation.task import Tried

CLAIM = (
    "The ranking is of outcomes of the model in a typical patient. It is no clinical claim: no trial has compared "
    "these regimens."
)
COLUMNS = 8  # intervals of the map that a line has room for
WIDTH = 60  # characters of a schedule in a table
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
    parts += [f"* {name}: {said}." for name, said in no_data.items()]
    return "\n\n".join([*parts, CLAIM]) + "\n"


def shown(value: float, digits: int = 4) -> str:
    """A number to so many digits; a dash where there is none."""
    return f"{value:.{digits}g}" if math.isfinite(value) else "-"


def _asked(found: Optimised, patient: str, units: Mapping[str, str]) -> str:
    task = found.task
    lines = [f"Goals: {'; '.join(f'{g.text} ({g.quantity.label}{_in(units[g.quantity.name])})' for g in task.goals)}"]
    lines.append(f"Subject to: {', '.join(c.text for c in task.constraints) or 'nothing'}")
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
    meeting = sum(found.task.meets(one.values) for one in found.tried)
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
    names = [q.name for q in task.quantities]
    limited = {c.quantity.name for c in task.constraints}
    head = ["regimen", *(f"{n}{'*' * (n in no_data)}{_in(units[n])}" for n in names)]
    head += [f"margin of {c.text}{'*' * (c.quantity.name in no_data)}" for c in task.constraints]
    rows = [
        [
            _title(k, one),
            *map(shown, one.values),
            *(shown(c.margin(task.value(one.values, c.quantity)), 3) for c in task.constraints),
        ]
        for k, one in enumerate(found.listed, 1)
    ]
    lines = [title, aligned([head, *rows])]
    if limited & set(no_data) or any(g.quantity.name in no_data for g in task.goals):
        lines.append("* no data stand behind it; its limit or goal rests on assumptions, told below")
    own = [f"{k}: {flag}" for k, flag in enumerate(flags, 1) if "MIU/m2" in flag]
    if own:
        lines.append(f"Beyond the doses behind the parameters, where the model extrapolates: regimen {'; '.join(own)}")
    return "\n".join(lines)


def _title(number: int, one: Tried) -> str:
    text = one.candidate.text
    return f"{number}  {text if len(text) <= WIDTH else text[: WIDTH - 3] + '...'}"


def _ranking(found: Optimised, ranking: Ranking, units: Mapping[str, str]) -> str:
    task, names = found.task, [q.name for q in found.task.quantities]
    name = "best" if len(task.goals) == 1 else "unbeaten"
    head = ["regimen", *(f"{n}{_in(units[n])}, 90 % range" for n in names if n not in ("il2_given", "injections"))]
    head += [*(f"{c.text} holds" for c in task.constraints), *["all hold"] * bool(task.constraints), name]
    rows = []
    for k in range(len(found.listed)):
        ranges = ranking.ranges(k)
        own = [
            f"{shown(float(ranges[0, j]), 3)} to {shown(float(ranges[2, j]), 3)}"
            for j, n in enumerate(names)
            if n not in ("il2_given", "injections")
        ]
        shares = [*ranking.holds[k].tolist(), *[float(ranking.meets[k])] * bool(task.constraints)]
        shares.append(float(ranking.best[k]))
        rows.append([str(k + 1), *own, *(f"{100 * share:.0f} %" for share in shares)])
    count = f"{ranking.draws} draw{'s' * (ranking.draws != 1)} of {_parameters(ranking)} ({ranking.origin})"
    those = "those that meet every constraint in that draw" if task.constraints else "all"
    best = (
        f"the best of {those}"
        if len(task.goals) == 1
        else f"among {those}, and none of them is as good in every goal and better in one"
    )
    lines = [f"How sure the order is: the same {count} for every regimen", aligned([head, *rows])]
    lines.append(f"'{name}' is the share of draws in which a regimen is {best} (of the regimens listed).")
    if ranking.none:
        lines.append(f"In {ranking.none} of {ranking.draws} draws no regimen listed meets every constraint.")
    if any(ranking.failed):
        failed = ", ".join(f"regimen {k}: {n}" for k, n in enumerate(ranking.failed, 1) if n)
        lines.append(f"Draws that could not be simulated count as not meeting anything ({failed}).")
    return "\n".join(lines)


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
        values = [(shown(task.value(cells[j].values, goal.quantity)), task.meets(cells[j].values)) for j in chosen]
        rows.append([f"{dose:g}", *(text if good else f"({text})" for text, good in values)])
    rest = f"on {float(window.on):g} d, off {float(window.off):g} d" if window.off else "without a rest"
    title = f"{goal.quantity.name}{_in(units[goal.quantity.name])} over dose and interval, {rest}"
    brackets = "; in brackets where a constraint fails" if task.constraints else ""
    return f"{title}{brackets}\n{aligned([head, *rows])}"
