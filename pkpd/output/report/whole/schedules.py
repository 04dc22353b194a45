"""What was given: each schedule as a sentence, with its doses when they are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ....dosing.amount import number_text
from ....dosing.given import GivenDose, given
from ....dosing.sentence import sentence
from ....errors import PkpdError
from .. import html
from .sets import Given

FEW = 3  # schedules whose doses are listed
FIRST = 10  # doses listed of a long schedule
_HEAD = ("dose", "day", "prescribed", "given", "route", "hours", "status")


def schedules(found: Sequence[Given], told: set[Given]) -> str:
    """Each arm or regimen with its sentence; doses of a few, unless those of another arm `told` before are the same.
    What is listed here is added to `told`.
    """
    if len(found) > FEW:
        rows = [(one.arm, sentence(one.schedule)) for one in found]
        return f'<div class="words">{html.table(("who", "schedule"), rows, "Schedules")}</div>\n'
    return "".join(_one(one, len(found) > 1, told) for one in found)


def _one(one: Given, named: bool, before: set[Given]) -> str:
    said = sentence(one.schedule)
    told = html.lines([f"{one.arm}: {said}" if named else said])
    try:
        doses = given(one.schedule, one.bsa, one.weight)
    except PkpdError as error:
        return told + html.lines([f"The doses given cannot be told: {error}."])
    if not doses:
        return told
    same = replace(one, arm="")
    if same in before:
        return told + html.lines(["Its doses are listed above."])
    before.add(same)
    shown = doses if len(doses) <= FIRST + 2 else doses[:FIRST]
    more = len(doses) - len(shown)
    last = f"The first {len(shown)} of {len(doses)} doses; the last is on day {number_text(float(doses[-1].time))}."
    return told + html.table(_HEAD, [_row(d) for d in shown], f"Doses of {one.arm}") + html.lines([last] * bool(more))


def _row(dose: GivenDose) -> tuple[str, ...]:
    hours = f"{24 * float(dose.duration):g}" if dose.duration else "0"
    prescribed = f"{number_text(dose.prescribed)} {dose.prescribed_unit}"
    day, amount = f"{float(dose.time):.4g}", f"{dose.amount:.4g} {dose.unit}"
    return (str(dose.number), day, prescribed, amount, dose.route, hours, dose.status)
