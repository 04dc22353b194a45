"""Options that several verbs share, and how their text becomes values. Nothing here loads a solver."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import PkpdError, nearest

if TYPE_CHECKING:
    from ..trials.run import Options

F = TypeVar("F", bound=Callable[..., Any])

model_option = click.option(
    "--model", default="il2", metavar="NAME", help="il2, il2_minimal, or path/file.py:name.  [default: il2]"
)
params_option = click.option("--params", metavar="FILE", help="Parameter file (or name) laid over the model's own.")
set_option = click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change one parameter, e.g. treg_ec50=12pM; repeatable.",
)
days_option = click.option("--days", metavar="DAYS", help="How long to simulate, e.g. 84 or 12wk.")
rtol_option = click.option(
    "--rtol", type=float, default=1e-6, metavar="NUMBER", help="Relative tolerance.  [default: 1e-06]"
)
threads_option = click.option(
    "--threads", type=click.IntRange(1, 1024), metavar="N", help="Threads to use.  [default: every core]"
)
no_figures_option = click.option("--no-figures", is_flag=True, help="Write the tables only.")
bsa_option = click.option("--bsa", metavar="M2", help="Body surface area, in m2 unless a unit is given.")
weight_option = click.option("--weight", metavar="KG", help="Body weight, in kg unless a unit is given.")

_SIMULATION = (
    model_option,
    click.option(
        "--params",
        metavar="FILE",
        help="Parameter file (or name) laid over the model's own; what a study says of its patients still holds.",
    ),
    set_option,
    days_option,
    click.option("--times", metavar="LIST", help="Sampling times, e.g. 0,7,14 (days) or 0h,6h,12h."),
    click.option("--step", metavar="TIME", help="Sample every so often, e.g. 6h."),
    click.option(
        "--side",
        default="pre",
        metavar="pre|post|both",
        help="A sample at a dose: before it, after it, or both.  [default: pre]",
    ),
    weight_option,
    bsa_option,
    click.option(
        "--engine",
        default="compiled",
        metavar="NAME",
        help="compiled, or scipy (LSODA), scipy-bdf or scipy-radau as an independent check.  [default: compiled]",
    ),
    rtol_option,
)


def declared(options: Sequence[Callable[[Any], Any]]) -> Callable[[F], F]:
    """A decorator that gives a command these options, in the order they are shown."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


simulation_options = declared(_SIMULATION)  # of every verb that simulates


def refuse_empty(texts: Mapping[str, str | None]) -> None:
    """A usage error for the first option, by name, that got an empty text."""
    for option, text in texts.items():
        if text == "":
            raise click.UsageError(f"{option} takes a name, not an empty text")


def folder_name(text: str) -> str:
    """A study or schedule as the name of a folder; a schedule's text becomes words with hyphens."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-.")[:60] or "schedule"


def refuse_both(uncertainty: str | None, no_uncertainty: bool) -> None:
    """A usage error for draws that are asked for and turned off."""
    if uncertainty is not None and no_uncertainty:
        raise click.UsageError("--uncertainty and --no-uncertainty contradict each other")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of a verb that simulates, read but not yet looked up."""

    model: str
    params: str | None
    changes: tuple[tuple[str, str], ...]
    days: Fraction | None
    step: Fraction | None
    times: tuple[float, ...]
    side: str
    bsa: float | None
    weight: float | None
    engine: str
    rtol: float

    def resolve(self) -> Options:
        """The options with the parameter file loaded; PkpdError when it, or the tolerance, is unusable."""
        from ..engine.tolerances import Tolerances
        from ..parameters import load_parameters
        from ..trials.run import Options

        return Options(
            self.model,
            None if self.params is None else load_parameters(self.params),
            self.changes,
            self.days,
            self.step,
            self.times,
            self.side,
            self.bsa,
            self.weight,
            self.engine,
            Tolerances(self.rtol, self.rtol / 100),
        )


def read_options(*, changes: tuple[str, ...], times: str | None, **texts: Any) -> Asked:
    """The values behind the words; PkpdError or a usage error naming the option at fault."""
    from ..dosing.dose import SIDES
    from ..engine import check_engine

    if times is not None and (texts["step"] is not None or texts["days"] is not None):
        raise click.UsageError("--times says every time itself, so it goes with neither --step nor --days")
    if texts["side"] not in SIDES:
        raise click.UsageError(f"--side is one of {', '.join(SIDES)}, not '{texts['side']}'")
    check_engine(texts["engine"])
    sets = read_changes(texts["model"], changes)
    for size_option in ("bsa", "weight"):
        if texts[size_option] is not None and any(name == size_option for name, _ in sets):
            raise click.UsageError(f"--{size_option} and --set {size_option} say the same thing: give one of them")
    read = texts | {
        "days": _time(texts["days"], "--days"),
        "step": _time(texts["step"], "--step"),
        "bsa": size(texts["bsa"], "m2", "--bsa"),
        "weight": size(texts["weight"], "kg", "--weight"),
    }
    return Asked(changes=sets, times=_times(times), **read)


def read_changes(model: str, texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Names and values of `--set`; a usage error for what is neither, or a name that a built-in model has not."""
    changes = tuple(_change(text) for text in texts)
    _check_names(model, changes)
    return changes


def size(text: str | None, unit: str, option: str) -> float | None:
    """A body size in `unit`; a usage error unless it is a number above 0, with or without a unit."""
    if text is None:
        return None
    from ..units import amount, factor

    try:
        value, given = amount(text)
        value *= 1.0 if given == "1" else factor(given, unit)
    except PkpdError as error:
        raise click.UsageError(f"{option}: {error}") from None
    if not 0 < value < 1e4:
        raise click.UsageError(f"{option} is a size above 0 {unit}, not '{text}'")
    return value


def _change(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise click.UsageError(f"--set takes NAME=VALUE, for example treg_ec50=12pM, not '{text}'")
    return name.strip(), value.strip()


def _check_names(model: str, changes: tuple[tuple[str, str], ...]) -> None:
    """Refuse a name that a built-in model has not, before anything heavy is loaded."""
    from ..data import built_in, read_toml

    if changes and model in (files := built_in("parameters")):
        names = [name for name in read_toml(files[model], "parameters") if name != "model"]
        for name, _ in changes:
            if name not in names:
                hint = nearest(name, names) or f"; pkpd model {model} lists them"
                raise click.UsageError(f"--set: model {model} has no parameter '{name}'{hint}")


def _time(text: str | None, option: str) -> Fraction | None:
    from ..units import duration

    if text is None:
        return None
    try:
        value = duration(text)
    except PkpdError as error:
        raise click.UsageError(f"{option}: {error}") from None
    if value <= 0 or value > 36525:
        raise click.UsageError(f"{option} {text} is not a length of time above 0 and up to 36525 days")
    return value


def _times(text: str | None) -> tuple[float, ...]:
    from ..units import duration

    if text is None:
        return ()
    try:
        found = tuple(float(duration(part)) for part in text.split(","))
    except PkpdError as error:
        raise click.UsageError(f"--times: {error}") from None
    if any(abs(t) > 36525 for t in found):
        raise click.UsageError("--times lies outside -36525 to 36525 days")
    return found
