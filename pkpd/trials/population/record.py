"""A population written down: its tables as files, and the record from which it can be repeated."""

from __future__ import annotations

from typing import Any

from ...output.tables import Table
from ...parameters import Parameters
from ..record import to_record
from ..uncertainty import to_tables
from .result import Population

TABLES = ("bands.csv", "endpoints.csv", "summary.csv", "patients.csv", "drawn.csv", "correlations.csv", "failures.csv")


def csv_files(found: Population) -> dict[str, bytes]:
    """Every table by the name of its file; spread.csv only with draws."""
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
    return {name: table.to_csv().encode() for name, table in tables.items()}


def population_record(
    found: Population, command: str, tables: dict[str, bytes], validated: Parameters | None = None
) -> dict[str, Any]:
    """What `run.json` holds: the run of every arm with resolved parameters and schedules, seed, number of patients, the
    covariates, every bit of the draws.
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
        "around_draws": {
            arm.arm.name: {"failed": len(arm.draws_failed), "redrawn": arm.draws_redrawn} for arm in found.arms
        },
    }
