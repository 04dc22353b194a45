"""`pkpd vpc FILE`: a user's individual rows beside those of simulated patients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .observed import EVENT_NAMES, draws_left, event_options, read_digests, rows_of, whole_set
from .options import model_option, no_figures_option, params_option, read_changes, refuse_empty, set_option
from .uncertain import tell

if TYPE_CHECKING:
    from ..inference.uncertainty.draws import Draws
    from ..parameters import Parameters
    from ..trials.predictive.settings import Settings
    from ..trials.predictive.vpc import Vpc

FILES = ("vpc.csv", "points.csv", "check.csv", "limits.csv", "report.txt")


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@model_option
@params_option
@set_option
@event_options
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
@no_figures_option
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
    """Simulate the patients of FILE (CSV with an id in each row, event table, study file) and compare percentiles.

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
    tables = {name: chosen.pop(name) for name in EVENT_NAMES}
    sets, settings = read_changes(model, changes), _settings(**chosen)
    from ..output.provenance import check_place
    from ..shards.progress import telling_late
    from ..trials.predictive.vpc import visual_check

    check_place(folder, FILES)
    observations, parameters = rows_of(files, model, **tables), whole_set(model, params, sets)
    draws = None
    if uncertainty is not None:
        draws = draws_left(uncertainty, params, model, [name for name, _ in sets], parameters)
        if draws is None:
            tell(["nothing that the draws vary is left, so all replicates have the same typical values"])
    late = telling_late("simulated patients")
    found = visual_check(observations, model, parameters, settings, draws, progress=late)
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
    refuse_empty({"--output": output, "--uncertainty": uncertainty})
    return Path(output) if output is not None else Path("results") / f"{Path(files[0]).stem}-vpc"


def figure_files(found: Vpc) -> dict[str, bytes]:
    """Every figure of a check, as PNG and SVG."""
    from ..output.plots.style import images
    from ..output.plots.vpc import vpc_figures

    return images(vpc_figures(found))


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

    from ..trials.record import digests, draws_table, head, set_table
    from .run import command_line

    return {
        **head("vpc", "vpc", command_line(), model, found.settings.seed),
        "settings": asdict(found.settings) | {"outputs": list(found.settings.outputs)},
        "parameters": set_table(parameters),
        "draws": draws_table(draws),
        "observations": read_digests(files),
        "tables": digests(tables),
        "simulated_patients": found.simulated,
        "failures": [list(map(str, one)) for one in found.failed],
    }
