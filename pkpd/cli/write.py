"""Simulate a run, print its tables, write its files: what `run` and `simulate` share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import FileError
from .uncertain import tell

if TYPE_CHECKING:
    from ..inference.uncertainty.bands import Band
    from ..output.trajectory import Trajectory
    from ..parameters import Parameters
    from ..trials.run import Run
    from ..trials.uncertainty import Uncertainty


def notes(run: Run) -> None:
    """Say on standard error what a user should know and did not ask."""
    from ..model.registry import MODELS
    from ..trials.summary import beyond_evidence

    for note in (*run.notes, *beyond_evidence(run)):
        click.echo(f"note: {note}", err=True)
    if run.model in MODELS:
        for arm in run.arms:
            for p in arm.parameters.tables:
                if p.outside:
                    low, high = p.bounds
                    where = f"{arm.name}: {p.name} = {p.text}"
                    click.echo(f"note: {where} lies outside its bounds {low:g} to {high:g}", err=True)


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """What a run shows beside its lines: draws for bands, and the parameters that the validation page is about."""

    uncertainty: Uncertainty | None = None
    validated: Parameters | None = None


def write_run(
    run: Run,
    folder: str | Path,
    command: str,
    *,
    figures: bool = True,
    beside: Beside = Beside(),
    expected: Mapping[str, Any] | None = None,
) -> None:
    """Simulate, print and write a run; with `expected`, say whether each table came out as that record lists it. The
    validation page goes with the figures.
    """
    from ..output.provenance import check_place, write_results
    from ..trials.run import simulate_run
    from ..trials.summary import summary

    check_place(folder, ("trajectories.csv", "doses.csv", "bands.csv", "validation.csv", "validation.html"))
    notes(run)
    trajectories = simulate_run(run)
    bands = bands_of(run, trajectories, beside.uncertainty)
    tables, record = recorded(run, trajectories, bands, beside, command)
    if expected is not None:
        _compare(record, expected)
    click.echo(summary(run, trajectories, bands))
    files = tables | (figure_files(run, trajectories, bands) | _validation(run, beside) if figures else {})
    written = write_results(folder, files, record)
    click.echo(f"\nWritten to {Path(folder)}: {', '.join(path.name for path in written)}")


def title(run: Run) -> str:
    """What a figure of the whole run is called."""
    return f"{run.name}, model {run.model}"


def bands_of(run: Run, trajectories: Sequence[Trajectory], uncertainty: Uncertainty | None) -> tuple[Band, ...]:
    """One band an arm, none without draws; a note counts draws that could not be simulated."""
    if uncertainty is None:
        return ()
    from ..trials.uncertainty import run_bands

    found = run_bands(run, trajectories, uncertainty)
    tell(
        [f"{b.arm}: {b.failed} of {_draws(b.failed + b.draws)} could not be simulated" for b in found if b.failed],
    )
    return found


def _draws(count: int) -> str:
    return f"{count} draw{'s' * (count != 1)}"


def recorded(
    run: Run, trajectories: Sequence[Trajectory], bands: Sequence[Band], beside: Beside, command: str
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The tables of a run as files, and its record."""
    from ..trials.record import csv_files, to_record

    tables, more = csv_files(trajectories), dict[str, Any]()
    if bands:
        from ..inference.uncertainty.bands import bands_csv

        tables["bands.csv"] = bands_csv(bands)
    if beside.uncertainty is not None or beside.validated is not None:
        from ..trials.uncertainty import to_tables

        more = to_tables(run, beside.uncertainty, beside.validated)
    return tables, to_record(run, command, tables) | more


def _validation(run: Run, beside: Beside) -> dict[str, bytes]:
    """The validation page and its table: every built-in study against the set of the run."""
    if beside.validated is None:
        return {}
    from ..data import built_in
    from ..engine.code.library import outline_of
    from ..inference.prediction import predict
    from ..output.report.validation import validation_files
    from ..parameters import by_hand
    from ..studies.library import load_observations

    draws = beside.uncertainty.draws if beside.uncertainty else None
    found = predict(load_observations(*built_in("study")), run.model, beside.validated, draws)
    said = "Without draws of parameters, an interval holds only the assumed spread between studies and assays."
    if draws is not None:
        said = f"{_draws(len(draws.values))} of {', '.join(draws.names)} ({draws.origin})."
    # the sentence that a single change writes into the parameter, which a record keeps
    changed = [f"{t.name} = {t.text}" for t in beside.validated.tables if by_hand(t.where)]
    origin = beside.validated.origin
    own = f"Model {run.model}, {'its own parameters' if origin == outline_of(run.model).defaults.origin else origin}"
    return validation_files(found, [f"{own}{', changed: ' * bool(changed)}{', '.join(changed)}.", said])


def figure_files(run: Run, trajectories: Sequence[Trajectory], bands: Sequence[Band] = ()) -> dict[str, bytes]:
    """Every figure of a run, as PNG and SVG."""
    from ..output.plots import figures
    from ..output.plots.style import images

    labels = {arm.name: arm.label for arm in run.arms}
    return images(figures(trajectories, run.visits, labels, title=title(run), bands=bands))


def _compare(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Print the verdict of a replay; FileError names the table that came out differently."""
    from ..output.provenance import versions

    own, listed = found["tables"], expected.get("tables", {})
    differing = [name for name in {**own, **listed} if own.get(name) != listed.get(name)]
    if not differing:
        click.echo(f"Replay: {', '.join(own)} are the same, byte for byte.\n")
        return
    now, then = versions(), expected.get("versions", {})
    changed = [f"{k} {then.get(k)} -> {v}" for k, v in now.items() if then.get(k) != v]
    if found["model"] != expected["model"]:
        changed.append(f"the equations of model {found['model']['name']}")
    reason = f"changed since: {', '.join(changed)}" if changed else "the record or the program was edited"
    raise FileError(
        f"the replay gives another {' and '.join(differing)} than the record lists ({reason}); nothing was written"
    )
