"""Simulate a run, print its tables, write its files: what `run` and `simulate` share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import FileError

if TYPE_CHECKING:
    from ..output.trajectory import Trajectory
    from ..trials.run import Run


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


def write_run(
    run: Run, folder: str | Path, command: str, *, figures: bool = True, expected: Mapping[str, Any] | None = None
) -> None:
    """Simulate, print and write a run; with `expected`, say whether each table came out as that record lists it."""
    from ..output.provenance import check_place, write_results
    from ..trials.record import csv_files, to_record
    from ..trials.run import simulate_run
    from ..trials.summary import summary

    check_place(folder, ("trajectories.csv", "doses.csv"))
    notes(run)
    trajectories = simulate_run(run)
    tables = csv_files(trajectories)
    record = to_record(run, command, tables)
    if expected is not None:
        _compare(record, expected)
    click.echo(summary(run, trajectories))
    files = tables | (figure_files(run, trajectories) if figures else {})
    written = write_results(folder, files, record)
    click.echo(f"\nWritten to {Path(folder)}: {', '.join(path.name for path in written)}")


def title(run: Run) -> str:
    """What a figure of the whole run is called."""
    return f"{run.name}, model {run.model}"


def figure_files(run: Run, trajectories: Sequence[Trajectory]) -> dict[str, bytes]:
    """Every figure of a run, as PNG and SVG."""
    from ..output.plots import figures
    from ..output.plots.style import image

    labels = {arm.name: arm.label for arm in run.arms}
    drawn = figures(trajectories, run.visits, labels, title=title(run))
    return {f"{name}.{kind}": image(figure, kind) for name, figure in drawn.items() for kind in ("png", "svg")}


def _compare(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Print the verdict of a replay; FileError names the table that came out differently."""
    from ..output.provenance import versions

    listed = expected.get("tables", {})
    differing = [name for name, value in found["tables"].items() if listed.get(name) != value]
    if not differing:
        click.echo(f"Replay: {', '.join(found['tables'])} are the same, byte for byte.\n")
        return
    now, then = versions(), expected.get("versions", {})
    changed = [f"{k} {then.get(k)} -> {v}" for k, v in now.items() if then.get(k) != v]
    if found["model"] != expected["model"]:
        changed.append(f"the equations of model {found['model']['name']}")
    reason = f"changed since: {', '.join(changed)}" if changed else "the record or the program was edited"
    raise FileError(
        f"the replay gives another {' and '.join(differing)} than the record lists ({reason}); nothing was written"
    )
