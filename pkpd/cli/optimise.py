"""`pkpd optimise`: which regimen does best within limits, and how sure that is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import PkpdError
from .fit_options import noticing
from .options import (
    Asked,
    bsa_option,
    declared,
    model_option,
    no_figures_option,
    params_option,
    read_options,
    refuse_empty,
    set_option,
    threads_option,
    weight_option,
)

if TYPE_CHECKING:
    from ..inference.uncertainty.draws import Draws
    from ..trials.optimisation.optimise import Optimised
    from ..trials.run import Options, Run

WEEKS = Fraction(84)  # days; twelve weeks
SEVERAL = ("--goal", "--subject-to", "--over")
FILES = ("front.csv", "evaluations.csv", "window.csv", "ranking.csv")
EVERY = 5.0  # seconds between lines of progress where nobody watches a terminal


class Several(click.Command):
    """A click command in which an option of `SEVERAL` takes all words up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spread_options(args))


def spread_options(words: Sequence[str]) -> list[str]:
    """`--over A B --seed 1` as `--over A --over B --seed 1`; a usage error where no word follows."""
    found, option, count = list[str](), "", 0
    for k, word in enumerate([*words, "--"]):
        if word.startswith("-") and len(word) > 1:
            if option and not count:
                raise click.UsageError(f"{option} takes one or more texts in quotes, and none follows")
            if word == "--":
                return found + list(words[k:])
            option, equals, _ = word.partition("=")
            option, count = (option, len(equals)) if option in SEVERAL else ("", 0)
            found.append(word)
        else:
            found += [option, word] if option and count else [word]
            count += 1
    return found


_OPTIONS = (
    click.option(
        "--goal", "goals", multiple=True, metavar="GOAL...", help="max or min of a quantity; several: a front."
    ),
    click.option(
        "--subject-to", "limits", multiple=True, metavar="LIMIT...", help="Limits such as nk_peak_fold<2, one or more."
    ),
    click.option(
        "--over",
        "ranges",
        multiple=True,
        metavar="RANGE...",
        help="What to vary.  [default: dose 0.2..3 MIU, interval 1..7 d, on 1..8 wk, off 0..4 wk]",
    ),
    click.option("--days", metavar="DAYS", help="How long to treat and simulate, e.g. 84 or 24wk.  [default: 12wk]"),
    model_option,
    params_option,
    set_option,
    weight_option,
    bsa_option,
    click.option("--uncertainty", metavar="FILE", help="Draws to rank under, or default.  [default: those of the set]"),
    click.option("--no-uncertainty", is_flag=True, help="Do not tell how sure the order is."),
    click.option(
        "--holding", type=float, metavar="SHARE", help="Limits must hold in this share of the draws, e.g. 0.9."
    ),
    click.option(
        "--evaluations",
        type=click.IntRange(1, 1_000_000),
        default=1000,
        metavar="N",
        help="Candidates that the search may try.  [default: 1000]",
    ),
    click.option("--budget", metavar="TIME", help="Stop the search after so long, e.g. 60s."),
    click.option(
        "--seed", type=click.IntRange(0, 2**32 - 1), default=1, metavar="N", help="Of the search.  [default: 1]"
    ),
    threads_option,
    click.option(
        "--assume-link", default="", metavar="NAME", help="Allow a clinical outcome, by a link assumed by name."
    ),
    click.option("--output", metavar="FOLDER", help="Where to write.  [default: results/MODEL-optimise]"),
    no_figures_option,
)


@dataclass(frozen=True, slots=True)
class _Search:
    """What is asked of the search, as texts and numbers."""

    goals: tuple[str, ...]
    limits: tuple[str, ...]
    ranges: tuple[str, ...]
    evaluations: int
    seconds: float | None
    seed: int
    threads: int | None
    assume_link: str
    holding: float | None


@click.command(cls=Several)
@declared(_OPTIONS)
def optimise(
    output: str | None, no_figures: bool, uncertainty: str | None, no_uncertainty: bool, **options: Any
) -> None:
    """Search for regimens that meet goals within limits, in a typical patient, and tell how sure their order is.

    A candidate is one dose at one interval while it is on, then a rest while it is off, over and over. Goals and limits
    are of quantities such as treg_auc, treg_peak_fold, nk_peak_fold, treg_fold_above_2, selectivity, il2_given or
    injections. Limits hold in the typical patient, or with --holding 0.9 in 90 % of the draws of the parameters; goals
    are always those of the typical patient. Ctrl-C keeps the best so far.

    \b
    Examples:
      pkpd optimise --goal "max treg_auc" --subject-to "nk_peak_fold<2" --days 2wk --evaluations 40
      pkpd optimise --goal "max treg_auc" "min il2_given" --over "interval 1..3 d" --days 2wk --evaluations 40
      pkpd optimise --goal "max treg_auc" --subject-to "nk_peak_fold<1.5" --holding 0.9 --days 1wk --evaluations 20
    """
    refuse_empty({"--output": output, "--uncertainty": uncertainty, "--params": options["params"]})
    for option, value in (("--uncertainty", uncertainty), ("--holding", options["holding"])):
        if value is not None and no_uncertainty:
            raise click.UsageError(f"{option} and --no-uncertainty contradict each other")
    wanted, asked = _read(**options)
    folder = output or str(Path("results") / f"{Path(asked.model.rpartition(':')[0] or asked.model).stem}-optimise")
    from ..output.provenance import check_place

    check_place(folder, FILES)
    with noticing() as interrupts:
        found, more = _found(asked, wanted, uncertainty, off=no_uncertainty)
        _write(found, more, wanted, folder, figures=not no_figures)
    if interrupts:
        click.echo("pkpd: interrupted; the best so far is kept", err=True)
        click.get_current_context().exit(130)


def _read(
    *,
    goals: tuple[str, ...],
    limits: tuple[str, ...],
    ranges: tuple[str, ...],
    evaluations: int,
    budget: str | None,
    seed: int,
    threads: int | None,
    assume_link: str,
    holding: float | None,
    **options: Any,
) -> tuple[_Search, Asked]:
    """The values behind the words; a usage error names the option at fault."""
    if not goals:
        raise click.UsageError("--goal says what to search for, for example --goal 'max treg_auc'")
    asked = read_options(times=None, step=None, side="pre", engine="compiled", rtol=1e-6, **options)
    seconds = None if budget is None else _seconds(budget)
    return _Search(goals, limits, ranges, evaluations, seconds, seed, threads, assume_link, holding), asked


def _seconds(text: str) -> float:
    from ..units import duration

    try:
        if text.strip().replace(".", "", 1).isdigit():
            raise click.UsageError(f"--budget is a time with its unit, such as {text.strip()}s, not '{text}'")
        found = float(duration(text)) * 86400
    except PkpdError as error:
        raise click.UsageError(f"--budget: {error}") from None
    if not 0 < found <= 86400 * 365:
        raise click.UsageError(f"--budget is a time above 0 and up to a year, not '{text}'")
    return found


def _found(asked: Asked, wanted: _Search, uncertainty: str | None, *, off: bool) -> tuple[Optimised, dict[str, str]]:
    """The result, and what no data stand behind. Words are read before anything is simulated."""
    from ..engine.code.library import outline_of
    from ..trials.evidence import without_data
    from ..trials.optimisation.account import Budget
    from ..trials.optimisation.goals import read_constraints, read_goals
    from ..trials.optimisation.named import cautions, namer
    from ..trials.optimisation.optimise import optimise as search
    from ..trials.optimisation.space import read_space
    from ..trials.optimisation.subset import holding_task
    from ..trials.optimisation.task import Task, told

    chosen = asked.resolve()
    named = namer([o.name for o in outline_of(asked.model).outputs], wanted.assume_link, chosen)
    goals, limits = read_goals(wanted.goals, named), read_constraints(wanted.limits, named)
    space = read_space(wanted.ranges, chosen.days or WEEKS)
    run, draws, held = _patient(asked, chosen, uncertainty, off)
    arm = run.arms[0]
    quantities = told(goals, limits, [named(name) for name in ("il2_given", "injections")])
    if wanted.assume_link and not cautions(quantities):
        raise click.UsageError("--assume-link goes with an outcome, such as --goal 'max sri4_week12'")
    task = Task(run.model, arm.parameters, space, goals, limits, quantities, arm.bsa, arm.weight, held, run.tolerances)
    tell = _teller()
    if wanted.holding is not None:
        tell("choosing draws to hold the limits in")
        task = holding_task(task, draws, wanted.holding, threads=wanted.threads)
    budget = Budget(wanted.evaluations, wanted.seconds)
    found = search(
        task,
        budget,
        seed=wanted.seed,
        draws=draws,
        threads=wanted.threads,
        progress=lambda done, total, best: tell(f"search: {done}/{max(done, total)} candidates  best {best or '-'}"),
        ranking_progress=lambda done, total: tell(f"ranking: {done}/{total} regimens"),
    )
    tell("")
    names = draws.names if draws is not None else None
    return found, without_data(quantities, arm.parameters, run.model, names) | cautions(quantities)


def _patient(
    asked: Asked, chosen: Options, uncertainty: str | None, off: bool
) -> tuple[Run, Draws | None, tuple[str, ...]]:
    """The typical patient as a run without doses, the draws to rank under, and what they leave as it is."""
    from ..dosing.schedule import Schedule
    from ..trials.run import schedule_run
    from .uncertain import uncertainty_for
    from .write import notes

    run = schedule_run("optimise", Schedule.none(), chosen)
    notes(run)
    own = None if off else uncertainty_for(run, chosen, asked.params, uncertainty)
    return (run, None, ()) if own is None else (run, own.draws, own.held[0])


def _teller() -> Callable[[str], None]:
    """Progress: one line of a terminal, over and over; else a line every few seconds. An empty text ends it."""
    terminal, last = sys.stderr.isatty(), time.monotonic()
    shown = False

    def tell(text: str) -> None:
        nonlocal last, shown
        now = time.monotonic()
        if terminal and (text or shown):
            click.echo(f"\r{text:<76}", nl=not text, err=True)
            shown = bool(text)
        elif text and now - last > EVERY:
            click.echo(text, err=True)
            last = now

    return tell


def _write(found: Optimised, no_data: dict[str, str], wanted: _Search, folder: str, *, figures: bool) -> None:
    """Print the report and write everything."""
    from ..output.provenance import write_results
    from ..output.report.optimisation import report
    from ..trials.optimisation.record import patient_text, to_record
    from ..trials.optimisation.tables import csv_files, flags, units
    from .run import command_line

    own = units(found.task)
    text = report(
        found, patient_text(found.task), own, [flags(found.task, one, no_data) for one in found.listed], no_data
    )
    click.echo(text, nl=False)
    tables = csv_files(found, no_data)
    drawn = _figure_files(found, own) if figures else {}
    files = tables | {"report.txt": text.encode()} | drawn
    record = to_record(found, command_line(), asdict(wanted), tables)
    written = write_results(folder, files, record)
    click.echo(f"\nWritten to {folder}: {', '.join(path.name for path in written)}")


def _figure_files(found: Optimised, units: dict[str, str]) -> dict[str, bytes]:
    from ..output.plots.optimisation import optimisation_figures
    from ..output.plots.style import images

    return images(optimisation_figures(found, units))
