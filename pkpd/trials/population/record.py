"""A population written down: its tables as files, and the record from which it can be repeated."""

from __future__ import annotations

from typing import Any

from ...output.tables import Table, stack
from ...parameters import Parameters
from ..record import to_record
from ..uncertainty import to_tables
from .result import Population

TABLES = ("bands.csv", "endpoints.csv", "summary.csv", "patients.csv", "drawn.csv", "correlations.csv", "failures.csv")

RULED = ("events.csv", "doses.csv", "standing.csv", "rules.csv", "levels.csv")


def csv_files(found: Population) -> dict[str, bytes]:
    """Every table by the name of its file; spread.csv only with draws, and those of rules only with rules."""
    tables: dict[str, Table] = {
        "bands.csv": found.bands,
        "endpoints.csv": found.endpoints,
        "summary.csv": found.table(),
        "patients.csv": found.patients,
        "drawn.csv": found.drawn,
        "correlations.csv": found.correlations,
        "failures.csv": found.failures,
    }
    if found.draws:
        tables["spread.csv"] = found.spread
    if own := found.rulings:
        each = ([r.events(), r.doses(), r.standing(), r.numbers(), r.levels()] for r in own)
        tables |= dict(zip(RULED, map(stack, zip(*each, strict=True)), strict=True))
    return {name: table.to_csv().encode() for name, table in tables.items()}


def population_record(
    found: Population, command: str, tables: dict[str, bytes], validated: Parameters | None = None
) -> dict[str, Any]:
    """What `run.json` holds: the run of every arm with resolved parameters and schedules, seed, number of patients, the
    covariates, every bit of the draws, and the rules of each arm with their visits.
    """
    run = to_record(found.run, command, tables) | to_tables(found.run, found.uncertainty, validated)
    covariates = {
        c.name: {
            "counts": dict(c.counts),
            "effects": [{"level": e.level, "parameter": e.parameter, "factor": e.factor} for e in c.effects],
            "source": list(c.source),
        }
        for c in found.arms[0].spread.covariates
    }
    return run | {
        "kind": "population",
        "seed": found.seed,
        "patients": found.count,
        "draws": found.draws,
        "quantities": list(found.more),
        "covariates": covariates,
        "rules": {
            r.log.arm: {"rules": [rule.text for rule in r.ruled.rules], "visits": list(r.ruled.visits)}
            for r in found.rulings
        },
        "replayed": any(r.ruled.log is not None for r in found.rulings),
        "around_draws": {
            arm.arm.name: {"failed": len(arm.draws_failed), "redrawn": arm.draws_redrawn} for arm in found.arms
        },
    }
