"""`pkpd sensitivity`: which parameters decide an outcome."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import PkpdError, nearest
from .options import bsa_option, model_option, read_options, weight_option

if TYPE_CHECKING:
    from ..trials.influence.result import Influence
    from ..trials.run import Options, Run

QUIET_FOR = 2.0  # seconds before progress is told
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
    click.option("--params", metavar="FILE", help="Parameter file (or name) laid over the model's own."),
    click.option(
        "--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change one parameter, which then does not vary."
    ),
    click.option("--days", metavar="DAYS", help="How long to simulate, e.g. 84 or 12wk."),
    weight_option,
    bsa_option,
    click.option("--threads", type=click.IntRange(1, 1024), metavar="N", help="Threads to use.  [default: every core]"),
    click.option("--keep-samples", is_flag=True, help="Write every run to samples.csv."),
    click.option("--output", metavar="FOLDER", help="Where to write.  [default: results/NAME-sensitivity]"),
    click.option("--no-figures", is_flag=True, help="Write the tables only."),
)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class _Writing:
    """Where and what to write."""

    output: str | None
    figures: bool
    samples: bool


@click.command()
@_options
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
    if output == "":
        raise click.UsageError("--output takes the name of a folder, not an empty text")
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
    found = _analysed(run, {"vary": vary, "days": at, "fixed": fixed, **options})
    _write(run, found, asked.changes, _Writing(output, not no_figures, keep_samples))


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
    from ..trials.influence.analysis import influence
    from .write import notes

    notes(run)
    return influence(run, progress=_teller(), **options)


def _teller() -> Callable[[int, int], None]:
    """What tells how many runs are done, once it takes more than two seconds."""
    begin, told = time.monotonic(), [-1]
    terminal = sys.stderr.isatty()

    def show(done: int, count: int) -> None:
        tenth = done * 10 // count
        if time.monotonic() - begin < QUIET_FOR or (not terminal and tenth == told[0]):
            return
        told[0] = tenth
        if terminal:
            click.echo(f"\r{f'run {done} of {count}':<76}", nl=done == count, err=True)
        else:
            click.echo(f"run {done} of {count}", err=True)

    return show


def _write(run: Run, found: Influence, changes: tuple[tuple[str, str], ...], writing: _Writing) -> None:
    """Print the report; write tables, figures and record."""
    from ..output.provenance import check_place, write_results
    from ..output.report.influence import influence_csv, influence_text

    folder = Path(writing.output or Path("results") / f"{_plain(run.name)}-sensitivity")
    check_place(folder, NAMES)
    text, tables = influence_text(found), influence_csv(found, writing.samples)
    click.echo(text, nl=False)
    figures = _figures(found) if writing.figures else {}
    files = {**tables, "report.txt": text.encode(), **figures}
    written = write_results(folder, files, _record(run, found, changes, tables))
    click.echo(f"\nWritten to {folder}: {', '.join(path.name for path in written)}")


def _figures(found: Influence) -> dict[str, bytes]:
    from ..output.plots.influence import influence_figures
    from ..output.plots.style import image

    drawn = influence_figures(found)
    return {f"{name}.{kind}": image(figure, kind) for name, figure in drawn.items() for kind in ("png", "svg")}


def _record(
    run: Run, found: Influence, changes: tuple[tuple[str, str], ...], tables: Mapping[str, bytes]
) -> dict[str, Any]:
    """What the tables rest on: the arm with its doses and parameters, and every setting."""
    from ..dosing.records import to_records
    from ..engine.code.library import outline_of
    from ..output.provenance import digest
    from ..trials.influence.analysis import arm_of
    from .run import command_line

    arm = arm_of(run, found.arm)
    return {
        "kind": "sensitivity",
        "name": run.name,
        "command": command_line(),
        "model": {"name": run.model, "fingerprint": outline_of(run.model).fingerprint},
        "seed": found.design.seed,
        "method": found.design.method,
        "samples": found.design.samples,
        "second_order": found.design.second_order,
        "over": found.over,
        "varied": list(found.names),
        "changes": [list(change) for change in changes],
        "quantities": [o.name for o in found.outcomes],
        "over_time": {t.output: list(t.days) for t in found.timed},
        "days": run.times[-1],
        "arm": {
            "name": arm.name,
            "schedule": {"name": arm.schedule_name, "records": to_records(arm.schedule)},
            "body": {"bsa": arm.bsa, "weight": arm.weight},
            "parameters": {"origin": arm.parameters.origin, "tables": arm.parameters.to_tables()},
        },
        "tables": {name: digest(data) for name, data in tables.items()},
    }


def _plain(name: str) -> str:
    """A schedule text as the name of a folder."""
    kept = "".join(c if c.isalnum() and c.isascii() else "_" for c in name)
    return "_".join(part for part in kept.split("_") if part)[:60] or "schedule"
