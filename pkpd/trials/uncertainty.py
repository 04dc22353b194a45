"""What a run knows of the uncertainty of its parameters: draws, what its arms hold at their own values, and bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FileError, PkpdError
from ..inference.uncertainty.bands import Band, Patient, bands, held, thinned, without
from ..inference.uncertainty.draws import Draws, write_draws
from ..output.provenance import digest
from ..output.trajectory import Trajectory
from ..parameters import Parameters, read_tables
from .record import Reader

if TYPE_CHECKING:
    from .run import Run


@dataclass(frozen=True, slots=True, eq=False)
class Uncertainty:
    """Draws to run every arm with, and for each arm the drawn parameters that keep the arm's own values."""

    draws: Draws
    held: tuple[tuple[str, ...], ...]


def uncertainty_of(
    run: Run, draws: Draws, fitted: Parameters, changed: Sequence[str] = ()
) -> tuple[Uncertainty | None, tuple[str, ...]]:
    """The uncertainty of a run, None where nothing drawn is left, and sentences for the user.

    `fitted` is the whole set that the draws belong to; `changed` names what the user set for this run, which drops out
    of the draws. What a study says of its patients holds in its arms. ParameterError for draws of another model.
    """
    draws.in_units_of(fitted)
    fixed = [name for name in draws.names if name in changed]
    notes = [f"{', '.join(fixed)}: set for this run, so the draws do not vary {_it(fixed)}"] if fixed else []
    left = without(draws, changed)
    if left is None:
        return None, (*notes, f"nothing that the draws of {draws.origin} vary is left, so there is no band")
    own = thinned(left)
    return Uncertainty(own, tuple(held(arm.parameters, fitted, own) for arm in run.arms)), tuple(notes)


def run_bands(run: Run, trajectories: Sequence[Trajectory], uncertainty: Uncertainty) -> tuple[Band, ...]:
    """The band of every arm of a run at its own rows."""
    patients = [
        Patient(arm.schedule, arm.parameters, arm.bsa, arm.weight, own)
        for arm, own in zip(run.arms, uncertainty.held, strict=True)
    ]
    return bands(trajectories, patients, run.model, uncertainty.draws, run.tolerances)


def to_tables(run: Run, uncertainty: Uncertainty | None, validated: Parameters | None) -> dict[str, Any]:
    """What a `run.json` holds of them, so that a replay needs no other file: every bit of the draws, and the set that
    the validation page is about.
    """
    tables: dict[str, Any] = {}
    if uncertainty is not None:
        draws = uncertainty.draws
        tables["uncertainty"] = {
            "origin": draws.origin,
            "kind": draws.kind,
            "digest": digest(write_draws(draws)),
            "values": {f"{n} [{u}]": draws.values[:, k].tolist() for k, (n, u) in enumerate(_columns(draws))},
            "held": {arm.name: list(own) for arm, own in zip(run.arms, uncertainty.held, strict=True)},
        }
    if validated is not None:
        tables["validation"] = {"origin": validated.origin, "tables": validated.to_tables()}
    return tables


def from_tables(run: Run, record: Mapping[str, Any], where: str) -> tuple[Uncertainty | None, Parameters | None]:
    """Both from a `run.json`, None for what it does not hold; FileError when it is damaged."""
    read = Reader(record, where)
    try:
        uncertainty = _draws(run, read.table("uncertainty"), where) if "uncertainty" in record else None
        return uncertainty, _validated(run, read.table("validation")) if "validation" in record else None
    except PkpdError as error:
        said = str(error)
        raise FileError(said if said.startswith(where) else f"{where}: {said}") from None


def _validated(run: Run, table: Reader) -> Parameters:
    tables = table.value("tables", lambda v: isinstance(v, Mapping), "a table")
    return read_tables(tables, table.text("origin"), run.model, bounded=False)


def _draws(run: Run, table: Reader, where: str) -> Uncertainty:
    columns, own = table.table("values"), table.table("held")
    heads = [tuple(text.removesuffix("]").split(" [")) for text in columns.names()]
    values = [columns.numbers(text) for text in columns.names()]
    if not heads or any(len(head) != 2 for head in heads) or len({len(v) for v in values}) != 1 or not values[0]:
        raise FileError(f"{where} is damaged: the draws are columns such as 'treg_ec50 [pM]', all of one length")
    names, units = zip(*heads, strict=True)
    draws = Draws(names, units, np.array(values).T, table.text("kind"), table.text("origin"))
    if digest(write_draws(draws)) != table.text("digest"):
        raise FileError(f"{where} is damaged: its draws are not those that were written")
    return Uncertainty(draws, tuple(own.texts(arm.name) for arm in run.arms))


def _columns(draws: Draws) -> list[tuple[str, str]]:
    return list(zip(draws.names, draws.units, strict=True))


def _it(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"
