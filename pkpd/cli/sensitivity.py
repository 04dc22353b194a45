"""`pkpd sensitivity`: which parameters decide an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import PkpdError, nearest
from .options import (
    bsa_option,
    days_option,
    declared,
    folder_name,
    model_option,
    no_figures_option,
    params_option,
    read_options,
    refuse_empty,
    threads_option,
    weight_option,
)

if TYPE_CHECKING:
    from ..trials.influence.result import Influence
    from ..trials.run import Options, Run

NAMES = ("indices.csv", "quantities.csv", "tornado.csv", "ranges.csv", "report.txt")

_OPTIONS = (
    click.argument("target"),
    click.option(
        "--quantity",
        "quantities",
        multiple=True,
        metavar="NAME",
        help="What to explain; repeatable.  [default: treg_peak_fold, nk_peak_fold]",
    ),
    click.option("--method", default="sobol", metavar="NAME", help="sobol or morris.  [default: sobol]"),
    click.option("--samples", type=int, metavar="N", help="Base samples, 2^k, or trajectories.  [default: 256, or 50]"),
    click.option("--seed", type=int, default=1, metavar="N", help="Seed of the design.  [default: 1]"),
    click.option(
        "--over", default="prior", metavar="RANGE", help="Vary over prior, bounds or spread.  [default: prior]"
    ),
    click.option("--vary", multiple=True, metavar="LIST", help="Parameters to vary, with commas; repeatable."),
    click.option("--second-order", is_flag=True, help="Indices of pairs too; twice the runs."),
    click.option("--over-time", multiple=True, metavar="OUTPUT", help="Follow an output over days; repeatable."),
    click.option("--at", metavar="LIST", help="Days for --over-time, e.g. 14,28.  [default: visits, else weekly]"),
    click.option("--arm", default="", metavar="NAME", help="Arm of a study.  [default: the first with doses]"),
    model_option,
    params_option,
    click.option(
        "--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change one parameter, which then does not vary."
    ),
    days_option,
    weight_option,
    bsa_option,
    threads_option,
    click.option("--keep-samples", is_flag=True, help="Write every run to samples.csv."),
    click.option("--output", metavar="FOLDER", help="Where to write.  [default: results/NAME-sensitivity]"),
    no_figures_option,
)


@dataclass(frozen=True, slots=True)
class _Writing:
    """Where and what to write."""

    folder: Path
    figures: bool
    samples: bool


@click.command()
@declared(_OPTIONS)
def sensitivity(
    target: str,
    changes: tuple[str, ...],
    output: str | None,
    no_figures: bool,
    keep_samples: bool,
    **options: Any,
) -> None:
    """Tell which parameters decide quantities of TARGET (a study, a named schedule or a schedule text).

    Sobol indices share out the variance; Morris ranks many parameters with few runs. Both vary all parameters at once,
    a tornado one at a time. Writes indices.csv, quantities.csv, tornado.csv, ranges.csv, figures and run.json.

    \b
    Examples:
      pkpd sensitivity he2020 --quantity treg_peak_fold --quantity nk_peak_fold --samples 32
      pkpd sensitivity he2020 --method morris --samples 10 --over-time treg_fold --over bounds
      pkpd sensitivity "1 MIU daily x5" --vary treg_ec50,treg_activation --quantity treg_auc --samples 16
    """
    refuse_empty({"--output": output})
    from .fit_options import listed

    vary = tuple(name for text in options.pop("vary") for name in listed(text, "--vary"))
    at = _days(options.pop("at"))
    asked = read_options(
        changes=changes, times=None, step=None, side="pre", engine="compiled", rtol=1e-6,
        **{name: options.pop(name) for name in ("model", "params", "days", "weight", "bsa")},
    )  # fmt: skip
    fixed = tuple(name for name, _ in asked.changes)
    if both := [name for name in vary if name in fixed]:
        raise click.UsageError(f"--vary and --set both name {', '.join(both)}: give one of them")
    run = _run(target, asked.resolve())
    folder = _place(run, output)
    found = _analysed(run, {"vary": vary, "days": at, "fixed": fixed, **options})
    _write(run, found, asked.changes, _Writing(folder, not no_figures, keep_samples))


def _days(text: str | None) -> tuple[float, ...]:
    from ..units import duration

    if text is None:
        return ()
    try:
        return tuple(float(duration(part)) for part in text.split(","))
    except PkpdError as error:
        raise click.UsageError(f"--at: {error}") from None


def _run(target: str, options: Options) -> Run:
    """The run of a study, else of a schedule; a study wins over a schedule of the same name."""
    from ..data import built_in
    from ..dosing.library import load_schedule
    from ..errors import ScheduleError
    from ..studies.study import load_study
    from ..trials.run import schedule_run, study_run

    studies = built_in("study")
    if target in studies or target.endswith(".toml"):
        return study_run(load_study(target), options)
    try:
        plan = load_schedule(target)
    except ScheduleError as error:
        said, hint = str(error), nearest(target, studies)
        raise ScheduleError(said if "did you mean" in said else f"{said}{hint}") from None
    return schedule_run(" ".join(target.split()), plan, options)


def _analysed(run: Run, options: Mapping[str, Any]) -> Influence:
    """The analysis, with notes before it and progress while it lasts."""
    from ..shards.progress import counting
    from ..trials.influence.analysis import influence
    from .write import notes

    notes(run)
    return influence(run, progress=counting("runs"), **options)


def _place(run: Run, output: str | None) -> Path:
    """Where to write; an error before anything is simulated where that cannot be."""
    from ..output.provenance import check_place

    folder = Path(output or Path("results") / f"{folder_name(run.name)}-sensitivity")
    check_place(folder, NAMES)
    return folder


def _write(run: Run, found: Influence, changes: tuple[tuple[str, str], ...], writing: _Writing) -> None:
    """Print the report; write tables, figures and record."""
    from ..output.provenance import write_results
    from ..output.report.influence import influence_csv, influence_text

    text, tables = influence_text(found), influence_csv(found, writing.samples)
    click.echo(text, nl=False)
    figures = _figures(found) if writing.figures else {}
    files = {**tables, "report.txt": text.encode(), **figures}
    written = write_results(writing.folder, files, _record(run, found, changes, tables))
    click.echo(f"\nWritten to {writing.folder}: {', '.join(path.name for path in written)}")


def _figures(found: Influence) -> dict[str, bytes]:
    from ..output.plots.influence import influence_figures
    from ..output.plots.style import images

    return images(influence_figures(found))


def _record(
    run: Run, found: Influence, changes: tuple[tuple[str, str], ...], tables: Mapping[str, bytes]
) -> dict[str, Any]:
    """What the tables rest on: the arm with its doses and parameters, and every setting."""
    from ..trials.influence.analysis import arm_of
    from ..trials.record import arm_table, digests, head
    from .run import command_line

    arm = arm_of(run, found.arm)
    return {
        **head("sensitivity", run.name, command_line(), run.model, found.design.seed, run.tolerances),
        "method": found.design.method,
        "samples": found.design.samples,
        "second_order": found.design.second_order,
        "over": found.over,
        "varied": list(found.names),
        "changes": [list(change) for change in changes],
        "quantities": [o.name for o in found.outcomes],
        "over_time": {t.output: list(t.days) for t in found.timed},
        "days": run.times[-1],
        "arm": {"name": arm.name} | arm_table(arm),
        "tables": digests(tables),
    }
