"""SBML (Level 2 and 3) as a model: read_sbml for models of other tools, and for those that were written here."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ....dosing.schedule import Schedule
from ....errors import ModelError, PkpdError, UnitError
from ....model.declaration import Model
from ....units import coherent_factor, same_dimension
from .agreement import check_agreement
from .annotations import Own, own_annotations
from .beginning import TIME
from .contents import read_contents
from .declared import declared_units
from .doses import read_doses
from .foreign import Measure, foreign, foreign_model
from .names import Names
from .own import own_model
from .schedule import DOSES, event_notes, schedule_of
from .source import read_source
from .units import declared_time

_PLAIN = "plain numbers: every quantity has the unit 1, and rates are multiplied by '{name}', 1 per {time}"


@dataclass(frozen=True, slots=True)
class Imported:
    """A model with the values of its file as its own, the doses its events give, and what was left out or assumed."""

    model: Model
    schedule: Schedule | None
    notes: tuple[str, ...]


def read_sbml(path_or_text: str | Path, *, time: str = "d") -> Imported:
    """The model in an SBML file of Level 2 or 3, or in its text (which begins with `<`).

    A model written here comes back with its units and sources. Of other files units are kept where all are declared and
    agree; else every quantity is a plain number, exactly as in the file, and `time` is the unit of time of a file that
    declares none. Every species, every quantity with a rule and every other state is an output. Raises FileError or
    ModelError naming what a model here cannot hold, and PkpdError where libsbml is not installed.
    """
    if not same_dimension(time, "h"):
        raise ModelError(f"'{time}' is not a unit of time; write for example h or d")
    try:
        document, origin, level = read_source(path_or_text)
    except RecursionError:
        raise ModelError("the SBML file has formulas that are nested too deeply") from None
    model = document.getModel()
    try:
        own = own_annotations(model)
        if own is None:
            return _foreign(document, level, origin, time, ())
        try:
            return _own(model, own, origin)
        except PkpdError as error:
            said = f"its own annotations could not be used: {error}"
            return _foreign(document, level, origin, time, (said,))
    except RecursionError:
        raise ModelError(f"{origin} has formulas that are nested too deeply") from None
    except PkpdError as error:
        raise ModelError(f"{origin}: {error}") from None


def sbml_model(path: Path) -> Model:
    """The model in an SBML file, for `--model FILE.xml`; an edited file is read again. Errors as of `read_sbml`."""
    try:
        written = path.stat().st_mtime_ns
    except (OSError, ValueError):
        written = 0
    return _model(path, written)


@lru_cache(maxsize=16)
def _model(path: Path, written: int) -> Model:
    found = read_sbml(path)
    for note in found.notes:
        logging.getLogger("pkpd").info("%s: %s", path.name, note)
    return found.model


def _own(model: Any, own: Own, origin: str) -> Imported:
    names = Names(body=True)
    contents, given = read_doses(read_contents(model, names, TIME))
    file = foreign(contents, given, names, origin)
    built, plan, notes = own_model(file, own)
    if plan is not None:
        return Imported(built, plan, (*notes, f"{DOSES} gives them"))
    units = {s.name: s.unit for s in built.states}
    sizes = {name: coherent_factor(unit, built.time) for name, unit in units.items()}
    schedule = schedule_of(file, built.time, 1.0, units, sizes)
    return Imported(built, schedule, (*notes, *event_notes(file, units)))


def _foreign(document: Any, level: int, origin: str, time: str, notes: tuple[str, ...]) -> Imported:
    model, names = document.getModel(), Names()
    contents, given = read_doses(read_contents(model, names, TIME))
    file = foreign(contents, given, names, origin)
    declared = declared_time(model, level)
    clock, size = declared or (time, 1.0)
    name = names.fresh("per_time")
    plain = Measure(lambda _: "1", lambda _: "1", clock, (name, 1 / size))
    title = model.getId()[:60] or "sbml_model"
    meaning = _meaning(model, title)
    built, why = foreign_model(file, plain, title, meaning), ""
    try:
        measure = declared_units(document, level, contents)
        united = foreign_model(file, measure, title, meaning)
        check_agreement(built, united)
        built = united
    except (ModelError, UnitError) as error:
        why = f"{_PLAIN.format(name=name, time=clock if size == 1 else f'{size:g} {clock}')}, because {error}"
        measure = plain
    undeclared = why and declared is None
    notes += (why,) if why else ()
    notes += (f"the file declares no unit of time; {clock} is assumed",) if undeclared else ()
    notes += (f"renamed: {', '.join(names.changed)}",) if names.changed else ()
    notes += (f"{model.getNumConstraints()} constraints are left out",) if model.getNumConstraints() else ()
    units = {s.name: s.unit for s in built.states}
    schedule = schedule_of(file, clock, size if measure is plain else 1.0, units, dict.fromkeys(units, 1.0))
    return Imported(built, schedule, (*notes, *event_notes(file, units)))


def _meaning(model: Any, name: str) -> str:
    return " ".join(model.getName().split())[:200] or f"{name}, read from SBML"
