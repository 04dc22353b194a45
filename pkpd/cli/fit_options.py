"""What `pkpd fit` and `pkpd profile` share: their options, how these become a fit, and how far it is."""

from __future__ import annotations

import math
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ..errors import ParameterError, nearest
from .observed import EVENTS, event_reading
from .options import declared, model_option, read_changes
from .uncertain import tell

if TYPE_CHECKING:
    from ..inference.fitted import Fitted
    from ..inference.search.multistart import Progress
    from ..parameters import Parameters

_SEARCH = (
    click.argument("studies", nargs=-1, metavar="STUDY..."),
    model_option,
    click.option("--vary", metavar="LIST", help="Parameters to fit, e.g. treg_ec50,treg_activation."),
    click.option(
        "--params", metavar="FILE", help="Parameter file (or name) laid over the model's own: where to start."
    ),
    click.option(
        "--set",
        "changes",
        multiple=True,
        metavar="NAME=VALUE",
        help="Change one parameter before the fit, e.g. treg_ec50=12pM; repeatable.",
    ),
    click.option("--priors/--no-priors", default=True, help="Use the priors of the parameter file.  [default: use]"),
    click.option(
        "--roles", default="fit", metavar="LIST", help="Rows to fit: fit, check, design, or several.  [default: fit]"
    ),
    *EVENTS,
    click.option(
        "--between-studies",
        type=click.FloatRange(0, 10),
        default=0.3,
        metavar="SD",
        help="Log SD of a response between studies, assumed.  [default: 0.3]",
    ),
    click.option(
        "--starts", type=click.IntRange(1, 10_000), metavar="N", help="Searches from different values.  [default: 8]"
    ),
    click.option(
        "--seed", type=click.IntRange(0), default=1, metavar="N", help="Of the starts and the draws.  [default: 1]"
    ),
    click.option(
        "--method", default="least_squares", metavar="NAME", help="Of lmfit, by name.  [default: least_squares]"
    ),
    click.option("--evaluations", type=click.IntRange(1), metavar="N", help="Stop after so many of all starts."),
    click.option(
        "--seconds", type=click.FloatRange(0, min_open=True), metavar="S", help="Stop the search after so long."
    ),
    click.option(
        "--threads", type=click.IntRange(1, 1024), metavar="N", help="Threads to search on.  [default: every core]"
    ),
    click.option("--progress", is_flag=True, help="Tell how far it is, also where nobody watches a terminal."),
    click.option("--output", metavar="FOLDER", help="Where to write; without it, the report is printed only."),
)


search_options = declared(_SEARCH)  # of every verb that fits


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of a fit, read but not looked up; `starts` is None where the verb chooses."""

    studies: tuple[str, ...]
    model: str
    vary: tuple[str, ...]
    params: str | None
    changes: tuple[tuple[str, str], ...]
    priors: bool
    roles: tuple[str, ...]
    between_studies: float
    starts: int | None
    seed: int
    method: str
    evaluations: int | None
    seconds: float | None
    threads: int | None
    progress: bool
    output: str | None
    dv: tuple[str, ...] = ()
    time_unit: str = ""
    amount_unit: str = ""


def read_search(*, vary: str | None, changes: tuple[str, ...], roles: str, **plain: Any) -> Asked:
    """The values behind the words; a usage error, or a PkpdError, names the option at fault."""
    from ..studies.observation import ROLES

    if plain["output"] == "":
        raise click.UsageError("--output takes the name of a folder, not an empty text")
    if not plain["studies"]:
        raise click.UsageError("name one or more studies or observation files, for example dilt1d hao2020")
    wanted = listed(roles, "--roles")
    for role in wanted:
        if role not in ROLES:
            hint = nearest(role, ROLES) or f"; there are {', '.join(ROLES)}"
            raise click.UsageError(f"--roles: there is no role '{role}' of rows{hint}")
    sets = read_changes(plain["model"], changes)
    _check_method(plain["method"])
    names = () if vary is None else listed(vary, "--vary")
    asked = Asked(vary=names, changes=sets, roles=wanted, **plain)
    if vary is None:
        raise click.UsageError(f"--vary says which parameters to fit; {_candidates(start_of(asked))}")
    return asked


def listed(text: str, option: str) -> tuple[str, ...]:
    """Names between commas; a usage error when one is empty."""
    names = tuple(part.strip() for part in text.split(","))
    if not all(names):
        raise click.UsageError(f"{option} takes names with commas between them, such as a,b, not '{text}'")
    return names


def _check_method(name: str) -> None:
    from ..inference.search.minimise import METHODS

    if name not in METHODS:
        hint = nearest(name, METHODS) or f"; there are {', '.join(METHODS)}"
        raise click.UsageError(f"--method: there is no method '{name}'{hint}")


def _candidates(known: Parameters) -> str:
    """The parameters that a fit may move, in words."""
    names = [t.name for t in known.tables if t.prior is not None or t.basis == "fitted"]
    if not names:
        return f"{known.origin} marks none with a prior or as fitted, so any with bounds can be named"
    return f"candidates, which carry a prior or were fitted before, are {', '.join(names)}"


def start_of(asked: Asked) -> Parameters:
    """The set that a fit starts from: the model's own, the file's values over it, then single changes."""
    from ..data import built_in
    from ..parameters import load_parameters

    if asked.params is None and not asked.changes and asked.model in built_in("parameters"):
        return load_parameters(asked.model)
    from ..engine.code.library import outline_of
    from ..trials.run import check_set

    model = outline_of(asked.model)
    base = model.defaults
    if asked.params is not None:
        own = load_parameters(asked.params)
        check_set(own, model)
        base = own.over(base)
    for name, _ in asked.changes:
        if name not in base:
            raise ParameterError(f"--set: model {model.name} has no parameter '{name}'{nearest(name, base)}")
    return base.set("--set", **dict(asked.changes))


def fitted_of(asked: Asked, starts: int) -> Fitted:
    """The fit that was asked for, from so many starts unless the user said how many."""
    from ..inference.fitting import FitSettings
    from ..inference.fitting import fit as search
    from ..inference.rows.noise import Noise
    from ..inference.search.multistart import Budget

    settings = FitSettings(
        asked.starts or starts,
        asked.seed,
        asked.method,
        Budget(asked.evaluations, asked.seconds),
        asked.threads,
        teller(asked.progress),
    )
    start = start_of(asked)
    from ..output.report.starts import moved_starts

    tell(moved_starts([start[name] for name in asked.vary if name in start]))
    found = search(
        asked.studies,
        asked.model,
        start,
        asked.vary,
        noise=Noise(between_studies=asked.between_studies),
        priors=asked.priors,
        roles=asked.roles,
        settings=settings,
        events=event_reading(asked.model, asked.dv, asked.time_unit, asked.amount_unit),
    )
    if sys.stderr.isatty():
        click.echo(err=True)
    # neither stands in the report, which is to be the same on every machine
    spent = f"{_evaluations(found.search.evaluations)} and {found.search.seconds:.3g} s"
    tell([f"the search took {spent}"])
    return found


def teller(wanted: bool) -> Callable[[Progress], None] | None:
    """What tells how far a search is: one line of a terminal, over and over, else a line for each start that ends."""
    terminal = sys.stderr.isatty()
    if not (wanted or terminal):
        return None
    told = 0

    def show(now: Progress) -> None:
        nonlocal told
        if terminal:
            click.echo(f"\r{progress_line(now):<76}", nl=False, err=True)
        elif now.starts_done > told:
            click.echo(progress_line(now), err=True)
        told = now.starts_done

    return show


def progress_line(now: Progress) -> str:
    """`start 3/8  best 12.34  412 evaluations  time left 8 s`."""
    best = f"{now.best:.4g}" if math.isfinite(now.best) else "-"
    left = f"{now.seconds_left:.0f} s" if math.isfinite(now.seconds_left) else "unknown"
    return f"start {now.starts_done}/{now.starts}  best {best}  {_evaluations(now.evaluations)}  time left {left}"


def _evaluations(count: int) -> str:
    return f"{count} evaluation{'s' * (count != 1)}"


def step_teller(wanted: bool, what: str) -> Callable[[int, int], None] | None:
    """What tells how many of the steps of `what` are done: one line of a terminal, over and over, else every tenth."""
    terminal = sys.stderr.isatty()
    if not (wanted or terminal):
        return None

    def show(done: int, count: int) -> None:
        if terminal:
            click.echo(f"\r{f'{what}: step {done}/{count}':<76}", nl=done == count, err=True)
        elif done * 10 // count > (done - 1) * 10 // count:
            click.echo(f"{what}: step {done}/{count}", err=True)

    return show


@contextmanager
def noticing() -> Iterator[Sequence[int]]:
    """Ctrl-C as it is, and every one noted: a search keeps its best point and does not say that it was interrupted."""
    seen: list[int] = []

    def note(number: int, frame: Any) -> None:
        seen.append(number)
        signal.default_int_handler(number, frame)

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread, to which no Ctrl-C goes
        yield seen
        return
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
