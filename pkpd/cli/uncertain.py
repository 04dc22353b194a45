"""Which draws a command uses, and what it says of them on standard error."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import FileError, printable

if TYPE_CHECKING:
    from ..inference.uncertainty.draws import Draws
    from ..parameters import Parameters
    from ..trials.run import Options, Run
    from ..trials.uncertainty import Uncertainty

BESIDE = "draws.csv"  # as a fit writes it beside fitted.toml


def draws_for(uncertainty: str | None, params: str | None, model: str) -> Draws | None:
    """The draws asked for: a file, `default` (those that come with the model), or with None those that belong to the
    parameter file. Says on standard error which were found, or that there are none; FileError when one asked for is
    missing.
    """
    from ..data import built_in
    from ..inference.uncertainty.draws import default_draws, read_draws

    if uncertainty not in (None, "default"):
        return read_draws(str(uncertainty))
    if uncertainty is None and params is not None and params not in built_in("parameters"):
        beside = Path(params).parent / BESIDE
        if not beside.is_file():
            tell([f"there is no {BESIDE} beside {params}, so no draws say how uncertain its values are"])
            return None
        tell([f"the draws in {beside} go with {params}"])
        return read_draws(beside)
    found = default_draws(model)
    if found is None and uncertainty == "default":
        raise FileError(f"model {model} comes with no draws of its parameters; name a file with --uncertainty")
    if found is None:
        tell([f"model {model} comes with no draws of its parameters, so none say how uncertain they are"])
    return found


def uncertainty_for(run: Run, options: Options, params: str | None, uncertainty: str | None) -> Uncertainty | None:
    """The uncertainty of a run, None where there is none."""
    from ..trials.uncertainty import uncertainty_of

    draws = draws_for(uncertainty, params, run.model)
    if draws is None:
        return None
    base = base_set(options)
    found, notes = uncertainty_of(run, draws, base, [name for name, _ in options.changes])
    tell([*notes, *cautions(draws, base)])
    return found


def cautions(draws: Draws, parameters: Parameters) -> list[str]:
    """What to know of draws of a set: which uncertain parameters they do not vary, and how many lie outside bounds."""
    from ..inference.uncertainty.coverage import narrow, outside

    return [sentence for sentence in (narrow(draws, parameters), outside(draws, parameters)) if sentence]


def base_set(options: Options) -> Parameters:
    """The whole set before single changes: the model's own, with the parameter file over it."""
    from ..engine.code.library import outline_of

    own = outline_of(options.model).defaults
    return own if options.parameters is None else options.parameters.over(own)


def tell(sentences: Sequence[str]) -> None:
    """Notes on standard error."""
    for sentence in sentences:
        click.echo(f"note: {printable(sentence)}", err=True)
