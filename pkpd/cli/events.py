"""`pkpd simulate --events TABLE`: every subject of an event table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .observed import UNITS, whole_set
from .options import declared, read_options, refuse_empty
from .uncertain import tell

if TYPE_CHECKING:
    from ..exchange.events.record import EventTable
    from ..exchange.events.simulate import EventRun
    from ..parameters import Parameters
    from .options import Asked

table_options = declared(
    (
        click.option("--events", metavar="FILE", help="An event table, one record a line, instead of a schedule."),
        *UNITS,
        click.option(
            "--records",
            metavar="observations|all",
            help="With --events: a row for each observation, or each record.  [default: observations]",
        ),
        click.option("--columns", metavar="LIST", help="With --events: outputs, e.g. treg,nk.  [default: all]"),
    )
)
_OWN = ("events", "time_unit", "amount_unit", "records", "columns")
# what an event table says itself, and what needs a single course
_NOT_WITH = ("days", "times", "step", "bsa", "weight")


def simulated_table(others: Mapping[str, Any], options: dict[str, Any]) -> bool:
    """Whether an event table was asked for, which is then simulated and written or printed; takes the options of event
    tables out. `others` are the verb's own options; a usage error names one that does not go with --events.
    """
    own = {f"--{name.replace('_', '-')}": options.pop(name) for name in _OWN}
    said = [option for option, value in own.items() if value]
    if not own["--events"]:
        refuse_empty({"--events": own["--events"]})
        if said:
            raise click.UsageError(f"{said[0]} goes with --events")
        return False
    csv = others["--csv"]
    given = [option for option, value in others.items() if value and option != "--csv"]
    given += [f"--{name}" for name in _NOT_WITH if options[name] is not None]
    given += ["--side"] * (options["side"] != "pre")
    if given:
        raise click.UsageError(f"{given[0]} does not go with --events, whose table says doses, times and their order")
    refuse_empty({"--csv": csv, "--records": own["--records"], "--columns": own["--columns"]})
    if csv is not None and csv.endswith(".json"):
        raise click.UsageError(f"--csv takes a file such as out.csv, not '{csv}': records end in .json")
    _simulate(own, csv, read_options(**options))
    return True


def _simulate(own: Mapping[str, str | None], csv: str | None, asked: Asked) -> None:
    from ..exchange.events.reading import read_events
    from ..exchange.events.simulate import RECORDS, simulate_events

    events = Path(own["--events"] or "")
    amount_unit = own["--amount-unit"] or ""
    table = read_events(events, time_unit=own["--time-unit"] or "", amount_unit=amount_unit)
    parameters = whole_set(asked.model, asked.params, asked.changes)
    run = simulate_events(
        table,
        asked.model,
        parameters,
        outputs=tuple(part.strip() for part in (own["--columns"] or "").split(",") if part.strip()),
        records=own["--records"] or RECORDS[0],
        amount_unit=amount_unit,
        engine=asked.engine,
        tolerances=asked.resolve().tolerances,
    )
    _tell(table, run, asked.model, amount_unit)
    data = run.table().to_csv().encode()
    if csv is None:
        click.echo(data.decode(), nl=False)
        return
    from ..output.provenance import write_results
    from ..trials.record import digests

    path = Path(csv)
    record = _record(events, run, asked, parameters) | {"tables": digests({path.name: data})}
    write_results(path.parent, {path.name: data}, record, record_name=f"{path.name}.run.json")
    click.echo(f"Written: {path} and {path.name}.run.json")


def _tell(table: EventTable, run: EventRun, model: str, amount_unit: str) -> None:
    """On standard error, what was understood: how a column was used is nothing a user should have to guess."""
    from ..engine.code.library import outline_of
    from ..exchange.events.covariates import below_zero, parameter_columns
    from ..exchange.events.dosing import understood

    shape = outline_of(model)
    said = [*table.notes, *understood(table, shape, amount_unit)]
    said += below_zero(table, parameter_columns(table, shape), shape)
    if run.covariates:
        give = f"{', '.join(run.covariates)} give{'s' * (len(run.covariates) == 1)} parameters"
        said.append(f"{give}, in the units these have in the model")
    unused = [name for name in table.covariates if name not in run.covariates]
    # why a column is not used, a note of the table may have said already
    unused += [name for name in table.unused if not any(f"'{name[:40]}'" in note for note in table.notes)]
    said += [f"not used, since no parameter is called so: {', '.join(unused)}"] if unused else []
    tell([*said, *(f"ID {f.id} could not be simulated, its rows are empty: {f.reason}" for f in run.failures)])


def _record(events: Path, run: EventRun, asked: Asked, parameters: Parameters) -> dict[str, Any]:
    """What was simulated; the table itself stays the user's, and the digest says which it was."""
    from ..output.provenance import digest
    from ..trials.record import head, set_table
    from .run import command_line

    return head("events", events.name, command_line(), asked.model, None, asked.resolve().tolerances) | {
        "engine": asked.engine,
        "events": {"file": events.name, "digest": digest(events.read_bytes())},
        "covariates": list(run.covariates),
        "units": dict(zip(run.outputs, run.units, strict=True)),
        "parameters": set_table(parameters),
        "failures": [[failure.id, failure.reason] for failure in run.failures],
    }
