"""An event table of 100,000 rows: read, simulated and written, beside scipy's LSODA restarted at each dose."""

from __future__ import annotations

import time
from functools import partial

import numpy as np
from scipy.integrate import solve_ivp

import pkpd

from .cases import Vector
from .rows import AS_ASKED, Effort, Row
from .timing import Times

TABLE, OURS = "event table, 1,000 subjects, 100,000 rows", "pkpd.simulate_events, read and written"
LSODA = "scipy LSODA, restarted at each dose, simulation only"
SUBJECTS, DOSES, KA, V = 1000, 14, 1.0, 20.0
HOURS = np.arange(99) * 1.5 + 0.5


def oral(m: pkpd.Builder) -> None:
    """One compartment with a depot; the clearance is a column of the table."""
    depot, central = m.state("depot", "mg"), m.state("central", "mg")
    volume = m.parameter("V", "L", value=V)
    m.flow("absorption", m.parameter("ka", "1/h", value=KA) * depot, out_of=depot, into=central)
    m.flow("elimination", m.parameter("CL", "L/h", value=2.0) / volume * central, out_of=central)
    m.route("oral", into=depot, unit="mg")
    m.output("CP", central / volume, "mg/L")


def events(effort: Effort) -> list[Row]:
    """The whole way of a table on all cores; LSODA simulates some subjects on one, and its time is multiplied."""
    model, text = pkpd.build("oral", oral, time="h"), table()
    pkpd.simulate_events(pkpd.read_event_text(text.split("\n2,")[0], "one", time_unit="h"), model)  # compiled
    found = [_seconds(partial(_whole, text, model)) for _ in range(1 if effort.quick else 3)]
    own = Times(min(found), float(np.median(found)), len(found))
    known = 2 if effort.quick else 20
    theirs = _seconds(lambda: [_lsoda(2 + k % 30 / 10) for k in range(known)]) / known * SUBJECTS
    rows = [Row(TABLE, OURS, AS_ASKED, 1e-6, times=own)]
    return [*rows, Row(TABLE, LSODA, AS_ASKED, 1e-6, times=Times(theirs, theirs, 1), note="extrapolated")]


def table() -> str:
    """Every subject gets fourteen doses of 100 mg, one every twelve hours, and is observed 99 times."""
    lines = ["ID,TIME,AMT,EVID,CMT,II,ADDL,CL"]
    for k in range(SUBJECTS):
        clearance = 2 + k % 30 / 10
        lines.append(f"{k + 1},0,100,1,1,12,{DOSES - 1},{clearance:g}")
        lines += [f"{k + 1},{hour:g},.,0,.,.,.,{clearance:g}" for hour in HOURS]
    return "\n".join(lines) + "\n"


def _whole(text: str, model: pkpd.Model) -> str:
    return pkpd.simulate_events(pkpd.read_event_text(text, "table", time_unit="h"), model).table().to_csv()


def _lsoda(clearance: float) -> list[Vector]:
    """One subject, stopped at each dose."""
    rate, y, found = clearance / V, np.zeros(2), []
    for k in range(DOSES):
        begin, end = 12.0 * k, 12.0 * (k + 1)
        y = y + np.array([100.0, 0.0])
        asked = HOURS[(begin < HOURS) & (end >= HOURS)]
        slopes = lambda t, y: [-KA * y[0], KA * y[0] - rate * y[1]]  # noqa: E731
        run = solve_ivp(slopes, (begin, end), y, method="LSODA", rtol=1e-6, atol=1e-8, t_eval=[*asked, end])
        y = run.y[:, -1]
        found.append(run.y)
    return found


def _seconds(call: object) -> float:
    begin = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - begin
