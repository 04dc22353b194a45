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
    "--output", metavar="FOLDER", help="Where to write.  [default: results/NAME, or that of the replayed file]"
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
    for option, value in (("--output", output), ("--replay", replay)):
        if value == "":
            raise click.UsageError(f"{option} takes a name, not an empty text")
    if replay is not None:
        _replay(replay, options["model"], output, not no_figures)
        return
    from ..trials.study import load_study

    asked = read_options(**options)
    found = load_study(str(study))
    from ..trials.run import study_run
    from .write import write_run

    ready = study_run(found, asked.resolve())
    write_run(ready, output or Path("results") / ready.name, command_line(), figures=not no_figures)


def command_line() -> str:
    """The command as typed, for the record."""
    return shlex.join(["pkpd", *sys.argv[1:]])


def _replay(file: str, model: str, output: str | None, figures: bool) -> None:
    context = click.get_current_context()
    allowed = ("replay", "model", "output", "no_figures")
    given = [p.opts[0] for p in run.params if p.name and p.name not in allowed and _was_given(context, p.name)]
    if given:
        raise click.UsageError(f"a replay repeats everything as it was, so it goes without {', '.join(given)}")
    from ..output.provenance import read_record
    from ..trials.record import from_record
    from .write import write_run

    record = read_record(file)
    asked = from_record(record, file, model if _was_given(context, "model") else "")
    write_run(asked, output or Path(file).parent, record.get("command", ""), figures=figures, expected=record)


def _was_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
