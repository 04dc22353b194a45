"""What `pkpd predict` and `pkpd vpc` share: the set of parameters, its draws, and what was read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import declared
from .uncertain import cautions, draws_for, tell

if TYPE_CHECKING:
    from ..inference.uncertainty.draws import Draws
    from ..parameters import Parameters
    from ..studies.events import EventReading
    from ..studies.observation import Observations


# how event tables are read
UNITS = (
    click.option("--time-unit", default="", metavar="h|d", help="Of event tables: TIME is in hours or days."),
    click.option("--amount-unit", default="", metavar="UNIT", help="Of event tables: of AMT.  [default: its route's]"),
)
EVENTS = (
    click.option(
        "--dv",
        multiple=True,
        metavar="NAME",
        help="Of event tables: the output in DV, e.g. treg; with DVID, 1=treg; repeatable.",
    ),
    *UNITS,
)
EVENT_NAMES = ("dv", "time_unit", "amount_unit")
event_options = declared(EVENTS)


def event_reading(model: str, dv: Sequence[str], time_unit: str, amount_unit: str) -> EventReading:
    """What these options say."""
    from ..studies.events import EventReading, mapping

    return EventReading(model, time_unit, amount_unit, mapping(dv))


def rows_of(files: Sequence[str], model: str, **tables: Any) -> Observations:
    """The observations of all files, event tables read as their options say."""
    from ..studies.library import load_observations

    return load_observations(*files, events=event_reading(model, **tables))


def whole_set(model: str, params: str | None, sets: tuple[tuple[str, str], ...]) -> Parameters:
    """The model's own parameters, the file's values over them, then single changes."""
    from ..engine.code.library import outline_of
    from ..parameters import load_parameters
    from ..trials.run import check_set

    shape = outline_of(model)
    base = shape.defaults
    if params is not None:
        own = load_parameters(params)
        check_set(own, shape)
        base = own.over(base)
    return base.set("--set", **dict(sets))


def draws_left(
    uncertainty: str | None, params: str | None, model: str, changed: Sequence[str], parameters: Parameters
) -> Draws | None:
    """The draws to use, less what was set for this call, which a note tells; None where nothing is left."""
    from ..inference.uncertainty.bands import without

    found = draws_for(uncertainty, params, model)
    if found is None:
        return None
    tell(cautions(found, parameters))
    left = without(found, changed)
    fixed = [name for name in found.names if name in changed]
    if left is not None and fixed:
        tell([f"the draws do not vary {', '.join(fixed)}, set for this call"])
    return left


def read_digests(files: Sequence[str]) -> dict[str, str]:
    """Digests of all files behind studies and observation files, for the record."""
    from ..data import built_in
    from ..output.provenance import digest

    studies = built_in("study")
    paths = {name: studies.get(name, Path(name)) for name in files}
    return {
        path.name if name in studies else str(path): digest(path.read_bytes())
        for name, first in paths.items()
        for path in dict.fromkeys((first, first.with_suffix(".toml"), first.with_suffix(".csv")))
        if path.is_file()
    }
