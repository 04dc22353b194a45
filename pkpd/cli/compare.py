"""`pkpd compare REGIMEN REGIMEN...`: regimens side by side in one patient."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import (
    bsa_option,
    model_option,
    no_figures_option,
    params_option,
    read_options,
    refuse_both,
    refuse_empty,
    rtol_option,
    set_option,
    weight_option,
)

if TYPE_CHECKING:
    from ..quantities import Measured
    from ..studies.study import Study
    from ..trials.comparison.compare import Comparison
    from ..trials.run import Options, Run
    from ..trials.uncertainty import Uncertainty

PATIENT = ("bsa", "weight", "treg_baseline", "nk_baseline")
INDEX = "he2020"
FILES = ("comparison.csv", "differences.csv", "trajectories.csv")


@dataclass(frozen=True, slots=True)
class _Told:
    """Who is simulated, and what must be said of the numbers."""

    patient: str
    cautions: tuple[str, ...]


@click.command()
@click.argument("regimens", nargs=-1, metavar="REGIMEN...")
@click.option("--study", metavar="NAME", help="Patients of a study (its first arm with doses) instead of the model's.")
@click.option("--target", default="2", metavar="FOLD", help="Treg fold above which days are counted.  [default: 2]")
@click.option("--quantity", "more", multiple=True, metavar="NAME", help="One more number, e.g. il2_peak; repeatable.")
@click.option("--days", metavar="DAYS", help="Days compared.  [default: the longest, to whole weeks, and 4 weeks]")
@model_option
@params_option
@set_option
@weight_option
@bsa_option
@rtol_option
@click.option("--uncertainty", metavar="FILE", help="Draws of parameters, or default.  [default: those of the set]")
@click.option("--no-uncertainty", is_flag=True, help="Give no intervals.")
@click.option("--assume-link", default="", metavar="NAME", help="Link that an outcome such as sri4_week12 is taken by.")
@click.option("--output", metavar="FOLDER", help="Where to write.  [default: results/FIRST-compare]")
@no_figures_option
def compare(
    regimens: tuple[str, ...],
    study: str | None,
    target: str,
    more: tuple[str, ...],
    uncertainty: str | None,
    no_uncertainty: bool,
    assume_link: str,
    output: str | None,
    no_figures: bool,
    **options: Any,
) -> None:
    """Compare two or more REGIMENs, each a name (see `pkpd schedules`) or a text, in one typical patient.

    Each number has a 90 % interval from draws of the parameters. Every regimen gets the same draws, so differences
    against the first REGIMEN are paired. Writes comparison.csv, differences.csv, trajectories.csv, run.json, figures.

    \b
    Examples:
      pkpd compare he2020 "1.5 MIU daily x5, then 1.5 MIU every 7d x11"
      pkpd compare hao2020 seelig2018 "1 MIU every 2d x7" --study he2020 --target 1.5 --no-figures
      pkpd compare he2020 "0.5 MIU daily x84" --quantity il2_peak --quantity "treg_mean_fold[0..84]" --no-figures
    """
    refuse_empty({"--output": output, "--uncertainty": uncertainty, "--study": study})
    refuse_both(uncertainty, no_uncertainty)
    level = _target(target)
    chosen = read_options(**options, times=None, step=None, side="pre", engine="compiled").resolve()
    from ..studies.study import load_study
    from ..trials.comparison.regimens import comparison_run
    from .uncertain import uncertainty_for

    found = None if study is None else load_study(study)
    run = comparison_run(regimens, chosen, found)
    quantities, cautions = _quantities(run, level, more, assume_link, found, chosen)
    draws = None if no_uncertainty else uncertainty_for(run, chosen, options["params"], uncertainty)
    folder = Path(output) if output else Path("results") / f"{_short(run.arms[0].name)}-compare"
    told = _Told(_patient(run, found, chosen), cautions)
    _tell(run, quantities, draws, told, folder, not no_figures)


def _tell(
    run: Run,
    quantities: Sequence[Measured],
    draws: Uncertainty | None,
    told: _Told,
    folder: Path,
    figures: bool,
) -> None:
    """Evaluate, print and write."""
    from ..output.provenance import check_place, write_results
    from ..output.report.comparison import comparison_text
    from ..shards.progress import counting
    from ..trials.comparison.compare import compare as compared
    from ..trials.comparison.courses import courses_csv, courses_of
    from .write import notes

    check_place(folder, FILES)
    notes(run)
    found = compared(run, quantities, draws, counting("regimens"))
    trajectories, bands = courses_of(run, draws)
    text = comparison_text(found, told.patient, told.cautions)
    tables = {
        "comparison.csv": found.table().to_csv().encode(),
        "differences.csv": found.differences().to_csv().encode(),
        "trajectories.csv": courses_csv(trajectories, bands),
    }
    click.echo(text)
    record = _record(found, draws, told, tables)
    drawn = _figures(found, trajectories, bands) if figures else {}
    written = write_results(folder, tables | drawn, record)
    click.echo(f"\nWritten to {folder}: {', '.join(path.name for path in written)}")


def _record(found: Comparison, draws: Uncertainty | None, told: _Told, tables: dict[str, bytes]) -> dict[str, Any]:
    """What the tables rest on: every arm as in the record of a run, the quantities, and every bit of the draws."""
    from ..trials.record import to_record
    from ..trials.uncertainty import to_tables
    from .run import command_line

    run = found.run
    said = {
        "kind": "comparison",
        "patient": told.patient,
        "cautions": list(told.cautions),
        "horizon": found.horizon,
        "quantities": {q.name: q.label for q in found.quantities},
        "without_data": dict(found.unsupported),
    }
    return to_record(run, command_line(), tables) | said | to_tables(run, draws, None)


def _figures(found: Comparison, trajectories: Sequence[Any], bands: Sequence[Any]) -> dict[str, bytes]:
    from ..output.plots.comparison import courses_figure, quantities_figure
    from ..output.plots.style import images
    from ..trials.comparison.courses import lettered, shown_outputs
    from ..trials.evidence import data_behind

    run = found.run
    own = run.arms[0].parameters
    without = [name for name in shown_outputs(trajectories[0].outputs) if not data_behind(name, own, run.model)]
    named = lettered(trajectories)
    title = f"Regimens compared, model {run.model}"
    drawn = {
        "courses": courses_figure(named, title, bands, without),
        "quantities": quantities_figure(found, named, title),
    }
    return images(drawn)


def _target(text: str) -> float:
    """The fold; a usage error for what is no number above 0."""
    try:
        level = float(text)
    except ValueError:
        level = math.nan
    if not (math.isfinite(level) and 0 < level < 1e6):
        raise click.UsageError(f"--target is a Treg fold above 0, such as 2, not '{text[:40]}'")
    return level


def _quantities(
    run: Run, target: float, more: Sequence[str], link: str, study: Study | None, options: Options
) -> tuple[tuple[Measured, ...], tuple[str, ...]]:
    """The quantities, with outcomes by the assumed link among them, and what must be said of those."""
    from ..engine.code.library import outline_of
    from ..studies.study import load_study
    from ..trials.clinical.caution import BEYOND, CAUTION, check_assumed
    from ..trials.clinical.quantity import linked_quantity, typical_exposure
    from ..trials.regimen.wanted import wanted

    # outcomes are those of the study named, or else of the one trial that has any
    index = study if study is not None and study.outcomes else load_study(INDEX)
    outcomes = [name for name in more if name.strip() in {o.name for o in index.outcomes}]
    check_assumed(outcomes, link, index.outcomes)
    if link and not outcomes:
        raise click.UsageError("--assume-link goes with an outcome, such as --quantity sri4_week12")
    plain = [name for name in more if name not in outcomes]
    found = wanted([o.name for o in outline_of(run.model).outputs], target, plain)
    own = [linked_quantity(name, link, index, typical_exposure(name, link, index, options)) for name in outcomes]
    said = (
        f"{', '.join(outcomes)}: {CAUTION}; {BEYOND}. Every draw keeps the curve of the parameters as they are, and "
        "the interval leaves out how uncertain the trial's own rates are."
    )
    return (*found, *own), (said,) if outcomes else ()


def _patient(run: Run, study: Study | None, options: Options) -> str:
    """Who is simulated, with body size and baselines."""
    own = run.arms[0].parameters
    who = f"as {own.origin}" if study else f"typical of model {run.model}"
    sizes = [f"{name} {own[name].text}" for name in PATIENT if name in own]
    changed = [f"{name} = {own[name].text}" for name, _ in options.changes if name in own and name not in PATIENT]
    return "; ".join(part for part in (who, ", ".join(sizes), f"set: {', '.join(changed)}" * bool(changed)) if part)


def _short(name: str) -> str:
    """A regimen as part of the name of a folder."""
    return name if re.fullmatch(r"[a-z0-9_]+", name) else "regimens"
