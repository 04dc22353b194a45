"""`pkpd population STUDY`: virtual patients on every arm."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import (
    bsa_option,
    days_option,
    folder_name,
    model_option,
    no_figures_option,
    params_option,
    read_options,
    refuse_empty,
    rtol_option,
    threads_option,
    weight_option,
)

if TYPE_CHECKING:
    from ..trials.population.result import Population
    from ..trials.population.ruled import Ruled
    from ..trials.population.subject import Subject
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
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="TEXT",
    help='Doses by biomarker, e.g. "if eosinophils_fold > 3 at visit: hold until < 1.5"; repeatable.',
)
@click.option("--no-rules", is_flag=True, help="Leave out the rules of the study's own arms.")
@click.option("--visits", metavar="DAYS", help="When rules decide.  [default: the study's visits; weekly]")
@click.option("--events", metavar="FILE", help="An events.csv whose doses are given again, instead of rules.")
@model_option
@params_option
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change one typical value; repeatable.")
@days_option
@click.option("--side", default="pre", metavar="pre|post", help="A sample at a dose: before or after.  [default: pre]")
@weight_option
@bsa_option
@rtol_option
@threads_option
@click.option("--output", metavar="FOLDER", help="Where to write.  [default: results/NAME-population]")
@no_figures_option
def population(
    study: str,
    uncertainty: str | None,
    no_uncertainty: bool,
    threads: int | None,
    output: str | None,
    no_figures: bool,
    **options: Any,
) -> None:
    """Simulate virtual patients on every arm of STUDY: a study, or a schedule (name or text) in the model's own
    population. Writes bands, endpoints of every patient, figures and run.json.

    Bands and percentiles are over patients; each has its own interval over draws of the typical values. A patient's
    numbers depend on seed and number alone. Rules decide on doses at visits; what they decided is in events.csv, from
    which --events gives the same doses again.

    \b
    Examples:
      pkpd population he2020 --patients 20 --draws 2 --days 28 --no-figures
      pkpd population "1 MIU daily x5" --patients 20 --no-uncertainty --quantity treg_fold@7 --no-figures
      pkpd population he2020 --patients 20 --days 42 --rule "if treg_fold > 2 at visit: stop" --no-figures
    """
    refuse_empty({"--output": output, "--uncertainty": uncertainty, "--events": options["events"]})
    draws = options.pop("draws")
    if no_uncertainty and (draws is not None or uncertainty is not None):
        raise click.UsageError("--no-uncertainty goes with neither --draws nor --uncertainty")
    if draws is not None and draws < 1:
        raise click.UsageError(f"--draws is 1 or more, not {draws}; --no-uncertainty leaves them out")
    if options["side"] == "both":
        raise click.UsageError("--side is pre or post here: a population is sampled on one side of each dose")
    settings = (options.pop("patients"), options.pop("seed"), options.pop("quantities"), draws)
    doses = _doses(*(options.pop(name) for name in ("rules", "no_rules", "visits", "events")))
    asked = read_options(times=None, step=None, engine="compiled", **options)
    own = None if no_uncertainty else (uncertainty or "")
    _population(study, asked, settings, doses, own, threads, output, not no_figures)


@dataclass(frozen=True, slots=True)
class _Doses:
    """What decides on doses, as asked for: the texts of `rules` at `visits` (days), `own` for those of the arms too, or
    a log of `events`.
    """

    rules: tuple[str, ...]
    own: bool
    visits: tuple[float, ...]
    events: str | None


def _doses(rules: tuple[str, ...], no_rules: bool, visits: str | None, events: str | None) -> _Doses:
    from ..errors import PkpdError
    from ..units import duration

    if events is not None and (rules or no_rules):
        raise click.UsageError("--events goes with neither --rule nor --no-rules: the log says what is given")
    try:
        days = tuple(float(duration(part)) for part in visits.split(",")) if visits is not None else ()
    except PkpdError as error:
        raise click.UsageError(f"--visits: {error}") from None
    return _Doses(rules, not no_rules, days, events)


def _population(
    study: str,
    asked: Asked,
    settings: tuple[int, int, tuple[str, ...], int | None],
    doses: _Doses,
    uncertainty: str | None,
    threads: int | None,
    output: str | None,
    figures: bool,
) -> None:
    """Simulate and write; `uncertainty` is None for none, empty for the draws of the set."""
    from ..output.provenance import check_place
    from ..shards.progress import telling_late
    from ..trials.population.population import DRAWS, Settings, simulate_population
    from ..trials.population.record import RULED, TABLES
    from ..trials.population.subject import subject
    from .write import notes

    count, seed, quantities, draws = settings
    chosen = asked.resolve()
    found = subject(study, chosen)
    ruled = _ruled(found, doses, count, seed)
    own = Settings(count, seed, quantities, draws or DRAWS, ruled)
    folder = Path(output) if output else Path("results") / f"{folder_name(found.run.name)}-population"
    check_place(folder, (*TABLES, "spread.csv", "report.txt", *(RULED if ruled else ())))
    notes(found.run)
    drawn = _uncertainty(found.run, chosen, asked.params, uncertainty)
    if draws is not None and drawn is not None and draws > (there := len(drawn.draws.values)):
        click.echo(f"note: {drawn.draws.origin} has {there} draws, so those are taken instead of {draws}", err=True)
    whole = simulate_population(found.run, found.covariates, own, drawn, None, threads, telling_late("patients"))
    _write(whole, folder, figures)


def _ruled(found: Subject, doses: _Doses, patients: int, seed: int) -> dict[str, Ruled]:
    from ..trials.population.logged import logged_arms
    from ..trials.population.ruled import ruled_arms

    if doses.events is None:
        return ruled_arms(found, doses.rules, doses.visits, own=doses.own)
    return logged_arms(doses.events, found, patients, seed, doses.visits)


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
    from ..output.plots.adaptive import ruling_figures
    from ..output.plots.population import population_figures
    from ..output.plots.style import images

    return images(population_figures(found) | ruling_figures(found.rulings))
