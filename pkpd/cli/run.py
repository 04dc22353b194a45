"""`pkpd run STUDY`: the main job, and its replay."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from .options import read_options, simulation_options


@click.command()
@click.argument("study", required=False)
@simulation_options
@click.option("--replay", metavar="FILE", help="Repeat the run of a run.json instead.")
@click.option(
    "--output",
    metavar="FOLDER",
    help="Where to write.  [default: results/NAME, or the folder of the replayed run.json]",
)
@click.option("--no-figures", is_flag=True, help="Write the tables only.")
def run(study: str | None, replay: str | None, output: str | None, no_figures: bool, **options: Any) -> None:
    """Simulate every arm of STUDY and write trajectories.csv, doses.csv, run.json and figures.

    Only files that an earlier run wrote, and that nobody changed since, are replaced.

    \b
    Examples:
      pkpd run he2020
      pkpd run he2020 --set treg_feedback=1.2 --output results/stronger_feedback
      pkpd run --replay results/he2020/run.json
    """
    if (study is None) == (replay is None):
        raise click.UsageError("give a study, for example he2020, or --replay with a run.json")
    from ..output.provenance import read_record
    from ..trials.run import from_record, study_run
    from ..trials.study import load_study
    from .write import write_run

    if replay is not None:
        given = [p.opts[0] for p in run.params if p.name in options and p.name != "model" and _was_given(p.name)]
        if given:
            raise click.UsageError(f"a replay repeats everything as it was, so it goes without {', '.join(given)}")
        record = read_record(replay)
        asked = from_record(record, replay, options["model"])
        folder, command = output or Path(replay).parent, str(record.get("command", ""))
        write_run(asked, folder, command, figures=not no_figures, expected=record)
        return
    asked = study_run(load_study(str(study)), read_options(**options))
    write_run(asked, output or Path("results") / asked.name, command_line(), figures=not no_figures)


def _was_given(name: str | None) -> bool:
    context = click.get_current_context()
    return name is not None and context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def command_line() -> str:
    """The command as typed, for the record."""
    return shlex.join(["pkpd", *sys.argv[1:]])
