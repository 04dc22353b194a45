"""The doses of a schedule as a printed list with their total."""

from __future__ import annotations

from ..units import duration_text
from .amount import number_text
from .given import GivenDose, given, total_given, total_prescribed
from .schedule import Schedule


def dose_list(schedule: Schedule, bsa: float | None = None, weight: float | None = None) -> str:
    """One line a dose and the total, for a body surface area (m2) and weight (kg); as prescribed if not known."""
    needs = {d.per for d in schedule.doses} - {""}
    sized = needs <= {per for per, size in (("m2", bsa), ("kg", weight)) if size is not None}
    doses = given(schedule, bsa if bsa is not None else 1.0, weight if weight is not None else 1.0)
    if not doses:
        return "No doses."
    lines = [_line(dose, sized) for dose in doses]
    totals = total_given(doses) if sized else total_prescribed(schedule)
    return "\n".join([*lines, "Total: " + " and ".join(f"{number_text(value)} {unit}" for value, unit in totals)])


def _line(dose: GivenDose, sized: bool) -> str:
    text = f"{dose.number:>4}  day {float(dose.time):<8g} {number_text(dose.prescribed)} {dose.prescribed_unit}"
    if sized and "/" in dose.prescribed_unit and dose.amount:
        text += f" = {dose.amount:.4g} {dose.unit}"
    text += f" {dose.route}" if dose.route else ""
    if dose.duration is not None:
        text += f" over {duration_text(dose.duration)}"
    if dose.rate is not None:
        text += f" at {dose.rate:.4g} {dose.unit if sized else dose.prescribed_unit}/h"
    if dose.status == "moved":
        text += f" (moved from day {float(dose.planned):g})"
    return text + (" (missed)" if dose.status == "missed" else "")
