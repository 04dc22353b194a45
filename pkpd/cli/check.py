"""`pkpd check FILE...`: is a file right, and what do its values rest on?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ..errors import PkpdError, printable
from .observed import event_options, event_reading

RECORDED = {"events": "an event table", "export": "an export", "optimisation": "an optimisation"}


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--model", metavar="NAME", help="Check against this model; by default that of a parameter file, else il2."
)
@event_options
def check(files: tuple[str, ...], model: str | None, **tables: Any) -> None:
    """Validate parameter, schedule, reference, study and conduct files, tables of observations and of events, and run
    records; count measured, derived, fitted and assumed values, and print observations as they were understood.

    \b
    Examples:
      pkpd check params/il2.toml params/schedules.toml
      pkpd check my_parameters.toml --model my_model.py:model
      pkpd check cohort.csv
    """
    failed = 0
    for file in files:
        try:
            click.echo(f"{file}: {_verdict(file, model, tables)}")
        except PkpdError as error:
            failed += 1
            click.echo(f"{file}: not valid: {printable(str(error))}", err=True)
    if failed:
        raise click.ClickException(f"{failed} of {len(files)} files {'is' if failed == 1 else 'are'} not valid")


def _verdict(file: str, model: str | None, tables: dict[str, Any]) -> str:
    from ..data import identify
    from ..references import load_references

    if file.endswith(".json"):
        return _record(file, model)
    if file.lower().endswith((".csv", ".tsv", ".txt")):
        from ..exchange.events.reading import is_event_table
        from .check_events import events_report
        from .check_observations import of_ours, table_report

        if said := of_ours(file):
            return said
        if is_event_table(Path(file)):
            return events_report(file, event_reading(model or "il2", **tables))
        return table_report(file, model or "il2")
    kind, path = identify(file)
    if kind == "parameters":
        return _parameters(path, model)
    if kind == "study":
        return _study(path, model)
    if kind == "schedules":
        return _schedules(path)
    if kind == "conduct":
        return _conduct(path)
    return f"{len(load_references(path))} references"


def _parameters(path: Path, model: str | None) -> str:
    from ..engine.code.library import outline_of
    from ..engine.compile import bind
    from ..model.registry import MODELS
    from ..parameters import load_parameters
    from ..trials.run import check_set

    found = load_parameters(path)
    counts = ", ".join(f"{n} {basis}" for basis, n in found.count().items())
    text = f"{len(found)} parameter{'s' * (len(found) != 1)}: {counts}"
    # A model that only the file names is not loaded: it could be any Python file.
    if not (name := model or (found.model if found.model in MODELS else "")):
        named = f"model {found.model} is not built in" if found.model else "the file names no model"
        return f"{text}; {named}, so names and dimensions are not checked without --model"
    against = outline_of(name)
    check_set(found, against)
    bind(name, found.over(against.defaults))
    missing = len(against.parameters) - len(found)
    return f"{text}; fits model {against.name}" + (
        f", whose own values stand for the other {missing}" if missing else ""
    )


def _study(path: Path, model: str | None) -> str:
    """Also what only shows when the study is run: names and units of parameters, routes, body sizes."""
    from ..engine.compile import bind
    from ..engine.events import actions
    from ..errors import StudyError
    from ..studies.study import load_study
    from ..trials.adaptive.text import read_rules
    from ..trials.conduct.terms import conduct_of
    from ..trials.run import PLAIN, rule_notes, study_run
    from .check_observations import study_report

    study = load_study(path)
    run = study_run(study, replace(PLAIN, model=model or PLAIN.model))
    if notes := [note for note in run.notes if note not in rule_notes(study)]:
        raise StudyError(f"{path.name}: {notes[0]}")
    conduct_of(study)
    for own in study.arms:
        read_rules(own.rules, f"{path.name}, arm {own.name}")
    for arm in run.arms:
        actions(bind(run.model, arm.parameters), arm.schedule, arm.bsa, arm.weight)
    arms = ", ".join(f"{arm.name} ({arm.n} patients, {arm.schedule_name})" for arm in study.arms)
    observed = study_report(path, run.model)
    size, seen = len(study.arms), len(study.visits)
    text = f"a study of {size} arm{'s' * (size != 1)} over {study.days:g} days with {seen} visit{'s' * (seen != 1)}"
    return f"{text}: {arms}" + (f"; {observed}" if observed else "")


def _conduct(path: Path) -> str:
    from ..trials.conduct.terms import load_conduct

    found = load_conduct(path)
    counts = ", ".join(f"{n} {basis}" for basis, n in found.count().items() if n)
    return f"{len(found)} values of how a virtual trial goes: {counts}"


def _schedules(path: Path) -> str:
    from ..dosing.library import read_schedules
    from ..references import bibliography

    found = read_schedules(path)
    bibliography(key for table in found.values() for key in table.source)
    return f"{len(found)} schedules: {', '.join(found)}"


def _record(file: str, model: str | None) -> str:
    from ..output.provenance import read_record
    from ..trials.record import from_record
    from ..trials.uncertainty import from_tables

    record = read_record(file, "")
    if record["kind"] != "run":
        return f"the record of {RECORDED.get(record['kind'], 'a ' + record['kind'])}: {record['command']}"
    run = from_record(record, file, model or "")
    from_tables(run, record, file)
    return f"a run of model {run.model} with {len(run.arms)} arms at {len(run.times)} times"
