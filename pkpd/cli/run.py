"""`pkpd run STUDY`: the main job, and its replay."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import Asked, no_figures_option, read_options, refuse_both, refuse_empty, simulation_options

if TYPE_CHECKING:
    from ..trials.run import Options, Run
    from .write import Beside


@click.command()
@click.argument("study", required=False)
@simulation_options
@click.option("--uncertainty", metavar="FILE", help="Draws to show bands of, or default.  [default: those of the set]")
@click.option("--no-uncertainty", is_flag=True, help="Show no bands.")
@click.option("--replay", metavar="FILE", help="Repeat the run of a run.json instead.")
@click.option(
    "--output", metavar="FOLDER", help="Where to write.  [default: results/NAME, or that of the replayed file]"
)
@no_figures_option
def run(
    study: str | None,
    uncertainty: str | None,
    no_uncertainty: bool,
    replay: str | None,
    output: str | None,
    no_figures: bool,
    **options: Any,
) -> None:
    """Simulate every arm of STUDY and write trajectories.csv, doses.csv, run.json and figures.

    With draws of the parameters (draws.csv beside --params, or those that come with the model) bands show how uncertain
    the lines are; validation.html sets the model beside every built-in study. Only files that an earlier run wrote, and
    that nobody changed since, are replaced.

    \b
    Examples:
      pkpd run he2020
      pkpd run he2020 --set treg_feedback=1.2 --output results/stronger_feedback
      pkpd run --replay results/he2020/run.json
    """
    if (study is None) == (replay is None):
        raise click.UsageError("give a study, for example he2020, or --replay with a run.json")
    refuse_empty({"--output": output, "--replay": replay, "--uncertainty": uncertainty})
    if replay is not None:
        _replay(replay, options["model"], output, not no_figures)
        return
    refuse_both(uncertainty, no_uncertainty)
    _study(str(study), read_options(**options), (uncertainty, no_uncertainty), output, not no_figures)


def _study(name: str, asked: Asked, uncertainty: tuple[str | None, bool], output: str | None, figures: bool) -> None:
    """Run a study; `uncertainty` says which draws, and whether there are to be none."""
    from ..studies.study import load_study

    found = load_study(name)
    from ..trials.run import study_run
    from .write import write_run

    chosen = asked.resolve()
    ready = study_run(found, chosen)
    beside = _beside(ready, chosen, asked.params, *uncertainty)
    write_run(ready, output or Path("results") / ready.name, command_line(), figures=figures, beside=beside)


def _beside(ready: Run, chosen: Options, params: str | None, uncertainty: str | None, off: bool) -> Beside:
    """Draws unless they are off, and for a built-in model the set to validate: that of the run before any study."""
    from ..model.registry import MODELS
    from .uncertain import base_set, uncertainty_for
    from .write import Beside

    draws = None if off else uncertainty_for(ready, chosen, params, uncertainty)
    if ready.model not in MODELS:
        return Beside(draws)
    return Beside(draws, base_set(chosen).set("--set", **dict(chosen.changes)))


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
    from ..trials.uncertainty import from_tables
    from .write import Beside, write_run

    record = read_record(file)
    asked = from_record(record, file, model if _was_given(context, "model") else "")
    beside = Beside(*from_tables(asked, record, file))
    folder = output or Path(file).parent
    write_run(asked, folder, record.get("command", ""), figures=figures, beside=beside, expected=record)


def _was_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
