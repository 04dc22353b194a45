"""`pkpd vpc FILE`: a user's individual rows beside those of simulated patients."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import model_option, read_changes
from .uncertain import cautions, draws_for, tell

if TYPE_CHECKING:
    from ..inference.uncertainty.draws import Draws
    from ..parameters import Parameters
    from ..shards.progress import Progress
    from ..trials.predictive.settings import Settings
    from ..trials.predictive.vpc import Vpc

FILES = ("vpc.csv", "points.csv", "check.csv", "limits.csv", "report.txt")
QUIET = 2.0  # seconds without a word


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
@click.option("--replicates", type=int, default=500, metavar="N", help="Simulated copies of the data.  [default: 500]")
@click.option("--seed", type=int, default=1, metavar="N", help="Of all random numbers.  [default: 1]")
@click.option(
    "--prediction-corrected",
    is_flag=True,
    help="Take out what the model predicts of regimen, size and baseline, so that all share one panel.",
)
@click.option(
    "--bins", type=int, metavar="N", help="Quantile bins of the days.  [default: by visit where they coincide]"
)
@click.option("--by-visit", is_flag=True, help="One bin for each day of the data.")
@click.option(
    "--stratify",
    default="",
    metavar="arm|regimen|none",
    help="What has panels of its own.  [default: arm; none with --prediction-corrected]",
)
@click.option("--output-name", multiple=True, metavar="NAME", help="Check only this output, e.g. treg; repeatable.")
@click.option(
    "--population-baselines",
    is_flag=True,
    help="Draw every baseline from the population, and check the rows before any dose too.",
)
@click.option(
    "--uncertainty",
    metavar="FILE",
    help="Draws of typical values, one set a replicate, or default (the model's).  [default: none]",
)
@click.option("--output", metavar="FOLDER", help="Where to write.  [default: results/NAME-vpc]")
@click.option("--no-figures", is_flag=True, help="Write the tables only.")
def vpc(
    files: tuple[str, ...],
    model: str,
    params: str | None,
    changes: tuple[str, ...],
    uncertainty: str | None,
    output: str | None,
    no_figures: bool,
    **chosen: Any,
) -> None:
    """Simulate the patients of FILE (CSV files with an id in each row, or study files) and compare percentiles.

    Every replicate simulates every patient of the data: the same doses and times, another patient of the population
    with the same baseline, where rows before the first dose tell it. Observed percentiles then stand beside the 95 %
    intervals of simulated ones. Means without an id go to `pkpd predict`.

    \b
    Examples:
      pkpd vpc patients.csv --replicates 100
      pkpd vpc patients.csv --prediction-corrected --replicates 100 --output results/corrected
      pkpd vpc patients.csv --output-name treg --set treg_activation=0.1 --replicates 50 --output results/weaker
    """
    folder = _folder(files, output, uncertainty)
    sets, settings = read_changes(model, changes), _settings(**chosen)
    from ..output.provenance import check_place
    from ..studies.library import load_observations
    from ..trials.predictive.vpc import visual_check
    from .predict import _parameters

    check_place(folder, FILES)
    observations, parameters = load_observations(*files), _parameters(model, params, sets)
    draws = None if uncertainty is None else _draws(uncertainty, params, model, [name for name, _ in sets], parameters)
    found = visual_check(observations, model, parameters, settings, draws, progress=_late())
    _write(found, folder, lambda tables: _record(found, model, parameters, draws, files, tables), not no_figures)


def _write(found: Vpc, folder: Path, recorded: Callable[[dict[str, bytes]], dict[str, Any]], figures: bool) -> None:
    """Print the report, and write it with tables, figures and record."""
    from ..output.provenance import write_results
    from ..output.report.vpc import vpc_tables, vpc_text

    tables = vpc_tables(found)
    record = recorded(tables)
    text = vpc_text(found, record["model"]["name"], record["parameters"]["origin"])
    click.echo(text)
    drawn = figure_files(found) if figures else {}
    written = write_results(folder, {**tables, "report.txt": f"{text}\n".encode(), **drawn}, record)
    click.echo(f"\nWritten to {folder}: {', '.join(path.name for path in written)}")


def _folder(files: tuple[str, ...], output: str | None, uncertainty: str | None) -> Path:
    """Where to write; a usage error for arguments that make no sense."""
    if not files or "" in files:
        raise click.UsageError("name a file of individual rows, for example patients.csv")
    for option, text in (("--output", output), ("--uncertainty", uncertainty)):
        if text == "":
            raise click.UsageError(f"{option} takes a name, not an empty text")
    return Path(output) if output is not None else Path("results") / f"{Path(files[0]).stem}-vpc"


def figure_files(found: Vpc) -> dict[str, bytes]:
    """Every figure of a check, as PNG and SVG."""
    from ..output.plots.style import image
    from ..output.plots.vpc import vpc_figures

    drawn = vpc_figures(found)
    return {f"{name}.{kind}": image(figure, kind) for name, figure in drawn.items() for kind in ("png", "svg")}


def _settings(
    *,
    replicates: int,
    seed: int,
    prediction_corrected: bool,
    bins: int | None,
    by_visit: bool,
    stratify: str,
    output_name: tuple[str, ...],
    population_baselines: bool,
) -> Settings:
    from ..trials.predictive.settings import Settings

    if bins is not None and bins < 1:
        raise click.UsageError(f"--bins is a number of bins, 1 or more, not {bins}")
    own = not population_baselines
    return Settings(replicates, seed, prediction_corrected, bins or 0, by_visit, stratify, output_name, own)


def _draws(
    uncertainty: str, params: str | None, model: str, changed: Sequence[str], parameters: Parameters
) -> Draws | None:
    """The draws asked for, less what was set for this call."""
    from ..inference.uncertainty.bands import without

    found = draws_for(uncertainty, params, model)
    if found is None:
        return None
    tell(cautions(found, parameters))
    left = without(found, changed)
    if left is None:
        tell(["nothing that the draws vary is left, so all replicates have the same typical values"])
    return left


def _late() -> Progress:
    """Progress, once the work has taken a while."""
    from ..shards.progress import telling

    begin, say = time.monotonic(), telling("simulated patients")

    def tell_late(done: int, total: int, seconds: float) -> None:
        if time.monotonic() - begin > QUIET:
            say(done, total, seconds)

    return tell_late


def _record(
    found: Vpc,
    model: str,
    parameters: Parameters,
    draws: Draws | None,
    files: tuple[str, ...],
    tables: dict[str, bytes],
) -> dict[str, Any]:
    """What the check rests on: settings, parameters as they are, digests of everything that was read."""
    from dataclasses import asdict

    from ..data import built_in
    from ..engine.code.library import outline_of
    from ..inference.uncertainty.draws import write_draws
    from ..output.provenance import digest
    from .run import command_line

    studies = built_in("study")
    paths = [studies.get(name, Path(name)) for name in files]
    read = {
        str(path.name): digest(path.read_bytes())
        for first in paths
        for path in dict.fromkeys((first, first.with_suffix(".toml"), first.with_suffix(".csv")))
        if path.is_file()
    }
    shown = draws and {"origin": draws.origin, "count": len(draws.values), "digest": digest(write_draws(draws))}
    return {
        "kind": "vpc",
        "name": "vpc",
        "command": command_line(),
        "model": {"name": model, "fingerprint": outline_of(model).fingerprint},
        "seed": found.settings.seed,
        "settings": asdict(found.settings) | {"outputs": list(found.settings.outputs)},
        "parameters": {"origin": parameters.origin, "tables": parameters.to_tables()},
        "draws": shown,
        "observations": read,
        "tables": {name: digest(data) for name, data in tables.items()},
        "simulated_patients": found.simulated,
        "failures": [list(map(str, one)) for one in found.failed],
    }
