"""One patient, and the population, with every engine: errors, tolerances that give the same error, times."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import isfinite
from typing import Any

from .cases import Case
from .engines import HEYOKA, OURS
from .ours import population_call, whole_call
from .reference import Reference
from .rows import AS_ASKED, MATCHED, Effort, Row
from .search import loosest
from .timing import rounds

RTOL = 1e-6
Calls = dict[Row, Callable[[], Any]]


def one_patient(case: Case, made: dict[str, Any], reference: Reference, effort: Effort) -> list[Row]:
    """The typical patient, warm."""

    def error(engine: Any, rtol: float) -> float:
        return _tried(lambda: reference.error(engine.one(case.typical, rtol)()))

    rows, calls = list[Row](), Calls()
    for row in _settings(case, made, error, effort):
        rows.append(row)
        if row.rtol is not None:
            calls[row] = made[row.engine].one(case.typical, row.rtol)
    whole = Row(case.name, "pkpd.simulate, whole call", AS_ASKED, RTOL, note="text to all outputs")
    return _timed([*rows, whole], calls | {whole: whole_call(case)}, effort, lambda row: 1)


def population(case: Case, made: dict[str, Any], reference: Reference, effort: Effort) -> list[Row]:
    """Many patients, time of each; slow engines simulate a slice only. With one thread, and two where offered."""

    def error(engine: Any, rtol: float) -> float:
        return _tried(lambda: reference.error_many(engine.many(reference.few, rtol)()))

    made = {name: engine for name, engine in made.items() if effort.slice(name)}
    rows, calls = list[Row](), Calls()
    for row in _settings(case, made, error, effort):
        count = effort.slice(row.engine)
        row = _noted(row, f"{count} patients" if row.rtol is not None else row.note)
        rows.append(row)
        if row.rtol is not None:
            calls[row] = made[row.engine].many(case.patients[:count], row.rtol)
        if row.engine == HEYOKA and row.setting == MATCHED and row.rtol is not None:
            rows.append(_noted(row, f"{count} patients, 2 threads"))
            calls[rows[-1]] = made[HEYOKA].many(case.patients[:count], row.rtol, 2)
    for threads in (1, 2):
        note = f"{effort.patients} patients, {threads} thread{'s' if threads > 1 else ''}, values to all outputs"
        rows.append(Row(case.name, "pkpd.simulate_many", AS_ASKED, RTOL, note=note))
        calls[rows[-1]] = population_call(case, threads)
    return _timed(rows, calls, effort, lambda row: int(row.note.split()[0]))


def _settings(case: Case, made: dict[str, Any], error: Callable[[Any, float], float], effort: Effort) -> list[Row]:
    """Every engine at the relative tolerance all get, and each peer where its error is no larger than ours there."""
    ours = error(made[OURS], RTOL)
    rows = []
    for name, engine in made.items():
        if isinstance(engine, str):
            rows.append(Row(case.name, name, AS_ASKED, note=engine))
            continue
        own = ours if name == OURS else error(engine, RTOL)
        failed = Row(case.name, name, AS_ASKED, note="the solver gives up")
        rows.append(Row(case.name, name, AS_ASKED, RTOL, own) if isfinite(own) else failed)
        if name == OURS:
            continue
        found = loosest(partial(error, engine), ours, effort.per_decade)
        missing = Row(case.name, name, MATCHED, note="no tolerance reaches that error")
        rows.append(Row(case.name, name, MATCHED, *found) if found else missing)
    return rows


def _tried(error: Callable[[], float]) -> float:
    """The error, or infinity where the solver gives up."""
    try:
        return error()
    except (ArithmeticError, RuntimeError, ValueError):
        return float("inf")


def _noted(row: Row, note: str) -> Row:
    return Row(row.case, row.engine, row.setting, row.rtol, row.error, row.times, note)


def _timed(rows: list[Row], calls: Calls, effort: Effort, patients: Callable[[Row], int]) -> list[Row]:
    times = rounds(calls, effort.repeats, effort.budget)
    return [
        Row(r.case, r.engine, r.setting, r.rtol, r.error, times[r].per(patients(r)) if r in times else None, r.note)
        for r in rows
    ]
