"""`pkpd export petab STUDY...`: a fit as a PEtab problem."""

from __future__ import annotations

from typing import Any

import click

from .fit_options import listed
from .observed import event_options, event_reading
from .options import declared, model_option, params_option, read_changes, refuse_empty, set_option


@click.command()
@click.argument("studies", nargs=-1, required=True, metavar="STUDY...")
@declared((model_option, params_option, set_option))
@event_options
@click.option("--vary", required=True, metavar="LIST", help="Parameters to fit, e.g. treg_ec50,treg_activation.")
@click.option("--priors/--no-priors", default=True, help="Use the priors of the parameter file.  [default: use]")
@click.option("--roles", default="fit", metavar="LIST", help="Rows to fit: fit, check, design.  [default: fit]")
@click.option("--petab-version", type=click.IntRange(1, 2), default=1, metavar="1|2", help="[default: 1]")
@click.option("--output", required=True, metavar="FOLDER", help="Where to write.")
def petab(studies: tuple[str, ...], vary: str, roles: str, petab_version: int, output: str, **options: Any) -> None:
    """Write the fit that `pkpd fit` would make of every STUDY as a PEtab problem, checked by petab's own linter.

    What PEtab cannot hold (bounds, windows of several days, shifts that rows share) is left out and said.
    Needs pkpd[exchange].

    \b
    Examples:
      pkpd export petab hao2020 --vary treg_activation --output petab
    """
    refuse_empty({"--output": output, "--params": options["params"]})
    names, kinds = listed(vary, "--vary"), listed(roles, "--roles")
    changes = read_changes(options["model"], options["changes"])
    from ..exchange.petab.check import lint
    from ..exchange.petab.problem import petab_problem, write_petab
    from .observed import whole_set
    from .run import command_line

    found = petab_problem(
        studies,
        options["model"],
        whole_set(options["model"], options["params"], changes),
        names,
        priors=options["priors"],
        roles=kinds,
        version=petab_version,
        events=event_reading(options["model"], options["dv"], options["time_unit"], options["amount_unit"]),
    )
    for row, reason in found.left_out:
        click.echo(f"note: left out: {row.origin}: {reason}", err=True)
    for complaint in lint(found):
        click.echo(f"note: petab's linter: {complaint}", err=True)
    written = write_petab(found, output, {"command": command_line()})
    rows = f"{found.held} row{'s' * (found.held != 1)}"
    click.echo(
        f"Written to {output}, with {rows} ({len(found.left_out)} left out): {', '.join(path.name for path in written)}"
    )
