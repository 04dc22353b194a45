"""`pkpd trial STUDY`: a study repeated as a virtual trial, with the clinical endpoint as an illustration."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import PkpdError
from .options import (
    declared,
    model_option,
    no_figures_option,
    params_option,
    read_options,
    refuse_both,
    refuse_empty,
    rtol_option,
    set_option,
    threads_option,
)
from .trial_files import NAMES, Wanted

if TYPE_CHECKING:
    from ..inference.uncertainty.draws import Draws
    from ..trials.adaptive.rules import Rule
    from ..trials.clinical.replicated import Illustration
    from ..trials.conduct.result import VirtualTrial
    from ..trials.run import Options

_OPTIONS = (
    click.option("--replicates", type=int, default=1000, metavar="N", help="How many trials.  [default: 1000]"),
    click.option("--seed", type=int, default=1, metavar="N", help="Of all random numbers.  [default: 1]"),
    click.option("--patients", type=int, metavar="N", help="Patients in each arm.  [default: as the study says]"),
    model_option,
    params_option,
    set_option,
    click.option(
        "--conduct",
        "terms",
        multiple=True,
        metavar="NAME=VALUE",
        help="How the trial goes, e.g. dropout=0.1; names as in conduct.toml, which the report lists; repeatable.",
    ),
    click.option(
        "--rule",
        "rules",
        multiple=True,
        metavar="TEXT",
        help='Doses by biomarker, e.g. "if eosinophils_fold > 3 at visit: hold until < 1.5"; repeatable.',
    ),
    click.option("--no-rules", is_flag=True, help="Leave out the rules that arms of the study have themselves."),
    click.option("--side", default="pre", metavar="pre|post", help="Samples before or after a dose.  [default: pre]"),
    rtol_option,
    click.option("--uncertainty", metavar="FILE", help="Draws of parameters, or default.  [default: those of the set]"),
    click.option("--no-uncertainty", is_flag=True, help="The same typical values in every replicate."),
    click.option(
        "--link",
        default="treg_exposure",
        metavar="NAME",
        help="Link of the illustration: treg_exposure, treg_peak or regimen.  [default: treg_exposure]",
    ),
    click.option(
        "--between-trials",
        type=float,
        default=0.5,
        metavar="SD",
        help="Between-trial SD of the log-odds of a response, 0.5 or more.  [default: 0.5]",
    ),
    click.option("--alpha", type=float, default=0.05, metavar="P", help="Level of the tests.  [default: 0.05]"),
    threads_option,
    click.option("--output", metavar="FOLDER", help="Where to write.  [default: results/NAME-trial]"),
    no_figures_option,
)


@click.command()
@click.argument("study")
@declared(_OPTIONS)
def trial(study: str, output: str | None, no_figures: bool, **options: Any) -> None:
    """Repeat STUDY as a virtual trial: randomisation, visits, missed doses, dropout, assays, tests against baseline and
    placebo.

    Clinical outcomes are an illustration. Their link to Treg exposure is assumed and anchored to one regimen of one
    trial: it restates the index trial's result; it is not evidence that Treg exposure causes response. Writes
    report.txt, tables (CSV), run.json and figures; the same seed gives the same files with any number of threads.

    \b
    Examples:
      pkpd trial he2020 --replicates 20 --no-figures
      pkpd trial he2020 --replicates 10 --patients 12 --conduct dropout=0.2 --conduct missed_doses=0.1 --no-figures
      pkpd trial hao2020 --replicates 10 --no-uncertainty --no-figures
    """
    began = time.monotonic()
    _check(output, **{name: options[name] for name in ("uncertainty", "no_uncertainty", "params", "side", "alpha")})
    _check_numbers(options["replicates"], options["seed"], options["patients"])
    wanted = _wanted(study, **options)
    folder = Path(output) if output else Path("results") / f"{wanted.study.name}-trial"
    from ..output.provenance import check_place

    check_place(folder, NAMES)
    _tell(wanted, folder, not no_figures, began)


def _tell(wanted: Wanted, folder: Path, figures: bool, began: float) -> None:
    """Simulate, print and write."""
    from ..output.provenance import write_results
    from .trial_files import report_and_files, to_record

    w = wanted
    found = _simulated(w, w.rules, w.arm_rules)
    _notes(w, found)
    simulated = time.monotonic() - began
    shown, missing = _illustration(wanted, found)
    text, files = report_and_files(wanted, found, shown, missing, figures=figures)
    click.echo(text)
    written = write_results(folder, files, to_record(wanted, found, shown, files))
    taken = time.monotonic() - began
    click.echo(
        f"Time: {simulated:.1f} s to simulate {w.replicates * found.patients} patients, {taken:.1f} s in all.\n"
        f"\nWritten to {folder}: {', '.join(path.name for path in written)}"
    )


def _simulated(wanted: Wanted, rules: tuple[Rule, ...], arm_rules: bool) -> VirtualTrial:
    from ..shards.progress import telling_late
    from ..trials.conduct.trial import virtual_trial

    w = wanted
    return virtual_trial(
        w.study,
        w.options,
        replicates=w.replicates,
        seed=w.seed,
        patients=w.patients,
        conduct=w.conduct,
        draws=w.draws,
        rules=rules,
        arm_rules=arm_rules,
        threads=w.threads,
        progress=telling_late("replicates"),
    )


def _notes(wanted: Wanted, found: VirtualTrial) -> None:
    """What a user should know and did not ask, as `pkpd run` says it."""
    from dataclasses import replace

    from ..trials.run import study_run
    from .write import notes

    notes(replace(study_run(wanted.study, wanted.options), arms=found.arms, notes=found.notes))


def _illustration(wanted: Wanted, found: VirtualTrial) -> tuple[Illustration | None, str]:
    """The clinical part, or why there is none: what was simulated is reported in any case."""
    from ..trials.clinical.replicated import illustrate, linked

    if not linked(wanted.study.outcomes):
        return None, f"study {wanted.study.name} has no outcome that is linked"
    w = wanted
    try:
        # rules change the regimen, so the link is anchored on the same patients without them
        anchor = _simulated(w, (), False) if found.rules else None
        return illustrate(found, w.study.outcomes, w.link, w.assumed, w.alpha, anchor=anchor), ""
    except PkpdError as error:
        click.echo(f"note: no clinical illustration: {error}", err=True)
        return None, str(error)


def _wanted(study: str, **options: Any) -> Wanted:
    """Everything looked up; words are read before anything is simulated."""
    from ..studies.study import load_study
    from ..trials.adaptive.text import read_rules
    from ..trials.clinical.anchors import Assumed
    from ..trials.clinical.link import link_of
    from ..trials.conduct.terms import conduct_of

    link, assumed = link_of(options["link"]), Assumed(options["between_trials"])
    own = {name: options[name] for name in ("model", "params", "changes", "side", "rtol")}
    asked = read_options(**own, times=None, step=None, days=None, bsa=None, weight=None, engine="compiled")
    found = load_study(study)
    conduct = conduct_of(found, _terms(options["terms"]))
    chosen = asked.resolve()
    return Wanted(
        found,
        chosen,
        conduct,
        read_rules(options["rules"], "--rule"),
        not options["no_rules"],
        None if options["no_uncertainty"] else _draws(options["uncertainty"], options["params"], chosen),
        link,
        assumed,
        *(options[name] for name in ("alpha", "replicates", "seed", "patients", "threads")),
    )


def _draws(uncertainty: str | None, params: str | None, options: Options) -> Draws | None:
    from .uncertain import base_set, cautions, draws_for, tell

    found = draws_for(uncertainty, params, options.model)
    if found is not None:
        tell(cautions(found, base_set(options)))
    return found


def _terms(texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Names and values of `--conduct`; a usage error for what is neither."""
    found = []
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (equals and name and value):
            raise click.UsageError(f"--conduct takes NAME=VALUE, for example dropout=0.1, not '{text[:60]}'")
        found.append((name, value))
    return tuple(found)


def _check(
    output: str | None,
    *,
    uncertainty: str | None,
    no_uncertainty: bool,
    params: str | None,
    side: str,
    alpha: float,
) -> None:
    """A usage error for options that make no sense."""
    refuse_empty({"--output": output, "--uncertainty": uncertainty, "--params": params})
    refuse_both(uncertainty, no_uncertainty)
    if side not in ("pre", "post"):
        raise click.UsageError(f"--side is pre or post, since a visit has one sample, not '{side[:40]}'")
    if not 0 < alpha < 1:
        raise click.UsageError(f"--alpha is a chance above 0 and below 1, not {alpha:g}")


def _check_numbers(replicates: int, seed: int, patients: int | None) -> None:
    for option, number, least in (("--replicates", replicates, 1), ("--seed", seed, 0), ("--patients", patients, 1)):
        if number is not None and number < least:
            raise click.UsageError(f"{option} is a whole number, {least} or more, not {number}")
