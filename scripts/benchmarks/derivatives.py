"""Derivatives of one patient's course: carried along in one pass, and by central differences in one batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import pkpd

from .cases import Case, Vector
from .patients import RTOL
from .rows import AS_ASKED, MATCHED, Effort, Row
from .search import loosest
from .timing import rounds

NAMES = (
    "treg_activation",
    "treg_ec50",
    "treg_feedback",
    "sc_absorption",
    "sc_lag",
    "linear_clearance",
    "nk_bright_growth",
    "cd122_loss",
)
OUTPUTS = ("il2", "treg", "nk", "cd56bright")
FINE = 1e-10


def derivatives(case: Case, effort: Effort) -> list[Row]:
    """Eight derivatives of four outputs of il2: time of all, and the largest error relative to each one's peak.

    Matched is the loosest tolerance at which differences are as exact as what is carried along.
    """
    exact = _slopes(case, "forward", FINE)
    size = np.abs(exact).max(axis=0)

    def error(method: str, rtol: float) -> float:
        return float(np.max(np.abs(_slopes(case, method, rtol) - exact) / size))

    rows = []
    for method in ("forward", "differences"):
        rows.append(Row(case.name, method, AS_ASKED, RTOL, error(method, RTOL)))
    found = loosest(lambda rtol: error("differences", rtol), rows[0].error or 0.0, effort.per_decade)
    if found:
        rows.append(Row(case.name, "differences", MATCHED, *found))
    calls: dict[Row, Callable[[], Any]] = {r: _call(case, r) for r in rows}
    times = rounds(calls, effort.repeats, effort.budget)
    return [Row(r.case, r.engine, r.setting, r.rtol, r.error, times[r]) for r in rows]


def _call(case: Case, row: Row) -> Callable[[], Any]:
    return lambda: _slopes(case, row.engine, row.rtol or RTOL)


def _slopes(case: Case, method: str, rtol: float) -> Vector:
    """Derivatives, shape (times, outputs, parameters)."""
    tolerances = pkpd.Tolerances(rtol, rtol / 100)
    wanted = {"times": case.days, "outputs": OUTPUTS, "method": method, "tolerances": tolerances}
    return pkpd.sensitivities(case.schedule, case.model, names=NAMES, **wanted).slopes
