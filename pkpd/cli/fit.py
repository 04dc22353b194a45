"""`pkpd fit STUDY...`: parameters from the observations of studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from ..errors import PkpdError, nearest
from .fit_options import Asked, fitted_of, noticing, read_search, search_options, step_teller

if TYPE_CHECKING:
    from ..inference.fitted import Fitted
    from ..inference.uncertainty.draws import Draws
    from ..inference.uncertainty.left_out import LeftOut
    from ..output.report.sections import Other

DRAWS = ("covariance", "bootstrap", "posterior")
# The other log SDs between studies that a fit is repeated under.
OTHERS = (0.2, 0.5)
STARTS = 8


@dataclass(frozen=True, slots=True, eq=False)
class _More:
    """What a fit is followed by; each is empty where it was not asked for, or not finished."""

    others: Mapping[float, Other]
    left: Sequence[LeftOut]
    draws: Draws | None


@click.command()
@search_options
@click.option(
    "--draws", default="covariance", metavar="KIND", help="covariance, bootstrap or posterior.  [default: covariance]"
)
@click.option(
    "--draw-count", type=click.IntRange(1, 1_000_000), default=500, metavar="N", help="How many.  [default: 500]"
)
@click.option(
    "--sensitivity/--no-sensitivity",
    default=True,
    help="Fit again with log SDs of 0.2 and 0.5 between studies.  [default: do]",
)
@click.option(
    "--left-out/--no-left-out", default=True, help="Predict each study from a fit to the others.  [default: do]"
)
def fit(draws: str, draw_count: int, sensitivity: bool, left_out: bool, **options: Any) -> None:
    """Fit parameters to the observations of every STUDY (name, study file or CSV file) at once, and print a report.

    With --output, write fitted.toml (a parameter file), the report, draws, predictions, figures and a record. Ctrl-C
    ends the search and keeps the best values so far.

    \b
    Examples:
      pkpd fit dilt1d hao2020 --vary treg_ec50,treg_activation --starts 2 --output results/fit
      pkpd fit dilt1d hao2020 --vary treg_activation --set treg_ec50=8pM --no-priors --starts 1 --no-sensitivity
    """
    if draws not in DRAWS:
        hint = nearest(draws, DRAWS) or f"; there are {', '.join(DRAWS)}"
        raise click.UsageError(f"--draws: there are no draws '{draws}'{hint}")
    asked = read_search(**options)
    from .fit_files import FIT_FILES, check_folder

    if asked.output:
        check_folder(asked.output, FIT_FILES)
    with noticing() as interrupts:
        found = fitted_of(asked, STARTS)
        kind = draws if asked.output else ""
        more = _more(found, asked, interrupts, kind, draw_count, sensitivity, left_out)
    _tell(found, more, asked, {"draws": draws, "draw_count": draw_count})
    if interrupts:
        click.echo("pkpd: interrupted; the best so far is kept", err=True)
        click.get_current_context().exit(130)


def _more(
    found: Fitted, asked: Asked, interrupts: Sequence[int], draws: str, count: int, sensitivity: bool, left: bool
) -> _More:
    """Other fits and draws, as far as nobody interrupts."""
    from ..inference.fitting import refit
    from ..inference.uncertainty.left_out import left_out

    others: dict[float, Other] = {}
    for sd in OTHERS if sensitivity else ():
        if not interrupts and sd != found.noise.between_studies:
            again = refit(found, found.objective.observations, replace(found.noise, between_studies=sd))
            others |= {sd: again} if not interrupts else {}
    without = left_out(found, asked.threads) if left and not interrupts else ()
    sampled = None
    if draws == "covariance" or (draws and not interrupts):
        try:
            sampled = draws_of(found, draws, count, asked)
        except PkpdError as error:
            click.echo(f"note: no draws are written: {error}", err=True)
    return _More(others, without, sampled)


def draws_of(found: Fitted, kind: str, count: int, asked: Asked) -> Draws:
    """Parameter vectors that the fit leaves plausible; a note says where they are not to be trusted."""
    if kind == "posterior":
        from ..inference.uncertainty.ensemble import posterior

        chains = posterior(found, seed=asked.seed, progress=step_teller(asked.progress, "posterior"))
        if not chains.converged:
            click.echo(f"note: {chains.sentence}", err=True)
        return chains.draws(count)
    if kind == "bootstrap":
        from ..inference.uncertainty.bootstrap import bootstrap_draws

        return bootstrap_draws(found, count, asked.seed, asked.threads, step_teller(asked.progress, "bootstrap"))
    from ..inference.uncertainty.draws import covariance_draws

    return covariance_draws(found, count, asked.seed, threads=asked.threads)


def _tell(found: Fitted, more: _More, asked: Asked, settings: Mapping[str, Any]) -> None:
    """Print the report; write everything where a folder was named."""
    from ..output.report.fit_text import report

    text = report(found, more.left, (), more.others, more.draws)
    click.echo(text, nl=False)
    if not asked.output:
        return
    from ..inference.uncertainty.draws import write_draws
    from ..output.provenance import write_results
    from ..output.report.fit_page import page
    from .fit_files import drawn_record, figure_files, fit_record, fitted_file, predictions_file

    figures = figure_files(found)
    drawn = {name.removesuffix(".svg"): data for name, data in figures.items() if name.endswith(".svg")}
    files = {
        "fitted.toml": fitted_file(found),
        "report.txt": text.encode(),
        "report.html": page(found, more.left, (), more.others, drawn, more.draws).encode(),
        "predictions.csv": predictions_file(found),
        **({"draws.csv": write_draws(more.draws)} if more.draws else {}),
        **figures,
    }
    record = fit_record("fit", found, asked, settings, files) | {"draws": drawn_record(more.draws)}
    written = write_results(asked.output, files, record)
    click.echo(f"\nWritten to {asked.output}: {', '.join(path.name for path in written)}")
