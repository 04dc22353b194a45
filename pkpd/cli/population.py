"""`pkpd population STUDY`: virtual patients on every arm."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import bsa_option, model_option, read_options, weight_option

if TYPE_CHECKING:
    from ..trials.population.result import Population
    from ..trials.run import Options, Run
    from ..trials.uncertainty import Uncertainty
    from .options import Asked


@click.command()
@click.argument("study")
@click.option("--patients", type=int, default=1000, metavar="N", help="Virtual patients an arm.  [default: 1000]")
@click.option("--seed", type=int, default=1, metavar="N", help="Whole number from 0.  [default: 1]")
@click.option("--draws", type=int, metavar="N", help="Draws of the typical values to repeat it with.  [default: 40]")
@click.option("--uncertainty", metavar="FILE", help="A file of such draws, or default.  [default: those of the set]")
@click.option("--no-uncertainty", is_flag=True, help="Only the typical values as they are.")
@click.option(
    "--quantity", "quantities", multiple=True, metavar="NAME", help="One endpoint more, e.g. treg_fold@84; repeatable."
)
@model_option
@click.option("--params", metavar="FILE", help="Parameter file (or name) laid over the model's own.")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change one typical value; repeatable.")
@click.option("--days", metavar="DAYS", help="How long to simulate, e.g. 84 or 12wk.")
@click.option("--side", default="pre", metavar="pre|post", help="A sample at a dose: before or after.  [default: pre]")
@weight_option
@bsa_option
@click.option("--rtol", type=float, default=1e-6, metavar="NUMBER", help="Relative tolerance.  [default: 1e-06]")
@click.option("--threads", type=int, metavar="N", help="Threads to share the work.  [default: one a core]")
@click.option("--output", metavar="FOLDER", help="Where to write.  [default: results/NAME-population]")
@click.option("--no-figures", is_flag=True, help="Write the tables only.")
def population(
    study: str,
    patients: int,
    seed: int,
    draws: int | None,
    uncertainty: str | None,
    no_uncertainty: bool,
    quantities: tuple[str, ...],
    threads: int | None,
    output: str | None,
    no_figures: bool,
    **options: Any,
) -> None:
    """Simulate virtual patients on every arm of STUDY: a study, or a schedule (name or text) in the model's own
    population. Writes bands, endpoints of every patient, figures and run.json.

    Bands and percentiles are over patients; each has its own interval over draws of the typical values. A patient's
    numbers depend on seed and number alone.

    \b
    Examples:
      pkpd population he2020 --patients 20 --draws 2 --days 28 --no-figures
      pkpd population "1 MIU daily x5" --patients 20 --no-uncertainty --quantity treg_fold@7 --no-figures
    """
    for option, value in (("--output", output), ("--uncertainty", uncertainty)):
        if value == "":
            raise click.UsageError(f"{option} takes a name, not an empty text")
    if no_uncertainty and (draws is not None or uncertainty is not None):
        raise click.UsageError("--no-uncertainty goes with neither --draws nor --uncertainty")
    if draws is not None and draws < 1:
        raise click.UsageError(f"--draws is 1 or more, not {draws}; --no-uncertainty leaves them out")
    if options["side"] == "both":
        raise click.UsageError("--side is pre or post here: a population is sampled on one side of each dose")
    asked = read_options(times=None, step=None, engine="compiled", **options)
    own = None if no_uncertainty else (uncertainty or "")
    _population(study, asked, (patients, seed, quantities, draws), own, threads, output, not no_figures)


def _population(
    study: str,
    asked: Asked,
    settings: tuple[int, int, tuple[str, ...], int | None],
    uncertainty: str | None,
    threads: int | None,
    output: str | None,
    figures: bool,
) -> None:
    """Simulate and write; `uncertainty` is None for none, empty for the draws of the set."""
    from ..output.provenance import check_place
    from ..shards.progress import telling
    from ..trials.population.population import DRAWS, Settings, run_of, simulate_population
    from ..trials.population.record import TABLES
    from .write import notes

    count, seed, quantities, draws = settings
    chosen = asked.resolve()
    run, covariates = run_of(study, chosen)
    own = Settings(count, seed, quantities, draws or DRAWS)
    folder = Path(output) if output else Path("results") / f"{_folder(run.name)}-population"
    check_place(folder, (*TABLES, "spread.csv", "report.txt"))
    notes(run)
    drawn = _uncertainty(run, chosen, asked.params, uncertainty)
    found = simulate_population(run, covariates, own, drawn, None, threads, telling("patients"))
    _write(found, folder, figures)


def _uncertainty(run: Run, chosen: Options, params: str | None, uncertainty: str | None) -> Uncertainty | None:
    from .uncertain import uncertainty_for

    return None if uncertainty is None else uncertainty_for(run, chosen, params, uncertainty or None)


def _write(found: Population, folder: Path, figures: bool) -> None:
    """Print the report, write everything."""
    from ..output.provenance import write_results
    from ..output.report.population import population_text
    from ..trials.population.record import csv_files, population_record
    from .run import command_line

    text = population_text(found, _unbacked(found))
    click.echo(text)
    tables = csv_files(found)
    files = {**tables, "report.txt": f"{text}\n".encode(), **(figure_files(found) if figures else {})}
    written = write_results(folder, files, population_record(found, command_line(), tables))
    click.echo(f"\nWritten to {folder}: {', '.join(path.name for path in written)}")


def _unbacked(found: Population) -> dict[str, str]:
    """What to know of endpoints that no data stand behind; a user's own model is theirs to judge."""
    from ..model.registry import MODELS
    from ..trials.evidence import without_data

    if found.run.model not in MODELS:
        return {}
    said = dict[str, str]()
    for arm in found.arms:
        said |= without_data(arm.quantities, arm.arm.parameters, found.run.model)
    return said


def figure_files(found: Population) -> dict[str, bytes]:
    """Every figure, as PNG and SVG."""
    from ..output.plots.population import population_figures
    from ..output.plots.style import image

    drawn = population_figures(found)
    return {f"{name}.{kind}": image(figure, kind) for name, figure in drawn.items() for kind in ("png", "svg")}


def _folder(name: str) -> str:
    """A name of a folder; a schedule's text becomes words with hyphens."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.")[:60] or "schedule"
