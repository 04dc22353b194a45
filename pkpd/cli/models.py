"""`pkpd models`: the models there are."""

from __future__ import annotations

import click


@click.command()
def models() -> None:
    """List the built-in models.

    \b
    Example:
      pkpd models
    """
    from ..model.registry import MODELS, get_model

    for name in MODELS:
        found = get_model(name)
        routes = ", ".join(r.name for r in found.routes)
        click.echo(
            f"{name}: {found.meaning} ({len(found.states)} states, {len(found.parameters)} parameters, routes {routes})"
        )
