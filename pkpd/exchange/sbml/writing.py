"""A model, its values and a schedule as the text of an SBML file, and what libsbml finds wrong with such a text."""

from __future__ import annotations

from ...dosing.schedule import Schedule
from ...engine.compile import bind
from ...errors import ScheduleError
from ...model.declaration import Model
from ...parameters import Parameters
from ...simulation import sized
from .digits import exact_text
from .document import model_page, slopes
from .doses import Body, add_doses
from .library import library
from .records import schedule_annotation


def sbml_text(
    model: Model,
    parameters: Parameters | None = None,
    schedule: Schedule | None = None,
    *,
    bsa: float | None = None,
    weight: float | None = None,
    name: str = "",
) -> str:
    """An SBML Level 3 Version 1 file of a model with its own parameters or those given, and a schedule as events.

    `bsa` (m2) and `weight` (kg) size doses per m2 and per kg, as `simulate` does; `name` is what to call the model in
    the file. Raises PkpdError: ScheduleError for a steady state, which SBML cannot hold, and for a dose per body size
    that is not known, ParameterError for values that cannot be used, and PkpdError where libsbml is not installed.
    """
    own = model.defaults if parameters is None else parameters.over(model.defaults)
    values, body = sized(own, bsa, weight)
    records = "" if schedule is None else schedule_annotation(schedule, body)  # says what body size is missing
    said = [] if schedule is None else _about(schedule, body)
    page = model_page(model, values, name, said, records)
    slopes(page, {} if schedule is None else add_doses(page, bind(model, values), schedule, body))
    return exact_text(page.libsbml, page.document)


def problems(text: str) -> tuple[str, ...]:
    """Everything that libsbml's checks report of an SBML text, units and modelling practice included; none is best."""
    document = library().readSBMLFromString(text)
    document.checkConsistency()
    found = (document.getError(k) for k in range(document.getNumErrors()))
    return tuple(f"{e.getSeverityAsString()} {e.getErrorId()}: {' '.join(e.getMessage().split())}" for e in found)


def _about(schedule: Schedule, body: Body) -> list[str]:
    """What the notes say of a schedule and of how events hold it."""
    try:
        text = schedule.text
    except ScheduleError:
        text = f"{len(schedule.doses)} records over {float(schedule.length):g} days"
    said = [f"Schedule, as events: {text or 'no doses'}."]
    sizes = {"m2": ("body surface area", body["bsa"]), "kg": ("weight", body["weight"])}
    for per in sorted({dose.per for dose in schedule.doses if dose.per}):
        what, size = sizes[per]
        said.append(f"Doses per {per} are scaled to a {what} of {size:g} {per}; their amounts do not follow it.")
    if any(dose.status == "missed" for dose in schedule.doses):
        said.append("Missed doses are left out.")
    if any(dose.additional for dose in schedule.doses):
        said.append("Additional doses (ADDL) are written out, one event each.")
    if any(dose.reset for dose in schedule.doses):
        said.append(
            "A reset sets every state to its initial value. Which lagged doses, additional doses and infusions it "
            "cancels was found with the parameters of this file, and does not follow a change of lag or rate."
        )
    return said
