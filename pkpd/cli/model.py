"""`pkpd model NAME`: a model to read."""

from __future__ import annotations

import click


@click.command()
@click.argument("name", default="il2")
@click.option("--latex", is_flag=True, help="Print a LaTeX document that pdflatex compiles.")
@click.option("--fragment", is_flag=True, help="With --latex: only the equations, for a document with amsmath.")
@click.option("--params", metavar="FILE", help="Parameter file (or name) laid over the model's own.")
def model(name: str, latex: bool, fragment: bool, params: str | None) -> None:
    """Print the states, equations, parameters, dose routes and outputs of a model.

    \b
    Examples:
      pkpd model il2
      pkpd model il2 --latex > il2.tex
      pkpd model il2_minimal --latex --fragment
      pkpd model my_model.py:model
    """
    if fragment and not latex:
        raise click.UsageError("--fragment goes with --latex")
    from ..engine.code.library import outline_of
    from ..model.latex.whole import equations
    from ..model.latex.whole import latex as document
    from ..model.printing import describe
    from ..model.registry import get_model
    from ..parameters import load_parameters
    from ..simulation import default_parameters
    from ..trials.run import check_set

    found = get_model(name)
    values = default_parameters(found)
    if params:
        own = load_parameters(params)
        check_set(own, outline_of(found))
        values = own.over(values)
    if fragment:
        click.echo(equations(found))
    else:
        click.echo(document(found, values) if latex else describe(found, values))
