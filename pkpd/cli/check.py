"""`pkpd check FILE...`: is a file right, and what do its values rest on?"""

from __future__ import annotations

import click

from ..errors import PkpdError


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--model", metavar="NAME", help="Check a parameter file against this model instead of the one it names.")
def check(files: tuple[str, ...], model: str | None) -> None:
    """Validate parameter, schedule, reference and study files and run records; count measured, derived, fitted and
    assumed values.

    \b
    Examples:
      pkpd check params/il2.toml params/schedules.toml
      pkpd check my_parameters.toml --model my_model.py:model
    """
    failed = 0
    for file in files:
        try:
            click.echo(f"{file}: {_verdict(file, model)}")
        except PkpdError as error:
            failed += 1
            click.echo(f"{file}: not valid: {' '.join(str(error).split())}", err=True)
    if failed:
        raise click.ClickException(f"{failed} of {len(files)} files {'is' if failed == 1 else 'are'} not valid")


def _verdict(file: str, model: str | None) -> str:
    from ..data import built_in, find, kind_of

    if file.endswith(".json"):
        return _record(file, model)
    named = next((kind for kind in ("parameters", "study", "schedules", "references") if file in built_in(kind)), "")
    kind = named or kind_of(file)
    path = str(find(file, kind))
    if kind == "parameters":
        return _parameters(path, model)
    if kind == "study":
        from ..trials.study import load_study

        study = load_study(path)
        arms = ", ".join(f"{arm.name} ({arm.n} patients, {arm.schedule_name})" for arm in study.arms)
        return f"a study of {len(study.arms)} arms over {study.days:g} days with {len(study.visits)} visits: {arms}"
    if kind == "schedules":
        return _schedules(path)
    from pathlib import Path

    from ..references import load_references

    return f"{len(load_references(Path(path)))} references"


def _parameters(path: str, model: str | None) -> str:
    from ..engine.compile import bind
    from ..errors import ParameterError, nearest
    from ..model.registry import get_model
    from ..parameters import load_parameters
    from ..simulation import default_parameters

    found = load_parameters(path)
    counts = ", ".join(f"{n} {basis}" for basis, n in found.count().items())
    text = f"{len(found)} parameters: {counts}"
    if not (name := model or found.model):
        return f"{text}; the file names no model, so names and dimensions are not checked"
    against = get_model(name)
    declared = {d.name: d.unit for d in against.parameters}
    for parameter in found.values():
        if parameter.name not in declared:
            hint = nearest(parameter.name, declared)
            raise ParameterError(f"{found.origin} [{parameter.name}]: model {against.name} has no such parameter{hint}")
        try:
            parameter.in_unit(declared[parameter.name])
        except ParameterError as error:
            raise ParameterError(f"{found.origin} [{parameter.name}]: {error}") from None
    bind(against, found.over(default_parameters(against)))
    missing = len(declared) - len(found)
    return f"{text}; fits model {against.name}" + (
        f", whose own values stand for the other {missing}" if missing else ""
    )


def _schedules(path: str) -> str:
    from ..dosing.library import read_schedules
    from ..references import bibliography

    found = read_schedules(path)
    bibliography(key for table in found.values() for key in table.source)
    return f"{len(found)} schedules: {', '.join(found)}"


def _record(file: str, model: str | None) -> str:
    from ..output.provenance import read_record
    from ..trials.run import from_record

    run = from_record(read_record(file), file, model or "")
    return f"a run of model {run.model} with {len(run.arms)} arms at {len(run.times)} times"
