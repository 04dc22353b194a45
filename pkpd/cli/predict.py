"""`pkpd predict FILE...`: observations beside what the model says of them, without fitting."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import model_option, read_changes
from .uncertain import cautions, draws_for, tell

if TYPE_CHECKING:
    from ..inference.rows.noise import Noise
    from ..inference.uncertainty.draws import Draws
    from ..parameters import Parameters

NAME = "predictions.csv"


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@model_option
@click.option("--params", metavar="FILE", help="Parameter file (or name) laid over the model's own.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change one parameter, e.g. treg_ec50=12pM; repeatable.",
)
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
) -> None:
    """Predict every row of each FILE (study name, study file or CSV file) and write predictions.csv beside its record.

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
    from ..studies.library import load_observations

    check_place(place.parent, [place.name], f"{place.name}.run.json")
    noise, observations = Noise(between_studies=between_studies), load_observations(*files)
    parameters = _parameters(model, params, sets)
    draws = _draws(uncertainty, params, model, [name for name, _ in sets], parameters)
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
    for option, text in (("--output", output), ("--uncertainty", uncertainty)):
        if text == "":
            raise click.UsageError(f"{option} takes a name, not an empty text")
    if output is None:
        return Path(NAME)
    return Path(output) if output.endswith(".csv") else Path(output) / NAME


def _parameters(model: str, params: str | None, sets: tuple[tuple[str, str], ...]) -> Parameters:
    """The whole set: the model's own, the file's values over it, then single changes."""
    from ..engine.code.library import outline_of
    from ..parameters import load_parameters
    from ..trials.run import check_set

    shape = outline_of(model)
    base = shape.defaults
    if params is not None:
        own = load_parameters(params)
        check_set(own, shape)
        base = own.over(base)
    return base.set("--set", **dict(sets))


def _draws(
    uncertainty: str | None, params: str | None, model: str, changed: list[str], parameters: Parameters
) -> Draws | None:
    """The draws to use, less what was set for this call; a note where there are none."""
    from ..inference.uncertainty.bands import without

    found = draws_for(uncertainty, params, model)
    if found is not None:
        tell(cautions(found, parameters))
    left = without(found, changed) if found is not None else None
    if left is None:
        tell(["the intervals hold only the assumed spread between studies, not that of the parameters"])
    elif found is not None and (fixed := [name for name in found.names if name in changed]):
        tell([f"the draws do not vary {', '.join(fixed)}, set for this call"])
    return left


def _record(
    model: str,
    parameters: Parameters,
    draws: Draws | None,
    noise: Noise,
    files: tuple[str, ...],
    tables: dict[str, bytes],
) -> dict[str, Any]:
    """What the table rests on: the parameters as they are, the digests of everything that was read."""
    from ..data import built_in
    from ..engine.code.library import outline_of
    from ..inference.uncertainty.draws import write_draws
    from ..output.provenance import digest
    from .run import command_line

    studies = built_in("study")
    paths = {name: studies.get(name, Path(name)) for name in files}
    read = {
        path.name if name in studies else str(path): digest(path.read_bytes())
        for name, first in paths.items()
        for path in dict.fromkeys((first, first.with_suffix(".toml"), first.with_suffix(".csv")))
        if path.is_file()
    }
    shown = draws and {"origin": draws.origin, "count": len(draws.values), "digest": digest(write_draws(draws))}
    return {
        "kind": "prediction",
        "name": "predict",
        "command": command_line(),
        "model": {"name": model, "fingerprint": outline_of(model).fingerprint},
        "seed": None,
        "noise": asdict(noise),
        "parameters": {"origin": parameters.origin, "tables": parameters.to_tables()},
        "draws": shown,
        "observations": read,
        "tables": {name: digest(data) for name, data in tables.items()},
    }
