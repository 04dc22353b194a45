"""`pkpd references`: where the numbers come from."""

from __future__ import annotations

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
    from ..references import bibliography, load_references

    for reference in bibliography(_keys(what) if what else load_references()):
        click.echo(str(reference))


def _keys(what: str) -> set[str]:
    """The reference keys behind a name or file."""
    from ..data import built_in, kind_of
    from ..dosing.library import read_schedules

    if what.endswith(".json"):
        return _of_record(what)
    kind = next((k for k in ("study", "parameters", "schedules") if what in built_in(k)), None) or kind_of(what)
    if kind == "study":
        return _of_study(what)
    if kind == "parameters":
        from ..parameters import load_parameters

        return set(load_parameters(what).sources())
    if kind == "schedules":
        return {key for table in read_schedules(None if what == "schedules" else what).values() for key in table.source}
    from ..references import load_references

    return set(load_references())


def _of_study(what: str) -> set[str]:
    from ..dosing.library import read_schedules
    from ..parameters import load_parameters
    from ..trials.study import load_study

    study, named = load_study(what), read_schedules()
    keys = {*study.source, *load_parameters("il2").sources(), *study.parameters.sources()}
    for arm in study.arms:
        keys |= {*arm.parameters.sources(), *(named[arm.schedule_name].source if arm.schedule_name in named else ())}
    return keys


def _of_record(what: str) -> set[str]:
    from ..errors import FileError
    from ..output.provenance import read_record

    record = read_record(what)
    try:
        tables = [t for arm in record["arms"].values() for t in arm["parameters"]["tables"].values()]
        return {str(key) for table in tables for key in table["source"]} | {str(key) for key in record["sources"]}
    except (KeyError, TypeError, AttributeError) as error:
        raise FileError(f"{what} is damaged: {type(error).__name__} at {error}") from None
