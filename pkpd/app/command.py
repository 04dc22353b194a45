"""The commands that give the same numbers as the page, as a shell takes them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from .. import __version__
from ..data import built_in
from ..errors import printable
from .asked import Ask, AskError, schedule_of
from .offered import Offer

MODEL = "il2"  # what the command line takes unless told otherwise
TABLE, BANDS, FOLDER = "table.csv", "bands.csv", "population"


def command(ask: Ask, offer: Offer, csv: str = TABLE) -> str:
    """`pkpd simulate ...` that writes the tidy table of an ask; only what differs from defaults appears."""
    return shlex.join(["pkpd", "simulate", ask.schedule, *_options(ask, offer), "--csv", csv])


def bands_command(
    ask: Ask, offer: Offer, kind: str = "uncertainty", patients: int = 200, seed: int = 1, file: str = BANDS
) -> str:
    """The command of a band: `pkpd simulate` writes that of the draws to `file`, `pkpd population` writes a folder with
    a table of that name. AskError where there are no draws.
    """
    if kind == "population":
        # a study goes before a schedule of the same name there
        text = schedule_of(ask).text if ask.schedule in built_in("study") else ask.schedule
        size = ["--patients", str(patients), "--seed", str(seed), "--no-uncertainty", "--no-figures"]
        return shlex.join(["pkpd", "population", text, *_options(ask, offer), *size, "--output", FOLDER])
    if (found := offer.draws.get((ask.model, ask.set))) is None:
        raise AskError(f"there are no draws of the parameters of model {ask.model}, set '{ask.set}'", "set")
    drawn = ["--uncertainty", found.typed, "--bands", file]
    return shlex.join(["pkpd", "simulate", ask.schedule, *_options(ask, offer), *drawn])


def commands(asks: Sequence[tuple[str, Ask]], offer: Offer) -> str:
    """A text with one command a regimen, each below its label, each to a file of its own."""
    lines = [f"# pkpd {__version__}"]
    for number, (label, ask) in enumerate(asks, 1):
        csv = TABLE if len(asks) == 1 else f"table_{number}.csv"
        lines += ["", f"# {printable(label) or f'regimen {number}'}", command(ask, offer, csv)]
    return "\n".join(lines) + "\n"


def _options(ask: Ask, offer: Offer) -> list[str]:
    """The options of an ask that are not the command line's own."""
    model, typed = offer.models[ask.model], offer.sets[ask.set].typed
    words = ["--model", model] if model != MODEL else []
    words += ["--params", typed] if typed else []
    for name, text in ask.changes:
        words += ["--set", f"{name}={text}"]
    for option in ("days", "bsa", "weight"):
        text = getattr(ask, option)
        words += [f"--{option}", text] if text else []
    return words
