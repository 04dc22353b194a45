"""`pkpd schedules`: the named schedules."""

from __future__ import annotations

import click


@click.command()
@click.argument("file", required=False)
def schedules(file: str | None) -> None:
    """List the named schedules, built in or of FILE, with their text and meaning.

    \b
    Examples:
      pkpd schedules
      pkpd schedules my_schedules.toml
    """
    from ..dosing.library import read_schedules

    if file == "":
        raise click.UsageError("FILE is a schedules file, not an empty text")

    for name, table in read_schedules(file).items():
        click.echo(f"{name}: {table.text}\n    {table.meaning} [{', '.join(table.source)}]")
