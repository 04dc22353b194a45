"""`pkpd report RESULT...`: one page of results, to hand on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import refuse_empty

if TYPE_CHECKING:
    from ..output.report.whole.result import Result

NAME = "report.html"


@click.command()
@click.argument("results", nargs=-1, metavar="RESULT...")
@click.option("--output", metavar="FILE", default=NAME, help="The page to write.  [default: report.html]")
@click.option("--title", metavar="TEXT", default="", help="Its heading.  [default: what was done]")
@click.option("--model", metavar="FILE:NAME", default="", help="Your own model, for results that were made with it.")
@click.option("--no-validation", is_flag=True, help="Leave out the predictions of the built-in studies.")
def report(results: tuple[str, ...], output: str, title: str, model: str, no_validation: bool) -> None:
    """Write one HTML page of every RESULT: a folder that pkpd wrote, its run.json, or a file with a record beside it.

    The page says what was asked, the model's equations, parameters with sources, schedules, figures, tables, how the
    model fares against the built-in studies, limits, and how to repeat it. It needs no network and prints on A4. A file
    that was changed since it was written is named and not shown.

    \b
    Examples:
      pkpd report results/he2020 --output he2020.html
      pkpd report course.csv --output course.html --title "One course of IL-2"
      pkpd report results/he2020 results/fit --no-validation
    """
    place = _place(results, output, title, model)
    from ..output.provenance import check_place, write_results
    from ..output.report.whole.page import page
    from ..output.report.whole.result import read_result
    from .report_known import known_of

    check_place(place.parent, [place.name], f"{place.name}.run.json")
    read = tuple(read_result(name, f"r{k}") for k, name in enumerate(results, 1))
    _refuse_twice(read)
    known = known_of(read, model, validate=not no_validation)
    for said in (*(w for r in read for w in r.warnings), *known.warnings):
        click.echo(f"note: {said}", err=True)
    data = page(read, known, " ".join(title.split())).encode("utf-8")
    record = _record(read, place.name)
    write_results(place.parent, {place.name: data}, record, record_name=f"{place.name}.run.json")
    click.echo(f"Written: {place} and {place}.run.json")


def _place(results: tuple[str, ...], output: str, title: str, model: str) -> Path:
    """The file to write; a usage error for arguments that make no sense."""
    from ..model.registry import MODELS
    from ..output.report.whole.result import PAGES

    if not results:
        raise click.UsageError("name one or more results, for example results/he2020 or course.csv")
    refuse_empty({"--output": output, **dict.fromkeys(("RESULT",) * ("" in results), "")})
    if not output.endswith(PAGES):
        raise click.UsageError(f"--output takes a file ending in .html, not '{output}'")
    if model in MODELS:
        raise click.UsageError(f"--model names a model file of yours; {model} is built in and needs no naming")
    return Path(output)


def _refuse_twice(results: tuple[Result, ...]) -> None:
    """A result named twice, as folder and as record say, is a slip."""
    seen: dict[tuple[Path, str], Result] = {}
    for result in results:
        key = (result.folder.resolve(), result.label)
        if key in seen:
            raise click.UsageError(f"{result.label} is named twice")
        seen[key] = result


def _record(results: tuple[Result, ...], name: str) -> dict[str, Any]:
    """What the page rests on: each result by the digest of its record, and the sources of its parameters."""
    from ..output.report.whole.sets import sets_of
    from .run import command_line

    rested = [{"label": r.label, "kind": r.kind, "digest": r.record["digest"]} for r in results]
    found: dict[str, Any] = {
        "kind": "report",
        "name": name,
        "command": command_line(),
        "seed": None,
        "results": rested,
        "tables": {},
    }
    keys = {key for r in results for one in sets_of(r) for key in one.values.sources()}
    return found | {"source": sorted(keys)}
