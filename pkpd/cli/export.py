"""`pkpd export FORMAT ...`: models, fits, schedules and parameters for other tools."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .export_petab import petab
from .options import (
    bsa_option,
    declared,
    model_option,
    params_option,
    read_options,
    refuse_empty,
    set_option,
    weight_option,
)

if TYPE_CHECKING:
    from ..trials.run import Options, RunArm
    from .options import Asked

_MODEL = declared((model_option, params_option, set_option, bsa_option, weight_option))
_FILE = click.option("--output", metavar="FILE", help="Write to a file, with its record; without it, print.")


@click.group()
def export() -> None:
    """Write a model, a fit, schedules or parameters in the format of another tool.

    \b
    Examples:
      pkpd export sbml he2020 --output he2020.xml
      pkpd export antimony "1 MIU daily x5" --model il2_minimal
      pkpd export petab hao2020 --vary treg_activation --output petab
      pkpd export events he2020 placebo --times 0,14,28,84 --output events.csv
      pkpd export parameters il2 --output il2.csv
    """


export.add_command(petab)


@export.command()
@click.argument("schedule", required=False)
@_MODEL
@_FILE
def sbml(schedule: str | None, output: str | None, **options: Any) -> None:
    """Write a model as SBML (Level 3 Version 1), with SCHEDULE, a name or a text, as events.

    Units, values and sources stand in the file. A steady state cannot be held: give its doses. Needs pkpd[exchange].

    \b
    Examples:
      pkpd export sbml he2020 --output he2020.xml
      pkpd export sbml "0.4 MIU/m2 daily x5" --model il2_minimal --bsa 1.7
    """
    refuse_empty({"--output": output})
    _write(_sbml_text(schedule, options), output, options["model"])


@export.command()
@click.argument("schedule", required=False)
@_MODEL
@_FILE
def antimony(schedule: str | None, output: str | None, **options: Any) -> None:
    """Write a model as Antimony text, with SCHEDULE, a name or a text, as events. Needs pkpd[exchange].

    \b
    Examples:
      pkpd export antimony "1 MIU daily x5" --model il2_minimal
    """
    refuse_empty({"--output": output})
    from ..exchange.sbml.antimony import antimony_text

    _write(antimony_text(_sbml_text(schedule, options)), output, options["model"])


@export.command()
@click.argument("schedules", nargs=-1, required=True, metavar="SCHEDULE...")
@click.option("--times", metavar="LIST", help="Observation records, e.g. 0,7,14 (days) or 0h,6h,12h.")
@click.option("--step", metavar="TIME", help="Observation records every so often, e.g. 1d.")
@click.option("--days", metavar="DAYS", help="With --step: up to this day, e.g. 84 or 12wk.")
@click.option("--side", default="pre", metavar="pre|post|both", help="Of a record at a dose.  [default: pre]")
@click.option("--time-unit", default="", metavar="h|d", help="Of TIME.  [default: h, or d where only that is exact]")
@_MODEL
@_FILE
def events(schedules: tuple[str, ...], output: str | None, time_unit: str, **options: Any) -> None:
    """Write one event table (ID TIME AMT EVID CMT RATE ...) of one or more schedules, one ID each.

    \b
    Examples:
      pkpd export events he2020 placebo --times 0,14,28,84 --output events.csv
      pkpd export events "0.4 MIU/m2 daily x5" --bsa 1.7 --step 1d --days 14 --time-unit h
    """
    refuse_empty({"--output": output})
    from ..exchange.events.planned import events_of, merged
    from ..exchange.events.writing import write_events
    from ..simulation import grid

    if options["days"] is not None and options["step"] is None and options["times"] is None:
        raise click.UsageError("--days goes with --step, which says how often")
    asked = _asked(options).resolve()
    tables = []
    for number, text in enumerate(schedules, 1):
        arm = _arm(text, asked)
        times = asked.times or (tuple(grid(arm.schedule, asked.days, asked.step)) if asked.step else ())
        made = events_of(
            arm.schedule,
            id=str(number),
            bsa=arm.bsa,
            weight=arm.weight,
            samples=[float(time) for time in times],
            side=asked.side,
            time_unit=time_unit,
            origin=text,
        )
        for note in made.notes:
            click.echo(f"note: {note}", err=True)
        tables.append(made)
    _write(write_events(merged(tables)), output, options["model"])


@export.command()
@click.argument("name", default="il2", metavar="MODEL")
@params_option
@_FILE
def parameters(name: str, params: str | None, output: str | None) -> None:
    """Write the parameters of MODEL with units, bounds and sources: a file ending in .csv or .tex; prints CSV.

    \b
    Examples:
      pkpd export parameters il2 --output il2.csv
      pkpd export parameters il2_minimal --output il2_minimal.tex
    """
    refuse_empty({"--output": output, "--params": params})
    if output and Path(output).suffix not in (".csv", ".tex"):
        raise click.UsageError(f"--output takes a file ending in .csv or .tex, not '{output}'")
    from ..engine.code.library import outline_of
    from ..model.parameter_table import parameter_csv, parameter_latex
    from .observed import whole_set

    made = parameter_latex if output and output.endswith(".tex") else parameter_csv
    _write(made(whole_set(name, params, ()), outline_of(name).parameters), output, name)


def _asked(options: Mapping[str, Any]) -> Asked:
    rest = {"days": None, "times": None, "step": None, "side": "pre", "engine": "compiled", "rtol": 1e-6}
    return read_options(**(rest | dict(options)))


def _arm(schedule: str, asked: Options) -> RunArm:
    """The schedule with the parameters and the body size that `pkpd simulate` would use."""
    from ..dosing.library import load_schedule
    from ..trials.run import schedule_run

    return schedule_run(" ".join(schedule.split()), load_schedule(schedule), asked).arms[0]


def _sbml_text(schedule: str | None, options: Mapping[str, Any]) -> str:
    from ..exchange.sbml.writing import sbml_text
    from ..model.registry import get_model

    asked = _asked(options).resolve()
    arm = _arm(schedule if schedule is not None else "none", asked)
    plan = None if schedule is None else arm.schedule
    return sbml_text(get_model(asked.model), arm.parameters, plan, bsa=arm.bsa, weight=arm.weight, name=asked.model)


def _write(text: str, output: str | None, model: str) -> None:
    """To a file with its record, or to standard output."""
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    from ..output.provenance import write_results
    from ..trials.record import digests, head
    from .run import command_line

    path = Path(output)
    files = {path.name: text.encode()}
    record = head("export", path.name, command_line(), model) | {"tables": digests(files)}
    write_results(path.parent, files, record, record_name=f"{path.name}.run.json")
    click.echo(f"Written: {path} and {path.name}.run.json")
