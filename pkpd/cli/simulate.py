"""`pkpd simulate SCHEDULE`: one schedule, one patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .events import simulated_table, table_options
from .options import read_options, refuse_empty, simulation_options

if TYPE_CHECKING:
    from ..dosing.schedule import Schedule
    from ..inference.uncertainty.bands import Band
    from ..output.trajectory import Trajectory
    from ..trials.run import Run


@click.command()
@click.argument("schedule", required=False)
@simulation_options
@table_options
@click.option("--uncertainty", metavar="FILE", help="Draws of parameters to show bands of, or default (the model's).")
@click.option("--bands", metavar="FILE", help="With --uncertainty: write the bands as a tidy table.")
@click.option("--csv", metavar="FILE", help="Write the trajectory as a tidy table.")
@click.option("--wide", is_flag=True, help="With --csv: one column an output instead of one row.")
@click.option("--plot", metavar="FILE", help="Write a figure: .png, .svg or .pdf.")
@click.option("--output", metavar="FOLDER", help="Write tables, figures and record, as `pkpd run` does.")
def simulate(
    schedule: str | None,
    uncertainty: str | None,
    bands: str | None,
    csv: str | None,
    wide: bool,
    plot: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Simulate SCHEDULE, a name (see `pkpd schedules`) or a text, and print IL-2 exposure and cell counts.

    With --events instead, simulate every subject of an event table (ID TIME AMT EVID CMT RATE II ADDL SS ...) and write
    the model's outputs at its observation records: ID, TIME, one column an output. Without SCHEDULE, --model FILE.xml
    gives the doses that are the file's own events.

    \b
    Examples:
      pkpd simulate he2020 --days 84 --plot course.png
      pkpd simulate "0.4 MIU/m2 daily x5" --bsa 1.6 --set treg_ec50=12pM --csv course.csv
      pkpd simulate "1 MIU iv over 2h once" --model my_model.py:model --times 0h,1h,2h,4h
      pkpd simulate --events data.csv --time-unit h --model my_model.py:model --csv out.csv
    """
    targets = {"--csv": csv, "--plot": plot, "--output": output, "--bands": bands}
    if simulated_table(targets | {"--uncertainty": uncertainty, "--wide": wide, "SCHEDULE": schedule}, options):
        return
    _check_targets(targets, wide, uncertainty)
    _simulate(schedule, targets, uncertainty, wide, options)


def _simulate(
    schedule: str | None,
    targets: Mapping[str, str | None],
    uncertainty: str | None,
    wide: bool,
    options: dict[str, Any],
) -> None:
    """One schedule in one patient: printed, and written to each target."""
    asked = read_options(**options)
    name, plan = _schedule(schedule, asked.model)
    from ..trials.run import schedule_run, simulate_run
    from ..trials.summary import summary
    from .run import command_line
    from .uncertain import uncertainty_for
    from .write import Beside, bands_of, notes, recorded

    chosen = asked.resolve()
    run = schedule_run(name, plan, chosen)
    notes(run)
    own = None if uncertainty is None else uncertainty_for(run, chosen, asked.params, uncertainty)
    beside, trajectories = Beside(own), simulate_run(run)
    ranges = bands_of(run, trajectories, beside.uncertainty)
    click.echo(summary(run, trajectories, ranges))
    tables, record = recorded(run, trajectories, ranges, beside, command_line())
    _write(run, trajectories, ranges, targets, wide, tables, record)


def _schedule(text: str | None, model: str) -> tuple[str, Schedule]:
    """A schedule by name or text, else the doses that an SBML file gives its model; with what to call it."""
    from ..dosing.library import load_schedule
    from ..model.registry import FOREIGN

    if text is not None:
        return " ".join(text.split()), load_schedule(text)
    if Path(model).suffix.lower() not in FOREIGN:
        raise click.UsageError("name a SCHEDULE, such as he2020 or '1 MIU daily x5', or an event table with --events")
    from ..dosing.schedule import Schedule
    from ..exchange.sbml.reading.imported import read_sbml

    return f"events of {Path(model).name}", read_sbml(Path(model)).schedule or Schedule.none()


def _write(
    run: Run,
    trajectories: Sequence[Trajectory],
    bands: Sequence[Band],
    targets: Mapping[str, str | None],
    wide: bool,
    tables: Mapping[str, bytes],
    record: dict[str, Any],
) -> None:
    """Every file asked for, each with the record of the run."""
    from ..output.provenance import write_results
    from ..trials.record import csv_files
    from .write import figure_files, title

    if csv := targets["--csv"]:
        _write_one(csv, csv_files(trajectories, wide)["trajectories.csv"], record)
    if (file := targets["--bands"]) and bands:
        _write_one(file, tables["bands.csv"], record)
    if plot := targets["--plot"]:
        from ..output.plots import overview_figure
        from ..output.plots.style import image

        figure = overview_figure(trajectories, run.visits, title(run), bands)
        _write_one(plot, image(figure, Path(plot).suffix.lower().lstrip(".")), record)
    if output := targets["--output"]:
        write_results(output, dict(tables) | figure_files(run, trajectories, bands), record)
        click.echo(f"Written to {output}")


def _check_targets(targets: Mapping[str, str | None], wide: bool, uncertainty: str | None) -> None:
    """A usage error for targets that make no sense."""
    refuse_empty({**targets, "--uncertainty": uncertainty})
    for option in ("--csv", "--bands"):
        if (target := targets[option]) and target.endswith(".json"):
            raise click.UsageError(f"{option} takes a file such as course.csv, not '{target}': records end in .json")
    if wide and not targets["--csv"]:
        raise click.UsageError("--wide goes with --csv")
    if targets["--bands"] and uncertainty is None:
        raise click.UsageError("--bands goes with --uncertainty")
    files = [(option, Path(target)) for option, target in targets.items() if target and option != "--output"]
    for k, (option, file) in enumerate(files):
        for other, same in files[:k]:
            if file == same:
                raise click.UsageError(f"{other} and {option} both name '{targets[other]}'")
    plot = targets["--plot"]
    if plot and Path(plot).suffix.lower() not in (".png", ".svg", ".pdf"):
        raise click.UsageError(f"--plot takes a file ending in .png, .svg or .pdf, not '{plot}'")


def _write_one(file: str, data: bytes, record: dict[str, Any]) -> None:
    from ..output.provenance import write_results

    path = Path(file)
    write_results(path.parent, {path.name: data}, record, record_name=f"{path.name}.run.json")
    click.echo(f"Written: {path} and {path.name}.run.json")
