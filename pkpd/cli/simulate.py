"""`pkpd simulate SCHEDULE`: one schedule, one patient."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast

import click

from .options import read_options, simulation_options


@click.command()
@click.argument("schedule")
@simulation_options
@click.option("--csv", metavar="FILE", help="Write the trajectory as a tidy table.")
@click.option("--wide", is_flag=True, help="With --csv: one column an output instead of one row.")
@click.option("--plot", metavar="FILE", help="Write a figure: .png, .svg or .pdf.")
@click.option("--output", metavar="FOLDER", help="Write tables, figures and record, as `pkpd run` does.")
def simulate(schedule: str, csv: str | None, wide: bool, plot: str | None, output: str | None, **options: Any) -> None:
    """Simulate SCHEDULE, a name (see `pkpd schedules`) or a text, and print IL-2 exposure and cell counts.

    \b
    Examples:
      pkpd simulate he2020 --days 84 --plot course.png
      pkpd simulate "0.4 MIU/m2 daily x5" --bsa 1.6 --set treg_ec50=12pM --csv course.csv
      pkpd simulate "1 MIU iv over 2h once" --model my_model.py:model --times 0h,1h,2h,4h
    """
    kind = _check_targets(csv, plot, output, wide)
    from ..dosing.library import load_schedule

    asked = read_options(**options)
    plan = load_schedule(schedule)
    from ..output.provenance import write_results
    from ..trials.record import csv_files, to_record
    from ..trials.run import schedule_run, simulate_run
    from ..trials.summary import summary
    from .run import command_line
    from .write import figure_files, notes, title

    run = schedule_run(" ".join(schedule.split()), plan, asked.resolve())
    notes(run)
    trajectories = simulate_run(run)
    click.echo(summary(run, trajectories))
    tables = csv_files(trajectories)
    record = to_record(run, command_line(), tables)
    if csv:
        _write_one(csv, csv_files(trajectories, wide)["trajectories.csv"], record)
    if plot:
        from ..output.plots import overview_figure
        from ..output.plots.style import image

        _write_one(plot, image(overview_figure(trajectories, run.visits, title(run)), kind), record)
    if output:
        write_results(output, tables | figure_files(run, trajectories), record)
        click.echo(f"Written to {output}")


def _check_targets(csv: str | None, plot: str | None, output: str | None, wide: bool) -> Literal["png", "svg", "pdf"]:
    """The kind of figure asked for; a usage error for targets that make no sense."""
    for option, target in (("--csv", csv), ("--plot", plot), ("--output", output)):
        if target == "":
            raise click.UsageError(f"{option} takes a name, not an empty text")
    if csv and csv.endswith(".json"):
        raise click.UsageError(f"--csv takes a file such as course.csv, not '{csv}': records end in .json")
    if wide and not csv:
        raise click.UsageError("--wide goes with --csv")
    if csv and plot and Path(csv) == Path(plot):
        raise click.UsageError(f"--csv and --plot both name '{csv}'")
    kind = Path(plot).suffix.lower().lstrip(".") if plot else "png"
    if kind not in ("png", "svg", "pdf"):
        raise click.UsageError(f"--plot takes a file ending in .png, .svg or .pdf, not '{plot}'")
    return cast(Literal["png", "svg", "pdf"], kind)


def _write_one(file: str, data: bytes, record: dict[str, Any]) -> None:
    from ..output.provenance import write_results

    path = Path(file)
    write_results(path.parent, {path.name: data}, record, record_name=f"{path.name}.run.json")
    click.echo(f"Written: {path} and {path.name}.run.json")
