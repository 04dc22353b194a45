"""Covariates of a study's patients with levels, such as sex: how many patients each level has, and what it changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from ..data import only_keys
from ..engine.functions import Vector
from ..errors import StudyError, nearest
from .sources import sources


@dataclass(frozen=True, slots=True)
class Effect:
    """In patients of `level`, `parameter` is `factor` times as large as in those of the first level."""

    level: str
    parameter: str
    factor: float
    source: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Covariate:
    """Levels with the number of patients counted in each; parameters hold for the first level."""

    name: str
    meaning: str
    counts: tuple[tuple[str, int], ...]
    effects: tuple[Effect, ...]
    source: tuple[str, ...]
    where: str = ""
    origin: str = ""

    def levels_of(self, uniforms: Vector) -> list[str]:
        """The level of each patient from a uniform number, in the shares that were counted."""
        borders = list(accumulate(count for _, count in self.counts))
        return [self.counts[bisect_right(borders, u * borders[-1])][0] for u in uniforms.tolist()]


def read_covariates(tables: Any, where: str) -> tuple[Covariate, ...]:
    """The table `covariates` of a study file; StudyError names what is unusable."""
    if not isinstance(tables, Mapping):
        raise StudyError(f"{where}: covariates are tables, one a covariate, not {tables!r:.40}")
    return tuple(_covariate(name, table, f"{where} [covariates.{name}]") for name, table in tables.items())


def _covariate(name: str, table: Any, where: str) -> Covariate:
    only_keys(table, ("where", "effects"), ("meaning", "counts", "source"), where)
    counts = table["counts"]
    usable = isinstance(counts, Mapping) and len(counts) > 1
    if not usable or any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in counts.values()):
        raise StudyError(f"{where}: counts are two or more levels with their patients, found {counts!r:.60}")
    if not sum(counts.values()):
        raise StudyError(f"{where}: no level has a patient")
    for key in ("meaning", "where"):
        if not isinstance(table.get(key, ""), str):
            raise StudyError(f"{where}: {key} is text, not {table[key]!r:.40}")
    effects = table.get("effects", [])
    if not isinstance(effects, list):
        raise StudyError(f"{where}: effects are a list of tables, found {effects!r:.40}")
    own = tuple(_effect(e, tuple(counts), f"{where} effect {k}") for k, e in enumerate(effects, 1))
    source = sources(table["source"], where)
    return Covariate(name, table["meaning"], tuple(counts.items()), own, source, table.get("where", ""), where)


def _effect(table: Any, levels: tuple[str, ...], where: str) -> Effect:
    only_keys(table, ("where",), ("level", "parameter", "factor", "source"), where)
    level, factor = table["level"], table["factor"]
    if level not in levels[1:]:
        raise StudyError(
            f"{where}: level {level!r:.40} is none of {', '.join(levels[1:])}{nearest(str(level), levels)}"
        )
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not 1e-6 < factor < 1e6:
        raise StudyError(f"{where}: factor is a number above 0, found {factor!r:.40}")
    if not isinstance(table["parameter"], str) or not isinstance(table.get("where", ""), str):
        raise StudyError(f"{where}: parameter and where are text")
    own = sources(table["source"], where)
    return Effect(level, table["parameter"], float(factor), own, table.get("where", ""))
