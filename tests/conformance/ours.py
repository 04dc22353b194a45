"""The two structures of the suite in pkpd's grammar, and an event table of it simulated."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from exact import RATES, VOLUME
from scenario import VALUES, Scenario

from pkpd.engine.tolerances import Tolerances
from pkpd.exchange.events.reading import read_events
from pkpd.exchange.events.simulate import EventRun, simulate_events
from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build

FOLDER = Path(__file__).resolve().parent
FINE = Tolerances(1e-10, 1e-12)


def depot_and_central(m: Builder) -> None:
    """CMT 1 and 2 with the routes that feed them; RENAL multiplies the elimination."""
    depot, central = m.state("depot", "mg"), m.state("central", "mg")
    m.flow("absorption", m.parameter("ka", "1/h", value=float(RATES["ka"])) * depot, out_of=depot, into=central)
    k, renal = m.parameter("k", "1/h", value=float(RATES["k"])), m.parameter("renal", "1", value=1)
    m.flow("elimination", k * renal * central, out_of=central)
    for number, name, into in ((1, "sc", depot), (2, "iv", central)):
        units = {"bioavailability": ("f", "1"), "lag": ("alag", "h"), "rate": ("r", "mg/h"), "duration": ("d", "h")}
        said = {what: (f"{short}{number}", unit) for what, (short, unit) in units.items()}
        values = {what: m.parameter(p, unit, value=VALUES[p.upper()]) for what, (p, unit) in said.items()}
        m.route(name, into=into, unit="mg", **values)
    m.output("depot", depot, "mg")
    m.output("central", central, "mg")
    m.output("concentration", central / m.parameter("volume", "L", value=float(VOLUME)), "mg/L")


def peripheral(m: Builder) -> None:
    """CMT 3, which no route feeds."""
    outer = m.state("peripheral", "mg")
    m.flow("out", m.parameter("k12", "1/h", value=float(RATES["k12"])) * m["central"], out_of=m["central"], into=outer)
    m.flow("back", m.parameter("k21", "1/h", value=float(RATES["k21"])) * outer, out_of=outer, into=m["central"])
    m.output("peripheral", outer, "mg")


@lru_cache
def model(structure: str) -> Model:
    """The structure `one` or `two`."""
    blocks = (depot_and_central,) if structure == "one" else (depot_and_central, peripheral)
    return build(f"conformance_{structure}", *blocks)


def simulated(scenario: Scenario, records: str, **changes: float) -> EventRun:
    """The shipped event table with the values of the scenario, those given here changed."""
    own = model(scenario.structure)
    values = {name.lower(): float(value) for name, value in scenario.values.items()} | changes
    table = read_events(FOLDER / "events" / f"{scenario.name}.csv", time_unit="h")
    return simulate_events(table, own, parameters=own.defaults.set(**values), tolerances=FINE, records=records)


def shipped(scenario: Scenario, records: str) -> tuple[list[list[str]], np.ndarray]:
    """ID and TIME of each row of the shipped solution, and its outputs: of EVID 0 and 2 unless all are asked for."""
    text = (FOLDER / "exact" / f"{scenario.name}.csv").read_text("utf-8")
    lines = [line.split(",") for line in text.splitlines()[1:]]
    lines = [line for line in lines if records == "all" or line[2] in ("0", "2")]
    return [line[:2] for line in lines], np.array([[float(cell) for cell in line[3:]] for line in lines])


def error(scenario: Scenario, records: str = "all", **changes: float) -> float:
    """The largest deviation of any output from the shipped solution, relative to the peak of that output."""
    run, (places, want) = simulated(scenario, records, **changes), shipped(scenario, records)
    assert not run.failures, run.failures
    assert [list(pair) for pair in zip(run.ids, run.times, strict=True)] == places
    found = np.column_stack([run[name] for name in scenario.outputs])
    peaks = np.array([scenario.peaks[name] for name in scenario.outputs])
    return float(np.max(np.abs(found - want) / peaks))
