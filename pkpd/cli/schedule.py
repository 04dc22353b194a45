"""`pkpd schedule NAME`: what a schedule is, in a sentence and as a list of doses."""

from __future__ import annotations

import click

from .options import bsa_option, size, weight_option


@click.command()
@click.argument("schedule")
@bsa_option
@weight_option
def schedule(schedule: str, bsa: str | None, weight: str | None) -> None:
    """Describe SCHEDULE (a name, or a text in the schedule language) and list its doses with their total.

    Doses per m2 or per kg are listed as prescribed, and as given when --bsa or --weight is there.

    \b
    Examples:
      pkpd schedule he2020
      pkpd schedule "0.4 MIU/m2 daily x5" --bsa 1.6
      pkpd schedule "1 MIU every 2d x7, miss 3, rest 14d, repeat 2"
    """
    from ..dosing.library import load_schedule
    from ..dosing.listing import dose_list
    from ..dosing.sentence import sentence

    plan = load_schedule(schedule)
    click.echo(sentence(plan))
    click.echo(dose_list(plan, size(bsa, "m2", "--bsa"), size(weight, "kg", "--weight")))
