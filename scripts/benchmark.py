"""pkpd's engine beside its peers, in one run: python scripts/benchmark.py [--quick] [--json FILE]

Every engine solves the same equations, generated from pkpd's own declaration, under 42 doses in 24 weeks with 337
sampling times, and starts again at each dose. Each is timed at a relative tolerance of 1e-6 with the absolute
tolerances it offers, and at the loosest tolerance whose largest output error is no larger than pkpd's; goals are judged
on the second. Errors are against scipy's LSODA at 1e-12. The right-hand side in plain Python stands there twice: as one
writes it first, and tuned, with constants taken out and every number a float.

No peer is needed by pkpd; one that is not installed gives a row that says so. To install them:

    pip install libroadrunner antimony heyoka CyRK
    pip install numbalsoda      # needs a Fortran compiler
    pip install starlette uvicorn playwright shiny  # and chromium: the page, and a Shiny page beside it
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.cases import Case, case
from benchmarks.cold import Start, starts
from benchmarks.derivatives import derivatives
from benchmarks.engines import HEYOKA, JUDGED, MAKERS, MISSING, OURS, engines
from benchmarks.events import events
from benchmarks.fits import fits
from benchmarks.goals import goals
from benchmarks.growth import growth
from benchmarks.heyoka_program import program
from benchmarks.million import million
from benchmarks.page import page
from benchmarks.patients import one_patient, population
from benchmarks.reference import AGREEMENT, Reference
from benchmarks.rows import FULL, QUICK, Effort, Row
from benchmarks.table import engines_table, goals_table, growth_table, starts_table
from benchmarks.trials import trials

CASES = ("thirteen_states", "il2")
LIBRARIES = ("numpy", "scipy", "numba", "libroadrunner", "heyoka", "CyRK", "numbalsoda", "shiny")


def main() -> None:
    """Measure, print the tables, and write them as JSON if a file is named."""
    parser = argparse.ArgumentParser(description="pkpd's engine beside its peers")
    parser.add_argument(
        "--quick", action="store_true", help="under a minute: only peers that goals name, fewer patients and rounds"
    )
    parser.add_argument("--json", metavar="FILE", help="write every number to this file too")
    asked = parser.parse_args()
    begin = perf_counter()
    found = measured(QUICK if asked.quick else FULL)
    if asked.json:
        Path(asked.json).write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(f"{perf_counter() - begin:.0f} s in all{load()}")


def measured(effort: Effort) -> dict[str, Any]:
    """Every number, printed table by table as it comes."""
    machine = dict(surroundings())
    print(", ".join(f"{name} {value}" for name, value in machine.items()), end="\n\n", flush=True)
    cases = [case(name, patients=effort.patients) for name in CASES]
    one, many = list[Row](), list[Row]()
    for each in cases:
        here, there = compared(each, effort)
        one, many = one + here, many + there
    sizes = list(growth(effort))
    print(growth_table(sizes), flush=True)
    moved = derivatives(cases[-1], effort)
    print(engines_table(f"{cases[-1].name}: derivatives with respect to 8 parameters", moved, moved[0]), flush=True)
    fitted, drawn = [*fits(effort), *trials(effort), *events(effort)], page(effort)
    for name in dict.fromkeys(r.case for r in (*fitted, *drawn)):
        here = [r for r in (*fitted, *drawn) if r.case == name]
        print(engines_table(name, here, here[0]), flush=True)
    begun = [*started(cases[-1], effort), million(2048 if effort.quick else 20480)]
    print(starts_table(begun), flush=True)
    judged = list(goals(one, many, begun, [*fitted, *drawn]))
    print(goals_table(judged), flush=True)
    parts = {"one": one, "population": many, "derivatives": moved, "fits": fitted, "growth": sizes, "starts": begun}
    parts |= {"page": drawn, "goals": judged}
    return {"machine": machine} | {name: [asdict(row) for row in rows] for name, rows in parts.items()}


def compared(each: Case, effort: Effort) -> tuple[list[Row], list[Row]]:
    """One patient and the population of a case, with every engine."""
    reference = Reference(each, effort.known)
    apart = reference.agreement(effort.quick)
    verdict = "" if apart <= AGREEMENT else f": MORE than {AGREEMENT:g}, errors near it mean nothing"
    print(f"{each.name}: {len(each.model.states)} states; two references agree within {apart:.1e}{verdict}\n")
    made = engines(each, JUDGED if effort.quick else tuple(MAKERS))
    one = one_patient(each, made, reference, effort)
    print(engines_table(f"{each.name}: one patient, warm", one, one[0]), flush=True)
    many = population(each, made, reference, effort)
    print(engines_table(f"{each.name}: many patients, time of each", many, many[0]), flush=True)
    assert one[0].engine == many[0].engine == OURS
    return one, many


def started(each: Case, effort: Effort) -> Iterator[Start]:
    """Processes from their start."""
    installed = engines(each, (HEYOKA,))[HEYOKA] != MISSING
    yield from starts(program(each) if installed else None, 1 if effort.quick else 3, effort.quick)


def load() -> str:
    """How busy the machine was, where it tells: with more than this one process at work, two threads share a core."""
    if not hasattr(os, "getloadavg"):
        return ""
    return f"; on average {os.getloadavg()[1]:.1f} processes at work in the last 5 minutes on {os.cpu_count()} cores"


def surroundings() -> Iterator[tuple[str, str]]:
    """What the numbers depend on beside the code."""
    yield "Python", platform.python_version()
    yield "on", f"{platform.system()} {platform.machine()}"
    for name in LIBRARIES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


if __name__ == "__main__":
    sys.exit(main())
