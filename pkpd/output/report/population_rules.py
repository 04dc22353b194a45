"""The report of rules in a population: what they are, when they decide, and what they did to the doses of an arm."""

from __future__ import annotations

import textwrap

from ...trials.population.ruling import Ruling
from ..tables import aligned
from .fit_rows import counted

WIDTH = 120
KINDS = ("held", "reduced", "raised", "stopped")
MEASURES = (
    ("days_held", "days held, of those held"),
    ("il2_given", "IL-2 given"),
    ("il2_planned", "IL-2 planned"),
    ("il2_share", "IL-2 given, of the plan"),
)


def rules_text(ruling: Ruling, draws: int = 0) -> str:
    """The section of an arm; all its numbers stand in rules.csv."""
    table = {(row[1], row[2]): row[3:] for row in ruling.numbers().rows()}
    days = ", ".join(f"{day:g}" for day in ruling.ruled.visits)
    lines = [f"rule {k}: {rule.text}" for k, rule in enumerate(ruling.ruled.rules, 1)]
    lines.append(f"Decided at visits, before the doses of that time: days {days}.")
    lines.append(_how(ruling, draws))
    number, _, who = table["decisions", "number"]
    lines.append(f"{counted(int(number), 'decision')} about {counted(int(who), 'patient')}.")
    rows = [["patients", "decided at a visit", "a dose changed by it", "share"]]
    for name in KINDS:
        decided, count, share = (table[name, key][0] for key in ("decided", "dose changed", "share"))
        rows.append([name, f"{decided:g}", f"{count:g}", f"{100 * share:.3g} %"])
    unchanged = not any(table[name, "dose changed"][0] for name in KINDS)
    measured = [["given", "unit", "5 %", "50 %", "95 %"]]
    for name, label in MEASURES:
        unit = table[name, "p50"][1]
        ends = [table[name, statistic][0] for statistic in ("p05", "p50", "p95")]
        measured.append([label, "" if unit == "1" else unit, *("-" if v is None else f"{v:.3g}" for v in ends)])
    wrapped = [textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False) for line in lines]
    end = ["Days held end with the last dose planned."]
    if unchanged and number:
        end = [
            "No dose was changed: nothing was decided between doses that it could act on; --visits names other days."
        ]
    return "\n".join([*wrapped, aligned(rows), aligned(measured), *end])


def _how(ruling: Ruling, draws: int) -> str:
    if ruling.ruled.log is None:
        around = " Patients around draws of the typical values follow the same rules." if draws else ""
        return f"The levels that rules see are those of the model, without assay noise.{around}"
    around = f" around the typical values; those around {counted(draws, 'draw')} follow the rules" if draws else ""
    return f"Doses are those of {ruling.ruled.log.origin}: no rule was evaluated for the patients{around}."
