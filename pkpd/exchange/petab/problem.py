"""A fit as a PEtab problem: the model with slots for doses, a condition for each course, a measurement for each row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import InferenceError, PkpdError
from ...inference.coordinates import Coordinates, coordinates
from ...inference.fitting import gathered, of_roles, parameters_of
from ...inference.rows.noise import Noise
from ...inference.rows.predictor import Predictor, predictor
from ...model.registry import get_model
from ...output.provenance import write_results
from ...parameters import Parameters, load_parameters
from ...studies.events import EventReading
from ...studies.observation import Observation, Observations
from ...units import factor
from ..sbml.digits import exact_text
from ..sbml.document import model_page, output_ids, slopes
from ..sbml.library import library
from .conditions import Planned, planned
from .doses import add_slots
from .measured import LATE, Measured, measured
from .notes import notes
from .observables import add_rest, observable_of, observables
from .tables import Measurement, Tables, Varied, written

if TYPE_CHECKING:
    from ...model.declaration import Model

VERSIONS = (1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class PetabProblem:
    """The files of a problem by name, how many rows it holds, and those left out, each with the reason."""

    files: Mapping[str, str]
    held: int
    left_out: tuple[tuple[Observation, str], ...]
    version: int


def petab_problem(
    studies: Sequence[str | Path] | Observations,
    model: Model | str = "il2",
    parameters: Parameters | str | Path | None = None,
    vary: Sequence[str] | str = (),
    *,
    noise: Noise = Noise(),  # noqa: B008  a frozen value
    priors: bool = True,
    roles: Sequence[str] | str = ("fit",),
    version: int = 1,
    events: EventReading | None = None,
) -> PetabProblem:
    """What `pkpd.fit` would fit with these arguments, as a PEtab problem of version 1 or 2.

    Counts, levels, folds and percentages at one time are held as they are fitted, with their own errors; what rows
    share (shifts between studies, patients and baselines), bounds, and numbers over several times are not, and
    `left_out` and README.txt say so. PkpdError where no row is left, a name is unknown or python-libsbml is missing.
    """
    if version not in VERSIONS:
        raise PkpdError(f"PEtab version {version!r:.20} was asked for; there are 1 and 2")
    library()  # told before anything is simulated
    whole = get_model(model) if isinstance(model, str) else model
    asked, roles = _asked(studies, whole, parameters, vary, priors, events), _names(roles)
    used = of_roles(asked.observations, roles)
    predicts = predictor(used, model, asked.base, asked.varied.names)
    held, reasons = _sorted_out(predicts, noise)
    left = _left_out(asked.observations, used, roles, reasons)
    if not held:
        raise InferenceError(f"no row is left that PEtab could hold: {left[-1][0].origin}: {left[-1][1]}")
    plan = planned(predicts, held, whole, asked.base)
    tables = _tables(predicts, held, plan, asked.varied, used, whole)
    said = notes(whole, plan, tables, predicts, noise, left, version)
    files = {"model.xml": _sbml(whole, asked.base, plan, held)} | written(tables, version, whole.name)
    return PetabProblem(files | {"README.txt": said}, len(held), tuple(left), version)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    observations: Observations
    base: Parameters
    varied: Coordinates


def _asked(
    studies: Sequence[str | Path] | Observations,
    model: Model,
    parameters: Parameters | str | Path | None,
    vary: Sequence[str] | str,
    priors: bool,
    events: EventReading | None,
) -> _Asked:
    """What `pkpd.fit` makes of the same arguments."""
    given = load_parameters(parameters) if isinstance(parameters, str | Path) else parameters
    base = parameters_of(model, given)
    return _Asked(
        gathered(studies, events or EventReading(model))[0], base, coordinates(base, _names(vary), priors=priors)
    )


def _names(given: Sequence[str] | str) -> Sequence[str]:
    return [name.strip() for name in given.split(",")] if isinstance(given, str) else given


def _sorted_out(predicts: Predictor, noise: Noise) -> tuple[tuple[Measured, ...], dict[int, str]]:
    """The rows that PEtab holds, in their order, and the reasons of the others by number."""
    found = [pair for c in predicts.courses for pair in measured(c.sampling, c.numbers, noise)]
    held = [row for _, row in found if isinstance(row, Measured)]
    reasons = {number: row for number, row in found if isinstance(row, str)}
    return tuple(sorted(held, key=lambda row: row.number)), dict(sorted(reasons.items()))


def _left_out(
    observations: Observations, used: Observations, roles: Sequence[str], reasons: Mapping[int, str]
) -> list[tuple[Observation, str]]:
    """Rows that no fit can use, then those that PEtab cannot hold."""
    kept = {id(row) for row in used.rows}
    unused = [row for row in observations.rows if row.role in roles and id(row) not in kept]
    return [(r, r.reason or "no value is given") for r in unused] + [(used.rows[k], why) for k, why in reasons.items()]


def _tables(
    predicts: Predictor, held: Sequence[Measured], plan: Planned, varied: Coordinates, used: Observations, model: Model
) -> Tables:
    day = factor("d", model.time)
    measurements = tuple(
        Measurement(
            observable_of(row, model),
            plan.of_row[row.number],
            (row.day + 2 * LATE * row.post) * day,
            row.value,
            row.sigma,
            used.rows[row.number].origin,
        )
        for row in held
    )
    parameters = tuple(
        _varied(varied, k, plan.called[name], unit)
        for k, (name, unit) in enumerate(zip(predicts.names, predicts.units.tolist(), strict=True))
    )
    return Tables(plan.conditions, observables(held, model, output_ids(model)), measurements, parameters)


def _varied(varied: Coordinates, k: int, name: str, unit: float) -> Varied:
    """A coordinate in the units of the SBML model, of which `unit` make one of its own."""
    table, log = varied.tables[k], bool(varied.logs[k])
    low, high = table.bounds
    prior, centre, sd = None, float(varied.centre[k]), float(varied.sd[k])
    if math.isfinite(sd):
        prior = (centre + math.log(unit), sd) if log else (centre * unit, sd * unit)
    nominal = min(max(table.value, low), high) * unit
    return Varied(name, table.meaning, log, low * unit, high * unit, nominal, prior)


def _sbml(model: Model, parameters: Parameters, plan: Planned, held: Sequence[Measured]) -> str:
    more = "Events give the doses; a condition of the PEtab problem fills in when and how much each of them is."
    page = model_page(model, parameters, more=[more])
    slopes(page, add_slots(page, plan.slots, plan.routes, plan.empty))
    add_rest(page, held, output_ids(model))
    return exact_text(library(), page.document)


def write_petab(problem: PetabProblem, folder: str | Path, record: Mapping[str, Any] | None = None) -> list[Path]:
    """Write the files of a problem, and a record of them, into a folder in which only our own files are replaced."""
    files = {name: text.encode() for name, text in problem.files.items()}
    head: dict[str, Any] = {"kind": "export", "command": "export petab", "seed": None, "tables": {}}
    return write_results(folder, files, head | dict(record or {}))
