"""`pkpd predict FILE...`: observations beside what the model says of them, without fitting."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .observed import draws_left, event_options, read_digests, rows_of, whole_set
from .options import model_option, params_option, read_changes, refuse_empty, set_option
from .uncertain import tell

if TYPE_CHECKING:
    from ..inference.rows.noise import Noise
    from ..inference.uncertainty.draws import Draws
    from ..parameters import Parameters

NAME = "predictions.csv"


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@model_option
@params_option
@set_option
@event_options
@click.option(
    "--uncertainty",
    metavar="FILE",
    help="Draws of parameters, or default (the model's).  [default: draws.csv beside --params, else the model's]",
)
@click.option(
    "--between-studies",
    type=float,
    default=0.3,
    metavar="SD",
    help="Log SD of a response between studies, assumed.  [default: 0.3]",
)
@click.option("--output", metavar="PLACE", help="A folder, or a file ending in .csv.  [default: predictions.csv]")
def predict(
    files: tuple[str, ...],
    model: str,
    params: str | None,
    changes: tuple[str, ...],
    uncertainty: str | None,
    between_studies: float,
    output: str | None,
    **tables: Any,
) -> None:
    """Predict every row of each FILE (study, CSV file or event table) and write predictions.csv beside its record.

    A row that cannot be predicted says why. The 90 % interval holds the draws of parameters and the spread between
    studies; a count without a stated baseline also that of baselines.

    \b
    Examples:
      pkpd predict dilt1d hao2020
      pkpd predict koreth2016 --between-studies 0.5 --output results/wide
    """
    place = _place(files, output, uncertainty)
    sets = read_changes(model, changes)
    from ..inference.prediction import predict as predicted
    from ..inference.rows.noise import Noise
    from ..output.provenance import check_place, write_results
    from ..output.report.predictions import predictions_csv, predictions_text

    check_place(place.parent, [place.name], f"{place.name}.run.json")
    noise, observations = Noise(between_studies=between_studies), rows_of(files, model, **tables)
    parameters = whole_set(model, params, sets)
    draws = draws_left(uncertainty, params, model, [name for name, _ in sets], parameters)
    if draws is None:
        tell(["the intervals hold only the assumed spread between studies, not that of the parameters"])
    found = predicted(observations, model, parameters, draws, noise=noise)
    click.echo(predictions_text(found))
    table = predictions_csv(found)
    record = _record(model, parameters, draws, noise, files, {place.name: table})
    write_results(place.parent, {place.name: table}, record, record_name=f"{place.name}.run.json")
    click.echo(f"\nWritten: {place} and {place.name}.run.json")


def _place(files: tuple[str, ...], output: str | None, uncertainty: str | None) -> Path:
    """The file to write; a usage error for arguments that make no sense."""
    if not files:
        raise click.UsageError("name one or more studies or observation files, for example dilt1d hao2020")
    refuse_empty({"--output": output, "--uncertainty": uncertainty})
    if output is None:
        return Path(NAME)
    return Path(output) if output.endswith(".csv") else Path(output) / NAME


def _record(
    model: str,
    parameters: Parameters,
    draws: Draws | None,
    noise: Noise,
    files: tuple[str, ...],
    tables: dict[str, bytes],
) -> dict[str, Any]:
    """What the table rests on: the parameters as they are, the digests of everything that was read."""
    from ..trials.record import digests, draws_table, head, set_table
    from .run import command_line

    return {
        **head("prediction", "predict", command_line(), model),
        "noise": asdict(noise),
        "parameters": set_table(parameters),
        "draws": draws_table(draws),
        "observations": read_digests(files),
        "tables": digests(tables),
    }
