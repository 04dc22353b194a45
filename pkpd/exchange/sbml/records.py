"""A schedule as an annotation: the records behind the events of a file, from which it comes back as it was."""

from __future__ import annotations

from ...dosing.dose import Dose
from ...dosing.given import body_scale
from ...dosing.schedule import Schedule
from ...units import exact
from .doses import Body
from .words import inner


def schedule_annotation(schedule: Schedule, body: Body) -> str:
    """The element `schedule` that `words.annotation` describes; doses per m2 and per kg are written as what they are
    for this `body`. ScheduleError where its size is not known.
    """
    doses = "".join(inner("dose", _said(dose, body)) for dose in schedule.planned)
    return inner("schedule", {"length": str(schedule.length)}, doses)


def _said(dose: Dose, body: Body) -> dict[str, str]:
    scale = body_scale(dose, **body)
    amount, rate = (
        None if v is None else v if scale == 1 else float(exact(v) * scale) for v in (dose.amount, dose.rate)
    )
    said = {
        "time": str(dose.time),
        "amount": repr(amount),
        "unit": dose.unit,
        "route": dose.route,
        "duration": "" if dose.duration is None else str(dose.duration),
        "rate": "" if rate is None else repr(rate),
        "interval": str(dose.interval) if dose.interval else "",
        "additional": str(dose.additional) if dose.additional else "",
        "reset": "true" if dose.reset else "",
        "status": "" if dose.status == "given" else dose.status,
        "planned": "" if dose.planned is None else str(dose.planned),
        "modelled": dose.modelled,
    }
    return {key: text for key, text in said.items() if text}
