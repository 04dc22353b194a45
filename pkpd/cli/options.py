"""Options that several verbs share, and how their text becomes values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import PkpdError

if TYPE_CHECKING:
    from ..trials.run import Options

F = TypeVar("F", bound=Callable[..., Any])

model_option = click.option(
    "--model", default="il2", metavar="NAME", help="il2, il2_minimal, or path/file.py:name.  [default: il2]"
)
bsa_option = click.option("--bsa", metavar="M2", help="Body surface area, in m2 unless a unit is given.")
weight_option = click.option("--weight", metavar="KG", help="Body weight, in kg unless a unit is given.")

_SIMULATION = (
    model_option,
    click.option("--params", metavar="FILE", help="Parameter file (or name) laid over the model's own."),
    click.option(
        "--set",
        "changes",
        multiple=True,
        metavar="NAME=VALUE",
        help="Change one parameter, e.g. treg_ec50=12pM; repeatable.",
    ),
    click.option("--days", metavar="DAYS", help="How long to simulate, e.g. 84 or 12wk."),
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
        "--engine", default="scipy", metavar="NAME", help="scipy (LSODA), scipy-bdf or scipy-radau.  [default: scipy]"
    ),
    click.option("--rtol", type=float, default=1e-6, metavar="NUMBER", help="Relative tolerance.  [default: 1e-06]"),
)


def simulation_options(command: F) -> F:
    """The options of every verb that simulates, in the order they are shown."""
    for option in reversed(_SIMULATION):
        command = option(command)
    return command


def read_options(
    *,
    model: str,
    params: str | None,
    changes: tuple[str, ...],
    days: str | None,
    times: str | None,
    step: str | None,
    side: str,
    weight: str | None,
    bsa: str | None,
    engine: str,
    rtol: float,
) -> Options:
    """The values behind the words; PkpdError or a usage error naming the option at fault."""
    if times and (step or days):
        raise click.UsageError("--times says every time itself, so it goes with neither --step nor --days")
    days_, step_, times_ = _time(days, "--days"), _time(step, "--step"), _times(times)
    sets = tuple(_change(text) for text in changes)
    sets += tuple((name, text) for name, text in (("bsa", bsa), ("weight", weight)) if text is not None)
    from ..engine.stepping import Tolerances, check_engine
    from ..parameters import load_parameters
    from ..simulation import SIDES
    from ..trials.run import Options

    if side not in SIDES:
        raise click.UsageError(f"--side is one of {', '.join(SIDES)}, not '{side}'")
    check_engine(engine)
    overlay = load_parameters(params) if params else None
    return Options(model, overlay, sets, days_, step_, times_, side, engine, Tolerances(rtol, rtol / 100))


def _change(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise click.UsageError(f"--set takes NAME=VALUE, for example treg_ec50=12pM, not '{text}'")
    return name.strip(), value.strip()


def _time(text: str | None, option: str) -> Any:
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
