"""`pkpd references`: where the numbers come from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("what", required=False)
def references(what: str | None) -> None:
    """Print the bibliography of WHAT: a run.json, a study, a parameter set or file; of everything when left out.

    \b
    Examples:
      pkpd references he2020
      pkpd references results/he2020/run.json
      pkpd references il2
    """
    from ..parameters import FIT
    from ..references import bibliography, load_references

    keys = set(load_references()) if what is None else _keys(what)
    found = bibliography(key for key in keys if not key.startswith(FIT))
    for reference in found:
        click.echo(str(reference))
    if not found:
        click.echo("No sources: every value is assumed.")


def _keys(what: str) -> set[str]:
    """The reference keys behind a name or file."""
    from ..data import identify
    from ..references import load_references

    if what.endswith(".json"):
        return _of_record(what)
    kind, path = identify(what)
    if kind == "study":
        return _of_study(path)
    return set(load_references(path)) if kind == "references" else _said(path, kind)


def _said(path: Path, kind: str) -> set[str]:
    """Every source named in a file of ours, at any depth; values are not looked at, so no unit needs loading."""
    from ..data import read_toml

    return _sources(read_toml(path, kind))


def _sources(table: object) -> set[str]:
    if not isinstance(table, dict):
        return set()
    own = table.get("source", [])
    keys = {own} if isinstance(own, str) else {k for k in own if isinstance(k, str)} if isinstance(own, list) else set()
    return keys.union(*(_sources(value) for value in table.values()))


def _of_study(path: Path) -> set[str]:
    """The study's own sources, those of its named schedules, and those of the reference parameters."""
    from ..data import find, read_toml
    from ..dosing.library import read_schedules

    named, study = read_schedules(), read_toml(path, "study")
    arms = study.get("arms", {})
    used = [arm.get("schedule") for arm in arms.values() if isinstance(arm, dict)] if isinstance(arms, dict) else []
    keys = {key for name in used if isinstance(name, str) and name in named for key in named[name].source}
    return keys | _sources(study) | _said(find("il2", "parameters"), "parameters")


def _of_record(what: str) -> set[str]:
    from ..errors import FileError
    from ..output.provenance import read_record

    record = read_record(what, "")
    if record["kind"] != "run":
        return _sources(record)
    try:
        tables = [t for arm in record["arms"].values() for t in arm["parameters"]["tables"].values()]
        return {str(key) for table in tables for key in table["source"]} | {str(key) for key in record["sources"]}
    except (KeyError, TypeError, AttributeError) as error:
        raise FileError(f"{what} is damaged: {type(error).__name__} at {error}") from None
